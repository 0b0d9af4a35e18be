"""Customer-file audiences at TikTok: custom audiences kept equal to a segment.

Rows travel as files: one is uploaded, then it makes a new audience, or is appended to one or removed from it.
All of that is by value, so every call may be repeated. TikTok says of a file whether it takes it, never which row
was at fault: what it refuses is halved by the delivery. It answers errors with HTTP 200 and a `code`.
Files are carried out later, and nobody tells of each; but an audience shows how many people it has and what went wrong
with it last, and so a change that cannot be carried out is seen.
As documented on business-api.tiktok.com/portal/docs (v1.3) and in github.com/tiktok/tiktok-business-api-sdk, read
2026-11-22.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.rows import nothing_to_match_by
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.identifiers import PLATFORMS
from tidegate.mask import mask

#: TikTok states no number of rows. Its help pages speak of less than 1 GB for a file, integrators of 50 MB
#: (docs.treasuredata.com, read 2026-11-22): this many rows are less than 12 MB, and few enough to be halved soon.
LARGEST_FILE = 50_000
#: "The APPEND, REMOVE and REPLACE operations will fail if the audience size is less than 1,000 after the operation"
#: (SDK, yml_files/dmp_custom_audience_update.yml)
SMALLEST_AUDIENCE = 1_000
#: "It takes 24-48 hours" until a file has become people (ads.tiktok.com/help/article/manage-custom-audience, May 2025)
SETTLED_AFTER = timedelta(hours=48)
#: "The supported headers are MAID, phone_SHA256, email_SHA256, MAID_SHA256, MAID_MD5" (docs?id=1747012327159809)
COLUMNS = {"email": "email_SHA256", "phone": "phone_SHA256", "mobile_advertiser_id": "MAID_SHA256"}

# Return codes (docs?id=1737172488964097, as quoted in public integrations; the page itself could not be read here).
THROTTLED = {40016, 40100, 40132, 40133}
UNAUTHORIZED = {40001, *range(40101, 40132)}
NOT_THERE = {40007}
# "Task error", "Task is not ready", "Write or update entity conflict. Retry may resolve this issue", "Internal service
# validation error"
PASSING = {40200, 40201, 40202, 40700}

_BOUNDARY = "tidegate-8f1d0c5e7a"


class TikTokSettings(ConnectorSettings):
    advertiser_id: str = Field(pattern=r"^\d+$")
    access_token: SecretStr
    retention_in_days: int | None = Field(None, ge=1, le=365)
    """How long an audience that is created lasts, from then; without it a year from its last change or use."""
    base_url: BaseUrl = "https://business-api.tiktok.com/open_api/v1.3"


class TikTokAudiences(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    finds_profiles = True
    identifiers = PLATFORMS["tiktok"].identifiers
    Settings = TikTokSettings
    settings: TikTokSettings

    @property
    def limits(self) -> Limits:
        # 10 calls a second and 600 a minute is what each application may do (docs?id=1740029171730433); an
        # upload is two calls.
        return Limits(batch=LARGEST_FILE, concurrency=2, per_second=10)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._first_file = ""
        self._spent: set[str] = set()  # files that lists were made of
        self._creating = asyncio.Lock()
        self._lists = NamedLists(self._every_audience, self._create)

    async def prove(self) -> str:
        asked = {"advertiser_ids": f'["{self.settings.advertiser_id}"]', "fields": '["name"]'}
        found = await self._call("GET", "advertiser/info/", params=asked)
        if not found.get("list"):
            raise Closed("unauthorized", f"the token gives no access to the advertiser {self.settings.advertiser_id}")
        return f"the advertiser {self.settings.advertiser_id} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("APPEND", target.name, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("REMOVE", target.name, rows)

    async def _change(self, action: str, name: str, rows: Sequence[Row]) -> list[Outcome]:
        keyed = [row for row in rows if any(row.identifiers.get(key) for key in COLUMNS)]
        done: dict[str, Outcome] = {}
        list_id = await self._lists.id(name, create=False)
        if list_id is None and action == "REMOVE":
            return [Outcome.accepted() for _ in rows]  # nobody can be on a list that does not exist
        if keyed:
            path = await self._upload(keyed)
            list_id = await self._list_made_of(path, name) if list_id is None else list_id
            outcome = await self._update(action, name, list_id, path)
            done = {row.person: outcome for row in keyed}
        return [done.get(row.person) or nothing_to_match_by() for row in rows]

    async def _list_made_of(self, path: str, name: str) -> str:
        """The list, created with its first file where nobody has created it meanwhile."""
        async with self._creating:
            self._first_file = path
            list_id = await self._lists.id(name, create=True)
            assert list_id is not None
            return list_id

    async def _update(self, action: str, name: str, list_id: str, path: str) -> Outcome:
        if path in self._spent:
            self._spent.discard(path)
            return Outcome.accepted(list_id)
        body = {"custom_audience_id": list_id, "file_paths": [path], "action": action}
        try:
            await self._call("POST", "dmp/custom_audience/update/", json=body)
        except _Gone:
            raise self._lists.gone(name) from None
        shown, _ = await self._page(1, custom_audience_ids=f'["{list_id}"]')
        audience = next((one for one in shown if str(one.get("audience_id")) == list_id), {})
        return _carried_out(audience, list_id, removing=action == "REMOVE")

    async def _create(self, name: str) -> str:
        known = self.settings
        body: dict[str, Any] = {
            "custom_audience_name": name,
            "file_paths": [self._first_file],
            "calculate_type": "MULTIPLE_TYPES",
        }
        if known.retention_in_days:
            body["retention_in_days"] = known.retention_in_days
        list_id = _text(await self._call("POST", "dmp/custom_audience/create/", json=body), "custom_audience_id")
        self._spent.add(self._first_file)
        return list_id

    async def _every_audience(self) -> dict[str, str]:
        found: list[tuple[str, str]] = []
        page, pages = 1, 1
        while page <= pages:
            shown, pages = await self._page(page)
            # Only what was made of files can be changed by files, and by its owner alone; lookalikes and audiences
            # that others share with the account have names like ours at times.
            found += [
                (str(one.get("name")), _text(one, "audience_id"))
                for one in shown
                if str(one.get("audience_type", "Customer File")).lower().startswith("customer")
                and one.get("is_creator") is not False
            ]
            page += 1
        return oldest(found)

    async def _page(self, page: int, **more: str) -> tuple[list[dict[str, Any]], int]:
        """Audiences of a page, and how many pages there are."""
        asked = {"advertiser_id": self.settings.advertiser_id, "page": str(page), "page_size": "100", **more}
        data = await self._call("GET", "dmp/custom_audience/list/", params=asked)
        audiences = data.get("list")
        if not isinstance(audiences, list):
            raise Retryable("garbled", "the audiences of the account are not a list")
        return audiences, int((data.get("page_info") or {}).get("total_page") or 1)

    async def _upload(self, rows: Sequence[Row]) -> str:
        names = [name for name in COLUMNS if any(row.identifiers.get(name) for row in rows)]
        lines = [",".join(COLUMNS[name] for name in names)]
        lines += [",".join(row.identifiers.get(name) or "" for name in names) for row in rows]
        file = "\n".join([*lines, ""]).encode()
        fields = {
            "advertiser_id": self.settings.advertiser_id,
            "calculate_type": "MULTIPLE_TYPES",
            "file_signature": hashlib.md5(file, usedforsecurity=False).hexdigest(),
        }
        return _text(await self._call("POST", "dmp/custom_audience/file/upload/", file=(fields, file)), "file_path")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        file: tuple[Mapping[str, str], bytes] | None = None,
    ) -> dict[str, Any]:
        """The `data` of an answer whose code says that all is well."""
        token = self.settings.access_token.get_secret_value()
        headers = {"Access-Token": token}
        if file is not None:
            headers["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
        reply = await call(
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=True,
            headers=headers,
            json=None if json is None else {"advertiser_id": self.settings.advertiser_id, **json},
            params=params,
            body=None if file is None else _multipart(*file),
            judge=_judge,
            hide=(token,),
        )
        found = reply.json()
        fault = _judge(reply)
        if fault is not None:
            raise fault
        data = found.get("data") if isinstance(found, dict) and found.get("code") == 0 else None
        if not isinstance(data, dict):
            raise Retryable("garbled", f"HTTP {reply.status} without code and data")
        return data


class _Gone(Refused):
    pass


def _carried_out(audience: Mapping[str, Any], list_id: str, *, removing: bool) -> Outcome:
    """Whether TikTok will do what it was just given, as far as the audience shows."""
    wrong, people = audience.get("error_msg"), audience.get("cover_num")
    if wrong:
        return Outcome.rejected("not_carried_out", mask(f"TikTok of the audience: {wrong}"))
    # One that is new may just not be counted yet. To send a removal again then costs a call; to believe in it, more.
    settling = not removing and _age(audience) < SETTLED_AFTER
    if isinstance(people, int) and people < SMALLEST_AUDIENCE and not settling:
        said = f"the audience has {people} people, and TikTok carries nothing out that leaves fewer than 1,000"
        return Outcome.rejected("audience_too_small", said)
    return Outcome.accepted(list_id)


def _age(audience: Mapping[str, Any]) -> timedelta:
    try:
        # "2019-04-14 06:52:56", GMT
        made = datetime.strptime(str(audience.get("create_time")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return timedelta()
    return datetime.now(UTC) - made


def _multipart(fields: Mapping[str, str], file: bytes) -> bytes:
    head = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    # "Only supports CSV and TXT files. The file suffixes should exactly be .csv or .txt" (SDK, file_upload.yml)
    head += (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    return b"".join([head.encode(), file, f"\r\n--{_BOUNDARY}--\r\n".encode()])


def _text(found: Mapping[str, Any], name: str) -> str:
    if not found.get(name):
        raise Retryable("garbled", f"HTTP 200 without {name}")
    return str(found[name])


def _judge(reply: Reply) -> DestinationError | None:
    code = reply.peek("code")
    if not isinstance(code, int) or code == 0:
        return None
    said = mask(f"{code} {reply.peek('message') or ''}", reply.hide)
    if code in THROTTLED:
        return Retryable("throttled", said, reply.after)
    if code in UNAUTHORIZED:
        return Closed("unauthorized", said)
    if code >= 50_000 or code in PASSING:
        return Retryable("unavailable", said, reply.after)
    if code in NOT_THERE:
        return _Gone(f"tiktok_{code}", said)
    return Refused(f"tiktok_{code}", said)
