"""What a person could do now, in words, from what `status` found."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tidegate.brief import brief
from tidegate.decision import absent
from tidegate.guards import in_words as movement
from tidegate.journeys.seeing import attention

if TYPE_CHECKING:
    from tidegate.status import OwedRows, Status

#: why a row is refused that no destination was asked about
NO_IDENTIFIER = "no_identifier"


def in_words(found: Status) -> tuple[str, ...]:
    """One sentence or two for each thing that waits; never empty."""
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
    return tuple(steps)


def _about_the_last_run(found: Status) -> list[str]:
    if not found.runs:
        return ["Nothing has run yet: `tidegate plan` shows what a first run would do, `tidegate run` does it."]
    last = found.runs[0]
    if last.status in ("started", "decided"):
        return [
            f"Run {last.run_id} has not finished: it is under way, or was stopped; the next run carries on from it."
        ]
    if last.status == "failed":
        reasons = last.problem.splitlines() if last.problem else ["it left no reason"]
        return [f"Run {last.run_id} failed: {brief(reason)}" for reason in reasons]
    return []


def _about_blocked(found: Status) -> list[str]:
    steps = []
    for stop in found.blocked:
        what = f"{stop.audience}: {movement(stop.entered, stop.left, stop.removed, stop.messages)} ({stop.reason})"
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
        refused = [rows for rows in owned if rows.state == "refused" and rows.reason != NO_IDENTIFIER]
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
                f"offered again {when}as soon as their values change. Why: "
                f"`tidegate owed --destination {destination} --rows`."
            )
        if submitted:
            steps.append(f"{destination} has taken {_rows(submitted)} and judges later; every run asks again.")
        if held:
            steps.append(f"{destination}: {_rows(held)} held until their list is approved.")
    return steps + _about_nameless(found, ownerless)


def _about_nameless(found: Status, ownerless: set[tuple[str, str]]) -> list[str]:
    """Rows that no destination was asked about: nothing of them can be sent."""
    gone = {one.destination for one in found.absent}
    rows = [
        one
        for one in found.owed
        if one.state == "refused" and one.reason == NO_IDENTIFIER
        if one.destination not in gone and (one.destination, one.list) not in ownerless
    ]
    if not rows:
        return []
    where = ", ".join(sorted({one.destination for one in rows}))
    have, wait = ("has", "it waits") if sum(one.rows for one in rows) == 1 else ("have", "they wait")
    return [
        f"{_rows(rows)} of {where} {have} no identifier that can be used ({NO_IDENTIFIER}); {wait} for other values. "
        f"Whose: `tidegate owed --reason {NO_IDENTIFIER} --rows`."
    ]


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
        those, they, itself = ("message", "It is", "itself") if unknown == 1 else ("messages", "They are", "themselves")
        looks = sorted({one.destination or "" for one in found.messages if one.state == "unknown"} - {""})
        why = ", ".join(f"`tidegate requests --destination {name} --failed`" for name in looks)
        steps.append(
            f"{unknown:,} {those} may or may not have arrived. {they} never sent again by {itself}."
            + (f" What broke: {why}." if why else "")
        )
    for destination in sorted({one.destination or "" for one in found.messages if one.state == "rejected"}):
        there = [one for one in found.messages if one.state == "rejected" and one.destination == destination]
        reasons = ", ".join(sorted({one.reason or "no reason given" for one in there}))
        steps.append(
            f"{destination} refused {sum(one.messages for one in there):,} messages for good in the last seven days "
            f"({reasons}): `tidegate requests --destination {destination} --failed`."
        )
    if waiting:
        are, have, it = ("message is", "has", "it") if waiting == 1 else ("messages are", "have", "them")
        steps.append(f"{waiting:,} {are} planned and {have} not gone yet; {_when(found)} looks at {it}.")
    for reason, one in sorted(held.items()):
        count = f"{one.messages:,} {'message is' if one.messages == 1 else 'messages are'}"
        when = f"; the first may go from {_iso(one.until)} on" if one.until else ""
        steps.append(f"{count} held ({reason}){when}.")
    return steps


def _when(found: Status) -> str:
    """Which run looks at what is planned: with a clock that stands still it is not simply the next."""
    due = [one.due_at for one in found.messages if one.state in ("planned", "ready", "claimed")]
    now = found.runs[0].as_of if found.runs else None
    if not due or now is None or min(due) <= now:
        return "the next run"
    return f"a run from {_iso(min(due))} on"


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
