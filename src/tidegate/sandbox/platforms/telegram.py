"""Telegram's Bot API, as far as a bot that only writes goes (core.telegram.org/bots/api, 2026-11)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import SECRET, Answer, Call, Declined, Emulation, Route, Shelf

_BOT = {"id": 110201543, "is_bot": True, "first_name": "Sandbox", "username": "tidegate_sandbox_bot"}
_CHAT = re.compile(r"-?\d{1,19}|@\w{4,}")
_BLOCKED = "Forbidden: bot was blocked by the user"


class Telegram(Emulation):
    connector = "telegram"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/bot{token}/getMe", "get me", self.me),
            Route("POST", "/bot{token}/sendMessage", "send message", self.message),
            Route("POST", "/bot{token}/sendPhoto", "send photo", self.photo),
        ]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        seconds = math.ceil(after)
        more = {"retry_after": seconds}
        return Answer(429, {**_error(429, f"Too Many Requests: retry after {seconds}"), "parameters": more})

    def failed(self, status: int) -> Answer:
        return Answer(status, _error(status, "Internal Server Error"))

    def unauthorized(self) -> Answer:
        return Answer(401, _error(401, "Unauthorized"))

    def me(self, call: Call) -> Answer:
        self._signed(call)
        return Answer(200, {"ok": True, "result": _BOT})

    def message(self, call: Call) -> Answer:
        self._signed(call)
        given = call.json()
        text = _text(given, "text", 4096, "message")
        if not text.strip():
            raise _bad("message text is empty")
        return self._sent(call, given, text, {}, {"text": text})

    def photo(self, call: Call) -> Answer:
        self._signed(call)
        given = call.json()
        photo = given.get("photo")
        if not isinstance(photo, str) or not photo:
            raise _bad("there is no photo in the request")
        if not re.match(r"https?://[^\s/]+", photo):
            raise _bad("wrong file identifier/HTTP URL specified")
        caption = _text(given, "caption", 1024, "message caption")
        size = {"file_id": "AgACAgQAAxkDAAM", "file_unique_id": "AQADFbMxG4", "width": 640, "height": 480}
        return self._sent(call, given, caption, {"image": photo}, {"photo": [size], "caption": caption})

    def _signed(self, call: Call) -> None:
        if call.parts["token"] != SECRET:
            raise Declined(self.unauthorized())

    def _sent(
        self, call: Call, given: Mapping[str, Any], text: str, details: Mapping[str, Any], shown: Mapping[str, Any]
    ) -> Answer:
        chat = given.get("chat_id")
        if chat is None or chat == "":
            raise _bad("chat_id is empty")
        if isinstance(chat, bool) or not _CHAT.fullmatch(str(chat)):
            raise _bad("chat not found")
        taken = call.take([[str(chat)]])
        if taken.refused:
            words = taken.refused[0]
            return Answer(403, _error(403, words if words.startswith("Forbidden") else f"{_BLOCKED} ({words})"))
        number = call.shelf.number()
        if taken.good:
            sender = str(_BOT["username"])
            call.shelf.keep("telegram", str(chat), sender=sender, text=text, details=details, id=str(number))
        told = {"id": chat, "type": "private", "first_name": "Somebody"}
        date = int(datetime.now(UTC).timestamp())
        result = {"message_id": number, "from": _BOT, "chat": told, "date": date, **shown}
        return Answer(200, {"ok": True, "result": result}, took=len(taken.good))


def _text(given: Any, key: str, longest: int, called: str) -> str:
    if not isinstance(given, dict) or not isinstance(given.get(key, ""), str):
        raise Declined(Answer(400, _error(400, f"Bad Request: can't parse {key}")))
    text: str = given.get(key, "")
    if len(text.encode("utf-16-le")) // 2 > longest:
        raise _bad(f"{called} is too long")
    return text


def _bad(words: str) -> Declined:
    return Declined(Answer(400, _error(400, f"Bad Request: {words}")))


def _error(code: int, description: str) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": description}
