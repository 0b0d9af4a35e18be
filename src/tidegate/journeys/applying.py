"""Carries over into the state what a tick worked out. Comes after the guard: until then nothing of it is touched."""

from __future__ import annotations

from tidegate import queries
from tidegate.checkpoints import checkpoint
from tidegate.journeys import versions
from tidegate.journeys.versions import Life


def apply(life: Life, *, moved_over: bool, entries_looked_at: bool) -> None:
    """Everybody is where this run leaves them, with their messages, arms, lists, traits, tags and events."""
    from tidegate.journeys import actions, entries

    walk = life.newest
    when = {"as_of": walk.as_of, "run_id": walk.run_id}
    run = {"journey": walk.journey.name, "run_id": walk.run_id}
    for name, parameters in (
        ("outcome", {}),
        ("move_instances", {"run_id": walk.run_id}),
        ("renew_instances", {}),
        *([("move_over_instances", {})] if moved_over else []),
        ("end_instances", {"run_id": walk.run_id}),
        ("add_instances", {**run, "version": walk.version}),
        ("mark_goals", {}),
        ("keep_steps", run),
        ("tell_cancelled", when),
        ("cancel", when),
        ("plan_messages", {**run, **when}),
        ("keep_assignments", when),
    ):
        walk.connection.execute(queries.text(f"journeys/{name}"), parameters)
    checkpoint("journey applied")
    actions.apply(walk)
    if entries_looked_at:
        entries.record(walk)
    versions.publish(life)
