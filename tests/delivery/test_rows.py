from __future__ import annotations

import json
from datetime import timedelta
from hashlib import md5

import pytest

from tests.delivery.wire import Wire, WireThatComposes, WireThatFindsProfiles
from tests.delivery.world import World, identifiers_of, on_list
from tidegate.delivery import calls


def test_people_who_entered_are_on_the_list_and_the_warehouse_knows(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x", "3": "c@x"})

    delivery = world.deliver(batch=2)

    assert (delivery.accepted, delivery.calls, delivery.problem) == (3, 2, "")
    assert world.held() == world.believed() == on_list("a@x", "b@x", "c@x")
    assert world.owed() == []
    assert world.query("select fingerprint, accepted_at, run_id from tidegate.delivered limit 1") == [
        (1, world.now, "run-1")
    ]
    assert world.query("select list, rows, outcome, detail from tidegate.attempts") == [
        ("VIP", 3, "accepted", "3 accepted")
    ]


def test_people_who_left_are_taken_off_by_what_the_list_was_given(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.deliver(batch=10)
    world.later()
    world.owe("remove", {"1": "a@x"})

    world.deliver(batch=10)

    assert world.held() == world.believed() == on_list("b@x")
    assert world.owed() == []


def test_a_changed_address_replaces_the_old_one_on_a_list_in_one_delivery(world: World) -> None:
    world.owe("add", {"1": "old@x"})
    world.deliver()
    world.later()
    world.owe("update", {"1": "new@x"})

    delivery = world.deliver()

    assert delivery.accepted == 2
    assert [what for what, _ in world.platform.calls] == ["upsert", "upsert", "remove"]
    assert world.held() == world.believed() == on_list("new@x")


def test_who_is_taken_off_by_an_old_address_is_put_back_where_a_platform_knows_them_by_both(world: World) -> None:
    world.platform.profiles = [on_list("old@x", "new@x")]
    world.owe("add", {"1": "old@x", "2": "b@x"}, keyed_by="profile")
    world.deliver(WireThatFindsProfiles)
    world.later()
    world.owe("update", {"1": "new@x"}, keyed_by="profile")

    world.deliver(WireThatFindsProfiles, batch=5)

    assert [what for what, _ in world.platform.calls] == ["upsert", "upsert", "upsert", "remove", "upsert"]
    assert world.held() == world.believed() == on_list("new@x", "b@x")
    assert world.owed() == []


def test_who_leaves_under_both_addresses_stays_off(world: World) -> None:
    world.platform.profiles = [on_list("old@x", "new@x")]
    world.owe("add", {"1": "old@x"}, keyed_by="profile")
    world.deliver(WireThatFindsProfiles)
    old = world.query("select person, identity, identifiers from tidegate.delivered")[0]
    world.later()
    world.owe("add", {"1": "new@x"}, keyed_by="profile")
    world.deliver(WireThatFindsProfiles)
    world.later()
    world.owe("remove", {"1": "new@x"}, keyed_by="profile")
    world.owe_removal(*old)

    world.deliver(WireThatFindsProfiles)

    assert world.held() == world.believed() == set()
    assert world.owed() == []


def test_a_changed_address_leaves_the_old_record_of_a_crm_alone(world: World) -> None:
    world.owe("add", {"1": "old@x"}, mode="object")
    world.deliver()
    world.later()
    world.owe("update", {"1": "new@x"}, mode="object")

    world.deliver()

    assert world.held() == on_list("old@x", "new@x")
    assert world.believed() == on_list("new@x")


def test_who_leaves_a_crm_gets_the_values_of_leaving_and_is_forgotten(world: World) -> None:
    world.owe("add", {"1": "a@x"}, traits={"tier": "vip"}, mode="object")
    world.deliver()
    world.later()
    world.owe("leave", {"1": "a@x"}, traits={"tier": None}, mode="object")

    world.deliver()

    assert world.platform.traits["VIP"][json.dumps({"email": "a@x"})] == {"tier": None}
    assert world.believed() == set()


def test_an_address_that_moved_to_somebody_else_stays_on_the_list(world: World) -> None:
    world.owe("add", {"1": "shared@x"})
    world.deliver()
    world.later()
    world.owe("remove", {"1": "shared@x"})
    world.owe("add", {"2": "shared@x"})

    world.deliver()

    assert world.held() == on_list("shared@x")
    assert world.query("select person from tidegate.delivered") == [("2",)]
    assert world.owed() == []
    assert [what for what, _ in world.platform.calls] == ["upsert", "upsert"]


def test_an_address_stays_for_somebody_whose_row_is_not_accepted_yet(world: World) -> None:
    world.owe("add", {"1": "shared@x"})
    world.deliver()
    world.later()
    world.owe("remove", {"1": "shared@x"})
    world.owe("add", {"2": "shared@x"})
    world.platform.refused = on_list("shared@x")

    world.deliver()

    assert world.held() == on_list("shared@x")
    assert world.owed() == [("1", "remove", "due", None), ("2", "add", "refused", "told_to_refuse")]


def test_an_address_goes_after_all_when_the_next_person_gave_up_before_being_accepted(world: World) -> None:
    world.owe("add", {"1": "shared@x"})
    world.deliver()
    world.later()
    world.owe("remove", {"1": "shared@x"})
    world.owe("add", {"2": "shared@x"})
    world.platform.refused = on_list("shared@x")
    world.deliver()
    world.later()
    world.platform.refused = set()
    world.query("delete from tidegate.owed where person = '2'")

    world.deliver()

    assert world.held() == world.believed() == set()


def test_two_who_share_an_address_and_both_leave_are_off_the_list(world: World) -> None:
    world.owe("add", {"1": "shared@x", "2": "shared@x"})
    world.deliver()
    world.later()
    world.owe("remove", {"1": "shared@x", "2": "shared@x"})

    world.deliver()

    assert world.held() == world.believed() == set()
    assert world.owed() == []


def test_one_of_two_who_share_an_address_leaves_and_the_other_stays(world: World) -> None:
    world.owe("add", {"1": "shared@x", "2": "shared@x"})
    world.deliver()
    world.later()
    world.owe("remove", {"1": "shared@x"})

    world.deliver()

    assert world.held() == on_list("shared@x")
    assert world.query("select person from tidegate.delivered") == [("2",)]


def test_an_address_given_up_and_taken_again_before_the_removal_went_through_stays(world: World) -> None:
    world.owe("add", {"1": "first@x"})
    world.deliver()
    world.later()
    world.owe("update", {"1": "second@x"})
    world.platform.faults.extend(["", *["500"] * 100])  # the removal of the first does not get through
    world.deliver(time_budget=1)
    assert [row[1] for row in world.owed()] == ["remove"]
    world.platform.faults.clear()
    world.later()
    world.owe("update", {"1": "first@x"})

    world.deliver()

    assert world.held() == world.believed() == on_list("first@x")
    assert world.owed() == []


def test_a_removal_waits_while_the_same_row_is_still_to_be_put_there(world: World) -> None:
    world.owe("remove", {"1": "a@x"})
    world.owe("add", {"1": "a@x"})
    world.platform.faults.extend(["503"] * 100)

    delivery = world.deliver(time_budget=0.5)

    assert {what for what, _ in world.platform.calls} == {"upsert"}
    assert delivery.owed == 2


def test_a_person_whom_a_list_knows_by_key_stays_though_an_earlier_address_of_theirs_is_to_go(world: World) -> None:
    world.owe("add", {"1": "new@x"}, keyed_by="person")
    # What a call that nobody heard the end of may have put there.
    world.owe_removal("1", md5(identifiers_of("old@x").encode()).hexdigest(), identifiers_of("old@x"))

    world.deliver()

    assert [what for what, _ in world.platform.calls] == ["upsert"]
    assert world.believed() == on_list("new@x")
    assert world.owed() == []


def test_a_refused_row_holds_nobody_back_and_is_tried_again_less_and_less_often(world: World) -> None:
    world.platform.refused = on_list("bad@x")
    world.owe("add", {"1": "a@x", "2": "bad@x", "3": "c@x"})
    tries = []
    for attempts in range(5):
        delivery = world.deliver(batch=10)
        assert delivery.rejected == 1
        ((state, made, next_try),) = world.query("select state, attempts, next_try from tidegate.owed")
        assert (state, made) == ("refused", attempts + 1)
        tries.append((next_try - world.now).days)
        world.later(next_try - world.now)
        world.query("update tidegate.owed set state = 'due'")

    assert tries == [1, 2, 4, 7, 7]
    assert world.held() == on_list("a@x", "c@x")


def test_a_batch_that_is_refused_whole_is_halved_until_the_bad_rows_are_found(world: World) -> None:
    world.owe("add", {str(number): f"{number}@x" for number in range(64)})
    world.platform.poison = on_list("13@x", "40@x")

    delivery = world.deliver(batch=64)

    assert (delivery.accepted, delivery.rejected, delivery.problem) == (62, 2, "")
    assert world.held() == world.believed()
    assert world.owed() == [("13", "add", "refused", "http_400"), ("40", "add", "refused", "http_400")]


def test_a_row_over_which_the_platform_breaks_down_holds_nobody_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_FIRST_BACK_OFF", 0.02)
    world.owe("add", {str(number): f"p{number}@x" for number in range(16)})
    world.platform.fatal.add('{"email": "p11@x"}')

    delivery = world.deliver(batch=16, concurrency=1)

    assert (delivery.accepted, delivery.owed) == (15, 1)
    assert world.held() == on_list(*(f"p{number}@x" for number in range(16) if number != 11))
    assert world.owed() == [("11", "add", "due", "http_500")]


def test_rows_whose_connection_broke_are_sent_again_at_once(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.platform.faults.append("lost")

    delivery = world.deliver(batch=2)

    assert (delivery.accepted, delivery.calls, delivery.problem) == (2, 2, "")
    assert world.held() == world.believed()


def test_rows_that_stay_in_doubt_are_owed_and_marked(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.faults.extend(["lost"] * 100)

    delivery = world.deliver(time_budget=0.5)

    assert (delivery.accepted, delivery.owed, delivery.unknown) == (0, 1, 0)
    assert "1 row stays owed" in delivery.problem
    assert world.query("select state, in_doubt, next_try <= ? from tidegate.owed", [world.now]) == [("due", True, True)]
    world.platform.faults.clear()
    world.run()
    assert world.held() == world.believed() == on_list("a@x")
    assert world.owed() == []


def test_doubt_is_not_forgotten_when_a_later_try_certainly_did_nothing(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.faults.extend(["lost", *["503"] * 100])

    world.deliver(time_budget=1)

    assert world.query("select state, in_doubt from tidegate.owed") == [("due", True)]


def test_rows_not_due_yet_and_refused_ones_are_left_alone(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.query("update tidegate.owed set state = 'refused' where person = '1'")
    world.query("update tidegate.owed set next_try = ? where person = '2'", [world.now + timedelta(minutes=1)])

    assert world.deliver().calls == 0


def test_each_list_is_called_by_its_own_name(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"}, name="VIP")
    world.owe("add", {"1": "a@x"}, name="Lapsed")

    delivery = world.deliver(batch=100)

    assert delivery.calls == 2
    assert world.held("VIP") == on_list("a@x", "b@x")
    assert world.held("Lapsed") == on_list("a@x")


@pytest.mark.parametrize(
    ("connector", "order"),
    [
        (Wire, ["send", "upsert contact", "upsert A list"]),
        (WireThatComposes, ["upsert contact", "send", "upsert A list"]),
    ],
)
def test_a_person_has_a_record_before_a_list_or_a_message_speaks_of_it(
    world: World, connector: type[Wire], order: list[str]
) -> None:
    world.messages(world.people(1))
    world.owe("add", {"1": "a@x"}, name="A list")
    world.owe("add", {"1": "a@x"}, name="contact", mode="object")
    world.platform.slow = 0.01

    world.deliver(connector, batch=10)

    assert [f"{what} {name}".strip() for what, name in world.platform.called] == order


def test_many_portions_reach_the_list_whole(world: World) -> None:
    world.owe("add", {str(number): f"{number}@x" for number in range(120_000)})

    delivery = world.deliver(batch=1000)

    assert (delivery.accepted, delivery.calls) == (120_000, 120)
    assert len(world.held()) == 120_000
    assert world.held() == world.believed()
    assert world.journals == []


def test_a_portion_has_as_many_rows_as_all_calls_take_at_once(world: World) -> None:
    world.owe("add", {str(number): f"{number}@x" for number in range(25_000)})

    delivery = world.deliver(batch=12_500, concurrency=2)

    assert (delivery.accepted, delivery.calls) == (25_000, 2)
    assert world.query("select rows from tidegate.attempts") == [(25_000,)]
