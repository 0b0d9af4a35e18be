"""Discord's API: messages to a channel, by a bot (once for a nonce) or through a webhook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

LONGEST_TEXT = 2_000


class Discord(Emulation):
    connector = "discord"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/users/@me", "get bot", self.bot),
            Route("POST", "/channels/{channel}/messages", "create message", self.create),
            Route("GET", "/webhooks/{id}/{token}", "get webhook", self.webhook),
            Route("POST", "/webhooks/{id}/{token}", "execute webhook", self.execute),
        ]

    def bot(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        return Answer(200, {"id": "1", "username": "tidegate", "discriminator": "0", "global_name": None, "bot": True})

    def webhook(self, call: Call) -> Answer:
        if not call.signed():
            return _no(401, 50027, "Invalid Webhook Token")
        known = {"id": call.parts["id"], "type": 1, "name": "tidegate", "avatar": None, "channel_id": "2"}
        return Answer(200, {**known, "application_id": None, "token": call.parts["token"]})

    def create(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        channel, nonce = call.parts["channel"], str(call.json().get("nonce") or "")
        known = call.shelf.find("_nonces", nonce=nonce, channel=channel) if call.json().get("enforce_nonce") else []
        if nonce and known:
            return Answer(200, _message(known[0][0], channel, known[0][1]["text"]))
        return self._keep(call, channel, nonce)

    def execute(self, call: Call) -> Answer:
        if not call.signed():
            return _no(401, 50027, "Invalid Webhook Token")
        return self._keep(call, f"webhook {call.parts['id']}", "")

    def _keep(self, call: Call, channel: str, nonce: str) -> Answer:
        text = str(call.json().get("content") or "")
        if not text:
            return _no(400, 50006, "Cannot send an empty message")
        if len(text) > LONGEST_TEXT:
            return _no(400, 50035, "Invalid Form Body")
        taken = call.take([[channel]])
        if taken.refused:
            return _no(400, taken.codes.get(0, 200000), taken.refused[0])
        id = str(10**17 + call.shelf.number())
        if taken.good:
            call.shelf.keep("chat", channel, sender="tidegate", text=text, key=nonce, id=id)
            if nonce:
                call.shelf.put("_nonces", id, {"nonce": nonce, "channel": channel, "text": text})
        return Answer(200, _message(id, channel, text), took=len(taken.good))

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        said = {"message": "You are being rate limited.", "retry_after": after, "global": False}
        return Answer(429, said, {"Retry-After": f"{after:.0f}"})

    def unauthorized(self) -> Answer:
        return _no(401, 0, "401: Unauthorized")


def _message(id: str, channel: str, text: str) -> dict[str, Any]:
    author = {"id": "1", "username": "tidegate", "bot": True}
    now = datetime.now(UTC).isoformat()
    return {"id": id, "channel_id": channel, "content": text, "author": author, "timestamp": now, "type": 0}


def _no(status: int, code: int, words: str) -> Answer:
    return Answer(status, {"message": words, "code": code})
