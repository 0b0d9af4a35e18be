"""What a run makes of journeys, or would, as tables for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from graphlib import CycleError, TopologicalSorter

from rich.console import Console
from rich.text import Text

from tidegate.cli import terminal
from tidegate.cli.terminal import Justify
from tidegate.results import JourneyDecision

_RIGHT: Justify = "right"
_STYLES = {"blocked": "yellow", "contract": "yellow", "failed": "red", "approved": "green", "draft": "dim"}
OUTSIDE = "(outside)"
_END = "(end)"


def journeys(console: Console, decided: Sequence[JourneyDecision]) -> None:
    """One line a journey; nothing where there is none."""
    if not decided:
        return
    held = any(one.held for one in decided)
    refused = any(one.refused for one in decided)
    terminal.table(
        console,
        [
            "journey",
            "verdict",
            "cause",
            ("enter", _RIGHT),
            *(["not let in"] if refused else []),
            ("go on", _RIGHT),
            "end",
            ("inside", _RIGHT),
            ("messages", _RIGHT),
            "of these withheld",
            *(["held"] if held else []),
        ],
        [
            (
                one.journey,
                Text(one.verdict, style=_STYLES.get(one.verdict, "")),
                one.cause,
                one.entered,
                *([terminal.counts(one.refused)] if refused else []),
                one.moved,
                terminal.counts(one.ended),
                one.inside,
                sum(one.planned.values()),
                terminal.counts(one.withheld),
                *([terminal.counts(one.held)] if held else []),
            )
            for one in decided
        ],
    )


def remarks(console: Console, decided: Sequence[JourneyDecision]) -> bool:
    """In words: why journeys did not act, and what an edit does to those inside. Whether there was anything to say."""
    said = False
    for one in decided:
        if one.reason and one.verdict != "applied":
            style = _STYLES.get(one.verdict, "")
            console.print(Text.assemble((one.journey, "bold"), ": ", (one.verdict, style), f": {one.reason}"))
            said = True
        for note in one.notes:
            console.print(Text.assemble((one.journey, "bold"), f": {note}{'' if note.endswith('.') else '.'}"))
            said = True
    return said


def detail(console: Console, one: JourneyDecision) -> None:
    """Who would move from where to where, where everybody stands then, and which messages that makes."""
    if one.moves:
        terminal.table(
            console,
            [f"{one.journey}: from", "to", ("people", _RIGHT)],
            [
                (came_from or OUTSIDE, went_to or OUTSIDE, people)
                for (came_from, went_to), people in _in_order(one.moves)
            ],
        )
    if one.planned or one.standing:
        place = {step: position for position, ((step, _), _) in enumerate(_in_order(one.moves))}
        steps = sorted({*one.standing, *one.planned}, key=lambda step: (place.get(step, len(place)), step))
        terminal.table(
            console,
            [f"{one.journey}: step", ("stand there then", _RIGHT), ("messages now", _RIGHT)],
            [(step, one.standing.get(step, 0), one.planned.get(step, 0)) for step in steps],
        )


def ahead(console: Console, as_of: datetime, until: datetime, decided: Sequence[JourneyDecision]) -> None:
    """What comes after the run that was planned, up to a time, and what that takes for granted."""
    console.print(Text(f"After it, by {terminal.time(until)}", style="bold"))
    moving = [one for one in decided if one.moves or one.ended or one.planned]
    if not moving:
        console.print("Nobody goes on in journeys by the time alone.")
        console.print()
        return
    terminal.table(
        console,
        ["journey", ("enter", _RIGHT), ("go on", _RIGHT), "end", "messages of steps"],
        [
            (one.journey, one.entered, one.moved, terminal.counts(one.ended), terminal.counts(one.planned))
            for one in moving
        ],
    )
    console.print(ASSUMED.format(hours=_hours(until - as_of)))
    console.print()


#: What looking ahead takes for granted.
ASSUMED = (
    "That is by the time alone: nobody does anything within those {hours}, segments stay as they are, and what is "
    "ready now arrives. What comes after a message of that time is not followed, and the gate has not judged it yet."
)


def _in_order(moves: Mapping[tuple[str, str], int]) -> list[tuple[tuple[str, str], int]]:
    """As people go: in from outside first, and every step before those it leads to."""
    leads_to = TopologicalSorter[str]()
    for before, after in sorted(moves):
        leads_to.add(after or _END, before)
    try:
        place = {step: position for position, step in enumerate(leads_to.static_order())}
    except CycleError:  # versions whose steps stand the other way round
        return sorted(moves.items())
    return sorted(moves.items(), key=lambda move: (place[move[0][0]], place[move[0][1] or _END]))


def _hours(length: timedelta) -> str:
    return terminal.count_of(round(length / timedelta(hours=1)), "hour")
