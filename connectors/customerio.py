"""People, manual segments and messages at Customer.io.

People and events go through the Track API (v2 batch), which names what it refused by its place in the batch.
Rows are by identifier, and events carry an id of which Customer.io takes the first only: both may be repeated.
Transactional messages and the names of segments are the App API's, which has a key of its own.
As documented on docs.customer.io/integrations/api (track, app), read 2026-11.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, Self
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.moments import moment
from tidegate.connecting.rows import by_key, nothing_to_match_by
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

# "You are limited to 1000 customer IDs per request" (track segments)
LARGEST_CALL = 1_000
# "each request within the batch must be 32kb or smaller, and the batch must be smaller than 500kb" (track v2, batch)
LARGEST_ENTITY = 32_000
LARGEST_BATCH = 480_000

IDENTIFIERS = {"external_id": Identifier("plain"), "email": Identifier("email"), "cio_id": Identifier("plain")}
KEYS = {"external_id": "id", "email": "email", "cio_id": "cio_id"}
OBJECTS = {"person", "people"}

HOSTS = {
    "us": ("https://track.customer.io", "https://api.customer.io"),
    "eu": ("https://track-eu.customer.io", "https://api-eu.customer.io"),
}


class CustomerioSettings(ConnectorSettings):
    site_id: str = Field(min_length=1)
    track_api_key: SecretStr
    app_api_key: SecretStr | None = None
    """For lists and transactional messages."""
    region: Literal["us", "eu"] = "us"
    send_as: Literal["event", "email", "push"] = "event"
    """What a message is: an event that triggers campaigns, or a transactional e-mail or push."""
    base_url: BaseUrl | None = None
    """The Track API; by default the region's."""
    app_url: BaseUrl | None = Field(None, json_schema_extra={"sandbox": "{base}"})
    """The App API; by default the region's, or `base_url` where that is given."""

    @model_validator(mode="after")
    def _app_key(self) -> Self:
        if self.send_as != "event" and self.app_api_key is None:
            raise ValueError(f"`send_as: {self.send_as}` needs `app_api_key`")
        return self


class Customerio(Connector):
    channel = "crm"
    modes = frozenset({"send", "list", "object"})
    identifiers = IDENTIFIERS
    #: no limit is stated (journeys/events, "Deduplicating events"): a day is as long as anything of ours waits to be
    #: sent again
    idempotent_for = timedelta(days=1)
    Settings = CustomerioSettings
    settings: CustomerioSettings

    def __init__(self, settings: CustomerioSettings) -> None:
        super().__init__(settings)
        # Only events have an id to be recognised by.
        if settings.send_as != "event":
            self.idempotent_for = None

    @property
    def limits(self) -> Limits:
        # "100 requests per second" is the fair use of the Track API and the limit of transactional messages
        # (customerio-apis); other App API calls, of which there are few, have 10.
        messages = LARGEST_CALL if self.settings.send_as == "event" else 1
        return Limits(batch=LARGEST_CALL, concurrency=8, per_second=100, messages=messages)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._segments = NamedLists(self._all_segments, self._create_segment)

    async def prove(self) -> str:
        found = (await self._track("GET", "accounts/region")).object()
        words = f"the Track key works; the account is in the region `{mask(str(found.get('data_center') or '?'))}`"
        if self.settings.app_api_key is None:
            return f"{words}; there is no `app_api_key`, so neither lists nor transactional messages"
        return f"{words}; the App key sees {len(await self._all_segments())} manual segments"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object":
            _only_people(target)
            return await self._people(rows, lambda row: _identified(row, row.traits))
        # "If you pass an id that does not belong to anybody in your workspace, we'll ignore it" (track segments): so
        # people are identified first.
        outcomes = await self._people(rows, lambda row: _identified(row, {}))
        known = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome.verdict == "accepted"]
        if known:
            segment = await self._segment(target.name, create=True)
            await self._members("add_customers", target.name, segment, known)
        return outcomes

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if target.mode == "object":
            _only_people(target)
            return await self._people(
                rows, lambda row: {"type": "person", "action": "delete", "identifiers": _who(row)}
            )
        segment = await self._segment(target.name, create=False)
        if segment is None:
            # Nobody can be on a list that does not exist.
            return [Outcome.accepted()] * len(rows)
        await self._members("remove_customers", target.name, segment, [row for row in rows if _who(row)])
        return [Outcome.accepted() if _who(row) else nothing_to_match_by() for row in rows]

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        if self.settings.send_as != "event":
            return await one_by_one(messages, self._transactional)
        return await self._batch([_event(message) for message in messages], safe_to_repeat=False)

    async def _transactional(self, message: Message) -> Outcome:
        campaign = str(message.content["campaign"])
        body: dict[str, Any] = {
            "transactional_message_id": int(campaign) if campaign.isdecimal() else campaign,
            "identifiers": {"id": message.person},
            "message_data": dict(message.content.get("properties") or {}),
        }
        if self.settings.send_as == "email":
            # `to` is required, and a message to somebody who is known there has no address of its own.
            address = await self._address(message.person)
            if not address:
                return Outcome.rejected("no_address", "Customer.io knows nobody by this id, or no address of theirs")
            body["to"] = address
        reply = await self._app("POST", f"send/{self.settings.send_as}", body, safe_to_repeat=False)
        return Outcome.accepted(reply.told("delivery_id"))

    async def _address(self, person: str) -> str | None:
        try:
            reply = await self._app("GET", f"customers/{quote(person, safe='')}/attributes")
        except _NotFound:
            return None
        customer = reply.object().get("customer")
        attributes = customer.get("attributes") if isinstance(customer, dict) else None
        return str(attributes.get("email") or "") if isinstance(attributes, dict) else None

    async def _people(self, rows: Sequence[Row], entity: Any) -> list[Outcome]:
        places = [place for place, row in enumerate(rows) if _who(row)]
        judged = await self._batch([entity(rows[place]) for place in places])
        found = dict(zip(places, judged, strict=True))
        return [found.get(place) or nothing_to_match_by() for place in range(len(rows))]

    async def _batch(self, entities: Sequence[Mapping[str, Any]], *, safe_to_repeat: bool = True) -> list[Outcome]:
        """One outcome each. What befalls one call is raised: all of them may be repeated, events for a time."""
        outcomes: list[Outcome] = [Outcome.accepted()] * len(entities)
        batch: list[int] = []
        size = 0
        for place, entity in enumerate(entities):
            length = len(json.dumps(entity, ensure_ascii=False).encode())
            if length > LARGEST_ENTITY:
                outcomes[place] = Outcome.rejected("too_large", f"{length} bytes; Customer.io takes {LARGEST_ENTITY}")
                continue
            if batch and size + length > LARGEST_BATCH:
                await self._call_batch(entities, batch, outcomes, safe_to_repeat)
                batch, size = [], 0
            batch.append(place)
            size += length
        if batch:
            await self._call_batch(entities, batch, outcomes, safe_to_repeat)
        return outcomes

    async def _call_batch(
        self, entities: Sequence[Any], places: Sequence[int], outcomes: list[Outcome], safe_to_repeat: bool
    ) -> None:
        batch = {"batch": [entities[place] for place in places]}
        reply = await self._track("POST", "batch", batch, version="v2", safe_to_repeat=safe_to_repeat)
        # Also with 200, not only with 207.
        for error in reply.object().get("errors") or ():
            index = error.get("batch_index") if isinstance(error, dict) else None
            said = mask(" ".join(str(error.get(key) or "") for key in ("field", "message")) if error else "")
            if not isinstance(index, int) or not 0 <= index < len(places):
                raise Refused("partly_refused", said)
            outcomes[places[index]] = Outcome.rejected(str(error.get("reason") or "invalid")[:60], said)

    async def _members(self, what: str, name: str, segment: str | None, rows: Sequence[Row]) -> None:
        for key, places in by_key(rows, KEYS).items():
            ids = [rows[place].identifiers[key] for place in places] if key else []
            for start in range(0, len(ids), LARGEST_CALL):
                path = f"segments/{segment}/{what}"
                params = {"id_type": KEYS[key or ""]}
                try:
                    some = {"ids": ids[start : start + LARGEST_CALL]}
                    (await self._track("POST", path, some, params=params)).object()
                except _NotFound:
                    gone = self._segments.gone(name)
                    if what == "add_customers":
                        raise gone from None

    async def _segment(self, name: str, *, create: bool) -> str | None:
        if self.settings.app_api_key is None:
            raise Unsupported("no_app_api_key", "segments are found by the App API: give `app_api_key`")
        return await self._segments.id(name, create=create)

    async def _create_segment(self, name: str) -> str:
        described = {"name": name, "description": "Kept equal to a segment of the warehouse by Tidegate"}
        made = (await self._app("POST", "segments", {"segment": described})).object("segment")["segment"]
        return str(made["id"])

    async def _all_segments(self) -> dict[str, str]:
        found = (await self._app("GET", "segments")).object("segments")["segments"] or ()
        return oldest((one["name"], str(one["id"])) for one in found if one.get("type") == "manual")

    async def _track(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str = "v1",
        params: dict[str, str] | None = None,
        safe_to_repeat: bool = True,
    ) -> Reply:
        key = self.settings.track_api_key.get_secret_value()
        authorization = aiohttp.encode_basic_auth(self.settings.site_id, key)
        base = self.settings.base_url or HOSTS[self.settings.region][0]
        return await call(
            self.session,
            method,
            f"{base}/api/{version}/{path}",
            safe_to_repeat=safe_to_repeat,
            headers={"Authorization": authorization},
            json=body,
            params=params,
            judge=_judge,
            hide=(key, authorization.removeprefix("Basic ")),
        )

    async def _app(self, method: str, path: str, body: Any = None, *, safe_to_repeat: bool = True) -> Reply:
        base = self.settings.app_url or self.settings.base_url or HOSTS[self.settings.region][1]
        assert self.settings.app_api_key is not None
        return await call_with(
            self.settings.app_api_key,
            self.session,
            method,
            f"{base}/v1/{path}",
            safe_to_repeat=safe_to_repeat,
            json=body,
            judge=_judge,
        )


class _NotFound(Refused):
    pass


def _who(row: Row) -> dict[str, str]:
    """The one identifier that decides who it is; the API takes no second."""
    return next(({KEYS[name]: value} for name, value in row.identifiers.items() if value and name in KEYS), {})


def _only_people(target: Target) -> None:
    if target.name.lower() not in OBJECTS:
        raise Unsupported(
            "no_such_object", f"Customer.io holds people here, not `{target.name}`; write `object: person`"
        )


def _identified(row: Row, traits: Mapping[str, Any]) -> dict[str, Any]:
    who = _who(row)
    others = {KEYS[name]: row.identifiers.get(name) for name in ("external_id", "email")}
    # Null removes an attribute: "we set an attribute to an empty string or null to remove it in Customer.io"
    # (integrations/data-in/connections/hubspot/delete, read 2026-11)
    attributes = {name: value for name, value in others.items() if value and name not in who}
    attributes |= {name: _value(value) for name, value in traits.items()}
    return {"type": "person", "action": "identify", "identifiers": who, "attributes": attributes}


def _value(value: Any) -> Any:
    """ "In order for any timestamp rule to work, you need to send the timestamps in unix (seconds since epoch) format"
    (docs.customer.io/journeys/faq-timestamps, read 2026-11)."""
    at = moment(value)
    return int(at.timestamp()) if at else value


def _event(message: Message) -> dict[str, Any]:
    return {
        "type": "person",
        "action": "event",
        "identifiers": {"id": message.person},
        "name": str(message.content["campaign"]),
        # "A valid ULID used to deduplicate events" (track v2, person event)
        "id": ulid(message.key),
        "attributes": dict(message.content.get("properties") or {}),
    }


def ulid(key: str) -> str:
    """A ULID that is always the same for a message key: its time is fixed, and its chance is the key's hash."""
    number = 1_700_000_000_000 << 80 | int.from_bytes(hashlib.sha256(key.encode()).digest()[:10], "big")
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> 5 * place & 31] for place in reversed(range(26)))


def _judge(reply: Reply) -> DestinationError | None:
    meta = reply.peek("meta")
    said = meta.get("error") or meta.get("errors") if isinstance(meta, dict) else None
    words = mask(f"HTTP {reply.status} {said or reply.detail}", reply.hide)
    if reply.status == 404:
        return _NotFound("not_found", words)
    return Refused("refused", words) if reply.status == 400 else None
