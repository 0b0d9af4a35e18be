"""Schedules: everybody who is in a segment when the clock in the project's time zone says so."""

from __future__ import annotations

from datetime import UTC

from tidegate.cron import Cron
from tidegate.decision.stays import entries
from tidegate.journeys.entries import segments
from tidegate.journeys.entries.looking import Looking, row_as_json


def fire(looking: Looking) -> None:
    """Of several firings since the last run the latest counts; each counts once.

    Where people must leave the segment before they may come again, stays are kept. Raises SpecError for keys that are
    null, empty or repeated.
    """
    entry, walk = looking.entry, looking.walk
    assert entry.cron is not None
    model = looking.model()
    rows = entries(model, looking.key, context=row_as_json(model))
    stays_kept = entry.again.kind == "after_leaving"
    if stays_kept:
        segments.compare(looking, rows)
    after = looking.oldest if entry.backfill and looking.cause == "baseline" else looking.acts_after
    firing = Cron.parse(entry.cron).latest(walk.facts.project.time_zone, after, walk.as_of)
    if firing is None:
        return
    if not stays_kept:
        segments.check_keys(looking, rows)
    too_old = "too_old" if firing < looking.oldest else None
    looking.run_over(
        "schedule",
        {"entry": rows},
        journey=looking.journey.name,
        firing=firing,
        named=firing.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        matched_at=walk.as_of if stays_kept else None,
        disposition=looking.unwatched or too_old,
    )
