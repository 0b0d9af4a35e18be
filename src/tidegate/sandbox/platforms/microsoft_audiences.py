"""Microsoft Advertising's Campaign Management API v13 by REST, as far as customer match lists go.

Shapes: github.com/BingAds/BingAds-Python-SDK, openapi_client/models/campaign, and
learn.microsoft.com/en-us/advertising/campaign-management-service (read 2026-11-22). Microsoft states
no number of items for a call ("N/A", campaign-management-service-operations), so none are too many.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_KINDS = {"Email": "email", "Phone": "phone", "CRM": "uid"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Microsoft(Emulation):
    connector = "microsoft_audiences"

    def routes(self) -> Sequence[Route]:
        root = "/CampaignManagement/v13"
        return [
            Route("POST", f"{root}/Audiences/QueryByIds", "fetch audiences", self.audiences),
            Route("POST", f"{root}/Audiences", "add audiences", self.create),
            Route("POST", f"{root}/CustomerListUserData/Apply", "apply customer list data", self.apply),
        ]

    def audiences(self, call: Call) -> Answer:
        given = self._given(call)
        if given.get("Type") != "CustomerList":
            raise Declined(_fault("InvalidAudienceType", 4844, "The sandbox knows customer lists."))
        wanted = given.get("AudienceIds")
        shown = [
            {"Id": id, "Name": name, "Type": "CustomerList", "ParentId": call.headers.get("customeraccountid")}
            for id, name in call.shelf.lists().items()
            if not wanted or id in map(str, wanted)
        ]
        return Answer(200, {"Audiences": shown, "PartialErrors": []})

    def create(self, call: Call) -> Answer:
        ids: list[str | None] = []
        errors: list[dict[str, Any]] = []
        for index, audience in enumerate(self._given(call).get("Audiences") or []):
            name = str(audience.get("Name") or "")
            if not name or audience.get("Type") != "CustomerList":
                errors.append(_error("InvalidAudience", 4801, "The audience is not valid.", index))
            elif name in call.shelf.lists().values():
                errors.append(_error("DuplicateAudienceName", 4826, "The name is taken.", index))
            else:
                id = str(800_000_000 + call.shelf.number())
                call.shelf.new_list(id, name)
                ids.append(id)
                continue
            ids.append(None)
        return Answer(200, {"AudienceIds": ids, "PartialErrors": errors})

    def apply(self, call: Call) -> Answer:
        data = self._given(call).get("CustomerListUserData") or {}
        id, kind, action = (str(data.get(name)) for name in ("AudienceId", "CustomerListItemSubType", "ActionType"))
        items = [str(item) for item in data.get("CustomerListItems") or []]
        if id not in call.shelf.lists():
            return _fault("InvalidAudienceId", 4803, "The audience ID is not valid.")
        if kind not in _KINDS or action not in ("Add", "Remove") or not items:
            return _fault("InvalidCustomerListUserData", 8001, "The customer list data is not valid.")
        taken = call.take([(item,) for item in items])
        errors: list[dict[str, Any]] = []
        took = 0
        for place, item in enumerate(items):
            if place in taken.refused:
                errors.append(_error("InvalidCustomerListItem", 8002, taken.refused[place], place))
            elif kind != "CRM" and not _SHA256.fullmatch(item):
                errors.append(_error("InvalidCustomerListItem", 8002, "The item is not a SHA-256.", place))
            elif place in taken.good:
                took += 1
                (call.shelf.add if action == "Add" else call.shelf.remove)(id, {_KINDS[kind]: item})
        return Answer(200, {"PartialErrors": errors}, took=took)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        id = next((id for id, name in shelf.lists().items() if name == target.name), None)
        return {value: {} for row in shelf.members(id) for value in row.values()} if id else {}

    def throttled(self, after: float) -> Answer:
        said = _fault("CallRateExceeded", 117, "You have exceeded the number of calls that you can make per minute.")
        return Answer(429, said.body, {"Retry-After": f"{after:.0f}"})

    def failed(self, status: int) -> Answer:
        return Answer(status, _fault("InternalError", 0, "An internal error has occurred.").body)

    def unauthorized(self) -> Answer:
        said = _fault("AuthenticationTokenExpired", 109, "Authentication token expired.")
        return Answer(401, said.body)

    def _given(self, call: Call) -> Mapping[str, Any]:
        if not call.signed():
            raise Declined(self.unauthorized())
        for header in ("developertoken", "customerid", "customeraccountid"):
            if not call.headers.get(header):
                raise Declined(_fault("UserIsNotAuthorized", 106, f"The header {header} is missing."))
        given: Mapping[str, Any] = call.json()
        return given


def _error(name: str, code: int, words: str, index: int) -> dict[str, Any]:
    return {"Type": "BatchError", "Code": code, "ErrorCode": name, "Index": index, "Message": words}


def _fault(name: str, code: int, words: str) -> Answer:
    error = {"Code": code, "ErrorCode": name, "Message": words}
    return Answer(400, {"TrackingId": "sandbox", "Type": "AdApiFaultDetail", "Errors": [error]})
