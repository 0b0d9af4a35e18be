"""What a destination's lists and objects are owed: rows are claimed, put there or taken away, and settled."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa

from tidegate import queries
from tidegate.checkpoints import checkpoint
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.delivery import given_up
from tidegate.delivery.journal import Header, Journal
from tidegate.delivery.portion import Action, Call, Judgement, Portion, batches, refuse_unsettled
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


class Owed:
    """Rows of one destination in one run: those to add and update, or (`removing`) those to take away.

    Adding comes first: whoever changed their address is added under the new one before the old one goes,
    and what somebody else needs by then stays.
    """

    what = "rows"
    sizes = (50_000, 50_000)
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
    ) -> None:
        self._warehouse = warehouse
        self._destination = destination
        self._run_id = run_id
        self._as_of = as_of
        self._delivery = delivery
        self._removing = removing
        self._batch = max(connector.limits.batch, 1)
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
                connection.execute(
                    queries.text(claiming), {**when, "delivery": self._delivery, "claim": claim, "size": size}
                )
                rows = connection.execute(queries.text("delivery/claimed_rows"), {"claim": claim}).fetchall()
                lists = tuple(dict.fromkeys(row[0] for row in rows))
                if rows:
                    journal = self._journal(claim, lists)
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
        return self._portion(claim, journal, rows, lists)

    def settle(self, connection: duckdb.DuckDBPyConnection, claim: str, judgement: Judgement) -> None:
        lists = self._lists.pop(claim)
        settle(connection, claim, judgement, lists=lists, run_id=self._run_id, as_of=self._as_of)

    def _journal(self, claim: str, lists: tuple[str, ...]) -> Journal:
        header = Header.of(claim, "rows", self._destination, self._run_id, repeatable=True, lists=lists)
        return Journal.create(self._warehouse.home / "journal", header)

    def _portion(
        self, claim: str, journal: Journal, rows: Sequence[tuple[Any, ...]], lists: tuple[str, ...]
    ) -> Portion:
        numbers = {name: number for number, name in enumerate(lists)}
        keys = [row_key(numbers[row[0]], row[4], row[3]) for row in rows]
        portion = Portion(claim, journal, keys, partial(_rows, rows))
        for (name, mode, removing), group in itertools.groupby(range(len(rows)), lambda place: rows[place][:3]):
            places = list(group)
            act = _action(Target(mode, name, rows[places[0]][7]), removing)
            portion.calls += [Call(portion, act, batch) for batch in batches(places, self._batch)]
        return portion


def settle(
    connection: duckdb.DuckDBPyConnection,
    claim: str,
    judgement: Judgement,
    *,
    lists: Sequence[str],
    run_id: str,
    as_of: datetime,
) -> None:
    """Write what became of a claim's rows; what is settled already stays as it is. `lists` as in its header."""
    with transaction(connection):
        apply(connection, claim, _table(judgement, lists), run_id=run_id, as_of=as_of)
        checkpoint("settle uncommitted")
    checkpoint("settle committed")


def apply(connection: duckdb.DuckDBPyConnection, claim: str, judged: pa.Table, *, run_id: str, as_of: datetime) -> None:
    """`settle` within the caller's transaction. `judged` has the columns of `judged`, a row for each of the claim's."""
    run: dict[str, object] = {"run_id": run_id, "as_of": as_of}
    connection.register("judged", judged)
    connection.execute(queries.text("delivery/settling_rows"), {"claim": claim})
    connection.unregister("judged")
    given_up.owe(connection, run)
    connection.execute(queries.text("delivery/drop_stale_removals"))
    connection.execute(queries.text("delivery/drop_delivered"))
    connection.execute(queries.text("delivery/drop_shared"))
    connection.execute(queries.text("delivery/add_delivered"), run)
    connection.execute(queries.text("delivery/drop_owed"), {"claim": claim})
    connection.execute(queries.text("delivery/return_owed"), {"claim": claim, "as_of": as_of})
    connection.execute(queries.text("delivery/settle_row_attempts"), {"claim": claim})
    refuse_unsettled(connection, claim)


def row_key(number: int, identity: str, person: str) -> str:
    """What a row is called in a journal, whose header numbers the lists."""
    return f"{number}:{identity}:{person}"


def _table(judgement: Judgement, lists: Sequence[str]) -> pa.Table:
    numbers, identities, persons = [], [], []
    for key in judgement.keys:
        number, identity, person = key.split(":", 2)
        numbers.append(lists[int(number)])
        identities.append(identity)
        persons.append(person)
    return judged(numbers, persons, identities, judgement.outcomes, judgement.doubted)


def judged(
    lists: Sequence[str],
    persons: Sequence[str],
    identities: Sequence[str],
    outcomes: Sequence[Outcome],
    doubted: Sequence[bool] | None = None,
) -> pa.Table:
    """Rows of lists beside what became of them, for `apply`."""
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
            range(len(outcomes)),
        ],
        schema=_JUDGED,
    )


def _rows(rows: Sequence[tuple[Any, ...]], places: Sequence[int]) -> list[Row]:
    chosen = [rows[place] for place in places]
    return as_rows([row[3] for row in chosen], [row[5] for row in chosen], [row[6] for row in chosen])


def as_rows(persons: Sequence[str], identifiers: Sequence[str], traits: Sequence[str]) -> list[Row]:
    """Rows for a connector, of identifiers and traits as JSON objects."""
    # One parse for all of them: a fraction of the time of one for each.
    known: list[dict[str, str]] = json.loads(f"[{','.join(identifiers)}]")
    told: Iterable[dict[str, Any]] = itertools.repeat({})
    if any(one != "{}" for one in traits):
        told = json.loads(f"[{','.join(traits)}]")
    return list(map(Row, persons, known, told))


def _action(target: Target, removing: bool) -> Action:
    async def act(connector: Connector, rows: Sequence[Row]) -> list[Outcome]:
        return await (connector.remove(target, rows) if removing else connector.upsert(target, rows))

    return act
