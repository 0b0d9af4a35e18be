"""Customer lists in Meta's Marketing API: custom audiences kept equal to a segment.

Adding and removing are by key, so every call may be repeated. Meta says how many entries of a call it could
not use, not which: the whole call is then refused, and the delivery halves it until each row is judged.
As documented on developers.facebook.com/docs/marketing-api, read 2026-01 and 2026-11-22.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, Literal

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.rows import nothing_to_match_by
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.identifiers import PLATFORMS
from tidegate.mask import mask

# "You can add an unlimited number of records to an audience, but only up to 10000 at a time"
# (audiences/guides/custom-audiences, read 2026-11-22)
LARGEST_CALL = 10_000

# What the keys are called in `schema` ("Hashing and normalization for multi-key").
KEYS = {
    "email": "EMAIL",
    "phone": "PHONE",
    "first_name": "FN",
    "last_name": "LN",
    "first_initial": "FI",
    "city": "CT",
    "state": "ST",
    "postcode": "ZIP",
    "country": "COUNTRY",
    "birth_year": "DOBY",
    "birth_month": "DOBM",
    "birth_day": "DOBD",
    "gender": "GEN",
    "mobile_advertiser_id": "MADID",
    "external_id": "EXTERN_ID",
}

# Graph API and Marketing API error codes (graph-api/guides/error-handling; marketing-api/error-reference, updated
# 2025-12-11; overview/rate-limiting, updated 2026-05-05).
THROTTLED = {4, 17, 32, 341, 613, *range(80000, 80015)}
# 2650: "Failed to update the custom audience" (reference/custom-audience/users, read 2026-11-22): no row is at fault.
TRANSIENT = {1, 2, 2650}
UNAUTHORIZED = {10, 102, 190, 368, *range(200, 300)}


class MetaSettings(ConnectorSettings):
    ad_account: str = Field(pattern=r"^act_\d+$")
    access_token: SecretStr
    app_secret: SecretStr | None = None
    """Of the application that the token is of: each call then proves that it knows it, which the application may
    be set to require."""
    api_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$")
    customer_file_source: Literal["USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"] = (
        "USER_PROVIDED_ONLY"
    )
    """Where the addresses come from, which Meta shows to people who ask why they see an advertisement."""
    base_url: BaseUrl = "https://graph.facebook.com"


class MetaCustomAudiences(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    finds_profiles = True
    identifiers = PLATFORMS["meta"].identifiers
    Settings = MetaSettings
    settings: MetaSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=LARGEST_CALL, concurrency=2)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._lists = NamedLists(self._every_list, self._create)

    async def prove(self) -> str:
        page = await self._get({"fields": "id,name", "limit": "1"})
        return f"{self.settings.ad_account} can be read" + (", and has lists" if page["data"] else "")

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("POST", target, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("DELETE", target, rows)

    async def _change(self, method: str, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        keyed = [row for row in rows if any(row.identifiers.get(name) for name in KEYS)]
        list_id = await self._lists.id(target.name, create=method == "POST" and bool(keyed))
        if list_id is None:
            # Nobody can be on a list that does not exist.
            return [Outcome.accepted() if method == "DELETE" else nothing_to_match_by() for _ in rows]
        judged: dict[str, Outcome] = {}
        if keyed:
            outcome = await self._users(method, target.name, list_id, keyed)
            judged = {row.person: outcome for row in keyed}
        return [judged.get(row.person) or nothing_to_match_by() for row in rows]

    async def _users(self, method: str, name: str, list_id: str, rows: Sequence[Row]) -> Outcome:
        names = [key for key in KEYS if any(row.identifiers.get(key) for row in rows)]
        # "If you do not have a value for a key, pass an empty string" (multi-key)
        data = [[row.identifiers.get(key) or "" for key in names] for row in rows]
        payload = json.dumps({"schema": [KEYS[key] for key in names], "data": data}, separators=(",", ":"))
        try:
            reply = await self._call(method, f"{list_id}/users", form={"payload": payload})
        except _ListGone:
            raise self._lists.gone(name) from None
        found = reply.object("num_received", "num_invalid_entries")
        received, invalid = int(found["num_received"]), int(found["num_invalid_entries"])
        if invalid >= len(rows):
            return Outcome.rejected("invalid_entries", "Meta cannot use these identifiers")
        if invalid:
            raise Refused("invalid_entries", f"{invalid} of {len(rows)} entries")
        if received < len(rows):
            raise Retryable("partly_received", f"{received} of {len(rows)} entries")
        return Outcome.accepted(list_id)

    async def _create(self, name: str) -> str:
        form = {"name": name, "subtype": "CUSTOM", "customer_file_source": self.settings.customer_file_source}
        reply = await self._call("POST", f"{self.settings.ad_account}/customaudiences", form=form)
        return reply.told("id")

    async def _every_list(self) -> dict[str, str]:
        found: list[tuple[str, str]] = []
        asked = {"fields": "id,name,subtype", "limit": "500"}
        while True:
            page = await self._get(asked)
            # Names are not unique at Meta.
            ours = (one for one in page["data"] if one.get("subtype", "CUSTOM") == "CUSTOM" and "name" in one)
            found += [(one["name"], one["id"]) for one in ours]
            paging = page.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            if not paging.get("next") or not after or after == asked.get("after"):
                return oldest(found)
            asked["after"] = after

    async def _get(self, params: dict[str, str]) -> dict[str, Any]:
        found = (await self._call("GET", f"{self.settings.ad_account}/customaudiences", params=params)).object("data")
        if not isinstance(found["data"], list):
            raise Retryable("garbled", "the lists of the account are not a list")
        return found

    async def _call(
        self, method: str, path: str, *, form: dict[str, str] | None = None, params: dict[str, str] | None = None
    ) -> Reply:
        token = self.settings.access_token.get_secret_value()
        proof = self._proof(token)
        reply = await call(
            self.session,
            method,
            f"{self.settings.base_url}/{self.settings.api_version}/{path}",
            safe_to_repeat=True,
            # In a header: URLs end up in logs.
            headers={"Authorization": f"Bearer {token}"},
            form=None if form is None else {**form, **proof},
            params=params if form is not None else {**(params or {}), **proof},
            judge=_judge,
            hide=(token, *proof.values()),
        )
        # Meta also reports errors with status 200.
        fault = _judge(reply)
        if fault is not None:
            raise fault
        return reply

    def _proof(self, token: str) -> dict[str, str]:
        """`appsecret_proof` of a call: "a sha256 hash of your access token, using your app secret as the key"
        (docs/graph-api/guides/secure-requests, read 2026-11-22). Nobody can use it without the token."""
        if self.settings.app_secret is None:
            return {}
        secret = self.settings.app_secret.get_secret_value().encode()
        return {"appsecret_proof": hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()}


class _ListGone(Retryable):
    pass


def _judge(reply: Reply) -> DestinationError | None:
    error = reply.peek("error")
    if not isinstance(error, dict):
        return None
    code, subcode = error.get("code"), error.get("error_subcode")
    words = " ".join(str(error.get(key) or "") for key in ("message", "error_user_title", "error_user_msg"))
    said = mask(f"{code}{f'/{subcode}' if subcode else ''} {words}", reply.hide)
    if code in THROTTLED:
        return Retryable("throttled", said, _regained(reply))
    if code in UNAUTHORIZED:
        return Closed("unauthorized", said)
    if code in TRANSIENT or error.get("is_transient"):
        return Retryable("unavailable", said, reply.after)
    if subcode == 1713230:  # "Audience Upload Blocked": the list is flagged; others are not
        return Retryable("list_blocked", said)
    if code == 803 or (code == 100 and subcode == 33):  # the object does not exist
        return _ListGone("list_gone", said)
    if reply.status >= 500:
        return None
    return Refused(f"meta_{code}", said)


def _regained(reply: Reply) -> float | None:
    """Seconds until calls are taken again. Meta says it in minutes (overview/rate-limiting, read 2026-01)."""
    if reply.after is not None:
        return reply.after
    try:
        usage = json.loads(reply.headers.get("x-business-use-case-usage", "{}"))
        minutes = [one["estimated_time_to_regain_access"] for kinds in usage.values() for one in kinds]
        return max(minutes) * 60.0 if any(minutes) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
