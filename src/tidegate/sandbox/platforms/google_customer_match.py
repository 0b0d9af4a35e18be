"""Google's Data Manager API: user lists, and requests that are checked at once and carried out later.

Shapes: datamanager v1, discovery revision 20261106; errors as in developers.google.com/data-manager/api
(devguides/errors, reference/rest/v1/ErrorReason), read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

LARGEST_CALL = 10_000
_DATA = {"CONTACT_ID": "userData", "MOBILE_ID": "mobileData", "USER_ID": "userIdData"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DAY = 86_400


class GoogleDataManager(Emulation):
    connector = "google_customer_match"

    def routes(self) -> Sequence[Route]:
        lists = "/v1/accountTypes/{type}/accounts/{account}/userLists"
        return [
            Route("GET", lists, "list user lists", self.lists),
            Route("POST", lists, "create user list", self.create),
            Route("POST", "/v1/audienceMembers:ingest", "ingest members", self.ingest),
            Route("POST", "/v1/audienceMembers:remove", "remove members", self.remove),
            Route("GET", "/v1/requestStatus:retrieve", "fetch request status", self.status),
        ]

    def lists(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        size, start = min(int(call.query.get("pageSize", 50)), 1000), int(call.query.get("pageToken", 0))
        held = list(call.shelf.lists().items())
        page = [_shown(call, list_id, name) for list_id, name in held[start : start + size]]
        body: dict[str, Any] = {"userLists": page} if page else {}
        if start + size < len(held):
            body["nextPageToken"] = str(start + size)
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json()
        name = str(given.get("displayName") or "")
        info = given.get("ingestedUserListInfo") or {}
        if not name or not info.get("uploadKeyTypes"):
            return _error(400, "REQUIRED_FIELD_MISSING", "Required field is missing.")
        if name in call.shelf.lists().values():
            return _error(400, "INVALID_ARGUMENT", "The display name is used by another user list.")
        if int(str(given.get("membershipDuration", "0s")).rstrip("s")) % _DAY:
            return _error(400, "INVALID_ARGUMENT", "The membership duration is not a multiple of 24 hours.")
        if call.query.get("validateOnly") == "true":
            return Answer(200, {})
        list_id = str(9_000_000_000 + call.shelf.number())
        call.shelf.new_list(list_id, name, kinds=list(info["uploadKeyTypes"]))
        return Answer(200, _shown(call, list_id, name))

    def ingest(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json()
        terms = (given.get("termsOfService") or {}).get("customerMatchTermsOfServiceStatus")
        if terms != "ACCEPTED":
            return _error(400, "TERMS_AND_CONDITIONS_NOT_SIGNED", "The required terms and conditions are not accepted.")
        return self._change(call, given, "ingest")

    def remove(self, call: Call) -> Answer:
        return self._change(call, call.json(), "remove") if call.signed() else self.unauthorized()

    def status(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        request = call.shelf.get("_requests", call.query.get("requestId", ""))
        if request is None:
            return _error(404, "NOT_FOUND", "Resource not found.", status="NOT_FOUND")
        status: dict[str, Any] = {"destination": request["destination"], "requestStatus": request["status"]}
        if request["errors"]:
            counts = [
                {"reason": reason, "recordCount": str(len(places)), "recordIndices": places}
                for reason, places in request["errors"].items()
            ]
            status["errorInfo"] = {"errorCounts": counts}
        return Answer(200, {"requestStatusPerDestination": [status]})

    def _change(self, call: Call, given: Mapping[str, Any], verb: str) -> Answer:
        members = given.get("audienceMembers") or []
        [destination] = given["destinations"]
        list_id = str(destination["productDestinationId"])
        details = call.shelf.list_details(list_id)
        if details is None:
            return _error(400, "INVALID_USER_LIST_ID", "The user list is not valid.")
        if not 1 <= len(members) <= LARGEST_CALL:
            return _error(400, "TOO_MANY_AUDIENCE_MEMBERS", "Maximum number of audience members is 10,000.")
        data = next(_DATA[kind] for kind in _DATA if kind in details["kinds"])
        if any(data not in member for member in members):
            return _error(400, "INVALID_USER_LIST_TYPE", "Type of the user list is not applicable for this request.")
        if data == "userData" and given.get("encoding") != "HEX":
            return _error(400, "INVALID_HEX_ENCODING", "The HEX encoded value is malformed.")
        known = [_identifiers(member) for member in members]
        wrong = {place: "INVALID_SHA256_FORMAT" for place, one in enumerate(known) if not _well_formed(one)}
        taken = call.take([tuple(one.values()) for one in known])
        violations = [
            _violation(place, reason, "The SHA256 encoded value is malformed.") for place, reason in wrong.items()
        ]
        violations += [_violation(place, "INVALID_FORMAT", words) for place, words in taken.refused.items()]
        if violations:
            return _error(400, "INVALID_ARGUMENT", "There was a problem with the request.", violations)
        if given.get("validateOnly"):
            return Answer(200, {})
        request = f"request-{call.shelf.number()}"
        errors = self._carry_out(call, list_id, verb, [known[place] for place in taken.good])
        failed = sum(map(len, errors.values()))
        status = "SUCCESS" if not failed else "FAILED" if failed == len(members) else "PARTIAL_SUCCESS"
        call.shelf.put("_requests", request, {"destination": destination, "status": status, "errors": errors})
        return Answer(200, {"requestId": request}, took=len(taken.good))

    def _carry_out(
        self, call: Call, list_id: str, verb: str, rows: Sequence[Mapping[str, str]]
    ) -> dict[str, list[int]]:
        """The places of rows that fail, by reason: those that the bookkeeping knows as found wanting only later."""
        errors: dict[str, list[int]] = {}
        late = call.shelf.all("_late")
        for place, row in enumerate(rows):
            reason = next((late[value]["reason"] for value in row.values() if value in late), None)
            if reason is not None:
                errors.setdefault(reason, []).append(place)
            elif verb == "ingest":
                call.shelf.add(list_id, row)
            else:
                call.shelf.remove(list_id, row)
        return errors

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        found = (list_id for list_id, name in shelf.lists().items() if target.name in (name, list_id))
        list_id = next(found, None)
        return {next(iter(row.values())): {} for row in shelf.members(list_id)} if list_id else {}

    def throttled(self, after: float) -> Answer:
        said = _error(429, "RESOURCE_EXHAUSTED", "Too many requests.", status="RESOURCE_EXHAUSTED")
        return Answer(429, said.body, {"Retry-After": f"{after:.0f}"})

    def failed(self, status: int) -> Answer:
        return _error(status, "INTERNAL_ERROR", "An internal error has occurred.", status="INTERNAL")

    def unauthorized(self) -> Answer:
        words = "Request had invalid authentication credentials."
        return _error(401, "ACCESS_TOKEN_TYPE_UNSUPPORTED", words, status="UNAUTHENTICATED")


def _shown(call: Call, list_id: str, name: str) -> dict[str, Any]:
    account = f"accountTypes/{call.parts['type']}/accounts/{call.parts['account']}"
    details = call.shelf.list_details(list_id) or {}
    return {
        "name": f"{account}/userLists/{list_id}",
        "id": list_id,
        "displayName": name,
        "membershipStatus": "OPEN",
        "accessReason": "OWNED",
        "ingestedUserListInfo": {"uploadKeyTypes": details.get("kinds", ["CONTACT_ID"])},
    }


def _identifiers(member: Mapping[str, Any]) -> dict[str, str]:
    if "mobileData" in member:
        return {"madid": str(member["mobileData"]["mobileIds"][0])}
    if "userIdData" in member:
        return {"uid": str(member["userIdData"]["userId"])}
    found: dict[str, str] = {}
    for one in member["userData"]["userIdentifiers"]:
        address = {name: str(value) for name, value in (one.get("address") or {}).items()}
        plain = {"email": one.get("emailAddress"), "phone": one.get("phoneNumber")}
        found |= {name: str(value) for name, value in plain.items() if value} | address
    return found


def _well_formed(row: Mapping[str, str]) -> bool:
    hashed = ("email", "phone", "givenName", "familyName")
    return bool(row) and all(_SHA256.fullmatch(row[name]) for name in hashed if name in row)


def _violation(place: int, reason: str, words: str) -> dict[str, str]:
    return {"field": f"audience_members.audience_members[{place}]", "reason": reason, "description": words}


def _error(
    code: int, reason: str, words: str, violations: Sequence[Any] = (), *, status: str = "INVALID_ARGUMENT"
) -> Answer:

    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "datamanager.googleapis.com",
    }
    details: list[dict[str, Any]] = [info]
    if violations:
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list(violations)})

    return Answer(code, {"error": {"code": code, "message": words, "status": status, "details": details}})
