"""Slack's Web API: a bot that posts to channels. It answers 200 to what it refuses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

_TEAM, _BOT = "T0SANDBOX", "U0SANDBOX"


class Slack(Emulation):
    connector = "slack"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/auth.test", "test authentication", self.test),
            Route("POST", "/chat.postMessage", "post message", self.post),
        ]

    def test(self, call: Call) -> Answer:
        if not call.signed():
            return _no("invalid_auth")
        known = {"url": "https://sandbox.slack.com/", "team": "Sandbox", "user": "tidegate"}
        return Answer(200, {"ok": True, **known, "team_id": _TEAM, "user_id": _BOT})

    def post(self, call: Call) -> Answer:
        if not call.signed():
            return _no("invalid_auth")
        given = call.json()
        channel, text = str(given.get("channel") or ""), str(given.get("text") or "")
        if not channel:
            return _no("channel_not_found")
        if not text:
            return _no("no_text")
        taken = call.take([[channel]])
        if taken.refused:
            return _no("restricted_action" if 0 in taken.codes else "msg_too_long")
        if not taken.good:
            return _no("internal_error")
        stamp = f"{int(time.time())}.{call.shelf.number():06d}"
        call.shelf.keep("chat", channel, sender="tidegate", text=text, id=f"{channel}/{stamp}")
        message = {"type": "message", "text": text, "user": _BOT, "ts": stamp, "team": _TEAM}
        return Answer(200, {"ok": True, "channel": channel, "ts": stamp, "message": message}, took=1)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        return Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": f"{after:.0f}"})

    def unauthorized(self) -> Answer:
        return _no("invalid_auth")


def _no(error: str) -> Answer:
    return Answer(200, {"ok": False, "error": error})
