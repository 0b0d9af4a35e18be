"""Settles what a run left behind that ended before it could: killed, or without power."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tidegate import queries
from tidegate.checkpoints import checkpoint
from tidegate.connector import Outcome
from tidegate.delivery import messages, rows
from tidegate.delivery.journal import Account, Kind, read
from tidegate.delivery.portion import NOT_STARTED, Judgement
from tidegate.warehouse import Warehouse

_INTERRUPTED = Outcome.unknown("interrupted")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What unsettled claims came to. `released` was never sent, `unknown` messages may have been; `in_doubt` rows may
    have been, too, and messages that the platform would know again: they are sent again. `pending` rows the platform
    judges later."""

    claims: int = 0
    accepted: int = 0
    rejected: int = 0
    released: int = 0
    unknown: int = 0
    in_doubt: int = 0
    pending: int = 0


def recover(warehouse: Warehouse, as_of: datetime) -> Recovered:
    """Settle every claim that is not, from its journal, at the time `as_of`; the caller holds the run's lock.

    A claim without a journal never started: its rows go back as they were. Messages that were ready but not
    claimed pass the gate again. May be killed and run again at any time. Raises WarehouseError, OSError.
    """
    folder = warehouse.home / "journal"
    with warehouse.session() as connection:
        connection.execute(queries.text("decide/reopen"))
        open_claims: list[tuple[str, Kind]] = connection.execute(queries.text("delivery/open_claims")).fetchall()
    total: Counter[str] = Counter()
    for claim, kind in open_claims:
        path = folder / f"{claim}.jsonl"
        account = read(path) if path.exists() else None
        total.update(_settle(warehouse, claim, kind, account, as_of))
        total["claims"] += 1
        path.unlink(missing_ok=True)
        checkpoint("claim recovered")
    for path in _journals(folder):
        path.unlink()  # settled before its writer died, or its claim was never committed
    return Recovered(**total)


def _settle(warehouse: Warehouse, claim: str, kind: Kind, account: Account | None, as_of: datetime) -> Iterator[str]:
    header = account.header if account is not None else None
    with warehouse.session() as connection:
        keys_of = "delivery/claimed_message_keys" if kind == "messages" else "delivery/claimed_row_keys"
        claimed = connection.execute(queries.text(keys_of), {"claim": claim}).fetchall()
        made_by = connection.execute(queries.text("delivery/claim_run"), {"claim": claim}).fetchone()
    run_id = made_by[0] if made_by else ""
    if kind == "messages":
        repeatable = header is not None and header.repeatable
        judgement = _judge([key for (key,) in claimed], account)
        with warehouse.session() as connection:
            messages.settle(connection, claim, judgement, run_id=run_id, as_of=as_of, repeatable=repeatable)
    else:
        repeatable = True
        lists = header.lists if header is not None else tuple(dict.fromkeys(row[0] for row in claimed))
        numbers = {name: number for number, name in enumerate(lists)}
        keys = [rows.row_key(numbers[name], identity, person) for name, identity, person in claimed]
        # A job is asked about in the order in which its rows were given.
        given = {key: place for place, key in enumerate(account.outcomes)} if account is not None else {}
        keys.sort(key=lambda key: given.get(key, len(given)))
        judgement = _judge(keys, account)
        with warehouse.session() as connection:
            rows.settle(connection, claim, judgement, lists=lists, run_id=run_id, as_of=as_of)
    return _count(repeatable, judgement.outcomes)


def _judge(keys: Sequence[str], account: Account | None) -> Judgement:
    """The last word on each key, in the order of the claim."""
    if account is None:
        return Judgement(keys, [NOT_STARTED] * len(keys))
    outcomes = []
    for place, key in enumerate(keys):
        if key in account.open:
            outcomes.append(_INTERRUPTED)
        elif (outcome := account.outcomes.get(key)) is not None:
            outcomes.append(outcome)
        else:
            outcomes.append(_INTERRUPTED if account.may_have_started(place) else NOT_STARTED)
    return Judgement(keys, outcomes, [key in account.doubted for key in keys])


def _count(repeatable: bool, outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.verdict == "unknown":
            yield "in_doubt" if repeatable else "unknown"
        else:
            yield "released" if outcome.verdict == "retry" else outcome.verdict


def _journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
