"""ActiveCampaign: contacts and lists, a few by themselves and many as an import that is judged later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Connector, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET, Answer, Asked
from tidegate.sandbox.platforms.activecampaign import ActiveCampaign
from tidegate.testing import EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.judging import halved, settled

from . import opening
from .conftest import ROOT
from .opening import verdicts

Kind = registry.load("activecampaign", ROOT)
VIPS, CONTACT = Target("list", "VIP customers"), Target("object", "contact")


class TestLists(NetworkContract):
    kind = Kind
    emulation = ActiveCampaign
    description = "activecampaign.json"
    # Not ActiveCampaign's own description: it lacks the custom fields, and of an import it says `field` for what the
    # vendor's page calls `id`.
    undescribed = ("/api/3/fields", "/api/3/import/bulk_import")
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(ActiveCampaign, watch=described.watch) as wire:
            # Nobody is taken off a list that does not exist, and nobody deleted whom it does not know.
            wire.shelf.new_list("900", "VIP customers")
            address = self.row(0).identifiers["email"]
            wire.shelf.put("contacts", "999", {"email": address})
            wire.shelf.put("_addresses", address, {"id": "999"})
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"api_key": SECRET, "base_url": wire.url, "resubscribe": True, "sender_url": "https://shop.example.com"}

    def row(self, number: int) -> Row:
        traits = {} if self._target.mode == "list" else {"score": str(number), "tier": "vip"}
        return Row(f"p{number}", {"email": f"person.{number}@example.com"}, traits)


class TestContacts(TestLists):
    target = CONTACT


class TestImports(TestContacts):
    """Everything as an import, but what empties a field."""

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {**super().settings(wire), "bulk_from": 1}


def opened(wire: HttpWire, **settings: Any) -> AbstractAsyncContextManager[Connector]:
    return opening.opened(Kind, {"api_key": SECRET, "base_url": wire.url, **settings})


@pytest.fixture
async def platform() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(ActiveCampaign) as wire:
        yield wire


def person(name: str, **traits: Any) -> Row:
    return Row(name, {"email": f"{name}@example.com"}, traits)


def crowd(count: int, **traits: Any) -> list[Row]:
    return [person(f"p{number}", **traits) for number in range(count)]


def bodies(wire: HttpWire, end: str) -> list[Any]:
    return [asked.json() for asked in wire.asked if asked.method == "POST" and asked.path.endswith(end)]


TRAITS = {
    "first_name": "Ada",
    "phone": 442071234567,
    "TIER": ["a", "b"],
    "last order": "2026-03-01 09:30:00+01",
    "BIRTHDAY": "1815-12-10",
    "score": 1.5,
}


async def test_values_are_texts_in_fields_that_are_found_by_name(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        assert verdicts(await connector.upsert(CONTACT, [person("ada", **TRAITS, City=None)])) == ["accepted"]
    [body] = bodies(platform, "contact/sync")
    assert body == {
        "contact": {
            "email": "ada@example.com",
            "firstName": "Ada",
            "phone": "442071234567",
            "fieldValues": [
                {"field": "2", "value": "||a||b||"},
                {"field": "7", "value": "2026-03-01T08:30:00.000Z"},
                {"field": "8", "value": "1815-12-10"},
                {"field": "1", "value": "1.5"},
                {"field": "4", "value": ""},
            ],
        }
    }


async def test_the_sandbox_shows_fields_by_the_names_that_people_gave_them(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        await connector.upsert(CONTACT, [person("ada", Tier="gold")])
        await settled(connector, CONTACT, [*crowd(10), person("eve", **{"Last order": "2026-03-01"})])
    held = {one["email"]: one for one in platform.shelf.all("contacts").values()}
    assert held["ada@example.com"] == {"email": "ada@example.com", "Tier": "gold"}
    assert held["eve@example.com"] == {"email": "eve@example.com", "Last order": "2026-03-01"}


async def test_an_import_names_the_fields_as_imports_do(platform: EmulatedWire) -> None:
    async with opened(platform, run_automations=False) as connector:
        assert verdicts(await settled(connector, CONTACT, [*crowd(10), person("ada", **TRAITS)])) == ["accepted"] * 11
    [body] = bodies(platform, "bulk_import")
    assert body["exclude_automations"] is True
    assert body["contacts"][-1] == {
        "email": "ada@example.com",
        "first_name": "Ada",
        "phone": "442071234567",
        "fields": [
            {"id": 2, "value": "||a||b||"},
            {"id": 7, "value": "2026-03-01T08:30:00.000Z"},
            {"id": 8, "value": "1815-12-10"},
            {"id": 1, "value": "1.5"},
        ],
    }


async def test_a_few_go_one_by_one_and_many_as_an_import(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        assert verdicts(await connector.upsert(CONTACT, crowd(10))) == ["accepted"] * 10
        outcomes = await connector.upsert(CONTACT, crowd(11))
        assert verdicts(outcomes) == ["pending"] * 11
        [job] = {outcome.job for outcome in outcomes}
        assert verdicts(await connector.poll(job, CONTACT, crowd(11), removing=False)) == ["pending"] * 11
        assert verdicts(await connector.poll(job, CONTACT, crowd(11), removing=False)) == ["accepted"] * 11


async def test_what_empties_a_field_is_never_left_to_an_import(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        outcomes = await connector.upsert(CONTACT, [*crowd(11, Tier="vip"), person("ada", Tier=None)])
    assert verdicts(outcomes) == ["pending"] * 11 + ["accepted"]
    assert len(bodies(platform, "contact/sync")) == 1


async def test_an_import_stays_below_its_size(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        outcomes = await settled(connector, CONTACT, crowd(250, Tier="x" * 4_000))
    assert verdicts(outcomes) == ["accepted"] * 250
    sizes = [len(asked.body) for asked in platform.asked if asked.path.endswith("bulk_import")]
    assert len(sizes) > 1
    assert max(sizes) < 400_000


async def test_whom_an_import_left_out_is_named(platform: EmulatedWire) -> None:
    platform.order(kind="refuse", match="p3@example.com", reason="excluded")
    async with opened(platform) as connector:
        outcomes = await settled(connector, CONTACT, crowd(12))
    assert [place for place, one in enumerate(outcomes) if one.verdict == "rejected"] == [3]
    assert outcomes[3].reason == "not_imported"


async def test_an_import_that_is_refused_whole_is_halved_until_the_bad_one_is_alone(platform: EmulatedWire) -> None:
    rows = [*crowd(12), Row("bad", {"email": "no-address"})]
    async with opened(platform) as connector:
        with pytest.raises(Refused, match="invalid_contact"):
            await connector.upsert(CONTACT, rows)
        outcomes = await halved(lambda some: settled(connector, CONTACT, some), rows)
    assert verdicts(outcomes) == ["accepted"] * 12 + ["rejected"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Answer(200, {"status": "failed"}), "job_failed"),
        (Answer(200, {"status": "interrupted"}), "job_failed"),
        (Answer(404, {"message": "No such batch"}), "job_gone"),
    ],
)
async def test_an_import_that_came_to_nothing_is_tried_again(said: Answer, reason: str) -> None:
    async with HttpWire(lambda asked: said) as wire, opened(wire) as connector:
        outcomes = await connector.poll("b-1", CONTACT, crowd(2), removing=False)
    assert [(one.verdict, one.reason) for one in outcomes] == [("retry", reason)] * 2


async def test_a_field_that_does_not_exist_rejects_the_row_without_a_call(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        few = await connector.upsert(CONTACT, [person("ada", Teir="a"), person("eve", Tier="a")])
        many = await connector.upsert(CONTACT, [*crowd(11), person("ada", Teir="a")])
    assert [one.reason for one in few] == ["unknown_field", ""]
    assert verdicts(many) == ["pending"] * 11 + ["rejected"]


async def test_create_leaves_alone_and_update_makes_nobody(platform: EmulatedWire) -> None:
    create, update = Target("object", "contact", "create"), Target("object", "contact", "update")
    async with opened(platform) as connector:
        rows = [person("ada", Tier="old")]
        assert verdicts(await connector.upsert(create, rows)) == ["accepted"]
        assert verdicts(await connector.upsert(create, [person("ada", Tier="new")])) == ["accepted"]
        outcomes = await connector.upsert(update, [person("ada", Score=1), person("eve", Score=1)])
    assert [one.reason for one in outcomes] == ["", "not_found"]
    assert ActiveCampaign().held(platform.shelf, CONTACT) == {"ada@example.com": {"tier": "old", "score": "1"}}


async def test_somebody_who_came_to_be_meanwhile_is_left_alone() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"contacts": []})
        return Answer(422, {"errors": [{"title": "Email address already exists", "code": "duplicate"}]})

    async with HttpWire(answer) as wire, opened(wire) as connector:
        outcomes = await connector.upsert(Target("object", "contact", "create"), [person("ada")])
    assert verdicts(outcomes) == ["accepted"]


async def test_two_people_with_one_address_are_written_one_after_the_other(platform: EmulatedWire) -> None:
    twin = Row("twin", {"email": "P0@example.com"}, {"Tier": "b"})
    async with opened(platform) as connector:
        outcomes = await connector.upsert(CONTACT, [*crowd(11, Tier="a"), twin])
    assert verdicts(outcomes) == ["pending"] * 11 + ["accepted"]


async def test_a_list_is_made_once_where_it_may_be(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        assert [one.reason for one in await connector.upsert(VIPS, [person("ada")])] == ["no_list"]
        assert verdicts(await connector.remove(VIPS, [person("ada")])) == ["accepted"]
    for _ in range(2):
        async with opened(platform, sender_url="https://shop.example.com") as connector:
            assert verdicts(await connector.upsert(VIPS, [person("ada"), person("eve")])) == ["accepted"] * 2
    platform.shelf.new_list("77", "VIP customers of old")
    async with opened(platform) as connector:
        assert verdicts(await connector.remove(VIPS, [person("ada"), person("stranger")])) == ["accepted"] * 2
    assert list(platform.shelf.lists().values()) == ["VIP customers", "VIP customers of old"]
    assert ActiveCampaign().held(platform.shelf, VIPS) == {"eve@example.com": {}}
    assert len(platform.shelf.all("contacts")) == 2


async def test_whoever_has_unsubscribed_stays_so_unless_told_otherwise(platform: EmulatedWire) -> None:
    async with opened(platform, sender_url="https://shop.example.com") as connector:
        await connector.upsert(VIPS, [person("ada")])
        await connector.remove(VIPS, [person("ada")])
        assert [one.reason for one in await connector.upsert(VIPS, [person("ada")])] == ["unsubscribed"]
    assert ActiveCampaign().held(platform.shelf, VIPS) == {}
    async with opened(platform, resubscribe=True) as connector:
        assert verdicts(await connector.upsert(VIPS, [person("ada")])) == ["accepted"]
        # An import could not: everybody by themselves.
        assert verdicts(await connector.upsert(VIPS, crowd(11))) == ["accepted"] * 11
    assert len(ActiveCampaign().held(platform.shelf, VIPS)) == 12
    assert bodies(platform, "contactLists")[-1]["contactList"]["sourceid"] == 4


async def test_many_are_put_on_a_list_by_an_import(platform: EmulatedWire) -> None:
    async with opened(platform, sender_url="https://shop.example.com") as connector:
        assert verdicts(await settled(connector, VIPS, crowd(11))) == ["accepted"] * 11
    assert len(ActiveCampaign().held(platform.shelf, VIPS)) == 11
    assert bodies(platform, "contactLists") == []


async def test_a_list_deleted_under_way_is_made_again(platform: EmulatedWire) -> None:
    async with opened(platform, sender_url="https://shop.example.com") as connector:
        await connector.upsert(VIPS, [person("ada")])
        platform.shelf.drop_list(next(iter(platform.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [person("ada")])
        assert verdicts(await connector.upsert(VIPS, [person("ada")])) == ["accepted"]


async def test_removal_deletes_the_contact_and_nobody_else(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        await connector.upsert(CONTACT, [person("ada"), person("eve")])
        rows = [person("ada"), person("stranger"), Row("nobody", {})]
        assert verdicts(await connector.remove(CONTACT, rows)) == ["accepted"] * 3
    assert [one["email"] for one in platform.shelf.all("contacts").values()] == ["eve@example.com"]


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "after"),
    [
        (Answer(429, {"message": "slow down"}, {"retry-after": "3"}), Retryable, "throttled", 3.0),
        (Answer(403, {"message": "You do not have permission"}), Closed, "unauthorized", None),
        (Answer(402, {"message": "Payment required"}), Closed, "account_suspended", None),
        (Answer(422, {"errors": [{"title": "no", "code": "email_invalid"}]}), Refused, "email_invalid", None),
        (Answer(422, {"message": "no"}), Refused, "invalid", None),
        (Answer(503, "later"), Retryable, "unavailable", None),
        (Answer(200, {"contact": {}}), Retryable, "garbled", None),
        (Answer(200, ["?"]), Retryable, "garbled", None),
    ],
)
async def test_every_answer_means_one_thing(
    answer: Answer, kind: type[DestinationError], reason: str, after: float | None
) -> None:
    async with HttpWire(lambda asked: answer) as wire, opened(wire) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(CONTACT, [person("ada")])
    assert (type(raised.value), raised.value.reason, raised.value.after) == (kind, reason, after)


async def test_there_are_contacts_and_nothing_else(platform: EmulatedWire) -> None:
    async with opened(platform) as connector:
        for asked in (connector.upsert, connector.remove):
            assert [one.reason for one in await asked(Target("object", "deal"), [person("ada")])] == ["unknown_object"]
