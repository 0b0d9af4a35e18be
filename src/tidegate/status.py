"""What the last runs did, and what waits: owed, unknown, blocked, broken. Counts and keys of files, no people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidegate import queries
from tidegate.decision import absent
from tidegate.decision.owned import Wishes, owned_lists, wishes
from tidegate.guards import in_words
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
        return _in_words(Status((), (), (), (), (), (), ()))
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
    return _in_words(found)


def _ownerless(known: Sequence[tuple[Any, ...]], project: Project, wanted: Wishes) -> tuple[OwnerlessList, ...]:
    owned = {(one.destination, one.name) for one in owned_lists(project, wanted)}
    return tuple(OwnerlessList(*row) for row in known if row[0] in project.destinations and row[:2] not in owned)


def _refused(known: Sequence[tuple[Any, ...]], home: Path, project: Project | None) -> tuple[RefusedLines, ...]:
    """Those that nobody has dealt with: the file that keeps them is still there, or the one that cannot be read."""
    root = project.root if project is not None else Path()
    found = (RefusedLines(*row) for row in known)
    return tuple(one for one in found if (home / one.aside if one.aside else root / one.file).exists())


def _in_words(found: Status) -> Status:
    steps = [
        *_about_the_last_run(found),
        *_about_blocked(found),
        *attention.in_words(found.journeys, found.asked, found.forsaken),
        *_about_contracts(found),
        *_about_lists(found),
        *_about_messages(found),
        *_about_feedback(found),
    ]
    if not steps:
        steps = ["All is well: nothing is owed, unknown or blocked."]
    return replace(found, next_steps=tuple(steps))


def _about_the_last_run(found: Status) -> list[str]:
    if not found.runs:
        return ["Nothing has run yet: `tidegate plan` shows what a first run would do, `tidegate run` does it."]
    last = found.runs[0]
    if last.status in ("started", "decided"):
        return [
            f"Run {last.run_id} has not finished: it is under way, or was stopped; the next run carries on from it."
        ]
    if last.status == "failed":
        reason = "; ".join(last.problem.splitlines()) if last.problem else "it left no reason"
        return [f"Run {last.run_id} failed: {reason}"]
    return []


def _about_blocked(found: Status) -> list[str]:
    steps = []
    for stop in found.blocked:
        what = f"{stop.audience}: {in_words(stop.entered, stop.left, stop.removed, stop.messages)} ({stop.reason})"
        mend = "file or model" if stop.kind == "journey" else "model"
        match stop.answer:
            case "approve":
                steps.append(f"{what}; approved by {stop.who or 'somebody'}, the next run lets it through.")
            case "reject":
                steps.append(f"{what}; rejected by {stop.who or 'somebody'}: mend its {mend}.")
            case _:
                look = stop.audience if stop.kind == "journey" else f"--audience {stop.audience}"
                steps.append(
                    f"{what}. Look with `tidegate plan {look} --rows`, "
                    f"then `tidegate approve {stop.audience}` or `tidegate approve {stop.audience} --reject`."
                )
    for seen in found.audiences:
        if seen.verdict == "failed":
            steps.append(f"{seen.audience} did not act: {seen.reason or 'its model failed'}")
    return steps


def _about_contracts(found: Status) -> list[str]:
    models = sorted({broken.model for broken in found.contracts})
    return [f"Contracts failed on {', '.join(models)}: what depends on them waits until they hold."] if models else []


def _about_lists(found: Status) -> list[str]:
    now = found.runs[0].as_of if found.runs else None
    ownerless = {(one.destination, one.list) for one in found.ownerless}
    steps = [
        f"Nobody owns {one.list} at {one.destination} any more: the {one.people:,} on it stay, nothing is sent, "
        f"until `tidegate release {one.destination} {shlex.quote(one.list)}` with --keep or --remove."
        for one in found.ownerless
    ]
    steps += [f"{absent.in_words(one)}." for one in found.absent]
    for destination in sorted({rows.destination for rows in found.owed} - {one.destination for one in found.absent}):
        there = [rows for rows in found.owed if rows.destination == destination]
        due = [rows for rows in there if rows.state in ("due", "claimed")]
        owned = [rows for rows in there if (destination, rows.list) not in ownerless]
        refused = [rows for rows in owned if rows.state == "refused"]
        held = [rows for rows in owned if rows.state == "held"]
        submitted = [rows for rows in there if rows.state == "submitted"]
        if due:
            first = min(rows.next_try for rows in due)
            steps.append(f"{destination} is owed {_rows(due)}; a run from {_iso(first)} on takes them up.")
        if refused:
            # Those that cannot be sent as they are have no next try; it lies in the past.
            later = [rows.next_try for rows in refused if now is None or rows.next_try > now]
            when = f"from {_iso(min(later))} on, or " if later else ""
            reasons = ", ".join(sorted({rows.reason or "no reason given" for rows in refused}))
            steps.append(
                f"{destination} does not take {_rows(refused)} ({reasons}); "
                f"offered again {when}as soon as their values change."
            )
        if submitted:
            steps.append(f"{destination} has taken {_rows(submitted)} and judges later; every run asks again.")
        if held:
            steps.append(f"{destination}: {_rows(held)} held until their list is approved.")
    return steps


def _rows(owed: list[OwedRows]) -> str:
    count = sum(rows.rows for rows in owed)
    return f"{count:,} list {'row' if count == 1 else 'rows'}"


def _about_messages(found: Status) -> list[str]:
    unknown = sum(open_.messages for open_ in found.messages if open_.state == "unknown")
    held = {one.reason: one for one in found.withheld if one.verdict == "hold"}
    waiting = sum(open_.messages for open_ in found.messages if open_.state in ("planned", "ready", "claimed"))
    waiting -= sum(one.messages for one in held.values())
    steps = []
    if unknown:
        steps.append(f"{unknown:,} messages may or may not have arrived. They are never sent again by themselves.")
    for destination in sorted({one.destination or "" for one in found.messages if one.state == "rejected"}):
        there = [one for one in found.messages if one.state == "rejected" and one.destination == destination]
        reasons = ", ".join(sorted({one.reason or "no reason given" for one in there}))
        steps.append(
            f"{destination} refused {sum(one.messages for one in there):,} messages for good in the last seven days "
            f"({reasons}): `tidegate requests --destination {destination} --failed`."
        )
    if waiting:
        steps.append(f"{waiting:,} messages are planned and have not gone yet; the next run looks at them.")
    for reason, one in sorted(held.items()):
        count = f"{one.messages:,} {'message is' if one.messages == 1 else 'messages are'}"
        when = f"; the first may go from {_iso(one.until)} on" if one.until else ""
        steps.append(f"{count} held ({reason}){when}.")
    return steps


def _about_feedback(found: Status) -> list[str]:
    steps = []
    for one in found.refused_lines:
        if one.aside is None:
            steps.append(
                f"{one.file} could not be read ({one.reason}): put a whole file in its place, or move it away."
            )
            continue
        lines = f"{one.lines:,} {'line' if one.lines == 1 else 'lines'}"
        steps.append(
            f"{lines} of {one.file} said nothing usable (line {one.line}: {one.reason}); kept in {one.aside} beside "
            f"the warehouse: mend them and move the file to {one.source}/, or delete it."
        )
    steps += [f"{file} ends in the middle of a line; it is read once it is whole." for file in found.unfinished_files]
    return steps


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
