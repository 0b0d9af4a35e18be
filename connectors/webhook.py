"""Signed HTTP calls to a service of one's own, as Standard Webhooks 1.0.0 describes them.

(github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read 2026-08-17.) Three events:
`message`, `list.upserted` and `list.removed` (for objects `object.upserted` and `object.removed`). The
receiver tells repetitions by `webhook-id`, so every call may be repeated.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic import Field, SecretStr, field_validator
from standardwebhooks import Webhook as Signer

from tidegate.connecting.http import Reply, call
from tidegate.connector import (
    Connector,
    ConnectorSettings,
    Identifier,
    Limits,
    Message,
    Outcome,
    Row,
    Target,
    one_by_one,
)
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.identifiers import UNHASHED

IDENTIFIERS = {**UNHASHED, "mobile_advertiser_id": Identifier("plain")}


class WebhookSettings(ConnectorSettings):
    url: str = Field(pattern=r"^https?://")
    secret: SecretStr
    """`whsec_` and the key in base64: 24 to 64 bytes ("Signature scheme")."""

    @field_validator("secret")
    @classmethod
    def _is_key(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        try:
            key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
            raise ValueError("must be `whsec_` and 24 to 64 random bytes in base64")
        return secret


class Webhook(Connector):
    channel = "webhook"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    keyed_by_person = True
    overwrites_with_null = True
    #: "a message that comes twice is told apart for ever": what the page of this connector asks of the receiver
    idempotent_for = timedelta.max
    Settings = WebhookSettings
    settings: WebhookSettings

    @property
    def limits(self) -> Limits:
        # "Payloads ideally under 20 kB" ("Payload size"): about a hundred rows.
        return Limits(batch=100, concurrency=8, messages=1)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._signer = Signer(self.settings.secret.get_secret_value())
        # Somebody may be added, removed and added again with the same values: the same rows in a later
        # run must not look like a repetition of these.
        self._nonce = secrets.token_hex(8)

    async def prove(self) -> str:
        # Any event would be acted upon, so only the way to the receiver is tried: every answer will do.
        try:
            reply = await call(self.session, "HEAD", self.settings.url, safe_to_repeat=True, judge=_any_answer)
        except _Answered as answer:
            return f"the receiver answers ({answer.detail} to HEAD); whether it knows the secret was not tried"
        return f"the receiver answers (HTTP {reply.status} to HEAD); whether it knows the secret was not tried"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        data = [{"person": r.person, "identifiers": dict(r.identifiers), "traits": dict(r.traits)} for r in rows]
        return await self._rows(target, "upserted", data)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        data = [{"person": row.person, "identifiers": dict(row.identifiers)} for row in rows]
        return await self._rows(target, "removed", data)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _rows(self, target: Target, happened: str, rows: list[dict[str, Any]]) -> list[Outcome]:
        kind, data = f"{target.mode}.{happened}", {target.mode: target.name, "rows": rows}
        content = json.dumps([self._nonce, kind, data], sort_keys=True, default=str)
        identity = f"rows_{hashlib.sha256(content.encode()).hexdigest()[:40]}"
        try:
            await self._post(identity, kind, datetime.now(UTC), data)
        except _NotUnderstood as fault:
            # One row may be at fault: halved, the others get through.
            raise Refused(fault.reason, fault.detail) from None
        return [Outcome.accepted(identity)] * len(rows)

    async def _send(self, message: Message) -> Outcome:
        body = message.content["body"]
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except ValueError:
                return Outcome.rejected("not_json", "the message's body is not JSON")
        data = {"key": message.key, "person": message.person, "body": body}
        if message.to:
            data["to"] = message.to
        reply = await self._post(message.key, "message", message.at, data, safe_to_repeat=False)
        # An empty body is an answer too: that there is nothing to go by.
        return Outcome.accepted(message.key, reply.body if message.answers else None)

    async def _post(
        self, identity: str, kind: str, at: datetime, data: Mapping[str, Any], *, safe_to_repeat: bool = True
    ) -> Reply:
        event = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)
        # The receiver refuses what was signed more than minutes ago: this is the wall clock, not the run's.
        now = int(time.time())
        signature = self._signer.sign(identity, datetime.fromtimestamp(now, UTC), body)
        return await call(
            self.session,
            "POST",
            self.settings.url,
            safe_to_repeat=safe_to_repeat,
            headers={"webhook-id": identity, "webhook-timestamp": str(now), "webhook-signature": signature},
            body=body.encode(),
            judge=_judge,
            hide=(self.settings.secret.get_secret_value(), signature.removeprefix("v1,")),
        )


class _Answered(Refused):
    pass


class _NotUnderstood(Retryable):
    pass


def _any_answer(reply: Reply) -> DestinationError:
    return _Answered("answered", f"HTTP {reply.status}")


def _judge(reply: Reply) -> DestinationError | None:
    said = f"HTTP {reply.status} {reply.detail}".strip()
    if reply.status == 410:
        # "Gone: the sender should disable the endpoint" ("Response codes").
        return Closed("gone", said)
    if reply.status == 413:
        return Refused("too_large", said)
    if reply.status in (401, 403, 429) or reply.status >= 500:
        return None
    # Every other answer that is not 2xx is a failed attempt, to be made again ("Response codes").
    kind = _NotUnderstood if reply.status in (400, 422) else Retryable
    return kind(f"http_{reply.status}", said)
