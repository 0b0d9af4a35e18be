"""WhatsApp messages through Meta's Cloud API: approved templates, and free text to whoever wrote in the last 24 hours.

Meta knows no idempotency key for messages: a call in doubt stays in doubt. Codes as on
developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes (2026-05-15, read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, SecretStr

from tidegate import __version__
from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.mask import mask

#: of a text, and of a picture's caption (.../whatsapp/messages/text-messages and image-messages, read 2026-11)
LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
#: "1 message every 6 seconds to the same WhatsApp user" (.../whatsapp/about-the-platform, pair rate limits)
ONE_TO_A_PERSON = 6.0

# A person must mend the account, the number or the access; no message is at fault.
CLOSED = {
    0: "unauthorized",
    3: "unauthorized",
    10: "unauthorized",
    33: "bad_phone_number_id",
    190: "unauthorized",
    368: "account_restricted",
    131005: "unauthorized",
    131031: "account_locked",
    131037: "display_name_not_approved",
    131042: "payment",
    131045: "number_not_registered",
    133005: "number_not_registered",
    133006: "number_not_registered",
    133010: "number_not_registered",
}
# This person or this content is at fault.
REJECTED = {
    130472: "in_experiment",
    130497: "country_restricted",
    131008: "refused",
    131009: "refused",
    131021: "same_number",
    131026: "undeliverable",
    131030: "not_in_test_list",
    131047: "outside_window",
    131049: "withheld",
    131050: "unsubscribed",
    131051: "unsupported",
    131052: "bad_image",
    131053: "bad_image",
    132000: "template_parameters",
    132001: "no_such_template",
    132005: "too_long",
    132007: "template_policy",
    132012: "template_parameters",
    132016: "template_disabled",
    132068: "flow_blocked",
    135000: "refused",
}
# There was too much at once: for the app, the account, this number.
THROTTLED = {4, 80007, 130429, 131056, 132069, 133016}
# It did not happen, and may later.
LATER = {
    2: "unavailable",
    131016: "unavailable",
    131048: "spam_limit",
    131057: "maintenance",
    132015: "template_paused",
    133004: "unavailable",
}

_SEPARATORS = re.compile(r"[\s().\-]")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


class WhatsAppSettings(ConnectorSettings):
    phone_number_id: str = Field(pattern=r"^\d+$")
    """The id of the number that sends, not the number: WhatsApp Manager, API setup."""
    access_token: SecretStr
    """Of a system user, with `whatsapp_business_messaging`."""
    version: str = Field("v23.0", pattern=r"^v\d+\.\d+$")
    base_url: BaseUrl = "https://graph.facebook.com"


class WhatsApp(Connector):
    channel = "whatsapp"
    modes = frozenset({"send"})
    Settings = WhatsAppSettings
    settings: WhatsAppSettings

    @property
    def limits(self) -> Limits:
        # "up to 80 messages per second (mps) by default" (.../whatsapp/throughput, updated 2026-05-21)
        return Limits(batch=1, concurrency=16, per_second=80)

    async def prove(self) -> str:
        fields = {"fields": "display_phone_number,verified_name"}
        found = (await self._call("GET", "", params=fields, safe_to_repeat=True)).object("id")
        return f"may send as {mask(str(found.get('verified_name') or 'a number without a name'))}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        number = _SEPARATORS.sub("", message.to)
        if not _E164.fullmatch(number):
            return Outcome.rejected("bad_number", "not a telephone number in E.164")
        what = _template(message.content) if message.content.get("template") else _text(message.content)
        if isinstance(what, Outcome):
            return what
        to = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": number}
        reply = await self._call("POST", "/messages", json={**to, **what}, safe_to_repeat=False, hide=number)
        found = reply.json()
        sent = found.get("messages") if isinstance(found, dict) else None
        identity = sent[0].get("id") if isinstance(sent, list) and sent and isinstance(sent[0], dict) else None
        if not isinstance(identity, str) or not identity:
            raise _judge(reply) or doubtful(False, "garbled", f"HTTP {reply.status} without the id of a message")
        return Outcome.accepted(identity)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        safe_to_repeat: bool,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        hide: str = "",
    ) -> Reply:
        return await call_with(
            self.settings.access_token,
            self.session,
            method,
            f"{self.settings.base_url}/{self.settings.version}/{self.settings.phone_number_id}{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"User-Agent": f"tidegate/{__version__}"},
            params=params,
            json=json,
            judge=_judge,
            hide=(hide, hide.removeprefix("+")),
        )


def _text(content: Mapping[str, Any]) -> dict[str, Any] | Outcome:
    text, image = str(content["text"]), content.get("image")
    longest = LONGEST_CAPTION if image else LONGEST_TEXT
    if len(text) > longest:
        return Outcome.rejected("too_long", f"{len(text)} characters; WhatsApp takes {longest}")
    if image:
        return {"type": "image", "image": {"link": str(image), **({"caption": text} if text else {})}}
    if not text.strip():
        return Outcome.rejected("empty", "the message has no text")
    return {"type": "text", "text": {"body": text, "preview_url": True}}


def _template(content: Mapping[str, Any]) -> dict[str, Any] | Outcome:
    given = content.get("parameters") or ()
    if isinstance(given, Mapping) and all(str(name).isdigit() for name in given):
        given = [given[name] for name in sorted(given, key=lambda name: int(name))]
    named = list(given.items()) if isinstance(given, Mapping) else [("", text) for text in given]
    # Meta refuses an empty parameter, and the whole message with it (131008).
    for place, (name, text) in enumerate(named, 1):
        if not str(text).strip():
            return Outcome.rejected("template_parameters", f"parameter {name or place} is empty for this person")
    components: list[dict[str, Any]] = []
    if content.get("image"):
        picture = {"type": "image", "image": {"link": str(content["image"])}}
        components.append({"type": "header", "parameters": [picture]})
    if named:
        filled = [
            {"type": "text", **({"parameter_name": str(name)} if name else {}), "text": str(text)}
            for name, text in named
        ]
        components.append({"type": "body", "parameters": filled})
    if content.get("url"):
        suffix = [{"type": "text", "text": str(content["url"])}]
        components.append({"type": "button", "sub_type": "url", "index": "0", "parameters": suffix})
    # Meta writes languages with an underscore: `pt_BR`. It takes no other than exactly that ("deterministic").
    language = {"policy": "deterministic", "code": str(content.get("language") or "en").replace("-", "_")}
    template = {"name": str(content["template"]), "language": language}
    return {"type": "template", "template": template | ({"components": components} if components else {})}


def _judge(reply: Reply) -> DestinationError | None:
    error = reply.peek("error")
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(error, dict) or not isinstance(code, int):
        return None
    data = error.get("error_data")
    details = str(data.get("details") or "") if isinstance(data, dict) else ""
    said = mask(f"{code} {error.get('message') or ''} {details}", reply.hide)
    if code == 100 and error.get("error_subcode") == 33:
        # How the Graph API says of any object that it does not exist, or not for this token.
        return Closed("bad_phone_number_id", said)
    if code in CLOSED or 200 <= code <= 299:
        return Closed(CLOSED.get(code, "unauthorized"), said)
    if code in THROTTLED:
        return Retryable("throttled", said, ONE_TO_A_PERSON if code == 131056 and reply.after is None else reply.after)
    if code in LATER:
        return Retryable(LATER[code], said, reply.after)
    if code in REJECTED:
        return Refused(REJECTED[code], said)
    if code in (1, 131000) or reply.status >= 500:
        # "Something went wrong", and nobody says whether before or after the message was on its way.
        return InDoubt(f"error_{code}", said)
    return Refused("refused", said) if code == 100 and reply.status < 500 else None
