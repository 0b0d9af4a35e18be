"""Customer lists at Pinterest (API v5): kept equal to a segment, and made into audiences to advertise to.

Records are added and removed by value, so every call may be repeated. Pinterest says of a call whether it takes it,
never which record was at fault: what it refuses is halved by the delivery.
As described in github.com/pinterest/api-description (v5) and on developers.pinterest.com/docs, read 2026-11-22.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
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

#: Pinterest states no limit; a body of this many rows with two hashes each is not yet two megabytes.
LARGEST_CALL = 10_000
#: of a row in `records_v2` (CustomerListRecordRow)
FIELDS = {
    "email": "email",
    "phone": "hashed_phone_number",
    "mobile_advertiser_id": "maid",
    "external_id": "external_id",
}
#: "Can be any combination of emails, MAIDs, or IDFAs" (CustomerListUpdateRequest.records)
PLAIN = ("email", "mobile_advertiser_id")
#: USER_LIST_NOT_FOUND, "Customer list could not be found" (docs/reference/error-codes, read 2026-11-22)
NOT_THERE = {1001, 1018}


class PinterestSettings(TokenOrApp):
    ad_account: str = Field(pattern=r"^\d+$")
    access_token: SecretStr | None = None
    """With the scopes ads:read and ads:write; or give `client_id`, `client_secret` and `refresh_token`."""
    make_audience: bool = True
    """Whether a list is also made an audience of the same name, which advertisements need."""
    base_url: BaseUrl = "https://api.pinterest.com/v5"
    token_url: str = Field("https://api.pinterest.com/v5/oauth/token", pattern=r"^https?://")


class PinterestAudiences(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    finds_profiles = True
    identifiers = PLATFORMS["pinterest"].identifiers
    Settings = PinterestSettings
    settings: PinterestSettings

    @property
    def limits(self) -> Limits:
        # ads_write: 400 calls a minute for each user of an application with standard access, 1,000 a day with
        # trial access (docs/reference/rate-limits)
        return Limits(batch=LARGEST_CALL, concurrency=2, per_second=6)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._access = self.settings.access(in_header=True)
        self._lists = NamedLists(self._every_list, self._create)
        self._creating = asyncio.Lock()
        self._first: dict[str, Any] = {}
        self._made_of: dict[str, Any] | None = None
        self._with_audience: set[str] | None = None

    async def prove(self) -> str:
        await self._page("customer_lists", {"page_size": "1"})
        return f"the customer lists of the ad account {self.settings.ad_account} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("ADD", target.name, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("REMOVE", target.name, rows)

    async def _change(self, operation: str, name: str, rows: Sequence[Row]) -> list[Outcome]:
        keyed = [row for row in rows if any(row.identifiers.get(key) for key in FIELDS)]
        list_id = await self._lists.id(name, create=False)
        if list_id is None and operation == "REMOVE":
            return [Outcome.accepted() for _ in rows]  # nobody can be on a list that does not exist
        if keyed:
            records = _records(keyed)
            list_id = await self._list_made_of(records, name) if list_id is None else list_id
            await self._update(operation, name, list_id, records)
            if operation == "ADD" and self.settings.make_audience:
                await self._make_audience(list_id, name)
        done = {row.person: Outcome.accepted(list_id) for row in keyed}
        return [done.get(row.person) or nothing_to_match_by() for row in rows]

    async def _list_made_of(self, records: dict[str, Any], name: str) -> str:
        """The list, created with its first records where nobody has created it meanwhile."""
        async with self._creating:
            self._first = records
            list_id = await self._lists.id(name, create=True)
            assert list_id is not None
            return list_id

    async def _create(self, name: str) -> str:
        body = {"name": name, "list_type": "MAID" if self._first["maids"] else "EMAIL", **_sent(self._first)}
        list_id = _id(await self._call("POST", "customer_lists", json=body))
        self._made_of = self._first
        return list_id

    async def _update(self, operation: str, name: str, list_id: str, records: dict[str, Any]) -> None:
        if records is self._made_of:
            self._made_of = None
            return
        body = {"operation_type": operation, **_sent(records)}
        try:
            _id(await self._call("PATCH", f"customer_lists/{list_id}", json=body))
        except _Gone:
            raise self._lists.gone(name) from None

    async def _make_audience(self, list_id: str, name: str) -> None:
        # A list becomes an audience once Pinterest has found 100 of its people; until then it refuses, and the next
        # run asks again. The rows are on the list either way.
        with contextlib.suppress(DestinationError):
            if self._with_audience is None:
                self._with_audience = {
                    str((audience.get("rule") or {}).get("customer_list_id"))
                    async for audience in self._every("audiences")
                }
            if list_id in self._with_audience:
                return
            self._with_audience.add(list_id)
            body = {
                "ad_account_id": self.settings.ad_account,
                "name": name,
                "audience_type": "CUSTOMER_LIST",
                "rule": {"customer_list_id": list_id},
            }
            await self._call("POST", "audiences", json=body)

    async def _every_list(self) -> dict[str, str]:
        return oldest([(str(one.get("name")), str(one["id"])) async for one in self._every("customer_lists")])

    async def _every(self, kind: str) -> AsyncIterator[dict[str, Any]]:
        asked = {"page_size": "250"}
        while True:
            page = await self._page(kind, asked)
            for one in page["items"]:
                if isinstance(one, dict) and one.get("id"):
                    yield one
            bookmark = page.get("bookmark")
            if not bookmark or bookmark == asked.get("bookmark"):
                return
            asked["bookmark"] = str(bookmark)

    async def _page(self, kind: str, params: dict[str, str]) -> dict[str, Any]:
        found = (await self._call("GET", kind, params=params)).object("items")
        if not isinstance(found["items"], list):
            raise Retryable("garbled", f"HTTP 200 without items of {kind}")
        return found

    async def _call(self, method: str, path: str, *, json: Any = None, params: dict[str, str] | None = None) -> Reply:
        return await call_with(
            self._access,
            self.session,
            method,
            f"{self.settings.base_url}/ad_accounts/{self.settings.ad_account}/{path}",
            safe_to_repeat=True,
            json=json,
            params=params,
            judge=_judge,
        )


class _Gone(Refused):
    pass


def _records(rows: Sequence[Row]) -> dict[str, Any]:
    """What a call carries of the rows, and whether all of them are known by mobile ids alone (`maids`)."""
    given = [{key: value for key in FIELDS if (value := row.identifiers.get(key))} for row in rows]
    maids = all(list(one) == ["mobile_advertiser_id"] for one in given)
    if all(key in PLAIN for one in given for key in one):
        # The older form, which every application may use.
        return {"records": ",".join(value for one in given for value in one.values()), "maids": maids}
    return {"records_v2": [{FIELDS[key]: value for key, value in one.items()} for one in given], "maids": maids}


def _sent(records: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in records.items() if key != "maids"}


def _id(reply: Reply) -> str:
    list_id, exceptions = reply.told("id"), reply.peek("exceptions")
    if isinstance(exceptions, dict) and exceptions.get("code"):
        # A list comes back with what was wrong about the records.
        words = mask(str(exceptions.get("message", "")), reply.hide)
        kind = _Gone if exceptions["code"] in NOT_THERE else Refused
        raise kind(f"pinterest_{exceptions['code']}", words)
    return list_id


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    words = found if isinstance(found, dict) else {}
    said = mask(f"{words.get('code', '')} {words.get('message', reply.detail)}", reply.hide)
    if reply.status == 401:
        return Closed("unauthorized", said)
    if reply.status == 404 or (400 <= reply.status < 500 and words.get("code") in NOT_THERE):
        return _Gone("list_gone", said)
    if reply.status == 429:
        return Retryable("throttled", said, reply.after or 60.0)
    if 400 <= reply.status < 500 and reply.status not in (403, 408, 425) and words.get("code") is not None:
        return Refused(f"pinterest_{words['code']}", said)
    return None
