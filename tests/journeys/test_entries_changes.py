"""Entering when a column changes: from, to, by how much; and what is no change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.coming_in import context, entered, opens, reasons
from tests.journeys.world import World

HOUR = timedelta(hours=1)


def sees(world: World, *tiers: object, person: str = "ada", column: str = "tier") -> None:
    """Runs, an hour apart, in which somebody has these values one after the other."""
    for tier in tiers:
        world.person(person, **{column: tier})
        world.run(after=HOUR)


def test_the_first_sight_of_a_value_is_no_change(world: World) -> None:
    world.person("ada", tier="silver")
    opens(world, "change ref('people').tier")
    world.run()
    sees(world, "gold", person="grace")

    assert entered(world) == []


def test_a_change_is_told_once_with_what_was_and_what_is(world: World) -> None:
    world.person("ada", tier="silver")
    opens(world, "change ref('people').tier")
    world.run()
    sees(world, "gold", "gold")

    assert reasons(world, "ada") == ["acted"]
    assert (context(world, "ada", "old"), context(world, "ada", "new")) == ("silver", "gold")
    assert str(context(world, "ada", "changed_at")).startswith("2026-03-02 11:00:00")
    assert context(world, "ada", "email") == "ada@example.com"


def test_only_the_change_that_is_meant_counts_and_the_others_are_seen_all_the_same(world: World) -> None:
    world.person("ada", tier="silver")
    opens(world, "change ref('people').tier", from_="\"'silver'\"", to="\"'gold'\"")
    world.run()
    sees(world, "bronze", "gold")
    assert entered(world) == []
    sees(world, "silver", "gold")

    assert entered(world) == ["ada"]


@pytest.mark.parametrize(
    ("by", "values", "count"),
    [(-10, (95, 80), 1), (-10, (95, 94), 0), (-10, (120,), 0), (10, (110,), 1), (10, (109, 118), 0), (10, (90,), 0)],
)
def test_a_rise_or_fall_must_be_as_large_as_is_said(world: World, by: int, values: tuple[int, ...], count: int) -> None:
    world.person("ada", points=100)
    opens(world, "change ref('people').points", by=by)
    world.run()
    sees(world, *values, column="points")

    assert len(entered(world)) == count


def test_nothing_is_a_value_too(world: World) -> None:
    world.person("ada", tier="silver")
    world.person("grace", tier=None)
    opens(world, "change ref('people').tier", again="every 1 minute", steps="- {send: hello, by: email}\n")
    world.run()
    world.person("ada", tier=None)
    world.person("grace", tier="silver")
    world.run(after=HOUR)
    assert entered(world) == ["ada", "grace"]
    sees(world, None, "gold")

    assert reasons(world, "ada") == ["acted", "acted"]


def test_from_nothing_may_be_meant(world: World) -> None:
    world.person("ada", tier=None)
    world.person("grace", tier="silver")
    opens(world, "change ref('people').tier", from_="'null'")
    world.run()
    world.person("ada", tier="gold")
    world.person("grace", tier="gold")
    world.run(after=HOUR)

    assert entered(world) == ["ada"]


def test_whoever_vanishes_and_comes_back_the_same_has_not_changed(world: World) -> None:
    world.segment("members", tier="VARCHAR")
    world.joins("members", "ada", "grace", tier="silver")
    opens(world, "change ref('members').tier")
    world.run()
    world.leaves("members", "ada", "grace")
    world.run(after=HOUR)
    world.joins("members", "ada", tier="silver")
    world.joins("members", "grace", tier="gold")
    world.run(after=HOUR)

    assert entered(world) == ["grace"]


def test_an_edited_model_changes_nobody(world: World) -> None:
    world.person("ada", tier="silver")
    opens(world, "change ref('people').tier")
    world.run()
    world.definitions["people"] = "v2"
    sees(world, "GOLD")
    sees(world, "SILVER")

    assert reasons(world, "ada") == ["acted"], "by the second change, of the data"


def test_another_column_begins_anew(world: World) -> None:
    world.person("ada", tier="silver", plan="free")
    opens(world, "change ref('people').tier")
    world.run()
    opens(world, "change ref('people').plan")
    world.run(after=HOUR)
    assert entered(world) == []
    sees(world, "paid", column="plan")

    assert entered(world) == ["ada"]


def test_a_blocked_journey_still_sees_the_change_when_it_is_let_through(world: World) -> None:
    for number in range(30):
        world.person(f"person-{number}", tier="silver")
    opens(world, "change ref('people').tier", rest="guard: {max_enter: 5}\n")
    world.run()
    for number in range(30):
        world.person(f"person-{number}", tier="gold")
    world.run(after=HOUR)
    assert world.of("welcome").verdict == "blocked"
    opens(world, "change ref('people').tier", rest="guard: {max_enter: 50}\n")
    world.run(after=HOUR)

    assert len(entered(world)) == 30
