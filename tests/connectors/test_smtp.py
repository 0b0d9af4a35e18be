"""E-mail over real SMTP: what was handed over, and exactly from when on it is in doubt."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome, Target
from tidegate.errors import Closed, Retryable
from tidegate.testing import Fault, NetworkContract, SmtpWire
from tidegate.testing.smtp_wire import CUT, HANG
from tidegate.testing.world import World

from .conftest import ROOT

PASSWORD = "correct-horse-7"
PIPELINING = ("PIPELINING", "8BITMIME", "SIZE 10000000")
Smtp = registry.load("smtp", ROOT)


class TestContract(NetworkContract):
    kind = Smtp
    secrets = (PASSWORD,)
    # SMTP's replies to MAIL and DATA say all that "empty" and "html" could be: `garbage` stands for them.
    without: frozenset[Fault] = frozenset({"empty", "html"})

    @pytest.fixture
    async def wire(self) -> AsyncIterator[SmtpWire]:
        async with SmtpWire(password=PASSWORD) as wire:
            yield wire

    def settings(self, wire: SmtpWire) -> Mapping[str, Any]:
        return {**plain(wire), "username": "shop", "password": PASSWORD, "timeout": 0.4}


class TestPipelined(TestContract):
    @pytest.fixture
    async def wire(self) -> AsyncIterator[SmtpWire]:
        async with SmtpWire(password=PASSWORD, extensions=PIPELINING) as wire:
            yield wire


def plain(wire: SmtpWire | Reader) -> dict[str, Any]:
    return {"host": wire.host, "port": wire.port, "tls": "none", "from": "Shop <hello@shop.example.com>"}


@asynccontextmanager
async def smtp(wire: SmtpWire | Reader, **settings: Any) -> AsyncIterator[Connector]:
    connector = Smtp(Smtp.Settings.model_validate({**plain(wire), "timeout": 0.5, **settings}))
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            yield connector
        finally:
            await connector.close()


def message(number: int = 1, to: str | None = None, **content: Any) -> Message:
    given = TestContract().message(number)
    return replace(given, to=to or given.to, content={**given.content, **content})


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


async def test_a_mail_arrives_with_both_bodies_and_the_headers_that_mailboxes_ask_for() -> None:
    content = {
        "subject": "Żółć, naïve & 日本",
        "html": "<p>Zażółć 🎉</p>",
        "text": "Zażółć 🎉",
        "reply_to": "help@example.com",
    }
    async with SmtpWire() as wire, smtp(wire) as connector:
        [outcome] = await connector.send(
            [message(**content, unsubscribe_url="https://shop.example.com/u?t=" + "a1" * 100)]
        )
    [mail] = wire.mails
    found = parsed(mail.content)
    assert outcome.provider_id == found["Message-ID"]
    assert (mail.sender, mail.to) == ("hello@shop.example.com", "person.1@example.com")
    assert found["Subject"] == content["subject"]
    assert found["From"] == "Shop <hello@shop.example.com>"
    assert found["To"] == "person.1@example.com"
    assert found["Reply-To"] == "help@example.com"
    assert found["Date"] == "Sun, 01 Mar 2026 09:30:00 +0000"
    assert found["List-Unsubscribe"] == "<https://shop.example.com/u?t=" + "a1" * 100 + ">"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in found.iter_parts()] == ["Zażółć 🎉", "<p>Zażółć 🎉</p>"]
    assert not [name for name in found if name.lower().startswith("x-")]


async def test_no_line_is_longer_than_any_relay_takes_and_none_ends_the_mail_early() -> None:
    html = "<p>" + "long " * 2000 + "</p>\n.\nMAIL FROM:<evil@example.com>\n..\n. end"
    async with SmtpWire() as wire, smtp(wire) as connector:
        await connector.send([message(html=html, text=".\n" + "ż" * 3000, subject="very long " * 60)])
    [mail] = wire.mails
    body = mail.content.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.content.replace(b"\r\n", b"")
    text, page = parsed(mail.content).iter_parts()
    assert page.get_content().replace("\r\n", "\n").rstrip("\n") == html
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == ".\n" + "ż" * 3000


async def test_the_message_id_is_the_same_for_the_same_message_and_tells_nothing() -> None:
    ids = []
    for key in ("k" * 32, "k" * 32, "other"):
        async with SmtpWire() as wire, smtp(wire, message_id_key=key) as connector:
            ids += [outcome.provider_id or "" for outcome in await connector.send([message(1), message(2)])]
    assert ids[:2] == ids[2:4]
    assert len(set(ids)) == 4
    assert all(found.endswith("@shop.example.com>") and "p1" not in found for found in ids)


@pytest.mark.parametrize("field", ["subject", "from", "reply_to"])
async def test_a_line_break_in_a_value_does_not_begin_another_header(field: str) -> None:
    value = "Shop\r\nBcc: everyone@example.com\r\n\r\n <a@example.com>"
    async with SmtpWire() as wire, smtp(wire) as connector:
        await connector.send([message(**{field: value})])
    assert all("Bcc" not in parsed(mail.content) for mail in wire.mails)
    assert all(mail.to == "person.1@example.com" for mail in wire.mails)


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@b c", "a@b\r\nRCPT TO:<x@example.com>", "a@x.com,b@x.com", "a@" + "x" * 70 + "ż.com"]
)
async def test_what_is_no_address_is_refused_without_a_word_to_the_server(to: str) -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        [outcome] = await connector.send([replace(message(), to=to)])
    assert (outcome.verdict, outcome.reason) == ("rejected", "unsendable")
    assert wire.commands == []


async def test_a_domain_in_another_script_is_written_in_its_ascii_form() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        await connector.send([message(to="ola@żółw.example.com")])
    assert wire.mails[0].to == "ola@xn--w-uga1v8h.example.com"
    assert "SMTPUTF8" not in wire.mails[0].options


async def test_a_name_in_another_script_needs_a_server_that_takes_it() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        [outcome] = await connector.send([message(to="żółw@example.com")])
        assert (outcome.verdict, outcome.reason) == ("rejected", "smtputf8")
    async with SmtpWire(extensions=("8BITMIME", "SMTPUTF8")) as wire, smtp(wire) as connector:
        [outcome] = await connector.send([message(to="żółw@example.com")])
        assert outcome.verdict == "accepted"
    assert wire.mails[0].to == "żółw@example.com"
    assert "SMTPUTF8" in wire.mails[0].options
    assert "To: żółw@example.com".encode() in wire.mails[0].content


@pytest.mark.parametrize(
    ("stage", "reply", "verdict"),
    [
        ("RCPT", "550 5.1.1 no such user <person.1@example.com>", "rejected"),
        ("RCPT", "450 4.2.1 mailbox busy", "retry"),
        ("RCPT", "421 4.3.2 shutting down", "retry"),
        ("MAIL", "451 4.3.0 try later", "retry"),
        ("MAIL", "552 5.3.4 too big", "rejected"),
        ("DATA", "554 5.5.1 no valid recipients", "rejected"),
        ("DATA", "451 4.3.0 not now", "retry"),
        (".", "554 5.7.1 looks like spam", "rejected"),
        (".", "452 4.3.1 no room", "retry"),
        (".", "421 4.3.2 shutting down", "retry"),
        (".", "354 what?", "unknown"),
    ],
)
@pytest.mark.parametrize("extensions", [("8BITMIME",), PIPELINING], ids=["one by one", "pipelined"])
async def test_every_reply_is_an_outcome_and_the_next_mail_goes_through(
    stage: str, reply: str, verdict: str, extensions: tuple[str, ...]
) -> None:
    async with SmtpWire(extensions=extensions) as wire, smtp(wire) as connector:
        wire.replies[stage] = reply
        [outcome] = await connector.send([message()])
        wire.replies.clear()
        [after] = await connector.send([message(2)])
    assert outcome.verdict == verdict
    assert "person.1@" not in outcome.detail
    assert after.verdict == "accepted"
    assert [mail.to for mail in wire.mails] == ["person.2@example.com"]


@pytest.mark.parametrize(
    ("stage", "reply", "after"),
    [
        ("RCPT", "450 4.2.1 Peak SMTP relay limit exceeded for this customer.", None),
        (".", "454 Throttling failure: Maximum sending rate exceeded.", None),
        ("MAIL", "454 Throttling failure: Daily message quota exceeded.", 600.0),
        ("MAIL", "550 5.4.5 Daily SMTP relay limit exceeded for this user.", 600.0),
        (".", "550 5.4.5 Daily user sending limit exceeded.", 600.0),
    ],
)
async def test_too_much_at_once_is_nobodys_fault_and_ends_however_it_is_said(
    stage: str, reply: str, after: float | None
) -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        wire.replies[stage] = reply
        [outcome] = await connector.send([message()])
    assert (outcome.verdict, outcome.reason, outcome.after) == ("retry", "throttled", after)


async def test_a_full_mailbox_slows_nobody_down() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        wire.replies["RCPT"] = "452 4.2.2 The recipient's inbox is out of storage space and over quota"
        [outcome] = await connector.send([message()])
    assert (outcome.verdict, outcome.reason) == ("retry", "smtp_452")


async def test_a_sender_that_is_not_allowed_closes_the_destination_unless_it_is_the_messages_own() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        wire.replies["MAIL"] = "550 5.7.1 not your domain"
        with pytest.raises(Closed, match="sender_refused"):
            await connector.send([message()])
        [outcome] = await connector.send([message(**{"from": "Someone <else@example.com>"})])
        assert outcome.verdict == "rejected"


class Reader:
    """A mail server that says nothing to an envelope before it has read `commands` commands, then `replies`."""

    def __init__(self, commands: int, *replies: str, greeting: str = "250-tests\r\n250 PIPELINING") -> None:
        self.read: list[str] = []
        self._commands, self._replies, self._greeting = commands, replies, greeting

    async def __aenter__(self) -> Reader:
        self._gone = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.wait_for(self._gone.wait(), 5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._say(reader, writer)
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)
            self._gone.set()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 tests\r\n")
        await reader.readline()
        writer.write(f"{self._greeting}\r\n".encode())
        self.read += [(await reader.readline()).decode().strip() for _ in range(self._commands)]
        writer.write("".join(f"{reply}\r\n" for reply in self._replies).encode())
        self.read += [line.decode().strip() for line in (await reader.read(100)).splitlines()]


async def test_where_the_server_pipelines_the_envelope_takes_one_round_trip() -> None:
    async with Reader(3, "250 fine", "250 fine", "354 go on") as wire, smtp(wire) as connector:
        [outcome] = await connector.send([message()])
    assert [line.split(":")[0] for line in wire.read[:3]] == ["MAIL FROM", "RCPT TO", "DATA"]
    assert wire.read[3].startswith("Message-ID:")
    assert outcome.verdict == "unknown"


async def test_where_it_does_not_every_command_waits_for_its_answer() -> None:
    async with Reader(1, "550 no", greeting="250 tests") as wire, smtp(wire) as connector:
        with pytest.raises(Closed, match="sender_refused"):
            await connector.send([message()])
    assert wire.read == ["MAIL FROM:<hello@shop.example.com>"]


async def test_no_content_goes_to_a_server_that_wants_it_for_nobody() -> None:
    replies = ("250 fine", "550 5.1.1 no such user", "354 go on", "554 5.5.1 no valid recipients")
    async with Reader(3, *replies) as wire, smtp(wire) as connector:
        [outcome] = await connector.send([message()])
    assert (outcome.verdict, outcome.reason) == ("rejected", "smtp_550")
    assert wire.read[3:] == ["", "."]


async def test_a_server_that_says_why_before_it_hangs_up_is_heard() -> None:
    async with Reader(3, "421 4.7.0 too many connections") as wire, smtp(wire) as connector:
        [outcome] = await connector.send([message()])
    assert (outcome.verdict, outcome.reason) == ("retry", "throttled")


async def test_a_reply_that_is_no_smtp_comes_before_anything_was_sent() -> None:
    async with Reader(3, "<html>hello") as wire, smtp(wire) as connector:
        [outcome] = await connector.send([message()])
    assert (outcome.verdict, outcome.reason) == ("retry", "garbled")


@pytest.mark.parametrize("extensions", [("8BITMIME",), PIPELINING], ids=["one by one", "pipelined"])
async def test_whether_mail_would_be_taken_is_asked_without_sending_any(extensions: tuple[str, ...]) -> None:
    async with SmtpWire(extensions=extensions) as wire, smtp(wire) as connector:
        assert [outcome.verdict for outcome in await connector.validate([message(1), message(2)])] == ["accepted"] * 2
        wire.replies["RCPT"] = "550 5.1.1 no such user <person.3@example.com>"
        [refused] = await connector.validate([message(3)])
        wire.replies.clear()
        assert verdict_of(await connector.validate([message(4, to="nobody")])) == ("rejected", "unsendable")
        assert wire.mails == []
        assert "DATA" not in wire.commands
        assert wire.commands.count("RSET") == 3
        await connector.send([message(5)])
    assert (refused.verdict, refused.reason) == ("rejected", "smtp_550")
    assert "person.3" not in refused.detail
    assert [mail.to for mail in wire.mails] == ["person.5@example.com"]
    assert wire.connections == 1


async def test_a_sender_that_is_not_allowed_is_found_by_asking() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        wire.replies["MAIL"] = "550 5.7.1 not your domain"
        with pytest.raises(Closed, match="sender_refused"):
            await connector.validate([message()])


#: what a server may say or do before it has a mail, step by step: each time it was not sent
NOT_SENT = [
    (step, reply)
    for step in ("220", "EHLO", "AUTH", "MAIL", "RCPT", "DATA")
    for reply in ("421 4.3.2 shutting down", "451 4.3.0 later", "<html>hello</html>", CUT, HANG)
]
NOT_SENT += [("220", "554 5.3.2 no service"), ("AUTH", "535 5.7.8 no"), ("MAIL", "550 5.7.1 not your domain")]
NOT_SENT += [(".", "451 4.3.0 later"), (".", "421 4.3.2 shutting down")]
#: of one person, for good
REFUSED = [("RCPT", "550 5.1.1 no such user"), ("DATA", "554 5.5.1 no"), (".", "554 5.7.1 looks like spam")]
#: nobody can tell: the mail was lost before it was taken, or its acceptance was
LOST = [(".", reply) for reply in (CUT, HANG, "<html>hello</html>", "354 what?")]
UNHEARD = [("250", reply) for reply in (CUT, HANG, "<html>hello</html>")]


@pytest.mark.parametrize("extensions", [("8BITMIME",), PIPELINING], ids=["one by one", "pipelined"])
async def test_after_every_fault_at_every_step_everybody_was_written_to_once(
    tmp_path: Path, extensions: tuple[str, ...]
) -> None:
    world = World(tmp_path, Target("list", "nobody"), Smtp)
    people = range(len(NOT_SENT + REFUSED + LOST + UNHEARD))
    async with SmtpWire(password=PASSWORD, extensions=extensions) as wire:

        async def run() -> str:
            settings = {**TestContract().settings(wire), "connections": 8}
            return (await world.run(Smtp(Smtp.Settings.model_validate(settings)), "email", time_budget=2.0)).problem

        world.tell({number: message(number) for number in people})
        wire.once = [*NOT_SENT, *REFUSED, *LOST, *UNHEARD]
        for _ in range(len(wire.once)):
            await run()
            if not wire.once:
                break
        assert wire.once == [], "these befell nobody"
        await run()
        assert await run() == ""

    states, told = world.states(), Counter(mail.to for mail in wire.mails)
    assert max(told.values()) == 1, told
    assert set(states) == {"accepted", "rejected", "unknown"}
    assert states["rejected"] == len(REFUSED)
    # A server that is slow to answer for once is one more that nobody can tell of.
    assert states["unknown"] >= len(LOST) + len(UNHEARD)
    assert states["accepted"] + len(UNHEARD) <= told.total() <= len(people) - len(REFUSED) - len(LOST)
    assert states["accepted"] >= len(people) // 2, states


def verdict_of(outcomes: list[Outcome]) -> tuple[str, str]:
    [outcome] = outcomes
    return outcome.verdict, outcome.reason


async def test_connections_are_reused_and_never_more_than_agreed() -> None:
    async with SmtpWire() as wire, smtp(wire, connections=3) as connector:
        await asyncio.gather(*(connector.send([message(n)]) for n in range(30)))
        await connector.send([message(n) for n in range(30, 40)])
    assert len(wire.mails) == 40
    assert wire.connections <= 3


async def test_a_connection_that_the_server_let_go_costs_nothing() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        await connector.send([message(1)])
        wire.drop()
        await asyncio.sleep(0.05)
        [outcome] = await connector.send([message(2)])
    assert outcome.verdict == "accepted"
    assert len(wire.mails) == 2


async def test_a_batch_broken_in_the_middle_leaves_each_mail_its_own_outcome() -> None:
    async with SmtpWire() as wire, smtp(wire) as connector:
        wire.replies["RCPT"] = "550 no"
        first = await connector.send([message(1), message(2)])
        wire.replies.clear()
        wire.fail("cut_after")
        second = await connector.send([message(3), message(4)])
    assert [outcome.verdict for outcome in [*first, *second]] == ["rejected", "rejected", "unknown", "unknown"]
    assert [mail.to for mail in wire.mails] == ["person.3@example.com", "person.4@example.com"]


async def test_nobody_listening_means_not_sent() -> None:
    async with SmtpWire() as wire:
        pass
    async with smtp(wire) as connector:
        with pytest.raises(Retryable, match="unreachable"):
            await connector.send([message()])


async def test_a_wrong_password_closes_the_destination_and_is_not_repeated() -> None:
    async with SmtpWire(password=PASSWORD) as wire, smtp(wire, username="shop", password="wrong-horse-8") as connector:
        with pytest.raises(Closed, match="unauthorized") as raised:
            await connector.send([message()])
    assert "wrong-horse-8" not in str(raised.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mail_and_password_travel_encrypted_to_a_server_that_is_known(certificate: Path, tls: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    settings = {"tls": tls, "username": "shop", "password": PASSWORD, "timeout": 5}
    async with SmtpWire(password=PASSWORD, tls=context, starttls=tls == "starttls") as wire:
        async with smtp(wire, **settings, ca_file=str(certificate / "cert.pem")) as connector:
            [outcome] = await connector.send([message()])
            assert "TLS" in await connector.prove()
        assert outcome.verdict == "accepted"
        assert (wire.mails[0].secure, wire.mails[0].user) == (True, "shop")
        async with smtp(wire, **settings) as connector:
            with pytest.raises(Retryable, match="certificate"):
                await connector.send([message()])


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    settings = {"tls": "starttls", "username": "shop", "password": PASSWORD}
    async with SmtpWire(password=PASSWORD) as wire, smtp(wire, **settings) as connector:
        with pytest.raises(Closed, match="not_supported"):
            await connector.send([message()])
    assert "AUTH" not in wire.commands
