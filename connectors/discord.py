"""Messages to a Discord channel, by a bot or through a channel's webhook (API v10).

A bot's message carries a nonce, by which Discord tells a repetition "in the past few minutes": a call in doubt is
asked once more at once, and answered with the message that is there. That does not hold until the next run,
so the connector does not call itself idempotent. A webhook knows no nonce.
As documented on docs.discord.com/developers (resources/message, resources/webhook, topics/rate-limits), read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.mask import mask

#: "content: the message contents (up to 2000 characters)" (resources/message, "Create Message")
LONGEST_TEXT = 2_000

# topics/opcodes-and-status-codes, "JSON error codes". The bot, the webhook or the channel is at fault:
CLOSED = {
    10003: "bad_channel",
    10015: "bad_webhook",
    20001: "unauthorized",
    30046: "bad_channel",
    40001: "unauthorized",
    40002: "unauthorized",
    50001: "unauthorized",
    50008: "bad_channel",
    50013: "unauthorized",
    50014: "unauthorized",
    50024: "bad_channel",
    50027: "bad_webhook",
    50083: "bad_channel",
    220001: "bad_channel",
}
THROTTLED = {20016, 20022, 20028, 20029, 31001, 31002, 40062}


class DiscordSettings(ConnectorSettings):
    bot_token: SecretStr | None = None
    channel: str | None = Field(None, pattern=r"^\d{1,20}$")
    """The channel's id, for a bot."""
    webhook_id: str | None = Field(None, pattern=r"^\d{1,20}$")
    webhook_token: SecretStr | None = None
    """The two last parts of a webhook's address: `.../webhooks/ID/TOKEN`."""
    mentions: bool = False
    """Let `@everyone`, `@here`, roles and people that a text names be called."""
    base_url: BaseUrl = "https://discord.com/api/v10"

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        bot = (self.bot_token, self.channel)
        webhook = (self.webhook_id, self.webhook_token)
        whole = [None not in pair for pair in (bot, webhook)]
        part = [any(one is not None for one in pair) for pair in (bot, webhook)]
        if part != whole or sum(whole) != 1:
            raise ValueError("give either `bot_token` and `channel`, or `webhook_id` and `webhook_token`")
        return self


class Discord(Connector):
    channel = "chat"
    modes = frozenset({"send"})
    Settings = DiscordSettings
    settings: DiscordSettings

    @property
    def limits(self) -> Limits:
        # Limits are told with each answer and "should not be hard coded" (topics/rate-limits); a channel's bucket
        # is about five messages in five seconds.
        return Limits(batch=1, concurrency=1, per_second=1)

    async def prove(self) -> str:
        found = await self._call("GET", "users/@me" if self.settings.bot_token else self._webhook, safe_to_repeat=True)
        who = found.get("username") if self.settings.bot_token else found.get("name")
        return f"{'the bot' if self.settings.bot_token else 'the webhook'} {mask(str(who))} is there"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        text = str(message.content["text"])
        if message.content.get("title"):
            text = f"**{message.content['title']}**\n{text}"
        if len(text) > LONGEST_TEXT:
            return Outcome.rejected("too_long", f"{len(text)} characters; Discord takes {LONGEST_TEXT}")
        content: dict[str, Any] = {"content": text}
        if not self.settings.mentions:
            # A text often holds a person's own words: nobody is to be called by those.
            content["allowed_mentions"] = {"parse": []}
        if self.settings.bot_token is None:
            # Without `wait`, Discord answers before the message is there, or is not.
            return _accepted(await self._call("POST", f"{self._webhook}?wait=true", content, safe_to_repeat=False))
        path = f"channels/{self.settings.channel}/messages"
        content |= {"nonce": _nonce(message.key), "enforce_nonce": True}
        try:
            return _accepted(await self._call("POST", path, content, safe_to_repeat=False))
        except InDoubt:
            pass
        try:
            return _accepted(await self._call("POST", path, content, safe_to_repeat=False))
        except InDoubt:
            raise
        except DestinationError as fault:
            # This says that the second call did nothing; of the first it says nothing.
            raise InDoubt(fault.reason, fault.detail) from None

    @property
    def _webhook(self) -> str:
        token = self.settings.webhook_token
        return f"webhooks/{self.settings.webhook_id}/{token.get_secret_value() if token else ''}"

    async def _call(
        self, method: str, path: str, content: dict[str, Any] | None = None, *, safe_to_repeat: bool
    ) -> dict[str, Any]:
        secret = self.settings.bot_token or self.settings.webhook_token
        token = secret.get_secret_value() if secret else ""
        reply = await call(
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"Authorization": f"Bot {token}"} if self.settings.bot_token else {},
            json=content,
            judge=_judge,
            # A webhook's token can be given in its address only.
            hide=(token,),
        )
        found = reply.json()
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise doubtful(safe_to_repeat, "garbled", f"HTTP {reply.status} without an id")
        return found


def _accepted(found: dict[str, Any]) -> Outcome:
    return Outcome.accepted(found["id"])


def _nonce(key: str) -> str:
    """At most 25 characters (resources/message, "Create Message"), the same for the same message."""
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()[:25]


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    if not isinstance(found, dict):
        return None
    code = found.get("code")
    said = mask(f"{code} {found.get('message') or ''}", reply.hide)
    if reply.status == 429 or code in THROTTLED:
        return Retryable("throttled", said, _after(found, reply))
    if reply.status >= 500:
        return None
    if code in CLOSED:
        return Closed(CLOSED[code], said)
    if isinstance(code, int) and code and reply.status not in (401, 403):
        return Refused(f"discord_{code}", said)
    return None


def _after(found: dict[str, Any], reply: Reply) -> float | None:
    """Seconds, as a fraction in the body and rounded up in the header (topics/rate-limits)."""
    after = found.get("retry_after")
    return float(after) if isinstance(after, (int, float)) and after >= 0 else reply.after
