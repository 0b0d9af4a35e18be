"""E-mail over SMTP (RFC 5321), to any provider's relay.

One message is one transaction. Until the dot that ends its content has been handed over, the server has
accepted nothing and the message may be sent again; from then on only the server's reply tells (RFC 5321,
4.2.5 and 6.1), and where that is lost, so is the knowledge. Connections are kept and used again; where the
server offers it, sender, recipient and DATA go together (RFC 2920).
"""

from __future__ import annotations

import asyncio
import contextlib
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

from tidegate.connecting.mime import Mail, Unsendable, build
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, Retryable
from tidegate.mask import mask

PORTS = {"none": 25, "starttls": 587, "tls": 465}
_LONGEST_REPLY, _MOST_LINES = 64 * 1024, 100
_LEADING_DOT = re.compile(rb"(?m)^\.")
# Not all who say "too many, too fast" have a code for it: Amazon SES's "454 Throttling failure" (dg/
# manage-sending-quotas-errors), Gmail's "450 4.2.1 Peak SMTP relay limit exceeded" and "550 5.4.5 Daily user sending
# limit exceeded", which ends by itself (Workspace help, "Gmail SMTP errors and codes"; both read 2026-11).
_TOO_MUCH = re.compile(
    r"(?i)throttling|(sending|relay|rate) (rate|limit|quota)|rate limit|too many (e-?mails|messages)"
)
_DAYS_LIMIT = "5.4.5"
#: seconds until a limit of the day is tried again: "wait for an interval of up to 10 minutes" (SES, likewise)
_DAYS_PAUSE = 600.0


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
    can_validate = True
    Settings = SmtpSettings
    settings: SmtpSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=1, concurrency=self.settings.connections)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._idle: list[_Line] = []
        self._free = asyncio.Semaphore(self.settings.connections)
        known = self.settings.message_id_key.get_secret_value() if self.settings.message_id_key else None
        self._key = hashlib.sha256((known or f"{self.settings.host} {self.settings.sender}").encode()).digest()

    async def close(self) -> None:
        while self._idle:
            line = self._idle.pop()
            line.timeout = 2
            with contextlib.suppress(_Dropped):
                await line.ask(b"QUIT")
            line.close()

    async def prove(self) -> str:
        async with self._free:
            line = await self._connected()
            self._idle.append(line)
        user = f" as {self.settings.username}" if self.settings.username else ""
        return f"{self.settings.host}:{self._port} takes mail{user}, {line.cipher or 'without encryption'}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, lambda message: self._transact(message, sending=True))

    async def validate(self, messages: Sequence[Message]) -> list[Outcome]:
        """Ask whether the server would take mail from the sender for the recipient, then take the question back."""
        return await one_by_one(messages, lambda message: self._transact(message, sending=False))

    async def _transact(self, message: Message, *, sending: bool) -> Outcome:
        reply_to = self.settings.reply_to
        try:
            mail = build(message, sender=self.settings.sender, reply_to=reply_to, key=self._key)
        except Unsendable as fault:
            return Outcome.rejected("unsendable", str(fault))
        own = bool(message.content.get("from"))
        async with self._free:
            while self._idle:
                try:
                    return await self._use(self._idle.pop(), mail, own, sending)
                except _Dropped:
                    continue  # the server let the idle connection go; nothing of this message had left
            line = await self._connected()
            try:
                return await self._use(line, mail, own, sending)
            except _Dropped as fault:
                return Outcome.retry(fault.reason, detail=str(fault))

    async def _use(self, line: _Line, mail: Mail, own_sender: bool, sending: bool) -> Outcome:
        try:
            outcome = await self._envelope(line, mail, own_sender, sending)
            if outcome is None:
                outcome = await self._content(line, mail) if sending else Outcome.accepted()
            if line.open and (outcome.verdict in ("rejected", "retry") or not sending):
                with contextlib.suppress(_Dropped):
                    await line.ask(b"RSET")
        except BaseException:
            # Also when cancelled: a connection in the middle of something is of no use to the next message.
            line.close()
            raise
        if line.open:
            line.used = True
            self._idle.append(line)
        return outcome

    async def _envelope(self, line: _Line, mail: Mail, own_sender: bool, sending: bool) -> Outcome | None:
        """None where the server is ready for the content."""
        if mail.utf8 and not line.offers("smtputf8"):
            return Outcome.rejected("smtputf8", "this server takes no addresses beyond ASCII")
        encoding = "utf-8" if mail.utf8 else "ascii"
        options = b" SMTPUTF8" if mail.utf8 else b""
        if line.offers("size"):
            options += b" SIZE=%d" % len(mail.content)
        commands = [
            b"MAIL FROM:<" + mail.sender.encode(encoding) + b">" + options,
            b"RCPT TO:<" + mail.to.encode(encoding) + b">",
            *([b"DATA"] if sending else []),
        ]
        # One round trip instead of three (RFC 2920), where the server says that it may be.
        replies = await line.ask(*commands) if line.offers("pipelining") else []
        for place, command in enumerate(commands):
            [reply] = replies[place : place + 1] or await line.ask(command)
            refusal = self._step(reply, place, own_sender, line)
            if refusal is not None:
                if len(replies) == 3 and replies[2].code == 354 and place < 2:
                    # Ready for the content although nobody is to get it (RFC 2920, 3.1): there is none.
                    with contextlib.suppress(_Dropped):
                        await line.ask(b"\r\n.")
                return refusal
        return None

    def _step(self, reply: SMTPResponse, place: int, own_sender: bool, line: _Line) -> Outcome | None:
        if reply.code == 354 if place == 2 else reply.code // 100 == 2:
            return None
        if place == 0:
            if reply.code == 421 and line.used:
                raise _Dropped("the server had closed the idle connection")
            if reply.code in (530, 535, 538):
                raise Closed("unauthorized", self._words(reply))
            for_good = reply.code // 100 == 5 and reply.code != 552 and not reply.message.startswith(_DAYS_LIMIT)
            if for_good and not own_sender:
                raise Closed("sender_refused", self._words(reply))
        return self._refusal(reply)

    async def _content(self, line: _Line, mail: Mail) -> Outcome:
        try:
            [reply] = await line.ask(_LEADING_DOT.sub(b"..", mail.content) + b".")
        except _Dropped as fault:
            line.close()
            return Outcome.unknown(fault.reason, str(fault), mail.message_id)
        if reply.code // 100 == 2:
            return Outcome.accepted(mail.message_id)
        if reply.code // 100 in (4, 5):
            return self._refusal(reply)
        line.close()
        return Outcome.unknown("garbled", self._words(reply), mail.message_id)

    def _refusal(self, reply: SMTPResponse) -> Outcome:
        said = reply.message
        if reply.code // 100 == 5 and not said.startswith(_DAYS_LIMIT):
            return Outcome.rejected(f"smtp_{reply.code}", self._words(reply))
        # 421 and the policy codes of RFC 3463 are how providers say "too many, too fast".
        if reply.code == 421 or said.startswith(("4.7.", _DAYS_LIMIT)) or _TOO_MUCH.search(said):
            daily = said.startswith(_DAYS_LIMIT) or "daily" in said.lower()
            return Outcome.retry("throttled", _DAYS_PAUSE if daily else None, self._words(reply))
        # 4yz is "try again" (RFC 5321, 4.2.1); anything else here is no SMTP, and nothing was accepted.
        return Outcome.retry(f"smtp_{reply.code}", detail=self._words(reply))

    async def _connected(self) -> _Line:
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
        return _Line(client, settings.timeout)

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
    """The connection ended, or nothing came in time, or what came is no SMTP."""

    def __init__(self, detail: str, reason: str = "cut_off") -> None:
        super().__init__(detail)
        self.reason = reason


class _Line:
    """A connection after greeting and sign-in, taken over from aiosmtplib, which reads one reply to one command."""

    def __init__(self, client: aiosmtplib.SMTP, timeout: float) -> None:
        transport = client.transport
        assert isinstance(transport, asyncio.Transport)
        secure = client.get_transport_info("cipher")
        self.cipher: str = secure[1] if secure else ""
        self.timeout = timeout
        #: whether a message went over it before
        self.used = False
        self.offers = client.supports_extension
        self._reader = asyncio.StreamReader(limit=_LONGEST_REPLY)
        protocol = asyncio.StreamReaderProtocol(self._reader)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, asyncio.get_running_loop())

    @property
    def open(self) -> bool:
        return not self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    async def ask(self, *commands: bytes) -> list[SMTPResponse]:
        """One reply for each command; all commands leave together. Fewer where the connection ended in between;
        raises _Dropped where there was none."""
        if not self.open:
            raise _Dropped("the connection was closed")
        replies: list[SMTPResponse] = []
        try:
            self._writer.write(b"".join(command + b"\r\n" for command in commands))
            for _ in commands:
                replies.append(await asyncio.wait_for(self._reply(), self.timeout))
        except (OSError, EOFError, asyncio.LimitOverrunError, _Dropped) as fault:
            # A reply that comes late would be taken for that to another command.
            self.close()
            if replies:
                return replies
            if isinstance(fault, _Dropped):
                raise
            raise _Dropped(_say(fault), "timeout" if isinstance(fault, TimeoutError) else "cut_off") from None
        return replies

    async def _reply(self) -> SMTPResponse:
        words: list[str] = []
        while True:
            line = (await self._reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
            if not line[:3].isdigit() or len(words) > _MOST_LINES:
                raise _Dropped(mask(line), "garbled")
            words.append(line[4:])
            if line[3:4] != "-":
                return SMTPResponse(int(line[:3]), "\n".join(words))


def _say(fault: BaseException) -> str:
    return mask(f"{type(fault).__name__} {fault}".splitlines()[0])
