"""Profiles, lists and flows at Klaviyo.

Rows are imported in bulk: Klaviyo takes a job, works it off later, and keeps an error for each profile that
it could not use. Everything is by identifier, so rows may be repeated; events carry a `unique_id`, of which
Klaviyo records the first only, so messages may be too.
As documented on developers.klaviyo.com/en/reference (revision 2026-07-15), read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call, doubtful
from tidegate.connecting.lists import FoundLists
from tidegate.connecting.moments import moment
from tidegate.connecting.rows import by_key, each, nothing_to_match_by
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
from tidegate.errors import DestinationError, Refused, Unsupported
from tidegate.mask import mask

# "This endpoint accepts a maximum of 1000 profiles per call" (add_profiles_to_list, remove_profiles_from_list). A job
# takes 10,000 but only 5 MB (bulk_import_profiles): with a thousand, each may have 5 kB.
LARGEST_CALL = 1_000
# `any(email,[...])` finds at most a page of profiles: "page[size]: Default: 20. Min: 1. Max: 100" (get_profiles)
LARGEST_PAGE = 100
#: seconds until a job is worth asking after; small ones are done within some
JOB_TAKES = 10.0

IDENTIFIERS = {
    "external_id": Identifier("plain"),
    "email": Identifier("email"),
    "phone": Identifier("phone"),
}
KEYS = {"external_id": "external_id", "email": "email", "phone": "phone_number"}
OBJECTS = {"profile", "profiles"}
# What is a field of the profile itself; every other trait is a custom property.
FIELDS = {"first_name", "last_name", "organization", "locale", "title", "image"}
LOCATION = "address1 address2 city country region zip latitude longitude timezone ip"
PLACES = {f"location_{part}": part for part in LOCATION.split()}

_POINTER = re.compile(r"/profiles/data/(\d+)(?:/|$)")


class KlaviyoSettings(ConnectorSettings):
    api_key: SecretStr
    """A private key."""
    revision: str = Field("2026-07-15", pattern=r"^\d{4}-\d{2}-\d{2}(\.\w+)?$")
    """The API's revision, sent with every call."""
    base_url: BaseUrl = "https://a.klaviyo.com"


class Klaviyo(Connector):
    channel = "crm"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    #: no limit is stated (create_event): a day is as long as anything of ours waits to be sent again
    idempotent_for = timedelta(days=1)
    Settings = KlaviyoSettings
    settings: KlaviyoSettings

    @property
    def limits(self) -> Limits:
        # "Burst: 75/s, Steady: 750/m" for profiles; "10/s, 150/m" for jobs, which hold a thousand rows, and "350/s,
        # 3500/m" for events. What is left of the minute Klaviyo says in each answer (`RateLimit-Remaining`).
        return Limits(batch=LARGEST_CALL, concurrency=8, per_second=75, messages=1)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._lists = FoundLists(self._find_list, self._create_list)

    async def prove(self) -> str:
        found = _data(await self._call("GET", "accounts"), list)
        return f"Klaviyo account {', '.join(str(one.get('id')) for one in found)} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        places = dict(enumerate(rows))
        if target.mode == "list":
            return await self._write(places, list_name=target.name)
        _only_profiles(target)
        if target.write == "upsert":
            return await self._write(places)
        ids = await self._ids(rows)
        if target.write == "create":
            written = {place: Outcome.accepted(id) for place, id in ids.items()}
            return await self._write({n: row for n, row in places.items() if n not in ids}, written)
        missing = Outcome.rejected("not_found", "Klaviyo has no such profile")
        written = {n: missing for n, row in places.items() if n not in ids and _who(row)}
        return await self._write({n: row for n, row in places.items() if n not in written}, written, ids=ids)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object":
            _only_profiles(target)
            return await self._erase(rows)
        list_id = await self._lists.id(target.name, create=False)
        ids = await self._ids(rows) if list_id is not None else {}
        if ids:
            try:
                body = {"data": [{"type": "profile", "id": id} for id in dict.fromkeys(ids.values())]}
                reply = await self._call("DELETE", f"lists/{list_id}/relationships/profiles", body)
                _expect(reply, 204)
            except _NotFound:
                self._lists.forget(target.name)  # nobody is on a list that was deleted
        # Nobody can be on a list that does not exist, nor whom Klaviyo does not know.
        return [Outcome.accepted() if list_id is None or _who(row) else nothing_to_match_by() for row in rows]

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        fields = {"fields[profile-bulk-import-job]": "status,total_count,failed_count"}
        try:
            found = _data(
                await self._call("GET", f"profile-bulk-import-jobs/{quote(job, safe='')}", params=fields), dict
            )
        except _NotFound as fault:
            return [Outcome.retry("job_gone", detail=fault.detail)] * len(rows)
        said = found.get("attributes") or {}
        status = said.get("status")
        if status in ("queued", "processing"):
            return [Outcome.pending(job, JOB_TAKES)] * len(rows)
        if status != "complete":
            return [Outcome.retry("job_cancelled", detail=mask(f"the job is {status}"))] * len(rows)
        if not said.get("failed_count"):
            return [Outcome.accepted()] * len(rows)
        return _settled(rows, await self._errors(job), said)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        event = {
            "properties": dict(message.content.get("properties") or {}),
            # "If the unique_id is repeated for the same profile and metric, only the first processed event will be
            # recorded" (create_event)
            "unique_id": message.key,
            "metric": {"data": {"type": "metric", "attributes": {"name": str(message.content["campaign"])}}},
            "profile": {"data": {"type": "profile", "attributes": {"external_id": message.person}}},
        }
        body = {"data": {"type": "event", "attributes": event}}
        _expect(await self._call("POST", "events", body, safe_to_repeat=False), 202)
        return Outcome.accepted()

    async def _write(
        self,
        rows: Mapping[int, Row],
        written: Mapping[int, Outcome] | None = None,
        *,
        list_name: str | None = None,
        ids: Mapping[int, str] | None = None,
    ) -> list[Outcome]:
        """Outcomes of `rows` and those `written` already, by their places."""
        ids = ids or {}
        outcomes = dict(written or {})
        outcomes |= {place: nothing_to_match_by() for place, row in rows.items() if not _who(row)}
        keyed = {place: row for place, row in rows.items() if _who(row)}
        # "The Bulk Import Profiles API does not support setting fields to null to clear them" (its guide): the few rows
        # with a null in a field of the profile itself go one by one.
        alone = [place for place, row in keyed.items() if _empties_a_field(row)]
        bulk = {place: row for place, row in keyed.items() if not _empties_a_field(row)}
        if bulk:
            job = await self._import([_profile(row, ids.get(place)) for place, row in bulk.items()], list_name)
            outcomes |= dict.fromkeys(bulk, Outcome.pending(job, JOB_TAKES))
        if alone:
            emptied = {keyed[place].person: _profile(keyed[place], ids.get(place)) for place in alone}
            done = await each([keyed[place] for place in alone], lambda row: self._write_one(emptied[row.person]))
            outcomes |= dict(zip(alone, done, strict=True))
        return [outcomes[place] for place in sorted(outcomes)]

    async def _import(self, profiles: Sequence[Any], list_name: str | None) -> str:
        job: dict[str, Any] = {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": list(profiles)}},
        }
        if list_name is not None:
            list_id = await self._lists.id(list_name, create=True)
            job["relationships"] = {"lists": {"data": [{"type": "list", "id": list_id}]}}
        try:
            return str(_data(await self._call("POST", "profile-bulk-import-jobs", {"data": job}), dict)["id"])
        except _NotFound:
            raise self._lists.gone(list_name or "") from None

    async def _write_one(self, profile: Mapping[str, Any]) -> Outcome:
        return Outcome.accepted(str(_data(await self._call("POST", "profile-import", {"data": profile}), dict)["id"]))

    async def _erase(self, rows: Sequence[Row]) -> list[Outcome]:
        known = {rows[place].person: id for place, id in (await self._ids(rows)).items()}

        async def one(row: Row) -> Outcome:
            if row.person not in known:
                return Outcome.accepted() if _who(row) else nothing_to_match_by()
            profile = {"data": {"type": "profile", "id": known[row.person], "attributes": {}}}
            body = {"data": {"type": "data-privacy-deletion-job", "attributes": {"profile": profile}}}
            _expect(await self._call("POST", "data-privacy-deletion-jobs", body), 202)
            return Outcome.accepted()

        return await each(rows, one)

    async def _ids(self, rows: Sequence[Row]) -> dict[int, str]:
        """Klaviyo's ids of those whom it knows, by their places."""
        found: dict[int, str] = {}
        for key, places in by_key(rows, KEYS).items():
            if key is None:
                continue
            field = KEYS[key]
            values = {rows[place].identifiers[key]: None for place in places}
            known: dict[str, str] = {}
            for start in range(0, len(values), LARGEST_PAGE):
                asked = json.dumps(list(values)[start : start + LARGEST_PAGE], ensure_ascii=False)
                params = {"filter": f"any({field},{asked})", "fields[profile]": field, "page[size]": str(LARGEST_PAGE)}
                for one in _data(await self._call("GET", "profiles", params=params), list):
                    known[str((one.get("attributes") or {}).get(field)).casefold()] = str(one["id"])
            same = {place: rows[place].identifiers[key].casefold() for place in places}
            found |= {place: known[value] for place, value in same.items() if value in known}
        return found

    async def _errors(self, job: str) -> list[Mapping[str, Any]]:
        errors: list[Mapping[str, Any]] = []
        params = {"page[size]": str(LARGEST_PAGE)}
        while True:
            reply = await self._call(
                "GET", f"profile-bulk-import-jobs/{quote(job, safe='')}/import-errors", params=params
            )
            errors += [one.get("attributes") or {} for one in _data(reply, list)]
            cursor = _next_cursor(reply)
            if not cursor or cursor == params.get("page[cursor]"):
                return errors
            params["page[cursor]"] = cursor

    async def _find_list(self, name: str) -> str | None:
        params = {"filter": f"equals(name,{json.dumps(name, ensure_ascii=False)})", "fields[list]": "name,created"}
        found = _data(await self._call("GET", "lists", params=params), list)
        # Names are not unique at Klaviyo: the oldest is taken for ours.
        found.sort(key=lambda one: (str((one.get("attributes") or {}).get("created")), str(one["id"])))
        return str(found[0]["id"]) if found else None

    async def _create_list(self, name: str) -> str:
        body = {"data": {"type": "list", "attributes": {"name": name}}}
        return str(_data(await self._call("POST", "lists", body), dict)["id"])

    async def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        safe_to_repeat: bool = True,
    ) -> Reply:
        key = self.settings.api_key.get_secret_value()
        media = "application/vnd.api+json"
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/api/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={
                "Authorization": f"Klaviyo-API-Key {key}",
                "revision": self.settings.revision,
                "Accept": media,
                "Content-Type": media,
            },
            body=None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
            params=params,
            judge=_judge,
            hide=(key,),
        )


class _NotFound(Refused):
    pass


def _who(row: Row) -> dict[str, str]:
    return {KEYS[name]: row.identifiers[name] for name in KEYS if row.identifiers.get(name)}


def _only_profiles(target: Target) -> None:
    if target.name.lower() not in OBJECTS:
        raise Unsupported("no_such_object", f"Klaviyo holds profiles, not `{target.name}`; write `object: profile`")


def _empties_a_field(row: Row) -> bool:
    return any(value is None and (name in FIELDS or name in PLACES) for name, value in row.traits.items())


def _profile(row: Row, id: str | None) -> dict[str, Any]:
    attributes: dict[str, Any] = dict(_who(row))
    attributes |= {name: value for name, value in row.traits.items() if name in FIELDS}
    location = {PLACES[name]: value for name, value in row.traits.items() if name in PLACES}
    custom = {name: value for name, value in row.traits.items() if name not in FIELDS and name not in PLACES}
    properties = {name: _value(value) for name, value in custom.items() if value is not None}
    attributes |= {"location": location} if location else {}
    attributes |= {"properties": properties} if properties else {}
    profile = {"type": "profile", "attributes": attributes, **({"id": id} if id else {})}
    unset = [name for name, value in custom.items() if value is None]
    return {**profile, "meta": {"patch_properties": {"unset": unset}}} if unset else profile


def _value(value: Any) -> Any:
    """Times in a form that becomes a date there, `2014-09-30 13:34:08+00:00` (help.klaviyo.com, "Acceptable date and
    timestamp formats", read 2026-11)."""
    at = moment(value)
    return at.isoformat(sep=" ", timespec="seconds") if at else value


def _settled(rows: Sequence[Row], errors: Sequence[Mapping[str, Any]], job: Mapping[str, Any]) -> list[Outcome]:
    """Which of the rows the errors of a finished job mean. `rows` may be a part of the job only."""
    known: dict[frozenset[tuple[str, str]], list[int]] = {}
    for n, row in enumerate(rows):
        # By all that was sent of them, since two people may share an address; and by each, should less come back.
        for some in (_folded(_who(row)), *map(_alone, _folded(_who(row)))):
            known.setdefault(some, []).append(n)
    whole = job.get("total_count") == len(rows)
    unclear = len(errors) < int(job["failed_count"])
    rejected: dict[int, Outcome] = {}
    for error in errors:
        payload = error.get("original_payload") or {}
        given = _folded({**payload, **(payload.get("attributes") or {})}) if isinstance(payload, dict) else frozenset()
        found = known.get(given) or next((known[one] for one in map(_alone, given) if one in known), [])
        pointed = _POINTER.search(str((error.get("source") or {}).get("pointer") or ""))
        if not found and whole and pointed and int(pointed[1]) < len(rows):
            found = [int(pointed[1])]
        # Somebody else of the same job is no concern of these rows.
        unclear = unclear or (not found and (whole or not given))
        words = mask(f"{error.get('title') or ''} {error.get('detail') or ''}")
        rejected |= dict.fromkeys(found, Outcome.rejected(_reason(error.get("code")), words))
    # Some failed and nothing tells who: all but the named are sent again, which harms nobody.
    other = Outcome.retry("import_unclear") if unclear else Outcome.accepted()
    return [rejected.get(n) or other for n in range(len(rows))]


def _folded(who: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((name, str(who[name]).casefold()) for name in KEYS.values() if who.get(name))


def _alone(one: tuple[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset({one})


def _data(reply: Reply, kind: type) -> Any:
    data = reply.object("data")["data"]
    if not isinstance(data, kind) or (kind is dict and "id" not in data):
        raise doubtful(reply.safe, "garbled", f"HTTP {reply.status} without the data that was asked for")
    return data


def _expect(reply: Reply, status: int) -> None:
    """For answers without a body, where a proxy's page must not pass for one."""
    if reply.status != status:
        raise doubtful(reply.safe, "garbled", f"HTTP {reply.status} in place of {status}")


def _next_cursor(reply: Reply) -> str | None:
    link = (reply.json().get("links") or {}).get("next")
    return next(iter(parse_qs(urlsplit(str(link)).query).get("page[cursor]", [])), None) if link else None


def _reason(code: Any) -> str:
    return re.sub(r"\W+", "_", str(code or "refused")).strip("_").lower()[:60] or "refused"


def _judge(reply: Reply) -> DestinationError | None:
    errors = reply.peek("errors")
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return None
    if reply.status in (401, 403, 408, 425, 429) or reply.status >= 500:
        return None
    said = mask(" ".join(str(errors[0].get(key) or "") for key in ("code", "title", "detail")), reply.hide)
    kind = _NotFound if reply.status == 404 else Refused
    return kind(_reason(errors[0].get("code")), said)
