"""What a destination's lists and objects are owed: rows are claimed, put there or taken away, and settled."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from tidegate import queries
from tidegate.checkpoints import checkpoint
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.delivery import given_up
from tidegate.delivery.journal import Header, Journal
from tidegate.delivery.made_anew import ListIds
from tidegate.delivery.portion import Action, Call, Judgement, Portion, refuse_unsettled, stretches
from tidegate.errors import WarehouseError
from tidegate.warehouse import Warehouse, transaction

_JUDGED = pa.schema(
    {
        "list": pa.string(),
        "person": pa.string(),
        "identity": pa.string(),
        "verdict": pa.string(),
        "reason": pa.string(),
        "detail": pa.string(),
        "after": pa.float64(),
        "doubted": pa.bool_(),
        "job": pa.string(),
        "position": pa.int64(),
    }
)

#: rows of the first portion at least, and of any at most: some 500 bytes each, four portions at a time
_FIRST, _LARGEST = 20_000, 100_000


class Owed:
    """Rows of one destination in one run: those to add and update (of `objects` alone, or all), or (`removing`) those
    to take away.

    Adding comes first: whoever changed their address is added under the new one before the old one goes,
    and what somebody else needs by then stays.
    """

    what = "rows"
    repeatable = True

    def __init__(
        self,
        warehouse: Warehouse,
        connector: Connector,
        *,
        destination: str,
        run_id: str,
        as_of: datetime,
        delivery: str,
        removing: bool,
        objects: bool = False,
        ids: ListIds | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._ids = ids
        self._destination = destination
        self._run_id = run_id
        self._as_of = as_of
        self._delivery = delivery
        self._removing = removing
        self._narrowed = {} if removing else {"objects": objects}
        self._batch = max(connector.limits.batch, 1)
        at_once = self._batch * max(connector.limits.concurrency, 1)
        # What is smaller than all calls together leaves some with nothing to do.
        first = min(max(at_once, _FIRST), _LARGEST)
        self.sizes = (first, max(first, _LARGEST // 2))
        self._lists: dict[str, tuple[str, ...]] = {}
        self._swept = not removing

    def claim(self, connection: duckdb.DuckDBPyConnection, claim: str, size: int) -> Portion | None:
        """Removals of identifiers that are somebody else's by now are settled without a call; see Stock.claim."""
        where = {"destination": self._destination}
        when = {**where, "as_of": self._as_of}
        claiming = "delivery/claim_removals" if self._removing else "delivery/claim_puts"
        journal: Journal | None = None
        try:
            with transaction(connection):
                if not self._swept:
                    connection.execute(queries.text("delivery/moved_rows"), when)
                    connection.execute(queries.text("delivery/drop_moved_delivered"), where)
                    connection.execute(queries.text("delivery/drop_moved_owed"), where)
                claimed = {"delivery": self._delivery, "claim": claim, "size": size}
                connection.execute(queries.text(claiming), {**when, **self._narrowed, **claimed})
                groups = connection.execute(queries.text("delivery/claimed_lists"), {"claim": claim}).fetchall()
                lists = tuple(dict.fromkeys(group[0] for group in groups))
                if groups:
                    keys, persons, identifiers, traits = _columns(connection, claim, lists, len(groups))
                    journal = self._journal(claim, lists, keys)
                    checkpoint("journal created")
                    opening = {"claim": claim, "run_id": self._run_id}
                    connection.execute(queries.text("delivery/open_row_attempts"), opening)
        except BaseException:
            if journal is not None:
                journal.delete()
            raise
        self._swept = True
        if journal is None:
            return None
        checkpoint("claim committed")
        self._lists[claim] = lists
        portion = Portion(claim, journal, keys, partial(_rows, persons, identifiers, traits))
        first = 0
        for name, removing, mode, write, count in groups:
            act = _action(Target(mode, name, write), removing)
            portion.calls += [
                Call(portion, act, places) for places in stretches(range(first, first + count), self._batch)
            ]
            first += count
        return portion

    def settle(self, connection: duckdb.DuckDBPyConnection, claim: str, judgement: Judgement) -> None:
        lists = self._lists.pop(claim)
        settle(connection, claim, judgement, lists=lists, run_id=self._run_id, as_of=self._as_of, ids=self._ids)

    def _journal(self, claim: str, lists: tuple[str, ...], keys: Sequence[str]) -> Journal:
        header = Header.of(claim, "rows", self._destination, self._run_id, repeatable=True, lists=lists)
        return Journal.create(self._warehouse.home / "journal", header, keys)


def settle(
    connection: duckdb.DuckDBPyConnection,
    claim: str,
    judgement: Judgement,
    *,
    lists: Sequence[str],
    run_id: str,
    as_of: datetime,
    ids: ListIds | None = None,
) -> None:
    """Write what became of a claim's rows; what is settled already stays as it is. `lists` as in its header."""
    with transaction(connection):
        if ids is not None:
            ids.settle(connection, lists)
        apply(connection, claim, _table(judgement, lists), len(judgement.keys), run_id=run_id, as_of=as_of)
        checkpoint("settle uncommitted")
    checkpoint("settle committed")


def apply(
    connection: duckdb.DuckDBPyConnection, claim: str, judged: pa.Table, count: int, *, run_id: str, as_of: datetime
) -> None:
    """`settle` within the caller's transaction. `judged` has the columns of `judged`, for those of the claim's
    `count` rows that were not accepted; others too where that is easier. Raises WarehouseError."""
    run: dict[str, object] = {"run_id": run_id, "as_of": as_of}
    connection.register("judged", judged)
    found = connection.execute(queries.text("delivery/settling_rows"), {"claim": claim}).fetchone()
    connection.unregister("judged")
    if found is None or found[0] > count:
        # What nobody asked the platform for must not pass for accepted.
        raise WarehouseError(f"claim {claim} cannot be settled: of {found and found[0]} rows {count} were judged")
    replaced = connection.execute(queries.text("delivery/replaced_rows")).fetchone()
    if replaced != (0,):
        given_up.owe(connection, run)
        connection.execute(queries.text("delivery/drop_delivered"))
    again = connection.execute(queries.text("delivery/found_again")).fetchone()
    if again != (0,):
        connection.execute(queries.text("delivery/drop_found_again"))
    connection.execute(queries.text("delivery/drop_stale_removals"))
    connection.execute(queries.text("delivery/drop_shared"))
    connection.execute(queries.text("delivery/add_delivered"), run)
    connection.execute(queries.text("delivery/drop_owed"))
    connection.execute(queries.text("delivery/return_owed"), {"as_of": as_of})
    connection.execute(queries.text("delivery/settle_row_attempts"), {"claim": claim})
    if again != (0,):
        connection.execute(queries.text("delivery/owe_found_again"), run)
    refuse_unsettled(connection, claim)


def row_key(number: int, identity: str, person: str) -> str:
    """What a row is called in a journal, whose header numbers the lists."""
    return f"{number}:{identity}:{person}"


def _table(judgement: Judgement, lists: Sequence[str]) -> pa.Table:
    """Of what was not accepted: mostly that is next to nothing, and else every row costs its time."""
    other = [place for place, outcome in enumerate(judgement.outcomes) if outcome.verdict != "accepted"]
    if not other:
        return _JUDGED.empty_table()
    called = [judgement.keys[place].split(":", 2) for place in other]
    return judged(
        [lists[int(number)] for number, _, _ in called],
        [person for _, _, person in called],
        [identity for _, identity, _ in called],
        [judgement.outcomes[place] for place in other],
        [judgement.doubted[place] for place in other] if judgement.doubted else None,
        other,
    )


def judged(
    lists: Sequence[str],
    persons: Sequence[str],
    identities: Sequence[str],
    outcomes: Sequence[Outcome],
    doubted: Sequence[bool] | None = None,
    positions: Sequence[int] | None = None,
) -> pa.Table:
    """Rows of lists beside what became of them, for `apply`. `positions` are their places in a job."""
    return pa.table(
        [
            lists,
            persons,
            identities,
            [outcome.verdict for outcome in outcomes],
            [outcome.reason for outcome in outcomes],
            [outcome.detail for outcome in outcomes],
            [outcome.after for outcome in outcomes],
            doubted or [False] * len(outcomes),
            [outcome.job for outcome in outcomes],
            positions or range(len(outcomes)),
        ],
        schema=_JUDGED,
    )


def _columns(connection: duckdb.DuckDBPyConnection, claim: str, lists: Sequence[str], groups: int) -> list[list[str]]:
    """Keys, persons, identifiers and traits of a claim's rows, `groups` of them as `claimed_lists` tells them."""
    # By way of Arrow: half the time of a tuple for each row.
    query = queries.text("delivery/claimed_rows") if groups > 1 else _unordered()
    found = connection.sql(query, params={"claim": claim, "lists": list(lists)})
    return [column.to_pylist() for column in found.to_arrow_table().columns]


@cache
def _unordered() -> str:
    """For rows of one list that all go one way: to sort them for nothing takes a third of the time."""
    query = queries.tree("delivery/claimed_rows")
    query.set("order", None)
    return query.sql(queries.DIALECT)


def _rows(persons: list[str], identifiers: list[str], traits: list[str], places: Sequence[int]) -> list[Row]:
    if isinstance(places, range):
        stretch = slice(places.start, places.stop)
        return as_rows(persons[stretch], identifiers[stretch], traits[stretch])
    return as_rows(
        [persons[place] for place in places],
        [identifiers[place] for place in places],
        [traits[place] for place in places],
    )


def as_rows(persons: Sequence[str], identifiers: Sequence[str], traits: Sequence[str]) -> list[Row]:
    """Rows for a connector, of identifiers and traits as JSON objects."""
    # One parse for all of them: a fraction of the time of one for each.
    known: list[dict[str, str]] = orjson.loads(f"[{','.join(identifiers)}]")
    told: Iterable[dict[str, Any]] = itertools.repeat({})
    if traits.count("{}") < len(traits):
        # Not with orjson, which makes whole numbers of more than 64 bits inexact.
        told = json.loads(f"[{','.join(traits)}]")
    return list(map(Row, persons, known, told))


def _action(target: Target, removing: bool) -> Action:
    # Not `async`: the connector's own coroutine is handed on.
    if removing:
        return lambda connector, rows: connector.remove(target, rows)
    return lambda connector, rows: connector.upsert(target, rows)
