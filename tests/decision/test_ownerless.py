"""Lists whose audience was deleted or renamed: nobody is left off by mistake, and nobody stays on against the file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.decision.world import World, list_of, synced
from tidegate import owing
from tidegate.decision import absent
from tidegate.results import Absent, ListDecision
from tidegate.spec.objects import Guard


def kept(list_name: str = "VIPs", **changes: object) -> None:
    audience = synced(list_name=list_name, guard=Guard(max_leave=None))
    return replace(audience, sync=tuple(replace(sync, **changes) for sync in audience.sync))  # type: ignore[arg-type]


def listed(world: World, **changes: object) -> None:
    world.audience(kept(**changes))  # type: ignore[arg-type]
    world.audience(synced("others", list_name="Others"))
    world.in_segment("vips", "ada", "bob")
    world.decide()
    world.accept_everything_owed()


def held(world: World, name: str = "VIPs") -> set[object]:
    found = world.rows("select person from tidegate.delivered where list = $name", name=name)
    return {person for (person,) in found}


def removals(world: World, name: str = "VIPs") -> set[object]:
    found = world.rows("select person from tidegate.owed where list = $name and operation = 'remove'", name=name)
    return {person for (person,) in found}


def test_on_delete_remove_takes_everybody_off_once_the_audience_is_gone(world: World) -> None:
    listed(world, on_delete="remove")
    del world.audiences["vips"]

    decision = world.decide()

    assert list_of(decision, "VIPs") == ListDecision("ads", "VIPs", (), remove=2)
    assert removals(world) == {"ada", "bob"}
    world.rows("delete from tidegate.delivered")
    world.rows("delete from tidegate.owed")
    assert [one.list for one in world.decide().lists] == ["Others"]
    assert world.rows("select list from tidegate.lists") == [("Others",)]


def test_a_project_that_lost_all_of_its_audiences_empties_nothing_by_itself(world: World) -> None:
    listed(world, on_delete="remove")
    world.audiences.clear()

    assert "until you choose" in list_of(world.decide(), "VIPs").blocked
    assert removals(world) == set()

    owing.release(world.warehouse, "ads", "VIPs", "remove")
    world.decide()
    assert removals(world) == {"ada", "bob"}


def test_deciding_again_before_they_are_off_changes_nothing(world: World) -> None:
    listed(world, on_delete="remove")
    del world.audiences["vips"]
    world.decide()
    world.rows(
        "update tidegate.owed set state = 'refused', reason = 'no', attempts = 3, next_try = now() + interval 9 year"
    )
    before = world.rows("select * from tidegate.owed order by person")

    world.decide()

    assert world.rows("select * from tidegate.owed order by person") == before


def test_on_delete_keep_leaves_them_on_it_and_forgets_the_list(world: World) -> None:
    listed(world, on_delete="keep")
    del world.audiences["vips"]

    assert [one.list for one in world.decide().lists] == ["Others"]

    assert (held(world), removals(world)) == (set(), set())
    assert world.rows("select list from tidegate.lists") == [("Others",)]


@pytest.mark.parametrize(("choice", "going"), [("remove", {"ada", "bob"}), ("keep", set())])
def test_a_person_who_is_asked_chooses(world: World, choice: str, going: set[str]) -> None:
    listed(world)
    del world.audiences["vips"]
    assert "--keep` or `--remove`" in list_of(world.decide(), "VIPs").blocked

    assert owing.release(world.warehouse, "ads", "VIPs", choice)
    world.decide()

    assert removals(world) == going
    assert not owing.release(world.warehouse, "ads", "VIP", choice)


def test_a_renamed_list_loses_nobody_before_the_new_one_has_them(world: World) -> None:
    listed(world, on_delete="remove")
    world.audience(kept("Best customers", on_delete="remove"))  # type: ignore[arg-type]

    first = world.decide()
    assert "emptied once the additions" in list_of(first, "VIPs").blocked
    assert removals(world) == set()
    assert held(world) == {"ada", "bob"}

    world.accept_everything_owed()
    world.decide()
    assert held(world, "Best customers") == {"ada", "bob"}
    assert removals(world) == {"ada", "bob"}


def test_what_the_file_says_later_counts(world: World) -> None:
    listed(world)
    world.audience(kept(on_delete="remove"))  # type: ignore[arg-type]
    world.decide()
    del world.audiences["vips"]

    world.decide()

    assert removals(world) == {"ada", "bob"}


def test_a_renamed_list_loses_nobody_while_the_new_one_is_blocked(world: World) -> None:
    listed(world, on_delete="remove")
    world.audience(kept("Best customers", on_delete="remove"))  # type: ignore[arg-type]
    world.unfit = {"vips": ("failed", "its model does not build")}

    blocked = world.decide()
    assert "is blocked" in list_of(blocked, "VIPs").blocked
    assert removals(world) == set()

    world.unfit = {}
    world.decide()
    world.accept_everything_owed()
    world.decide()
    assert held(world, "Best customers") == {"ada", "bob"}
    assert removals(world) == {"ada", "bob"}


def gone(world: World, *names: str) -> None:
    """tidegate.yml loses these destinations."""
    left = {name: spec for name, spec in world.project.destinations.items() if name not in names}
    world.settings = {"destinations": left}


@pytest.mark.parametrize("on_delete", [None, "remove"])
def test_of_a_destination_that_is_gone_nothing_is_forgotten_and_a_person_is_told(
    world: World, on_delete: str | None
) -> None:
    listed(world, on_delete=on_delete)
    world.in_segment("vips", "bob")
    world.decide()
    world.rows("update tidegate.owed set state = 'submitted', job = 'j'")
    world.audiences.clear()
    world.in_segment("vips", "bob", "cyd")
    world.audience(synced("others", to="crm", list_name="Others"))
    gone(world, "ads")

    decision = world.decide()

    assert decision.absent == (Absent("ads", ("VIPs",), 2, 1),)
    assert [one for one in decision.lists if one.destination == "ads"] == []
    assert "`tidegate release ads --keep`" in absent.in_words(decision.absent[0])
    assert world.rows("select person, state from tidegate.owed where destination = 'ads'") == [("ada", "submitted")]
    assert held(world) == {"ada", "bob"}


def test_a_destination_that_comes_back_is_taken_up_where_it_was_left(world: World) -> None:
    listed(world)
    world.in_segment("vips", "bob")
    world.decide()
    audiences = dict(world.audiences)
    world.audiences = {}
    gone(world, "ads")
    world.decide()
    assert world.rows("select state from tidegate.owed") == [("held",)]

    world.audiences, world.settings = audiences, {}
    decision = world.decide()

    assert decision.absent == ()
    assert list_of(decision, "VIPs") == ListDecision("ads", "VIPs", ("vips",), remove=1)
    assert world.rows("select person, state from tidegate.owed") == [("ada", "due")]


def test_a_destination_that_is_gone_may_be_forgotten(world: World) -> None:
    listed(world)
    world.in_segment("vips", "bob")
    world.decide()
    world.rows("update tidegate.owed set state = 'submitted', job = 'j'")
    world.audiences.clear()
    gone(world, "ads")
    world.decide()

    assert owing.forget(world.warehouse, "ads") == 2
    decision = world.decide()

    assert decision.absent == ()
    assert world.rows("select list from tidegate.lists union all select person from tidegate.owed") == []
    assert held(world) == set()
    assert owing.forget(world.warehouse, "ads") == 0
