from datetime import timedelta

import pytest

from tests.decision.world import World, of, welcome
from tidegate.spec.objects import Guard, Limit


def test_the_first_look_at_an_audience_writes_to_nobody(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada", "grace")

    decision = world.decide()

    assert of(decision, "vips").cause == "baseline"
    assert world.members("vips") == {"ada", "grace"}
    assert world.planned() == {}


def test_a_backfill_is_written_to_because_the_file_says_so(world: World) -> None:
    world.audience(welcome(backfill=True))
    world.in_segment("vips", "ada")

    world.decide()

    assert world.planned() == {"vips:ada:1:on_enter.welcome:1": "mail"}


def test_whoever_enters_is_welcomed_once(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada")
    world.decide()
    world.in_segment("vips", "ada", "grace")

    decision = world.decide()
    again = world.decide(after=timedelta(hours=1))

    assert of(decision, "vips").entered == 1
    assert world.planned() == {"vips:grace:1:on_enter.welcome:1": "mail"}
    assert (of(again, "vips").entered, of(again, "vips").planned) == (0, 0)


def test_whoever_comes_back_has_a_new_stay_and_a_new_key(world: World) -> None:
    world.audience(welcome())
    world.decide()
    for members in (["ada"], [], ["ada"]):
        world.in_segment("vips", *members)
        world.decide()

    stays = world.rows("select stay, left_at is null from tidegate.stays order by stay")
    assert stays == [(1, False), (2, True)]
    assert "vips:ada:2:on_enter.welcome:1" in world.planned()


def test_an_edited_model_moves_people_and_writes_to_nobody(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada")
    world.decide()
    world.definitions["vips"] = "v2"
    world.in_segment("vips", "ada", "grace", "edith")

    decision = world.decide()

    assert of(decision, "vips").cause == "definition"
    assert of(decision, "vips").entered == 2
    assert world.members("vips") == {"ada", "grace", "edith"}
    assert world.planned() == {}


def test_a_colon_in_a_key_cannot_make_two_messages_one(world: World) -> None:
    world.audience(welcome())
    world.decide()
    world.in_segment("vips", "a:1", "a%3A1")

    world.decide()

    assert set(world.planned()) == {"vips:a%3A1:1:on_enter.welcome:1", "vips:a%253A1:1:on_enter.welcome:1"}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (["ada", None], "1 row has no customer_id"),
        (["ada", ""], "1 row has no customer_id"),
        (["ada", "ada"], "customer_id is not unique: ada (2 times)"),
        (["grace", "grace", "ada"], "customer_id is not unique: grace (2 times)"),
    ],
)
def test_a_segment_with_a_bad_key_never_acts(world: World, members: list[object], words: str) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada")
    world.decide()
    world.person("grace")
    world.segments["vips"] = members

    decision = world.decide()

    assert of(decision, "vips").verdict == "failed"
    assert words in of(decision, "vips").reason
    assert "audiences/vips.yml" in of(decision, "vips").reason
    assert world.members("vips") == {"ada"}


def test_one_bad_segment_stops_no_other(world: World) -> None:
    world.audience(welcome("vips"))
    world.audience(welcome("fans"))
    world.decide()
    world.segments["vips"] = [None]
    world.in_segment("fans", "ada")

    decision = world.decide()

    assert of(decision, "vips").verdict == "failed"
    assert of(decision, "fans").entered == 1


def test_an_audience_that_empties_is_blocked_and_does_not_move(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada", "grace")
    world.decide()
    world.in_segment("vips")

    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert "nobody would be left" in of(decision, "vips").reason
    assert world.members("vips") == {"ada", "grace"}


def test_an_audience_may_empty_where_the_file_says_so(world: World) -> None:
    world.audience(welcome(guard=Guard(max_leave=Limit(share=1.0))))
    world.in_segment("vips", "ada", "grace")
    world.decide()
    world.in_segment("vips")

    world.decide()

    assert world.members("vips") == set()


def test_limits_are_shares_of_the_members_before(world: World) -> None:
    guard = Guard(max_enter=Limit(share=0.5), max_leave=Limit(share=0.2), leeway=0)
    world.audience(welcome(guard=guard))
    world.in_segment("vips", *(f"p{number}" for number in range(10)))
    world.decide()
    world.in_segment("vips", *(f"p{number}" for number in range(16)))

    decision = world.decide()

    assert of(decision, "vips").verdict == "blocked"
    assert of(decision, "vips").reason == "6 of 10 would enter, more than max_enter 50%"
    assert world.planned() == {}


def test_a_plan_changes_nothing_and_says_what_the_run_does(world: World) -> None:
    world.audience(welcome())
    world.in_segment("vips", "ada")
    world.decide()
    world.in_segment("vips", "grace", "edith")

    plan = world.decide(commit=False)
    assert world.members("vips") == {"ada"}
    run = world.decide(after=timedelta())

    assert plan == run
    assert world.members("vips") == {"grace", "edith"}
