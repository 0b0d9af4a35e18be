"""Lists that journeys put people on: together with audiences, and by themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlglot import exp

from tests.journeys.world import World
from tidegate import owing
from tidegate.results import Decision, ListDecision
from tidegate.spec.objects import Audience, Guard, Limit, Sync
from tidegate.status import status

VISITED = "journey: visited\nenter:\n  on: event 'visited'\n  again: per event_id\n"
ON = "steps:\n  - sync: {to: meta_ads, list: Visitors}\n"


def visits(world: World, *names: str) -> None:
    for name in names:
        world.does(name, "visited")


def begun(world: World, steps: str = ON, head: str = VISITED) -> None:
    """Somebody looks at the journey first, so that what follows is news."""
    world.person("ada", "grace", "hedy")
    world.journey(f"{head}{steps}")
    world.run()
    world.now = world.moment("10:05")


def on(world: World, name: str = "Visitors") -> set[object]:
    return {person for (person,) in world.rows("select person from tidegate.delivered where list = $name", name=name)}


def of(decision: Decision, name: str = "Visitors") -> ListDecision:
    return next(one for one in decision.lists if one.list == name)


def synced(name: str = "vips", list_name: str = "Visitors", **match: str) -> Audience:
    """An audience that owns a list, matched by columns of the segment or, as `person.x`, of the person."""
    trees = {
        identifier: exp.column(column.removeprefix("person."), table="person" if "person." in column else "entry")
        for identifier, column in (match or {"email": "person.email"}).items()
    }
    sync = Sync("meta_ads", "list", list_name, trees)  # type: ignore[arg-type]
    return Audience(name, f"audiences/{name}.yml", who=name, sync=(sync,), guard=Guard(max_leave=Limit(share=1.0)))


def test_whoever_reaches_a_step_is_put_on_its_list_and_stays_there_when_the_walk_is_over(world: World) -> None:
    begun(world)
    visits(world, "ada")

    decision = world.run("10:06")
    later = world.run("12:00")

    assert (of(decision).owners, of(decision).add) == (("visited",), 1)
    assert (of(later).add, of(later).remove) == (0, 0)
    assert on(world) == {"ada"}


def test_without_a_match_people_are_told_by_every_identifier_that_people_has_a_column_for(world: World) -> None:
    begun(world)
    world.person("ada", email=" Ada@Example.com ")
    visits(world, "ada")

    world.run("10:06")

    ((identifiers,),) = world.rows("select identifiers from tidegate.delivered")
    told = json.loads(str(identifiers))
    assert set(told) == {"email", "phone"}
    assert told["email"] == sha256(b"ada@example.com").hexdigest()


def test_a_match_in_the_step_counts(world: World) -> None:
    begun(world, "steps:\n  - sync: {to: meta_ads, list: Visitors, match: {email: person.email}}\n")
    visits(world, "ada")

    world.run("10:06")

    ((identifiers,),) = world.rows("select identifiers from tidegate.delivered")
    assert set(json.loads(str(identifiers))) == {"email"}


def test_somebody_is_moved_from_one_list_to_another(world: World) -> None:
    begun(
        world,
        "steps:\n  - sync: {to: meta_ads, list: Visitors}\n  - wait: 1 hour\n"
        "  - sync: {to: meta_ads, list: Regulars, remove: Visitors}\n",
    )
    visits(world, "ada")
    world.run("10:06")
    assert (on(world), on(world, "Regulars")) == ({"ada"}, set())

    world.run("12:00")

    assert (on(world), on(world, "Regulars")) == (set(), {"ada"})
    assert world.rows("select list, removed_at is not null from tidegate.list_members order by list") == [
        ("Regulars", False),
        ("Visitors", True),
    ]


def test_on_completion_people_are_put_on_a_list_and_taken_off_another(world: World) -> None:
    begun(
        world,
        "on_complete: [{sync: {to: meta_ads, list: Done, remove: Visitors}}]\n"
        "steps:\n  - sync: {to: meta_ads, list: Visitors}\n",
    )
    visits(world, "ada")

    world.run("10:06")

    assert (on(world), on(world, "Done")) == (set(), {"ada"})


def test_who_leaves_by_a_rule_has_not_completed(world: World) -> None:
    begun(
        world,
        "exit: {when: did('ordered')}\non_complete: [{sync: {to: meta_ads, list: Done}}]\nsteps:\n  - wait: 1 hour\n",
    )
    visits(world, "ada", "grace")
    world.run("10:06")
    world.does("ada", "ordered", at="10:10")

    world.run("12:00")

    assert on(world, "Done") == {"grace"}


def test_a_list_of_an_audience_and_a_journey_holds_whoever_one_of_them_wants(world: World) -> None:
    world.audiences["vips"] = synced()
    world.joins("vips", "hedy")
    begun(world)
    visits(world, "ada")

    decision = world.run("10:06")

    assert of(decision).owners == ("vips", "visited")
    assert on(world) == {"ada", "hedy"}
    told = world.rows("select identifiers from tidegate.delivered")
    assert all(set(json.loads(str(row[0]))) == {"email"} for row in told)  # as the audience says


def test_whoever_a_journey_takes_off_stays_on_while_an_audience_wants_them(world: World) -> None:
    world.audiences["vips"] = synced()
    world.joins("vips", "ada")
    begun(
        world,
        "steps:\n  - sync: {to: meta_ads, list: Visitors}\n  - wait: 1 hour\n"
        "  - sync: {to: meta_ads, remove: Visitors}\n",
    )
    visits(world, "ada", "grace")
    world.run("10:06")
    world.run("12:00")
    assert on(world) == {"ada"}
    world.leaves("vips", "ada")
    world.joins("vips", "hedy")

    world.run("12:30")

    assert on(world) == {"hedy"}


def test_a_value_only_the_segment_has_is_taken_from_the_column_of_that_name_for_a_journeys_people(world: World) -> None:
    world.audiences["vips"] = synced(email="work_email")
    world.joins("vips", "hedy", work_email="hedy@work.example")
    begun(world)
    visits(world, "ada")

    world.run("10:06")

    found = dict(world.rows("select person, identifiers from tidegate.delivered"))
    assert json.loads(str(found["ada"])) == {"email": sha256(b"ada@example.com").hexdigest()}
    assert json.loads(str(found["hedy"])) == {"email": sha256(b"hedy@work.example").hexdigest()}


@pytest.mark.parametrize("by", ["column", "record"])
def test_without_consent_nobody_is_on_a_list_whatever_a_journey_says(world: World, by: str) -> None:
    if by == "column":
        world.settings["consent"] = {"ads": exp.column("ads_ok", table="person")}
    world.person("ada", ads_ok=True)
    world.person("grace", ads_ok=by == "record")
    begun(world)
    if by == "record":
        world.consents("grace", "ads", False)
    visits(world, "ada", "grace")

    world.run("10:06")

    assert on(world) == {"ada"}


def test_consent_given_later_puts_them_there_after_all(world: World) -> None:
    begun(world)
    world.consents("grace", "ads", False)
    visits(world, "grace")
    world.run("10:06")
    assert on(world) == set()

    world.consents("grace", "ads", True, at="10:30")
    world.run("11:00")

    assert on(world) == {"grace"}


def test_whoever_is_no_longer_among_the_people_goes_from_a_journeys_list(world: World) -> None:
    begun(world)
    visits(world, "ada", "grace")
    world.run("10:06")
    del world.people["ada"]
    world.events = [event for event in world.events if event["customer_id"] != "ada"]

    world.run("11:00")

    assert on(world) == {"grace"}


def test_a_journey_whose_file_is_deleted_leaves_its_list_as_it_is_until_somebody_chooses(world: World) -> None:
    begun(world)
    visits(world, "ada")
    world.run("10:06")
    del world.journeys["visited"]

    decision = world.run("11:00")

    assert (of(decision).owners, on(world)) == ((), {"ada"})
    assert "until you choose: `tidegate release meta_ads 'Visitors'" in of(decision).blocked

    owing.release(world.warehouse, "meta_ads", "Visitors", "remove")
    world.run("11:30")
    world.run("11:45")

    assert on(world) == set()
    assert world.rows("select * from tidegate.list_members where removed_at is null") == []


def test_a_list_only_a_journey_puts_people_on_is_never_ownerless_while_somebody_is_there_by_it(world: World) -> None:
    begun(world)
    visits(world, "ada")
    world.run("10:06")
    world.journey(f"{VISITED}steps:\n  - send: hello\n    by: email\n")

    decision = world.run("11:00")

    assert (of(decision).owners, of(decision).blocked, on(world)) == (("visited",), "", {"ada"})


def test_a_journey_that_only_takes_people_off_a_list_does_not_own_it(world: World) -> None:
    world.audiences["vips"] = synced()
    world.joins("vips", "ada", "hedy")
    begun(world, "steps:\n  - sync: {to: meta_ads, remove: Visitors}\n")
    world.run("10:06")
    del world.audiences["vips"]

    decision = world.run("11:00")

    assert of(decision).owners == ()
    assert on(world) == {"ada", "hedy"}


def test_a_draft_owns_no_list(world: World) -> None:
    begun(world, ON, "status: draft\n" + VISITED)

    assert world.run("10:06").lists == ()


def test_a_journey_that_takes_no_part_holds_its_lists(world: World) -> None:
    begun(world)
    visits(world, "ada")
    world.run("10:06")
    world.people["ada"]["email"] = "ada@elsewhere.example"
    world.unfit["visited"] = ("failed", "its model could not be built")

    decision = world.run("11:00")

    assert of(decision).blocked == "visited"
    assert world.rows("select count(*) from tidegate.owed where state = 'due'") == [(0,)]


def test_a_journey_is_not_the_way_to_empty_a_list_that_an_audience_left_to_it(world: World) -> None:
    world.audiences["vips"] = replace(synced(), guard=Guard(max_enter=None))
    people = [f"person-{number}" for number in range(40)]
    world.person(*people)
    world.joins("vips", *people)
    begun(world)
    visits(world, "ada")
    world.run("10:06")
    del world.audiences["vips"]

    decision = world.run("11:00")

    assert "40 of 41 would go from `Visitors`" in of(decision).blocked
    assert len(on(world)) == 41


def test_a_journeys_guard_may_allow_that_people_go_from_its_lists(world: World) -> None:
    people = [f"person-{number}" for number in range(40)]
    begun(world, ON, VISITED + "guard: {max_leave: 100%}\n")
    world.person(*people)
    visits(world, *people)
    world.run("10:06")
    for name in people:
        world.consents(name, "ads", False)

    decision = world.run("11:00")

    assert (of(decision).blocked, on(world)) == ("", set())


def test_as_many_as_ever_a_step_takes_off_go(world: World) -> None:
    people = [f"person-{number}" for number in range(40)]
    begun(
        world,
        "steps:\n  - sync: {to: meta_ads, list: Visitors}\n  - wait: 1 hour\n"
        "  - sync: {to: meta_ads, remove: Visitors}\n",
    )
    world.person(*people)
    visits(world, *people)
    world.run("10:06")
    assert len(on(world)) == 40

    world.run("12:00")

    assert on(world) == set()


def test_a_list_that_a_journey_names_no_more_can_be_released(world: World) -> None:
    begun(world)
    visits(world, "ada")
    world.run("10:06")
    world.journey(f"{VISITED}steps:\n  - send: hello\n    by: email\n")
    world.run("10:30")

    owing.release(world.warehouse, "meta_ads", "Visitors", "remove")
    world.run("11:00")
    world.run("11:30")

    assert on(world) == set()


def test_status_does_not_call_a_journeys_list_ownerless(world: World) -> None:
    begun(world)
    visits(world, "ada")
    world.run("10:06")
    assert status(world.warehouse, project=world.project).ownerless == ()

    del world.journeys["visited"]

    (ownerless,) = status(world.warehouse, project=world.project).ownerless
    assert (ownerless.list, ownerless.people) == ("Visitors", 1)
