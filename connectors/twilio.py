"""Text messages and WhatsApp messages through Twilio's Programmable Messaging (API 2010-04-01).

Twilio knows no idempotency key for messages: a call in doubt stays in doubt.
Quirks and codes as documented on twilio.com/docs/messaging, docs/whatsapp and docs/api/errors, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import aiohttp
from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connector import Channel, Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "If the body is longer than 1600 characters, the request fails" (docs/messaging/api/message-resource)
LONGEST_BODY = 1600

# Each code is a page: twilio.com/docs/api/errors/CODE (read 2026-11). The account or the sender is at fault:
CLOSED = {
    10001: "account_suspended",
    20003: "unauthorized",
    20005: "account_suspended",
    21212: "bad_sender",
    21601: "bad_sender",
    21603: "bad_sender",
    21606: "bad_sender",
    21609: "bad_status_callback",
    21659: "bad_sender",
    21660: "bad_sender",
    21661: "bad_sender",
    21701: "bad_messaging_service",
    21703: "bad_messaging_service",
    21704: "bad_messaging_service",
    21910: "bad_sender",
    30002: "account_suspended",
    63007: "bad_sender",
}
# This number or text is at fault:
REJECTED = {
    21211: "bad_number",
    21265: "short_code",
    21266: "same_number",
    21408: "region_not_enabled",
    21602: "empty",
    21604: "no_number",
    21608: "not_verified_on_trial",
    21610: "unsubscribed",
    21612: "not_reachable",
    21614: "not_mobile",
    21617: "too_long",
    21635: "landline",
    21654: "no_such_template",
    21655: "no_such_template",
    21656: "template_parameters",
    63003: "undeliverable",
    63005: "refused",
    63013: "template_policy",
    63016: "outside_window",
    63024: "undeliverable",
    63027: "no_such_template",
    63028: "template_parameters",
    63032: "withheld",
}
# Nobody is; there was too much at once:
THROTTLED = {20429, 21611, 30001, 63018, 63038}

_SEPARATORS = re.compile(r"[\s().\-]")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_CONTENT = re.compile(r"HX[0-9a-fA-F]{32}")
_WHATSAPP = "whatsapp:"


class TwilioSettings(ConnectorSettings):
    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    auth_token: SecretStr
    sender: str | None = Field(None, alias="from")
    """A number in E.164, a short code or an alphanumeric sender, `whatsapp:` and a number; or give
    `messaging_service_sid`."""
    messaging_service_sid: str | None = Field(None, pattern=r"^MG[0-9a-fA-F]{32}$")
    status_callback: str | None = Field(None, pattern=r"^https?://")
    channel: Literal["sms", "whatsapp"] | None = None
    """What is sent, where `from` does not say so: a messaging service has senders of both kinds."""
    base_url: BaseUrl = "https://api.twilio.com"

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("give either `from` or `messaging_service_sid`")
        if self.channel == "sms" and (self.sender or "").startswith(_WHATSAPP):
            raise ValueError("`from` is a WhatsApp number, and `channel` says sms")
        return self


class Twilio(Connector):
    channel: Channel = "sms"
    modes = frozenset({"send"})
    Settings = TwilioSettings
    settings: TwilioSettings

    def __init__(self, settings: TwilioSettings) -> None:
        super().__init__(settings)
        self.channel = _channel(settings.channel, settings.sender)

    @classmethod
    def channel_of(cls, settings: Mapping[str, Any]) -> Channel:
        return _channel(settings.get("channel"), settings.get("from"))

    @property
    def limits(self) -> Limits:
        # One message a call. Twilio queues what its carriers take more slowly (docs/messaging/guides/scaling-queueing).
        return Limits(batch=1, concurrency=16)

    async def prove(self) -> str:
        reply = await self._call("GET", f"{self.settings.account_sid}.json", None, safe_to_repeat=True)
        found = reply.json()
        status = found.get("status") if isinstance(found, dict) else None
        if status != "active":
            raise Closed("account_suspended", f"Twilio says that this account is {mask(str(status))}")
        return f"Twilio account {self.settings.account_sid[:6]}… is active"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        if message.channel != self.channel:
            # The files were read without knowing what the environment says.
            words = f"`from` is a number for {self.channel}; write `channel: {self.channel}` beside it"
            raise Closed("bad_sender", words)
        number = _SEPARATORS.sub("", message.to)
        if not _E164.fullmatch(number):
            return Outcome.rejected("bad_number", "not a telephone number in E.164")
        what = _what(message.content)
        if isinstance(what, Outcome):
            return what
        by_whatsapp = self.channel == "whatsapp"
        form = {"To": f"{_WHATSAPP}{number}" if by_whatsapp else number, **what}
        if self.settings.messaging_service_sid:
            form["MessagingServiceSid"] = self.settings.messaging_service_sid
        else:
            sender = (self.settings.sender or "").removeprefix(_WHATSAPP)
            form["From"] = f"{_WHATSAPP}{sender}" if by_whatsapp else sender
        if self.settings.status_callback:
            form["StatusCallback"] = self.settings.status_callback
        reply = await self._call("POST", f"{self.settings.account_sid}/Messages.json", form, safe_to_repeat=False)
        return _outcome(reply)

    async def _call(self, method: str, path: str, form: dict[str, str] | None, *, safe_to_repeat: bool) -> Reply:
        token = self.settings.auth_token.get_secret_value()
        authorization = aiohttp.encode_basic_auth(self.settings.account_sid, token)
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/2010-04-01/Accounts/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"Authorization": authorization},
            form=form,
            judge=_judge,
            hide=(token, authorization.removeprefix("Basic ")),
        )


def _channel(channel: Any, sender: Any) -> Channel:
    return "whatsapp" if channel == "whatsapp" or str(sender or "").startswith(_WHATSAPP) else "sms"


def _what(content: Mapping[str, Any]) -> dict[str, str] | Outcome:
    """What to send, in the words of the API; or why it cannot be sent."""
    text, template, image = str(content["text"]), content.get("template"), content.get("image")
    if not template:
        if not text.strip() and not image:
            return Outcome.rejected("empty", "the message has no text")
        if len(text) > LONGEST_BODY:
            return Outcome.rejected("too_long", f"{len(text)} characters; Twilio takes {LONGEST_BODY}")
        return {**({"Body": text} if text else {}), **({"MediaUrl": str(image)} if image else {})}
    if not _CONTENT.fullmatch(str(template)):
        return Outcome.rejected("no_such_template", "Twilio knows a template by its ContentSid: HX...")
    if image or content.get("url"):
        words = "pictures and links of a template at Twilio are `parameters` too"
        return Outcome.rejected("unsupported", words)
    given = content.get("parameters") or ()
    named = given if isinstance(given, Mapping) else {str(place): one for place, one in enumerate(given, 1)}
    # WhatsApp takes no empty parameter, and Twilio refuses the whole message for it (21656).
    empty = next((name for name, one in named.items() if not str(one).strip()), None)
    if empty is not None:
        return Outcome.rejected("template_parameters", f"parameter {empty} is empty for this person")
    variables = json.dumps({str(name): str(one) for name, one in named.items()}, ensure_ascii=False)
    return {"ContentSid": str(template), **({"ContentVariables": variables} if named else {})}


def _outcome(reply: Reply) -> Outcome:
    found = reply.json()
    sid = found.get("sid") if isinstance(found, dict) else None
    if not isinstance(sid, str) or not sid:
        raise doubtful(False, "garbled", f"HTTP {reply.status} without the sid of a message")
    if found.get("status") in ("failed", "undelivered", "canceled"):
        code = found.get("error_code")
        said = mask(f"{code} {found.get('error_message') or ''}", reply.hide)
        raise _meant(code, said, reply) or Refused(str(found["status"]), said)
    return Outcome.accepted(sid)


def _judge(reply: Reply) -> DestinationError | None:
    code = reply.peek("code")
    if not isinstance(code, int) or reply.status >= 500:
        return None
    return _meant(code, mask(f"{code} {reply.peek('message') or ''}", reply.hide), reply)


def _meant(code: Any, said: str, reply: Reply) -> DestinationError | None:
    if code in CLOSED:
        return Closed(CLOSED[code], said)
    if code in THROTTLED:
        return Retryable("throttled", said, reply.after)
    if code in REJECTED:
        return Refused(REJECTED[code], said)
    return None
