"""Many runs as one: what a replay comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from tidegate.results import AudienceDecision, Delivery, JourneyDecision, Report

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Totals:
    """`audiences`: entered, left and planned over all runs, the members and the verdict of the last.

    `journeys`: entered, not let in, gone on, ended and planned over all runs, and how it stands after the last.
    `destinations`: accepted, refused and unknown over all runs, and what is owed after the last.
    """

    runs: int
    first: datetime | None
    last: datetime | None
    audiences: tuple[AudienceDecision, ...]
    destinations: tuple[Delivery, ...]
    journeys: tuple[JourneyDecision, ...] = ()


def totals(reports: Sequence[Report], owed: Mapping[str, int]) -> Totals:
    """Add up `reports`, in order; `owed` is how many list rows each destination has not taken, now."""
    audiences: dict[str, AudienceDecision] = {}
    journeys: dict[str, JourneyDecision] = {}
    destinations: dict[str, Delivery] = {}
    for report in reports:
        for one in report.decision.audiences:
            audiences[one.audience] = _later(audiences.get(one.audience), one)
        for journey in report.decision.journeys:
            journeys[journey.journey] = _further(journeys.get(journey.journey), journey)
        for done in report.deliveries:
            destinations[done.destination] = _more(destinations.get(done.destination), done)
    for name in owed.keys() - destinations.keys():
        destinations[name] = Delivery(name)
    return Totals(
        runs=len(reports),
        first=reports[0].as_of if reports else None,
        last=reports[-1].as_of if reports else None,
        audiences=tuple(audiences[name] for name in sorted(audiences)),
        destinations=tuple(replace(destinations[name], owed=owed.get(name, 0)) for name in sorted(destinations)),
        journeys=tuple(journeys[name] for name in sorted(journeys)),
    )


def _later(before: AudienceDecision | None, now: AudienceDecision) -> AudienceDecision:
    moved = now.verdict in ("applied", "approved")
    if before is None:
        return now if moved else replace(now, entered=0, left=0, planned=0)
    return replace(
        now,
        entered=before.entered + now.entered * moved,
        left=before.left + now.left * moved,
        planned=before.planned + now.planned,
        withheld=_sum(before.withheld, now.withheld),
    )


def _further(before: JourneyDecision | None, now: JourneyDecision) -> JourneyDecision:
    if now.verdict not in ("applied", "approved"):
        now = replace(now, entered=0, refused={}, moves={}, moved=0, ended={}, planned={})
    now = replace(now, held={})  # what is held is held again in the next run
    if before is None:
        return now
    return replace(
        now,
        entered=before.entered + now.entered,
        refused=_sum(before.refused, now.refused),
        moves=_sum(before.moves, now.moves),
        moved=before.moved + now.moved,
        ended=_sum(before.ended, now.ended),
        planned=_sum(before.planned, now.planned),
        withheld=_sum(before.withheld, now.withheld),
    )


def _sum(before: Mapping[_Key, int], now: Mapping[_Key, int]) -> dict[_Key, int]:
    return {key: before.get(key, 0) + now.get(key, 0) for key in {**before, **now}}


def _more(before: Delivery | None, now: Delivery) -> Delivery:
    if before is None:
        return now
    return Delivery(
        now.destination,
        accepted=before.accepted + now.accepted,
        rejected=before.rejected + now.rejected,
        owed=now.owed,
        unknown=before.unknown + now.unknown,
        pending=now.pending,
        calls=before.calls + now.calls,
        seconds=before.seconds + now.seconds,
        problem=now.problem or before.problem,
    )
