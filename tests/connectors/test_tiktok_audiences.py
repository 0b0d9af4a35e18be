"""Audiences at TikTok: rows travel as files, and what TikTok says with HTTP 200 is believed only as far as its code."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.tiktok_audiences import TikTok as Platform
from tidegate.testing import Answer, Asked, EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from .adlists import hashed
from .conftest import ROOT
from .opening import opened, verdicts

TikTok = registry.load("tiktok_audiences", ROOT)
VIPS = Target("list", "VIP customers")
ADA = Row("ada", {"email": hashed("ada@example.com"), "phone": hashed("+12025550100")})
BOB = Row("bob", {"email": hashed("bob@example.com")})
MAID = Row("eve", {"mobile_advertiser_id": hashed("5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25")})


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"advertiser_id": "7001", "access_token": SECRET, "base_url": wire.url, **more}


def parts(asked: Asked) -> dict[str, bytes]:
    """The fields of a multipart form, read by the standard library."""
    message = message_from_bytes(f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode() + asked.body)
    found = {}
    for part in message.get_payload():
        if part.get_filename():
            assert part.get_filename().endswith(".csv")
        found[part.get_param("name", header="content-disposition")] = part.get_payload(decode=True)
    return found


def files(wire: HttpWire) -> list[list[list[str]]]:
    uploads = [asked for asked in wire.asked if asked.path.endswith("/upload/")]
    return [list(csv.reader(io.StringIO(parts(asked)["file"].decode()))) for asked in uploads]


class TestContract(NetworkContract):
    kind = TikTok
    emulation = Platform
    description = "tiktok.json"
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("1", "VIP customers")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_list_is_created_with_its_first_file_and_extended_by_the_next(wire: EmulatedWire) -> None:
    async with opened(TikTok, given(wire, retention_in_days=30)) as connector:
        await connector.upsert(VIPS, [ADA])
        await connector.upsert(VIPS, [BOB])
    async with opened(TikTok, given(wire)) as connector:
        await connector.upsert(VIPS, [MAID])
    bodies = [asked.json() for asked in wire.asked if asked.path.endswith(("/create/", "/update/"))]
    [list_id] = wire.shelf.lists()
    assert [body.get("action", "create") for body in bodies] == ["create", "APPEND", "APPEND"]
    assert bodies[0] == {
        "advertiser_id": "7001",
        "custom_audience_name": "VIP customers",
        "file_paths": bodies[0]["file_paths"],
        "calculate_type": "MULTIPLE_TYPES",
        "retention_in_days": 30,
    }
    assert bodies[1]["custom_audience_id"] == list_id
    assert len(wire.shelf.members(list_id)) == 3


async def test_batches_at_the_same_time_make_one_list_and_are_all_on_it(wire: EmulatedWire) -> None:
    people = [[Row(f"p{n}", {"email": f"{n:064x}"})] for n in range(6)]
    async with opened(TikTok, given(wire)) as connector:
        done = await asyncio.gather(*(connector.upsert(VIPS, rows) for rows in people))
    assert [verdicts(outcomes) for outcomes in done] == [["accepted"]] * 6
    assert list(wire.shelf.lists().values()) == ["VIP customers"]
    assert set(Platform().held(wire.shelf, VIPS)) == {rows[0].identifiers["email"] for rows in people}


async def test_a_file_has_a_column_for_each_identifier_and_its_signature(wire: EmulatedWire) -> None:
    async with opened(TikTok, given(wire)) as connector:
        await connector.upsert(VIPS, [ADA, BOB, MAID])
    assert files(wire) == [
        [
            ["email_SHA256", "phone_SHA256", "MAID_SHA256"],
            [ADA.identifiers["email"], ADA.identifiers["phone"], ""],
            [BOB.identifiers["email"], "", ""],
            ["", "", MAID.identifiers["mobile_advertiser_id"]],
        ]
    ]
    [asked] = [asked for asked in wire.asked if asked.path.endswith("/upload/")]
    found = parts(asked)
    assert found["file_signature"].decode() == hashlib.md5(found["file"]).hexdigest()
    assert asked.headers["access-token"] == SECRET
    assert not [asked for asked in wire.asked if SECRET in asked.search]


async def test_people_are_taken_off_by_what_they_were_put_on_by(wire: EmulatedWire) -> None:
    async with opened(TikTok, given(wire)) as connector:
        assert await connector.remove(VIPS, [ADA]) == [Outcome.accepted()]
        assert wire.shelf.lists() == {}
        await connector.upsert(VIPS, [ADA, BOB])
        assert verdicts(await connector.remove(VIPS, [ADA])) == ["accepted"]
    assert list(Platform().held(wire.shelf, VIPS)) == [BOB.identifiers["email"]]
    assert files(wire)[-1] == [["email_SHA256", "phone_SHA256"], list(ADA.identifiers.values())]


async def test_somebody_with_nothing_to_match_by_is_refused_alone(wire: EmulatedWire) -> None:
    async with opened(TikTok, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [Row("x", {}), ADA])) == ["rejected", "accepted"]
        assert verdicts(await connector.upsert(VIPS, [Row("x", {})])) == ["rejected"]
    assert [len(file) for file in files(wire)] == [2]


async def test_of_lists_with_one_name_the_oldest_is_taken_on_whatever_page_it_is(wire: EmulatedWire) -> None:
    for number in range(150):
        wire.shelf.new_list(str(2000 - number), "VIP customers" if number in (3, 120) else f"List {number}")
    async with opened(TikTok, given(wire)) as connector:
        [outcome] = await connector.upsert(VIPS, [ADA])
    assert outcome.provider_id == "1880"
    assert len(wire.shelf.members("1880")) == 1


@pytest.mark.parametrize(
    "other", [{"audience_type": "Lookalike Audience"}, {"audience_type": "Customer File Audience", "is_creator": False}]
)
async def test_what_tiktok_made_itself_or_others_share_is_not_taken_for_a_list_of_ours(
    wire: EmulatedWire, other: dict[str, Any]
) -> None:
    answered = wire.platform

    def lookalike(asked: Asked) -> Answer:
        answer = answered(asked)
        if asked.path.endswith("/list/"):
            one = {"audience_id": "5", "name": "VIP customers", **other}
            answer.body["data"]["list"].append(one)
        return answer

    wire.platform = lookalike
    async with opened(TikTok, given(wire)) as connector:
        [outcome] = await connector.upsert(VIPS, [ADA])
    assert outcome.provider_id in wire.shelf.lists()


def shows(wire: EmulatedWire, **more: Any) -> None:
    """What TikTok shows of each audience, beside its name."""
    answered = wire.platform

    def platform(asked: Asked) -> Answer:
        answer = answered(asked)
        for one in answer.body["data"].get("list", []) if asked.path.endswith("/list/") else []:
            one.update(more)
        return answer

    wire.platform = platform


async def test_a_removal_that_tiktok_will_not_carry_out_stays_owed_and_says_why(wire: EmulatedWire) -> None:
    async with opened(TikTok, given(wire)) as connector:
        await connector.upsert(VIPS, [ADA, BOB])
        shows(wire, cover_num=999)
        [small] = await connector.remove(VIPS, [ADA])
        shows(wire, cover_num=0, error_msg="The audience is too small")
        [failed] = await connector.remove(VIPS, [ADA])
        shows(wire, cover_num=1000, error_msg="")
        [done] = await connector.remove(VIPS, [ADA])
    assert (small.verdict, small.reason) == ("rejected", "audience_too_small")
    assert "999" in small.detail
    assert (failed.verdict, failed.reason) == ("rejected", "not_carried_out")
    assert "The audience is too small" in failed.detail
    assert done.verdict == "accepted"


@pytest.mark.parametrize(
    ("hours", "verdict"), [(1, "accepted"), (47, "accepted"), (49, "rejected")], ids=["new", "settling", "settled"]
)
async def test_an_addition_to_a_small_audience_counts_only_while_tiktok_may_still_be_counting(
    wire: EmulatedWire, hours: int, verdict: str
) -> None:
    made = datetime.now(UTC) - timedelta(hours=hours)
    async with opened(TikTok, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA])) == ["accepted"]
        shows(wire, cover_num=0, create_time=f"{made:%Y-%m-%d %H:%M:%S}")
        assert verdicts(await connector.upsert(VIPS, [BOB])) == [verdict]


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call(wire: EmulatedWire) -> None:
    async with opened(TikTok, given(wire)) as connector:
        await connector.upsert(VIPS, [ADA])
        [old] = wire.shelf.lists()
        wire.shelf.drop_list(old)
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [BOB])
        await connector.upsert(VIPS, [BOB])
    assert list(wire.shelf.lists().values()) == ["VIP customers"]


async def test_a_file_that_is_refused_is_one_to_be_halved(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match=BOB.identifiers["email"], reason="invalid row")
    async with opened(TikTok, given(wire)) as connector:
        with pytest.raises(Refused, match="tiktok_40002"):
            await connector.upsert(VIPS, [ADA, BOB])
        assert verdicts(await connector.upsert(VIPS, [ADA])) == ["accepted"]


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (40100, Retryable, "throttled"),
        (40133, Retryable, "throttled"),
        (40016, Retryable, "throttled"),
        (40202, Retryable, "unavailable"),
        (40105, Closed, "unauthorized"),
        (40001, Closed, "unauthorized"),
        (50000, Retryable, "unavailable"),
        (51010, Retryable, "unavailable"),
        (40002, Refused, "tiktok_40002"),
    ],
)
async def test_a_code_means_one_thing_whatever_the_status(
    wire: EmulatedWire, status: int, code: int, kind: type[DestinationError], reason: str
) -> None:
    answered = wire.platform
    no = Answer(status, {"code": code, "message": "no", "data": {}})
    wire.platform = lambda asked: no if asked.path.endswith("/upload/") else answered(asked)
    async with opened(TikTok, given(wire)) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(VIPS, [ADA])
    assert raised.value.reason == reason
    assert isinstance(raised.value, Closed) == (kind is Closed)


@pytest.mark.parametrize(
    "body", [{}, {"code": 0}, {"code": 0, "data": {}}, {"code": "0", "data": {"file_path": "x"}}, []]
)
async def test_an_answer_without_a_code_or_without_data_is_no_success(wire: EmulatedWire, body: Any) -> None:
    answered = wire.platform
    wire.platform = lambda asked: Answer(200, body) if asked.path.endswith("/upload/") else answered(asked)
    async with opened(TikTok, given(wire)) as connector:
        with pytest.raises(Retryable, match="garbled"):
            await connector.upsert(VIPS, [ADA])


async def test_a_token_for_another_advertiser_proves_nothing(wire: EmulatedWire) -> None:
    wire.platform = lambda asked: Answer(200, {"code": 0, "message": "OK", "data": {"list": []}})
    async with opened(TikTok, given(wire)) as connector:
        with pytest.raises(Closed, match="7001"):
            await connector.prove()
