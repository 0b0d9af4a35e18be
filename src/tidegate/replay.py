"""Runs one after another over a stretch of time, each as of its own clock: history as it would have gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from tidegate import run as stages
from tidegate.errors import Problem, SpecError
from tidegate.results import Report
from tidegate.run import Run
from tidegate.workspace import Workspace


def ticks(start: datetime, end: datetime, every: timedelta) -> list[datetime]:
    """The clocks of a replay, from `start` to `end`, both included where `every` hits them."""
    if every <= timedelta(0):
        raise SpecError(Problem("--every", 0, "", "must be longer than nothing"))
    if end < start:
        raise SpecError(Problem("--to", 0, "", f"{end:%Y-%m-%d} is before --from, {start:%Y-%m-%d}"))
    count = (end - start) // every + 1
    return [start + number * every for number in range(count)]


def replay(
    root: Path,
    *,
    target: str | None = None,
    start: datetime,
    end: datetime,
    every: timedelta,
    on_tick: Callable[[Report], None] | None = None,
    wait: float = 0.0,
) -> list[Report]:
    """Run at every tick. A failing destination or a blocked audience does not end a replay; the reports tell.

    Raises what `tidegate.run.begin` raises.
    """
    reports = []
    for report in walk(root, target=target, start=start, end=end, every=every, wait=wait):
        reports.append(report)
        if on_tick is not None:
            on_tick(report)
    return reports


def walk(
    root: Path, *, target: str | None = None, start: datetime, end: datetime, every: timedelta, wait: float = 0.0
) -> Iterator[Report]:
    """The same, a report at a time."""
    clocks = ticks(start, end, every)
    with Workspace(root, target, wait=wait) as workspace:
        for clock in clocks:
            yield once(stages.begin_in(workspace, as_of=clock, kind="replay"))


def once(run: Run, *, docs: bool = False) -> Report:
    """All stages of a run that has begun; destinations side by side. `docs` as in `tidegate.run.check`."""
    with run:
        stages.land(run)
        stages.build(run)
        stages.check(run, docs=docs)
        stages.decide(run)
        return stages.finish(run, stages.deliver_all(run))
