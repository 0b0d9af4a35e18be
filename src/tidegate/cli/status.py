"""`tidegate status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from tidegate.cli import place
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tidegate.journeys.seeing.attention import JourneyRun
    from tidegate.status import OwedRows, Status

_WITHHELD = {"hold": "held now", "skip": "skipped in 7 days"}


@click.command("status")
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1), help="How many runs to tell of.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, runs: int, json_: bool) -> int:
    """Say what the last runs did, and what is owed, unknown or blocked.

    \b
    Example:
      tidegate status
      tidegate status --json | jq '.owed'
    """
    from tidegate import workspace
    from tidegate.cli import as_json, terminal
    from tidegate.status import status

    opened = workspace.look(place.root, place.target)
    seen = status(opened.warehouse, runs=runs, project=opened.project)
    if json_:
        as_json.show(seen)
        return 0
    _show(terminal.out(), seen)
    return 0


def _show(out: Console, seen: Status) -> None:
    from tidegate.cli import terminal
    from tidegate.cli.tables import RIGHT, verdict

    if seen.runs:
        terminal.table(
            out,
            ["run", "kind", "target", "as of", "status", "started"],
            [(run.run_id, run.kind, run.target, run.as_of, run.status, run.started_at) for run in seen.runs],
        )
    if seen.audiences:
        terminal.table(
            out,
            ["audience", "verdict", ("members", RIGHT), ("entered", RIGHT), ("left", RIGHT), "as of", "reason"],
            [
                (one.audience, verdict(one.verdict), one.members, one.entered, one.left, one.as_of, one.reason)
                for one in seen.audiences
            ],
        )
    if seen.journeys:
        _journeys(out, seen.journeys)
    if seen.contracts:
        terminal.table(
            out,
            ["contract failed on", "contract", "column", ("failing rows", RIGHT), "detail"],
            [(one.model, one.contract, one.column, one.failing_rows, one.detail) for one in seen.contracts],
        )
    if seen.owed:
        terminal.table(
            out,
            ["list rows owed to", "list", "state", "reason", ("rows", RIGHT), "next try"],
            [(one.destination, one.list, one.state, one.reason, one.rows, _next_try(seen, one)) for one in seen.owed],
        )
    if seen.messages:
        terminal.table(
            out,
            ["messages", "from", "by", "state", "reason", ("people", RIGHT), "due"],
            [
                (one.message, one.source, one.destination, one.state, one.reason, one.messages, one.due_at)
                for one in seen.messages
            ],
        )
    if seen.feedback:
        terminal.table(
            out,
            ["in the last 7 days", "by", ("events", RIGHT), ("people", RIGHT), ("of nobody known", RIGHT)],
            [(one.kind, one.channel, one.events, one.people, one.unresolved or None) for one in seen.feedback],
        )
    if seen.withheld:
        terminal.table(
            out,
            ["withheld", "reason", ("messages", RIGHT), ("people", RIGHT), "until"],
            [(_WITHHELD[one.verdict], one.reason, one.messages, one.people, one.until) for one in seen.withheld],
        )
    if len(seen.next_steps) == 1:
        out.print(seen.next_steps[0])
        return
    out.print(Text("Next", style="bold"))
    for step in seen.next_steps:
        out.print(f"  {step}")


def _journeys(out: Console, journeys: Sequence[JourneyRun]) -> None:
    from tidegate.cli import terminal
    from tidegate.cli.tables import RIGHT, verdict

    reasons = any(one.reason for one in journeys)
    terminal.table(
        out,
        [
            "journey",
            "verdict",
            ("inside", RIGHT),
            ("entered", RIGHT),
            ("moved", RIGHT),
            ("ended", RIGHT),
            ("messages", RIGHT),
            "as of",
            *(["reason"] if reasons else []),
        ],
        [
            (
                one.journey,
                verdict(one.verdict),
                one.inside,
                one.entered,
                one.moved,
                one.ended,
                one.planned,
                one.as_of,
                *([one.reason] if reasons else []),
            )
            for one in journeys
        ],
    )


def _next_try(seen: Status, owed: OwedRows) -> datetime | None:
    """None for rows that wait for no set time: refused for good until their values change, or held."""
    over = owed.state == "refused" and bool(seen.runs) and owed.next_try <= seen.runs[0].as_of
    return None if over or owed.state == "held" else owed.next_try
