"""Twilio's Programmable Messaging API, 2010-04-01, as far as sending texts and WhatsApp messages and asking after
them goes.

Shapes: github.com/twilio/twilio-oai (2026-04-14). Error codes: twilio.com/docs/api/errors (2026-11).
A message is `queued` when it is taken and `delivered` whenever it is asked after.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import phonenumbers

from tidegate.connector import Target
from tidegate.sandbox.emulation import SECRET, Answer, Call, Declined, Emulation, Route, Shelf
from tidegate.sandbox.segments import segments
from tidegate.sandbox.times import now, stamp

_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_CONTENT = re.compile(r"HX[0-9a-fA-F]{32}")
_LONGEST = 1600
_WHATSAPP = "whatsapp:"


class Twilio(Emulation):
    connector = "twilio"

    def routes(self) -> Sequence[Route]:
        account = "/2010-04-01/Accounts/{account}"
        return [
            Route("POST", f"{account}/Messages.json", "create message", self.create),
            Route("GET", f"{account}/Messages.json", "list messages", self.list),
            Route("GET", rf"{account}/Messages/{{sid:\w+}}.json", "fetch message", self.fetch),
            Route("GET", r"/2010-04-01/Accounts/{account:\w+}.json", "fetch account", self.account),
        ]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def throttled(self, after: float) -> Answer:
        return Answer(429, _error(429, 20429, "Too Many Requests"), super().throttled(after).headers)

    def failed(self, status: int) -> Answer:
        return Answer(status, _error(status, 20000 + status, HTTPStatus(status).phrase))

    def unauthorized(self) -> Answer:
        return Answer(401, _error(401, 20003, "Authenticate"), {"WWW-Authenticate": 'Basic realm="Twilio API"'})

    def create(self, call: Call) -> Answer:
        account = self._signed_in(call)
        given = _message(call.form())
        taken = call.take([[given.to.removeprefix(_WHATSAPP)]])
        if taken.refused:
            return Answer(400, _error(400, taken.codes.get(0, 21610), taken.refused[0]))
        sid, at = "SM" + secrets.token_hex(16), now()
        if taken.good:
            kept = {"account": account, "sender": given.sender, "to": given.to, "body": given.body, "at": at}
            call.shelf.put("_sent", sid, {"message": kept})
            channel = "whatsapp" if given.to.startswith(_WHATSAPP) else "sms"
            to, sender = given.to.removeprefix(_WHATSAPP), given.sender.removeprefix(_WHATSAPP)
            call.shelf.keep(channel, to, sender=sender, text=given.body, id=sid, details=given.details)
        status = "accepted" if given.sender.startswith("MG") else "queued"
        shown = _resource(account, sid, given.sender, given.to, given.body, status, at)
        return Answer(201, shown, took=len(taken.good))

    def fetch(self, call: Call) -> Answer:
        account, sid = self._signed_in(call), call.parts["sid"]
        found = call.shelf.get("_sent", sid)
        if found is None or found["message"]["account"] != account:
            return Answer(404, _error(404, 20404, f"The requested resource {call.asked.path} was not found"))
        return Answer(200, _shown(sid, found["message"]))

    def list(self, call: Call) -> Answer:
        account = self._signed_in(call)
        size, page = _number(call, "PageSize", 50, 1, 1000), _number(call, "Page", 0, 0, 10**9)
        begin, end = _days(call.query)
        wanted = {"to": call.query.get("To"), "sender": call.query.get("From"), "account": account}
        found = [
            (sid, kept["message"])
            for sid, kept in reversed(call.shelf.all("_sent").items())
            if all(value is None or kept["message"][name] == value for name, value in wanted.items())
            and (begin is None or kept["message"]["at"] >= begin)
            and (end is None or kept["message"]["at"] < end)
        ]
        some = found[size * page : size * page + size + 1]
        return Answer(200, _listed(call, [_shown(*one) for one in some], size, page))

    def account(self, call: Call) -> Answer:
        account = self._signed_in(call)
        uri = f"/2010-04-01/Accounts/{account}"
        began = format_datetime(datetime(2011, 1, 1, tzinfo=UTC))
        shown = {
            "sid": account,
            "owner_account_sid": account,
            "friendly_name": "Tidegate's sandbox",
            "status": "active",
            "type": "Full",
            "auth_token": SECRET,
            "date_created": began,
            "date_updated": began,
            "uri": f"{uri}.json",
            "subresource_uris": {"messages": f"{uri}/Messages.json"},
        }
        return Answer(200, shown)

    def _signed_in(self, call: Call) -> str:
        account = call.parts["account"]
        try:
            scheme, _, value = call.headers.get("authorization", "").partition(" ")
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            scheme, user, password = "", "", ""
        if scheme.lower() != "basic" or user != account or password != SECRET or not _SID.fullmatch(account):
            raise Declined(self.unauthorized())
        return account


@dataclass(frozen=True, slots=True)
class _Given:
    """`sender` is a number or a messaging service. `details` are shown beside the text."""

    to: str
    sender: str
    body: str
    details: Mapping[str, Any] = field(default_factory=dict)


def _message(form: Mapping[str, str]) -> _Given:
    """What is to be sent; checked in the order the service does."""
    to, body, content = form.get("To", "").strip(), form.get("Body", ""), form.get("ContentSid", "")
    sender, service = form.get("From", "").strip(), form.get("MessagingServiceSid", "").strip()
    if not to:
        raise _bad(21604, "A 'To' phone number is required.")
    if not sender and not service:
        raise _bad(21603, "A 'From' phone number is required.")
    if not body and not form.get("MediaUrl") and not content:
        raise _bad(21602, "Message body is required.")
    if not _possible(to.removeprefix(_WHATSAPP)):
        raise _bad(21211, f"Invalid 'To' Phone Number: {to[:-4]}XXXX")
    if sender and not _SENDER.fullmatch(sender.removeprefix(_WHATSAPP)):
        raise _bad(21212, f"Invalid From Number (caller ID): {sender}")
    if sender and sender.startswith(_WHATSAPP) != to.startswith(_WHATSAPP):
        raise _bad(21910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel")
    if service and not re.fullmatch(r"MG[0-9a-fA-F]{32}", service):
        raise _bad(21701, "The Messaging Service does not exist.")
    if to == sender:
        raise _bad(21266, "'To' and 'From' number cannot be the same")
    if content:
        return _template(to, sender or service, content, form.get("ContentVariables", ""))
    if len(body) > _LONGEST:
        raise _bad(21617, f"The concatenated message body exceeds the {_LONGEST} character limit")
    media = form.get("MediaUrl")
    return _Given(to, sender or service, body, {"image": media} if media else {})


def _template(to: str, sender: str, content: str, variables: str) -> _Given:
    if not _CONTENT.fullmatch(content):
        raise _bad(21655, "The ContentSid is Invalid")
    try:
        values = json.loads(variables) if variables else {}
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) and value for value in values.values()):
        raise _bad(21656, "The ContentVariables Parameter is invalid")
    lines = [content, *(f"{name}: {value}" for name, value in values.items())]
    return _Given(to, sender, "\n".join(lines), {"template": content, "parameters": values})


def _possible(number: str) -> bool:
    try:
        return number.startswith("+") and phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _bad(code: int, message: str) -> Declined:
    return Declined(Answer(400, _error(400, code, message)))


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


def _shown(sid: str, kept: Mapping[str, str]) -> dict[str, Any]:
    return _resource(kept["account"], sid, kept["sender"], kept["to"], kept["body"], "delivered", kept["at"])


def _resource(account: str, sid: str, sender: str, to: str, body: str, status: str, at: str) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    when = format_datetime(datetime.fromisoformat(at))
    by_service = sender.startswith("MG") and len(sender) == 34
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": body,
        "date_created": when,
        "date_sent": when if status == "delivered" else None,
        "date_updated": when,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": None if by_service else sender,
        "messaging_service_sid": sender if by_service else None,
        "num_media": "0",
        "num_segments": "0" if by_service and status == "accepted" else str(segments(body)),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": to,
        "uri": f"{uri}.json",
    }


def _number(call: Call, name: str, default: int, least: int, most: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit() or not least <= int(value) <= most:
        raise _bad(20001, f"Invalid value for {name}")
    return int(value)


def _days(query: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The bounds that DateSent, DateSent> and DateSent< set on when a text was received."""
    begin: str | None = None
    end: str | None = None
    for name, value in query.items():
        if name not in ("DateSent", "DateSent>", "DateSent<"):
            continue
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise _bad(20001, f"Invalid value for {name}") from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if name != "DateSent<":
            begin = stamp(at)
        if name != "DateSent>":
            end = stamp(at + timedelta(days=1 if len(value) == len("2011-12-09") else 0))
    return begin, end


def _listed(call: Call, shown: Sequence[dict[str, Any]], size: int, page: int) -> dict[str, Any]:
    """A page of messages; one more than fits tells that there is another page."""
    asked = {name: value for name, value in call.query.items() if name not in ("Page", "PageSize", "PageToken")}

    def uri(number: int) -> str:
        return f"{call.asked.path}?{urlencode({**asked, 'PageSize': size, 'Page': number})}"

    here = list(shown[:size])
    return {
        "messages": here,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": max(page * size, page * size + len(here) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if len(shown) > size else None,
    }
