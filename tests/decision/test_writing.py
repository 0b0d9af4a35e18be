"""How rows of an object are written: what is null, what is only created, and what the platform has not judged yet."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlglot import exp

from tests.decision.world import World, column, list_of, synced
from tidegate.spec.objects import Guard


def contact(world: World, **changes: object) -> None:
    audience = synced(to="crm", list_name="contact", guard=Guard(max_leave=None))
    traits = {"phone": column("person", "phone"), "agrees": column("person", "agrees")}
    world.audience(replace(audience, sync=(replace(audience.sync[0], set=traits, **changes),)))  # type: ignore[arg-type]


def owed(world: World) -> dict[object, tuple[object, dict[str, object]]]:
    found = world.rows("select person, operation, traits from tidegate.owed")
    return {person: (operation, json.loads(str(traits))) for person, operation, traits in found}


def test_a_null_overwrites_nothing_unless_told(world: World) -> None:
    contact(world)
    world.person("ada", phone=None)
    world.in_segment("vips", "ada")

    world.decide()

    assert owed(world) == {"ada": ("add", {"agrees": True})}


def test_a_null_empties_the_field_where_it_is_told_to(world: World) -> None:
    contact(world, overwrite_with_null=True)
    world.person("ada", phone=None)
    world.in_segment("vips", "ada")

    world.decide()

    assert owed(world) == {"ada": ("add", {"phone": None, "agrees": True})}


def test_a_value_that_is_gone_needs_no_call(world: World) -> None:
    contact(world)
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.person("ada", phone=None)

    world.decide()
    assert owed(world) == {}

    world.person("ada", phone="+442079460001")
    world.decide()
    assert owed(world) == {"ada": ("update", {"phone": "+442079460001", "agrees": True})}


def test_fields_with_quotes_and_nested_nulls_stay_as_they_are(world: World) -> None:
    audience = synced(to="crm", list_name="contact")
    nested = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier("a"), expression=exp.null()),
            exp.PropertyEQ(this=exp.to_identifier("b"), expression=exp.Literal.number(1)),
        ]
    )
    traits = {'the "best"': nested, "note": exp.Literal.string('say "hi"')}
    world.audience(replace(audience, sync=(replace(audience.sync[0], set=traits),)))
    world.in_segment("vips", "ada")

    world.decide()

    assert owed(world) == {"ada": ("add", {'the "best"': {"a": None, "b": 1}, "note": 'say "hi"'})}


def test_what_is_only_created_is_never_touched_again(world: World) -> None:
    contact(world, write="create")
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.person("ada", phone="+442079460001", email="ada@new.example.com")
    world.in_segment("vips", "ada", "bob")

    world.decide()

    assert {person: operation for person, (operation, _) in owed(world).items()} == {"bob": "add"}
    assert world.rows("select write from tidegate.lists") == [("create",)]


def test_how_it_is_written_may_change_later(world: World) -> None:
    contact(world)
    world.in_segment("vips", "ada")
    world.decide()
    contact(world, write="update")

    world.decide()

    assert world.rows("select write from tidegate.lists") == [("update",)]


def test_once_nulls_empty_fields_those_that_were_null_before_are_emptied(world: World) -> None:
    contact(world)
    world.in_segment("vips", "ada", "bob")
    world.decide()
    world.accept_everything_owed()
    world.person("ada", phone=None)
    world.decide()
    contact(world, overwrite_with_null=True)

    for _ in range(2):  # until it is accepted
        world.decide()
        assert owed(world) == {"ada": ("update", {"phone": None, "agrees": True})}


def test_what_was_only_created_is_told_again_once_it_is_to_be_kept_equal(world: World) -> None:
    contact(world, write="create")
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    contact(world)

    for _ in range(2):  # until it is accepted
        world.decide()
        assert owed(world) == {"ada": ("update", {"phone": "+442079460000", "agrees": True})}
    world.accept_everything_owed()
    world.decide()
    assert owed(world) == {}


def test_a_row_that_may_be_there_goes_though_its_fields_changed_before_its_person_left(world: World) -> None:
    contact(world, on_leave="remove")
    world.in_segment("vips", "ada")
    world.decide()
    world.rows("update tidegate.owed set in_doubt = true, reason = 'interrupted'")
    world.person("ada", phone="+442079460001")
    world.decide()
    world.in_segment("vips")

    world.decide()

    assert {person: operation for person, (operation, _) in owed(world).items()} == {"ada": "remove"}


def test_who_may_have_been_taken_off_is_told_again_until_it_is_accepted(world: World) -> None:
    world.audience(synced(guard=Guard(max_leave=None)))
    world.in_segment("vips", "ada")
    world.decide()
    world.accept_everything_owed()
    world.in_segment("vips")
    world.decide()
    world.rows("update tidegate.owed set in_doubt = true, reason = 'interrupted'")
    world.in_segment("vips", "ada")

    for _ in range(2):
        world.decide()
        assert world.owed() == {("ada", "update", "due")}


def test_owners_of_one_object_fill_each_their_own_fields(world: World) -> None:
    field = {"fans": "phone", "vips": "agrees"}
    for name in field:
        audience = synced(name, to="crm", list_name="contact", guard=Guard(max_leave=None))
        traits = {field[name]: column("person", field[name])}
        world.audience(replace(audience, sync=(replace(audience.sync[0], set=traits, overwrite_with_null=True),)))
    world.in_segment("fans", "ada", "bob")
    world.in_segment("vips", "ada", "cyd")

    world.decide()

    assert {person: traits for person, (_, traits) in owed(world).items()} == {
        "ada": {"phone": "+442079460000", "agrees": True},
        "bob": {"phone": "+442079460000", "agrees": None},
        "cyd": {"phone": None, "agrees": True},
    }


def test_nothing_is_planned_for_a_person_whose_row_is_not_judged_yet(world: World) -> None:
    contact(world)
    world.in_segment("vips", "ada", "bob")
    world.decide()
    world.rows("update tidegate.owed set state = 'submitted', job = 'j1', job_position = 0 where person = 'ada'")
    world.person("ada", phone="+442079460001")
    world.in_segment("vips", "bob")

    decision = world.decide()

    assert {(person, state) for person, _, state in world.owed()} == {("ada", "submitted"), ("bob", "due")}
    assert list_of(decision, "contact").add == 1


def test_a_person_who_left_meanwhile_goes_once_the_row_is_judged(world: World) -> None:
    world.audience(synced(guard=Guard(max_leave=None)))
    world.in_segment("vips", "ada", "bob")
    world.decide()
    world.rows("update tidegate.owed set state = 'submitted', job = 'j1', job_position = 0 where person = 'ada'")
    world.in_segment("vips", "bob")
    world.decide()
    world.rows("update tidegate.owed set state = 'due'")
    world.accept_everything_owed()

    world.decide()

    assert world.owed() == {("ada", "remove", "due")}
