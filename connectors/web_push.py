"""Push notifications to browsers (RFC 8030), encrypted for each (RFC 8291) and signed by the site (RFC 8292).

Every browser's maker runs a push service, and people's subscriptions name it. Push services know no idempotency
key: a call in doubt stays in doubt. What the services answer beyond the RFCs: Mozilla's autopush-rs errors.html,
Apple's "Sending web push notifications", Chrome's through FCM, read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import aiohttp
from pydantic import Field, SecretStr, field_validator

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.public_hosts import PublicOnly, is_public
from tidegate.connecting.public_hosts import session as public_session
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable

#: "a push service MUST NOT return 413 to an entity body that is 4096 bytes or less" (RFC 8030, 7.2), of which
#: 86 are the header, 16 the tag and one the delimiter (RFC 8291, 4)
LARGEST_TEXT = 4096 - 86 - 16 - 1
#: "exp MUST NOT be more than 24 hours from the time of the request" (RFC 8292, 2)
_SIGNED_FOR = 12 * 3600.0
_SIGN_AGAIN = 3600.0
#: Services whose word is believed about all messages. Any other host may be somebody's own, who wants us to stop.
SERVICES = ("fcm.googleapis.com", ".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
#: how they say that a subscription was made with another key than ours
OTHER_KEY = re.compile(r"(?i)do not correspond|VapidPkHashMismatch|key mismatch|UnauthorizedRegistration")


class WebPushSettings(ConnectorSettings):
    vapid_private_key: SecretStr
    """32 bytes in base64url, or PEM. Its public half is the `applicationServerKey` that people subscribe with."""
    subject: str = Field(pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$")
    """Whom a push service may turn to: `mailto:...` or `https://...`"""
    ttl: int = Field(86_400, ge=0, le=2_419_200)
    """Seconds that a notification waits for a browser that is closed."""
    urgency: Literal["very-low", "low", "normal", "high"] = "normal"
    base_url: BaseUrl | None = None
    """Where everything goes instead of to people's push services: for tests."""

    @field_validator("vapid_private_key")
    @classmethod
    def _is_key(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value().strip()
        if not text.startswith("-----BEGIN") and len(_decoded(text)) != 32:
            raise ValueError("must be 32 bytes in base64url, or PEM")
        return secret


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the browser gave to the site: `pushManager.subscribe(...)` as JSON."""

    endpoint: str
    origin: str
    host: str
    public_key: bytes
    secret: bytes
    expires: float | None


class WebPush(Connector):
    channel = "web_push"
    modes = frozenset({"send"})
    Settings = WebPushSettings
    settings: WebPushSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=1, concurrency=32)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        from py_vapid import Vapid02

        text = self.settings.vapid_private_key.get_secret_value().strip()
        try:
            pem = text.startswith("-----BEGIN")
            self._vapid: Any = Vapid02.from_pem(text.encode()) if pem else Vapid02.from_raw(text.encode())
        except Exception as fault:
            # Not chained: the text may quote the key.
            raise Closed("bad_key", f"the private key cannot be used ({type(fault).__name__})") from None
        self._signed: dict[str, tuple[float, str]] = {}
        self._resolver = PublicOnly()
        led = self.settings.base_url is not None
        self._outside = session if led else public_session(session, self._resolver, limit=self.limits.concurrency)

    async def close(self) -> None:
        if getattr(self, "_outside", self.session) is not self.session:
            await self._outside.close()

    async def prove(self) -> str:
        known = self._signature("https://push.example.net").rpartition(",k=")[2]
        return (
            f"signs with the key that people subscribe with as {known[:12]}…; push services cannot be asked beforehand"
        )

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        found = _subscription(message.to, any_scheme=self.settings.base_url is not None)
        if isinstance(found, Outcome):
            return found
        if found.expires is not None and found.expires < time.time():
            return Outcome.rejected("unregistered", "the subscription has expired")
        if self.settings.base_url is None and not is_public(found.host):
            return Outcome.rejected("not_public", "the endpoint is in a private network")
        text = _text(message)
        if len(text) > LARGEST_TEXT:
            return Outcome.rejected("too_long", f"{len(text)} bytes; push services take {LARGEST_TEXT}")
        try:
            body = _encrypted(text, found)
        except Exception:
            # What the browser gave is no key: http_ece and cryptography have many words for that.
            return Outcome.rejected("bad_subscription", "its keys cannot be used")
        try:
            reply = await self._post(found, body)
        except Retryable as fault:
            if found.host in self._resolver.refused:
                return Outcome.rejected("not_public", "the endpoint's name stands for a private network")
            raise fault
        # The message's own address at the push service (RFC 8030, 5); its last part is its name.
        location = urlsplit(reply.headers.get("location", "")).path.rpartition("/")[2]
        return Outcome.accepted(location[:200] or None)

    async def _post(self, to: Subscription, body: bytes) -> Reply:
        base = self.settings.base_url
        believed = base is not None or any(to.host == one or to.host.endswith(one) for one in SERVICES)
        authorization = self._signature(to.origin)
        return await call(
            self._outside,
            "POST",
            to.endpoint if base is None else f"{base}/push/{quote(to.endpoint, safe='')}",
            safe_to_repeat=False,
            headers={
                "Authorization": authorization,
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(self.settings.ttl),
                "Urgency": self.settings.urgency,
            },
            body=body,
            judge=lambda reply: _judge(reply, believed),
            hide=(*_telling(to.endpoint), authorization),
        )

    def _signature(self, origin: str) -> str:
        until, authorization = self._signed.get(origin, (0.0, ""))
        now = time.time()
        if until - now < _SIGN_AGAIN:
            until = now + _SIGNED_FOR
            claims = {"aud": origin, "exp": int(until), "sub": self.settings.subject}
            authorization = str(self._vapid.sign(claims)["Authorization"])
            self._signed[origin] = until, authorization
        return authorization


def _telling(endpoint: str) -> list[str]:
    """What of an endpoint is to be kept out of logs, as it names one person's browser: however it is quoted."""
    parts = urlsplit(endpoint)
    return [endpoint, *(part for part in re.split(r"[^\w-]", f"{parts.path}?{parts.query}") if len(part) >= 8)]


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except (binascii.Error, ValueError):
        return b""


def _subscription(text: str, *, any_scheme: bool) -> Subscription | Outcome:
    try:
        given = json.loads(text)
        endpoint, keys = str(given["endpoint"]), given["keys"]
        public_key, secret = _decoded(str(keys["p256dh"])), _decoded(str(keys["auth"]))
        expires = given.get("expirationTime")
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except (ValueError, KeyError, TypeError, AttributeError):
        return Outcome.rejected("bad_subscription", "not the JSON that a browser gives for a subscription")
    if not host or parts.username or (parts.scheme != "https" and not (any_scheme and parts.scheme == "http")):
        return Outcome.rejected("bad_subscription", "its endpoint is not an https address")
    if len(public_key) != 65 or len(secret) != 16:
        return Outcome.rejected("bad_subscription", "its keys are not 65 and 16 bytes in base64url")
    # An origin names the port only where it is not the scheme's own (RFC 6454, 6.2).
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, 443) else "")
    milliseconds = isinstance(expires, (int, float)) and not isinstance(expires, bool)
    return Subscription(endpoint, origin, host, public_key, secret, expires / 1000 if milliseconds else None)


def _text(message: Message) -> bytes:
    content = message.content
    notification: dict[str, Any] = {"title": str(content["title"]), "body": str(content["text"])}
    if content.get("url"):
        notification["navigate"] = str(content["url"])
    if content.get("image"):
        notification["image"] = str(content["image"])
    if content.get("data"):
        notification["data"] = {str(name): str(value) for name, value in content["data"].items()}
    # Browsers that know declarative push show it without the site's service worker; it must lead somewhere
    # (w3.org/TR/push-api, declarative push messages; the number is RFC 8030's).
    told = (
        {"web_push": 8030, "notification": notification}
        if "navigate" in notification
        else {"notification": notification}
    )
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _encrypted(text: bytes, to: Subscription) -> bytes:
    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec

    # A key of its own for each message (RFC 8291, 3.1).
    own = ec.generate_private_key(ec.SECP256R1())
    sealed: bytes = http_ece.encrypt(
        text, private_key=own, dh=to.public_key, auth_secret=to.secret, version="aes128gcm"
    )
    return sealed


def _judge(reply: Reply, believed: bool) -> DestinationError | None:
    status, said = reply.status, f"HTTP {reply.status} {reply.detail}".strip()
    if status in (404, 410):
        # "a push service MUST return a 404 for an expired subscription" (RFC 8030, 7.3); 410 is what most send.
        return Refused("unregistered", said)
    if status == 413:
        return Refused("too_long", said)
    if status in (400, 401, 403) and OTHER_KEY.search(reply.body[:4096].decode("utf-8", "replace")):
        return Refused("other_key", said)
    if status == 406:
        # How Microsoft's says that it was asked too much, for an hour and more: what goes to the others goes on
        # (learn.microsoft.com, windows-app-sdk/notifications/push-notifications/troubleshooting, read 2026-11).
        return Retryable("busy", said)
    if believed:
        return None
    if status in (401, 403):
        return Refused("forbidden", said)
    return Retryable("busy", said) if status == 429 else None
