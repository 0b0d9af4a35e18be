"""The outbox of a destination: messages are claimed from it, rendered, and settled there."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from tidegate import queries
from tidegate.channels import CHANNELS
from tidegate.checkpoints import checkpoint
from tidegate.connector import Connector, Message, Outcome
from tidegate.decision.permission import Recheck
from tidegate.delivery.journal import Header, Journal
from tidegate.delivery.portion import Call, Judgement, Portion, refuse_unsettled, stretches
from tidegate.errors import TidegateError
from tidegate.spec.objects import ModelColumns
from tidegate.templates.answers import Answers, read
from tidegate.warehouse import Warehouse, transaction

#: (message, channel, person, entry, answers of webhooks by step, message_key) -> content, as `tidegate.channels`
#: lists it
Render = Callable[[str, str, Mapping[str, Any], Mapping[str, Any], Answers, str], Mapping[str, Any]]

_JUDGED = pa.schema(
    {
        "message_key": pa.string(),
        "verdict": pa.string(),
        "reason": pa.string(),
        "detail": pa.string(),
        "provider_id": pa.string(),
        "after": pa.float64(),
        "answer": pa.string(),
        "again": pa.bool_(),
    }
)
#: a repetition is not begun any more so long before the platform forgets the message: what a delivery may take
_BEFORE_FORGOTTEN = timedelta(hours=1)
_LEADING = 7  # columns of claimed_messages.sql before those of the person
_WALKS = 5  # which of them says whether a message belongs to a walk
_UNANSWERED = Answers()


class CannotRender(TidegateError):
    """A message could not be made for this person. Its text names no values."""


class Outbox:
    """Messages of one destination in one run. `people` is the people model, `key` its key column."""

    what = "messages"
    sizes = (5_000, 40_000)

    def __init__(
        self,
        warehouse: Warehouse,
        connector: Connector,
        *,
        destination: str,
        run_id: str,
        as_of: datetime,
        people: ModelColumns,
        key: str,
        render: Render,
        recheck: Recheck | None = None,
    ) -> None:
        self._remembered = connector.idempotent_for
        self.repeatable = self._remembered is not None
        self._warehouse = warehouse
        self._destination = destination
        self._run_id = run_id
        self._as_of = as_of
        self._batch = max(connector.limits.messages or connector.limits.batch, 1)
        self._claimed = queries.bind("delivery/claimed_messages", people=reachable(people, key, connector.channel))
        self._render = render
        self._recheck = recheck
        self._swept = False

    def claim(self, connection: duckdb.DuckDBPyConnection, claim: str, size: int) -> Portion | None:
        """Skips what has expired or has no address (any more); see Stock.claim."""
        journal: Journal | None = None
        try:
            with transaction(connection):
                rows, columns = self._take(connection, claim, size)
                if rows:
                    answers = self._answers(connection, claim, rows)
                    keys = [row[0] for row in rows]
                    journal = self._journal(claim, keys)
                    checkpoint("journal created")
                    opening = {"claim": claim, "run_id": self._run_id}
                    connection.execute(queries.text("delivery/open_message_attempts"), opening)
        except BaseException:
            if journal is not None:
                journal.delete()
            raise
        if journal is None:
            return None
        checkpoint("claim committed")
        portion = Portion(claim, journal, keys, partial(self._messages, rows, columns, answers))
        portion.calls = [Call(portion, _send, places) for places in stretches(range(len(rows)), self._batch)]
        return portion

    def settle(self, connection: duckdb.DuckDBPyConnection, claim: str, judgement: Judgement) -> None:
        run: dict[str, Any] = {"run_id": self._run_id, "as_of": self._as_of}
        settle(connection, claim, judgement, repeatable=self.repeatable, **run)

    def _take(
        self, connection: duckdb.DuckDBPyConnection, claim: str, size: int
    ) -> tuple[list[tuple[Any, ...]], list[str]]:
        """Claim until somebody may be written to and is reachable, or nothing is left."""
        run = {"run_id": self._run_id, "as_of": self._as_of}
        destination = {"destination": self._destination}
        if not self._swept:
            expired = connection.execute(queries.text("delivery/skip_expired"), {**destination, **run}).fetchall()
            self._record(connection, [key for (key,) in expired], "expired")
            self._leave_in_doubt(connection, destination, run)
            self._swept = True
        while True:
            connection.execute(queries.text("delivery/claim_messages"), {**destination, "claim": claim, "size": size})
            unfit = self._drop_unfit(connection, claim, run)
            found = connection.execute(self._claimed, {"claim": claim})
            columns = [column[0] for column in (found.description or ())[_LEADING + 2 :]]
            claimed = found.fetchall()
            rows = [row for row in claimed if row[_LEADING + 1] is not None]
            if len(rows) < len(claimed):
                lost = [row[0] for row in claimed if row[_LEADING + 1] is None]
                self._drop(connection, claim, run, lost, "unreachable")
            if rows or not (claimed or unfit):
                return rows, columns

    def _drop_unfit(self, connection: duckdb.DuckDBPyConnection, claim: str, run: Mapping[str, Any]) -> bool:
        """The gate's first checks once more: consent may have been withdrawn while others were written to."""
        by_reason: dict[str, list[str]] = {}
        for key, reason in self._recheck(connection, claim) if self._recheck is not None else ():
            by_reason.setdefault(reason, []).append(key)
        for reason, keys in by_reason.items():
            self._drop(connection, claim, run, keys, reason)
        return bool(by_reason)

    def _drop(
        self,
        connection: duckdb.DuckDBPyConnection,
        claim: str,
        run: Mapping[str, Any],
        keys: Sequence[str],
        reason: str,
    ) -> None:
        connection.register("unfit", pa.table({"message_key": keys}))
        connection.execute(queries.text("delivery/skip_unfit"), {"claim": claim, "reason": reason, **run})
        connection.unregister("unfit")
        self._record(connection, keys, reason)
        connection.execute(queries.text("delivery/skipped_in_doubt"), {"run_id": self._run_id})

    def _leave_in_doubt(
        self, connection: duckdb.DuckDBPyConnection, destination: Mapping[str, str], run: Mapping[str, Any]
    ) -> None:
        """What may have been sent, and would be twice if it were sent now, stays unknown."""
        connection.execute(queries.text("delivery/skipped_in_doubt"), {"run_id": self._run_id})
        remembered = self._remembered or timedelta(0)
        if remembered < timedelta.max:
            # The platform's clock is the wall's, not the run's.
            since = datetime.now(UTC) - max(remembered - _BEFORE_FORGOTTEN, timedelta(0))
            connection.execute(queries.text("delivery/forgotten_in_doubt"), {**destination, **run, "since": since})

    def _record(self, connection: duckdb.DuckDBPyConnection, keys: Sequence[str], reason: str) -> None:
        if keys:
            connection.register("skipped", pa.table({"message_key": keys}))
            connection.execute(
                queries.text("delivery/record_skips"),
                {"run_id": self._run_id, "as_of": self._as_of, "reason": reason},
            )
            connection.unregister("skipped")

    def _journal(self, claim: str, keys: Sequence[str]) -> Journal:
        header = Header.of(claim, "messages", self._destination, self._run_id, repeatable=self.repeatable)
        return Journal.create(self._warehouse.home / "journal", header, keys)

    def _answers(
        self, connection: duckdb.DuckDBPyConnection, claim: str, rows: Sequence[tuple[Any, ...]]
    ) -> dict[str, Answers]:
        """By message key, for those that belong to a walk in which a webhook has answered."""
        if not any(row[_WALKS] for row in rows):
            return {}
        found: dict[str, dict[str, str]] = {}
        answered = connection.execute(queries.text("delivery/claimed_answers"), {"claim": claim})
        for key, step, body in answered.fetchall():
            found.setdefault(key, {})[step] = body
        return {key: read(bodies) for key, bodies in found.items()}

    def _messages(
        self,
        rows: Sequence[tuple[Any, ...]],
        columns: Sequence[str],
        answers: Mapping[str, Answers],
        places: Sequence[int],
    ) -> list[Message | CannotRender]:
        return [self._message(rows[place], columns, answers) for place in places]

    def _message(
        self, row: tuple[Any, ...], columns: Sequence[str], answers: Mapping[str, Answers]
    ) -> Message | CannotRender:
        message_key, person, message, channel, context, _, asks, _, address, *values = row
        everything = dict(zip(columns, values, strict=True))
        try:
            entry, steps = json.loads(context), answers.get(message_key, _UNANSWERED)
            content = self._render(message, channel, everything, entry, steps, message_key)
        except TidegateError as fault:
            return CannotRender(str(fault).splitlines()[0])
        except Exception as fault:
            # The text of any other exception may quote what it stumbled over.
            return CannotRender(type(fault).__name__)
        return Message(message_key, person, channel, address, self._as_of, content, bool(asks))


def settle(
    connection: duckdb.DuckDBPyConnection,
    claim: str,
    judgement: Judgement,
    *,
    run_id: str,
    as_of: datetime,
    repeatable: bool,
) -> None:
    """Write what became of a claim's messages; what is settled already stays as it is. What is in doubt is planned
    again where it is `repeatable`; its attempt says `unknown`, by which later runs know."""
    outcomes = _with_doubts(judgement) if repeatable else judgement.outcomes
    with transaction(connection):
        connection.register("judged", table(judgement.keys, outcomes, repeatable=repeatable))
        connection.execute(queries.text("delivery/settle_messages"), {"claim": claim, "run_id": run_id, "as_of": as_of})
        if any(outcome.answer is not None for outcome in judgement.outcomes):
            connection.execute(queries.text("delivery/keep_answers"), {"claim": claim, "as_of": as_of})
        if any(_again(outcome, repeatable) for outcome in outcomes):
            connection.execute(queries.text("delivery/replan_messages"), {"claim": claim, "as_of": as_of})
        connection.execute(queries.text("delivery/settle_message_attempts"), {"claim": claim})
        connection.unregister("judged")
        refuse_unsettled(connection, claim)
        checkpoint("settle uncommitted")
    checkpoint("settle committed")


def _send(connector: Connector, found: Sequence[Message]) -> Awaitable[list[Outcome]]:
    return connector.send(found)


def _again(outcome: Outcome, repeatable: bool) -> bool:
    return outcome.verdict == "retry" or (repeatable and outcome.verdict == "unknown")


def _with_doubts(judgement: Judgement) -> Sequence[Outcome]:
    """What was in doubt, and then surely did not happen when it was sent again, is in doubt still."""
    return [
        replace(outcome, verdict="unknown") if doubted and outcome.verdict == "retry" else outcome
        for outcome, doubted in zip(judgement.outcomes, judgement.doubted or repeat(False), strict=False)
    ]


def table(keys: Sequence[str], outcomes: Sequence[Outcome], *, repeatable: bool) -> pa.Table:
    """The relation `judged` of the queries that settle messages. `again`: it is planned again."""
    return pa.table(
        [
            keys,
            [outcome.verdict for outcome in outcomes],
            [outcome.reason for outcome in outcomes],
            [outcome.detail for outcome in outcomes],
            [outcome.provider_id for outcome in outcomes],
            [outcome.after for outcome in outcomes],
            [outcome.answer for outcome in outcomes],
            [_again(outcome, repeatable) for outcome in outcomes],
        ],
        schema=_JUDGED,
    )


def reachable(people: ModelColumns, key: str, channel: str) -> exp.Select:
    """(person_key, address, every column of the model); the address is NULL where it is missing or blank."""
    spec = CHANNELS.get(channel)
    address: exp.Expr = exp.null()
    if spec is not None and not spec.address:
        address = exp.Literal.string("")
    elif spec is not None and spec.address in people.columns:
        column = exp.cast(exp.column(spec.address, table="everyone", quoted=True), "varchar")
        address = exp.func("nullif", exp.func("trim", column), exp.Literal.string(""))
    return exp.select(
        exp.alias_(exp.cast(exp.column(key, table="everyone", quoted=True), "varchar"), "tidegate_person"),
        exp.alias_(address, "tidegate_address"),
        exp.column(exp.Star(), table="everyone"),
    ).from_(exp.alias_(queries.relation(people.relation), "everyone", table=True))
