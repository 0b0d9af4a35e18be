"""What stops an audience, what lets it through, and what never counts as approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlglot import exp

from tests.decision.test_messages import trigger
from tests.decision.world import World, column, list_of, of, synced, welcome
from tidegate import guards
from tidegate.errors import GuardError
from tidegate.spec.objects import Guard, Limit, Sync

STRICT = Guard(leeway=0)
PEOPLE = [f"p{number}" for number in range(20)]


def with_list(world: World, **changes: object) -> None:
    """Twenty people, all of them on the list."""
    world.audience(synced(**{"guard": STRICT, **changes}))  # type: ignore[arg-type]
    world.in_segment("vips", *PEOPLE)
    world.decide()
    world.accept_everything_owed()


def approve(world: World) -> str:
    return guards.approve(world.warehouse, "vips", who="ada")


def test_an_approval_lets_the_blocked_movement_through_once(world: World) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE[:4])
    assert of(world.decide(), "vips").verdict == "blocked"

    said = approve(world)

    assert said == "vips: approved 16 to leave and 16 to go from lists; the next run carries it out"
    assert of(world.decide(), "vips").verdict == "approved"
    assert world.members("vips") == set(PEOPLE[:4])
    world.in_segment("vips")
    assert of(world.decide(), "vips").verdict == "blocked"


def test_an_approval_waits_while_the_audience_stays_blocked(world: World) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE[:4])
    world.decide()
    approve(world)
    world.in_segment("vips")

    assert of(world.decide(), "vips").verdict == "blocked", "twenty would leave, sixteen were approved"
    world.in_segment("vips", *PEOPLE[:4])
    assert of(world.decide(), "vips").verdict == "approved"


@pytest.mark.parametrize("meanwhile", ["healed", "failed"])
def test_an_approval_is_over_once_the_audience_was_anything_but_blocked(world: World, meanwhile: str) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE[:4])
    world.decide()
    approve(world)
    if meanwhile == "healed":
        world.in_segment("vips", *PEOPLE)
    else:
        world.unfit = {"vips": ("failed", "no such column")}
    world.decide()
    world.unfit = {}

    world.in_segment("vips", *PEOPLE[16:])
    accident = world.decide()
    after = world.decide()

    assert of(accident, "vips").verdict == "blocked"
    assert of(after, "vips").verdict == "blocked"
    assert world.members("vips") == set(PEOPLE)


def test_an_approval_of_one_definition_serves_no_other(world: World) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE[:4])
    world.decide()
    approve(world)
    world.definitions["vips"] = "v2"
    world.in_segment("vips", *PEOPLE[16:])

    assert of(world.decide(), "vips").verdict == "blocked"


def test_an_approval_of_removals_covers_no_more_of_them(world: World) -> None:
    world.consent = {"ads": column("person", "agrees")}
    with_list(world)
    world.person(*PEOPLE[:12], agrees=False)
    assert of(world.decide(), "vips").verdict == "blocked"
    said = approve(world)

    world.person(*PEOPLE, agrees=False)
    more = world.decide()

    assert said == "vips: approved 12 to go from lists; the next run carries it out"
    assert of(more, "vips").verdict == "blocked"
    assert world.owed() == set()


def test_an_approval_of_messages_covers_no_more_of_them(world: World) -> None:
    world.audience(welcome(guard=Guard(max_enter=None, max_messages=4)))
    world.in_segment("vips")
    world.decide()
    world.in_segment("vips", *PEOPLE[:10])
    assert of(world.decide(), "vips").verdict == "blocked"
    assert "approved 10 to enter and 10 messages" in approve(world)
    twice = (*world.audiences["vips"].on_enter, replace(world.audiences["vips"].on_enter[0], message="offer"))
    world.audience(replace(world.audiences["vips"], on_enter=twice))

    assert of(world.decide(), "vips").verdict == "blocked"
    assert world.planned() == {}


def test_what_is_not_blocked_cannot_be_approved(world: World) -> None:
    with_list(world)

    with pytest.raises(GuardError, match="there is nothing to approve"):
        approve(world)


def test_removals_that_a_platform_has_not_taken_yet_block_nobody_again(world: World) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE[:4])
    world.decide()
    approve(world)
    world.decide()

    world.in_segment("vips", *PEOPLE[:4], "new")
    decision = world.decide()

    assert of(decision, "vips").verdict == "applied"
    assert "new" in world.members("vips")
    assert list_of(decision, "VIPs").remove == 16


def test_a_platform_that_is_down_does_not_turn_churn_into_an_accident(world: World) -> None:
    with_list(world, guard=Guard(leeway=0, max_leave=Limit(share=0.2)))

    verdicts = []
    for gone in (2, 4, 6, 8):
        world.in_segment("vips", *PEOPLE[gone:])
        verdicts.append(of(world.decide(), "vips").verdict)

    assert verdicts == ["applied"] * 4
    assert len(world.owed()) == 8


def test_removals_are_judged_against_those_who_are_not_going_already(world: World) -> None:
    world.consent = {"ads": column("person", "agrees")}
    with_list(world)
    world.person(*PEOPLE[:10], agrees=False)
    assert of(world.decide(), "vips").verdict == "applied"

    world.person(*PEOPLE[10:18], agrees=False)
    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert "8 of 10 would go from `VIPs`" in of(decision, "vips").reason


def test_a_small_list_is_guarded_beside_a_large_one(world: World) -> None:
    large = synced(guard=STRICT)
    agreed = exp.Case(ifs=[exp.If(this=column("person", "agrees"), true=column("person", "email"))])
    small = Sync(to="ads", mode="list", name="Small", match={"email": agreed})
    world.audience(replace(large, sync=(*large.sync, small)))
    world.in_segment("vips", *PEOPLE)
    world.person(*PEOPLE[4:], agrees=False)
    world.decide()
    world.accept_everything_owed()

    world.person(*PEOPLE[:4], agrees=False)
    world.in_segment("vips", *PEOPLE[:15])
    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert "4 of 4 would go from `Small`" in of(decision, "vips").reason
    assert "`VIPs`" not in of(decision, "vips").reason
    assert {one for one in world.owed() if one[1] == "remove"} == set()


def test_farewells_count_as_removals(world: World) -> None:
    world.consent = {"crm": column("person", "agrees")}
    sync = Sync(
        to="crm",
        mode="object",
        name="contact",
        match={"email": column("person", "email")},
        on_leave="set",
        on_leave_set={"tier": exp.null()},
    )
    with_list(world, sync=(sync,))
    world.person(*PEOPLE, agrees=False)

    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert "20 of 20 would go from `contact`" in of(decision, "vips").reason


def test_an_audience_that_was_away_writes_to_nobody_who_came_meanwhile(world: World) -> None:
    audience = synced(on_enter=welcome().on_enter)
    world.audience(audience)
    world.in_segment("vips", "ada")
    world.decide()
    del world.audiences["vips"]
    world.decide()

    world.audience(audience)
    world.in_segment("vips", "ada", "grace")
    back = world.decide()
    world.in_segment("vips", "ada", "grace", "edith")
    later = world.decide()

    assert (of(back, "vips").cause, of(back, "vips").entered) == ("baseline", 1)
    assert of(later, "vips").cause == "data"
    assert list(world.planned()) == ["vips:edith:1:on_enter.welcome:1"]


def test_an_audience_that_was_away_and_is_blocked_stays_at_its_first_look(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada")
    world.decide()
    del world.audiences["vips"]
    world.decide()

    world.audience(welcome(guard=Guard(min_members=5)))
    world.in_segment("vips", "ada", "grace")
    assert of(world.decide(), "vips").verdict == "blocked"
    world.audience(welcome())
    decision = world.decide()

    assert of(decision, "vips").cause == "baseline"
    assert world.planned() == {}


def test_an_audience_that_only_took_no_part_was_not_away(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips")
    world.decide()
    world.unfit = {"vips": ("contract", "too few rows")}
    world.decide()
    world.unfit = {}
    world.in_segment("vips", "ada")

    assert of(world.decide(), "vips").cause == "data"
    assert list(world.planned()) == ["vips:ada:1:on_enter.welcome:1"]


def test_a_segment_that_becomes_a_trigger_is_looked_at_for_the_first_time(world: World) -> None:
    world.audience(welcome("ordered"))
    world.in_segment("ordered", "ada")
    world.decide()
    del world.segments["ordered"]
    world.audience(trigger())
    world.occurs("ordered", "o1", "ada", ago=timedelta(hours=-12))

    assert of(world.decide(), "ordered").cause == "baseline"
    assert world.planned() == {}


def test_a_wall_clock_set_back_does_not_bring_an_old_definition_back(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips")
    world.decide()
    world.definitions["vips"] = "v2"
    world.decide()
    with world.warehouse.session() as connection:
        connection.execute(
            "update tidegate.runs set decided_at = decided_at - interval 1 hour where run_id = 'run-0002'"
        )
    world.in_segment("vips", "ada")

    assert of(world.decide(), "vips").cause == "data"


def test_messages_of_an_audience_that_is_gone_are_skipped(world: World) -> None:
    world.audience(welcome())
    world.audience(welcome("others"))
    world.decide()
    world.in_segment("vips", "ada")
    world.decide()
    assert len(world.planned()) == 1

    del world.audiences["vips"]
    world.decide(after=timedelta(minutes=15))

    assert world.rows("select state, reason from tidegate.outbox") == [("skipped", "no_audience")]


def test_messages_are_skipped_when_the_last_audience_is_gone_too(world: World) -> None:
    world.audience(welcome())
    world.decide()
    world.in_segment("vips", "ada")
    world.decide()

    del world.audiences["vips"]
    world.decide(after=timedelta(minutes=15))

    assert world.rows("select state, reason from tidegate.outbox") == [("skipped", "no_audience")]


def test_a_list_that_nobody_owns_is_held_and_shown(world: World) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE, "new")
    world.decide()
    del world.audiences["vips"]

    decision = world.decide()

    held = list_of(decision, "VIPs")
    assert held.owners == ()
    assert "what it holds stays until you choose: `tidegate release ads 'VIPs' --keep` or `--remove`" in held.blocked
    assert world.owed() == {("new", "add", "held")}
    assert world.rows("select count(*) from tidegate.delivered") == [(20,)]


def test_a_list_that_is_owned_again_goes_on(world: World) -> None:
    with_list(world)
    world.in_segment("vips", *PEOPLE, "new")
    world.decide()
    audience = world.audiences.pop("vips")
    world.decide()

    world.audience(audience)
    decision = world.decide()

    assert list_of(decision, "VIPs").blocked == ""
    assert world.owed() == {("new", "add", "due")}
