"""Whatever happens, however late it is heard of and whenever a run looks: every occasion is answered once.

Forty people at a time, each of whom is an example of its own.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.journeys.coming_in import opens
from tests.journeys.world import START, World

HOUR = timedelta(hours=1)
RULES = {
    "never": {"again": "never"},
    "every": {"again": "every 5 hours"},
    "overlapping": {"again": "every 5 hours", "overlap": True},
    "per order": {"again": "per order_id"},
}
WALK = "- {send: hello, by: email}\n- wait: 3 hours\n"


@pytest.mark.parametrize("rule", RULES)
def test_every_occasion_is_answered_once_and_nobody_is_inside_twice(world: World, rule: str) -> None:
    chance = random.Random(rule)
    world.trigger("ordered", order_id="VARCHAR")
    opens(world, "occur ref('ordered')", steps=WALK, not_older_than="8 hours", **RULES[rule])
    world.run()
    heard_of, last = sorted(_occasions(chance), key=lambda one: one[0]), START
    while last < START + 13 * HOUR:
        last += chance.choice([0, 0.4, 2, 4]) * HOUR
        for heard_at, number, person, occurred_at in heard_of:
            if world.now < heard_at <= last:
                order = str(chance.randint(1, 2))
                world.occurs("ordered", person, at=occurred_at, occurrence_id=str(number), order_id=order)
        world.run(last)
        inside = world.rows("select person, entry_key from tidegate.instances where status = 'active'")
        assert rule == "overlapping" or len(inside) == len(set(inside))

    told = world.rows("select occurrence_id from tidegate.occurrences")
    assert len(told) == len(set(told))
    assert {str(one) for (one,) in told} == {
        str(row["occurrence_id"])
        for row in world.triggers["ordered"]
        if row["occurred_at"] <= world.now  # type: ignore[operator]
    }
    entries = world.rows("select person, entry_key, rotation, entered_at from tidegate.instances order by 1, 2, 3")
    assert entries, "or nothing was tried"
    assert len(entries) == len(world.rows("select 1 from tidegate.occurrences where disposition = 'acted'"))
    _keeps(rule, entries)


def _occasions(chance: random.Random) -> list[tuple[datetime, int, str, datetime]]:
    """(when it is heard of, a number, who, when it happened): some from before, some heard of late or of the future."""
    found = []
    for number in range(120):
        occurred_at = START + chance.randint(-60, 780) * timedelta(minutes=1)
        heard_at = max(START + timedelta(minutes=1), occurred_at + chance.choice([-1, 0, 0, 0, 2, 12]) * HOUR)
        found.append((heard_at, number, f"person-{chance.randint(1, 40)}", occurred_at))
    return found


def _keeps(rule: str, entries: list[tuple[object, ...]]) -> None:
    """Rotations count from 1 for each key, and its entries are as far apart as the rule wants."""
    by_key: dict[tuple[object, object], list[tuple[object, datetime]]] = {}
    for person, key, rotation, entered_at in entries:
        by_key.setdefault((person, key), []).append((rotation, entered_at))  # type: ignore[arg-type]
    for walks in by_key.values():
        assert [rotation for rotation, _ in walks] == [*range(1, len(walks) + 1)]
        moments = [moment for _, moment in walks]
        if rule in ("never", "per order"):
            assert len(walks) == 1
        assert all(later - earlier >= 5 * HOUR for earlier, later in pairwise(moments))
