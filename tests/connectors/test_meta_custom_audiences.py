"""Customer lists at Meta: equal to the segment, hashed as Meta wants, and no row blamed for another's fault."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, Refused, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.platforms.meta_custom_audiences import Meta as Emulated
from tidegate.testing import Answer, Asked, EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from .conftest import ROOT

TOKEN = SECRET
Meta = registry.load("meta_custom_audiences", ROOT)
VIPS = Target("list", "VIP customers")


class Platform:
    """As much of the Graph API as the connector uses, with lists that can be looked at."""

    def __init__(self, *names: str, page: int = 2) -> None:
        self.lists = {str(1000 + n): name for n, name in enumerate(names)}
        self.members: dict[str, set[tuple[str, ...]]] = {}
        self.page = page
        self.invalid: set[str] = set()

    def __call__(self, asked: Asked) -> Answer:
        if asked.path.endswith("/customaudiences"):
            return self.create(asked) if asked.method == "POST" else self.listing(asked)
        list_id = asked.path.split("/")[-2]
        if list_id not in self.lists:
            return error(400, 100, subcode=33)
        payload = json.loads(asked.form()["payload"])
        rows = {tuple(row) for row in payload["data"]}
        bad = {row for row in rows if self.invalid & set(row)}
        held = self.members.setdefault(list_id, set())
        held.update(rows - bad) if asked.method == "POST" else held.difference_update(rows)
        count = len(payload["data"])
        answer = {"audience_id": list_id, "session_id": "1", "num_received": count, "num_invalid_entries": len(bad)}
        return Answer(200, answer, took=count)

    def create(self, asked: Asked) -> Answer:
        list_id = str(2000 + len(self.lists))
        self.lists[list_id] = asked.form()["name"]
        return Answer(200, {"id": list_id}, took=1)

    def listing(self, asked: Asked) -> Answer:
        size = min(self.page, int(asked.query["limit"]))
        start = int(asked.query.get("after", 0))
        some = list(self.lists.items())[start : start + size]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + size)}}
        if start + size < len(self.lists):
            paging["next"] = "https://graph.facebook.com/next"
        data = [{"id": key, "name": name, "subtype": "CUSTOM"} for key, name in some]
        return Answer(200, {"data": data, "paging": paging})


def error(status: int, code: int, *, subcode: int | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    body = {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "error_subcode": subcode}
    return Answer(status, {"error": body}, headers or {})


class TestContract(NetworkContract):
    kind = Meta
    emulation = Emulated
    description = "meta_marketing.json"
    description_texts: Mapping[str, str] = {"payload": "AudiencePayload"}
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Emulated, watch=described.watch) as wire:
            wire.shelf.new_list("1000", "VIP customers", account="act_1", subtype="CUSTOM")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"ad_account": "act_1", "access_token": SECRET, "base_url": wire.url}


@asynccontextmanager
async def meta(
    platform: Callable[[Asked], Answer], watch: Any = lambda asked: None
) -> AsyncIterator[tuple[Connector, HttpWire]]:
    async with HttpWire(platform, watch=watch) as wire, aiohttp.ClientSession() as session:
        connector = Meta(Meta.Settings.model_validate(TestContract().settings(wire)))
        await connector.open(session)
        yield connector, wire


def ada(**identifiers: str) -> Row:
    return Row("ada", identifiers or {"email": "a" * 64})


async def test_each_request_is_one_that_meta_describes(description: Any) -> None:
    checker = description("meta_marketing.json", texts={"payload": "AudiencePayload"})
    async with meta(Platform("One", "Two", "Three"), watch=checker) as (connector, _):
        everything = dict.fromkeys(connector.identifiers, "b" * 64)
        await connector.upsert(VIPS, [Row("ada", everything), Row("bob", {"email": "c" * 64})])
        await connector.remove(VIPS, [Row("ada", everything)])
        assert await connector.prove()
    assert checker.checked == ["listCustomAudiences"] * 2 + [
        "createCustomAudience",
        "addUsers",
        "removeUsers",
        "listCustomAudiences",
    ]


async def test_a_list_is_created_once_and_found_again() -> None:
    platform = Platform("Others")
    for _ in range(2):
        async with meta(platform) as (connector, _wire):
            await connector.upsert(VIPS, [ada()])
            await connector.upsert(VIPS, [ada()])
    assert sorted(platform.lists.values()) == ["Others", "VIP customers"]


async def test_of_lists_with_one_name_the_oldest_is_taken_on_whatever_page_it_is() -> None:
    platform = Platform()
    platform.lists = {"30": "VIP customers", "9": "VIP customers", "100": "VIP customers", "1": "Others"}
    async with meta(platform) as (connector, _):
        await connector.upsert(VIPS, [ada()])
    assert list(platform.members) == ["9"]


async def test_a_person_without_a_value_has_an_empty_text_in_its_place() -> None:
    platform = Platform("VIP customers")
    async with meta(platform) as (connector, wire):
        await connector.upsert(
            VIPS, [Row("ada", {"phone": "p" * 64, "email": "e" * 64}), Row("bob", {"phone": "q" * 64})]
        )
    payload = json.loads(wire.asked[-1].form()["payload"])
    assert payload == {"schema": ["EMAIL", "PHONE"], "data": [["e" * 64, "p" * 64], ["", "q" * 64]]}


async def test_somebody_with_nothing_to_match_by_is_refused_alone() -> None:
    async with meta(Platform("VIP customers")) as (connector, wire):
        outcomes = await connector.upsert(VIPS, [Row("bob", {}), ada()])
    assert [outcome.verdict for outcome in outcomes] == ["rejected", "accepted"]
    assert len(json.loads(wire.asked[-1].form()["payload"])["data"]) == 1


async def test_the_token_is_never_in_an_url() -> None:
    async with meta(Platform()) as (connector, wire):
        await connector.upsert(VIPS, [ada()])
        await connector.remove(VIPS, [ada()])
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in wire.asked)
    assert not [asked for asked in wire.asked if TOKEN in f"{asked.path} {asked.query}"]


async def test_each_call_proves_that_it_knows_the_apps_secret_where_it_is_given() -> None:
    async with HttpWire(Platform()) as wire, aiohttp.ClientSession() as session:
        settings = {**TestContract().settings(wire), "app_secret": "the-app-secret"}
        connector = Meta(Meta.Settings.model_validate(settings))
        await connector.open(session)
        await connector.upsert(VIPS, [ada()])
        await connector.remove(VIPS, [ada()])
    proof = hmac.new(b"the-app-secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    proofs = [(asked.form() if asked.body else asked.query)["appsecret_proof"] for asked in wire.asked]
    assert proofs == [proof] * 4
    assert "the-app-secret" not in repr(connector.settings)
    assert not [asked for asked in wire.asked if b"the-app-secret" in asked.body or "secret" in asked.query]


async def test_where_some_entries_are_invalid_the_call_is_refused_so_that_it_is_halved() -> None:
    platform = Platform("VIP customers")
    platform.invalid = {"b" * 64}
    bob, eve = Row("bob", {"email": "b" * 64}), Row("eve", {"email": "e" * 64})
    async with meta(platform) as (connector, _):
        with pytest.raises(Refused, match="1 of 2 entries"):
            await connector.upsert(VIPS, [bob, eve])
        assert [one.verdict for one in await connector.upsert(VIPS, [bob])] == ["rejected"]
        assert [one.verdict for one in await connector.upsert(VIPS, [eve])] == ["accepted"]


async def test_taking_people_off_a_list_that_does_not_exist_is_done_already() -> None:
    platform = Platform()
    async with meta(platform) as (connector, _):
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]
    assert platform.lists == {}


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call() -> None:
    platform = Platform("VIP customers")
    async with meta(platform) as (connector, _):
        await connector.upsert(VIPS, [ada()])
        platform.lists.clear()
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ada()])
        await connector.upsert(VIPS, [ada()])
    assert list(platform.lists.values()) == ["VIP customers"]


@pytest.mark.parametrize("status", [400, 403, 200])
@pytest.mark.parametrize("code", [4, 17, 32, 613, 80003])
async def test_too_many_calls_wait_for_as_long_as_meta_says(code: int, status: int) -> None:
    usage = {"123": [{"type": "custom_audience", "call_count": 100, "estimated_time_to_regain_access": 3}]}
    busy = error(status, code, headers={"x-business-use-case-usage": json.dumps(usage)})
    async with meta(lambda asked: busy) as (connector, _):
        with pytest.raises(Retryable) as raised:
            await connector.upsert(VIPS, [ada()])
    assert not isinstance(raised.value, Closed)
    assert (raised.value.reason, raised.value.after) == ("throttled", 180.0)


@pytest.mark.parametrize(("status", "code"), [(401, 190), (400, 190), (403, 200), (400, 10)])
async def test_an_expired_token_or_a_missing_permission_closes_the_destination(status: int, code: int) -> None:
    async with meta(lambda asked: error(status, code)) as (connector, _):
        with pytest.raises(Closed, match="unauthorized"):
            await connector.upsert(VIPS, [ada()])
        with pytest.raises(Closed, match="unauthorized"):
            await connector.prove()


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (error(500, 1), Retryable, "unavailable"),
        (error(400, 2), Retryable, "unavailable"),
        (error(400, 2650), Retryable, "unavailable"),
        (error(400, 100, subcode=1713230), Retryable, "list_blocked"),
        (error(400, 100), Refused, "meta_100"),
        (Answer(200, {"data": "?"}), Retryable, "garbled"),
        (Answer(200, ["?"]), Retryable, "garbled"),
    ],
)
async def test_every_other_answer_means_one_thing(answer: Answer, kind: type[Exception], reason: str) -> None:
    async with meta(lambda asked: answer) as (connector, _):
        with pytest.raises(kind, match=reason):
            await connector.upsert(VIPS, [ada()])
