"""E-mail over SMTP (RFC 5321), to any provider's relay.

One message is one transaction. Until the dot that ends its content has been handed over, the server has
accepted nothing and the message may be sent again; from then on only the server's reply tells (RFC 5321,
4.2.5 and 6.1), and where that is lost, so is the knowledge.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import aiohttp
import aiosmtplib
from aiosmtplib.response import SMTPResponse
from pydantic import Field, SecretStr

from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, Retryable
from tidegate.mask import mask
from tidegate.mime import Mail, Unsendable, build

PORTS = {"none": 25, "starttls": 587, "tls": 465}
_LEADING_DOT = re.compile(rb"(?m)^\.")


class SmtpSettings(ConnectorSettings):
    host: str
    port: int | None = Field(None, ge=1, le=65535)
    """465 with `tls: tls`, 587 with `tls: starttls`, 25 without, unless given."""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, for a relay of one's own."""
    username: str | None = None
    password: SecretStr | None = None
    sender: str = Field(alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins."""
    reply_to: str | None = None
    message_id_key: SecretStr | None = None
    """Keeps the Message-ID from telling whom a message is about; without it, it could be guessed."""
    connections: int = Field(4, ge=1, le=100)
    timeout: float = Field(60.0, gt=0)
    """Seconds for each reply. RFC 5321 (4.5.3.2.6) advises minutes for the last one: too short makes unknowns."""


class Smtp(Connector):
    channel = "email"
    modes = frozenset({"send"})
    Settings = SmtpSettings
    settings: SmtpSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=1, concurrency=self.settings.connections)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._idle: list[aiosmtplib.SMTP] = []
        self._free = asyncio.Semaphore(self.settings.connections)
        known = self.settings.message_id_key.get_secret_value() if self.settings.message_id_key else None
        self._key = hashlib.sha256((known or f"{self.settings.host} {self.settings.sender}").encode()).digest()

    async def close(self) -> None:
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit(timeout=2)
            except (aiosmtplib.SMTPException, OSError):
                client.close()

    async def prove(self) -> str:
        async with self._free:
            client = await self._connected()
            self._idle.append(client)
        secure = client.get_transport_info("cipher")
        user = f" as {self.settings.username}" if self.settings.username else ""
        return f"{self.settings.host}:{self._port} takes mail{user}, {secure[1] if secure else 'without encryption'}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        reply_to = self.settings.reply_to
        try:
            mail = build(message, sender=self.settings.sender, reply_to=reply_to, key=self._key)
        except Unsendable as fault:
            return Outcome.rejected("unsendable", str(fault))
        own = bool(message.content.get("from"))
        async with self._free:
            while self._idle:
                client = self._idle.pop()
                try:
                    return await self._transact(client, mail, own)
                except _Dropped:
                    continue  # the server let the idle connection go; nothing of this message had left
            client = await self._connected()
            try:
                return await self._transact(client, mail, own)
            except _Dropped as fault:
                return Outcome.retry("cut_off", detail=str(fault))

    async def _transact(self, client: aiosmtplib.SMTP, mail: Mail, own_sender: bool) -> Outcome:
        try:
            outcome = await self._dialogue(client, mail, own_sender)
            if client.is_connected and outcome.verdict in ("rejected", "retry"):
                await client.rset()
        except BaseException as fault:
            # Also when cancelled: a connection in the middle of something is of no use to the next message.
            client.close()
            if isinstance(fault, (aiosmtplib.SMTPException, OSError)):
                raise _Dropped(_say(fault)) from None
            raise
        if client.is_connected:
            self._idle.append(client)
        return outcome

    async def _dialogue(self, client: aiosmtplib.SMTP, mail: Mail, own_sender: bool) -> Outcome:
        if mail.utf8 and not client.supports_extension("smtputf8"):
            return Outcome.rejected("smtputf8", "this server takes no addresses beyond ASCII")
        encoding = "utf-8" if mail.utf8 else "ascii"
        options = [b"SMTPUTF8"] if mail.utf8 else []
        if client.supports_extension("size"):
            options.append(b"SIZE=%d" % len(mail.content))
        reply = await client.execute_command(b"MAIL", b"FROM:<" + mail.sender.encode(encoding) + b">", *options)
        if reply.code in (530, 535, 538):
            raise Closed("unauthorized", self._words(reply))
        if reply.code // 100 == 5 and reply.code != 552 and not own_sender:
            raise Closed("sender_refused", self._words(reply))
        if reply.code // 100 != 2:
            return self._refusal(reply)
        reply = await client.execute_command(b"RCPT", b"TO:<" + mail.to.encode(encoding) + b">")
        if reply.code // 100 != 2:
            return self._refusal(reply)
        reply = await client.execute_command(b"DATA")
        if reply.code != 354:
            return self._refusal(reply)
        return await self._content(client, mail)

    async def _content(self, client: aiosmtplib.SMTP, mail: Mail) -> Outcome:
        protocol = client.protocol
        if protocol is None:
            return Outcome.retry("cut_off")
        try:
            protocol.write(_LEADING_DOT.sub(b"..", mail.content) + b".\r\n")
            reply = await protocol.read_response(self.settings.timeout)
        except (aiosmtplib.SMTPException, OSError) as fault:
            client.close()
            reason = "timeout" if isinstance(fault, aiosmtplib.SMTPTimeoutError) else "cut_off"
            return Outcome.unknown(reason, _say(fault))
        if reply.code // 100 == 2:
            return Outcome.accepted(mail.message_id)
        if reply.code // 100 in (4, 5):
            return self._refusal(reply)
        client.close()
        return Outcome.unknown("garbled", self._words(reply))

    def _refusal(self, reply: SMTPResponse) -> Outcome:
        if reply.code // 100 == 5:
            return Outcome.rejected(f"smtp_{reply.code}", self._words(reply))
        if reply.code == 421 or reply.message.startswith("4.7."):
            # 421 and the policy codes of RFC 3463 are how providers say "too many, too fast".
            return Outcome.retry("throttled", detail=self._words(reply))
        # 4yz is "try again" (RFC 5321, 4.2.1); anything else here is no SMTP, and nothing was accepted.
        return Outcome.retry(f"smtp_{reply.code}", detail=self._words(reply))

    async def _connected(self) -> aiosmtplib.SMTP:
        settings = self.settings
        context = ssl.create_default_context(cafile=settings.ca_file) if settings.tls != "none" else None
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=self._port,
            timeout=settings.timeout,
            use_tls=settings.tls == "tls",
            start_tls=False,  # done by hand below, to tell a missing STARTTLS from a broken one
            tls_context=context,
        )
        try:
            await client.connect()
            await _greet(client)
            if settings.tls == "starttls":
                if not client.supports_extension("starttls"):
                    raise aiosmtplib.SMTPNotSupported("the server does not offer STARTTLS")
                await client.starttls()
                await _greet(client)
            if settings.username:
                await client.login(settings.username, settings.password.get_secret_value() if settings.password else "")
        except aiosmtplib.SMTPAuthenticationError as fault:
            client.close()
            kind = Closed if fault.code // 100 == 5 else Retryable
            raise kind("unauthorized", self._words(SMTPResponse(fault.code, fault.message))) from None
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as fault:
            client.close()
            if isinstance(fault, aiosmtplib.SMTPNotSupported):
                raise Closed("not_supported", self._hidden(_say(fault))) from None
            raise Retryable("unreachable", self._hidden(_say(fault))) from None
        return client

    @property
    def _port(self) -> int:
        return self.settings.port or PORTS[self.settings.tls]

    def _words(self, reply: SMTPResponse) -> str:
        return self._hidden(f"{reply.code} {reply.message}")

    def _hidden(self, text: str) -> str:
        password = self.settings.password
        return mask(text, [password.get_secret_value()] if password else [])


async def _greet(client: aiosmtplib.SMTP) -> None:
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()  # a server from before 1995; RFC 5321 (3.2) wants it to be asked again


class _Dropped(Exception):
    """The connection ended before the message was handed over."""


def _say(fault: BaseException) -> str:
    return mask(f"{type(fault).__name__} {fault}".splitlines()[0])
