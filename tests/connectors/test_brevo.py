"""Brevo: mail that is asked after by its own key, and contacts and lists in which each row has its own outcome."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Row, Target
from tidegate.errors import Closed, Retryable
from tidegate.sandbox.emulation import SECRET, Answer, Asked
from tidegate.sandbox.platforms.brevo import Brevo as Platform
from tidegate.testing import HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import UNSUBSCRIBE, WHOLE, answering, judged, letter, opened, verdicts

Brevo = registry.load("brevo", ROOT)
VIPS, CONTACTS = Target("list", "VIP customers"), Target("object", "contact")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"api_key": SECRET, "from": "Shop <hello@shop.example.com>", "base_url": wire.url, **more}


def row(number: int, **traits: Any) -> Row:
    return Row(f"p{number}", {"email": f"person.{number}@example.com"}, traits)


class TestLists(NetworkContract):
    kind = Brevo
    emulation = Platform
    description = "brevo.json"
    description_base = "/v3"
    secrets = (SECRET,)

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)

    @pytest.fixture
    async def wire(self, described: Any) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("900", "VIP customers")
            yield wire

    async def test_what_was_sent_can_be_looked_up_and_nothing_else(self, connector: Any, wire: Any) -> None:
        # Only what is in doubt is remembered, so only that can be asked after.
        wire.fail("cut_after")
        assert [outcome.verdict for outcome in await judged(connector, self.message(1))] == ["unknown"]
        wire.mend()
        found = await connector.lookup([self.message(1).key, self.message(2).key])
        assert {key: outcome.verdict for key, outcome in found.items()} == {self.message(1).key: "accepted"}


class TestObjects(TestLists):
    target = CONTACTS


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_mail_says_what_it_should_and_carries_its_key(wire: EmulatedWire) -> None:
    async with opened(Brevo, given(wire)) as connector:
        [outcome] = await connector.send([letter(**WHOLE)])
    mail = wire.asked[0].json()
    assert uuid.UUID(mail["headers"].pop("idempotencyKey"))
    assert mail == {
        "sender": {"email": "hello@shop.example.com", "name": "Sklep, Żółw"},
        "to": [{"email": "person.1@example.com"}],
        "subject": WHOLE["subject"],
        "htmlContent": WHOLE["html"],
        "textContent": WHOLE["text"],
        "replyTo": {"email": "help@shop.example.com"},
        "headers": {
            "List-Unsubscribe": f"<{UNSUBSCRIBE}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Mailin-custom": "journey:ada:step:1",
        },
    }
    assert outcome.provider_id
    assert wire.shelf.messages()[0]["id"] in outcome.provider_id


@pytest.mark.parametrize("fault", ["cut_after", "garbage", "error", "cut"])
async def test_a_mail_in_doubt_is_asked_after_and_nobody_gets_it_twice(wire: EmulatedWire, fault: Any) -> None:
    async with opened(Brevo, given(wire)) as connector:
        wire.fail(fault)
        [outcome] = await judged(connector, letter(1))
        wire.mend()
        found = await connector.lookup(["journey:ada:step:1", "journey:ada:step:2"])
        assert await connector.lookup(["journey:ada:step:1"]) == {}
    assert outcome.verdict == "unknown"
    assert {key: one.verdict for key, one in found.items()} == {"journey:ada:step:1": "accepted"}
    assert len(wire.shelf.messages()) == 1


async def test_a_mail_in_doubt_is_not_repeated_once_brevo_may_have_forgotten_its_key(
    wire: EmulatedWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(Brevo, given(wire)) as connector:
        wire.fail("cut_after")
        await judged(connector, letter(1))
        wire.mend()
        calls = len(wire.asked)
        doubted = connector._doubted  # type: ignore[attr-defined]
        doubted["journey:ada:step:1"] = (doubted["journey:ada:step:1"][0] - 26 * 60, doubted["journey:ada:step:1"][1])
        assert await connector.lookup(["journey:ada:step:1"]) == {}
    assert len(wire.asked) == calls


@pytest.mark.parametrize(
    ("status", "code", "words", "verdict", "reason"),
    [
        (400, "invalid_parameter", "email is not valid in to", "rejected", "invalid_parameter"),
        (400, "duplicate_parameter", "idempotencyKey", "accepted", ""),
        (429, "too_many_requests", "slow down", "retry", "throttled"),
        (500, "internal_error", "oh", "unknown", "http_500"),
    ],
)
async def test_every_error_means_one_thing(status: int, code: str, words: str, verdict: str, reason: str) -> None:
    said = {"code": code, "message": f"{words} person.1@example.com"}
    reset = {"x-sib-ratelimit-reset": "9"}
    async with answering(status, said, reset) as wire, opened(Brevo, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert outcome.after == (9.0 if reason == "throttled" else None)
    assert "person.1" not in outcome.detail


@pytest.mark.parametrize(
    ("status", "code", "words", "reason"),
    [
        (401, "unauthorized", "Key not found", "unauthorized"),
        (400, "not_enough_credits", "none left", "not_enough_credits"),
        (402, "payment_required", "pay", "payment_required"),
        (403, "permission_denied", "no", "unauthorized"),
        (400, "invalid_parameter", "Sending has been rejected because the sender is not valid", "bad_sender"),
    ],
)
async def test_an_account_at_fault_closes_the_destination(status: int, code: str, words: str, reason: str) -> None:
    async with answering(status, {"code": code, "message": words}) as wire:
        async with opened(Brevo, given(wire)) as connector:
            with pytest.raises(Closed, match=reason):
                await connector.send([letter(1), letter(2)])
        assert len(wire.asked) == 1


async def test_a_sender_of_the_messages_own_is_the_messages_fault() -> None:
    said = {"code": "invalid_parameter", "message": "the sender you used is not valid"}
    async with answering(400, said) as wire, opened(Brevo, given(wire)) as connector:
        outcomes = await judged(connector, letter(**{"from": "x@else.example"}))
    assert verdicts(outcomes) == [("rejected", "bad_sender")]


async def test_lists_need_no_sender_and_mail_does(wire: EmulatedWire) -> None:
    async with opened(Brevo, {"api_key": SECRET, "base_url": wire.url}) as connector:
        assert verdicts(await connector.upsert(VIPS, [row(1)])) == [("accepted", "")]
        with pytest.raises(Closed, match="no_sender"):
            await connector.send([letter()])


async def test_contacts_that_brevo_knows_are_added_in_one_call_and_only_the_others_are_made(wire: EmulatedWire) -> None:
    async with opened(Brevo, given(wire)) as connector:
        await connector.upsert(CONTACTS, [row(number, score=1) for number in range(5)])
        calls = len(wire.asked)
        outcomes = await connector.upsert(VIPS, [row(number) for number in range(7)])
        made = [asked.path for asked in wire.asked[calls:] if asked.path == "/v3/contacts"]
        again = await connector.upsert(VIPS, [row(number) for number in range(7)])
    assert {outcome.verdict for outcome in [*outcomes, *again]} == {"accepted"}
    assert len(made) == 2
    assert len(Platform().held(wire.shelf, VIPS)) == 7
    assert wire.shelf.get("contacts", "person.1@example.com") == {"SCORE": 1}


async def test_lists_are_found_on_every_page_and_of_two_the_oldest_is_taken(wire: EmulatedWire) -> None:
    for number in range(1, 121):
        wire.shelf.new_list(str(number), "VIP customers" if number in (3, 100) else f"list {number}")
    async with opened(Brevo, given(wire)) as connector:
        await connector.upsert(VIPS, [row(1)])
    assert [member["email"] for member in wire.shelf.members("3")] == ["person.1@example.com"]
    assert len(wire.shelf.lists()) == 120


async def test_nobody_is_taken_off_a_list_that_is_not_there_and_none_is_made(wire: EmulatedWire) -> None:
    async with opened(Brevo, given(wire)) as connector:
        assert verdicts(await connector.remove(VIPS, [row(1)])) == [("accepted", "")]
    assert wire.shelf.lists() == {}


async def test_a_list_that_was_deleted_meanwhile_is_made_again(wire: EmulatedWire) -> None:
    async with opened(Brevo, given(wire)) as connector:
        await connector.upsert(VIPS, [row(1)])
        for list_id in wire.shelf.lists():
            wire.shelf.drop_list(list_id)
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [row(2)])
        assert verdicts(await connector.upsert(VIPS, [row(2)])) == [("accepted", "")]


async def test_an_attribute_that_brevo_would_drop_without_a_word_is_refused(wire: EmulatedWire) -> None:
    async with opened(Brevo, given(wire)) as connector:
        outcomes = await connector.upsert(CONTACTS, [row(1, score=5), row(2, score=5, shoe_size=44)])
    assert verdicts(outcomes) == [("accepted", ""), ("rejected", "no_such_attribute")]
    assert "shoe_size" in outcomes[1].detail
    assert wire.shelf.get("contacts", "person.2@example.com") is None


async def test_what_breaks_in_the_middle_leaves_the_first_accepted_and_the_rest_for_later() -> None:
    def twice(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"attributes": [{"name": "SCORE"}]})
        return Answer(204) if len(wire.asked) < 4 else Answer(503, {"code": "down", "message": "down"})

    async with HttpWire(twice) as wire, opened(Brevo, given(wire)) as connector:
        outcomes = await connector.upsert(CONTACTS, [row(number, score=1) for number in range(4)])
    assert [outcome.verdict for outcome in outcomes] == ["accepted", "accepted", "retry", "retry"]


async def test_a_row_without_an_address_is_rejected_and_holds_nobody_back(wire: EmulatedWire) -> None:
    nobody = Row("p0", {"email": ""}, {})
    async with opened(Brevo, given(wire)) as connector:
        for target in (VIPS, CONTACTS):
            outcomes = await connector.upsert(target, [nobody, row(1)])
            assert verdicts(outcomes) == [("rejected", "no_identifier"), ("accepted", "")]
