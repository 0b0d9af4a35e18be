from __future__ import annotations

from datetime import timedelta

from tests.delivery.world import World


def test_each_person_gets_their_message_once(world: World) -> None:
    keys = world.messages(world.people(25))

    delivery = world.deliver()

    assert (delivery.accepted, delivery.calls, delivery.problem) == (25, 25, "")
    assert world.platform.received == dict.fromkeys(keys, 1)
    assert set(world.states().values()) == {"accepted"}
    assert world.journals == []


def test_a_second_delivery_has_nothing_to_do(world: World) -> None:
    world.messages(world.people(3))
    world.deliver()
    calls = len(world.platform.calls)

    assert world.run().calls == 0
    assert len(world.platform.calls) == calls


def test_what_was_sent_is_known_to_the_warehouse_with_its_attempt(world: World) -> None:
    (key,) = world.messages(world.people(1))

    world.deliver()

    assert world.query("select state, provider_id, attempts, settled_run, settled_at from tidegate.outbox") == [
        ("accepted", f"id-{key}", 1, "run-1", world.now)
    ]
    assert world.query(
        "select message_key, attempt, rows, outcome, provider_id, settled_at >= claimed_at from tidegate.attempts"
    ) == [(key, 1, 1, "accepted", f"id-{key}", True)]


def test_the_message_is_made_of_the_person_and_the_entry_and_goes_to_their_address(world: World) -> None:
    (key,) = world.messages(world.people(1), entry={"order_id": "ö-1"})

    world.deliver()

    text = world.platform.texts[key]
    assert text["to"] == "p1@example.com"
    assert text["content"]["subject"] == "welcome for Ada1"
    assert text["content"]["text"] == '{"order_id": "\\u00f6-1"}'


def test_messages_that_came_too_late_are_skipped_and_that_is_written_down(world: World) -> None:
    (key,) = world.messages(world.people(1), expires=timedelta(0))

    delivery = world.deliver()

    assert (delivery.accepted, delivery.calls) == (0, 0)
    assert world.states() == {key: "skipped"}
    assert world.query("select message_key, run_id, verdict, reason, decided_at from tidegate.decisions") == [
        (key, "run-1", "skip", "expired", world.now)
    ]


def test_someone_whose_address_went_away_after_the_gate_gets_nothing(world: World) -> None:
    people = world.people(4)
    keys = world.messages(people)
    world.query("update main.people set email = null where customer_id = 2")
    world.query("update main.people set email = '  ' where customer_id = 3")
    world.query("delete from main.people where customer_id = 4")

    delivery = world.deliver()

    assert delivery.accepted == 1
    assert world.states() == {keys[0]: "accepted", keys[1]: "skipped", keys[2]: "skipped", keys[3]: "skipped"}
    assert world.query("select distinct verdict, reason from tidegate.decisions") == [("skip", "unreachable")]
    assert world.query("select count(*) from tidegate.attempts") == [(1,)]


def test_the_most_urgent_go_first(world: World) -> None:
    people = world.people(6)
    world.messages(people[:3], message="offer")
    world.messages(people[3:], message="receipt", priority=10)

    world.deliver(concurrency=1)

    order = [key.split(".")[1].split(":")[0] for key in world.platform.received]
    assert order == ["receipt"] * 3 + ["offer"] * 3


def test_a_message_that_cannot_be_made_is_rejected_without_anybodys_data_and_holds_nobody_back(world: World) -> None:
    people = world.people(2)
    (bad,) = world.messages(people[:1], entry={"trap": True})
    (good,) = world.messages(people[1:])

    delivery = world.deliver()

    assert (delivery.accepted, delivery.rejected, delivery.problem) == (1, 1, "")
    assert world.states() == {bad: "rejected", good: "accepted"}
    assert world.query("select reason, detail from tidegate.attempts where message_key = ?", [bad]) == [
        ("render", "ValueError")
    ]


def test_a_refused_message_is_rejected_and_the_others_arrive(world: World) -> None:
    keys = world.messages(world.people(5))
    world.platform.refused = {keys[2]}

    delivery = world.deliver(batch=5)

    assert (delivery.accepted, delivery.rejected) == (4, 1)
    assert world.states()[keys[2]] == "rejected"
    assert world.query("select reason from tidegate.outbox where state = 'rejected'") == [("told_to_refuse",)]


def test_a_message_whose_connection_broke_is_unknown_and_never_sent_again(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.append("lost")

    delivery = world.deliver()

    assert (delivery.accepted, delivery.unknown) == (0, 1)
    assert "1 is unknown and not sent again" in delivery.problem
    for _ in range(3):
        world.run()
    assert world.platform.received == {key: 1}
    assert world.states() == {key: "unknown"}


def test_a_message_that_the_platform_could_not_take_is_sent_again_in_the_same_run(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.extend(["503:0", "503:0"])

    delivery = world.deliver()

    assert (delivery.accepted, delivery.calls, delivery.problem) == (1, 3, "")
    assert world.platform.received == {key: 1}


def test_what_did_not_go_through_is_planned_again_for_later(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.extend(["503:0"] * 100)

    delivery = world.deliver()

    assert (delivery.owed, delivery.calls) == (1, 5)
    assert delivery.problem.endswith("1 message stays owed, the next run takes it up")
    assert world.query("select state, attempts, reason, claim, due_at from tidegate.outbox") == [
        ("planned", 1, "unavailable", None, world.now + timedelta(minutes=1))
    ]
    world.platform.faults.clear()
    world.run()
    assert world.platform.received == {key: 1}


def test_messages_of_another_destination_stay_where_they_are(world: World) -> None:
    world.messages(world.people(2), destination="elsewhere")

    assert world.deliver().calls == 0
    assert world.count("ready") == 2
