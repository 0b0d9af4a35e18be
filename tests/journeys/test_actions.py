"""What steps do beside sending: traits, tags, events; and what models and later steps make of them."""

from __future__ import annotations

import json

from tests.journeys.world import World

VISITED = "journey: visited\nenter:\n  on: event 'visited'\n  again: per event_id\n"


def traits(world: World, person: str) -> dict[object, object]:
    """The traits and tags of somebody: the latest row of a name counts, as docs/actions.md has it."""
    found = world.rows(
        "select name, value from tidegate.traits where person = $person "
        "qualify row_number() over (partition by kind, name order by set_at desc, journey desc) = 1",
        person=person,
    )
    return {name: value if value is None else json.loads(str(value)) for name, value in found}


def visits(world: World, *names: str, **properties: object) -> None:
    for name in names:
        world.does(name, "visited", **properties)


def begun(world: World, steps: str, head: str = VISITED) -> None:
    world.person("ada", "grace", country="DE")
    world.journey(f"{head}steps:\n{steps}")
    world.run()
    world.now = world.moment("10:05")


def test_a_step_sets_traits_and_tags_of_everybody_who_reaches_it(world: World) -> None:
    begun(world, "  - set: {offer: \"'spring'\", land: person.country, times: 3}\n    tag: [vip, seen]\n")
    visits(world, "ada")

    world.run("10:06")

    assert traits(world, "ada") == {"offer": "spring", "land": "DE", "times": 3, "vip": True, "seen": True}
    assert traits(world, "grace") == {}
    assert world.ended("ada") == "completed"


def test_what_is_set_last_counts_also_within_one_run(world: World) -> None:
    begun(world, "  - {set: {offer: \"'spring'\"}, tag: vip}\n  - {set: {offer: \"'summer'\"}, untag: vip}\n")
    visits(world, "ada")

    world.run("10:06")

    assert traits(world, "ada") == {"offer": "summer", "vip": None}


def test_a_trait_that_was_set_is_seen_by_the_step_after_it(world: World) -> None:
    begun(
        world,
        "  - {set: {offer: \"'spring'\"}, tag: vip}\n"
        "  - if: trait('offer') = 'spring' and has_tag('vip')\n"
        "    then: [{send: offered, by: email}]\n",
    )
    visits(world, "ada")

    world.run("10:06")

    assert world.sent("ada") == ["offered"]


def test_an_event_is_emitted_at_the_persons_own_time_with_its_properties(world: World) -> None:
    begun(world, "  - event: went_by\n    with: {land: person.country, sku: entry.properties->>'sku', amount: 12}\n")
    visits(world, "ada", sku="A-1")

    world.run("11:00")

    ((person, name, occurred_at, emitted_at, properties),) = world.rows(
        "select person, name, occurred_at, emitted_at, properties from tidegate.emitted"
    )
    assert (person, name) == ("ada", "went_by")
    assert (occurred_at, emitted_at) == (world.moment("10:05"), world.moment("11:00"))
    assert json.loads(str(properties)) == {"land": "DE", "sku": "A-1", "amount": 12}


def test_an_emitted_event_is_seen_by_the_journeys_own_steps_at_once_and_by_others_from_the_next_run(
    world: World,
) -> None:
    begun(
        world, "  - wait: 1 minute\n  - event: went_by\n  - if: did('went_by')\n    then: [{send: heard, by: email}]\n"
    )
    world.journey(
        "journey: watchers\nenter: {on: event 'visited'}\n"
        "steps:\n  - wait: {for: did('went_by'), up_to: 1 day}\n    then: [{send: late, by: email}]\n"
    )
    world.run("10:06")
    world.now = world.moment("10:07")
    visits(world, "ada")

    world.run("10:08")
    assert world.sent("ada") == ["heard"]
    world.run("10:09")

    assert world.sent("ada") == ["heard", "late"]
    assert world.rows("select count(distinct event_id), count(*) from tidegate.emitted") == [(1, 1)]


def test_running_again_at_once_sets_and_emits_nothing_more(world: World) -> None:
    begun(world, "  - {set: {offer: \"'spring'\"}}\n  - event: went_by\n  - sync: {to: meta_ads, list: Visitors}\n")
    visits(world, "ada", "grace")
    world.run("10:06")
    once = world.state()

    world.run("10:06")

    assert world.state() == once


def test_a_plan_sets_nothing(world: World) -> None:
    begun(world, "  - {set: {offer: \"'spring'\"}}\n  - event: went_by\n  - sync: {to: meta_ads, list: Visitors}\n")
    visits(world, "ada")
    nothing = world.state()

    world.plan("10:06")

    assert world.state() == nothing


def test_a_journey_that_its_guard_blocks_sets_nothing_and_puts_nobody_on_a_list(world: World) -> None:
    world.person("ada", "grace")
    world.journey(
        VISITED + "guard: {max_enter: 1}\nsteps:\n  - {set: {offer: \"'spring'\"}}\n"
        "  - sync: {to: meta_ads, list: Visitors}\n"
    )
    world.run()
    world.now = world.moment("10:05")
    visits(world, "ada", "grace")

    decision = world.run("10:06")

    assert world.of("visited").verdict == "blocked"
    assert traits(world, "ada") == {}
    assert world.rows("select * from tidegate.list_members") == []
    (visitors,) = decision.lists
    assert (visitors.list, visitors.owners, visitors.blocked) == ("Visitors", ("visited",), "visited")


def test_of_two_walks_in_one_run_the_later_one_sets_what_counts(world: World) -> None:
    world.trigger("leads")
    world.journey(
        """
        journey: welcome
        enter: {on: occur ref('leads'), again: every 1 hour}
        steps:
          - untag: served
          - sync: {to: meta_ads, remove: Served, match: {email: email}}
          - wait: 1 hour
          - tag: served
          - sync: {to: meta_ads, list: Served, match: {email: email}}
        """
    )
    world.run()
    world.occurs("leads", "ada", "12:00")
    world.run("12:00")
    world.occurs("leads", "ada", "13:30")

    world.run("14:00")  # the first walk ended at one o'clock

    assert world.walks("ada") == 2
    assert world.rows("select value from tidegate.traits order by set_at desc limit 1") == [(None,)]
    assert world.rows("select person from tidegate.list_members where removed_at is null") == []
