"""Contacts and lists in ActiveCampaign (API v3): one by one for a few, as bulk imports for many.

Writing a contact by its address may be repeated. An import is judged later. As documented on
developers.activecampaign.com/reference (sync-a-contacts-data, update-list-status-for-contact, bulk-import-contacts,
rate-limits), read 2026-11.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.lists import FoundLists
from tidegate.connecting.moments import iso
from tidegate.connecting.rows import by_key, chunks, each, in_order, nothing_to_match_by, waves
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "Contacts can be imported in batches of up to 250 items" and "400000 bytes" (bulk-import-contacts)
LARGEST_IMPORT = 250
LARGEST_PAYLOAD = 399_999
OBJECTS = {"contact"}
IDENTIFIERS = {"email": Identifier("email")}
#: fields of a contact itself, as a call and as an import have them
OWN = {"firstname": ("firstName", "first_name"), "lastname": ("lastName", "last_name"), "phone": ("phone", "phone")}
SUBSCRIBED, UNSUBSCRIBED = 1, 2
#: "Set to 4 when re-subscribing a contact to a list" (update-list-status-for-contact)
RESUBSCRIBING = 4


class ActiveCampaignSettings(ConnectorSettings):
    base_url: BaseUrl
    """The account's own address, under Settings, Developer: `https://shop.api-us1.com`."""
    api_key: SecretStr
    bulk_from: int = Field(11, ge=1, le=LARGEST_IMPORT)
    """So many rows at once go as an import: "10 or fewer contacts" are to be written one by one."""
    resubscribe: bool = False
    """Whether whoever has unsubscribed from a list is subscribed again when the segment has them."""
    run_automations: bool = True
    """Whether an import starts automations, as a contact written by itself does."""
    sender_url: str | None = Field(None, pattern=r"^https?://")
    sender_reminder: str = "You are our customer."
    """Both are what ActiveCampaign wants to know of a list; without the first none is created."""


class ActiveCampaign(Connector):
    channel = "crm"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = ActiveCampaignSettings
    settings: ActiveCampaignSettings

    @property
    def limits(self) -> Limits:
        # "5 requests per second per account" (rate-limits). Of imports "100 requests per minute" with several contacts
        # and 20 with one (bulk-import-contacts); of what is more, ActiveCampaign says when to come again (429).
        return Limits(batch=LARGEST_IMPORT, concurrency=2, per_second=5)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._lists = FoundLists(self._find_list, self._create_list)
        self._fields: dict[str, dict[str, str]] | None = None
        self._looking = asyncio.Lock()

    async def prove(self) -> str:
        await self._understood("GET", "contacts", "contacts", params={"id_less": "1"})
        return "ActiveCampaign's contacts can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object" and target.name not in OBJECTS:
            return [_unknown_object(target.name)] * len(rows)
        list_id = None
        if target.mode == "list":
            list_id = await self._lists.id(target.name, create=self.settings.sender_url is not None)
            if list_id is None:
                words = f"there is no list `{target.name}`; create it, or set `sender_url`"
                return [Outcome.rejected("no_list", words[:200])] * len(rows)
        outcomes: dict[int, Outcome] = {}
        for key, places in by_key(rows, self.identifiers).items():
            if key is None:
                outcomes |= dict.fromkeys(places, nothing_to_match_by())
                continue
            first, *others = waves({place: rows[place] for place in places}, key)
            many = self._for_import(target, first) if target.write == "upsert" else {}
            if many:
                outcomes |= await self._import(many, list_id)
            for wave in (first, *others):
                left = [place for place in wave if place not in outcomes]
                found = await each([wave[place] for place in left], lambda row: self._write(target, row, list_id))
                outcomes |= dict(zip(left, found, strict=True))
        return in_order(outcomes, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object" and target.name not in OBJECTS:
            return [_unknown_object(target.name)] * len(rows)
        list_id = await self._lists.id(target.name, create=False) if target.mode == "list" else None
        if target.mode == "list" and list_id is None:
            return [Outcome.accepted()] * len(rows)  # nobody is on a list that does not exist
        return await each(rows, lambda row: self._remove(row, list_id))

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        try:
            found = await self._understood("GET", "import/info", "status", params={"batchId": job})
        except Refused:
            return [Outcome.retry("job_gone") for _ in rows]
        status = str(found["status"]).lower()
        if status in ("failed", "interrupted"):
            return [Outcome.retry("job_failed", 60.0) for _ in rows]
        if status != "completed":
            return [Outcome.pending(job, 10.0) for _ in rows]
        failed = {str(one).casefold() for one in found.get("failure") or ()}
        words = "the import left this contact out: an address that is invalid, or on the list of exclusions"
        bad = [row.identifiers["email"].casefold() in failed for row in rows]
        return [Outcome.rejected("not_imported", words) if one else Outcome.accepted() for one in bad]

    def _for_import(self, target: Target, rows: Mapping[int, Row]) -> dict[int, Row]:
        """An import is not known to empty a field, nor to subscribe anybody again."""
        if target.mode == "list" and self.settings.resubscribe:
            return {}
        some = {place: row for place, row in rows.items() if all(value is not None for value in row.traits.values())}
        return some if len(some) >= self.settings.bulk_from else {}

    async def _import(self, rows: Mapping[int, Row], list_id: str | None) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        contacts: dict[int, dict[str, Any]] = {}
        for place, row in rows.items():
            try:
                contacts[place] = await self._contact(row, imported=True)
            except Refused as fault:
                outcomes[place] = Outcome.of(fault)
                continue
            if list_id is not None:
                contacts[place]["subscribe"] = [{"listid": int(list_id)}]
        waiting = [list(some) for some in chunks(list(contacts), LARGEST_IMPORT)]
        while waiting:
            some = waiting.pop()
            body: dict[str, Any] = {"contacts": [contacts[place] for place in some]}
            if not self.settings.run_automations:
                body["exclude_automations"] = True
            if len(some) > 1 and len(json.dumps(body).encode()) > LARGEST_PAYLOAD:
                waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
                continue
            # ActiveCampaign takes all of them or none: a refused import is halved until the bad one is alone.
            found = await self._understood("POST", "import/bulk_import", "batchId", payload=body)
            outcomes |= dict.fromkeys(some, Outcome.pending(str(found["batchId"]), 5.0))
        return outcomes

    async def _write(self, target: Target, row: Row, list_id: str | None) -> Outcome:
        contact = await self._contact(row, imported=False)
        known = None
        if target.write != "upsert":
            known = await self._find(row.identifiers["email"])
            if known is None and target.write == "update":
                return Outcome.rejected("not_found", "ActiveCampaign has no such contact")
        if known is None or (target.mode == "object" and target.write != "create"):
            only_new = target.mode == "object" and target.write == "create"
            path = "contacts" if only_new else "contact/sync"
            try:
                found = await self._understood("POST", path, "contact", payload={"contact": contact})
            except Refused as fault:
                if only_new and fault.reason == "duplicate":
                    return Outcome.accepted()
                raise
            known = str((found["contact"] or {}).get("id"))
            if not known.isdecimal():
                raise Retryable("garbled", "a contact without an id")
        return Outcome.accepted(known) if list_id is None else await self._subscribe(target.name, list_id, known)

    async def _subscribe(self, name: str, list_id: str, contact: str) -> Outcome:
        said = await self._set_status(name, list_id, contact, SUBSCRIBED)
        if str(said.get("status")) == str(UNSUBSCRIBED):
            return Outcome.rejected("unsubscribed", "this contact has unsubscribed from the list; see `resubscribe`")
        return Outcome.accepted(contact)

    async def _remove(self, row: Row, list_id: str | None) -> Outcome:
        address = row.identifiers.get("email")
        contact = await self._find(address) if address else None
        if contact is not None and list_id is not None:
            await self._set_status("", list_id, contact, UNSUBSCRIBED)
        elif contact is not None:
            try:
                reply = await self._call("DELETE", f"contacts/{contact}")
            except _NotFound:
                return Outcome.accepted()
            # Were an empty answer all that there is, the next attempt would find nobody and be content.
            reply.json()
        return Outcome.accepted()

    async def _set_status(self, name: str, list_id: str, contact: str, status: int) -> dict[str, Any]:
        asked = {"list": int(list_id), "contact": int(contact), "status": status}
        if status == SUBSCRIBED and self.settings.resubscribe:
            asked["sourceid"] = RESUBSCRIBING
        try:
            found = await self._understood("POST", "contactLists", "contactList", payload={"contactList": asked})
        except _NotFound:
            self._lists.forget(name)
            raise Retryable("list_gone", "the list or the contact was deleted meanwhile") from None
        said: dict[str, Any] = found["contactList"] or {}
        return said

    async def _find(self, address: str) -> str | None:
        found = await self._understood("GET", "contacts", "contacts", params={"email": address})
        for one in found["contacts"]:
            if str(one.get("email") or "").casefold() == address.casefold() and str(one.get("id")).isdecimal():
                return str(one["id"])
        return None

    async def _find_list(self, name: str) -> str | None:
        found = (await self._understood("GET", "lists", "lists", params={"filters[name]": name}))["lists"]
        ids = [int(one["id"]) for one in found if one.get("name") == name and str(one.get("id")).isdecimal()]
        return str(min(ids)) if ids else None

    async def _create_list(self, name: str) -> str:
        asked = {
            "name": name,
            "stringid": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "list",
            "sender_url": self.settings.sender_url,
            "sender_reminder": self.settings.sender_reminder,
        }
        made = (await self._understood("POST", "lists", "list", payload={"list": asked}))["list"] or {}
        if not str(made.get("id")).isdecimal():
            raise Retryable("garbled", "a list without an id")
        return str(made["id"])

    async def _contact(self, row: Row, *, imported: bool) -> dict[str, Any]:
        contact: dict[str, Any] = {"email": row.identifiers["email"]}
        values: list[dict[str, Any]] = []
        for name, value in row.traits.items():
            if own := OWN.get(name.casefold().replace("_", "")):
                contact[own[imported]] = _text(value)
                continue
            field = (await self._field(name))["id"]
            values.append({"id": int(field)} if imported else {"field": field})
            values[-1]["value"] = _text(value)
        return contact | ({"fields" if imported else "fieldValues": values} if values else {})

    async def _field(self, name: str) -> dict[str, str]:
        """A custom field by its personalisation tag or its title, in any case of letters."""
        async with self._looking:
            if self._fields is None:
                self._fields, offset = {}, 0
                while True:
                    params = {"limit": "100", "offset": str(offset)}
                    page = (await self._understood("GET", "fields", "fields", params=params))["fields"]
                    for one in page:
                        for known in (one.get("perstag"), one.get("title")):
                            self._fields.setdefault(str(known).casefold(), {"id": str(one.get("id"))})
                    offset += len(page)
                    if len(page) < 100:
                        break
        found = self._fields.get(name.casefold())
        if found is None:
            raise Refused("unknown_field", f"ActiveCampaign has no custom field `{name}`"[:200])
        return found

    async def _understood(self, method: str, path: str, name: str, **more: Any) -> dict[str, Any]:
        return (await self._call(method, path, **more)).object(name)

    async def _call(
        self, method: str, path: str, *, payload: Any = None, params: Mapping[str, str] | None = None
    ) -> Reply:
        key = self.settings.api_key.get_secret_value()
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/api/3/{path}",
            safe_to_repeat=True,
            headers={"Api-Token": key},
            json=payload,
            params=params,
            judge=_judge,
            hide=(key,),
        )


class _NotFound(Refused):
    pass


def _unknown_object(name: str) -> Outcome:
    return Outcome.rejected("unknown_object", f"there is `contact`, and no `{name}`"[:200])


def _text(value: Any) -> str:
    """Every value is a text; several choices stand between double bars, and an empty text empties a field."""
    if value is None:
        return ""
    if isinstance(value, list):
        return f"||{'||'.join(map(_text, value))}||" if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return iso(value) or (json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value))


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    found = found if isinstance(found, dict) else {}
    errors = [one for one in found.get("errors") or () if isinstance(one, dict)]
    words = " ".join([str(found.get("message") or ""), *(str(one.get("title") or "") for one in errors)])
    said = mask(f"HTTP {reply.status} {words}", reply.hide)
    if reply.status == 404:
        return _NotFound("not_found", said)
    # Not documented; taken for what its name says.
    if reply.status == 402:
        return Closed("account_suspended", said)
    if reasons := found.get("failureReasons"):
        return Refused("invalid_contact", mask(f"{words} {json.dumps(reasons)}", reply.hide))
    if reply.status == 422:
        return Refused(str(errors[0].get("code") or "invalid") if errors else "invalid", said)
    return None
