"""Many runs as one: what a replay comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tidegate.results import AudienceDecision, Delivery, Report


@dataclass(frozen=True, slots=True)
class Totals:
    """`audiences`: entered, left and planned over all runs, the members and the verdict of the last.

    `destinations`: accepted, refused and unknown over all runs, and what is owed after the last.
    """

    runs: int
    first: datetime | None
    last: datetime | None
    audiences: tuple[AudienceDecision, ...]
    destinations: tuple[Delivery, ...]


def totals(reports: Sequence[Report], owed: Mapping[str, int]) -> Totals:
    """Add up `reports`, in order; `owed` is how many list rows each destination has not taken, now."""
    audiences: dict[str, AudienceDecision] = {}
    destinations: dict[str, Delivery] = {}
    for report in reports:
        for one in report.decision.audiences:
            audiences[one.audience] = _later(audiences.get(one.audience), one)
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
    )


def _later(before: AudienceDecision | None, now: AudienceDecision) -> AudienceDecision:
    moved = now.verdict in ("applied", "approved")
    if before is None:
        return now if moved else replace(now, entered=0, left=0, planned=0)
    withheld = dict(before.withheld)
    for reason, count in now.withheld.items():
        withheld[reason] = withheld.get(reason, 0) + count
    return replace(
        now,
        entered=before.entered + now.entered * moved,
        left=before.left + now.left * moved,
        planned=before.planned + now.planned,
        withheld=withheld,
    )


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
