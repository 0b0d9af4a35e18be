"""A simulation as tables for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.text import Text

from tidegate.cli import journey_tables, person, terminal
from tidegate.cli.tables import RIGHT
from tidegate.simulation.results import Simulated, Simulation


def show(console: Console, simulation: Simulation) -> None:
    """What was assumed, what it came to, day by day, step by step, and single people's paths."""
    _heading(console, simulation)
    _compare(console, simulation.simulated)
    if len(simulation.simulated) == 1:
        _days(console, simulation.simulated[0])
    for one in simulation.simulated:
        if len(simulation.simulated) > 1:
            console.print(Text(one.file, style="bold"))
        journey_tables.steps(console, one.seen)
        journey_tables.messages(console, one.seen)
    for one in simulation.simulated:
        for story in one.stories:
            if len(simulation.simulated) > 1:
                console.print(Text(one.file, style="bold"))
            person.show(console, story)


def _heading(console: Console, simulation: Simulation) -> None:
    first, last = terminal.time(simulation.start), terminal.time(simulation.end)
    runs = terminal.count_of(simulation.runs, "run")
    console.print(Text.assemble((simulation.journey, "bold"), f": {runs} from {first} to {last}"))
    assumed = simulation.assumptions
    console.print(
        f"Assumed: {assumed.opens:.0%} of the messages are opened and {assumed.clicks:.0%} clicked (seed "
        f"{assumed.seed}), all are delivered, webhooks answer nothing, whoever is asked about is approved."
    )
    for note in simulation.notes:
        console.print(f"Note: {note}.")
    for one in simulation.simulated:
        for reason, times in one.problems.items():
            words = f"{one.file}: {terminal.count_of(times, 'run')} could not decide on it: {reason}"
            console.print(Text(words, style="red"))
    console.print()


def _compare(console: Console, simulated: tuple[Simulated, ...]) -> None:
    rows: list[tuple[object, ...]] = [
        ("entered", *[one.seen.entered for one in simulated]),
        *_by(simulated, "not let in: ", [one.seen.refused for one in simulated]),
        ("messages asked for", *[one.planned for one in simulated]),
        ("messages sent", *[one.sent for one in simulated]),
        *_by(simulated, "withheld: ", [one.withheld for one in simulated]),
        ("inside at the end", *[one.seen.inside for one in simulated]),
        *_by(simulated, "ended: ", [one.seen.ended for one in simulated]),
    ]
    if any(one.seen.has_goal for one in simulated):
        goals = [f"{one.seen.goals:,} ({journey_tables.share(one.seen.goals, one.seen.entered)})" for one in simulated]
        rows.append(("goals", *goals))
    terminal.table(console, ["in all", *[(one.file, RIGHT) for one in simulated]], rows)


def _by(
    simulated: tuple[Simulated, ...], prefix: str, counted: list[Mapping[str, int]]
) -> Iterable[tuple[object, ...]]:
    for reason in dict.fromkeys(reason for one in counted for reason in one):
        yield (Text(f"  {prefix}{reason}"), *[one.get(reason, 0) for one in counted])


def _days(console: Console, one: Simulated) -> None:
    terminal.table(
        console,
        ["day", ("entered", RIGHT), ("sent", RIGHT), ("ended", RIGHT), ("goals", RIGHT)],
        [(day.day.isoformat(), day.entered, day.sent, day.ended, day.goals) for day in one.seen.days],
    )
