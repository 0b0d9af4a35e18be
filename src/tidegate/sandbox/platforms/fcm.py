"""Firebase Cloud Messaging, HTTP v1 (firebase.google.com/docs/reference/fcm/rest/v1, 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_LARGEST = 4096
_ADDRESSES = ("token", "topic", "condition", "fid")
_FIELDS = {*_ADDRESSES, "name", "data", "notification", "android", "androidV2", "apns", "webpush", "fcmOptions"}


class Fcm(Emulation):
    connector = "fcm"

    def routes(self) -> Sequence[Route]:
        return [Route("POST", "/v1/projects/{project}/messages:send", "send message", self.message)]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        said = super().throttled(after)
        words = "Quota exceeded for quota metric 'Send requests'."
        return Answer(429, _error(429, "RESOURCE_EXHAUSTED", words, "QUOTA_EXCEEDED"), said.headers)

    def failed(self, status: int) -> Answer:
        if status == 503:
            return Answer(503, _error(503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE"))
        return Answer(status, _error(status, "INTERNAL", HTTPStatus(status).phrase, "INTERNAL"))

    def unauthorized(self) -> Answer:
        words = "Request had invalid authentication credentials. Expected OAuth 2 access token."
        return Answer(401, _error(401, "UNAUTHENTICATED", words))

    def message(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json()
        message = given.get("message") if isinstance(given, dict) else None
        if not isinstance(message, dict):
            raise _invalid("Message is required")
        _check(message)
        name = f"projects/{call.parts['project']}/messages/{uuid4()}"
        if given.get("validateOnly"):
            return Answer(200, {"name": f"projects/{call.parts['project']}/messages/fake_message_id"})
        to = str(message.get("token") or message.get("topic") or message.get("condition") or message.get("fid"))
        taken = call.take([[to]])
        if taken.refused:
            words = taken.refused[0]
            return Answer(404, _error(404, "NOT_FOUND", words, "UNREGISTERED"))
        if taken.good:
            shown = dict(message.get("notification") or {})
            title, text = shown.pop("title", ""), shown.pop("body", "")
            details = {**shown, **({"data": message["data"]} if message.get("data") else {})}
            sender = call.parts["project"]
            call.shelf.keep("push", to, sender=sender, subject=title, text=text, details=details, id=name)
        return Answer(200, {"name": name}, took=len(taken.good))


def _check(message: Mapping[str, Any]) -> None:
    if unknown := set(message) - _FIELDS:
        raise _invalid(
            f"Invalid JSON payload received. Unknown name \"{min(unknown)}\" at 'message': Cannot find field."
        )
    if sum(1 for name in _ADDRESSES if message.get(name)) != 1:
        raise _invalid("Exactly one of token, topic or condition is required")
    token = message.get("token")
    if token is not None and (len(token) < 10 or " " in token):
        raise _invalid("The registration token is not a valid FCM registration token", "INVALID_ARGUMENT")
    data, notification = message.get("data") or {}, message.get("notification") or {}
    for name, value in data.items():
        if not isinstance(value, str):
            raise _invalid(f"Invalid value at 'message.data[0].value' (TYPE_STRING), {value}")
        if name in ("from", "message_type", "gcm") or name.startswith("google"):
            raise _invalid(f"Invalid data payload key: {name}", "INVALID_ARGUMENT")
    size = sum(len(str(part).encode()) for pair in (*data.items(), *notification.items()) for part in pair)
    if size > _LARGEST:
        raise _invalid("Message too big", "INVALID_ARGUMENT")
    link = ((message.get("webpush") or {}).get("fcmOptions") or {}).get("link", "https://")
    if not link.startswith("https://"):
        raise _invalid("WebpushFcmOptions.link must be a valid HTTPS URL", "INVALID_ARGUMENT")


def _invalid(words: str, code: str = "") -> Declined:
    return Declined(Answer(400, _error(400, "INVALID_ARGUMENT", words, code)))


def _error(code: int, status: str, words: str, own: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": words, "status": status}
    if own:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        error["details"] = [{"@type": kind, "errorCode": own}]
    return {"error": error}
