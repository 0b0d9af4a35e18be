"""Persons in Pipedrive (API v2). There is no upsert and no batch: each person is searched for, then made or changed.

Version 1 of these calls ended on 2026-07-31. As documented on developers.pipedrive.com/docs/api/v1/Persons (which
shows v2), pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide and in the official client, read 2026-11.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connecting.moments import iso, moment
from tidegate.connecting.rows import each, nothing_to_match_by
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.mask import mask

OBJECTS = {"person", "persons"}
IDENTIFIERS = {"email": Identifier("email"), "phone": Identifier("phone"), "external_id": Identifier("plain")}
#: fields that are no custom ones, and the types in which v2 wants them: it "no longer coerces string input"
STANDARD = {"name", "owner_id", "org_id", "visible_to", "label_ids", "marketing_status", "add_time"}
#: where `fields` of the search looks
SEARCHED = {"email": "email", "phone": "phone", "external_id": "custom_fields"}
#: "The search term to look for. Minimum 2 characters (or 1 if using exact_match)"; longer ones are of no use
LONGEST_TERM = 500
#: seconds after which the search knows a new person; until then a second attempt would make another
INDEXED_AFTER = 60.0


class PipedriveSettings(ConnectorSettings):
    api_token: SecretStr
    external_id_field: str = "External ID"
    """The name or the key of the custom field that the identifier `external_id` is kept in."""
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    """Of numbers that are written into monetary fields."""
    base_url: BaseUrl = "https://api.pipedrive.com"


class Pipedrive(Connector):
    channel = "crm"
    modes = frozenset({"object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = PipedriveSettings
    settings: PipedriveSettings

    @property
    def limits(self) -> Limits:
        # "20 requests per 2 seconds" on the smallest plan, and 10 searches, which are a third to a half of our calls.
        # The daily budget is in tokens; Pipedrive says when it is spent (docs/core-api-concepts-rate-limiting).
        return Limits(batch=1, concurrency=4, per_second=10)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._fields: dict[str, dict[str, Any]] | None = None
        self._looking = asyncio.Lock()

    async def prove(self) -> str:
        await self._call("GET", "persons", params={"limit": "1"})
        return "Pipedrive's persons can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.name not in OBJECTS:
            return [_unknown_object(target.name)] * len(rows)
        return await each(rows, lambda row: self._write(target.write, row))

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.name not in OBJECTS:
            return [_unknown_object(target.name)] * len(rows)
        return await each(rows, self._remove)

    async def _write(self, write: str, row: Row) -> Outcome:
        key = _key(row)
        if key is None:
            return nothing_to_match_by()
        body = await self._body(row)
        person = await self._find(key, row.identifiers[key])
        if person is None and write == "update":
            return Outcome.rejected("not_found", "Pipedrive has no such person")
        if person is None:
            return await self._create(key, row, body)
        if write != "create":
            for name in ("email", "phone"):
                value = row.traits.get(name, None if name == key else row.identifiers.get(name))
                if value:
                    body[f"{name}s"] = _first(str(value), person.get(f"{name}s"))
            if body:
                try:
                    _data(await self._call("PATCH", f"persons/{person['id']}", payload=body))
                except _Gone:
                    raise Retryable("person_gone", "the person was deleted meanwhile") from None
        return Outcome.accepted(str(person["id"]))

    async def _create(self, key: str, row: Row, body: dict[str, Any]) -> Outcome:
        known = {name: row.identifiers[name] for name in ("email", "phone") if row.identifiers.get(name)}
        body = {
            # Pipedrive shows a person by this, and wants it.
            "name": row.identifiers[key],
            **({"emails": _first(known["email"], None)} if "email" in known else {}),
            **({"phones": _first(known["phone"], None)} if "phone" in known else {}),
            **body,
        }
        try:
            reply = await self._call("POST", "persons", payload=body, safe_to_repeat=False)
            found = _data(reply)
        except InDoubt as fault:
            raise Retryable(fault.reason, fault.detail, INDEXED_AFTER) from None
        return Outcome.accepted(str(found.get("id") or "") or None)

    async def _remove(self, row: Row) -> Outcome:
        key = _key(row)
        person = None if key is None else await self._find(key, row.identifiers[key])
        if person is not None:
            try:
                _data(await self._call("DELETE", f"persons/{person['id']}"))
            except _Gone:
                return Outcome.accepted()
        return Outcome.accepted()

    async def _find(self, key: str, value: str) -> dict[str, Any] | None:
        """The oldest person that has this value; the search itself finds it in any field of its kind."""
        params = {"term": value[:LONGEST_TERM], "fields": SEARCHED[key], "exact_match": "true", "limit": "100"}
        items = _data(await self._call("GET", "persons/search", params=params)).get("items")
        if not isinstance(items, list):
            raise Retryable("garbled", "the search has no items")
        found = [one.get("item") or {} for one in items if isinstance(one, dict)]
        for person in sorted(int(one["id"]) for one in found if str(one.get("id")).isdecimal()):
            try:
                whole = _data(await self._call("GET", f"persons/{person}"))
            except _Gone:
                continue  # the search may still know whom somebody deleted
            if await self._has(whole, key, value):
                return whole | {"id": person}
        return None

    async def _has(self, person: Mapping[str, Any], key: str, value: str) -> bool:
        if key == "external_id":
            code = (await self._field(self.settings.external_id_field))["field_code"]
            held = [(person.get("custom_fields") or {}).get(code)]
        else:
            held = [one.get("value") for one in person.get(f"{key}s") or ()]
        fold = _digits if key == "phone" else str.casefold
        return any(one is not None and fold(str(one)) == fold(value) for one in held)

    async def _body(self, row: Row) -> dict[str, Any]:
        body: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        if (own := row.identifiers.get("external_id")) is not None:
            custom[(await self._field(self.settings.external_id_field))["field_code"]] = own
        for name, value in row.traits.items():
            if name in STANDARD:
                body[name] = value
            elif name in ("email", "phone"):
                body[f"{name}s"] = [] if value is None else _first(str(value), None)
            else:
                field = await self._field(name)
                custom[field["field_code"]] = _value(field, value, self.settings.currency)
        return body | ({"custom_fields": custom} if custom else {})

    async def _field(self, name: str) -> dict[str, Any]:
        """A custom field by its key, or by its name as people see it."""
        async with self._looking:
            if self._fields is None:
                self._fields = await self._all_fields()
        found = self._fields.get(name) or self._fields.get(name.casefold())
        if found is None:
            raise Refused("unknown_field", f"Pipedrive's persons have no field `{name}`")
        return found

    async def _all_fields(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        params = {"limit": "500"}
        while True:
            reply = await self._call("GET", "personFields", params=params)
            page = reply.object("data")
            if not isinstance(page["data"], list):
                raise Retryable("garbled", "the fields of persons are not a list")
            for field in page["data"]:
                if not isinstance(field, dict) or not field.get("field_code"):
                    raise Retryable("garbled", "a field of persons has no code")
                # Of several with one name the first is taken; the key says which is meant.
                found.setdefault(str(field.get("field_name")).casefold(), field)
                found[str(field["field_code"])] = field
            cursor = (page.get("additional_data") or {}).get("next_cursor")
            if not cursor or cursor == params.get("cursor"):
                return found
            params = {"limit": "500", "cursor": str(cursor)}

    async def _call(
        self,
        method: str,
        path: str,
        *,
        payload: Any = None,
        params: Mapping[str, str] | None = None,
        safe_to_repeat: bool = True,
    ) -> Reply:
        token = self.settings.api_token.get_secret_value()
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/api/v2/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"x-api-token": token},
            json=payload,
            params=params,
            judge=_judge,
            hide=(token,),
        )


class _Gone(Refused):
    pass


def _unknown_object(name: str) -> Outcome:
    return Outcome.rejected("unknown_object", f"there is `person`, and no `{name}`"[:200])


def _key(row: Row) -> str | None:
    return next((name for name, value in row.identifiers.items() if value and name in IDENTIFIERS), None)


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)


def _first(value: str, others: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The value as the primary one, before those that are there already."""
    rest = [
        dict(one) | {"primary": False} for one in others or () if str(one.get("value")).casefold() != value.casefold()
    ]
    return [{"value": value, "primary": True, "label": "work"}, *rest]


def _value(field: Mapping[str, Any], value: Any, currency: str | None) -> Any:
    """As the field's type wants it (migration guide, "Custom Fields"). Null empties any field."""
    kind = field.get("field_type")
    if value is None:
        return None
    if kind in ("enum", "set"):
        given = value if isinstance(value, list) else [value]
        options = {str(one["label"]).casefold(): one["id"] for one in field.get("options") or ()}
        unknown = [str(one) for one in given if str(one).casefold() not in options]
        if unknown:
            raise Refused("unknown_option", f"`{field.get('field_name')}` has no option `{mask(unknown[0])}`"[:200])
        ids = [options[str(one).casefold()] for one in given]
        return ids if kind == "set" else ids[0]
    at = moment(value)
    if kind == "date":
        return at.date().isoformat() if at else value
    if kind == "time":
        return {"value": at.time().isoformat("seconds") if at else str(value)}
    if kind == "monetary" and not isinstance(value, dict):
        return {"value": value, **({"currency": currency} if currency else {})}
    if kind in ("varchar", "varchar_auto", "text", "phone") and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return iso(value) or value


def _data(reply: Reply) -> dict[str, Any]:
    data = reply.object("data")["data"]
    if not isinstance(data, dict):
        raise doubtful(reply.safe, "garbled", f"HTTP {reply.status} without data")
    return data


def _judge(reply: Reply) -> DestinationError | None:
    words = f"{reply.peek('error') or ''} {reply.peek('error_info') or ''}"
    said = mask(f"HTTP {reply.status} {words}", reply.hide)
    if reply.status == 429:
        # "x-ratelimit-reset: the remaining window before the rate limit resets", in seconds.
        reset = reply.headers.get("x-ratelimit-reset", "")
        return Retryable("throttled", said, float(reset) if reset.isdecimal() and reply.after is None else reply.after)
    # 402 "Company account is not open", 403 "User account has reached a limit for an entity", 410 "Old resource
    # permanently unavailable" (docs/core-api-concepts-http-status-codes).
    if reply.status == 402:
        return Closed("account_suspended", said)
    if reply.status == 403:
        return Closed("forbidden", said)
    if reply.status in (404, 410):
        return _Gone("not_found", said)
    return None
