"""A journey as a page of Markdown, for wherever Mermaid is drawn; counts and names of steps, nobody's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tidegate.journeys.seeing.mermaid import mermaid
from tidegate.journeys.seeing.seen import JourneySeen, StepSeen


def markdown(seen: JourneySeen) -> str:
    """What it came to, the graph, the steps and their messages. Ends with a line break."""
    version = f", version {seen.version}" if seen.version is not None else ""
    ended = sum(seen.ended.values())
    lines = [
        f"# {_plain(seen.journey)}",
        "",
        f"{_plain(seen.status)}{version}. {_plain(seen.description)}".rstrip(),
        "",
        f"{seen.entered:,} entered: {seen.inside:,} inside, {ended:,} ended{_of(seen.ended)}.",
    ]
    if seen.has_goal:
        lines.append(f"{seen.goals:,} did what it is for.")
    if seen.refused:
        lines.append(f"Not let in: {_counts(seen.refused)}.")
    lines += ["", "```mermaid", mermaid(seen).rstrip("\n"), "```", ""]
    every = (*seen.steps, *seen.gone)
    lines += _table(
        ["step", "what it does", "here", "passed", "left here", "goals after", "first", "last"],
        [
            (one.step, _says(one), one.here, one.passed, _counts(one.left), one.goals, _day(one.first), _day(one.last))
            for one in every
        ],
    )
    sends = [(one, one.send) for one in every if one.send is not None]
    if sends:
        lines += _table(
            ["messages of", "planned", "sent", "waiting", "withheld", "delivered", "opened", "clicked"],
            [
                (
                    one.step,
                    send.planned,
                    send.sent,
                    send.waiting,
                    _counts(send.withheld),
                    send.delivered,
                    send.opened,
                    send.clicked,
                )
                for one, send in sends
            ],
        )
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    rule = ["---:" if rows and isinstance(cell, int) else "---" for cell in rows[0]] if rows else ["---" for _ in heads]
    lines = [
        heads,
        rule,
        *[[f"{cell:,}" if isinstance(cell, int) else _plain(str(cell)) for cell in row] for row in rows],
    ]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _plain(text: str) -> str:
    """Text from a file, without anything that Markdown or HTML would take for its own."""
    escaped = "".join(f"\\{char}" if char in "\\`*_{}[]<>#|~!" else char for char in " ".join(text.split()))
    return escaped.replace("&", "&amp;")


def _says(step: StepSeen) -> str:
    return "" if step.says == step.step else step.says or "of an earlier version"


def _counts(values: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name} {count:,}" for name, count in sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _of(values: Mapping[str, int]) -> str:
    return f" ({_plain(_counts(values))})" if values else ""


def _day(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d") if moment else ""
