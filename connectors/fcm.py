"""Push notifications to phones through Firebase Cloud Messaging (HTTP v1).

FCM knows no idempotency key: a call in doubt stays in doubt. Codes as documented on
firebase.google.com/docs/cloud-messaging/error-codes and docs/reference/fcm/rest/v1/ErrorCode, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connecting.oauth import GOOGLE, ServiceAccount
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
#: "4096 bytes for most messages" (ErrorCode, INVALID_ARGUMENT): the notification and the data, names and values
LARGEST_MESSAGE = 4096
#: "If a retry-after header isn't set, default to 60 seconds" (docs/cloud-messaging/scale-fcm, read 2026-11)
QUOTA_REFILLS = 60.0
#: names in `data` that are FCM's own ("invalid data key": from, gcm, whatever begins with google)
_RESERVED = ("from", "gcm", "message_type")


class FcmSettings(ConnectorSettings):
    service_account_key: SecretStr
    """The text of the key file: Firebase console, Project settings, Service accounts."""
    project: str | None = Field(None, min_length=1)
    """The project's id, where it is not the service account's own."""
    ttl: int | None = Field(None, ge=0, le=2_419_200)
    """Seconds that a notification waits for a phone that is off: at most four weeks, which is what FCM does itself."""
    high_priority: bool = False
    """Wakes a sleeping Android phone."""
    android_channel: str | None = Field(None, min_length=1)
    base_url: BaseUrl = "https://fcm.googleapis.com"
    token_url: str = Field(GOOGLE, pattern=r"^https?://")


class Fcm(Connector):
    channel = "push"
    modes = frozenset({"send"})
    can_validate = True
    Settings = FcmSettings
    settings: FcmSettings

    @property
    def limits(self) -> Limits:
        # "The default quota of 600k messages per minute" (docs/cloud-messaging/throttling-and-quotas, read 2026-11)
        return Limits(batch=1, concurrency=32, per_second=10_000)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        key = self.settings.service_account_key.get_secret_value()
        self._account = ServiceAccount(key, [SCOPE], token_uri=self.settings.token_url)
        self._project = self.settings.project or _project_of(key)

    async def prove(self) -> str:
        # To a topic that nobody subscribes to, and only to be checked.
        await self._post({"topic": "tidegate-check", "data": {"check": "yes"}}, validate_only=True)
        return f"FCM takes messages for the project {mask(self._project)}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, lambda message: self._send(message, validate_only=False))

    async def validate(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, lambda message: self._send(message, validate_only=True))

    async def _send(self, message: Message, *, validate_only: bool) -> Outcome:
        token, content = message.to.strip(), message.content
        if not token:
            return Outcome.rejected("bad_token", "no registration token")
        notification = {"title": str(content["title"]), "body": str(content["text"])}
        data = {str(name): str(value) for name, value in (content.get("data") or {}).items()}
        if reserved := next((name for name in data if name in _RESERVED or name.startswith("google")), None):
            return Outcome.rejected("bad_data", f"`{reserved}` is a name that FCM keeps for itself")
        if content.get("image"):
            notification["image"] = str(content["image"])
        if content.get("url"):
            data.setdefault("url", str(content["url"]))
        if (size := _size(notification) + _size(data)) > LARGEST_MESSAGE:
            return Outcome.rejected("too_long", f"{size} bytes; FCM takes {LARGEST_MESSAGE}")
        given: dict[str, Any] = {"token": token, "notification": notification, **self._platforms(message)}
        if data:
            given["data"] = data
        name = await self._post(given, validate_only=validate_only, hide=(token,))
        return Outcome.accepted(None if validate_only else name)

    def _platforms(self, message: Message) -> dict[str, Any]:
        """What Android, Apple and browsers each want told in their own way."""
        settings, url = self.settings, str(message.content.get("url") or "")
        android: dict[str, Any] = {}
        apns: dict[str, Any] = {}
        webpush: dict[str, Any] = {}
        if settings.ttl is not None:
            android["ttl"] = f"{settings.ttl}s"
            # From the planning on, so that what was held up here does not live longer for it.
            apns["headers"] = {"apns-expiration": str(int(message.at.timestamp()) + settings.ttl)}
            webpush["headers"] = {"TTL": str(settings.ttl)}
        if settings.high_priority:
            android["priority"] = "HIGH"
        if settings.android_channel:
            android["notification"] = {"channelId": settings.android_channel}
        if message.content.get("image"):
            apns["fcmOptions"] = {"image": str(message.content["image"])}
            # Without it an iPhone does not let the app fetch the picture (docs/cloud-messaging/ios/send-image).
            apns["payload"] = {"aps": {"mutable-content": 1}}
        if url.startswith("https://"):
            # "For all URL values, HTTPS is required" (WebpushFcmOptions.link)
            webpush["fcmOptions"] = {"link": url}
        return {name: found for name, found in (("android", android), ("apns", apns), ("webpush", webpush)) if found}

    async def _post(self, message: Mapping[str, Any], *, validate_only: bool, hide: tuple[str, ...] = ()) -> str:
        if not self._project:
            raise Closed("bad_project", "the key names no project_id; set `project`")
        reply = await call_with(
            self._account,
            self.session,
            "POST",
            f"{self.settings.base_url}/v1/projects/{self._project}/messages:send",
            safe_to_repeat=validate_only,
            json={"message": message, "validateOnly": True} if validate_only else {"message": message},
            judge=_judge,
            hide=hide,
        )
        name = reply.object("name")["name"]
        if not isinstance(name, str) or not name:
            raise doubtful(validate_only, "garbled", f"HTTP {reply.status} without the name of a message")
        return name


def _project_of(key: str) -> str:
    try:
        found = json.loads(key)
    except ValueError:
        return ""
    return str(found.get("project_id") or "") if isinstance(found, dict) else ""


def _size(texts: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in texts.items())


def _judge(reply: Reply) -> DestinationError | None:
    error = reply.peek("error")
    if not isinstance(error, dict):
        return None
    code, said = _code(error), mask(f"{_code(error) or error.get('status')} {error.get('message') or ''}", reply.hide)
    match code:
        case "UNREGISTERED":
            return Refused("unregistered", said)
        case "SENDER_ID_MISMATCH":
            return Refused("other_sender", said)
        case "THIRD_PARTY_AUTH_ERROR":
            # The key for Apple's or the browsers' service is at fault; phones with Android are reached all the same.
            return Retryable("apns_or_web_key", said, reply.after)
        case "QUOTA_EXCEEDED":
            return Retryable("throttled", said, QUOTA_REFILLS if reply.after is None else reply.after)
        case "UNAVAILABLE":
            return Retryable("unavailable", said, reply.after)
    if reply.status == 401:
        return Closed("unauthorized", said)
    if reply.status == 404:
        return Closed("bad_project", said)
    if reply.status == 429:
        return Retryable("throttled", said, QUOTA_REFILLS if reply.after is None else reply.after)
    if reply.status == 400:
        words = str(error.get("message") or "").lower()
        return Refused(
            "bad_token" if "registration token" in words else "too_long" if "too big" in words else "refused", said
        )
    return None


def _code(error: Mapping[str, Any]) -> str:
    """FCM's own code; Google's general one stands beside it."""
    details = error.get("details")
    told = [part for part in details if isinstance(part, dict)] if isinstance(details, list) else []
    return next((str(part["errorCode"]) for part in told if "errorCode" in part), "")
