"""Twilio's API, as far as the sandbox speaks it."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.conftest import SID, Client
from tidegate.sandbox.segments import segments


async def test_a_text_is_queued_then_delivered_and_in_the_inbox(client: Client) -> None:
    status, sent, _ = await client.text("+447700900123", "Your order left us today")
    fetched_status, fetched = await client.twilio(f"/Messages/{sent['sid']}.json")

    assert (status, sent["status"], sent["num_segments"]) == (201, "queued", "1")
    assert re.fullmatch(r"SM[0-9a-f]{32}", sent["sid"])
    assert sent["uri"] == f"/2010-04-01/Accounts/{SID}/Messages/{sent['sid']}.json"
    assert (fetched_status, fetched["status"], fetched["body"]) == (200, "delivered", "Your order left us today")
    (shown,) = await client.inbox("?channel=sms")
    assert (shown["recipient"], shown["provider_id"]) == ("+447700900123", sent["sid"])


async def test_a_text_by_a_messaging_service_is_accepted_without_a_sender(client: Client) -> None:
    service = "MG" + "0" * 32
    status, sent, _ = await client.text(From="", MessagingServiceSid=service)

    assert (status, sent["status"], sent["from"], sent["messaging_service_sid"]) == (201, "accepted", None, service)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"to": ""}, 21604),
        ({"From": ""}, 21603),
        ({"body": ""}, 21602),
        ({"to": "07700 900123"}, 21211),
        ({"to": "+44"}, 21211),
        ({"to": "+99912345"}, 21211),
        ({"From": "not a number!"}, 21212),
        ({"to": "+12025550100"}, 21266),
        ({"body": "x" * 1601}, 21617),
    ],
)
async def test_what_twilio_refuses_is_refused_with_its_code(client: Client, form: dict[str, str], code: int) -> None:
    status, error, _ = await client.text(**form)

    assert (status, error["code"], error["status"]) == (400, code, 400)
    assert error["more_info"].endswith(str(code))
    assert await client.inbox() == []


async def test_who_cannot_sign_in_gets_twilios_401_and_sends_nothing(client: Client) -> None:
    status, error, answer = await client.text(token="guess")

    assert status == 401
    assert error == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert await client.inbox() == []


async def test_a_text_nobody_sent_is_not_found(client: Client) -> None:
    status, error = await client.twilio(f"/Messages/SM{'0' * 32}.json")

    assert (status, error["code"]) == (404, 20404)


async def test_texts_are_listed_by_recipient_and_page_by_page(client: Client) -> None:
    for number in range(5):
        await client.text("+447700900123", f"text {number}")
    await client.text("+447700900999")

    _, first = await client.twilio("/Messages.json", To="+447700900123", PageSize="3")
    _, second = await client.twilio("/Messages.json", To="+447700900123", PageSize="3", Page="1")

    bodies = [message["body"] for message in first["messages"] + second["messages"]]
    assert bodies == ["text 4", "text 3", "text 2", "text 1", "text 0"]
    assert "Page=1" in first["next_page_uri"]
    assert second["next_page_uri"] is None


async def test_texts_are_listed_by_the_day_they_were_sent(client: Client) -> None:
    await client.text()

    _, earlier = await client.twilio("/Messages.json", **{"DateSent<": "2011-12-09"})
    _, since = await client.twilio("/Messages.json", **{"DateSent>": "2011-12-09"})
    status, error = await client.twilio("/Messages.json", DateSent="yesterday")

    assert [len(earlier["messages"]), len(since["messages"])] == [0, 1]
    assert (status, error["code"]) == (400, 20001)


async def test_the_account_can_be_asked_after(client: Client) -> None:
    status, account = await client.twilio(".json")

    assert (status, account["sid"], account["status"]) == (200, SID, "active")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ż" * 70, 1),
        ("ż" * 71, 2),
        ("👍" * 36, 2),
    ],
)
def test_a_text_takes_as_many_segments_as_its_alphabet_needs(text: str, count: int) -> None:
    assert segments(text) == count
