"""E-mail through Brevo's transactional API, and Brevo's contacts and lists kept equal to a segment.

Brevo remembers an idempotency key for 30 minutes, too short for what a later run might repeat: a message in doubt
is asked after at once, by the same call with the same key, which Brevo answers with `duplicate_parameter` where it
had taken the first. As documented on developers.brevo.com (reference, docs), read 2026-11.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.letter import Letter, Mailbox, SenderRefused, Unsendable, letter
from tidegate.connecting.lists import NamedLists
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
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.mask import mask

#: "maximum 150 emails" in one call (reference/addcontacttolist, removecontactfromlist)
LARGEST_CALL = 150
#: "The TTL for idempotencyKey is 30 minutes" (docs/heterogenous-versions-batch-emails); less what a call may take
REMEMBERED = 25 * 60.0
_MOST_DOUBTED = 1000
_KEYS = uuid.UUID("6f1b6a0e-7c55-4c0c-9a3f-0f6d8a0c1f5b")

# Codes of errors (reference, "errorModel"). The account is at fault:
CLOSED = {
    "unauthorized": "unauthorized",
    "permission_denied": "unauthorized",
    "reseller_permission_denied": "unauthorized",
    "not_enough_credits": "not_enough_credits",
    "account_under_validation": "account_under_validation",
}


IDENTIFIERS = {"email": Identifier("email")}


class BrevoSettings(ConnectorSettings):
    api_key: SecretStr
    sender: str | None = Field(None, alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins. Lists need none."""
    reply_to: str | None = None
    folder_id: int = 1
    """Where lists are created."""
    base_url: BaseUrl = "https://api.brevo.com"


class Brevo(Connector):
    channel = "email"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    can_look_up = True
    Settings = BrevoSettings
    settings: BrevoSettings

    @property
    def limits(self) -> Limits:
        # Mail: 1,000 calls a second and more; contacts: 10 a second (docs/api-limits)
        return Limits(batch=LARGEST_CALL, concurrency=8, messages=1)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._doubted: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lists = NamedLists(self._all_lists, self._create_list)
        self._attributes: frozenset[str] | None = None
        self._looking = asyncio.Lock()

    async def prove(self) -> str:
        found = (await self._call("GET", "account")).json()
        plans = found.get("plan") if isinstance(found, dict) else None
        if not isinstance(plans, list):
            raise Retryable("garbled", "Brevo does not say what account this is")
        left = [f"{plan['credits']:.0f}" for plan in plans if isinstance(plan, dict) and plan.get("credits")]
        return f"Brevo knows the key{'; mails left: ' + left[0] if left else ''}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """Of what this process sent in the last minutes; see above."""
        found: dict[str, Outcome] = {}
        for key in keys:
            since, mail = self._doubted.get(key, (0.0, {}))
            if not mail or time.monotonic() - since > REMEMBERED:
                self._doubted.pop(key, None)
                continue
            try:
                found[key] = await self._post(key, mail)
            except Refused as fault:
                # Had it been taken, this would be a duplicate: it was not sent.
                found[key] = Outcome.of(fault)
            except DestinationError:
                continue
            del self._doubted[key]
        return found

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object":
            missing = await self._missing({name for row in rows for name in row.traits})
            return await _each(rows, lambda row: self._put(target, row, missing))
        list_id = await self._lists.id(target.name, create=True)
        assert list_id is not None
        there = await self._on_list("add", target.name, list_id, rows)

        async def put(row: Row) -> Outcome:
            if row.identifiers["email"].lower() in there:
                return Outcome.accepted()
            # Nobody that Brevo knows, or on the list already.
            body = {"email": row.identifiers["email"], "listIds": [int(list_id)], "updateEnabled": True}
            return _written(await self._call("POST", "contacts", json=body))

        return await _each(rows, put)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object":
            return await _each(rows, self._delete)
        list_id = await self._lists.id(target.name, create=False)
        if list_id is not None:
            # Whom Brevo does not name as removed was not on the list.
            await self._on_list("remove", target.name, list_id, rows)
        return [Outcome.accepted() for _ in rows]

    async def _send(self, message: Message) -> Outcome:
        if self.settings.sender is None and not message.content.get("from"):
            raise Closed("no_sender", "the destination has no `from`, and neither has the message")
        try:
            found = letter(message, sender=self.settings.sender or "", reply_to=self.settings.reply_to)
        except Unsendable as fault:
            return Outcome.rejected("unsendable", str(fault))
        mail = _mail(found)
        try:
            return await self._post(message.key, mail)
        except (InDoubt, asyncio.CancelledError):
            if len(self._doubted) < _MOST_DOUBTED:
                self._doubted[message.key] = (time.monotonic(), mail)
            raise
        except SenderRefused as fault:
            raise fault.whose(own=bool(message.content.get("from"))) from None

    async def _post(self, key: str, mail: Mapping[str, Any]) -> Outcome:
        try:
            reply = await self._call("POST", "smtp/email", json=mail, safe=False)
        except _Duplicate:
            return Outcome.accepted()
        return Outcome.accepted(reply.told("messageId"))

    async def _put(self, target: Target, row: Row, missing: frozenset[str]) -> Outcome:
        if unknown := sorted(name for name in row.traits if name.upper() in missing):
            return Outcome.rejected("no_such_attribute", f"Brevo has no contact attribute {', '.join(unknown)}")
        attributes = {name.upper(): "" if value is None else value for name, value in row.traits.items()}
        email = row.identifiers["email"]
        try:
            if target.write == "update":
                path = f"contacts/{quote(email, safe='')}"
                return _written(await self._call("PUT", path, json={"attributes": attributes}))
            body = {"email": email, "attributes": attributes, "updateEnabled": target.write == "upsert"}
            return _written(await self._call("POST", "contacts", json=body))
        except _Duplicate:
            if target.write != "create":
                raise
            return Outcome.accepted()
        except _NotFound:
            return Outcome.rejected("not_found", "Brevo has no such contact")

    async def _delete(self, row: Row) -> Outcome:
        try:
            return _written(await self._call("DELETE", f"contacts/{quote(row.identifiers['email'], safe='')}"))
        except _NotFound:
            return Outcome.accepted()

    async def _on_list(self, act: str, name: str, list_id: str, rows: Sequence[Row]) -> set[str]:
        """The addresses that Brevo says it has put on the list or taken off it."""
        emails = [row.identifiers["email"] for row in rows if row.identifiers.get("email")]
        if not emails:
            return set()
        try:
            reply = await self._call("POST", f"contacts/lists/{list_id}/contacts/{act}", json={"emails": emails})
        except _NotFound:
            raise self._lists.gone(name) from None
        except Refused as fault:
            # "Contact already in list and/or does not exist" is how a call is answered that changes nothing.
            if fault.reason != "invalid_parameter" or "does not exist" not in fault.detail:
                raise
            return set()
        contacts = reply.object("contacts")["contacts"]
        if not isinstance(contacts, dict):
            raise Retryable("garbled", f"HTTP {reply.status} without contacts")
        return {str(email).lower() for email in contacts.get("success") or []}

    async def _create_list(self, name: str) -> str:
        body = {"name": name, "folderId": self.settings.folder_id}
        found = (await self._call("POST", "contacts/lists", json=body)).object("id")
        if not isinstance(found["id"], int):
            raise Retryable("garbled", "Brevo does not say the id of the new list")
        return str(found["id"])

    async def _all_lists(self) -> dict[str, str]:
        found: list[dict[str, Any]] = []
        while True:
            # Newest first, so that of several with one name the oldest is taken.
            asked = {"limit": "50", "offset": str(len(found)), "sort": "desc"}
            page = (await self._call("GET", "contacts/lists", params=asked)).object()
            lists = [one for one in page.get("lists") or [] if isinstance(one, dict) and "name" in one and "id" in one]
            found += lists
            if not lists or len(found) >= int(page.get("count") or 0):
                return {one["name"]: str(one["id"]) for one in found}

    async def _missing(self, names: set[str]) -> frozenset[str]:
        """Which attributes there are not: Brevo drops the values of those without a word (createcontact)."""
        async with self._looking:
            if names and self._attributes is None:
                found = (await self._call("GET", "contacts/attributes")).object("attributes")["attributes"]
                if not isinstance(found, list):
                    raise Retryable("garbled", "Brevo does not say which attributes there are")
                self._attributes = frozenset(str(one.get("name")).upper() for one in found)
            return frozenset(name.upper() for name in names) - (self._attributes or frozenset())

    async def _call(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str] | None = None, safe: bool = True
    ) -> Reply:
        key = self.settings.api_key.get_secret_value()
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/v3/{path}",
            safe_to_repeat=safe,
            headers={"api-key": key, "Accept": "application/json"},
            json=json,
            params=params,
            judge=_judge,
            hide=(key,),
        )


class _Duplicate(Refused):
    pass


class _NotFound(Refused):
    pass


async def _each(rows: Sequence[Row], act: Callable[[Row], Awaitable[Outcome]]) -> list[Outcome]:
    """Row by row; after what is no row's fault, the rest is left for later."""
    outcomes: list[Outcome] = []
    for row in rows:
        try:
            known = bool(row.identifiers.get("email"))
            outcomes.append(await act(row) if known else Outcome.rejected("no_identifier", "no e-mail address"))
        except Refused as fault:
            outcomes.append(Outcome.of(fault))
        except DestinationError as fault:
            if not outcomes:
                raise
            return outcomes + [Outcome.of(fault)] * (len(rows) - len(outcomes))
    return outcomes


def _written(reply: Reply) -> Outcome:
    # Of a contact, Brevo says 201 (created) or 204 (changed, deleted), often without a body.
    if reply.status not in (201, 204):
        raise Retryable("garbled", f"HTTP {reply.status} {reply.detail}".strip())
    return Outcome.accepted()


def _mail(found: Letter) -> dict[str, Any]:
    headers = {
        **found.headers,
        # What comes back in webhooks.
        "X-Mailin-custom": found.key,
        "idempotencyKey": str(uuid.uuid5(_KEYS, found.key)),
    }
    mail: dict[str, Any] = {
        "sender": _person(found.sender),
        "to": [{"email": found.to}],
        "subject": found.subject,
        "headers": headers,
    }
    if found.html:
        mail["htmlContent"] = found.html
    if found.text:
        mail["textContent"] = found.text
    if found.reply_to:
        mail["replyTo"] = _person(found.reply_to)
    return mail


def _person(one: Mailbox) -> dict[str, str]:
    return {"email": one.address, **({"name": one.name} if one.name else {})}


def _judge(reply: Reply) -> DestinationError | None:
    code, words = reply.peek("code"), str(reply.peek("message") or "")
    said = mask(f"{code or f'HTTP {reply.status}'} {words}", reply.hide)
    if reply.status == 429:
        return Retryable("throttled", said, reply.after or _seconds(reply.headers.get("x-sib-ratelimit-reset")))
    if not isinstance(code, str) or reply.status >= 500:
        return None
    if code in CLOSED or reply.status == 402:
        return Closed(CLOSED.get(code, code), said)
    if code in ("duplicate_parameter", "duplicate_request"):
        return _Duplicate("duplicate", said)
    if code == "document_not_found" or reply.status == 404:
        return _NotFound("not_found", said)
    if "sender" in words.lower():
        return SenderRefused("bad_sender", said)
    return Refused(code, said) if reply.status < 500 and reply.status not in (401, 403, 408, 425) else None


def _seconds(text: str | None) -> float | None:
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
