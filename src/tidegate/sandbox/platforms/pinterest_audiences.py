"""Pinterest's API v5, as far as customer lists and the audiences made of them go.

Shapes: github.com/pinterest/api-description, v5 (CustomerListCreate, CustomerListUpdateWithRequiredBody, Audience),
read 2026-11-22. Unlike Pinterest the sandbox makes an audience of however few people.
Pinterest states no number of records for a call, so none are too many.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_NAMES = {"email": "email", "hashed_phone_number": "phone", "maid": "madid", "external_id": "extern_id"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TYPES = ("EMAIL", "IDFA", "MAID", "LR_ID", "DLX_ID", "HASHED_PINNER_ID")


class Pinterest(Emulation):
    connector = "pinterest_audiences"

    def routes(self) -> Sequence[Route]:
        root = "/ad_accounts/{account}"
        return [
            Route("GET", f"{root}/customer_lists", "list customer lists", self.lists),
            Route("POST", f"{root}/customer_lists", "create customer list", self.create),
            Route("PATCH", f"{root}/customer_lists/{{id}}", "update customer list", self.update),
            Route("GET", f"{root}/audiences", "list audiences", self.audiences),
            Route("POST", f"{root}/audiences", "create audience", self.make_audience),
        ]

    def lists(self, call: Call) -> Answer:
        self._let_in(call)
        return _page(call, [_shown(call, id, name) for id, name in call.shelf.lists().items()])

    def create(self, call: Call) -> Answer:
        self._let_in(call)
        given = call.json()
        if not given.get("name") or given.get("list_type", "EMAIL") not in _TYPES:
            return _no(400, 1, "Missing or invalid parameters")
        people = _people(given)
        good = self._taken(call, people)
        id = str(643_000 + call.shelf.number())
        call.shelf.new_list(id, str(given["name"]), type=given.get("list_type", "EMAIL"))
        for person in good:
            call.shelf.add(id, person)
        return Answer(200, _shown(call, id, str(given["name"])), took=len(good))

    def update(self, call: Call) -> Answer:
        self._let_in(call)
        given, id = call.json(), call.parts["id"]
        name = call.shelf.lists().get(id)
        if name is None:
            return _no(404, 4162, "Customer list not found.")
        if given.get("operation_type") not in ("ADD", "REMOVE"):
            return _no(400, 1, "operation_type is not one of ADD, REMOVE")
        good = self._taken(call, _people(given))
        for person in good:
            (call.shelf.add if given["operation_type"] == "ADD" else call.shelf.remove)(id, person)
        return Answer(200, _shown(call, id, name), took=len(good))

    def audiences(self, call: Call) -> Answer:
        self._let_in(call)
        return _page(call, [{"id": id, **held} for id, held in call.shelf.all("_audiences").items()])

    def make_audience(self, call: Call) -> Answer:
        self._let_in(call)
        given = call.json()
        list_id = str((given.get("rule") or {}).get("customer_list_id"))
        if given.get("audience_type") != "CUSTOMER_LIST" or list_id not in call.shelf.lists():
            return _no(400, 1408, "Invalid audience parameters")
        id = str(254_000 + call.shelf.number())
        held = {"name": given.get("name"), "audience_type": "CUSTOMER_LIST", "rule": {"customer_list_id": list_id}}
        call.shelf.put("_audiences", id, held)
        return Answer(200, {"id": id, "type": "audience", **held})

    def _taken(self, call: Call, people: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        taken = call.take([tuple(person.values()) for person in people])
        if taken.refused:
            # Pinterest names no records.
            raise Declined(_no(400, 1, next(iter(taken.refused.values()))))
        return [people[place] for place in taken.good]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        id = next((id for id, name in shelf.lists().items() if name == target.name), None)
        return {next(iter(row.values())): {} for row in shelf.members(id)} if id else {}

    def throttled(self, after: float) -> Answer:
        said = _no(429, 8, "You have exceeded your rate limit. Try again later.")
        return Answer(429, said.body, {"Retry-After": f"{after:.0f}"})

    def failed(self, status: int) -> Answer:
        return _no(status, 12, "Something went wrong on our end. Sorry about that.")

    def unauthorized(self) -> Answer:
        return _no(401, 2, "Authentication failed.")

    def _let_in(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _people(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Records by the kinds that they are of. Those of the older form do not say: each is a person of its own."""
    if ("records" in given) == ("records_v2" in given):
        raise Declined(_no(400, 1, "Provide exactly one of records or records_v2"))
    if "records" in given:
        found = [{"email": value} for value in str(given["records"]).split(",") if value]
    else:
        rows = given["records_v2"]
        if any(set(row) - set(_NAMES) for row in rows):
            raise Declined(_no(400, 1, "records_v2 has fields that the sandbox does not know"))
        found = [{_NAMES[name]: str(value) for name, value in row.items()} for row in rows]
    hashed = (value for row in found for name, value in row.items() if name != "extern_id")
    if not found or not all(found) or not all(_SHA256.fullmatch(value) for value in hashed):
        raise Declined(_no(400, 1, "Invalid records: the sandbox takes SHA-256"))
    return found


def _shown(call: Call, id: str, name: str) -> dict[str, Any]:
    account = call.parts["account"]
    return {"id": id, "ad_account_id": account, "name": name, "status": "PROCESSING", "type": "customerlist"}


def _page(call: Call, held: Sequence[dict[str, Any]]) -> Answer:
    size, start = int(call.query.get("page_size", 25)), int(call.query.get("bookmark", 0))
    if not 1 <= size <= 250:
        return _no(400, 1, "page_size must be from 1 to 250")
    more = str(start + size) if start + size < len(held) else None
    return Answer(200, {"items": held[start : start + size], "bookmark": more})


def _no(status: int, code: int, words: str) -> Answer:
    return Answer(status, {"code": code, "message": words})
