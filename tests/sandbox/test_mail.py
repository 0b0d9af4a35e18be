"""The mail server, spoken to by a real client and, where it must be rude, by bare bytes."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosmtplib
import pytest

from tests.sandbox.conftest import Client, letter
from tidegate.sandbox import SECRET, Sandbox
from tidegate.sandbox.glance import glance


async def test_what_was_sent_is_in_the_inbox(client: Client) -> None:
    await client.mail("ada@example.com", subject="Zażółć gęślą jaźń", body="Dear Ada\n.\n..two dots\n.end", key="a.b")

    (shown,) = await client.inbox()
    opened = await client.api(f"/api/messages/{shown['id']}")

    assert shown["recipient"] == "ada@example.com"
    assert shown["sender"] == "Shop <shop@example.com>"
    assert shown["subject"] == "Zażółć gęślą jaźń"
    assert shown["provider_id"] == "a.b@shop.example.com"
    assert opened["text"].splitlines() == ["Dear Ada", ".", "..two dots", ".end"]
    assert opened["html"].strip() == "<p>Hello</p>"


async def test_each_recipient_of_one_message_finds_it(client: Client) -> None:
    await client.mail("ada@example.com, grace@example.com")

    assert {row["recipient"] for row in await client.inbox()} == {"ada@example.com", "grace@example.com"}


async def test_many_connections_at_once_lose_nothing(client: Client) -> None:
    async def shop(number: int) -> None:
        host, port = client.sandbox.smtp
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as smtp:
            for each in range(20):
                await smtp.send_message(letter(f"p{number}.{each}@example.com", key=f"{number}.{each}"))

    await asyncio.gather(*[shop(number) for number in range(10)])

    found = await client.inbox("?count=1000")
    assert len({row["provider_id"] for row in found}) == len(found) == 200


async def test_a_message_is_kept_before_it_is_acknowledged(client: Client) -> None:
    words = await client.mail()

    assert words.split()[-1] == str((await client.inbox())[0]["id"])


async def test_the_wrong_password_is_refused_and_the_right_one_is_not(client: Client) -> None:
    host, port = client.sandbox.smtp
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as smtp:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refusal:
            await smtp.login("shop", "guess")
        await smtp.login("shop", SECRET)
        await smtp.send_message(letter("ada@example.com"))

    assert refusal.value.code == 535
    assert (await client.inbox())[0]["account"] == "shop"


async def test_a_server_that_asks_for_it_takes_nothing_from_strangers(tmp_path: Path) -> None:
    with Sandbox(tmp_path, sign_in=True) as sandbox:
        host, port = sandbox.smtp
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as smtp:
            with pytest.raises(aiosmtplib.SMTPSenderRefused) as refusal:
                await smtp.send_message(letter("ada@example.com"))

    assert refusal.value.code == 530


@pytest.mark.parametrize("wrapped", [False, True], ids=["starttls", "tls"])
async def test_mail_may_come_encrypted(tmp_path: Path, wrapped: bool) -> None:
    server, trusting = certificate(tmp_path)
    with Sandbox(tmp_path / "sandbox", tls=server, tls_wrapped=wrapped) as sandbox:
        port = sandbox.smtp[1]
        async with aiosmtplib.SMTP(
            hostname="localhost", port=port, use_tls=wrapped, start_tls=not wrapped, tls_context=trusting
        ) as smtp:
            await smtp.login("shop", SECRET)
            await smtp.send_message(letter("ada@example.com"))

        assert sandbox.store.read("messages", "channels")[0]["messages"] == 1


async def test_only_a_dot_between_whole_line_ends_ends_a_message(client: Client) -> None:
    body = b"Subject: one\r\n\r\nhello\n.\nMAIL FROM:<evil@example.com>\n.\r\nstill the same\r\n.\r\n"
    reader, writer = await asyncio.open_connection(*client.sandbox.smtp)
    writer.write(b"EHLO x\r\nMAIL FROM:<shop@example.com>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n" + body)
    writer.write(b"QUIT\r\n")
    said = await reader.read()
    writer.close()

    assert said.rstrip().splitlines()[-1].startswith(b"221")
    assert [row["subject"] for row in await client.inbox()] == ["one"]


async def test_a_message_is_kept_byte_for_byte(client: Client) -> None:
    raw = b"Subject: bytes\r\n\r\n..\r\n.a\r\n\tb \r\nlast line\r\n"
    host, port = client.sandbox.smtp
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as smtp:
        await smtp.sendmail("shop@example.com", ["ada@example.com"], raw)

    async with client.session.get(f"{client.sandbox.http_url}/messages/1/source") as answer:
        assert await answer.read() == raw
        assert answer.headers["Content-Disposition"] == 'attachment; filename="message-1.eml"'


async def test_an_empty_message_is_a_message(client: Client) -> None:
    reader, writer = await asyncio.open_connection(*client.sandbox.smtp)
    writer.write(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n.\r\nQUIT\r\n")
    await reader.read()
    writer.close()

    assert [(row["subject"], row["size"]) for row in await client.inbox()] == [("", 0)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"RCPT TO:<ada@example.com>", b"503"),
        (b"DATA", b"503"),
        (b"MAIL shop", b"501"),
        (b"MAIL FROM:<a@b.example> SIZE=99999999999", b"552"),
        (b"WHAT", b"500"),
        (b"AUTH CRAM-MD5", b"504"),
        (b"AUTH PLAIN ???", b"501"),
        (b"STARTTLS", b"502"),
        (b"NOOP", b"250"),
    ],
)
async def test_nonsense_is_answered_as_the_standard_says(client: Client, said: bytes, code: bytes) -> None:
    reader, writer = await asyncio.open_connection(*client.sandbox.smtp)
    await reader.readline()
    writer.write(said + b"\r\n")
    answer = await reader.readline()
    writer.close()

    assert answer.startswith(code)


async def test_an_address_without_a_domain_is_refused(client: Client) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await client.mail("ada")

    assert await client.inbox() == []


async def test_a_message_beyond_the_limit_is_refused_and_the_connection_goes_on(client: Client) -> None:
    reader, writer = await asyncio.open_connection(*client.sandbox.smtp)
    writer.write(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n")
    line = b"x" * 998 + b"\r\n"
    for _ in range(27):
        writer.write(line * 1000)
        await writer.drain()
    writer.write(b".\r\nNOOP\r\nQUIT\r\n")
    said = (await reader.read()).splitlines()
    writer.close()

    assert [words[:3] for words in said[-3:]] == [b"552", b"250", b"221"]


async def test_a_broken_charset_is_shown_with_replacements_not_refused(client: Client) -> None:
    raw = (
        b"Subject: =?utf-8?q?caf=C3=A9?=\r\nContent-Type: text/plain; charset=no-such\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n\xff\xfe hello\r\n"
    )
    host, port = client.sandbox.smtp
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as smtp:
        await smtp.sendmail("shop@example.com", ["ada@example.com"], raw)

    (shown,) = await client.inbox()
    assert shown["subject"] == "café"
    assert "hello" in shown["preview"]


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for localhost, and a client's that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=signed.public_bytes(serialization.Encoding.PEM).decode())


def test_the_line_beside_a_subject_is_what_a_mail_program_shows():
    html = (
        '<html><head><style>p {}</style></head><body class="x"><div style="display:none">Free parcels.</div>'
        "<p>The Shop</p></body></html>"
    )
    both = (
        "Subject: Hi\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nThe Shop, in text\r\n"
        f"--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
    )

    assert glance(both.encode()).preview == "Free parcels. The Shop"
    assert glance(both.encode()).text.startswith("The Shop, in text")
    assert glance(b"Subject: Hi\r\n\r\nOnly text\r\n").preview == "Only text"
