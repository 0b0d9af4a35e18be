"""Steps that wait for an answer: of a webhook, or of a person who is asked for approval."""

from __future__ import annotations

import pytest

from tests.journeys.world import World
from tidegate.errors import GuardError
from tidegate.journeys import approving
from tidegate.results import Asked

VISITED = "journey: visited\nenter:\n  on: event 'visited'\n  again: per event_id\nsteps:\n"
SCORED = """\
  - webhook: score_lead
    by: customer_care
    up_to: 1 hour
    else: [{send: unscored, by: email}]
  - if: "cast(answer('score_lead', '$.score') as integer) >= 50"
    then: [{send: hot, by: email}]
    else: [{send: cold, by: email}]
"""
ASKED = """\
  - approve: "Give these people the coupon?"
    id: coupon
    up_to: 3 days
    else: [{send: sorry, by: email}]
  - send: coupon_code
    by: email
"""


def begun(world: World, steps: str) -> None:
    world.person("ada", "grace", "hedy")
    world.journey(f"{VISITED}{steps}")
    world.run()
    world.now = world.moment("10:05")
    for name in ("ada", "grace", "hedy"):
        world.does(name, "visited")
    world.run("10:06")


def settled(world: World, person: str, state: str) -> None:
    """What became of a call, had it ended in another way."""
    with world.warehouse.session() as connection:
        connection.execute(
            "update tidegate.outbox set state = $state where person = $person and answers",
            {"state": state, "person": person},
        )


def says(world: World, *people: str, reject: bool = False) -> str:
    return approving.approve(
        world.warehouse,
        world.project,
        "visited",
        "coupon",
        people=people,
        decision="reject" if reject else "approve",
        who="hedy",
    )


def test_a_later_step_goes_by_what_the_webhook_answered(world: World) -> None:
    begun(world, SCORED)
    assert [world.stands(name) for name in ("ada", "grace")] == ["score_lead", "score_lead"]
    world.answers("ada", "score_lead", {"score": 87})
    world.answers("grace", "score_lead", {"score": 12})

    world.run("10:10")

    assert world.sent("ada")[1:] == ["hot"]
    assert world.sent("grace")[1:] == ["cold"]


def test_an_answer_with_nothing_in_it_is_an_answer_all_the_same(world: World) -> None:
    begun(world, SCORED)
    world.answers("ada", "score_lead", None)

    world.run("10:10")

    assert world.sent("ada")[1:] == ["cold"]


@pytest.mark.parametrize("state", ["rejected", "skipped", "unknown"])
def test_whoever_gets_no_answer_goes_the_other_way_at_once(world: World, state: str) -> None:
    begun(world, SCORED)
    settled(world, "ada", state)

    world.run("10:10")

    assert "unscored" in world.sent("ada")


def test_a_call_that_has_not_been_made_is_waited_for(world: World) -> None:
    begun(world, SCORED)
    settled(world, "ada", "claimed")

    world.run("10:10")

    assert world.stands("ada") == "score_lead"


def test_whoever_is_approved_goes_on_and_whoever_is_rejected_goes_the_other_way(world: World) -> None:
    begun(world, ASKED)
    assert world.decision.asked == (
        Asked("visited", "coupon", "Give these people the coupon?", 3, world.moment("2026-03-05 10:06")),
    )
    said = says(world, "ada"), says(world, "grace", reject=True)

    world.run("12:00")

    assert said == (
        "visited: approved 1 person at `coupon`; the next run lets them go on",
        "visited: rejected 1 person at `coupon`; the next run takes them out of its way",
    )
    assert world.sent("ada") == ["coupon_code"]
    assert "sorry" in world.sent("grace")
    assert world.stands("hedy") == "coupon"
    assert [one.people for one in world.decision.asked] == [1]


def test_a_word_on_everybody_is_on_those_who_stand_there_now(world: World) -> None:
    begun(world, ASKED)
    says(world)
    world.person("edith")
    world.does("edith", "visited", at="10:05")  # it happened before, and is only seen now

    world.run("10:30")

    assert [world.sent(name) for name in ("ada", "grace", "hedy")] == [["coupon_code"]] * 3
    assert world.stands("edith") == "coupon"


def test_the_last_of_several_words_counts(world: World) -> None:
    begun(world, ASKED)
    says(world)
    says(world, "ada", reject=True)

    world.run("10:30")

    assert "sorry" in world.sent("ada")
    assert world.sent("grace") == ["coupon_code"]


def test_whoever_nobody_says_a_word_about_goes_the_other_way_once_the_time_is_up(world: World) -> None:
    begun(world, ASKED)

    world.run("2026-03-05 10:06")

    assert "sorry" in world.sent("ada")


def test_nobody_can_be_approved_who_does_not_stand_there(world: World) -> None:
    begun(world, ASKED)

    with pytest.raises(GuardError, match="visited: edith, zoe do not stand at `coupon`"):
        says(world, "ada", "zoe", "edith")
    with pytest.raises(GuardError, match=r"no step `cupon` asks for approval; did you mean `coupon`\?"):
        approving.approve(world.warehouse, world.project, "visited", "cupon", who="hedy")
    says(world)
    world.run("10:30")
    with pytest.raises(GuardError, match="nobody stands at `coupon`; there is nothing to approve"):
        says(world)


def test_somebody_who_waits_in_an_older_version_is_asked_about_all_the_same(world: World) -> None:
    begun(world, ASKED)
    world.journey(f"{VISITED}  - send: hello\n    by: email\n")

    decision = world.run("10:30")

    assert [(one.step, one.people) for one in decision.asked] == [("coupon", 3)]
    says(world)
    world.run("11:00")
    assert world.sent("ada") == ["coupon_code"]
