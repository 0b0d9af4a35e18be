"""Customer match lists at Microsoft Advertising (Campaign Management API v13, REST).

Items are added and removed by value, so every call may be repeated. A call carries one kind of item: the e-mail
addresses of a batch, then its telephone numbers, then your own ids. `PartialErrors` of an answer name the items that
were not taken, by their place.
As documented on learn.microsoft.com/en-us/advertising/campaign-management-service, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.lists import NamedLists, oldest
from tidegate.connecting.oauth import RefreshToken
from tidegate.connecting.rows import nothing_to_match_by
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.identifiers import PLATFORMS
from tidegate.mask import mask

#: Microsoft states no limit for ApplyCustomerListUserData ("N/A", campaign-management-service-operations); a body of
#: this many hashes is a third of a megabyte.
LARGEST_CALL = 5_000
SCOPE = "https://ads.microsoft.com/msads.manage offline_access"
KINDS = {"email": "Email", "phone": "Phone", "crm_id": "CRM"}

# What errors are called, with their codes (guides/operation-error-codes, read 2026-11-22); some come without the code.
THROTTLED = {"CallRateExceeded", "ConcurrentRequestOverLimit", 117, 207}
TRANSIENT = {"InternalError", 0}
UNAUTHORIZED = {
    "AuthenticationTokenExpired",
    "InvalidCredentials",
    "UserIsNotAuthorized",
    "InvalidDeveloperToken",
    105,
    106,
    109,
}
TERMS = {"TermsAndConditionsNotAccepted", "CustomerListTermsAndConditionsNotAccepted", 3913, 8003}


class MicrosoftSettings(ConnectorSettings):
    customer_id: str = Field(pattern=r"^\d+$")
    """The manager account."""
    account_id: str = Field(pattern=r"^\d+$")
    """The advertiser account that the lists belong to."""
    developer_token: SecretStr
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    customer_match_terms: Literal["accepted"] | None = None
    """`accepted` tells Microsoft so with each upload; without it they must have been accepted in the browser."""
    membership_days: int | None = Field(None, ge=1, le=390)
    """How long somebody stays on a list that is created; without it as Microsoft sets it."""
    base_url: BaseUrl = "https://campaign.api.bingads.microsoft.com"
    token_url: str = Field("https://login.microsoftonline.com/common/oauth2/v2.0/token", pattern=r"^https?://")


class MicrosoftAudiences(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    finds_profiles = True
    identifiers = PLATFORMS["microsoft"].identifiers
    Settings = MicrosoftSettings
    settings: MicrosoftSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=LARGEST_CALL, concurrency=2)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        known = self.settings
        self._oauth = RefreshToken(
            known.token_url,
            known.client_id,
            known.client_secret.get_secret_value(),
            known.refresh_token.get_secret_value(),
            more={"scope": SCOPE},
        )
        self._lists = NamedLists(self._every_list, self._create)

    async def prove(self) -> str:
        lists = await self._every_list()
        return f"the account {self.settings.account_id} can be read" + (", and has lists" if lists else "")

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("Add", target.name, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change("Remove", target.name, rows)

    async def _change(self, action: str, name: str, rows: Sequence[Row]) -> list[Outcome]:
        given = {
            kind: {place: value for place, row in enumerate(rows) if (value := row.identifiers.get(key))}
            for key, kind in KINDS.items()
        }
        list_id = await self._lists.id(name, create=action == "Add" and any(given.values()))
        if list_id is None:
            # Nobody can be on a list that does not exist.
            return [Outcome.accepted() if action == "Remove" else nothing_to_match_by() for _ in rows]
        outcomes: dict[int, Outcome] = {}
        for kind, items in given.items():
            if not items:
                continue
            refused = await self._apply(action, name, list_id, kind, list(items.values()))
            for index, place in enumerate(items):
                # One value that is taken is enough to be known by.
                if index not in refused:
                    outcomes[place] = Outcome.accepted(list_id)
                else:
                    outcomes.setdefault(place, refused[index])
        return [outcomes.get(place) or nothing_to_match_by() for place in range(len(rows))]

    async def _apply(self, action: str, name: str, list_id: str, kind: str, items: Sequence[str]) -> dict[int, Outcome]:
        """Apply one kind of item; the outcomes of those that were not taken, by their place."""
        data: dict[str, Any] = {
            "AudienceId": list_id,
            "ActionType": action,
            "CustomerListItemSubType": kind,
            "CustomerListItems": items,
        }
        if self.settings.customer_match_terms:
            data["AcceptCustomerMatchTerm"] = True
        try:
            reply = await self._call("CustomerListUserData/Apply", {"CustomerListUserData": data})
        except _Gone:
            raise self._lists.gone(name) from None
        refused: dict[int, Outcome] = {}
        for error in _partial_errors(reply):
            fault = _judged(error, reply)
            index = error.get("Index")
            if not isinstance(fault, Refused) or not isinstance(index, int) or not 0 <= index < len(items):
                raise fault
            refused[index] = Outcome.of(fault)
        return refused

    async def _every_list(self) -> dict[str, str]:
        reply = await self._call("Audiences/QueryByIds", {"Type": "CustomerList"})
        audiences = reply.object("Audiences")["Audiences"]
        if not isinstance(audiences, list):
            raise Retryable("garbled", "the audiences of the account are not a list")
        return oldest(
            (str(one["Name"]), str(one["Id"])) for one in audiences if isinstance(one, dict) and one.get("Id")
        )

    async def _create(self, name: str) -> str:
        known = self.settings
        audience: dict[str, Any] = {
            "Type": "CustomerList",
            "Name": name,
            "Description": "Kept equal to a segment",
            "ParentId": known.account_id,
            "Scope": "Account",
        }
        if known.membership_days:
            audience["MembershipDuration"] = known.membership_days
        reply = await self._call("Audiences", {"Audiences": [audience]})
        errors = _partial_errors(reply)
        if errors:
            raise _judged(errors[0], reply)
        ids = reply.json().get("AudienceIds")
        if not isinstance(ids, list) or not ids or not ids[0]:
            raise Retryable("garbled", f"HTTP {reply.status} without AudienceIds")
        return str(ids[0])

    async def _call(self, path: str, body: Mapping[str, Any]) -> Reply:
        known, developer = self.settings, self.settings.developer_token.get_secret_value()
        return await call_with(
            self._oauth,
            self.session,
            "POST",
            f"{known.base_url}/CampaignManagement/v13/{path}",
            safe_to_repeat=True,
            headers={
                "DeveloperToken": developer,
                "CustomerId": known.customer_id,
                "CustomerAccountId": known.account_id,
            },
            json=body,
            judge=_judge,
            hide=(developer,),
        )


class _Gone(Refused):
    pass


def _partial_errors(reply: Reply) -> list[Mapping[str, Any]]:
    errors = reply.object("PartialErrors")["PartialErrors"]
    if not isinstance(errors, (list, type(None))):
        raise Retryable("garbled", f"HTTP {reply.status} without a list of PartialErrors")
    # Places that were taken may be null.
    return [error for error in errors or [] if isinstance(error, dict)]


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    errors = [
        error
        for name in ("Errors", "BatchErrors", "OperationErrors", "PartialErrors")
        for error in (found.get(name) or [] if isinstance(found, dict) else [])
        if isinstance(error, dict)
    ]
    if errors:
        return _judged(errors[0], reply)
    return None


def _judged(error: Mapping[str, Any], reply: Reply) -> DestinationError:
    code, name = error.get("Code"), str(error.get("ErrorCode") or "")
    said = mask(" ".join(str(part) for part in (code, name, error.get("Message")) if part is not None), reply.hide)
    called = {name, code}
    if called & THROTTLED:
        return Retryable("throttled", said, reply.after or 60.0)  # "wait 60 seconds" (guides/services-protocol)
    if called & UNAUTHORIZED:
        return Closed("unauthorized", said)
    if called & TERMS:
        return Closed("terms_not_accepted", f"{said}; accept them in the browser, or set `customer_match_terms`")
    if called & TRANSIENT:
        return Retryable("unavailable", said, reply.after)
    if "AudienceId" in name:
        return _Gone("list_gone", said)
    return Refused(f"microsoft_{code if code is not None else name}", said)
