"""Profiles, lists and flows at Klaviyo: jobs are asked after, and each failure is that of its own row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Message, Outcome, Row, Target
from tidegate.errors import Closed, Refused, Retryable, Unsupported
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.klaviyo import Klaviyo as Platform
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.judging import settled

from .conftest import ROOT
from .mailing import answering, opened, verdicts

Klaviyo = registry.load("klaviyo", ROOT)
VIPS = Target("list", "VIP customers")
PROFILES = Target("object", "profile")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"api_key": SECRET, "base_url": wire.url, **more}


class TestLists(NetworkContract):
    kind = Klaviyo
    emulation = Platform
    description = "klaviyo.json"
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        # Somebody who is to be removed is looked up first: only whom Klaviyo knows is worth the call that may fail.
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("L0", "VIP customers")
            known = {"external_id": "v0", "email": "person.0@example.com", "properties": {}, "location": {}}
            wire.shelf.put("profiles", "01P0", known)
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


class TestProfiles(TestLists):
    target = PROFILES

    def row(self, number: int) -> Row:
        row = super().row(number)
        return Row(
            row.person, row.identifiers, {**row.traits, "first_name": f"Ada {number}", "location_city": "Berlin"}
        )


class TestProfilesWithNulls(TestProfiles):
    """Rows that empty a field of the profile itself go another way."""

    def row(self, number: int) -> Row:
        row = super().row(number)
        return Row(row.person, row.identifiers, {**row.traits, "title": None})

    # A thousand calls, one after the other, show nothing that seven do not.
    test_the_largest_batch_is_taken = None
    test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice = None


def ada(**traits: Any) -> Row:
    return Row("ada", {"external_id": "ada"}, traits)


def told(person: str, campaign: str = "VIP welcome", **properties: Any) -> Message:
    content = {"campaign": campaign, "properties": properties}
    return Message(f"key:{campaign}:{person}", person, "crm", "", datetime(2026, 3, 1, tzinfo=UTC), content)


async def test_a_profile_is_written_as_klaviyo_wants_it() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        who = {"external_id": "ada", "email": "ada@example.com", "phone": "+12025550123"}
        traits = {"first_name": "Ada", "location_city": "Berlin", "spend": 1.5, "tier": None}
        [outcome] = await connector.upsert(PROFILES, [Row("ada", who, traits)])
        assert outcome.verdict == "pending"
    [asked] = wire.asked
    assert asked.headers["authorization"] == f"Klaviyo-API-Key {SECRET}"
    assert asked.headers["revision"] == "2026-07-15"
    assert asked.headers["content-type"] == "application/vnd.api+json"
    assert asked.json()["data"]["attributes"]["profiles"]["data"] == [
        {
            "type": "profile",
            "attributes": {
                "external_id": "ada",
                "email": "ada@example.com",
                "phone_number": "+12025550123",
                "first_name": "Ada",
                "location": {"city": "Berlin"},
                "properties": {"spend": 1.5},
            },
            "meta": {"patch_properties": {"unset": ["tier"]}},
        }
    ]


async def test_a_time_is_written_so_that_klaviyo_takes_it_for_a_date() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        await connector.upsert(PROFILES, [ada(last_order="2026-03-01 09:30:00.25+01", birthday="1990-02-16")])
    [sent] = wire.asked[0].json()["data"]["attributes"]["profiles"]["data"]
    assert sent["attributes"]["properties"] == {"last_order": "2026-03-01 08:30:00+00:00", "birthday": "1990-02-16"}


async def test_a_null_in_a_field_of_the_profile_goes_alone_since_imports_ignore_it() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        rows = [ada(first_name="Ada", location_city="Berlin"), Row("bob", {"external_id": "bob"}, {"title": "Dr"})]
        await settled(connector, PROFILES, rows)
        outcomes = await connector.upsert(PROFILES, [ada(first_name=None, location_city=None), rows[1]])
        assert [outcome.verdict for outcome in outcomes] == ["accepted", "pending"]
        assert wire.emulation.held(wire.shelf, PROFILES)["ada"] == {}
    single = next(asked for asked in wire.asked if asked.path == "/api/profile-import")
    assert single.json()["data"]["attributes"] == {
        "external_id": "ada",
        "first_name": None,
        "location": {"city": None},
    }


async def test_a_job_is_pending_until_klaviyo_is_done_and_its_errors_find_their_rows() -> None:
    rows = [Row(f"p{n}", {"external_id": f"p{n}", "email": f"p{n}@example.com"}) for n in range(250)]
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        wire.order(kind="refuse", match="p1*@example.com", reason="mail to p1@example.com bounces")
        outcomes = await connector.upsert(PROFILES, rows)
        [job] = {outcome.job for outcome in outcomes}
        assert job
        waiting = await connector.poll(job, PROFILES, rows, removing=False)
        assert {(outcome.verdict, outcome.job, outcome.after) for outcome in waiting} == {("pending", job, 10.0)}
        outcomes = await connector.poll(job, PROFILES, rows, removing=False)
        refused = [row.person for row, outcome in zip(rows, outcomes, strict=True) if outcome.verdict == "rejected"]
        assert refused == [f"p{n}" for n in range(250) if str(n).startswith("1")]
        assert len(wire.emulation.held(wire.shelf, PROFILES)) == 250 - len(refused)
    assert outcomes[1] == Outcome.rejected("invalid", "Invalid input. mail to (address) bounces")
    pages = [asked.query.get("page[cursor]") for asked in wire.asked if asked.path.endswith("import-errors")]
    assert pages == [None, "100"]


def job_with(errors: list[dict[str, Any]], status: str = "complete", total: int = 2) -> HttpWire:
    def platform(asked: Asked) -> Answer:
        if asked.path.endswith("import-errors"):
            return Answer(200, {"data": errors, "links": {"self": ""}})
        counts = {"status": status, "total_count": total, "failed_count": max(1, len(errors))}
        return Answer(200, {"data": {"type": "profile-bulk-import-job", "id": "j", "attributes": counts}})

    return HttpWire(platform)


def problem(pointer: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"code": "invalid", "title": "Invalid", "detail": "no", "source": {"pointer": pointer}}
    return {"type": "import-error", "id": "e", "attributes": {**told, "original_payload": payload or {}}}


@pytest.mark.parametrize(
    ("errors", "total", "reasons"),
    [
        ([problem("/data", {"email": "BOB@example.com"})], 2, ["", "invalid"]),
        ([problem("/data", {"type": "profile", "attributes": {"external_id": "ada"}})], 2, ["invalid", ""]),
        ([problem("/data/attributes/profiles/data/1/attributes/email")], 2, ["", "invalid"]),
        # The positions are those of the whole job: of other rows than these, where only some are still asked after.
        ([problem("/data/attributes/profiles/data/1")], 3, ["import_unclear", "import_unclear"]),
        ([problem("/data"), problem("/data", {"external_id": "ada"})], 2, ["invalid", "import_unclear"]),
        ([problem("/data", {"external_id": "kim"})], 3, ["", ""]),
        ([], 2, ["import_unclear", "import_unclear"]),
    ],
)
async def test_an_error_means_one_row_or_all_are_sent_again(errors: Any, total: int, reasons: list[str]) -> None:
    rows = [ada(), Row("bob", {"email": "bob@example.com"})]
    async with job_with(errors, total=total) as wire, opened(Klaviyo, given(wire)) as connector:
        assert [one.reason for one in await connector.poll("j", PROFILES, rows, removing=False)] == reasons


async def test_of_two_who_share_a_telephone_only_the_one_that_failed_is_refused() -> None:
    rows = [Row(name, {"email": f"{name}@example.com", "phone": "+12025550123"}) for name in ("ada", "bob")]
    payload = {"email": "bob@example.com", "phone_number": "+12025550123", "properties": {}}
    async with job_with([problem("/data", payload)]) as wire, opened(Klaviyo, given(wire)) as connector:
        assert [one.reason for one in await connector.poll("j", PROFILES, rows, removing=False)] == ["", "invalid"]


async def test_a_job_that_was_cancelled_or_forgotten_is_submitted_again() -> None:
    async with job_with([], status="cancelled") as wire, opened(Klaviyo, given(wire)) as connector:
        assert verdicts(await connector.poll("j", PROFILES, [ada()], removing=False)) == [("retry", "job_cancelled")]
    async with EmulatedWire(Platform) as platform, opened(Klaviyo, given(platform)) as connector:
        assert verdicts(await connector.poll("gone", PROFILES, [ada()], removing=False)) == [("retry", "job_gone")]


async def test_update_asks_who_is_there_a_hundred_at_a_time() -> None:
    rows = [Row(f"p{n}", {"external_id": f'p"{n}'}, {"tier": "gold"}) for n in range(150)]
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        await settled(connector, PROFILES, rows[:120])
        before = len(wire.asked)
        outcomes = await settled(connector, Target("object", "profile", "update"), [*rows, Row("eve", {})])
    assert verdicts(outcomes) == [("accepted", "")] * 120 + [("rejected", "not_found")] * 30 + [
        ("rejected", "no_identifier")
    ]
    lookups = [asked.query["filter"] for asked in wire.asked[before:] if asked.path == "/api/profiles"]
    assert [filter.count("p\\") for filter in lookups] == [100, 50]


async def test_a_list_is_created_once_and_the_oldest_of_a_name_is_taken() -> None:
    async with EmulatedWire(Platform) as wire:
        for _ in range(2):
            async with opened(Klaviyo, given(wire)) as connector:
                await settled(connector, Target("list", 'The "best"'), [ada()])
                await settled(connector, Target("list", 'The "best"'), [ada()])
        assert list(wire.shelf.lists().values()) == ['The "best"']

    def some(asked: Asked) -> Answer:
        lists = [("B", "2026-01-01"), ("C", "2020-01-01"), ("A", "2021-01-01")]
        data = [{"type": "list", "id": id, "attributes": {"name": "VIP", "created": at}} for id, at in lists]
        return Answer(200 if asked.method == "GET" else 202, {"data": data if asked.method == "GET" else {"id": "j"}})

    async with HttpWire(some) as lists, opened(Klaviyo, given(lists)) as connector:
        await connector.upsert(Target("list", "VIP"), [ada()])
    relationship = lists.asked[-1].json()["data"]["relationships"]
    assert relationship == {"lists": {"data": [{"type": "list", "id": "C"}]}}


async def test_whoever_is_not_known_or_on_no_list_is_off_it_already() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]
        wire.shelf.new_list("L1", "VIP customers")
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]
        assert [asked.method for asked in wire.asked] == ["GET", "GET", "GET"]


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        await settled(connector, VIPS, [ada()])
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ada()])
        assert verdicts(await settled(connector, VIPS, [ada()])) == [("accepted", "")]
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        assert verdicts(await connector.remove(VIPS, [ada()])) == [("accepted", "")]


async def test_one_profile_that_cannot_be_deleted_is_not_the_others_fate() -> None:
    rows = [ada(), Row("bob", {"email": "bob@example.com"}), Row("eve", {"phone": "+12025550123"})]
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        await settled(connector, PROFILES, rows)
        wire.order(kind="refuse", match="bob@*", reason="on hold")
        outcomes = await connector.remove(PROFILES, rows)
        assert verdicts(outcomes) == [("accepted", ""), ("rejected", "invalid"), ("accepted", "")]
        assert list(wire.emulation.held(wire.shelf, PROFILES)) == ["bob@example.com"]


async def test_once_it_is_too_much_nobody_else_is_tried() -> None:
    rows = [Row(f"p{n}", {"external_id": f"p{n}"}) for n in range(5)]
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        await settled(connector, PROFILES, rows)
        before = len(wire.asked)
        wire.order(kind="throttle", match="p2", after=30, times=1)
        outcomes = await connector.remove(PROFILES, rows)
        assert verdicts(outcomes) == [("accepted", "")] * 2 + [("retry", "throttled")] * 3
        assert [asked.method for asked in wire.asked[before:]] == ["GET", "POST", "POST", "POST"]
        assert verdicts(await connector.remove(PROFILES, rows)) == [("accepted", "")] * 5
        assert wire.shelf.all("profiles") == {}


async def test_an_event_sent_twice_is_recorded_once() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        for _ in range(2):
            assert await connector.send([told("ada", order=7)]) == [Outcome.accepted()]
        assert [(one["to"], one["subject"]) for one in wire.shelf.messages()] == [("ada", "VIP welcome")]
    assert wire.asked[0].json()["data"]["attributes"] == {
        "properties": {"order": 7},
        "unique_id": "key:VIP welcome:ada",
        "metric": {"data": {"type": "metric", "attributes": {"name": "VIP welcome"}}},
        "profile": {"data": {"type": "profile", "attributes": {"external_id": "ada"}}},
    }


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, "invalid", Refused, "invalid"),
        (413, "payload_too_large", Refused, "payload_too_large"),
        (401, "not_authenticated", Closed, "unauthorized"),
        (403, "permission_denied", Closed, "unauthorized"),
        (429, "throttled", Retryable, "throttled"),
        (500, "error", Retryable, "http_500"),
        (503, "error", Retryable, "unavailable"),
    ],
)
async def test_every_answer_means_one_thing(status: int, code: str, kind: type[Exception], reason: str) -> None:
    body = {"errors": [{"id": "1", "code": code, "title": "No", "detail": "not ada@example.com"}]}
    async with answering(status, body) as wire, opened(Klaviyo, given(wire)) as connector:
        with pytest.raises(kind, match=reason) as raised:
            await connector.upsert(PROFILES, [ada()])
    assert "ada@" not in str(raised.value)


async def test_klaviyo_has_profiles_and_no_other_objects() -> None:
    async with EmulatedWire(Platform) as wire, opened(Klaviyo, given(wire)) as connector:
        with pytest.raises(Unsupported, match="write `object: profile`"):
            await connector.upsert(Target("object", "company"), [ada()])
