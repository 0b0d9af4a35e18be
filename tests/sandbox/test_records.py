"""Objects of any platform: who is there, what their fields are, and what became of them, on the page and as JSON."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.conftest import Client
from tidegate.sandbox.shelf import Shelf


def keep(client: Client, change: Callable[[Shelf], Any], *, connector: str = "hubspot", day: int = 1) -> None:
    client.sandbox.set_clock(datetime(2011, 10, day, 6, tzinfo=UTC))
    client.sandbox.store.write(lambda at: change(Shelf(at, connector))).result()


def said(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def people(shelf: Shelf) -> None:
    shelf.put("contacts", "1", {"email": "ada@example.com", "orders": 3, "tags": ["vip"], "city": None})
    shelf.put("contacts", "2", {"email": "grace@example.com", "orders": 5, "city": "Łódź <center>"})
    shelf.put("_jobs", "9", {"polls": 1})


async def test_every_kind_is_a_card_and_bookkeeping_is_not_shown(client: Client) -> None:
    keep(client, people)

    _, page = await client.page("/records")

    assert "HubSpot · Contacts 2 records last change 1 Oct 2011" in said(page)
    assert "jobs" not in page.lower()
    assert (await client.api("/api/totals"))["records"] == 2


async def test_a_kind_shows_fields_and_people_and_is_no_markup(client: Client) -> None:
    client.sandbox.label([("ada@example.com", "12347")])
    keep(client, people)

    status, page = await client.page("/records/hubspot/contacts")

    assert status == 200
    assert "1 12347 ada@example.com 3 empty" in said(page)
    assert "Łódź <center>" in said(page)
    assert "<center>" not in page


async def test_records_are_found_by_person_id_and_the_beginning_of_a_value(client: Client) -> None:
    client.sandbox.label([("ada@example.com", "12347"), ("+447700900123", "12347")])
    keep(client, people)

    for text, found in (
        ("12347", ["1"]),
        ("+447700900123", ["1"]),
        ("grace@", ["2"]),
        ("Łódź", ["2"]),
        ("2", ["2"]),
        ("%", []),
    ):
        records = await client.api(f"/api/records/hubspot/contacts?q={text.replace('%', '%25').replace('+', '%2B')}")
        assert [record["id"] for record in records] == found, text


async def test_a_record_filed_under_an_address_is_whoevers_the_address_is(client: Client) -> None:
    client.sandbox.label([("ada@example.com", "12347"), ("7", "12349")])
    keep(client, lambda shelf: shelf.put("contacts", "ada@example.com", {"orders": 7}), connector="brevo")
    keep(client, lambda shelf: shelf.put("contacts", "7", {"orders": 7}), connector="pipedrive")

    _, theirs = await client.page("/records/brevo/contacts")
    _, nobodys = await client.page("/records/pipedrive/contacts")
    _, person = await client.page("/people/12347")

    assert "ada@example.com 12347 7" in said(theirs)
    assert "12349" not in said(nobodys), "a number is nobody's address"
    assert "Brevo" in said(person)
    for text in ("12347", "ada@"):
        [found] = await client.api(f"/api/records/brevo/contacts?q={text}")
        assert found["person"] == "12347"


async def test_what_became_of_a_record_is_told_day_by_day(client: Client) -> None:
    keep(client, people)
    keep(client, lambda shelf: shelf.put("contacts", "1", {"email": "ada@example.com", "orders": 4}), day=2)
    keep(client, lambda shelf: shelf.put("contacts", "1", {"email": "ada@example.com", "orders": 4}), day=3)
    keep(client, lambda shelf: shelf.drop("contacts", "1"), day=4)

    _, one = await client.page("/records/hubspot/contacts/1")
    _, second = await client.page("/records/hubspot/contacts?day=2011-10-02")

    words = said(one)
    assert "It was removed." in words
    assert words.index("4 Oct 2011 removed") < words.index("2 Oct 2011 changed") < words.index("1 Oct 2011 added")
    assert "3 Oct 2011" not in words
    assert "changed 1 orders 4 tags empty city empty" in said(second)


async def test_a_person_page_tells_their_records(client: Client) -> None:
    client.sandbox.label([("ada@example.com", "12347")])
    keep(client, people)

    _, page = await client.page("/people/12347")

    assert "Records 1 HubSpot · Contacts last changed 1 Oct 2011" in said(page)
    assert 'href="/records/hubspot/contacts/1"' in page


async def test_calls_that_nobody_answers_are_told(client: Client) -> None:
    async with client.session.post(f"{client.sandbox.http_url}/papers/v3/people", json={}) as answer:
        assert answer.status == 501

    _, page = await client.page("/records")

    assert "papers POST /papers/v3/people 1" in said(page)


async def test_each_channel_looks_like_itself(client: Client) -> None:
    def send(shelf: Shelf) -> None:
        shelf.keep("push", "token", subject="Your basket", text="is waiting", details={"url": "https://shop.example"})
        shelf.keep("chat", "#vips", sender="Tidegate", text="Ada became a VIP")
        shelf.keep("crm", "12347", subject="winback", details={"discount": 15})
        shelf.keep("whatsapp", "+447700900123", sender="15550001111", text="It left us", details={"template": "left"})
        shelf.keep("email", "ada@example.com", sender="Shop <s@example.com>", subject="Tea", html="<b>Hello</b>")
        shelf.keep("crm", "12347", subject="winback", text={"discount": "15%", "again": True})

    keep(client, send, connector="braze")
    pages = [(await client.page(f"/messages/{number}"))[1] for number in range(1, 7)]

    assert 'class="notification"' in pages[0]
    assert "url https://shop.example" in said(pages[0])
    assert 'class="post"' in pages[1]
    assert "Braze composes and sends this itself" in said(pages[2])
    assert "discount 15" in said(pages[2])
    assert 'class="bubble c-whatsapp"' in pages[3]
    assert 'src="/messages/5/html"' in pages[4]
    assert '{"discount": "15%", "again": true}' in said(pages[5])
    assert [row["channel"] for row in await client.inbox()] == ["crm", "email", "whatsapp", "crm", "chat", "push"]


async def test_reset_forgets_records_and_numbers(client: Client) -> None:
    keep(client, lambda shelf: shelf.put("contacts", str(shelf.number()), {"email": "ada@example.com"}))
    client.sandbox.store.reset()
    keep(client, lambda shelf: shelf.put("contacts", str(shelf.number()), {"email": "grace@example.com"}))

    records = await client.api("/api/records/hubspot/contacts")

    assert [(record["id"], record["fields"]) for record in records] == [("1", {"email": "grace@example.com"})]
