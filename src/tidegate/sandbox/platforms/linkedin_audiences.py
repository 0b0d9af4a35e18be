"""LinkedIn's DMP segments, as far as streaming users goes.

Shapes and statuses: learn.microsoft.com/en-us/linkedin/marketing/matched-audiences, LinkedIn's Postman collection
and its Rest.li protocol 2.0.0 (read 2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

LARGEST_CALL = 5_000
_FORMS = {"SHA256_EMAIL": ("email", r"[0-9a-f]{64}"), "GOOGLE_AID": ("madid", r"[0-9a-f-]{36}|v\d+")}


class LinkedIn(Emulation):
    connector = "linkedin_audiences"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/rest/dmpSegments", "find segments", self.segments),
            Route("POST", "/rest/dmpSegments", "create segment", self.create),
            Route("POST", "/rest/dmpSegments/{id}/users", "stream users", self.users),
        ]

    def segments(self, call: Call) -> Answer:
        self._let_in(call)
        if call.query.get("q") != "account" or not call.query.get("account", "").startswith("urn:li:sponsoredAccount:"):
            return _no(400, "Invalid query parameters passed to request")
        start, count = int(call.query.get("start", 0)), min(int(call.query.get("count", 10)), 100)
        held = [*call.shelf.lists().items()]
        shown = [
            {"id": int(id), "name": name, "account": call.query["account"], **_kind(call.shelf, id)}
            for id, name in held[start : start + count]
        ]
        return Answer(200, {"paging": {"start": start, "count": count, "links": []}, "elements": shown})

    def create(self, call: Call) -> Answer:
        self._let_in(call)
        given = call.json()
        needed = ("name", "account", "type", "sourcePlatform", "destinations")
        missing = [name for name in needed if not given.get(name)]
        if missing:
            return _no(422, f"ERROR :: /{missing[0]} :: field is required but not found")
        id = str(10_000 + call.shelf.number())
        call.shelf.new_list(id, str(given["name"]), type=given["type"])
        return Answer(201, b"", {"x-restli-id": id, "Location": f"/dmpSegments/{id}"})

    def users(self, call: Call) -> Answer:
        self._let_in(call)
        id = call.parts["id"]
        if id not in call.shelf.lists():
            return _no(404, f"DmpSegment {id} not found")
        elements = call.json().get("elements")
        if call.headers.get("x-restli-method", "").upper() != "BATCH_CREATE" or not isinstance(elements, list):
            return _no(400, "the sandbox takes users by BATCH_CREATE")
        if len(elements) > LARGEST_CALL:
            return _no(400, f"Batch size exceeds the maximum of {LARGEST_CALL}")
        known = [_identifiers(one) for one in elements]
        taken = call.take([tuple((one or {}).values()) for one in known])
        statuses: list[dict[str, Any]] = []
        took = 0
        for place, (element, person) in enumerate(zip(elements, known, strict=True)):
            wrong = taken.refused.get(place) or ("" if person else "ERROR :: /userIds :: no valid identifier")
            if wrong or not person:
                statuses.append({"status": 400, "error": {"status": 400, "message": wrong}})
                continue
            if place in taken.good:
                took += 1
                (call.shelf.add if element.get("action") == "ADD" else call.shelf.remove)(id, person)
            statuses.append({"status": 201})
        return Answer(200, {"elements": statuses}, took=took)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        id = next((id for id, name in shelf.lists().items() if name == target.name), None)
        return {next(iter(row.values())): {} for row in shelf.members(id)} if id else {}

    def throttled(self, after: float) -> Answer:
        words = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."
        return Answer(429, {"status": 429, "serviceErrorCode": 101, "message": words}, {"Retry-After": f"{after:.0f}"})

    def failed(self, status: int) -> Answer:
        return _no(status, "Internal Server Error")

    def unauthorized(self) -> Answer:
        return Answer(401, {"status": 401, "serviceErrorCode": 65600, "message": "Invalid access token"})

    def _let_in(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())
        if not re.fullmatch(r"20\d{4}", call.headers.get("linkedin-version", "")):
            raise Declined(_no(426, "Requested version is not active"))
        if call.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Declined(_no(400, "the sandbox speaks Rest.li 2.0.0"))


def _kind(shelf: Shelf, id: str) -> dict[str, Any]:
    return {"type": (shelf.list_details(id) or {}).get("type", "USER"), "status": "READY"}


def _identifiers(element: Mapping[str, Any]) -> dict[str, str] | None:
    """Who the user is; None where LinkedIn could not tell."""
    if element.get("action") not in ("ADD", "REMOVE"):
        return None
    found: dict[str, str] = {}
    for one in element.get("userIds") or []:
        name, form = _FORMS.get(str(one.get("idType")), ("", ""))
        if not name or not re.fullmatch(form, str(one.get("idValue"))):
            return None
        found[name] = str(one["idValue"])
    about = {name: str(element[name]) for name in ("firstName", "lastName", "company", "title") if element.get(name)}
    if not found and not {"firstName", "lastName"} <= about.keys():
        return None
    return found | about


def _no(status: int, words: str) -> Answer:
    return Answer(status, {"status": status, "message": words})
