"""Twilio's Programmable Messaging API, 2010-04-01, as far as sending texts and asking after them goes.

Shapes: github.com/twilio/twilio-oai (2026-04-14). Error codes: twilio.com/docs/api/errors (2026-11).
A text is `queued` when it is taken and `delivered` whenever it is asked after.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import phonenumbers
from aiohttp import web

from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.exchange import Declined, Platform, Reply, decline, exchange
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.inbox import Received, keep
from tidegate.sandbox.queries import query
from tidegate.sandbox.segments import segments
from tidegate.sandbox.store import now, stamp

_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_LONGEST = 1600


class Twilio(Platform):
    """Mounted at `/twilio`."""

    connector = "twilio"

    def routes(self) -> list[web.RouteDef]:
        account = f"/{self.connector}/2010-04-01/Accounts/{{account}}"
        return [
            web.post(f"{account}/Messages.json", self.create),
            web.get(f"{account}/Messages.json", self.list),
            web.get(f"{account}/Messages/{{sid}}.json", self.fetch),
            web.get(f"{account}.json", self.account),
        ]

    def throttled(self, fault: Fault) -> Reply:
        reply = _error(429, fault.code or 20429, fault.reason or "Too Many Requests")
        return Reply(429, reply.body, {"Retry-After": str(math.ceil(fault.after))})

    def failed(self, fault: Fault) -> Reply:
        status = fault.status or 500
        return _error(status, fault.code or 20000 + status, fault.reason or HTTPStatus(status).phrase)

    async def create(self, request: web.Request) -> web.StreamResponse:
        try:
            account = _signed_in(request)
            form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
            to, sender, service, body = _message(form)
        except Declined as declined:
            return await decline(request, self.connector, "create message", declined.reply)

        def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
            if refused:
                fault = refused[0]
                return _error(400, fault.code or 21610, fault.reason or "Attempt to send to unsubscribed recipient")
            sid = "SM" + secrets.token_hex(16)
            preview = " ".join(body.split())[:160]
            text = Received("sms", account, sid, sender or service, to, "", preview, body, body.encode())
            keep(connection, text)
            status = "queued" if sender else "accepted"
            shown = _resource(account, sid, sender or service, to, body, status, now())
            return Reply(201, shown, accepted=1)

        return await exchange(request, self, "create message", [(to,)], apply)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        try:
            account = _signed_in(request)
        except Declined as declined:
            return await decline(request, self.connector, "fetch message", declined.reply)
        sid = request.match_info["sid"]

        def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
            values = {"provider_id": sid, "account": account}
            row = connection.execute(query("messages", "by_provider_id"), values).fetchone()
            return Reply(200, _shown(row)) if row else _not_found(request)

        return await exchange(request, self, "fetch message", [], apply)

    async def list(self, request: web.Request) -> web.StreamResponse:
        try:
            account = _signed_in(request)
            size, page = _number(request, "PageSize", 50, 1, 1000), _number(request, "Page", 0, 0, 10**9)
            begin, end = _days(request)
        except Declined as declined:
            return await decline(request, self.connector, "list messages", declined.reply)
        values = {
            "channel": "sms",
            "account": account,
            "recipient": request.query.get("To"),
            "sender": request.query.get("From"),
            "from_time": begin,
            "to_time": end,
            "count": size + 1,
            "skip": size * page,
        }

        def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
            rows = connection.execute(query("messages", "of_account"), values).fetchall()
            return Reply(200, _listed(request, rows, size, page))

        return await exchange(request, self, "list messages", [], apply)

    async def account(self, request: web.Request) -> web.StreamResponse:
        try:
            account = _signed_in(request)
        except Declined as declined:
            return await decline(request, self.connector, "fetch account", declined.reply)
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
        return await exchange(request, self, "fetch account", [], lambda *_: Reply(200, shown))


def _error(status: int, code: int, message: str) -> Reply:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Reply(status, {"code": code, "message": message, "more_info": more, "status": status})


def _not_found(request: web.Request) -> Reply:
    resource = request.path.removeprefix(f"/{Twilio.connector}")
    return _error(404, 20404, f"The requested resource {resource} was not found")


def _signed_in(request: web.Request) -> str:
    account = request.match_info["account"]
    try:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        scheme, user, password = "", "", ""
    if scheme.lower() != "basic" or user != account or password != SECRET or not _SID.fullmatch(account):
        reply = _error(401, 20003, "Authenticate")
        raise Declined(Reply(401, reply.body, {"WWW-Authenticate": 'Basic realm="Twilio API"'}))
    return account


def _message(form: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Recipient, sender (or ""), messaging service (or "") and text; checked in the order the service does."""
    to, body = form.get("To", "").strip(), form.get("Body", "")
    sender, service = form.get("From", "").strip(), form.get("MessagingServiceSid", "").strip()
    if not to:
        raise Declined(_error(400, 21604, "A 'To' phone number is required."))
    if not sender and not service:
        raise Declined(_error(400, 21603, "A 'From' phone number is required."))
    if not body and not form.get("MediaUrl"):
        raise Declined(_error(400, 21602, "Message body is required."))
    if not _possible(to):
        raise Declined(_error(400, 21211, f"Invalid 'To' Phone Number: {to[:-4]}XXXX"))
    if sender and not _SENDER.fullmatch(sender):
        raise Declined(_error(400, 21212, f"Invalid From Number (caller ID): {sender}"))
    if service and not re.fullmatch(r"MG[0-9a-fA-F]{32}", service):
        raise Declined(_error(400, 21701, "The Messaging Service does not exist."))
    if to == sender:
        raise Declined(_error(400, 21266, "'To' and 'From' number cannot be the same"))
    if len(body) > _LONGEST:
        raise Declined(_error(400, 21617, f"The concatenated message body exceeds the {_LONGEST} character limit"))
    return to, sender, service, body


def _possible(number: str) -> bool:
    try:
        return number.startswith("+") and phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    body = bytes(row["raw"]).decode()
    at = row["received_at"]
    return _resource(row["account"], row["provider_id"], row["sender"], row["recipient"], body, "delivered", at)


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


def _number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    value = request.query.get(name, str(default))
    if not value.isdigit() or not least <= int(value) <= most:
        raise Declined(_error(400, 20001, f"Invalid value for {name}"))
    return int(value)


def _days(request: web.Request) -> tuple[str | None, str | None]:
    """The bounds that DateSent, DateSent> and DateSent< set on when a text was received."""
    begin: str | None = None
    end: str | None = None
    for name, value in request.query.items():
        if name not in ("DateSent", "DateSent>", "DateSent<"):
            continue
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise Declined(_error(400, 20001, f"Invalid value for {name}")) from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if name != "DateSent<":
            begin = stamp(at)
        if name != "DateSent>":
            end = stamp(at + timedelta(days=1 if len(value) == len("2011-12-09") else 0))
    return begin, end


def _listed(request: web.Request, rows: Sequence[sqlite3.Row], size: int, page: int) -> dict[str, Any]:
    path = request.path.removeprefix(f"/{Twilio.connector}")
    asked = {name: value for name, value in request.query.items() if name not in ("Page", "PageSize", "PageToken")}

    def uri(number: int) -> str:
        return f"{path}?{urlencode({**asked, 'PageSize': size, 'Page': number})}"

    shown = [_shown(row) for row in rows[:size]]
    return {
        "messages": shown,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": max(page * size, page * size + len(shown) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if len(rows) > size else None,
    }
