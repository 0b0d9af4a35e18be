"""Users, static lists and triggered campaigns at Iterable.

Rows are upserts by e-mail address or user id, so they may be repeated; Iterable honours no idempotency key
for messages, so those may not. A bulk call answers 200 and names whom it did not take.
As documented on api.iterable.com/api/docs and in Iterable's own client (npm @iterable/api 0.13.0), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.moments import moment
from tidegate.connecting.rows import each, nothing_to_match_by
from tidegate.connector import (
    Connector,
    ConnectorSettings,
    Identifier,
    Limits,
    Message,
    Outcome,
    Row,
    Target,
    one_by_one,
)
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.mask import mask

# "Maximum of 1000 users per request" and 4 MB (POST /api/users/bulkUpdate, POST /api/lists/subscribe)
LARGEST_CALL = 1_000

IDENTIFIERS = {"external_id": Identifier("plain"), "email": Identifier("email")}
KEYS = {"external_id": "userId", "email": "email"}
OBJECTS = {"user", "users"}

# Each pair of lists in `failedUpdates` (...Emails, ...UserIds), and what it says of those in it.
FAILED = {
    "invalid": "invalid_identifier",
    "notFound": "not_found",
    "forgotten": "forgotten",
    "conflict": "conflict",
    "invalidData": "invalid_data",
    "failed": "failed",
}
# Codes of a call (npm @iterable/api 0.13.0, types/common: "from official API docs"); others refuse it.
UNAUTHORIZED = {
    "BadApiKey",
    "BadAuthorizationHeader",
    "InvalidJwtPayload",
    "JwtUserIdentifiersMismatched",
    "Forbidden",
    "Unauthorized",
}
UNKNOWN = {"NotFound", "UserNotFound", "UnknownUserIdError", "UnknownEmailError", "ForgottenUserError"}
TRANSIENT = {"DatabaseError", "QueueEmailError"}

# A campaign goes out by one medium, and each has an operation of its own.
TARGETS = {
    "email": "email/target",
    "sms": "sms/target",
    "push": "push/target",
    "web_push": "webPush/target",
    "whatsapp": "whatsApp/target",
    "in_app": "inApp/target",
}


class IterableSettings(ConnectorSettings):
    api_key: SecretStr
    """A server-side key of the project."""
    medium: Literal["email", "sms", "push", "web_push", "whatsapp", "in_app"] = "email"
    """What the campaigns that messages name are sent by."""
    base_url: BaseUrl = "https://api.iterable.com"
    """`https://api.eu.iterable.com` for projects in the European data centre."""


class Iterable(Connector):
    channel = "crm"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    Settings = IterableSettings
    settings: IterableSettings

    @property
    def limits(self) -> Limits:
        # "5 requests/second, per project" for bulkUpdate and lists; 500 for the targets, which are one message a call.
        # One number would hold messages back: what is too much for the rows, Iterable says itself (429).
        return Limits(batch=LARGEST_CALL, concurrency=4, messages=1)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._lists = NamedLists(self._all_lists, self._create_list)

    async def prove(self) -> str:
        return f"the project has {len(await self._all_lists())} static lists"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            return await self._on_list(target, rows, "subscribe")
        _only_users(target)
        users = [{**_who(row), "dataFields": _fields(row.traits)} for row in rows if _who(row)]
        return await self._bulk("users/bulkUpdate", {"users": users}, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            return await self._on_list(target, rows, "unsubscribe")
        _only_users(target)
        return await each(rows, self._delete)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        campaign = str(message.content["campaign"])
        if not campaign.isdecimal():
            return Outcome.rejected("bad_campaign", "Iterable knows campaigns by their number")
        body = {
            "campaignId": int(campaign),
            "recipientUserId": message.person,
            "dataFields": dict(message.content.get("properties") or {}),
        }
        reply = await self._call("POST", TARGETS[self.settings.medium], json=body, safe_to_repeat=False)
        found = reply.object("code")
        if found["code"] != "Success":
            return Outcome.rejected(*_words(found, reply))
        return Outcome.accepted()

    async def _on_list(
        self, target: Target, rows: Sequence[Row], what: Literal["subscribe", "unsubscribe"]
    ) -> list[Outcome]:
        subscribers = [_who(row) for row in rows if _who(row)]
        list_id = await self._lists.id(target.name, create=what == "subscribe" and bool(subscribers))
        if list_id is None:
            # Nobody can be on a list that does not exist.
            return [Outcome.accepted() if what == "unsubscribe" else nothing_to_match_by() for _ in rows]
        try:
            outcomes = await self._bulk(f"lists/{what}", {"listId": int(list_id), "subscribers": subscribers}, rows)
        except _ListGone:
            raise self._lists.gone(target.name) from None
        if what == "subscribe":
            return outcomes
        # Somebody whom Iterable does not know, or was told to forget, is on no list.
        gone = ("not_found", "forgotten")
        return [Outcome.accepted() if outcome.reason in gone else outcome for outcome in outcomes]

    async def _bulk(self, path: str, body: dict[str, Any], rows: Sequence[Row]) -> list[Outcome]:
        if not any(_who(row) for row in rows):
            return [nothing_to_match_by() for _ in rows]
        reply = await self._call("POST", path, json=body)
        found = reply.object("successCount", "failCount")
        failed = _failed(found)
        filtered = {str(name) for name in found.get("filteredOutFields") or ()}
        outcomes = [_outcome(row, failed, filtered) for row in rows]
        keyless = sum(outcome.reason == "no_identifier" for outcome in outcomes)
        named = sum(outcome.reason in FAILED.values() for outcome in outcomes)
        if int(found["failCount"]) > named:
            lost = f"{found['failCount']} of {len(rows) - keyless} users failed, {named} of them named"
            raise Refused("partly_failed", mask(lost))
        return outcomes

    async def _delete(self, row: Row) -> Outcome:
        who = _who(row)
        if not who:
            return nothing_to_match_by()
        user_id = who.get("userId")
        path = f"users/byUserId/{quote(user_id, safe='')}" if user_id else f"users/{quote(who['email'], safe='')}"
        try:
            found = (await self._call("DELETE", path)).object("code")
        except _Unknown:
            return Outcome.accepted()
        return (
            Outcome.accepted() if found["code"] == "Success" else Outcome.rejected("refused", mask(str(found["msg"])))
        )

    async def _create_list(self, name: str) -> str:
        return str((await self._call("POST", "lists", json={"name": name})).object("listId")["listId"])

    async def _all_lists(self) -> dict[str, str]:
        lists = (await self._call("GET", "lists")).object("lists")["lists"]
        # Dynamic lists are Iterable's own to fill.
        found = lists if isinstance(lists, list) else []
        ours = [one for one in found if one.get("listType", "Standard") == "Standard" and "name" in one]
        return oldest((one["name"], str(one["id"])) for one in ours)

    async def _call(self, method: str, path: str, *, json: Any = None, safe_to_repeat: bool = True) -> Reply:
        key = self.settings.api_key.get_secret_value()
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/api/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"Api-Key": key},
            json=json,
            judge=_judge,
            hide=(key,),
        )


class _ListGone(Refused):
    pass


class _Unknown(Refused):
    pass


def _who(row: Row) -> dict[str, str]:
    return {KEYS[name]: row.identifiers[name] for name in KEYS if row.identifiers.get(name)}


def _fields(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Times as Iterable has them, `2016-08-02 18:53:45 +00:00` (support.iterable.com, articles 217744303 and 208183076,
    read 2026-11). A field's type is that of its first value, so a time in another form would be a text for ever."""
    times = {name: at.strftime("%Y-%m-%d %H:%M:%S +00:00") for name, value in traits.items() if (at := moment(value))}
    return {**traits, **times}


def _only_users(target: Target) -> None:
    if target.name.lower() not in OBJECTS:
        raise Unsupported("no_such_object", f"Iterable holds users, not `{target.name}`; write `object: user`")


def _failed(found: Mapping[str, Any]) -> dict[str, str]:
    """Reason by address or user id, of those whom a bulk call did not take."""
    named: dict[str, str] = {}
    for part in (found.get("failedUpdates"), {name: found.get(name) for name in ("invalidEmails", "invalidUserIds")}):
        for kind, reason in FAILED.items():
            for suffix in ("Emails", "UserIds"):
                values = part.get(kind + suffix) if isinstance(part, dict) else None
                named |= {str(value).lower(): reason for value in values or ()}
    return named


def _outcome(row: Row, failed: Mapping[str, str], filtered: set[str]) -> Outcome:
    who = _who(row)
    if not who:
        return nothing_to_match_by()
    reason = next((failed[value.lower()] for value in who.values() if value.lower() in failed), None)
    if reason is not None:
        return Outcome.rejected(reason, "Iterable lists this user among the failed updates")
    lost = sorted(filtered & row.traits.keys())
    if lost:
        # The other fields are written; these would be missing there for ever, and nobody would know.
        return Outcome.rejected("field_refused", f"the project takes no new field {', '.join(lost)}")
    return Outcome.accepted()


def _words(found: Mapping[str, Any], reply: Reply) -> tuple[str, str]:
    code = str(found.get("code") or "refused")
    reason = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in code).lstrip("_")
    return reason[:60], mask(f"{code} {found.get('msg') or ''}", reply.hide)


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    if not isinstance(found, dict) or not isinstance(found.get("code"), str):
        return None
    reason, said = _words(found, reply)
    code, words = found["code"], str(found.get("msg") or "").lower()
    if reply.status == 429 or code == "RateLimitExceeded":
        return Retryable("throttled", said, reply.after)
    if reply.status in (401, 403) or code in UNAUTHORIZED:
        return Closed("unauthorized", said)
    if reply.status >= 500:
        return None
    if code in TRANSIENT:
        return doubtful(reply.safe, "server_error", said)
    if code == "Success":  # "sometimes returns "Success" code even for error responses" (types/common)
        return None
    if "list" in words and ("not found" in words or "does not exist" in words or "invalid list" in words):
        return _ListGone("list_gone", said)
    if reply.status == 404 or code in UNKNOWN:
        return _Unknown("forgotten" if code == "ForgottenUserError" else "not_found", said)
    return Refused(reason, said)
