"""E-mail through Mailgun's messages API, one message a call.

Every message is rendered here already, so recipient variables would carry whole mails through a template. Mailgun
keeps a Message-ID that it is given: what is in doubt is looked for by it among the domain's events.
As documented on documentation.mailgun.com (api-reference/send, user-manual/events), read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.letter import Letter, SenderRefused, Unsendable, letter
from tidegate.connecting.mime import message_id
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: the limits of new domains and of plans are by the hour and the day (help.mailgun.com, "hourly limit"), told in words
_AN_HOUR = 3600.0
_TRY_AGAIN = re.compile(r"(?i)try again after (.+? (?:UTC|GMT|[+-]\d{4}))")


class MailgunSettings(ConnectorSettings):
    api_key: SecretStr
    domain: str = Field(pattern=r"^[A-Za-z0-9.-]+$")
    sender: str = Field(alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins."""
    reply_to: str | None = None
    base_url: BaseUrl = "https://api.mailgun.net"
    """`https://api.eu.mailgun.net` for a domain in the European region: its data stays there."""


class Mailgun(Connector):
    channel = "email"
    modes = frozenset({"send"})
    can_look_up = True
    Settings = MailgunSettings
    settings: MailgunSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=1, concurrency=16)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._key = hashlib.sha256(self.settings.api_key.get_secret_value().encode()).digest()

    async def prove(self) -> str:
        reply = await self._call("GET", f"v4/domains/{self.settings.domain}", safe=True)
        domain = reply.object("domain")["domain"]
        state = domain.get("state") if isinstance(domain, dict) else None
        if state != "active" or domain.get("is_disabled"):
            raise Closed("domain_not_active", f"Mailgun says that this domain is {mask(str(state))}")
        return f"Mailgun sends for {self.settings.domain}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        for key in keys:
            identity = self._message_id(key)
            asked = {"message-id": identity.strip("<>"), "limit": "1"}
            page = (await self._call("GET", f"v3/{self.settings.domain}/events", safe=True, params=asked)).json()
            # Any event of a message, even its bounce, tells that Mailgun had taken it.
            if isinstance(page, dict) and page.get("items"):
                found[key] = Outcome.accepted(identity)
        return found

    async def _send(self, message: Message) -> Outcome:
        try:
            found = letter(message, sender=self.settings.sender, reply_to=self.settings.reply_to)
        except Unsendable as fault:
            return Outcome.rejected("unsendable", str(fault))
        form = self._form(found)
        try:
            reply = await self._call("POST", f"v3/{self.settings.domain}/messages", safe=False, form=form)
        except SenderRefused as fault:
            raise fault.whose(own=bool(message.content.get("from"))) from None
        return Outcome.accepted(reply.told("id"))

    def _form(self, found: Letter) -> dict[str, str]:
        form = {
            "from": str(found.sender),
            "to": found.to,
            "subject": found.subject,
            "v:tidegate_key": found.key,
            "h:Message-Id": self._message_id(found.key),
        }
        if found.text:
            form["text"] = found.text
        if found.html:
            form["html"] = found.html
        if found.reply_to:
            form["h:Reply-To"] = str(found.reply_to)
        return form | {f"h:{name}": value for name, value in found.headers.items()}

    def _message_id(self, key: str) -> str:
        return message_id(key, self._key, self.settings.domain)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        safe: bool,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        key = self.settings.api_key.get_secret_value()
        authorization = aiohttp.encode_basic_auth("api", key)
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe,
            headers={"Authorization": authorization},
            form=form,
            params=params,
            judge=_judge,
            hide=(key, authorization.removeprefix("Basic ")),
        )


def _judge(reply: Reply) -> DestinationError | None:
    """Mailgun has no codes: the words of an error are all that tells one from another."""
    words = str(reply.peek("message") or reply.peek("Error") or "")
    if not words or reply.status >= 500:
        return None
    said, low = mask(f"HTTP {reply.status} {words}", reply.hide), words.lower()
    if reply.status == 429 or "limit exceeded" in low or "try again after" in low:
        return Retryable("throttled", said, _pause(reply, words))
    if "sandbox subdomains are for test purposes" in low:
        return Refused("sandbox_domain", said)
    if "not allowed to send" in low or "domain not found" in low or reply.status in (402, 404):
        return Closed("domain_not_allowed", said)
    if "'from' parameter" in low or low.startswith("from parameter"):
        return SenderRefused("bad_sender", said)
    if "'to' parameter" in low or low.startswith("to parameter"):
        return Refused("bad_recipient", said)
    return Refused("bad_message", said) if reply.status == 400 else None


def _pause(reply: Reply, words: str) -> float | None:
    """Seconds until calls are taken again, as told by a header, or in the words; an hour where neither does and
    the limit is not one of calls a second."""
    if reply.after is not None:
        return reply.after
    told = _TRY_AGAIN.search(words)
    if told:
        try:
            at = parsedate_to_datetime(told[1])
        except ValueError:
            return _AN_HOUR
        return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    return None if reply.status == 429 else _AN_HOUR
