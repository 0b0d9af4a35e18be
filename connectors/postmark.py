"""E-mail through Postmark's API: up to 500 messages a call, each judged by itself.

Postmark knows no idempotency key, but finds a message by its metadata: what is in doubt is looked up.
As documented on postmarkapp.com/developer (overview, email-api, messages-api), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connecting.letter import Letter, Unsendable, clipped, letter
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "The batch endpoint accepts up to 500 messages per API call, and up to 50 MB payload size" (email-api)
LARGEST_CALL = 500
#: metadata: "names up to 20 characters, values up to 80" (support/article/1125-custom-metadata-faq)
METADATA, LONGEST_METADATA = "tidegate_key", 80

# ErrorCode (overview, "API error codes"). The account or the stream is at fault:
CLOSED = {
    10: "unauthorized",
    405: "not_allowed_to_send",
    412: "account_pending",
    413: "account_may_not_send",
    1235: "no_such_stream",
    1236: "stream_cannot_send",
}
# The sender of the settings is at fault, or that of the message where it has its own:
SENDER = {400: "sender_unknown", 401: "sender_not_confirmed"}
# The message or the address is at fault:
REJECTED = {300: "bad_message", 402: "bad_message", 403: "bad_message", 406: "suppressed", 411: "bad_attachment"}
# Nobody is:
WAIT = {100: "unavailable", 429: "throttled"}


class PostmarkSettings(ConnectorSettings):
    server_token: SecretStr
    sender: str = Field(alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins."""
    reply_to: str | None = None
    message_stream: str = "outbound"
    """`outbound` is the transactional stream of every server; marketing belongs into a broadcast stream."""
    base_url: BaseUrl = "https://api.postmarkapp.com"


class Postmark(Connector):
    channel = "email"
    modes = frozenset({"send"})
    can_look_up = True
    Settings = PostmarkSettings
    settings: PostmarkSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=LARGEST_CALL, concurrency=4)

    async def prove(self) -> str:
        found = (await self._call("GET", "server", safe=True)).json()
        if not isinstance(found, dict) or "Name" not in found:
            raise Retryable("garbled", "Postmark does not say which server this is")
        return f"Postmark server {mask(str(found['Name']))} takes mail"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        mails: list[dict[str, Any]] = []
        places: list[int] = []
        for place, message in enumerate(messages):
            try:
                found = letter(message, sender=self.settings.sender, reply_to=self.settings.reply_to)
            except Unsendable as fault:
                outcomes[place] = Outcome.rejected("unsendable", str(fault))
                continue
            mails.append(self._mail(found))
            places.append(place)
        if mails:
            reply = await self._call("POST", "email/batch", safe=False, json=mails)
            own = [bool(messages[place].content.get("from")) for place in places]
            outcomes |= zip(places, _outcomes(reply, own), strict=True)
        return [outcomes[place] for place in range(len(messages))]

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        for key in keys:
            # Without its stream, only the transactional one is searched (messages-api).
            asked = {
                "count": "1",
                "offset": "0",
                "messagestream": self.settings.message_stream,
                f"metadata_{METADATA}": clipped(key, LONGEST_METADATA),
            }
            page = (await self._call("GET", "messages/outbound", safe=True, params=asked)).json()
            messages = page.get("Messages") if isinstance(page, dict) else None
            if messages and isinstance(messages[0], dict) and messages[0].get("MessageID"):
                found[key] = Outcome.accepted(str(messages[0]["MessageID"]))
        return found

    def _mail(self, found: Letter) -> dict[str, Any]:
        mail: dict[str, Any] = {
            "From": str(found.sender),
            "To": found.to,
            "Subject": found.subject,
            "MessageStream": self.settings.message_stream,
            "Metadata": {METADATA: clipped(found.key, LONGEST_METADATA)},
        }
        if found.text:
            mail["TextBody"] = found.text
        if found.html:
            mail["HtmlBody"] = found.html
        if found.reply_to:
            mail["ReplyTo"] = str(found.reply_to)
        if found.headers:
            mail["Headers"] = [{"Name": name, "Value": value} for name, value in found.headers.items()]
        return mail

    async def _call(
        self, method: str, path: str, *, safe: bool, json: Any = None, params: Mapping[str, str] | None = None
    ) -> Reply:
        token = self.settings.server_token.get_secret_value()
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe,
            headers={"X-Postmark-Server-Token": token, "Accept": "application/json"},
            json=json,
            params=params,
            judge=_judge,
            hide=(token,),
        )


def _outcomes(reply: Reply, own_sender: Sequence[bool]) -> list[Outcome]:
    found = reply.json()
    if not isinstance(found, list) or len(found) != len(own_sender):
        raise doubtful(False, "miscounted", f"HTTP {reply.status} without an answer for each message")
    faults = [_fault(one, reply, own) for one, own in zip(found, own_sender, strict=True)]
    if all(isinstance(fault, Closed) for fault in faults) and faults[0]:
        raise faults[0]
    return [
        Outcome.of(fault) if fault else Outcome.accepted(str(one["MessageID"]))
        for one, fault in zip(found, faults, strict=True)
    ]


def _fault(one: Any, reply: Reply, own_sender: bool) -> DestinationError | None:
    code = one.get("ErrorCode") if isinstance(one, dict) else None
    if not isinstance(code, int) or (code == 0 and not one.get("MessageID")):
        return doubtful(False, "garbled", "neither an error nor the id of a message")
    if code == 0:
        return None
    said = mask(f"{code} {one.get('Message') or ''}", reply.hide)
    if code in SENDER:
        return Refused(SENDER[code], said) if own_sender else Closed(SENDER[code], said)
    if code in CLOSED:
        return Closed(CLOSED[code], said)
    if code in WAIT:
        return Retryable(WAIT[code], said, reply.after)
    return Refused(REJECTED.get(code, f"postmark_{code}"), said)


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    if not isinstance(found, dict) or not found.get("ErrorCode"):
        return None
    if reply.status >= 500 and found["ErrorCode"] not in WAIT:
        return None
    return _fault(found, reply, own_sender=False)
