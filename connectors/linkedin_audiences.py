"""Matched Audiences at LinkedIn: DMP segments of users, kept equal to a segment.

Users are streamed in batches in which each has a status of its own. Adding twice and removing whom LinkedIn does
not know both answer 201, so every call may be repeated.
As documented on learn.microsoft.com/en-us/linkedin/marketing/matched-audiences (create-and-manage-segments,
create-and-manage-segment-users) and in LinkedIn's Postman collection, read 2026-11-22.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import TokenOrApp, call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.rows import nothing_to_match_by
from tidegate.connector import Connector, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.identifiers import PLATFORMS
from tidegate.mask import mask

#: "up to 5,000 users in a batch" (create-and-manage-segment-users)
LARGEST_CALL = 5_000
ID_TYPES = {"email": "SHA256_EMAIL", "google_advertiser_id": "GOOGLE_AID"}
ABOUT = {
    "first_name": "firstName",
    "last_name": "lastName",
    "title": "title",
    "company": "company",
    "country": "country",
}


class LinkedInSettings(TokenOrApp):
    account: str = Field(pattern=r"^\d+$")
    """The number of the ad account (`urn:li:sponsoredAccount:...`)."""
    access_token: SecretStr | None = None
    """Of a person with a role on the account; or give `client_id`, `client_secret` and `refresh_token`."""
    source_platform: str = "API"
    """What LinkedIn has agreed with your application that its segments come from."""
    api_version: str = Field("202608", pattern=r"^20\d{4}$")
    """Year and month; LinkedIn serves each for a year."""
    settle_seconds: float = Field(5, ge=0, le=60)
    """How long a segment that was just created is left alone before users are added."""
    base_url: BaseUrl = "https://api.linkedin.com"
    token_url: str = Field("https://www.linkedin.com/oauth/v2/accessToken", pattern=r"^https?://")


class LinkedInAudiences(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    finds_profiles = True
    identifiers = PLATFORMS["linkedin"].identifiers
    Settings = LinkedInSettings
    settings: LinkedInSettings

    @property
    def limits(self) -> Limits:
        # "an application can make up to 600 requests per user within a minute"; the daily limits are each
        # application's own (Developer Portal, Quotas and usage).
        return Limits(batch=LARGEST_CALL, concurrency=2, per_second=10)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._access = self.settings.access()
        self._lists = NamedLists(self._every_segment, self._create)

    async def prove(self) -> str:
        await self._page(0, 1)
        return f"the segments of the account {self.settings.account} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("ADD", target.name, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("REMOVE", target.name, rows)

    async def _change(self, action: str, name: str, rows: Sequence[Row]) -> list[Outcome]:
        users = {place: user for place, row in enumerate(rows) if (user := _user(action, row))}
        segment = await self._lists.id(name, create=action == "ADD" and bool(users))
        if segment is None:
            # Nobody can be in a segment that does not exist.
            return [Outcome.accepted() if action == "REMOVE" else nothing_to_match_by() for _ in rows]
        judged: dict[int, Outcome] = {}
        if users:
            outcomes = await self._stream(name, segment, list(users.values()))
            judged = dict(zip(users, outcomes, strict=True))
        return [judged.get(place) or nothing_to_match_by() for place in range(len(rows))]

    async def _stream(self, name: str, segment: str, users: Sequence[Any]) -> list[Outcome]:
        more = {"X-RestLi-Method": "BATCH_CREATE"}
        try:
            reply = await self._call("POST", f"dmpSegments/{segment}/users", json={"elements": users}, headers=more)
        except _Gone:
            raise self._lists.gone(name) from None
        elements = _elements(reply)
        if len(elements) != len(users):
            raise Retryable("garbled", f"{len(elements)} statuses for {len(users)} users")
        return [_outcome(element, segment, reply) for element in elements]

    async def _every_segment(self) -> dict[str, str]:
        found: list[tuple[str, str]] = []
        start, size = 0, 100
        while True:
            segments = _elements(await self._page(start, size))
            # Segments of companies, and those that were uploaded as files, take no users.
            ours = [one for one in segments if isinstance(one, dict) and one.get("type") == "USER" and one.get("id")]
            found += [(str(one.get("name")), str(one["id"])) for one in ours]
            start += size
            if len(segments) < size:
                return oldest(found)

    async def _page(self, start: int, count: int) -> Reply:
        asked = {"q": "account", "account": self._account, "start": str(start), "count": str(count)}
        return await self._call("GET", "dmpSegments", params=asked)

    async def _create(self, name: str) -> str:
        body = {
            "name": name,
            "account": self._account,
            "type": "USER",
            "sourcePlatform": self.settings.source_platform,
            "destinations": [{"destination": "LINKEDIN"}],
        }
        reply = await self._call("POST", "dmpSegments", json=body)
        segment = reply.headers.get("x-restli-id") or reply.headers.get("x-linkedin-id")
        if not segment:
            raise Retryable("garbled", "a segment was created, and its id not told")
        # "After creating a DMP segment, wait 5 seconds for it to become available before adding users."
        await asyncio.sleep(self.settings.settle_seconds)
        return segment

    @property
    def _account(self) -> str:
        return f"urn:li:sponsoredAccount:{self.settings.account}"

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        always = {"LinkedIn-Version": self.settings.api_version, "X-Restli-Protocol-Version": "2.0.0"}
        return await call_with(
            self._access,
            self.session,
            method,
            f"{self.settings.base_url}/rest/{path}",
            safe_to_repeat=True,
            headers={**always, **(headers or {})},
            json=json,
            params=params,
            judge=_judge,
        )


class _Gone(Refused):
    pass


def _user(action: str, row: Row) -> dict[str, Any] | None:
    given = {name: value for name, value in row.identifiers.items() if value}
    ids = [{"idType": kind, "idValue": given[name]} for name, kind in ID_TYPES.items() if name in given]
    # "If no user id is given, the first and the last name must be" (create-and-manage-segment-users)
    if not ids and not {"first_name", "last_name"} <= given.keys():
        return None
    about = {theirs: given[ours] for ours, theirs in ABOUT.items() if ours in given}
    return {"action": action, **({"userIds": ids} if ids else {}), **about}


def _elements(reply: Reply) -> list[Any]:
    elements = reply.object("elements")["elements"]
    if not isinstance(elements, list):
        raise Retryable("garbled", f"HTTP {reply.status} without elements")
    return elements


def _outcome(element: Any, segment: str, reply: Reply) -> Outcome:
    status = element.get("status") if isinstance(element, dict) else None
    if not isinstance(status, int):
        return Outcome.retry("garbled", detail="a user without a status")
    if 200 <= status < 300:
        return Outcome.accepted(segment)
    error = element.get("error")
    said = mask(str(error.get("message") if isinstance(error, dict) else error or ""), reply.hide)
    if status == 429:
        return Outcome.retry("throttled", reply.after, said)
    if status >= 500:
        return Outcome.retry("unavailable", detail=said)
    return Outcome.rejected(f"linkedin_{status}", said)


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    words = found if isinstance(found, dict) else {}
    said = mask(f"{words.get('serviceErrorCode', '')} {words.get('message', reply.detail)}", reply.hide)
    if reply.status == 401:
        return Closed("unauthorized", said)
    if reply.status == 404:
        return _Gone("list_gone", said)
    if reply.status == 426:
        # "NONEXISTENT_VERSION": "Requested version 202501 is not active"
        return Closed("version_not_active", f"{said}; set `api_version` to a newer month")
    return None
