"""What a platform answers to a message that asks for it is kept, whatever happens on the way, and told later."""

from __future__ import annotations

import json

import pytest

from tests.delivery.wire import WireThatAnswers
from tests.delivery.world import World
from tidegate.connector import Outcome

SCORE = {"score": 87, "why": {"visits": [1, 2]}}


def asks(world: World, says: str = json.dumps(SCORE), people: int = 1) -> list[str]:
    """Messages of a journey's walks whose answer is waited for."""
    keys = world.messages(world.people(people), message="score", entry={"says": says})
    world.query("update tidegate.outbox set answers = true, instance = cast(person as bigint), step = 'score_lead'")
    return keys


def kept(world: World) -> dict[str, object]:
    found = world.query("select message_key, body from tidegate.answers")
    assert len(found) == len(dict(found))
    return {key: body if body is None else json.loads(body) for key, body in found}


def test_an_answer_is_kept_with_its_message(world: World) -> None:
    (key,) = asks(world)

    world.deliver(WireThatAnswers)

    assert kept(world) == {key: SCORE}
    assert world.query("select answered_at from tidegate.answers") == [(world.now,)]


def test_nothing_is_kept_where_nobody_asks(world: World) -> None:
    world.messages(world.people(1), entry={"says": json.dumps(SCORE)})

    world.deliver(WireThatAnswers)

    assert kept(world) == {}


@pytest.mark.parametrize(
    "says",
    ["", "OK", "[1]", "87", '{"score": NaN}', '{"half": "\\ud800"}', '{"long": "' + "x" * 70_000 + '"}', "[" * 50_000],
)
def test_what_is_no_object_that_can_be_kept_is_null(world: World, says: str) -> None:
    (key,) = asks(world, says)

    world.deliver(WireThatAnswers)

    assert kept(world) == {key: None}
    assert world.states() == {key: "accepted"}


def test_of_those_refused_no_answer_is_kept(world: World) -> None:
    keys = asks(world, people=2)
    world.platform.refused.add(keys[0])

    world.deliver(WireThatAnswers)

    assert kept(world) == {keys[1]: SCORE}


@pytest.mark.parametrize("moment", ["outcome written", "journal synced", "settle uncommitted", "settle committed"])
def test_an_answer_outlives_whoever_heard_it(world: World, moment: str) -> None:
    keys = asks(world, people=2)

    assert world.in_a_process(moment, connector="WireThatAnswers", batch=10) == -9
    world.later()
    world.recover()
    world.recover()

    assert kept(world) == dict.fromkeys(keys, SCORE)
    assert set(world.states().values()) == {"accepted"}


def test_a_later_message_of_the_walk_tells_the_answer(world: World) -> None:
    people = world.people(2)
    asked = world.messages(people, message="score", entry={"says": json.dumps(SCORE)})
    world.query("update tidegate.outbox set answers = true, instance = cast(person as bigint), step = 'score_lead'")
    world.platform.refused.add(asked[1])
    world.deliver(WireThatAnswers)
    world.later()
    told = world.messages(people, message="tell", entry={"tells": "score_lead"})
    world.query("update tidegate.outbox set instance = cast(person as bigint) where message = 'tell'")

    world.deliver(WireThatAnswers)

    assert [world.platform.texts[key]["content"]["text"] for key in told] == ["87", "None"]


def test_an_answer_says_so_where_it_is_made() -> None:
    assert Outcome.accepted("id", b'{"score": 87}').answer == '{"score":87}'
    assert Outcome.accepted("id", b"OK").answer == "null"
    assert Outcome.accepted("id").answer is None
