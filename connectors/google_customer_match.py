"""Customer Match lists of Google Ads and Display & Video 360, through Google's Data Manager API.

Adding and removing are by key, so every call may be repeated. Google checks the form of each row at once, and
names those that are wrong: they are rejected, and the rest is sent again without them. What it takes it judges
later: `requestId` is the job. Of rows that fail then Google gives the count for each reason and, since its discovery
document of 2026-11-06 has `recordIndices`, their places; no page says when it does. Where it does not, the rows are
left for the next run, to be sent again in smaller requests, until each is judged: who has left by then goes.
As documented on developers.google.com/data-manager/api, read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

import aiohttp
from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.oauth import GOOGLE, RefreshToken, ServiceAccount
from tidegate.connecting.rows import nothing_to_match_by
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.identifiers import PLATFORMS
from tidegate.mask import mask

SCOPE = "https://www.googleapis.com/auth/datamanager"
#: "10,000 AudienceMember resources in the audience_members list" (devguides/limits)
LARGEST_CALL = 10_000
#: what rows of a list are known by: one kind a list, and one kind a request (MULTIPLE_DATA_TYPES_NOT_ALLOWED)
KINDS = {"CONTACT_ID": "userData", "MOBILE_ID": "mobileData", "USER_ID": "userIdData"}
_ADDRESS = {"first_name": "givenName", "last_name": "familyName", "country": "regionCode", "postcode": "postalCode"}
_ROW = re.compile(r"audience_?members\[(\d+)\]", re.IGNORECASE)

# ErrorReason (reference/rest/v1/ErrorReason): what a person must mend, and what is not there (any more).
MEND = {"TERMS_AND_CONDITIONS_NOT_SIGNED", "DATA_PARTNER_USER_LIST_MUTATE_NOT_ALLOWED"}
GONE = {"INVALID_USER_LIST_ID", "INVALID_DESTINATION"}
# ProcessingErrorReason (discovery document, revision 20261106): these are Google's own trouble, or pass with time.
PASSING = {"INTERNAL_ERROR", "UNSPECIFIED", "DESTINATION_TOO_RECENTLY_CREATED"}

Consent = Literal["granted", "denied"]
AccountType = Literal["GOOGLE_ADS", "DISPLAY_VIDEO_ADVERTISER", "DISPLAY_VIDEO_PARTNER", "DATA_PARTNER"]


class GoogleSettings(ConnectorSettings):
    account: str = Field(pattern=r"^\d[\d-]*$")
    """The account that the lists belong to: for Google Ads the customer id, with hyphens or without."""
    account_type: AccountType = "GOOGLE_ADS"
    login_account: str | None = Field(None, pattern=r"^\d[\d-]*$")
    """The account through which the credentials have access, where that is another: a manager account."""
    login_account_type: AccountType = "GOOGLE_ADS"
    customer_match_terms: Literal["accepted"]
    """Google wants to be told with each upload that its Customer Match terms of service are accepted."""
    ad_user_data: Consent | None = None
    """Whether these people agree that their data is sent to Google for advertising."""
    ad_personalization: Consent | None = None
    """Whether these people agree to personalised advertising."""
    membership_days: int | None = Field(None, ge=1, le=540)
    """How long somebody stays on a list that is created, in days; without it as long as Google allows."""
    mobile_app_id: str | None = None
    mobile_platform: Literal["ANDROID", "IOS"] | None = None
    service_account_key: SecretStr | None = None
    """The text of the key file; or give `client_id`, `client_secret` and `refresh_token`."""
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    judged_after: float = Field(1800, ge=0)
    """Seconds after an upload until Google is first asked what became of it."""
    base_url: BaseUrl = "https://datamanager.googleapis.com"
    token_url: str = Field(GOOGLE, pattern=r"^https?://")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        person = (self.client_id, self.client_secret, self.refresh_token)
        if (self.service_account_key is None) != all(person) or (self.service_account_key and any(person)):
            raise ValueError("give either `service_account_key`, or `client_id`, `client_secret` and `refresh_token`")
        return self


class GoogleCustomerMatch(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    finds_profiles = True
    identifiers = PLATFORMS["google"].identifiers
    can_validate = True
    Settings = GoogleSettings
    settings: GoogleSettings

    @property
    def limits(self) -> Limits:
        # "Requests per minute: 300", "Requests per day: 100,000" (devguides/limits)
        return Limits(batch=LARGEST_CALL, concurrency=4, per_second=5, per_day=100_000)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        known = self.settings
        self._oauth: ServiceAccount | RefreshToken
        if known.service_account_key is not None:
            key = known.service_account_key.get_secret_value()
            self._oauth = ServiceAccount(key, [SCOPE], token_uri=known.token_url)
        else:
            assert known.client_id is not None
            assert known.client_secret is not None
            assert known.refresh_token is not None
            secret, refresh = known.client_secret.get_secret_value(), known.refresh_token.get_secret_value()
            self._oauth = RefreshToken(known.token_url, known.client_id, secret, refresh)
        self._kinds: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        self._lists = NamedLists(self._every_list, self._create_list)

    async def prove(self) -> str:
        await self._get(f"{self._account}/userLists", {"pageSize": "1"}, "userLists")
        return f"the lists of {self.settings.account} can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("ingest", target, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("remove", target, rows)

    async def validate_rows(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        kind = _kind_of(rows)
        list_id = await self._lists.id(target.name, create=False)
        if list_id is None:
            # What cannot be tried is whether this list takes the rows; that it can be created is.
            await self._new_list(target.name, kind or "CONTACT_ID", validate_only=True)
            return [Outcome.accepted() if _member(row, kind) else nothing_to_match_by() for row in rows]
        return await self._send("ingest", target, list_id, rows, validate_only=True)

    async def _change(self, verb: str, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        kind = _kind_of(rows)
        if kind is not None:
            self._wanted.setdefault(target.name, kind)
        list_id = await self._lists.id(target.name, create=verb == "ingest" and kind is not None)
        if list_id is None:
            # Nobody can be on a list that does not exist.
            return [Outcome.accepted() if verb == "remove" else nothing_to_match_by() for _ in rows]
        return await self._send(verb, target, list_id, rows)

    async def _send(
        self, verb: str, target: Target, list_id: str, rows: Sequence[Row], *, validate_only: bool = False
    ) -> list[Outcome]:
        members = {place: _member(row, self._kinds.get(list_id)) for place, row in enumerate(rows)}
        outcomes = {place: nothing_to_match_by() for place, member in members.items() if member is None}
        left = [place for place, member in members.items() if member is not None]
        while left:
            body = self._body(verb, list_id, [members[place] for place in left], validate_only)
            try:
                reply = await self._call("POST", f"audienceMembers:{verb}", json=body)
            except _RowsAtFault as fault:
                wrong = {left[place]: why for place, why in fault.rows.items() if place < len(left)}
                if not wrong:
                    raise
                outcomes |= {place: Outcome.rejected(*why) for place, why in wrong.items()}
                left = [place for place in left if place not in wrong]
                continue
            except _ListGone:
                raise self._lists.gone(target.name) from None
            taken = Outcome.accepted(list_id)
            if not validate_only:
                # How many it carried: what fails is named by its place among them.
                taken = Outcome.pending(f"{reply.told('requestId')} {len(left)}", self.settings.judged_after)
            outcomes |= dict.fromkeys(left, taken)
            break
        return [outcomes[place] for place in range(len(rows))]

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        request, _, carried = job.partition(" ")
        try:
            reply = await self._call("GET", "requestStatus:retrieve", params={"requestId": request})
        except _ListGone:
            return [Outcome.retry("job_lost") for _ in rows]
        found = reply.object("requestStatusPerDestination")["requestStatusPerDestination"]
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            raise Retryable("garbled", "a request without a status")
        status = found[0].get("requestStatus")
        if status == "SUCCESS":
            return [Outcome.accepted(request) for _ in rows]
        if status not in ("FAILED", "PARTIAL_SUCCESS"):
            return [Outcome.pending(job, self.settings.judged_after / 3) for _ in rows]
        failures = _failures(found[0].get("errorInfo"))
        each = _each(failures, request, len(rows)) if carried == str(len(rows)) else None
        return each or _together(failures, request, len(rows), all_failed=status == "FAILED")

    @property
    def _account(self) -> str:
        return _path(self.settings.account_type, self.settings.account)

    def _body(self, verb: str, list_id: str, members: Sequence[Any], validate_only: bool) -> dict[str, Any]:
        known = self.settings
        destination: dict[str, Any] = {
            "operatingAccount": {"accountType": known.account_type, "accountId": known.account.replace("-", "")},
            "productDestinationId": list_id,
        }
        if known.login_account:
            login = {"accountType": known.login_account_type, "accountId": known.login_account.replace("-", "")}
            destination["loginAccount"] = login
        body: dict[str, Any] = {"destinations": [destination], "audienceMembers": members, "encoding": "HEX"}
        if validate_only:
            body["validateOnly"] = True
        if verb == "ingest":
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
            given = {"adUserData": known.ad_user_data, "adPersonalization": known.ad_personalization}
            consent = {name: f"CONSENT_{value.upper()}" for name, value in given.items() if value}
            if consent:
                body["consent"] = consent
        return body

    async def _every_list(self) -> dict[str, str]:
        found: list[tuple[str, str]] = []
        asked = {"pageSize": "1000"}
        while True:
            page = await self._get(f"{self._account}/userLists", asked, "userLists")
            for one in page["userLists"]:
                kinds = (one.get("ingestedUserListInfo") or {}).get("uploadKeyTypes") or []
                kind = next((known for known in KINDS if known in kinds), None)
                if kind is not None and not one.get("readOnly"):
                    self._kinds[str(one["id"])] = kind
                    # A list may be named by its id too, which no renaming changes.
                    found += [(str(one["displayName"]), str(one["id"])), (str(one["id"]), str(one["id"]))]
            token = page.get("nextPageToken")
            if not token or token == asked.get("pageToken"):
                return oldest(found)
            asked["pageToken"] = str(token)

    async def _create_list(self, name: str) -> str:
        kind = self._wanted.get(name, "CONTACT_ID")
        list_id = (await self._new_list(name, kind, validate_only=False)).told("id")
        self._kinds[list_id] = kind
        return list_id

    async def _new_list(self, name: str, kind: str, *, validate_only: bool) -> Reply:
        known = self.settings
        details: dict[str, Any] = {"dataSourceType": "DATA_SOURCE_TYPE_FIRST_PARTY"}
        if kind == "MOBILE_ID":
            if not known.mobile_app_id or not known.mobile_platform:
                raise Closed("incomplete", "a list of mobile ids needs `mobile_app_id` and `mobile_platform`")
            details |= {"appId": known.mobile_app_id, "keySpace": known.mobile_platform}
        info = {"CONTACT_ID": "contactIdInfo", "MOBILE_ID": "mobileIdInfo", "USER_ID": "userIdInfo"}[kind]
        body: dict[str, Any] = {
            "displayName": name,
            "description": "Kept equal to a segment",
            "membershipStatus": "OPEN",
            "ingestedUserListInfo": {"uploadKeyTypes": [kind], info: details},
        }
        if known.membership_days:
            body["membershipDuration"] = f"{known.membership_days * 86_400}s"
        params = {"validateOnly": "true"} if validate_only else None
        return await self._call("POST", f"{self._account}/userLists", json=body, params=params)

    async def _get(self, path: str, params: dict[str, str], name: str) -> dict[str, Any]:
        found = (await self._call("GET", path, params=params)).object()
        # A page without lists is an empty object.
        if not isinstance(found.setdefault(name, []), list):
            raise Retryable("garbled", f"HTTP 200 without {name}")
        return found

    async def _call(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str] | None = None
    ) -> Reply:
        login = self.settings.login_account
        return await call_with(
            self._oauth,
            self.session,
            method,
            f"{self.settings.base_url}/v1/{path}",
            safe_to_repeat=True,
            headers={"login-account": _path(self.settings.login_account_type, login)} if login else {},
            json=json,
            params=params,
            judge=_judge,
        )


class _ListGone(Retryable):
    pass


class _RowsAtFault(Refused):
    """`rows`: the places of the rows that Google names, each with the reason and the words."""

    def __init__(self, rows: Mapping[int, tuple[str, str]], detail: str) -> None:
        super().__init__("invalid_argument", detail)
        self.rows = rows


class _Failure(NamedTuple):
    """Rows of a request that failed for one reason: how many, and their places, where Google says so."""

    reason: str
    total: int
    places: Sequence[int]


def _path(account_type: str, account: str) -> str:
    return f"accountTypes/{account_type}/accounts/{account.replace('-', '')}"


def _kind_of(rows: Sequence[Row]) -> str | None:
    """The kind of list for these rows: by contact, where any of them can be known so."""
    return next((kind for kind in KINDS if any(_member(row, kind) for row in rows)), None)


def _member(row: Row, kind: str | None) -> dict[str, Any] | None:
    given = {name: value for name, value in row.identifiers.items() if value}
    match kind:
        case "MOBILE_ID" if "mobile_advertiser_id" in given:
            return {"mobileData": {"mobileIds": [given["mobile_advertiser_id"]]}}
        case "USER_ID" if "user_id" in given:
            return {"userIdData": {"userId": given["user_id"]}}
        case "CONTACT_ID":
            found: list[dict[str, Any]] = []
            if "email" in given:
                found.append({"emailAddress": given["email"]})
            if "phone" in given:
                found.append({"phoneNumber": given["phone"]})
            # "Required" are all four (reference/rest/v1/UserData#AddressInfo).
            if _ADDRESS.keys() <= given.keys():
                found.append({"address": {theirs: given[ours] for ours, theirs in _ADDRESS.items()}})
            return {"userData": {"userIdentifiers": found}} if found else None
    return None


def _failures(info: Any) -> list[_Failure]:
    counts = info.get("errorCounts") if isinstance(info, dict) else None
    found = []
    for one in (one for one in counts or [] if isinstance(one, dict)):
        name = str(one.get("reason") or "UNSPECIFIED").removeprefix("PROCESSING_ERROR_").removeprefix("REASON_")
        places = [place for place in one.get("recordIndices") or [] if isinstance(place, int)]
        found.append(_Failure(name, int(one.get("recordCount") or 0), places))
    # "May not be populated in all cases."
    return found or [_Failure("UNSPECIFIED", 0, [])]


def _each(failures: Sequence[_Failure], request: str, rows: int) -> list[Outcome] | None:
    """What became of each row; None where Google does not name as many as it counts."""
    named = {place: one.reason for one in failures for place in one.places}
    if any(one.total != len(set(one.places)) or not one.places for one in failures) or not named.keys() <= {
        *range(rows)
    }:
        return None
    return [_failed([named[place]]) if place in named else Outcome.accepted(request) for place in range(rows)]


def _together(failures: Sequence[_Failure], request: str, rows: int, *, all_failed: bool) -> list[Outcome]:
    """Outcomes of rows of which some failed, and Google does not say which."""
    reasons = sorted({one.reason for one in failures})
    if rows == 1 or set(reasons) <= PASSING or (all_failed and len(reasons) == 1):
        return [_failed(reasons)] * rows
    # Four parts for each row that failed: few requests, and few rounds of half an hour.
    parts = min(rows, 4 * max(1, sum(one.total for one in failures)))
    names = (f"{request} part {place * parts // rows}" for place in range(rows))
    return [Outcome.retry("failed_in_part", detail=f"Google: {', '.join(reasons)}", together=name) for name in names]


def _failed(reasons: Sequence[str]) -> Outcome:
    said = f"Google: {', '.join(reasons)}"
    lasting = next((reason for reason in reasons if reason not in PASSING), None)
    return Outcome.rejected(lasting.lower(), said) if lasting else Outcome.retry("processing_failed", detail=said)


def _judge(reply: Reply) -> DestinationError | None:
    error = reply.peek("error")
    if not isinstance(error, dict):
        return None
    details = [one for one in error.get("details") or [] if isinstance(one, dict)]
    reason = next((str(one["reason"]) for one in details if one.get("reason")), str(error.get("status", "")))
    said = mask(f"{reason} {error.get('message', '')}", reply.hide)
    if reply.status == 401:
        return Closed("unauthorized", said)
    if reply.status == 429 or reason == "RESOURCE_EXHAUSTED":
        quota = next((str(meta.get("quota_limit", "")) for one in details if (meta := one.get("metadata"))), "")
        return Retryable("throttled", said, reply.after or (3600.0 if "PerDay" in quota else 60.0))
    if reason in GONE or reply.status == 404:
        return _ListGone("list_gone", said)
    if reason in MEND or reply.status == 403:
        return Closed(reason.lower() if reason in MEND else "unauthorized", said)
    if reason == "INVALID_USER_LIST_TYPE":
        return Retryable("wrong_kind_of_list", said)
    if reply.status >= 500:
        return None
    return _RowsAtFault(_violations(details, reply.hide), said)


def _violations(details: Sequence[Mapping[str, Any]], hide: tuple[str, ...]) -> dict[int, tuple[str, str]]:
    rows: dict[int, tuple[str, str]] = {}
    for one in details:
        for violation in one.get("fieldViolations") or []:
            place = _ROW.search(str(violation.get("field", ""))) if isinstance(violation, dict) else None
            if place:
                reason = str(violation.get("reason") or "invalid_argument").lower()
                rows.setdefault(int(place[1]), (reason, mask(str(violation.get("description", "")), hide)))
    return rows
