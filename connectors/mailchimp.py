"""Contacts of an audience in Mailchimp's Marketing API 3.0, and its tags (static segments).

Mailchimp's batch would subscribe again whoever has unsubscribed, if told to write over what is there. So it only adds;
whom it finds there already is changed in a call of their own, which leaves the status alone. As documented on
mailchimp.com/developer/marketing (api/lists, api/list-members, api/list-segments, docs/errors), read 2026-11.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Self

import aiohttp
from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.http import Reply, call
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.moments import moment
from tidegate.connecting.rows import by_key, chunks, in_order, nothing_to_match_by, waves
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "up to 500 members" (api/lists/batch-subscribe-or-unsubscribe); the same for a segment's members
LARGEST_BATCH = 500
#: "limit of 10 simultaneous connections" (docs/errors, 429), shared by 2 batches
AT_ONCE = 4
OBJECTS = {"member", "contact"}
IDENTIFIERS = {"email": Identifier("email")}
#: traits that are no merge fields (api/list-members/add-or-update-list-member)
OWN = {"language", "vip", "email_type"}


class MailchimpSettings(ConnectorSettings):
    api_key: SecretStr
    """Ends with the data centre: `...-us21`."""
    audience: str = Field(pattern=r"^\w+$")
    """The audience's id, which Mailchimp's API calls a list's."""
    status_if_new: Literal["subscribed", "pending", "unsubscribed", "transactional"] = "subscribed"
    create_missing: bool = False
    """Whether somebody who gets a tag and is no contact yet becomes one."""
    unarchive: bool = False
    """Whether an archived contact whom the segment has gets `status_if_new`, as if it were new."""
    base_url: str = Field("", pattern=r"^(https?://.+)?$")
    """By default that of the key's data centre."""

    @model_validator(mode="after")
    def _has_a_data_centre(self) -> Self:
        if not self.base_url and not self.api_key.get_secret_value().rpartition("-")[2].isalnum():
            raise ValueError("`api_key` must end with its data centre, as in `...-us21`")
        return self


class Mailchimp(Connector):
    channel = "crm"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = MailchimpSettings
    settings: MailchimpSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=LARGEST_BATCH, concurrency=2)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._tags = NamedLists(self._all_tags, self._new_tag)
        self._fields: dict[str, str] | None = None
        self._looking = asyncio.Lock()

    async def prove(self) -> str:
        await self._understood("GET", f"lists/{self.settings.audience}", "id", params={"fields": "id,name"})
        return f"Mailchimp's audience {self.settings.audience} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object" and target.name not in OBJECTS:
            return [_unknown_object(target.name)] * len(rows)
        step = self._tag if target.mode == "list" else self._write
        return await self._in_waves(target, rows, step)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object" and target.name not in OBJECTS:
            return [_unknown_object(target.name)] * len(rows)
        step = self._untag if target.mode == "list" else self._archive
        outcomes = await self._in_waves(target, rows, step)
        # Whom Mailchimp cannot know it does not hold.
        return [Outcome.accepted() if outcome == nothing_to_match_by() else outcome for outcome in outcomes]

    async def _in_waves(
        self,
        target: Target,
        rows: Sequence[Row],
        step: Callable[[Target, dict[int, Row]], Awaitable[dict[int, Outcome]]],
    ) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        for key, places in by_key(rows, self.identifiers).items():
            if key is None:
                outcomes |= dict.fromkeys(places, nothing_to_match_by())
                continue
            # A batch that names one address twice has an error for the second.
            for wave in waves({place: rows[place] for place in places}, key):
                outcomes |= await step(target, wave)
        return in_order(outcomes, rows)

    async def _write(self, target: Target, rows: dict[int, Row]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        members: dict[int, dict[str, Any]] = {}
        for place, row in rows.items():
            try:
                members[place] = await self._member(row)
            except Refused as fault:
                outcomes[place] = Outcome.of(fault)
        known = members
        if members and target.write != "update":
            added = await self._add(members)
            exists = {place for place, outcome in added.items() if outcome.reason == "error_contact_exists"}
            if target.write == "create":
                return outcomes | added | dict.fromkeys(exists, Outcome.accepted())
            outcomes |= {place: outcome for place, outcome in added.items() if place not in exists}
            known = {place: members[place] for place in exists}

        async def change(place: int) -> Outcome:
            found = await self._understood("PATCH", self._path(rows[place]), "id", payload=members[place])
            if found.get("status") == "archived" and self.settings.unarchive:
                status = {"status": self.settings.status_if_new}
                found = await self._understood("PATCH", self._path(rows[place]), "id", payload=status)
            if found.get("status") == "archived":
                # It has the values, and is in the audience for nobody. Which status it had, Mailchimp does not tell.
                return Outcome.rejected("archived", "the contact is archived in Mailchimp; see `unarchive`")
            return Outcome.accepted(str(found["id"]))

        return outcomes | await _each(list(known), change)

    async def _add(self, members: Mapping[int, dict[str, Any]]) -> dict[int, Outcome]:
        """New contacts in one call; `error_contact_exists` for those whom Mailchimp has."""
        listed = [member | {"status": self.settings.status_if_new} for member in members.values()]
        path = f"lists/{self.settings.audience}"
        try:
            found = await self._understood(
                "POST",
                path,
                "new_members",
                "errors",
                # What a form must have is no reason to refuse somebody whom the warehouse knows.
                params={"skip_merge_validation": "true"},
                payload={"members": listed, "update_existing": False},
            )
        except _NotFound as fault:
            raise Closed("no_audience", fault.detail) from None
        faults = {str(one.get("email_address") or "").casefold(): one for one in found["errors"]}
        created = {str(one.get("email_address") or "").casefold(): str(one.get("id")) for one in found["new_members"]}
        outcomes: dict[int, Outcome] = {}
        for place, member in members.items():
            address = member["email_address"].casefold()
            if error := faults.get(address):
                code = str(error.get("error_code") or "refused").lower()
                said = " ".join(str(error.get(name) or "") for name in ("error", "field", "field_message"))
                outcomes[place] = Outcome.rejected(code, mask(said))
            elif address in created:
                outcomes[place] = Outcome.accepted(created[address])
            else:
                outcomes[place] = Outcome.retry("no_outcome", detail="Mailchimp did not say what became of it")
        return outcomes

    async def _archive(self, target: Target, rows: dict[int, Row]) -> dict[int, Outcome]:
        async def archive(place: int) -> Outcome:
            try:
                reply = await self._call("DELETE", self._path(rows[place]))
            except _NotFound:
                return Outcome.accepted()
            if reply.status != 204:
                raise Retryable("garbled", f"HTTP {reply.status} for a removal")
            return Outcome.accepted()

        return await _each(list(rows), archive)

    async def _tag(self, target: Target, rows: dict[int, Row]) -> dict[int, Outcome]:
        outcomes = await self._change_tag(target, rows, "members_to_add")
        missing = [place for place, outcome in outcomes.items() if outcome.reason == "not_found"]
        if missing and self.settings.create_missing and target.write != "update":
            added = await self._add({place: {"email_address": rows[place].identifiers["email"]} for place in missing})
            there = {place: rows[place] for place, one in added.items() if one.reason in ("", "error_contact_exists")}
            outcomes |= added | (await self._change_tag(target, there, "members_to_add") if there else {})
        return outcomes

    async def _untag(self, target: Target, rows: dict[int, Row]) -> dict[int, Outcome]:
        outcomes = await self._change_tag(target, rows, "members_to_remove")
        gone = [place for place, outcome in outcomes.items() if outcome.reason == "not_found"]
        return outcomes | dict.fromkeys(gone, Outcome.accepted())

    async def _change_tag(self, target: Target, rows: Mapping[int, Row], what: str) -> dict[int, Outcome]:
        tag = await self._tags.id(target.name, create=what == "members_to_add")
        if tag is None:
            return dict.fromkeys(rows, Outcome.accepted())  # nobody has a tag that does not exist
        addresses = {row.identifiers["email"].casefold(): place for place, row in rows.items()}
        payload = {what: [row.identifiers["email"] for row in rows.values()]}
        path = f"lists/{self.settings.audience}/segments/{tag}"
        try:
            found = await self._understood("POST", path, "errors", payload=payload)
        except _NotFound:
            raise self._tags.gone(target.name) from None
        outcomes = dict.fromkeys(rows, Outcome.accepted())
        for error in found["errors"]:
            for address in error.get("email_addresses") or ():
                place = addresses.get(str(address).casefold())
                if place is not None:
                    # The one thing that can be wrong: who is no contact of the audience cannot have its tags.
                    outcomes[place] = Outcome.rejected("not_found", mask(str(error.get("error") or "")))
        return outcomes

    async def _all_tags(self) -> dict[str, str]:
        path = f"lists/{self.settings.audience}/segments"
        found: list[tuple[str, str]] = []
        fields = "segments.id,segments.name,segments.type,total_items"
        while True:
            params = {"type": "static", "fields": fields, "count": "1000", "offset": str(len(found))}
            try:
                page = (await self._understood("GET", path, "segments", params=params))["segments"]
            except _NotFound as fault:
                raise Closed("no_audience", fault.detail) from None
            found += [(str(one.get("name")), str(one.get("id"))) for one in page]
            if len(page) < 1000:
                return oldest(found)

    async def _new_tag(self, name: str) -> str:
        path = f"lists/{self.settings.audience}/segments"
        found = await self._understood("POST", path, "id", payload={"name": name, "static_segment": []})
        return str(found["id"])

    async def _member(self, row: Row) -> dict[str, Any]:
        """A contact as Mailchimp takes it. It would say nothing of a merge field that does not exist."""
        own = {name: value for name, value in row.traits.items() if name in OWN}
        merge = {}
        for name, value in row.traits.items():
            if name not in OWN:
                async with self._looking:
                    if self._fields is None:
                        self._fields = await self._all_fields()
                if name.upper() not in self._fields:
                    raise Refused("unknown_field", f"the audience has no merge field `{name.upper()}`"[:200])
                merge[name.upper()] = _value(self._fields[name.upper()], value)
        member = {"email_address": row.identifiers["email"], **own}
        return member | ({"merge_fields": merge} if merge else {})

    async def _all_fields(self) -> dict[str, str]:
        path = f"lists/{self.settings.audience}/merge-fields"
        params = {"fields": "merge_fields.tag,merge_fields.type,total_items", "count": "1000"}
        try:
            found = await self._understood("GET", path, "merge_fields", params=params)
        except _NotFound as fault:
            raise Closed("no_audience", fault.detail) from None
        return {str(one.get("tag")): str(one.get("type")) for one in found["merge_fields"]}

    def _path(self, row: Row) -> str:
        # "The MD5 hash of the lowercase version of the list member's email address"
        address = row.identifiers["email"].lower()
        return (
            f"lists/{self.settings.audience}/members/{hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()}"
        )

    async def _understood(self, method: str, path: str, *names: str, **more: Any) -> dict[str, Any]:
        return (await self._call(method, path, **more)).object(*names)

    async def _call(
        self, method: str, path: str, *, payload: Any = None, params: Mapping[str, str] | None = None
    ) -> Reply:
        key = self.settings.api_key.get_secret_value()
        base = self.settings.base_url.rstrip("/") or f"https://{key.rpartition('-')[2]}.api.mailchimp.com"
        authorization = aiohttp.encode_basic_auth("tidegate", key)
        return await call(
            self.session,
            method,
            f"{base}/3.0/{path}",
            safe_to_repeat=True,
            headers={"Authorization": authorization},
            json=payload,
            params=params,
            judge=_judge,
            hide=(key, authorization.removeprefix("Basic ")),
        )


class _NotFound(Refused):
    pass


async def _each(places: Sequence[int], do: Callable[[int], Awaitable[Outcome]]) -> dict[int, Outcome]:
    """Some calls at a time; what befalls one is not the others' fate, but after Closed nothing more is tried."""
    outcomes: dict[int, Outcome] = {}
    for some in chunks(places, AT_ONCE):
        found = await asyncio.gather(*(do(place) for place in some), return_exceptions=True)
        for place, one in zip(some, found, strict=True):
            if isinstance(one, Outcome):
                outcomes[place] = one
            elif not isinstance(one, DestinationError) or isinstance(one, Closed) or len(places) == 1:
                raise one
            else:
                outcomes[place] = Outcome.of(one)
    return outcomes


def _unknown_object(name: str) -> Outcome:
    return Outcome.rejected("unknown_object", f"there is `member`, and no `{name}`"[:200])


def _value(kind: str, value: Any) -> Any:
    """As the merge field's type wants it; an empty text empties it (docs/merge-fields)."""
    if value is None:
        return ""
    at = moment(value)
    text = at.date().isoformat() if at else str(value)
    if kind == "birthday" and len(text) == 10 and text[4] == text[7] == "-":
        return f"{text[5:7]}/{text[8:]}"
    if kind == "date":
        return text
    if isinstance(value, (bool, list)):
        return str(value).lower() if isinstance(value, bool) else ", ".join(map(str, value))
    return at.isoformat(timespec="seconds") if at else value


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    if not isinstance(found, dict):
        return _NotFound("not_found", f"HTTP {reply.status}") if reply.status == 404 else None
    title = str(found.get("title") or "")
    told = [f"{one.get('field')}: {one.get('message')}" for one in found.get("errors") or () if isinstance(one, dict)]
    said = mask(" ".join([f"{reply.status} {title}", str(found.get("detail") or ""), *told]), reply.hide)
    if reply.status == 404:
        return _NotFound("not_found", said)
    if title in ("Compliance Related", "User Disabled", "API Key Invalid", "Wrong Datacenter"):
        return Closed("unauthorized", said)
    if reply.status in (400, 405, 414, 422) and title:
        return Refused("_".join(title.lower().split()), said)
    return None
