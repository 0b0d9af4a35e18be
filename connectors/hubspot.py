"""Contacts and other records in HubSpot's CRM, and its static lists (CRM API v3).

Writing by a unique property and list membership may be repeated. A batch comes back as 200, or as 207 with the
records that failed; some faults refuse the whole batch with 400, which the delivery halves.
As documented on developers.hubspot.com/docs (api-reference/legacy, api-reference/2026-09), read 2026-11. Version 3 is
supported until September 2027 (changelog, "Legacy APIs and Apps: What's Going Unsupported and When", 2026-09).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import TokenOrApp, call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.lists import FoundLists
from tidegate.connecting.moments import iso
from tidegate.connecting.rows import by_key, in_order, nothing_to_match_by, waves
from tidegate.connector import Connector, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.mask import mask

CONTACTS = "0-1"
IDENTIFIERS = {"email": Identifier("email"), "external_id": Identifier("plain")}
OBJECTS = {"contact": "contacts", "company": "companies"}

# `category` of an error (docs/api-reference/error-handling, read 2026-11).
UNAUTHORIZED = {
    "INVALID_AUTHENTICATION",
    "EXPIRED_AUTHENTICATION",
    "MISSING_SCOPES",
    "BANNED",
    "REVOKED_AUTHENTICATION",
}
TRANSIENT = {"INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "MIGRATION_IN_PROGRESS", "LOCKED"}
REASONS = {"OBJECT_NOT_FOUND": "not_found"}
EXISTS = "conflict"
# "policyName" of a 429 and the seconds after which it lets calls through again (guides/apps/api-usage/usage-details).
WINDOWS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3600.0}

# "Contact already exists. Existing ID: 512" (community.hubspot.com, APIs & Integrations; the reference has no words)
_EXISTING = re.compile(r"[Ee]xisting ID: (\d+)")
_NO_PROPERTY = re.compile(r'Property "?([^" ]+)"? does not exist')


class HubSpotSettings(TokenOrApp):
    access_token: SecretStr | None = None
    """Of a private app; or give `client_id`, `client_secret` and `refresh_token` of a public one."""
    unique_property: str = Field("external_id", pattern=r"^[a-z][a-z0-9_]*$")
    """The property that the identifier `external_id` is kept in; in HubSpot it must have unique values."""
    create_missing: bool = False
    """Whether somebody who is put on a list and is no contact yet becomes one."""
    base_url: BaseUrl = "https://api.hubapi.com"
    # "On February 16, 2027, HubSpot will deprecate the legacy OAuth v1 endpoints" (oauth-tokens/v1/migration-guide).
    token_url: str = Field("https://api.hubapi.com/oauth/2026-03/token", pattern=r"^https?://")


class HubSpot(Connector):
    channel = "crm"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = HubSpotSettings
    settings: HubSpotSettings

    @property
    def limits(self) -> Limits:
        # "Batch operations are limited to 100 records at a time" (guides/api/crm/objects/contacts). 100 calls in
        # 10 seconds and 250,000 a day is what the smallest plan has (guides/apps/api-usage/usage-details).
        return Limits(batch=100, concurrency=4, per_second=10, per_day=250_000)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._access = self.settings.access()
        self._lists = FoundLists(self._find_list, self._create_list)

    async def prove(self) -> str:
        await self._call("GET", "/crm/v3/objects/contacts", params={"limit": "1"})
        return "HubSpot's contacts can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "list":
            return await self._onto_list(target, rows)
        kind = _kind(target.name)
        outcomes: dict[int, Outcome] = {}
        for key, places in by_key(rows, self.identifiers).items():
            if key is None:
                outcomes |= dict.fromkeys(places, nothing_to_match_by())
            else:
                outcomes |= await self._write_all(kind, target.write, key, {place: rows[place] for place in places})
        return in_order(outcomes, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        kind = _kind(target.name) if target.mode == "object" else "contacts"
        try:
            list_id = await self._lists.id(target.name, create=False) if target.mode == "list" else None
        except Unsupported as fault:
            return [Outcome.of(fault) for _ in rows]
        for key, places in by_key(rows, self.identifiers).items():
            # Whom HubSpot does not know is neither on a list nor a record.
            outcomes |= dict.fromkeys(places, Outcome.accepted())
            if key is None or (target.mode == "list" and list_id is None):
                continue
            ids = await self._ids(kind, key, [rows[place].identifiers[key] for place in places])
            found = sorted(set(ids.values()))
            if found and list_id is not None:
                await self._members(target.name, list_id, "remove", found)
            elif found:
                await self._call(
                    "POST", f"/crm/v3/objects/{kind}/batch/archive", json={"inputs": [{"id": one} for one in found]}
                )
        return in_order(outcomes, rows)

    async def _write_all(self, kind: str, write: str, key: str, rows: Mapping[int, Row]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        # HubSpot refuses a batch that names one record twice.
        for wave in waves(rows, key):
            outcomes |= await self._write(kind, write, key, wave)
        return outcomes

    async def _write(self, kind: str, write: str, key: str, rows: Mapping[int, Row]) -> dict[int, Outcome]:
        """Rows whose values of `key` differ. `create` leaves alone whom HubSpot has."""
        # "Partial upserts are not supported when using `email` as the `idProperty`"; "to update contacts in batches,
        # you must use the contacts' Record ID" (api-reference/2026-09/crm/objects/contacts/guide): so both look up.
        if write == "upsert" and key != "email":
            return await self._send(kind, "upsert", key, rows, {})
        known = await self._ids(kind, key, [row.identifiers[key] for row in rows.values()])
        ids = {
            place: known[value] for place, row in rows.items() if (value := row.identifiers[key].casefold()) in known
        }
        missing = {place: row for place, row in rows.items() if place not in ids}
        outcomes: dict[int, Outcome] = {}
        if write == "update":
            outcomes = dict.fromkeys(missing, Outcome.rejected("not_found", "HubSpot has no such record"))
        elif missing:
            outcomes = await self._send(kind, "create", key, missing, {})
        # Whoever came to be meanwhile, or is known by an address that the look-up does not go by.
        ids |= {place: one.provider_id for place, one in outcomes.items() if one.reason == EXISTS and one.provider_id}
        if write == "create":
            there = {place for place, one in outcomes.items() if one.reason == EXISTS} | ids.keys()
            return outcomes | {place: Outcome.accepted(ids.get(place)) for place in there}
        changed = {place: rows[place] for place in ids}
        return outcomes | (await self._send(kind, "update", key, changed, ids) if changed else {})

    async def _send(
        self, kind: str, write: str, key: str, rows: Mapping[int, Row], ids: Mapping[int, str]
    ) -> dict[int, Outcome]:
        """One call. `update` is by HubSpot's ids, the others by the value of `key`."""
        outcomes: dict[int, Outcome] = {}
        left = dict(rows)
        while left:
            inputs = [self._input(write, key, place, row, ids.get(place)) for place, row in left.items()]
            try:
                reply = await self._call("POST", f"/crm/v3/objects/{kind}/batch/{write}", json={"inputs": inputs})
            except _NoSuchProperty as fault:
                # Not one row's fault: halving would ask for each of them again.
                hit = {place for place, row in left.items() if fault.names & set(row.traits)}
                outcomes |= dict.fromkeys(hit, Outcome.of(fault))
                if not hit:
                    raise
                left = {place: row for place, row in left.items() if place not in hit}
                continue
            except _Exists as fault:
                if write != "create" or len(left) > 1:
                    raise
                return outcomes | {place: _exists(fault.id, fault.detail) for place in left}
            return outcomes | _judged(reply, key, left, self._property(key), ids)
        return outcomes

    def _input(self, write: str, key: str, place: int, row: Row, id: str | None) -> dict[str, Any]:
        others = {self._property(name): value for name, value in row.identifiers.items() if value and name != key}
        properties = others | {name: _text(value) for name, value in row.traits.items()}
        traced = {"objectWriteTraceId": str(place), "properties": properties}
        if write == "create":
            return traced | {"associations": [], "properties": {self._property(key): row.identifiers[key]} | properties}
        if write == "update":
            return traced | {"id": id}
        return traced | {"id": row.identifiers[key], "idProperty": self._property(key)}

    async def _onto_list(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        try:
            list_id = await self._lists.id(target.name, create=True)
        except Unsupported as fault:
            return [Outcome.of(fault) for _ in rows]
        for key, places in by_key(rows, self.identifiers).items():
            if key is None:
                outcomes |= dict.fromkeys(places, nothing_to_match_by())
                continue
            ids = await self._ids("contacts", key, [rows[place].identifiers[key] for place in places])
            for place in places:
                if (found := ids.get(rows[place].identifiers[key].casefold())) is not None:
                    outcomes[place] = Outcome.accepted(found)
                else:
                    outcomes[place] = Outcome.rejected("not_found", "HubSpot has no such contact; see `create_missing`")
            missing = {place: rows[place] for place in places if outcomes[place].verdict == "rejected"}
            if self.settings.create_missing and target.write != "update":
                outcomes |= await self._write_all("contacts", "upsert", key, missing)
        wanted = {place: one.provider_id for place, one in outcomes.items() if one.verdict == "accepted"}
        if wanted:
            gone = await self._members(
                target.name, str(list_id), "add", sorted({one for one in wanted.values() if one})
            )
            for place, record in wanted.items():
                if record in gone:
                    outcomes[place] = Outcome.retry("contact_gone")
        return in_order(outcomes, rows)

    async def _members(self, name: str, list_id: str, what: str, ids: Sequence[str]) -> set[str]:
        """Put records on a list or take them off; returns those that HubSpot does not find."""
        try:
            reply = await self._call("PUT", f"/crm/v3/lists/{list_id}/memberships/{what}", json=list(ids))
        except Refused as fault:
            if fault.reason != "not_found":
                raise
            raise self._lists.gone(name) from None
        return {str(one) for one in reply.object().get("recordIdsMissing") or ()}

    async def _find_list(self, name: str) -> str | None:
        path = f"/crm/v3/lists/object-type-id/{CONTACTS}/name/{quote(name, safe='')}"
        try:
            found = (await self._call("GET", path)).object("list")["list"]
        except Refused as fault:
            if fault.reason == "not_found":
                return None
            raise
        # "This endpoint only works for lists that have a processingType of MANUAL or SNAPSHOT"
        if found.get("processingType") == "DYNAMIC":
            raise Unsupported("active_list", f"`{name}` is an active list: HubSpot alone decides who is on it")
        return str(found["listId"])

    async def _create_list(self, name: str) -> str:
        asked = {"name": name, "objectTypeId": CONTACTS, "processingType": "MANUAL"}
        return str((await self._call("POST", "/crm/v3/lists", json=asked)).object("list")["list"]["listId"])

    async def _ids(self, kind: str, key: str, values: Iterable[str]) -> dict[str, str]:
        """Record ids by value, in lower case. A contact is also found by an address other than its first."""
        name = self._property(key)
        asked = {
            "idProperty": name,
            "inputs": [{"id": value} for value in dict.fromkeys(values)],
            "properties": [name, "hs_additional_emails"] if key == "email" else [name],
            "propertiesWithHistory": [],
        }
        found: dict[str, str] = {}
        reply = await self._call("POST", f"/crm/v3/objects/{kind}/batch/read", json=asked)
        for one in reply.object("results")["results"]:
            properties = one.get("properties") or {}
            for value in [properties.get(name), *(properties.get("hs_additional_emails") or "").split(";")]:
                if value:
                    found.setdefault(str(value).casefold(), str(one["id"]))
        return found

    def _property(self, key: str) -> str:
        return self.settings.unique_property if key == "external_id" else key

    async def _call(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str] | None = None
    ) -> Reply:
        return await call_with(
            self._access,
            self.session,
            method,
            f"{self.settings.base_url}{path}",
            safe_to_repeat=True,
            json=json,
            params=params,
            judge=_judge,
        )


class _NoSuchProperty(Refused):
    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        super().__init__("unknown_property", f"HubSpot has no property {', '.join(sorted(self.names))}"[:200])


class _Exists(Refused):
    def __init__(self, id: str | None, detail: str) -> None:
        self.id = id
        super().__init__("conflict", detail)


def _exists(id: str | None, detail: str) -> Outcome:
    return Outcome("rejected", EXISTS, detail, provider_id=id)


def _kind(name: str) -> str:
    return OBJECTS.get(name, quote(name, safe=""))


def _text(value: Any) -> str:
    """ "Properties values can be cleared by passing an empty string"; several choices are joined by semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    if isinstance(value, list):
        return ";".join(_text(one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return iso(value) or str(value)


def _judged(reply: Reply, key: str, rows: Mapping[int, Row], name: str, ids: Mapping[int, str]) -> dict[int, Outcome]:
    """The outcome of each row. HubSpot names a record by its trace id, else by the value or id that it is known by."""
    found = reply.object("results")
    places = {row.identifiers[key].casefold(): place for place, row in rows.items()}
    places |= {id: place for place, id in ids.items()}
    outcomes: dict[int, Outcome] = {}
    for one in found["results"]:
        value = one.get("id") if ids else (one.get("properties") or {}).get(name)
        place = _place(one.get("objectWriteTraceId"), value, rows, places)
        if place is not None:
            outcomes[place] = Outcome.accepted(str(one.get("id") or "") or None)
    faults = found.get("errors") or []
    for error in faults:
        context = error.get("context") or {}
        traces = [*(context.get("objectWriteTraceId") or ()), *(context.get("ids") or ()), error.get("id")]
        hit = {place for one in traces if (place := _place(one, one, rows, places)) is not None}
        if not hit and len(rows) == 1:
            hit = set(rows)
        for place in hit:
            outcomes[place] = _of_row(error, reply)
    left = [place for place in rows if place not in outcomes]
    if left and not faults and len(found["results"]) == len(rows):
        # All of them, but under names of HubSpot's own: an address that is the contact's second one, say.
        return {place: outcomes.get(place) or Outcome.accepted() for place in rows}
    if left and len(rows) > 1 and faults:
        raise Refused("unattributed", f"HubSpot refused {len(faults)} of {len(rows)} records, and not by name")
    return outcomes | dict.fromkeys(left, Outcome.retry("no_outcome", detail="HubSpot did not say what became of it"))


def _place(trace: Any, value: Any, rows: Mapping[int, Row], places: Mapping[str, int]) -> int | None:
    if isinstance(value, str) and value.casefold() in places:
        return places[value.casefold()]
    return int(trace) if isinstance(trace, str) and trace.isdecimal() and int(trace) in rows else None


def _of_row(error: Mapping[str, Any], reply: Reply) -> Outcome:
    category, words = str(error.get("category") or ""), str(error.get("message") or "")
    said = mask(words, reply.hide)
    if category == "RATE_LIMITS":
        return Outcome.retry("throttled", reply.after, said)
    if category in TRANSIENT:
        return Outcome.retry("unavailable", detail=said)
    if category == "CONFLICT":
        return _exists(_existing(words), said)
    return Outcome.rejected(REASONS.get(category) or category.lower() or "refused", said)


def _existing(words: str) -> str | None:
    named = _EXISTING.search(words)
    return named[1] if named else None


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    if not isinstance(found, dict):
        return Retryable("unavailable", f"HTTP {reply.status}", reply.after) if reply.status in (423, 477) else None
    category, words = str(found.get("category") or ""), str(found.get("message") or "")
    said = mask(f"{category} {words}", reply.hide)
    if reply.status == 429 or category == "RATE_LIMITS":
        return Retryable("throttled", said, reply.after or WINDOWS.get(str(found.get("policyName"))))
    if reply.status in (423, 477):
        # Locked for seconds; an account that moves between data centres for up to a day (error-handling).
        return Retryable("unavailable", said, reply.after)
    if category in UNAUTHORIZED:
        return Closed("unauthorized", said)
    if reply.status < 500:
        named = [
            name
            for error in found.get("errors") or ()
            if isinstance(error, dict) and error.get("code") == "PROPERTY_DOESNT_EXIST"
            for name in (error.get("context") or {}).get("propertyName") or ()
        ] or _NO_PROPERTY.findall(words.replace('\\"', '"'))
        if named:
            return _NoSuchProperty(named)
        if reply.status == 404 or category == "OBJECT_NOT_FOUND":
            return Refused("not_found", said)
        if reply.status == 409:
            return _Exists(_existing(words), said)
        if category and reply.status not in (401, 403):
            return Refused(category.lower(), said)
    return None
