"""Entering, leaving and being in a segment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlglot import exp

from tests.journeys.coming_in import context, entered, opens, reasons
from tests.journeys.world import World
from tidegate import queries
from tidegate.decision.decide import decide

HOUR = timedelta(hours=1)


def test_whoever_is_there_at_first_is_known_and_whoever_comes_later_enters(world: World) -> None:
    world.joins("leads", "ada")
    opens(world, "enter ref('leads')")
    world.run()
    world.joins("leads", "grace")
    world.run(after=HOUR)

    assert entered(world) == ["grace"]
    assert world.of("welcome").refused == {}
    assert world.sent("grace") == ["hello"]


def test_with_backfill_whoever_is_there_enters_too(world: World) -> None:
    world.joins("leads", "ada")
    opens(world, "enter ref('leads')", backfill=True)
    world.run()
    world.run(after=HOUR)

    assert entered(world) == ["ada"]


def test_an_edited_segment_lets_nobody_in_whom_the_edit_brought(world: World) -> None:
    world.segment("leads")
    opens(world, "enter ref('leads')")
    world.run()
    world.definitions["leads"] = "v2"
    world.joins("leads", "ada")
    world.run(after=HOUR)
    world.joins("leads", "grace")
    world.run(after=HOUR)

    assert entered(world) == ["grace"]


def test_an_entry_knows_the_row_as_it_was(world: World) -> None:
    world.segment("leads", source="VARCHAR")
    opens(world, "enter ref('leads')")
    world.run()
    world.joins("leads", "ada", source="fair")
    world.run(after=HOUR)
    world.joins("leads", "ada", source="web")
    world.run(after=HOUR)

    assert context(world, "ada", "source") == "fair"


def test_whoever_leaves_enters_by_leaving_also_if_they_were_there_from_the_start(world: World) -> None:
    world.joins("customers", "ada", "grace")
    opens(world, "exit ref('customers')")
    world.run()
    world.leaves("customers", "ada")
    world.run(after=HOUR)

    assert entered(world) == ["ada"]
    assert str(context(world, "ada", "entered_at")).startswith("2026-03-02 10:00:00")
    assert str(context(world, "ada", "left_at")).startswith("2026-03-02 11:00:00")


def test_an_edit_that_drops_people_is_no_leaving(world: World) -> None:
    world.joins("customers", "ada")
    opens(world, "exit ref('customers')")
    world.run()
    world.definitions["customers"] = "v2"
    world.leaves("customers", "ada")
    world.run(after=HOUR)
    world.run(after=HOUR)

    assert entered(world) == []


def test_being_in_a_segment_is_asked_again_until_the_answer_is_yes(world: World) -> None:
    world.segment("leads", score="INTEGER")
    opens(world, "in ref('leads')", if_="entry.score > 5")
    world.run()
    world.joins("leads", "ada", score=1)
    for _ in range(3):
        world.run(after=HOUR)
    assert world.of("welcome").refused == {"condition": 1}
    world.joins("leads", "ada", score=9)
    world.run(after=HOUR)

    assert entered(world) == ["ada"]
    assert reasons(world, "ada") == ["condition", "acted"]


def test_whoever_enters_once_is_told_so_once_however_long_they_stay(world: World) -> None:
    world.segment("leads")
    opens(world, "in ref('leads')", steps="- {send: hello, by: email}\n")
    world.run()
    world.joins("leads", "ada")
    for _ in range(4):
        world.run(after=HOUR)

    assert entered(world) == ["ada"]
    assert reasons(world, "ada") == ["acted", "never"]


def test_being_in_a_segment_does_not_count_for_those_who_were_there_at_first(world: World) -> None:
    world.joins("leads", "ada")
    opens(world, "in ref('leads')")
    world.run()
    world.run(after=HOUR)
    assert entered(world) == []
    world.leaves("leads", "ada")
    world.run(after=HOUR)
    world.joins("leads", "ada")
    world.run(after=HOUR)

    assert entered(world) == ["ada"]


def test_being_in_a_segment_lets_people_in_again_after_a_time(world: World) -> None:
    world.segment("sleepers")
    opens(world, "in ref('sleepers')", again="every 7 days", steps="- {send: hello, by: email}\n")
    world.run()
    world.joins("sleepers", "ada")
    for _ in range(20):
        world.run(after=timedelta(days=1))

    assert entered(world) == ["ada"] * 3
    assert reasons(world, "ada") == ["acted", "too_soon", "acted", "too_soon", "acted", "too_soon"]


def test_whoever_must_leave_first_does_not_come_again_by_staying(world: World) -> None:
    world.segment("sleepers")
    opens(world, "in ref('sleepers')", again="after leaving", steps="- {send: hello, by: email}\n")
    world.run()
    world.joins("sleepers", "ada")
    world.run(after=HOUR)
    world.run(after=HOUR)
    assert reasons(world, "ada") == ["acted", "not_left"]
    world.leaves("sleepers", "ada")
    world.run(after=HOUR)
    world.joins("sleepers", "ada")
    world.run(after=HOUR)

    assert entered(world) == ["ada", "ada"]


def test_somebody_who_is_in_no_people_model_does_not_enter(world: World) -> None:
    world.segment("leads")
    opens(world, "enter ref('leads')")
    world.run()
    world.joins("leads", "ada")
    del world.people["ada"]
    world.run(after=HOUR)

    assert world.refused("welcome") == {"no_person": {"ada"}}


@pytest.mark.parametrize("on", ["enter", "exit", "in", "change"])
def test_a_segment_whose_keys_are_not_whole_lets_nobody_in_and_says_why(world: World, on: str) -> None:
    world.segment("leads", tier="VARCHAR")
    column = ".tier" if on == "change" else ""
    opens(world, f"{on} ref('leads'){column}")
    world.run()
    world.joins("leads", "ada")
    world.segments["leads"]["twin"] = {"customer_id": "ada"}
    world.run(after=HOUR)
    made = world.of("welcome")
    assert made.verdict == "failed"
    assert "customer_id is not unique: ada (2 times)" in made.reason
    world.segments["leads"]["twin"] = {"customer_id": None}
    world.run(after=HOUR)

    assert "welcome" in made.reason or made.reason
    assert "1 row has no customer_id" in world.of("welcome").reason
    assert entered(world) == []


def test_a_plan_of_audiences_does_not_take_those_for_entering_who_do_not(world: World) -> None:
    world.joins("leads", "ada")
    world.trigger("ordered")
    opens(world, "enter ref('leads')")
    opens(world, "occur ref('ordered')", name="ordered", if_="false")
    world.run()
    world.joins("leads", "grace")
    world.occurs("ordered", "ada")
    facts = world.facts()
    with world.warehouse.session() as connection:
        world.build(connection)
        connection.execute("begin transaction")
        decision = decide(connection, facts)
        nobody = exp.select("person", "channel", "address").from_(
            exp.values([("", "", "")], alias="nobody", columns=["person", "channel", "address"])
        )
        audiences = {"audiences": [one.audience for one in decision.audiences]}
        found = connection.execute(queries.bind("plan/rows", addresses=nobody), audiences).fetchall()
        connection.execute("rollback")

    assert {(kind, subject, person) for kind, subject, person, *_ in found} == {("message", "welcome", "grace")}
