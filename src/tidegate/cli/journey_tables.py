"""A journey as tables for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from tidegate.cli import terminal
from tidegate.cli.tables import RIGHT, verdict
from tidegate.journeys.seeing.overview import JourneyLine
from tidegate.journeys.seeing.recipients import Recipient, Standing
from tidegate.journeys.seeing.seen import JourneySeen, StepSeen

#: From this width on, whole times and a column for what a step does have their place.
_ROOMY = 140
_STATES = {
    "sent": "green",
    "withheld": "yellow",
    "held": "yellow",
    "rejected": "red",
    "unknown": "magenta",
}
#: Columns that are there only where somebody is counted in them.
_RARE = ("rejected", "unknown", "replied", "bounced", "complained", "unsubscribed")
_STATUS = {
    "draft": "dim",
    "entries_paused": "yellow",
    "sends_paused": "yellow",
    "stopped": "red",
    "without file": "red",
}


def overview(console: Console, every: Sequence[JourneyLine]) -> None:
    """All journeys, a line each."""
    if not every:
        console.print("There are no journeys: a file in journeys/ makes one.")
        return
    goals = any(one.goals for one in every)
    terminal.table(
        console,
        [
            "journey",
            "status",
            ("version", RIGHT),
            ("inside", RIGHT),
            ("entered", RIGHT),
            ("ended", RIGHT),
            *([("goals", RIGHT)] if goals else []),
            "last run",
            "as of",
        ],
        [
            (
                one.journey,
                status(one.status),
                one.version,
                one.inside,
                one.entered,
                one.ended,
                *([one.goals] if goals else []),
                verdict(one.verdict or ""),
                one.as_of,
            )
            for one in every
        ],
    )
    for one in every:
        if one.reason and one.verdict not in ("applied", None):
            console.print(Text.assemble((one.journey, "bold"), ": ", verdict(one.verdict or ""), f": {one.reason}"))
    for one in every:
        if one.status == "without file" and one.inside:
            people = terminal.count_of(one.inside, "person", "people")
            console.print(f"{one.journey} has no file any more; {people} inside.")


def journey(console: Console, seen: JourneySeen) -> None:
    """One journey: what it came to, its steps, its messages."""
    _heading(console, seen)
    steps(console, seen)
    messages(console, seen)
    if len(seen.versions) > 1 and seen.only is None:
        terminal.table(
            console,
            [("version", RIGHT), "published", ("inside", RIGHT), ("entered", RIGHT), ("goals", RIGHT)],
            [(one.version, one.published_at, one.inside, one.entered, one.goals) for one in seen.versions],
        )
    if seen.days:
        terminal.table(
            console,
            ["day", ("entered", RIGHT), ("sent", RIGHT), ("ended", RIGHT), ("goals", RIGHT)],
            [(one.day.isoformat(), one.entered, one.sent, one.ended, one.goals) for one in seen.days],
        )


def recipients(console: Console, step: StepSeen, found: Sequence[Recipient], *, addressed: bool) -> None:
    """Whom a step sent to, or did not."""
    if not found:
        console.print("Nobody yet.")
        return
    reported = [what for what in ("delivered", "opened", "clicked") if any(getattr(one, f"{what}_at") for one in found)]
    terminal.table(
        console,
        ["person", "state", "by", "planned or sent", *reported, "why", *(["address"] if addressed else [])],
        [
            (
                one.person,
                Text(one.state, style=_STATES.get(one.state, "")),
                one.destination or one.channel,
                one.sent_at or one.planned_at,
                *(getattr(one, f"{what}_at") for what in reported),
                _until(one),
                *([one.address] if addressed else []),
            )
            for one in found
        ],
        title=f"{step.step}: {step.says}" if step.says else step.step,
    )
    if step.send is not None and step.send.planned > len(found):
        console.print(f"{len(found):,} of {step.send.planned:,} messages; --last shows more, --by chooses")


def standing(console: Console, step: StepSeen, found: Sequence[Standing]) -> None:
    """Who stands at a step that sends nothing."""
    if not found:
        console.print(f"Nobody stands at {step.step} now.")
        return
    keyed = any(one.entry_key for one in found)
    terminal.table(
        console,
        ["person", *(["entry"] if keyed else []), ("version", RIGHT), "entered", "here since", "until"],
        [
            (
                one.person,
                *([one.entry_key] if keyed else []),
                one.version,
                one.entered_at,
                one.step_entered_at,
                one.deadline,
            )
            for one in found
        ],
        title=f"{step.step}: {step.says}" if step.says else step.step,
    )
    if step.here > len(found):
        console.print(f"{len(found):,} of {step.here:,} people; --last shows more")


def status(word: str) -> Text:
    """A journey's status in its colour."""
    return Text(word.replace("_", " "), style=_STATUS.get(word, ""))


def _heading(console: Console, seen: JourneySeen) -> None:
    version = f", version {seen.version}" if seen.version is not None else ""
    about = f"{version}. {seen.description}".rstrip()
    console.print(Text.assemble((seen.journey, "bold"), ": ", status(seen.status), about))
    if seen.edited and seen.only is None:
        console.print("The file was edited since; `tidegate plan` tells what the next run makes of it.")
    for problem in seen.problems:
        console.print(Text(f"{problem}.", style="yellow"))
    console.print(f"People enter by: {seen.entry or 'unknown'}")
    if not seen.entered:
        console.print("Nobody has entered yet.")
    else:
        ended = sum(seen.ended.values())
        of = f" ({terminal.counts(seen.ended)})" if ended else ""
        console.print(f"{seen.entered:,} entered: {seen.inside:,} inside, {ended:,} ended{of}")
        if seen.has_goal:
            of_all = share(seen.goals, seen.entered)
            console.print(f"{terminal.count_of(seen.goals, 'goal')}: {of_all} of those who entered")
    if seen.refused:
        console.print(f"Not let in: {terminal.counts(seen.refused)}")
    console.print()


def steps(console: Console, seen: JourneySeen) -> None:
    """The steps, and who came by."""
    every = (*seen.steps, *seen.gone)
    roomy = console.width >= _ROOMY
    left = any(one.left for one in every)
    terminal.table(
        console,
        [
            "step",
            *(["what it does"] if roomy else []),
            ("here", RIGHT),
            ("passed", RIGHT),
            *(["left here"] if left else []),
            *([("goals", RIGHT)] if seen.has_goal else []),
            "first",
            "last",
        ],
        [
            (
                *((_name(one), _says(one)) if roomy else (Text.assemble(_name(one), "  ", (_says(one), "dim")),)),
                one.here,
                one.passed,
                *([terminal.counts(one.left)] if left else []),
                *([one.goals] if seen.has_goal else []),
                *((one.first, one.last) if roomy else (_day(one.first), _day(one.last))),
            )
            for one in every
        ],
    )


def messages(console: Console, seen: JourneySeen) -> None:
    """What became of the messages of each step."""
    sends = [(one, one.send) for one in (*seen.steps, *seen.gone) if one.send is not None]
    if not sends:
        return
    rare = [name for name in _RARE if any(getattr(send, name) for _, send in sends)]
    withheld = any(send.withheld for _, send in sends)
    waiting = any(send.waiting for _, send in sends)
    terminal.table(
        console,
        [
            "messages of",
            ("planned", RIGHT),
            ("sent", RIGHT),
            *(["waiting"] if waiting else []),
            *(["withheld"] if withheld else []),
            ("delivered", RIGHT),
            ("opened", RIGHT),
            ("clicked", RIGHT),
            *((name, RIGHT) for name in rare),
        ],
        [
            (
                one.step,
                send.planned,
                send.sent,
                *([_waiting(send.waiting, send.held)] if waiting else []),
                *([terminal.counts(send.withheld)] if withheld else []),
                send.delivered,
                _of(send.opened, send.sent),
                _of(send.clicked, send.sent),
                *(getattr(send, name) for name in rare),
            )
            for one, send in sends
        ],
    )


def _name(step: StepSeen) -> Text:
    """Indented as deep as it lies within paths, under the name of the path that it begins."""
    if not step.depth:
        return Text(step.step)
    under = f"{step.under}: " if step.under else ""
    return Text.assemble("  " * step.depth, (under, "dim"), step.step)


def _says(step: StepSeen) -> str:
    if not step.kind:
        return "of an earlier version"
    return "" if step.says == step.step else step.says


def _day(moment: datetime | None) -> str:
    return terminal.time(moment)[:10]


def _waiting(waiting: int, held: Mapping[str, int]) -> str:
    if not waiting:
        return ""
    return f"{waiting:,} (held: {terminal.counts(held)})" if held else f"{waiting:,}"


def _of(people: int, sent: int) -> Text:
    if not people:
        return Text("0", style="dim")
    return Text(f"{people:,} ({share(people, sent)})" if sent else f"{people:,}")


def share(part: int, whole: int) -> str:
    """`12%`; `0.4%` where it is little."""
    percent = 100 * part / whole if whole else 0.0
    return f"{percent:.0f}%" if percent >= 10 or percent == 0 else f"{percent:.1f}%"


def _until(one: Recipient) -> str:
    return f"{one.reason or ''} until {terminal.time(one.held_until)}" if one.held_until else one.reason or ""
