"""Messages of a Telegram bot (Bot API, core.telegram.org/bots/api, read 2026-11).

A bot can write only to people who have started it. Telegram knows no idempotency key: a call in doubt stays in doubt.
Refusals carry no code of their own beyond the HTTP status, only a sentence; those below are what the server says
(github.com/tdlib/telegram-bot-api, telegram-bot-api/Client.cpp, read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "Text of the message to be sent, 1-4096 characters after entities parsing" (#sendmessage)
LONGEST_TEXT = 4096
#: "Photo caption [...] 0-1024 characters after entities parsing" (#sendphoto)
LONGEST_CAPTION = 1024

_CHAT = re.compile(r"-?[1-9]\d{0,18}|@[A-Za-z]\w{3,}")
#: What of Telegram's sentence tells the reason, and the reason. The first that is there counts.
REASONS = (
    ("blocked by the user", "blocked"),
    ("kicked from", "blocked"),
    ("not a member", "blocked"),
    ("user is deactivated", "unregistered"),
    ("user is deleted", "unregistered"),
    ("group chat was deleted", "unregistered"),
    ("chat was upgraded", "moved"),
    ("can't initiate conversation", "not_started"),
    ("chat not found", "not_started"),
    ("PEER_ID_INVALID", "not_started"),
    ("can't send messages to bots", "is_a_bot"),
    ("not enough rights", "no_rights"),
    ("have no rights", "no_rights"),
    ("message text is empty", "empty"),
    ("is too long", "too_long"),
    ("failed to get HTTP URL content", "bad_image"),
    ("wrong type of the web page content", "bad_image"),
    ("wrong file identifier", "bad_image"),
    ("IMAGE_PROCESS_FAILED", "bad_image"),
)


class TelegramSettings(ConnectorSettings):
    token: SecretStr
    """What @BotFather gave, such as 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw."""
    silent: bool = False
    """Whether the person's phone stays silent."""
    link_preview: bool = True
    """Whether the first link of a text is shown with a picture of its page."""
    base_url: BaseUrl = "https://api.telegram.org"


class Telegram(Connector):
    channel = "telegram"
    modes = frozenset({"send"})
    Settings = TelegramSettings
    settings: TelegramSettings

    @property
    def limits(self) -> Limits:
        # "the API will not allow bulk notifications to more than ~30 users per second"
        # (core.telegram.org/bots/faq, "My bot is hitting limits", read 2026-11)
        return Limits(batch=1, concurrency=8, per_second=30)

    async def prove(self) -> str:
        bot = await self._call("getMe", None, safe_to_repeat=True)
        name = bot.get("username")
        if not isinstance(name, str) or not name:
            raise doubtful(True, "garbled", "an answer to getMe without a username")
        return f"signed in to Telegram as @{mask(name)}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        chat, text, image = message.to.strip(), str(message.content["text"]), message.content.get("image")
        if not _CHAT.fullmatch(chat):
            return Outcome.rejected("bad_chat_id", "not the id of a chat, nor the @name of a channel")
        if not text.strip():
            return Outcome.rejected("empty", "the message has no text")
        longest = LONGEST_CAPTION if image else LONGEST_TEXT
        # Telegram counts UTF-16 code units, of which an emoji is two or more (#messageentity).
        if (length := len(text.encode("utf-16-le")) // 2) > longest:
            return Outcome.rejected("too_long", f"{length} characters; Telegram takes {longest}")
        given: dict[str, Any] = {"chat_id": chat if chat.startswith("@") else int(chat)}
        given |= {"photo": str(image), "caption": text} if image else {"text": text}
        if self.settings.silent:
            given["disable_notification"] = True
        if not image and not self.settings.link_preview:
            given["link_preview_options"] = {"is_disabled": True}
        sent = await self._call("sendPhoto" if image else "sendMessage", given, safe_to_repeat=False, hide=chat)
        number = sent.get("message_id")
        if not isinstance(number, int):
            raise doubtful(False, "garbled", "an acceptance without the id of a message")
        return Outcome.accepted(str(number))

    async def _call(
        self, method: str, given: Mapping[str, Any] | None, *, safe_to_repeat: bool, hide: str = ""
    ) -> Mapping[str, Any]:
        token = self.settings.token.get_secret_value()
        # Telegram takes the token nowhere but in the path.
        reply = await call(
            self.session,
            "POST",
            f"{self.settings.base_url}/bot{quote(token, safe=':')}/{method}",
            safe_to_repeat=safe_to_repeat,
            json=given,
            judge=_judge,
            hide=tuple(filter(None, (token, quote(token, safe=":"), hide))),
        )
        found = reply.json()
        if isinstance(found, dict) and found.get("ok") is False:
            raise _judge(reply) or Refused("refused", reply.detail)
        result = found.get("result") if isinstance(found, dict) and found.get("ok") is True else None
        if not isinstance(result, dict):
            raise doubtful(safe_to_repeat, "garbled", f"HTTP {reply.status} without a result")
        return result


def _judge(reply: Reply) -> DestinationError | None:
    found: Any = reply.peek()
    if not isinstance(found, dict) or found.get("ok") is not False:
        return None
    code, words = found.get("error_code"), str(found.get("description") or "")
    said = mask(f"{code} {words}", reply.hide)
    more = found.get("parameters")
    if code == 429:
        after = more.get("retry_after") if isinstance(more, dict) else None
        return Retryable("throttled", said, float(after) if isinstance(after, (int, float)) else reply.after)
    if code == 401 or (code == 404 and words == "Not Found"):
        # "Not Found" alone is a token that is none; what a method does not find is called by its name.
        return Closed("unauthorized", said)
    if code not in (400, 403):
        return None
    reason = next((reason for part, reason in REASONS if part.lower() in words.lower()), "")
    return Refused(reason or ("forbidden" if code == 403 else "refused"), said)
