"""Users, lists and campaigns at Braze: each object of a call has its own fate, and nobody is told twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Message, Outcome, Row, Target
from tidegate.errors import Closed, Refused, Retryable, Unsupported
from tidegate.sandbox.emulation import SECRET, Asked
from tidegate.sandbox.platforms.braze import Braze as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import answering, opened, verdicts

Braze = registry.load("braze", ROOT)
VIPS = Target("list", "VIP customers")
USERS = Target("object", "user")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"api_key": SECRET, "base_url": wire.url, **more}


class TestLists(NetworkContract):
    kind = Braze
    emulation = Platform
    description = "braze.json"
    secrets = (SECRET,)

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


class TestUsers(TestLists):
    target = USERS


def ada(**identifiers: str) -> Row:
    return Row("ada", identifiers or {"external_id": "ada"}, {"tier": "gold"})


def told(person: str, campaign: str = "c-1", **properties: Any) -> Message:
    content = {"campaign": campaign, "properties": properties}
    return Message(f"key:{campaign}:{person}", person, "crm", "", datetime(2026, 3, 1, tzinfo=UTC), content)


async def test_a_list_is_a_value_of_an_array_that_comes_and_goes_by_itself() -> None:
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        await connector.upsert(Target("list", "Lapsed"), [ada()])
        for _ in range(2):
            await connector.upsert(VIPS, [ada(), Row("bob", {"email": "bob@example.com"})])
        assert wire.emulation.held(wire.shelf, VIPS).keys() == {"ada", "bob@example.com"}
        await connector.remove(VIPS, [ada()])
        assert wire.shelf.get("users", "ada") == {"external_id": "ada", "tidegate_lists": ["Lapsed"]}
    assert wire.asked[1].json() == {
        "attributes": [
            {"tidegate_lists": {"add": ["VIP customers"]}, "external_id": "ada"},
            {"tidegate_lists": {"add": ["VIP customers"]}, "email": "bob@example.com"},
        ]
    }


async def test_taking_somebody_off_a_list_creates_no_user() -> None:
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire, list_attribute="groups")) as connector:
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]
        assert wire.shelf.all("users") == {}
    [sent] = wire.asked[0].json()["attributes"]
    assert sent == {"groups": {"remove": ["VIP customers"]}, "_update_existing_only": True, "external_id": "ada"}


async def test_a_null_empties_the_attribute_and_what_is_not_given_stays() -> None:
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        await connector.upsert(USERS, [Row("ada", {"external_id": "ada"}, {"tier": "gold", "city": "Berlin"})])
        await connector.upsert(USERS, [Row("ada", {"external_id": "ada"}, {"tier": None})])
        assert wire.emulation.held(wire.shelf, USERS) == {"ada": {"city": "Berlin"}}
    assert wire.asked[1].json() == {"attributes": [{"tier": None, "external_id": "ada"}]}


async def test_a_time_is_written_so_that_braze_takes_it_for_one() -> None:
    traits = {"last_order": "2026-03-01 09:30:00+01", "dob": "1990-02-16"}
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        await connector.upsert(USERS, [Row("ada", {"external_id": "ada"}, traits)])
    [sent] = wire.asked[0].json()["attributes"]
    assert sent == {"last_order": "2026-03-01T08:30:00.000Z", "dob": "1990-02-16", "external_id": "ada"}


async def test_one_bad_object_is_refused_and_the_others_are_kept() -> None:
    rows = [ada(), Row("bob", {"email": "bob@example.com"}), Row("eve", {}), Row("kim", {"external_id": "kim"})]
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        wire.order(kind="refuse", match="bob@*", reason="invalid email bob@example.com")
        outcomes = await connector.upsert(USERS, rows)
    assert verdicts(outcomes) == [
        ("accepted", ""),
        ("rejected", "invalid"),
        ("rejected", "no_identifier"),
        ("accepted", ""),
    ]
    assert outcomes[1].detail == "invalid email (address)"


async def test_an_error_that_names_nobody_has_the_call_halved() -> None:
    vague = {"message": "success", "attributes_processed": 1, "errors": [{"type": "something is odd"}]}
    async with answering(201, vague) as wire, opened(Braze, given(wire)) as connector:
        with pytest.raises(Refused, match="something is odd"):
            await connector.upsert(USERS, [ada(), Row("bob", {"external_id": "bob"})])


async def test_where_no_object_is_valid_each_is_refused_with_its_own_words() -> None:
    rows = [ada(), Row("bob", {"external_id": "bob"})]
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        wire.order(kind="refuse", match="ada", reason="'dob' is not valid")
        wire.order(kind="refuse", match="bob", reason="'gender' is not valid")
        outcomes = await connector.upsert(USERS, rows)
        assert wire.shelf.all("users") == {}
    assert len(wire.asked) == 1
    assert [outcome.detail for outcome in outcomes] == ["'dob' is not valid", "'gender' is not valid"]


async def test_what_braze_queues_during_maintenance_is_accepted() -> None:
    async with answering(202, {"message": "queued"}) as wire, opened(Braze, given(wire)) as connector:
        assert await connector.upsert(USERS, [ada()]) == [Outcome.accepted()]


async def test_a_fatal_error_in_a_2xx_is_no_success() -> None:
    fatal = {"message": "Valid data must be provided"}
    async with answering(201, fatal) as wire, opened(Braze, given(wire)) as connector:
        with pytest.raises(Refused, match="Valid data"):
            await connector.upsert(USERS, [ada()])


async def test_users_are_deleted_by_fifty_and_by_external_id_only() -> None:
    rows = [Row(f"p{n}", {"external_id": f"p{n}"}) for n in range(60)] + [Row("bob", {"email": "bob@example.com"})]
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        await connector.upsert(USERS, rows[:60])
        outcomes = await connector.remove(USERS, rows)
        assert wire.shelf.all("users") == {}
    assert [len(asked.json()["external_ids"]) for asked in wire.asked[1:]] == [50, 10]
    assert verdicts(outcomes[-2:]) == [("accepted", ""), ("rejected", "no_external_id")]


async def test_braze_has_users_and_no_other_objects() -> None:
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        with pytest.raises(Unsupported, match="write `object: user`"):
            await connector.upsert(Target("object", "company"), [ada()])
    assert wire.asked == []


async def test_messages_go_by_campaign_and_nobody_is_twice_in_a_call() -> None:
    async with EmulatedWire(Platform) as wire, opened(Braze, given(wire)) as connector:
        again = told("ada", order=2)
        again = Message("key:other", again.person, again.channel, "", again.at, again.content)
        outcomes = await connector.send([told("ada", order=1), told("bob", "c-2"), told("eve"), again])
        assert [outcome.verdict for outcome in outcomes] == ["accepted"] * 4
        assert [(one["to"], one["subject"]) for one in wire.shelf.messages()] == [
            ("ada", "c-1"),
            ("eve", "c-1"),
            ("bob", "c-2"),
            ("ada", "c-1"),
        ]
    assert wire.asked[0].json() == {
        "campaign_id": "c-1",
        "broadcast": False,
        "recipients": [
            {"external_user_id": "ada", "trigger_properties": {"order": 1}},
            {"external_user_id": "eve", "trigger_properties": {}},
        ],
    }
    assert outcomes[0].provider_id == outcomes[2].provider_id != outcomes[1].provider_id


async def test_one_refused_recipient_is_not_the_others_fate() -> None:
    def platform(asked: Any) -> Answer:
        people = [one["external_user_id"] for one in asked.json()["recipients"]]
        if "eve" in people:
            return Answer(400, {"message": "No Recipients"})
        return Answer(201, {"message": "success", "dispatch_id": "d"}, took=len(people))

    async with HttpWire(platform) as wire, opened(Braze, given(wire)) as connector:
        outcomes = await connector.send([told(person) for person in ("ada", "bob", "eve", "kim")])
    assert verdicts(outcomes) == [("accepted", "")] * 2 + [("rejected", "http_400"), ("accepted", "")]
    assert wire.taken == 3


async def test_where_braze_does_not_say_whom_it_missed_nobody_is_asked_for_again() -> None:
    body = {"message": "success", "dispatch_id": "d", "errors": ["a user could not be reached"]}
    async with answering(201, body) as wire, opened(Braze, given(wire)) as connector:
        assert verdicts(await connector.send([told("ada"), told("bob")])) == [("unknown", "partly_refused")] * 2
        assert verdicts(await connector.send([told("ada")])) == [("rejected", "partly_refused")]
    assert len(wire.asked) == 2


async def test_a_campaign_that_does_not_exist_is_the_messages_fault_alone() -> None:
    def platform(asked: Any) -> Answer:
        if asked.json()["campaign_id"] == "gone":
            return Answer(400, {"message": "Invalid Campaign ID"})
        return Answer(201, {"message": "success", "dispatch_id": "d"})

    async with HttpWire(platform) as wire, opened(Braze, given(wire)) as connector:
        outcomes = await connector.send([told("ada", "gone"), told("ada")])
    assert verdicts(outcomes) == [("rejected", "bad_campaign"), ("accepted", "")]


async def test_what_befalls_one_half_of_a_refused_call_does_not_send_the_other_again() -> None:
    def first_half_only(asked: Asked) -> Answer:
        people = [one["external_user_id"] for one in asked.json()["recipients"]]
        if len(people) > 2:
            return Answer(400, {"message": "The recipients are invalid"})
        return Answer(201, {"message": "success"}) if "p0" in people else Answer(429, {"message": "too many"})

    async with HttpWire(first_half_only) as wire, opened(Braze, given(wire)) as connector:
        outcomes = await connector.send([told(f"p{n}") for n in range(4)])
    assert verdicts(outcomes) == [("accepted", ""), ("accepted", ""), ("retry", "throttled"), ("retry", "throttled")]


async def test_a_key_revoked_under_way_leaves_the_rest_for_later() -> None:
    answers = [Answer(201, {"message": "success", "dispatch_id": "d"}), Answer(401, {"message": "Invalid API Key"})]
    async with HttpWire(lambda asked: answers.pop(0)) as wire, opened(Braze, given(wire)) as connector:
        outcomes = await connector.send([told("ada", "a"), told("ada", "b"), told("ada", "c")])
    assert verdicts(outcomes) == [("accepted", ""), ("retry", "unauthorized"), ("retry", "not_tried")]
    assert len(wire.asked) == 2


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_an_unknown_key_closes_the_destination_however_braze_says_it(status: int) -> None:
    unknown = {"message": "Unknown REST API Key"}
    async with answering(status, unknown) as wire, opened(Braze, given(wire)) as connector:
        with pytest.raises(Closed, match="unauthorized"):
            await connector.upsert(USERS, [ada()])
        with pytest.raises(Closed, match="unauthorized"):
            await connector.prove()


async def test_without_retry_after_the_time_of_the_reset_counts() -> None:
    reset = {"x-ratelimit-reset": str(int(time.time()) + 60)}
    async with answering(429, {"message": "Rate Limited"}, reset) as wire, opened(Braze, given(wire)) as connector:
        with pytest.raises(Retryable, match="throttled") as raised:
            await connector.upsert(USERS, [ada()])
    assert raised.value.after is not None
    assert 50 < raised.value.after <= 60
