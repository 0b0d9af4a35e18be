"""The page: what a person sees, and that what is shown cannot do harm."""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.conftest import Client, listed, sha256
from tests.sandbox.test_webhooks import call
from tidegate.sandbox import inbox
from tidegate.sandbox.page.chart import HEIGHT, chart
from tidegate.sandbox.page.mail import opening_links_apart, read
from tidegate.sandbox.page.render import bold

DAY = datetime(2011, 10, 1, 6, tzinfo=UTC)


def said(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "tidegate replay"),
        ("/lists", "to: meta_ads"),
        ("/records", "object: contact"),
        ("/webhooks", "verifies"),
        ("/files", "writes into"),
    ],
)
async def test_an_empty_page_says_how_to_fill_it(client: Client, path: str, words: str) -> None:
    status, page = await client.page(path)

    assert status == 200
    assert words in said(page)


async def test_a_message_is_shown_as_html_as_text_and_as_it_came(client: Client) -> None:
    await client.mail(subject="Tea & <cake>", body="Dear Ada", html="<p>Dear <b>Ada</b></p>")

    _, first = await client.page("/messages/1")
    _, text = await client.page("/messages/1?tab=text")
    _, headers = await client.page("/messages/1?tab=headers")
    _, source = await client.page("/messages/1?tab=source")

    assert "<h1>Tea &amp; &lt;cake&gt;</h1>" in first
    assert 'src="/messages/1/html"' in first
    assert "Dear Ada" in said(text)
    assert "k1@shop.example.com" in said(headers)
    assert "multipart/alternative" in said(source)


async def test_a_message_says_which_step_of_which_journey_it_is_from(client: Client) -> None:
    sent = (await client.text(body="Hello"))[1]
    _, before = await client.page("/messages/1")
    client.sandbox.trace([(sent["sid"], "winback: reminder")])

    _, page = await client.page("/messages/1")

    assert "For winback: reminder" in " ".join(said(page).split())
    assert "<dt>For</dt>" not in before


async def test_a_text_is_a_bubble_on_a_telephone(client: Client) -> None:
    await client.text(body="Your order left us <today>")

    _, page = await client.page("/messages/1")

    assert '<p class="bubble">Your order left us &lt;today&gt;</p>' in page
    assert "1 segment " in page


async def test_a_message_cannot_run_scripts_call_home_or_leave_its_frame(client: Client) -> None:
    await client.mail(html="<script>alert(1)</script><img src=https://tracker.example/x.gif>")
    url = f"{client.sandbox.http_url}/messages/1/html"

    async with client.session.get(url) as answer:
        strict = answer.headers["Content-Security-Policy"]
    async with client.session.get(f"{url}?pictures") as answer:
        with_pictures = answer.headers["Content-Security-Policy"]
    _, page = await client.page("/messages/1")

    policy = dict(part.strip().partition(" ")[::2] for part in strict.split(";"))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert policy["img-src"] == "data:"
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert "https:" in with_pictures
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "tracker.example" not in page


async def test_what_customers_wrote_is_never_markup_in_the_page(client: Client) -> None:
    evil = '"><script>alert(1)</script>'
    client.sandbox.label([("ada@example.com", evil)])
    await client.mail(subject=evil, body=evil)
    await client.audience(evil)

    for path in ("/", "/messages/1?tab=text", "/messages/1?tab=headers", "/lists", f"/?q={evil}&channel={evil}"):
        assert "<script>alert" not in (await client.page(path))[1], path


async def test_the_inbox_can_be_searched_by_address_words_and_person(client: Client) -> None:
    client.sandbox.label([("ada@example.com", "12347"), ("+447700900123", "12347"), ("grace@example.com", "12348")])
    await client.mail("ada@example.com", subject="Welcome to the club", key="k1")
    await client.mail("grace@example.com", subject="We miss you", body="Come back, café", key="k2")
    await client.text("+447700900123", "Your parcel")

    async def found(text: str) -> list[int]:
        return sorted(row["id"] for row in await client.inbox(f"?q={text}"))

    assert await found("ada@exa") == [1]
    assert await found("grace@example.com") == [2]
    assert await found("447700900123") == [3]
    assert await found("12347") == [1, 3]
    assert await found("come cafe") == [2]
    assert await found("example") == [1, 2]
    assert await found("%22 OR *") == []
    assert await found("nobody") == []


async def test_messages_are_filtered_by_channel_and_by_day_of_the_runs_clock(client: Client) -> None:
    for number in range(3):
        client.sandbox.set_clock(DAY + timedelta(days=number))
        await client.mail(key=f"k{number}")
        await client.text(body=f"text {number}")

    assert len(await client.inbox("?channel=sms")) == 3
    assert [row["preview"] for row in await client.inbox("?channel=sms&day=2011-10-02")] == ["text 1"]
    assert await client.api("/api/days") == {f"2011-10-0{n}": {"email": 1, "sms": 1} for n in (1, 2, 3)}
    _, page = await client.page("/?day=2011-10-02")
    assert "2 messages on 2 Oct 2011" in said(page)
    assert page.count("<title>1 Oct 2011: 1 E-mail, 1 SMS</title>") == 1


async def test_older_messages_are_a_page_away_and_none_is_shown_twice(client: Client) -> None:
    for number in range(120):
        await client.text(body=f"text {number}")

    seen: list[str] = []
    path = "/"
    while path:
        _, page = await client.page(path)
        seen += re.findall(r'href="/messages/(\d+)', page)
        older = re.search(r'href="(\?before=\d+)" rel="next"', page)
        path = f"/{older[1]}" if older else ""

    assert [int(number) for number in seen] == list(range(120, 0, -1))


async def test_fifty_thousand_messages_are_browsed_without_waiting(client: Client) -> None:
    def fill(connection: object) -> None:
        for number in range(50_000):
            to = f"p{number}@example.com"
            message = inbox.Received("email", "", str(number), "s@example.com", to, "Hello", "Hello", to, b"x" * 2000)
            inbox.keep(connection, message)  # type: ignore[arg-type]

    client.sandbox.store.write(fill).result()

    for path in ("/", "/?q=p777", "/?channel=sms", "/?before=100", "/messages/25000?tab=source"):
        began = time.perf_counter()
        status, _ = await client.page(path)
        assert status == 200
        assert time.perf_counter() - began < 1.5, path


async def test_a_list_shows_people_where_they_are_known_and_hashes_where_not(client: Client) -> None:
    vips = await client.audience()
    client.sandbox.set_clock(DAY)
    await client.put(vips, "ada", "grace")
    client.sandbox.set_clock(DAY + timedelta(days=1))
    await client.put(vips, "grace", method="DELETE")
    client.sandbox.label([(sha256("ada@example.com"), "12347"), ("ada@example.com", "12347")])

    _, page = await client.page(f"/lists/{listed(vips)}")
    _, changes = await client.page(f"/lists/{listed(vips)}?day=2011-10-01")
    by_person, by_address, by_hash, nobody = [
        await client.api(f"/api/lists/{listed(vips)}/members?q={text}")
        for text in ("12347", "ada@example.com", sha256("ada@example.com")[:8], "12348")
    ]

    assert "12347 ada@example.com" in " ".join(said(page).split())
    assert sha256("grace@example.com")[:12] not in page
    assert changes.count('class="change c-add"') == 2
    assert by_person == by_address == by_hash != []
    assert nobody == []
    assert await client.api(f"/api/lists/{listed(vips)}/days") == {
        "2011-10-01": {"add": 2, "remove": 0},
        "2011-10-02": {"add": 0, "remove": 1},
    }


async def test_a_person_page_gathers_messages_lists_and_changes(client: Client) -> None:
    client.sandbox.label([(value, "12347") for value in ("ada@example.com", sha256("ada@example.com"))])
    await client.mail("ada@example.com", subject="Welcome")
    await client.put(await client.audience("VIPs"), "ada")
    await client.put(await client.audience("Lapsed"), "ada")
    lapsed = (await client.api("/api/lists"))[0]["id"].partition(":")[2]
    await client.put(lapsed, "ada", method="DELETE")

    status, page = await client.page("/people/12347")

    words = " ".join(said(page).split())
    assert status == 200
    assert "Welcome" in words
    assert "Lists 1 VIPs since" in words
    assert "removed from Lapsed" in words
    assert (await client.page("/people/nobody"))[0] == 404


async def test_webhooks_are_shown_readable_and_can_be_searched(client: Client) -> None:
    await call(client)

    _, page = await client.page("/webhooks?q=12347")
    _, none = await client.page("/webhooks?q=999")

    assert '"person": "12347"' in said(page)
    assert "Nothing fits" in said(none)


async def test_files_are_previewed_and_downloaded_and_nothing_outside_is(client: Client) -> None:
    import polars

    files = client.sandbox.endpoints.files
    (files / "crm").mkdir()
    (files / "crm" / "VIP customers.csv").write_text("id,email\n1,<b>ada</b>\n", encoding="utf-8")
    (files / "two.jsonl").write_text('{"id": 1}\n{"id": 2, "tier": "vip"}\n', encoding="utf-8")
    polars.DataFrame({"id": [1, 2]}).write_parquet(files / "three.parquet")
    (files / "broken.parquet").write_bytes(b"not parquet")
    (files / ".half-written").write_text("x", encoding="utf-8")
    (files.parent / "secret.csv").write_text("a\n1\n", encoding="utf-8")

    names = [file["name"] for file in await client.api("/api/files")]
    _, page = await client.page("/files/crm/VIP%20customers.csv")
    _, lines = await client.page("/files/two.jsonl")
    _, parquet = await client.page("/files/three.parquet")
    broken, problem = await client.page("/files/broken.parquet")

    assert names == ["broken.parquet", "crm/VIP customers.csv", "three.parquet", "two.jsonl"]
    assert "&lt;b&gt;ada" in page
    assert "tier" in lines
    assert "<td>2</td>" in parquet
    assert broken == 200
    assert "cannot be read" in problem
    async with client.session.get(f"{client.sandbox.http_url}/files/crm/VIP%20customers.csv?download") as answer:
        assert (await answer.text()).startswith("id,email")
    for path in ("/files/..%2Fsandbox.sqlite", "/files/%2Fetc%2Fpasswd", "/files/..%2fsecret.csv"):
        assert (await client.page(path))[0] == 404


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    for path in (
        "/messages/7",
        "/messages/7/html",
        "/messages/7/source",
        "/lists/nope",
        "/files/nope",
        "/records/no/such",
        "/what/ever",
    ):
        assert (await client.page(path))[0] == 404, path


async def test_faults_in_force_are_shown_on_every_page(client: Client) -> None:
    client.fault(kind="throttle", connector="twilio", times=3)

    _, page = await client.page("/lists")

    assert "throttle on twilio, 3 more calls" in said(page)


async def test_the_page_has_landmarks_labels_and_a_way_past_the_header(client: Client) -> None:
    await client.mail()

    for path in ("/", "/messages/1", "/lists", "/records", "/webhooks", "/files"):
        _, page = await client.page(path)
        assert '<html lang="en">' in page
        assert page.count("<main") == 1
        assert page.count('id="main"') == 1
        assert 'class="skip" href="#main"' in page
        assert 'nav aria-label="Sections"' in page
        for field in re.findall(r"<(?:input type=\"search\"|select)[^>]*>", page):
            before = page[: page.index(field)]
            assert before.rindex("<label") > before.rindex("</label>") if "</label>" in before else "<label" in before


async def test_style_and_script_come_with_the_package(client: Client) -> None:
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        async with client.session.get(f"{client.sandbox.http_url}/static/{name}") as answer:
            assert (answer.status, answer.content_type) == (200, kind)
            assert "http://" not in (await answer.text()).replace("http://www.w3.org", "")


def test_pictures_within_a_mail_are_put_into_its_html() -> None:
    raw = (
        b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        b'<img src="cid:logo">\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n--b--\r\n"
    )

    assert 'src="data:image/png;base64,iVBORw0K"' in (read(raw).html or "")


def test_links_of_a_mail_open_outside_its_frame_without_changing_how_it_is_drawn() -> None:
    base = '<base target="_blank">'

    assert opening_links_apart("<!doctype html><html><head><title>") == f"<!doctype html><html><head>{base}<title>"
    assert (
        opening_links_apart("<!DOCTYPE html>\n<html lang=en><body>") == f"<!DOCTYPE html>\n<html lang=en>{base}<body>"
    )
    assert opening_links_apart("<p>Hello") == f"{base}<p>Hello"


def test_a_chart_keeps_the_days_on_which_nothing_happened() -> None:
    drawn = chart({"2011-10-01": {"email": 10, "sms": 10}, "2011-10-03": {"email": 5}}, ["email", "sms"])

    assert drawn is not None
    assert [bar.total for bar in drawn.bars] == [20, 0, 5]
    assert sum(part.height for part in drawn.bars[0].parts) == HEIGHT
    assert drawn.bars[2].parts[0].height == HEIGHT / 4
    assert chart({}, ["email"]) is None


def test_a_chart_of_many_days_shows_the_last_ones_and_says_so() -> None:
    drawn = chart({f"{year}-01-01": {"email": 1} for year in (2009, 2010, 2011)}, ["email"])

    assert drawn is not None
    assert (drawn.left_out, drawn.last) == (2, "2011-01-01")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*Gold*\nAda", "<strong>Gold</strong>\nAda"),
        ("**Gold** 2 * 3 * 4", "<strong>Gold</strong> 2 * 3 * 4"),
        ("*<b>*", "<strong>&lt;b&gt;</strong>"),
        ("a*b*c", "a*b*c"),
    ],
)
def test_bold_words_of_a_channel_are_bold_and_nothing_else_is_markup(text: str, shown: str) -> None:
    assert bold(text) == shown
