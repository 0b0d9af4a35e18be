"""OneSignal's API, as far as notifications go (documentation.onesignal.com/reference, 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TARGETS = ("include_subscription_ids", "include_aliases", "included_segments", "filters")


class OneSignal(Emulation):
    connector = "onesignal"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/notifications", "create message", self.create),
            Route("GET", "/notifications", "view messages", self.view),
        ]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        return Answer(429, {"errors": ["API rate limit exceeded."]}, super().throttled(after).headers)

    def failed(self, status: int) -> Answer:
        return Answer(status, {"errors": ["Service unavailable" if status == 503 else "Internal server error"]})

    def unauthorized(self) -> Answer:
        words = "Access denied.  Please include an 'Authorization: ...' header with a valid API key."
        return Answer(401, {"errors": [words], "reference": ["https://documentation.onesignal.com/docs/accounts"]})

    def view(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        if not _UUID.fullmatch(call.query.get("app_id", "")):
            raise _bad("Missing app_id")
        limit = min(int(call.query.get("limit", 50)), 50)
        known = list(call.shelf.all("_sent").values())[::-1]
        body = {"total_count": len(known), "offset": 0, "limit": limit, "notifications": known[:limit]}
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json()
        to = _recipients(given)
        key = given.get("idempotency_key")
        before = call.shelf.get("_keys", key) if key else None
        if before is not None:
            return Answer(200, before)
        taken = call.take([[one] for one in to])
        gone = [to[place] for place in taken.refused]
        if to and len(gone) == len(to):
            answer: dict[str, Any] = {"id": "", "errors": ["All included players are not subscribed"]}
            return Answer(200, answer)
        answer = {"id": str(uuid4()), "external_id": None}
        if gone:
            answer["errors"] = {"invalid_player_ids": gone}
        if taken.good:
            if key:
                call.shelf.put("_keys", key, answer)
            self._keep(call.shelf, given, [to[place] for place in taken.good], answer["id"])
        return Answer(200, answer, took=len(taken.good))

    def _keep(self, shelf: Shelf, given: Mapping[str, Any], to: Sequence[str], identity: str) -> None:
        title, text = (next(iter((given.get(part) or {"": ""}).values())) for part in ("headings", "contents"))
        shown = {"url": given.get("url"), "image": given.get("big_picture"), "data": given.get("data")}
        details = {name: value for name, value in shown.items() if value}
        queued = int(datetime.now(UTC).timestamp())
        shelf.put("_sent", identity, {"id": identity, "app_id": given["app_id"], "queued_at": queued})
        known = {"sender": given["app_id"], "key": given.get("idempotency_key", ""), "id": identity}
        for one in to:
            shelf.keep("push", one, subject=title, text=text, details=details, **known)


def _recipients(given: Any) -> list[str]:
    if not isinstance(given, dict) or not _UUID.fullmatch(str(given.get("app_id", ""))):
        raise _bad("app_id not found. You may be missing a Content-Type: application/json header.")
    contents = given.get("contents")
    if not isinstance(contents, dict) or not contents.get("en"):
        raise _bad("Message Notifications must have English language content")
    targets = [name for name in _TARGETS if given.get(name)]
    if len(targets) != 1:
        raise _bad("You must include which players, segments, or tags you wish to send this notification to.")
    key = given.get("idempotency_key")
    if key is not None and not _is_uuid(key):
        raise _bad("idempotency_key must be a valid UUID")
    if targets[0] == "include_aliases":
        if given.get("target_channel") not in ("push", "email", "sms"):
            raise _bad("target_channel is required with include_aliases")
        return [str(one) for values in given["include_aliases"].values() for one in values]
    return [str(one) for one in given.get("include_subscription_ids") or ()]


def _is_uuid(text: Any) -> bool:
    try:
        return bool(UUID(text))
    except (ValueError, TypeError, AttributeError):
        return False


def _bad(words: str) -> Declined:
    return Declined(Answer(400, {"errors": [words]}))
