"""Contacts, tags and events at Intercom. A list is a tag, a message an event that starts a series.

Intercom takes one contact a call. Creating is tried first: a contact that is there already answers with its id,
at once, while a search may not find it for some minutes. Rows are by identifier and may be repeated. Events may not:
"The API may detect and ignore duplicate events" (data-events/event-de-duplication) is no promise.
As documented on developers.intercom.com/docs/references/rest-api (2.14) and in Intercom's own description of it
(github.com/intercom/Intercom-OpenAPI, descriptions/2.14), read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connecting.lists import NamedLists
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

IDENTIFIERS = {"external_id": Identifier("plain"), "email": Identifier("email")}
OBJECTS = {"contact", "contacts"}
# What is a field of the contact itself (UpdateContactRequest); every other trait is a custom attribute.
FIELDS = {
    "email",
    "phone",
    "name",
    "avatar",
    "signed_up_at",
    "last_seen_at",
    "owner_id",
    "unsubscribed_from_emails",
    "language_override",
}

# "A contact matching those details already exists with id=5da6f18e3d7cf967e4582d05" (create-contact, 409)
_CONFLICT = re.compile(r"\bid=(\w+)")

# Error codes (rest-api/errors/error-codes). The token or the workspace is at fault:
CLOSED = {
    "unauthorized",
    "token_unauthorized",
    "token_not_found",
    "token_revoked",
    "token_blocked",
    "token_expired",
    "token_suspended",
    "missing_authorization",
    "forbidden",
    "api_plan_restricted",
    "action_forbidden",
}
THROTTLED = {"rate_limit_exceeded"}
TRANSIENT = {"server_error", "service_unavailable", "client_error_timeout", "conflict_retry"}


class IntercomSettings(ConnectorSettings):
    access_token: SecretStr
    api_version: str = Field("2.14", pattern=r"^\d+\.\d+$")
    """Sent with every call as `Intercom-Version`."""
    base_url: BaseUrl = "https://api.intercom.io"
    """`https://api.eu.intercom.io` or `https://api.au.intercom.io` for workspaces hosted there."""


class Intercom(Connector):
    channel = "crm"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = IntercomSettings
    settings: IntercomSettings

    @property
    def limits(self) -> Limits:
        # "Private apps have a default rate limit of 10,000 API calls per minute per app", spread over windows of ten
        # seconds (rest-api/errors/rate-limiting).
        return Limits(batch=1, concurrency=16, per_second=160)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._tags = NamedLists(self._all_tags, self._create_tag, fold=_folded)

    async def prove(self) -> str:
        found = await self._call("GET", "me", answer=("type",))
        app = found.get("app") if isinstance(found.get("app"), dict) else {}
        return f"Intercom workspace {mask(str((app or {}).get('id_code') or '?'))} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            tag = await self._tags.id(target.name, create=any(_who(row) for row in rows))
            return await _each(rows, lambda row: self._tag(row, target.name, tag or ""))
        _only_contacts(target)
        write = {"upsert": self._upsert, "create": self._create, "update": self._update}[target.write]
        return await _each(rows, write)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            tag = await self._tags.id(target.name, create=False)
            if tag is None:
                # Nobody can have a tag that does not exist.
                return [Outcome.accepted()] * len(rows)
            return await _each(rows, lambda row: self._untag(row, tag))
        _only_contacts(target)
        return await _each(rows, self._delete)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        event = {
            "event_name": str(message.content["campaign"]),
            "created_at": int(message.at.timestamp()),
            "user_id": message.person,
            "metadata": dict(message.content.get("properties") or {}),
        }
        reply = await self._call("POST", "events", event, safe_to_repeat=False)
        # Without a body: a proxy's page must not pass for it.
        if reply.status != 202:
            raise doubtful(False, "garbled", f"HTTP {reply.status} in place of 202")
        return Outcome.accepted()

    async def _upsert(self, row: Row) -> Outcome:
        id, created = await self._made(row, row.traits)
        if not created:
            await self._call("PUT", f"contacts/{id}", _contact(row, row.traits), answer=("id",))
        return Outcome.accepted(id)

    async def _create(self, row: Row) -> Outcome:
        id, _ = await self._made(row, row.traits)
        return Outcome.accepted(id)

    async def _update(self, row: Row) -> Outcome:
        id = await self._found(row)
        if id is None:
            return Outcome.rejected("not_found", "Intercom has no such contact")
        await self._call("PUT", f"contacts/{id}", _contact(row, row.traits), answer=("id",))
        return Outcome.accepted(id)

    async def _delete(self, row: Row) -> Outcome:
        id = await self._found(row)
        if id is not None:
            with suppress(_NotFound):  # deleted meanwhile
                await self._call("DELETE", f"contacts/{id}", answer=("id",))
        return Outcome.accepted(id)

    async def _tag(self, row: Row, name: str, tag: str) -> Outcome:
        id, _ = await self._made(row, {})
        try:
            await self._call("POST", f"contacts/{id}/tags", {"id": tag}, answer=("id",))
        except _NotFound as fault:
            self._tags.forget()
            raise Retryable("list_gone", f"the tag `{name}` or the contact was deleted: {fault.detail}") from None
        return Outcome.accepted(id)

    async def _untag(self, row: Row, tag: str) -> Outcome:
        id = await self._found(row)
        if id is not None:
            with suppress(_NotFound):  # where the tag or the contact is gone, so is the one from the other
                await self._call("DELETE", f"contacts/{id}/tags/{tag}", answer=("id",))
        return Outcome.accepted(id)

    async def _made(self, row: Row, traits: Mapping[str, Any]) -> tuple[str, bool]:
        """The contact's id, and whether it was created just now."""
        try:
            reply = await self._call("POST", "contacts", {"role": "user", **_contact(row, traits)}, answer=("id",))
        except _Exists as fault:
            if fault.archived:
                await self._call("POST", f"contacts/{fault.id}/unarchive", answer=("id",))
            return fault.id, False
        return str(reply["id"]), True

    async def _found(self, row: Row) -> str | None:
        """The contact's id, by the first identifier."""
        name, value = next((name, value) for name, value in row.identifiers.items() if value and name in IDENTIFIERS)
        if name == "external_id":
            try:
                found = await self._call("GET", f"contacts/find_by_external_id/{quote(value, safe='')}", answer=("id",))
            except _NotFound:
                return None
            return str(found["id"])
        asked = {"query": {"field": "email", "operator": "=", "value": value}, "pagination": {"per_page": 2}}
        data = (await self._call("POST", "contacts/search", asked, answer=("data",)))["data"]
        if not isinstance(data, list) or not all(isinstance(one, dict) and one.get("id") for one in data):
            raise Retryable("garbled", "what was searched for is no list of contacts")
        if len(data) > 1:
            raise Refused("ambiguous", "several contacts have this e-mail address; match by `external_id`")
        return str(data[0]["id"]) if data else None

    async def _all_tags(self) -> dict[str, str]:
        data = (await self._call("GET", "tags", answer=("data",)))["data"]
        return {_folded(one["name"]): str(one["id"]) for one in data if one.get("name")}

    async def _create_tag(self, name: str) -> str:
        # Creating a tag that is there answers with it.
        return str((await self._call("POST", "tags", {"name": name}, answer=("id",)))["id"])

    async def _call(
        self, method: str, path: str, body: Any = None, *, answer: tuple[str, ...] = (), safe_to_repeat: bool = True
    ) -> Any:
        """The answer as a reply, or where keys are named the object that has them."""
        reply = await call_with(
            self.settings.access_token,
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"Accept": "application/json", "Intercom-Version": self.settings.api_version},
            json=body,
            judge=_judge,
        )
        return reply.object(*answer) if answer else reply


class _NotFound(Refused):
    pass


class _Exists(Refused):
    def __init__(self, id: str, *, archived: bool) -> None:
        super().__init__("exists")
        self.id = id
        self.archived = archived


async def _each(rows: Sequence[Row], write: Callable[[Row], Awaitable[Outcome]]) -> list[Outcome]:
    async def one(row: Row) -> Outcome:
        return await write(row) if _who(row) else nothing_to_match_by()

    return await each(rows, one)


def _who(row: Row) -> dict[str, str]:
    return {name: row.identifiers[name] for name in IDENTIFIERS if row.identifiers.get(name)}


def _only_contacts(target: Target) -> None:
    if target.name.lower() not in OBJECTS:
        raise Unsupported("no_such_object", f"only contacts are written, not `{target.name}`; write `object: contact`")


def _folded(name: str) -> str:
    # Tags are told apart without regard to case.
    return name.strip().casefold()


def _contact(row: Row, traits: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: _value(name, value) for name, value in traits.items()}
    own = {name: value for name, value in written.items() if name in FIELDS}
    custom = {name: value for name, value in written.items() if name not in FIELDS}
    return {**own, **_who(row), **({"custom_attributes": custom} if custom else {})}


def _value(name: str, value: Any) -> Any:
    """ "All temporal fields in the API are encoded as Unix timestamps" (learn-more/object-model); an attribute "that
    ends with `_at`" is a date (intercom.com/help, How dates work in Intercom; both read 2026-11)."""
    at = moment(f"{value} 00:00:00" if name.endswith("_at") and isinstance(value, str) and len(value) == 10 else value)
    return value if at is None else int(at.timestamp())


def _judge(reply: Reply) -> DestinationError | None:
    errors = reply.peek("errors")
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return Retryable("throttled", reply.detail, reply.until("x-ratelimit-reset")) if reply.status == 429 else None
    code, words = str(errors[0].get("code") or "refused"), str(errors[0].get("message") or "")
    said = mask(f"{code} {words}", reply.hide)
    if reply.status == 429 or code in THROTTLED:
        return Retryable("throttled", said, reply.until("x-ratelimit-reset"))
    if reply.status in (401, 403) or code in CLOSED:
        return Closed("unauthorized", said)
    if reply.status == 503 or code in TRANSIENT - {"server_error"}:
        return Retryable("unavailable", said, reply.after)
    if reply.status >= 500 or code in TRANSIENT:
        return doubtful(reply.safe, "server_error", said)
    known = _CONFLICT.search(words)
    if reply.status == 409 and known:
        return _Exists(known[1], archived="archived" in words.lower())
    if reply.status == 404:
        return _NotFound("not_found", said)
    return Refused(re.sub(r"\W+", "_", code)[:60], said)
