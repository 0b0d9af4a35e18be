"""What the last runs did, and what waits: owed, unknown, blocked, broken. Counts and keys of files, no people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tidegate import next_steps, queries
from tidegate.decision import absent
from tidegate.decision.owned import Wishes, owned_lists, wishes
from tidegate.journeys.seeing import attention
from tidegate.journeys.seeing.attention import AskedFor, Forsaken, JourneyRun
from tidegate.results import Absent
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run. `as_of` is its logical clock; `started_at` and `finished_at` are the wall's."""

    run_id: str
    kind: str
    target: str
    as_of: datetime
    status: str
    started_at: datetime
    finished_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class AudienceSeen:
    """What the latest run that looked at an audience made of it."""

    audience: str
    run_id: str
    as_of: datetime
    verdict: str
    reason: str | None
    cause: str | None
    entered: int
    left: int
    members: int
    planned: int
    withheld: int


@dataclass(frozen=True, slots=True)
class ContractSeen:
    """A contract that failed in the last run that checked any."""

    model: str
    contract: str
    column: str | None
    failing_rows: int | None
    detail: str | None
    run_id: str


@dataclass(frozen=True, slots=True)
class OwedRows:
    """List rows not taken yet, by reason. `state` is due, claimed, submitted, held (its list is blocked) or
    refused."""

    destination: str
    list: str
    state: str
    in_doubt: bool
    reason: str | None
    rows: int
    next_try: datetime


@dataclass(frozen=True, slots=True)
class OpenMessages:
    """Messages not settled for good, and those refused in the seven days before the last run. `state` is planned,
    ready, claimed, unknown or rejected; times are the earliest."""

    state: str
    destination: str | None
    source: str
    message: str
    reason: str | None
    messages: int
    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Withheld:
    """Messages that the gate keeps back, by reason. `verdict` is hold (now; the earliest goes at `until`) or skip
    (in the seven days before the last run)."""

    verdict: str
    reason: str
    messages: int
    people: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """An audience or a journey (`kind`) that a guard stopped. `answer` is approve, reject or None: nobody has said yet.

    `removed` people would go from its lists, and `messages` would be planned. Of a journey, `left` are the walks that
    would end.
    """

    audience: str
    run_id: str
    as_of: datetime
    reason: str | None
    entered: int
    left: int
    removed: int
    messages: int
    members: int
    answer: str | None
    who: str | None
    kind: str = "audience"


@dataclass(frozen=True, slots=True)
class OwnerlessList:
    """A list that holds people, or is owed rows, and that no audience or journey of the project owns any more."""

    destination: str
    list: str
    people: int
    owed: int


@dataclass(frozen=True, slots=True)
class FeedbackSeen:
    """What people did in the seven days up to the last run's clock. `unresolved` events are of nobody known."""

    kind: str
    channel: str | None
    events: int
    people: int
    unresolved: int


@dataclass(frozen=True, slots=True)
class RefusedLines:
    """Lines of feedback or consents that said nothing usable. `line` is the first, None where the whole `file` could
    not be read. `aside` keeps them, beside the warehouse, until they are mended and moved back, or deleted."""

    source: str
    file: str
    line: int | None
    lines: int
    reason: str
    aside: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The newest run first; `next_steps` says in words what a person could do now."""

    runs: tuple[RunSeen, ...]
    audiences: tuple[AudienceSeen, ...]
    contracts: tuple[ContractSeen, ...]
    owed: tuple[OwedRows, ...]
    messages: tuple[OpenMessages, ...]
    blocked: tuple[Blocked, ...]
    next_steps: tuple[str, ...]
    ownerless: tuple[OwnerlessList, ...] = ()
    feedback: tuple[FeedbackSeen, ...] = ()
    refused_lines: tuple[RefusedLines, ...] = ()
    unfinished_files: tuple[str, ...] = ()
    """Files of feedback or consents that end in the middle of a line."""
    withheld: tuple[Withheld, ...] = ()
    journeys: tuple[JourneyRun, ...] = ()
    asked: tuple[AskedFor, ...] = ()
    forsaken: tuple[Forsaken, ...] = ()
    absent: tuple[Absent, ...] = ()


def status(warehouse: Warehouse, *, runs: int = 5, project: Project | None = None) -> Status:
    """Read the state. `runs` is how many of the latest runs to tell of. Raises WarehouseError when it is locked.

    Only with `project` can it be told which lists no audience owns any more, and which journeys have no file.
    """
    if not warehouse.path.exists():
        return _told(Status((), (), (), (), (), (), ()))
    with warehouse.session() as connection:

        def rows(name: str, **values: object) -> list[tuple[object, ...]]:
            return connection.execute(queries.bind(f"status/{name}"), values).fetchall()

        found = Status(
            runs=tuple(RunSeen(*row) for row in rows("runs", count=runs)),  # type: ignore[arg-type]
            audiences=tuple(AudienceSeen(*row) for row in rows("audiences")),  # type: ignore[arg-type]
            contracts=tuple(ContractSeen(*row) for row in rows("contracts")),  # type: ignore[arg-type]
            owed=tuple(OwedRows(*row) for row in rows("owed")),  # type: ignore[arg-type]
            messages=tuple(OpenMessages(*row) for row in rows("messages")),  # type: ignore[arg-type]
            blocked=tuple(Blocked(*row) for row in rows("blocked")),  # type: ignore[arg-type]
            next_steps=(),
            ownerless=_ownerless(rows("lists"), project, wishes(connection)) if project else (),
            withheld=tuple(Withheld(*row) for row in rows("withheld")),  # type: ignore[arg-type]
            feedback=tuple(FeedbackSeen(*row) for row in rows("feedback")),  # type: ignore[arg-type]
            refused_lines=_refused(rows("refused_lines"), warehouse.home, project),
            unfinished_files=tuple(str(file) for (file,) in rows("unfinished_files")),
            journeys=attention.runs(connection),
        )
        if project is not None:
            asked, forsaken = attention.waiting(connection, project)
            gone = absent.absent(connection, project.destinations)
            found = replace(found, asked=asked, forsaken=forsaken, absent=gone)
    return _told(found)


def _ownerless(known: Sequence[tuple[Any, ...]], project: Project, wanted: Wishes) -> tuple[OwnerlessList, ...]:
    owned = {(one.destination, one.name) for one in owned_lists(project, wanted)}
    return tuple(OwnerlessList(*row) for row in known if row[0] in project.destinations and row[:2] not in owned)


def _refused(known: Sequence[tuple[Any, ...]], home: Path, project: Project | None) -> tuple[RefusedLines, ...]:
    """Those that nobody has dealt with: the file that keeps them is still there, or the one that cannot be read."""
    root = project.root if project is not None else Path()
    found = (RefusedLines(*row) for row in known)
    return tuple(one for one in found if (home / one.aside if one.aside else root / one.file).exists())


def _told(found: Status) -> Status:
    return replace(found, next_steps=next_steps.in_words(found))
