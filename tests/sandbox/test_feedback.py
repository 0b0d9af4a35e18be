"""What is done with a message in the sandbox: on the page, by the control API, by people who behave by themselves."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Client, letter
from tests.sandbox.test_channels import SENT, deliver
from tidegate.feedback.format import FeedbackLine
from tidegate.sandbox import Sandbox, inbox, reported
from tidegate.sandbox.behaviour import Behaviour, tell
from tidegate.sandbox.inbox import Received
from tidegate.sandbox.store import Store

MORNING = datetime(2011, 10, 1, 6, tzinfo=UTC)
LINK = "https://shop.example.com/lamps?page=2&sort=price"
HTML = f"<p>See <a class='x' href=\"{LINK.replace('&', '&amp;')}\">the lamps</a></p>"


def told(client: Client) -> list[dict[str, Any]]:
    """The lines that were written for the next run; each as the format has it."""
    lines = [line for file in files(client) for line in file.read_text().splitlines()]
    for line in lines:
        FeedbackLine.model_validate_json(line)
    return [json.loads(line) for line in lines]


def files(client: Client) -> list[Path]:
    return sorted(client.sandbox.store.reports.glob("*.jsonl"))


def kinds(client: Client) -> list[str]:
    return [line["kind"] for line in told(client)]


async def post(client: Client, path: str, **form: str) -> tuple[int, str]:
    async with client.session.post(f"{client.sandbox.http_url}{path}", data=form) as answer:
        return answer.status, await answer.text()


async def control(client: Client, path: str, body: Any) -> tuple[int, str]:
    async with client.session.post(f"{client.sandbox.http_url}/control/{path}", json=body) as answer:
        return answer.status, await answer.text()


async def token(client: Client, number: int = 1) -> str:
    _, page = await client.page(f"/messages/{number}")
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_looking_at_a_message_opens_it_once(client: Client) -> None:
    client.sandbox.set_clock(MORNING)
    await client.mail(key="k1")
    await client.page("/messages/1")
    await client.page("/messages/1?tab=text")
    await client.page("/")
    [line] = told(client)
    assert (line["kind"], line["provider_id"]) == ("opened", "k1@shop.example.com")
    assert (line["channel"], line["address"]) == ("email", "ada@example.com")
    assert datetime.fromisoformat(line["happened_at"]) == MORNING, "the run's clock stands still"
    assert [file.name for file in files(client)] == ["sandbox-2011-10-01.jsonl"]


async def test_nobody_hears_of_a_text_that_it_was_read(client: Client) -> None:
    assert (await control(client, "behave", {"opens": 1, "delivered": 0}))[0] == 204
    await client.text(body="On its way")
    await client.page("/messages/1")
    client.sandbox.set_clock(datetime.now(UTC) + timedelta(days=4))
    assert told(client) == []


async def test_a_prefetch_opens_nothing(client: Client) -> None:
    await client.mail()
    async with client.session.get(f"{client.sandbox.http_url}/messages/1", headers={"Sec-Purpose": "prefetch"}) as got:
        assert got.status == 200
    assert told(client) == []


async def test_a_link_leads_through_the_sandbox_and_no_further_by_itself(client: Client) -> None:
    await client.mail(html=HTML)
    _, shown = await client.page("/messages/1/html")
    [way] = re.findall(r'<a class=\'x\' href="([^"]+)"', shown)
    assert way.startswith(client.sandbox.http_url)
    async with client.session.get(way.replace("&amp;", "&"), allow_redirects=False) as answer:
        assert answer.status == 200
        assert LINK.replace("&", "&amp;") in await answer.text()
    assert [(line["kind"], line.get("url")) for line in told(client)] == [("opened", None), ("clicked", LINK)]


async def test_only_links_of_the_message_count(client: Client) -> None:
    await client.mail(html=HTML)
    status, _ = await client.page("/messages/1/go?url=https://evil.example.com/")
    assert status == 404
    assert told(client) == []


async def test_links_in_texts_are_clicked_too(client: Client) -> None:
    await client.text(body="Look: https://shop.example.com/7, today")
    _, page = await client.page("/messages/1")
    assert 'href="/messages/1/go?url=https%3A%2F%2Fshop.example.com%2F7"' in page
    await client.page("/messages/1/go?url=https%3A%2F%2Fshop.example.com%2F7")
    assert kinds(client) == ["clicked"]


async def test_what_a_text_says_is_not_markup(client: Client) -> None:
    await client.text(body='<script>alert(1)</script> https://shop.example.com/"onmouseover="x')
    _, page = await client.page("/messages/1")
    assert "<script>alert" not in page
    assert '"onmouseover="' not in page


@pytest.mark.parametrize(
    ("pressed", "kind", "permanent"),
    [("hard", "bounced", True), ("soft", "bounced", False), ("complained", "complained", None),
     ("unsubscribed", "unsubscribed", None), ("replied", "replied", None)],
)  # fmt: skip
async def test_buttons_do_what_they_say(client: Client, pressed: str, kind: str, permanent: bool | None) -> None:
    await client.mail()
    status, page = await post(client, "/messages/1/feedback", what=pressed, token=await token(client))
    assert status == 200
    assert f"did-{kind}" in page
    line = told(client)[-1]
    assert (line["kind"], line.get("permanent")) == (kind, permanent)


async def test_who_has_not_opened_the_message_cannot_press_a_button(client: Client) -> None:
    await client.mail()
    await client.mail("eve@example.com")
    other = await token(client, 2)
    for stolen in ("", other):
        assert (await post(client, "/messages/1/feedback", what="hard", token=stolen))[0] == 403
    assert "bounced" not in kinds(client)


async def test_one_click_acts_on_a_post_and_on_nothing_else(client: Client) -> None:
    """RFC 8058: a GET changes nothing; a POST acts at once, and may come again."""
    mail = letter("ada@example.com")
    mail["List-Unsubscribe"] = "<https://shop.example.com/u/1>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    await client.deliver(mail)
    _, page = await client.page("/messages/1")
    [path] = re.findall(r'action="(/unsubscribe/[^"]+)"', page)

    status, words = await client.page(path)
    assert (status, "changed nothing" in words) == (200, True)
    assert (await post(client, path))[0] == 400
    assert "unsubscribed" not in kinds(client)
    for _ in range(2):
        status, words = await post(client, path, **{"List-Unsubscribe": "One-Click"})
        assert (status, "You are unsubscribed" in words) == (200, True)
    assert kinds(client).count("unsubscribed") == 1
    assert (await post(client, "/unsubscribe/1/" + "0" * 32, **{"List-Unsubscribe": "One-Click"}))[0] == 403


async def test_a_page_that_is_shared_notes_nothing(tmp_path: Path) -> None:
    from tidegate.sandbox.server import HttpServer, application

    store = Store(tmp_path / "sandbox")
    received(store, "ada@example.com")
    server = HttpServer(application(store, shared=True))
    host, port = await server.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/messages/1") as answer:
            page = await answer.text()
    finally:
        await server.stop()
        store.close()
    assert "feedback" not in page.split("</article>")[0].split('aria-label="What was done with it"')[1]
    assert not (tmp_path / "feedback").exists()


async def test_what_goes_to_colleagues_is_not_opened_and_has_no_buttons(client: Client) -> None:
    await control(client, "behave", {"clicks": 1, "unsubscribes": 1})
    post = Received("chat", "slack", "1", "tidegate", "C1", "", "*Gold*", "*Gold*", b"*Gold*")
    await asyncio.wrap_future(client.sandbox.store.write(lambda connection: inbox.keep(connection, post)))

    _, page = await client.page("/messages/1")

    assert "<strong>Gold</strong>" in page
    assert "What was done with it" not in page
    client.sandbox.set_clock(datetime.now(UTC) + timedelta(days=9))
    assert kinds(client) == []


async def test_the_control_api_does_it_for_many(client: Client) -> None:
    client.sandbox.set_clock(MORNING)
    await client.mail("ada@example.com", key="k1")
    await client.mail("bob@example.com", key="k2")
    await client.text()
    body = {"to": "*@example.com", "kind": "clicked", "url": LINK, "after": 90}
    assert await control(client, "feedback", body) == (201, '{"events": 2}')
    assert await control(
        client, "feedback", {"message": "k2@shop.example.com", "kind": "bounced", "permanent": True}
    ) == (
        201,
        '{"events": 1}',
    )
    assert {(line["kind"], line["address"], line["happened_at"][11:19]) for line in told(client)} == {
        ("clicked", "ada@example.com", "06:01:30"),
        ("clicked", "bob@example.com", "06:01:30"),
        ("bounced", "bob@example.com", "06:00:00"),
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "opened"}, 422),
        ({"to": "*", "kind": "opend"}, 422),
        ({"to": "*", "kind": "opened", "when": 1}, 422),
        ({"to": "nobody", "kind": "opened"}, 404),
    ],
)
async def test_the_control_api_says_what_it_does_not_understand(client: Client, body: Any, status: int) -> None:
    assert (await control(client, "feedback", body))[0] == status


async def test_a_fault_for_nobody_is_not_ordered(client: Client) -> None:
    status, told = await control(client, "faults", {"kind": "refuse", "connector": "hubspott"})

    assert (status, told) == (422, "the sandbox does not play `hubspott`; did you mean `hubspot`?")
    assert await client.api("/control/faults") == []


async def test_behaviour_is_told_asked_and_forgotten(client: Client) -> None:
    assert (await control(client, "behave", {"opens": 0.3, "clicks": 0.1, "bounces": 0.01, "seed": 7}))[0] == 204
    assert (await control(client, "behave", {"channel": "sms", "replies": 1}))[0] == 204
    assert (await control(client, "behave", {"opens": 3}))[0] == 422
    rules = await client.api("/control/behave")
    assert [(rule["channel"], rule["opens"], rule["replies"]) for rule in rules] == [("", 0.3, 0.0), ("sms", 0.0, 1.0)]
    async with client.session.delete(f"{client.sandbox.http_url}/control/behave") as answer:
        assert answer.status == 204
    assert await client.api("/control/behave") == []


def received(store: Store, *recipients: str, subject: str = "Hello") -> None:
    text = f"Look: {LINK}"
    for to in recipients:
        named = {"account": "shop", "provider_id": f"id of {to}", "sender": "shop", "recipient": to, "subject": subject}
        message = Received("push", **named, preview=text, text=text, raw=text.encode())
        store.write(lambda connection, message=message: inbox.keep(connection, message))  # type: ignore[misc]
    store.write(lambda connection: None).result()


def behaving(folder: Path, rule: Behaviour, people: list[str]) -> Counter[tuple[str, str]]:
    store = Store(folder / "sandbox")
    store.set_clock(MORNING)
    store.write(lambda connection: tell(connection, rule)).result()
    received(store, *people)
    store.set_clock(MORNING + timedelta(days=9))
    lines = [json.loads(line) for file in store.reports.glob("*.jsonl") for line in file.read_text().splitlines()]
    store.close()
    return Counter((line["kind"], line["address"]) for line in lines)


def test_seeded_people_do_the_same_in_whatever_order_their_messages_come(tmp_path: Path) -> None:
    people = [f"p{number}" for number in range(300)]
    rule = Behaviour(opens=0.3, clicks=0.1, bounces=0.05, unsubscribes=0.02, seed=7)
    done = behaving(tmp_path / "a", rule, people)
    assert done == behaving(tmp_path / "b", rule, people[::-1])
    assert done != behaving(tmp_path / "c", rule.model_copy(update={"seed": 8}), people)
    assert max(done.values()) == 1

    by_kind = Counter(kind for kind, _ in done)
    assert 60 < by_kind["opened"] < 120
    assert 15 < by_kind["clicked"] < 50
    assert by_kind["delivered"] + by_kind["bounced"] == 300
    for who in people:
        bounced, opened, clicked = (done[kind, who] for kind in ("bounced", "opened", "clicked"))
        assert clicked <= opened <= 1 - bounced


def test_nobody_is_told_of_what_has_not_happened_yet(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox")
    store.set_clock(MORNING)
    store.write(lambda connection: tell(connection, Behaviour(opens=1.0))).result()
    received(store, "ada")
    assert not store.reports.exists()
    store.set_clock(MORNING + timedelta(seconds=30))
    assert [json.loads(line)["kind"] for line in lines_of(store)] == ["delivered"]
    store.set_clock(MORNING + timedelta(days=4))
    assert [json.loads(line)["kind"] for line in lines_of(store)] == ["delivered", "opened"]
    store.close()


def lines_of(store: Store) -> list[str]:
    return [line for file in sorted(store.reports.glob("*.jsonl")) for line in file.read_text().splitlines()]


def test_what_could_not_be_written_is_written_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path / "sandbox")
    store.reports.write_text("a file where the folder should be")
    received(store, "ada")
    store.write(lambda connection: reported.record(connection, 1, "opened")).result()
    assert "could not be written" in caplog.text
    store.reports.unlink()
    store.write(lambda connection: None).result()
    assert len(lines_of(store)) == 1
    store.close()


def test_a_line_that_somebody_did_not_finish_swallows_none_of_ours(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox")
    store.set_clock(MORNING)
    received(store, "ada")
    store.reports.mkdir()
    (store.reports / "sandbox-2011-10-01.jsonl").write_text('{"event_id": "sand')
    store.write(lambda connection: reported.record(connection, 1, "opened")).result()
    [torn, whole] = lines_of(store)
    assert (torn, json.loads(whole)["kind"]) == ('{"event_id": "sand', "opened")
    store.close()


def test_where_the_clock_is_the_days_it_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox")
    store.set_clock(datetime.now(UTC))
    received(store, "ada")
    time.sleep(0.01)
    store.write(lambda connection: reported.record(connection, 1, "opened")).result()
    [line] = lines_of(store)
    assert datetime.fromisoformat(json.loads(line)["happened_at"]) >= datetime.now(UTC) - timedelta(seconds=30)
    store.close()


@pytest.mark.parametrize(("name", "written", "channel", "to", "content", "shown"), SENT)
async def test_feedback_names_the_message_as_the_connector_knows_it(
    sandbox: Sandbox, client: Client, name: str, written: Any, channel: str, to: str, content: Any, shown: str
) -> None:
    outcome = await deliver(client, name, written, channel, to, content)
    await control(client, "feedback", {"to": "*", "kind": "delivered"})
    [line] = told(client)
    assert line["provider_id"] == outcome.provider_id
