"""People, segments and messages at Customer.io: each entity of a batch has its own fate, events count once."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome, Row, Target
from tidegate.errors import Closed, InDoubt, Refused, Retryable, Unsupported
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.customerio import Customerio as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.judging import Operation

from .conftest import ROOT
from .mailing import answering, opened, verdicts

Customerio = registry.load("customerio", ROOT)
VIPS = Target("list", "VIP customers")
PEOPLE = Target("object", "person")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"site_id": "site", "track_api_key": SECRET, "app_api_key": SECRET, "base_url": wire.url, **more}


class TestLists(NetworkContract):
    kind = Customerio
    emulation = Platform
    description = "customerio.json"
    undescribed = ("/api/v1/segments/*", "/api/v1/accounts/region", "/v1/segments", "/v1/customers/*")
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("7", "VIP customers")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


class TestPeople(TestLists):
    target = PEOPLE


class TestTransactionalMails(TestLists):
    """The same promises for messages that have no key there: what is in doubt stays so."""

    class kind(Customerio):  # type: ignore[misc, valid-type]
        idempotent_for = None

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            for number in range(40):
                held = {"id": f"p{number}", "email": f"person.{number}@example.com", "cio_id": f"c{number}"}
                wire.shelf.put("people", f"c{number}", held)
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire, send_as="email")

    def operations(self, connector: Connector) -> dict[str, Operation]:
        return {"send": super().operations(connector)["send"]}


class TestTransactionalPushes(TestTransactionalMails):
    # What whole runs make of it, mails show.
    test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice = None

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire, send_as="push")


def ada(**traits: Any) -> Row:
    return Row("ada", {"external_id": "ada"}, traits)


def told(person: str, campaign: str = "vip_welcome", **properties: Any) -> Message:
    content = {"campaign": campaign, "properties": properties}
    return Message(f"key:{campaign}:{person}", person, "crm", "", datetime(2026, 3, 1, tzinfo=UTC), content)


async def test_a_person_is_written_as_customerio_wants_it() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        both = Row("ada", {"external_id": "ada", "email": "ada@example.com"}, {"tier": None, "spend": 1.5})
        await connector.upsert(PEOPLE, [both, Row("bob", {"email": "bob@example.com"}), Row("eve", {"cio_id": "c1"})])
    assert wire.asked[0].path == "/api/v2/batch"
    assert wire.asked[0].headers["authorization"] == f"Basic {base64.b64encode(f'site:{SECRET}'.encode()).decode()}"
    assert wire.asked[0].json()["batch"] == [
        {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": "ada"},
            "attributes": {"email": "ada@example.com", "tier": None, "spend": 1.5},
        },
        {"type": "person", "action": "identify", "identifiers": {"email": "bob@example.com"}, "attributes": {}},
        {"type": "person", "action": "identify", "identifiers": {"cio_id": "c1"}, "attributes": {}},
    ]


async def test_a_time_is_written_in_seconds_since_segments_compare_nothing_else() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        await connector.upsert(PEOPLE, [ada(last_order="2026-03-01 09:30:00+01", birthday="1990-02-16")])
    [sent] = wire.asked[0].json()["batch"]
    assert sent["attributes"] == {"last_order": 1772353800, "birthday": "1990-02-16"}


@pytest.mark.parametrize("status", [200, 207])
async def test_an_error_is_that_of_the_entity_it_names(status: int) -> None:
    error = {"batch_index": 1, "reason": "invalid", "field": "email", "message": "bob@example.com is none"}
    rows = [Row("eve", {}), ada(), Row("bob", {"email": "bob@example.com"})]
    async with answering(status, {"errors": [error]}) as wire, opened(Customerio, given(wire)) as connector:
        outcomes = await connector.upsert(PEOPLE, rows)
    assert outcomes[1:] == [Outcome.accepted(), Outcome.rejected("invalid", "email (address) is none")]
    assert outcomes[0].reason == "no_identifier"


async def test_an_error_that_names_nobody_has_the_batch_halved() -> None:
    vague = {"errors": [{"reason": "invalid", "message": "something"}]}
    async with answering(207, vague) as wire, opened(Customerio, given(wire)) as connector:
        with pytest.raises(Refused, match="something"):
            await connector.upsert(PEOPLE, [ada(), Row("bob", {"external_id": "bob"})])


async def test_batches_keep_within_their_bytes_and_one_that_is_too_large_is_refused_alone() -> None:
    rows = [Row(f"p{n}", {"external_id": f"p{n}"}, {"notes": "ż" * 10_000}) for n in range(50)]
    rows.insert(20, Row("big", {"external_id": "big"}, {"notes": "x" * 32_000}))
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        outcomes = await connector.upsert(PEOPLE, rows)
        assert len(wire.emulation.held(wire.shelf, PEOPLE)) == 50
    assert {n: outcome.reason for n, outcome in enumerate(outcomes) if outcome.verdict != "accepted"} == {
        20: "too_large"
    }
    assert len(wire.asked) == 3
    assert all(len(asked.body) < 500_000 for asked in wire.asked)


async def test_people_are_identified_before_they_go_onto_a_list_since_strangers_are_ignored_there() -> None:
    rows = [ada(tier="gold"), Row("bob", {"email": "bob@example.com"}), Row("kim", {"external_id": "kim"})]
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        wire.order(kind="refuse", match="kim", reason="blocked")
        outcomes = await connector.upsert(VIPS, rows)
        assert verdicts(outcomes) == [("accepted", ""), ("accepted", ""), ("rejected", "invalid")]
        assert wire.emulation.held(wire.shelf, VIPS).keys() == {"ada", "bob@example.com"}
        await connector.remove(VIPS, rows[:1])
        assert wire.emulation.held(wire.shelf, VIPS).keys() == {"bob@example.com"}
        assert list(wire.shelf.lists().values()) == ["VIP customers"]
    added = [asked for asked in wire.asked if asked.path.endswith("add_customers")]
    assert [(asked.query, asked.json()) for asked in added] == [
        ({"id_type": "id"}, {"ids": ["ada"]}),
        ({"id_type": "email"}, {"ids": ["bob@example.com"]}),
    ]


async def test_of_segments_with_one_name_the_oldest_manual_one_is_taken() -> None:
    segments = [
        {"id": 3, "name": "VIP customers", "type": "dynamic"},
        {"id": 30, "name": "VIP customers", "type": "manual"},
        {"id": 9, "name": "VIP customers", "type": "manual"},
    ]
    answer = HttpWire(lambda asked: Answer(200, {"segments": segments} if asked.path == "/v1/segments" else {}))
    async with answer as wire, opened(Customerio, given(wire)) as connector:
        await connector.upsert(VIPS, [ada()])
    assert wire.asked[-1].path == "/api/v1/segments/9/add_customers"


async def test_a_segment_deleted_under_way_is_created_again_by_the_next_call() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]
        await connector.upsert(VIPS, [ada()])
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ada()])
        await connector.upsert(VIPS, [ada()])
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]


async def test_without_an_app_key_there_are_no_lists() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire, app_api_key=None)) as connector:
        with pytest.raises(Unsupported, match="give `app_api_key`"):
            await connector.upsert(VIPS, [ada()])
        assert "neither lists nor" in await connector.prove()


async def test_an_event_carries_an_id_by_which_it_counts_once() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        for _ in range(2):
            await connector.send([told("ada", order=7), told("bob")])
        assert [(one["to"], one["subject"]) for one in wire.shelf.messages()] == [
            ("ada", "vip_welcome"),
            ("bob", "vip_welcome"),
        ]
    first, second = wire.asked[0].json()["batch"]
    assert wire.asked[1].json()["batch"] == [first, second]
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", first["id"])
    assert first["id"] != second["id"]
    assert {name: value for name, value in first.items() if name != "id"} == {
        "type": "person",
        "action": "event",
        "identifiers": {"id": "ada"},
        "name": "vip_welcome",
        "attributes": {"order": 7},
    }


async def test_a_transactional_mail_goes_to_the_address_that_is_known_there() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire, send_as="email")) as connector:
        wire.shelf.put("people", "c1", {"id": "ada/1", "email": "ada@example.com", "cio_id": "c1"})
        wire.shelf.put("people", "c2", {"id": "bob", "cio_id": "c2"})
        outcomes = await connector.send([told("ada/1", "12", order=7), told("bob"), told("eve")])
        assert [outcome.verdict for outcome in outcomes] == ["accepted", "rejected", "rejected"]
        assert outcomes[1].reason == outcomes[2].reason == "no_address"
        assert outcomes[0].provider_id == wire.shelf.messages()[0]["id"]
    assert wire.asked[1].headers["authorization"] == f"Bearer {SECRET}"
    assert wire.asked[1].json() == {
        "transactional_message_id": 12,
        "to": "ada@example.com",
        "identifiers": {"id": "ada/1"},
        "message_data": {"order": 7},
    }


async def test_a_transactional_message_in_doubt_is_never_repeated() -> None:
    async with answering(502) as wire, opened(Customerio, given(wire, send_as="push")) as connector:
        assert connector.idempotent_for is None
        assert connector.limits.messages == 1
        with pytest.raises(InDoubt):
            await connector.send([told("ada")])


async def test_transactional_messages_need_the_app_key() -> None:
    with pytest.raises(ValidationError, match="needs `app_api_key`"):
        Customerio.Settings.model_validate({"site_id": "s", "track_api_key": "t", "send_as": "push"})


@pytest.mark.parametrize(
    ("region", "track", "app"),
    [("us", "track.customer.io", "api.customer.io"), ("eu", "track-eu.customer.io", "api-eu.customer.io")],
)
async def test_the_region_chooses_both_hosts(
    region: str, track: str, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"site_id": "s", "track_api_key": "t", "app_api_key": "a", "region": region}
    async with opened(Customerio, settings) as connector:
        asked: list[str] = []

        def request(method: str, url: str, **more: Any) -> Any:
            asked.append(url)
            raise OSError("there is no network in a test")

        monkeypatch.setattr(connector.session, "request", request)
        for target in (PEOPLE, VIPS):
            with pytest.raises(Retryable):
                await connector.remove(target, [ada()])
    assert asked == [f"https://{track}/api/v2/batch", f"https://{app}/v1/segments"]


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Refused, "refused"),
        (401, Closed, "unauthorized"),
        (413, Refused, "http_413"),
        (429, Retryable, "throttled"),
        (500, Retryable, "http_500"),
    ],
)
async def test_every_answer_means_one_thing(status: int, kind: type[Exception], reason: str) -> None:
    body = {"meta": {"error": "no such thing as ada@example.com"}}
    async with answering(status, body) as wire, opened(Customerio, given(wire)) as connector:
        with pytest.raises(kind, match=reason) as raised:
            await connector.upsert(PEOPLE, [ada()])
    assert "ada@" not in str(raised.value)


async def test_customerio_has_people_and_no_other_objects() -> None:
    async with EmulatedWire(Platform) as wire, opened(Customerio, given(wire)) as connector:
        with pytest.raises(Unsupported, match="write `object: person`"):
            await connector.upsert(Target("object", "company"), [ada()])
