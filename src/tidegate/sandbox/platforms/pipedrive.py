"""Pipedrive's API v2 as far as persons and their fields go (developers.pipedrive.com, 2026-11).

The account has the custom fields that `CUSTOM` lists, and those that are put on the shelf as `_fields`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

CUSTOM = {
    "External ID": "varchar",
    "Customer number": "varchar",
    "Score": "double",
    "Tier": "varchar",
    "Segment": "varchar",
    "City": "varchar",
    "Lifetime value": "double",
    "Orders": "int",
    "Last order": "date",
}
_STANDARD = {"name", "owner_id", "org_id", "visible_to", "label_ids", "marketing_status", "add_time", "update_time"}
_SHOWN = {"emails": "email", "phones": "phone"}
# Fields that shops keep their own id of a person in.
_OWN_IDS = ("External ID", "Customer number")


class Pipedrive(Emulation):
    connector = "pipedrive"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/api/v2/personFields", "list fields", self.fields),
            Route("GET", "/api/v2/persons/search", "search persons", self.search),
            Route("GET", "/api/v2/persons", "list persons", self.listing),
            Route("POST", "/api/v2/persons", "create person", self.create),
            Route("GET", r"/api/v2/persons/{id:\d+}", "show person", self.show),
            Route("PATCH", r"/api/v2/persons/{id:\d+}", "change person", self.change),
            Route("DELETE", r"/api/v2/persons/{id:\d+}", "delete person", self.delete),
        ]

    def throttled(self, after: float) -> Answer:
        said = super().throttled(after)
        return Answer(429, {"success": False, "error": "request over limit", "errorCode": 429}, said.headers)

    def failed(self, status: int) -> Answer:
        return _error(status, "Server error.")

    def unauthorized(self) -> Answer:
        return _error(401, "unauthorized access")

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        names = {field["field_code"]: field["field_name"] for field in _fields(shelf)}
        found = {}
        for id, known in shelf.all("_known").items():
            person = shelf.get("persons", id)
            if person is not None:
                custom = {names.get(code, code): value for code, value in (person.get("custom_fields") or {}).items()}
                custom = {name: value for name, value in custom.items() if name not in _OWN_IDS}
                traits = {**{name: value for name, value in person.items() if name in _STANDARD}, **custom}
                found[str(known["value"])] = {
                    name.lower(): value
                    for name, value in traits.items()
                    if value is not None and not (name == "name" and value == known["value"])
                }
        return found

    def fields(self, call: Call) -> Answer:
        self._check(call)
        return Answer(200, {"success": True, "data": _fields(call.shelf), "additional_data": {"next_cursor": None}})

    def listing(self, call: Call) -> Answer:
        self._check(call)
        persons = list(call.shelf.all("persons").items())[: int(call.query.get("limit", "100"))]
        return Answer(200, {"success": True, "data": [_shown(id, person) for id, person in persons]})

    def search(self, call: Call) -> Answer:
        self._check(call)
        term, where = call.query.get("term", "").casefold(), call.query.get("fields", "")
        if not term or call.query.get("exact_match") != "true":
            return _error(400, "term must be at least 2 characters long")
        items = [
            {"result_score": 1.0, "item": {"id": int(id), "type": "person", "name": person["name"]}}
            for id, person in call.shelf.all("persons").items()
            if term in (str(value).casefold() for value in _searched(person, where))
        ]
        return Answer(200, {"success": True, "data": {"items": items}, "additional_data": {"next_cursor": None}})

    def show(self, call: Call) -> Answer:
        return Answer(200, {"success": True, "data": _shown(call.parts["id"], self._person(call))})

    def create(self, call: Call) -> Answer:
        self._check(call)
        given = call.json()
        if not given.get("name"):
            return _error(400, "Name must be given.")
        return self._write(call, str(call.shelf.number()), {}, given, 201)

    def change(self, call: Call) -> Answer:
        return self._write(call, call.parts["id"], self._person(call), call.json(), 200)

    def delete(self, call: Call) -> Answer:
        person = self._person(call)
        taken = call.take([_addresses(call.shelf, call.parts["id"], person)])
        if taken.refused:
            return _error(400, taken.refused[0])
        if taken.good:
            call.shelf.drop("persons", call.parts["id"])
        return Answer(200, {"success": True, "data": {"id": int(call.parts["id"])}}, took=1)

    def _write(self, call: Call, id: str, before: Mapping[str, Any], given: Mapping[str, Any], status: int) -> Answer:
        custom = given.get("custom_fields") or {}
        known = {field["field_code"]: field for field in _fields(call.shelf)}
        if unknown := set(given) - _STANDARD - {"emails", "phones", "custom_fields"} | (set(custom) - set(known)):
            return _error(400, f"Validation failed: {sorted(unknown)[0]}: Parameter is not allowed")
        for code, value in custom.items():
            wanted: tuple[type, ...] = {"double": (int, float), "int": (int,)}.get(known[code]["field_type"], (object,))
            if value is not None and not isinstance(value, wanted):
                return _error(400, f"Validation failed: custom_fields.{code}: Expected a number")
        after = {**before, **given, "custom_fields": {**(before.get("custom_fields") or {}), **custom}}
        taken = call.take([_addresses(call.shelf, id, after)])
        if taken.refused:
            return _error(400, f"Validation failed: {taken.refused[0]}")
        if taken.good:
            call.shelf.put("persons", id, {**_own(after), **_whose(after)})
            if not before:
                call.shelf.put("_known", id, {"value": _addresses(call.shelf, id, after)[0]})
        return Answer(status, {"success": True, "data": _shown(id, after)}, took=1)

    def _person(self, call: Call) -> dict[str, Any]:
        self._check(call)
        person = call.shelf.get("persons", call.parts["id"])
        if person is None:
            raise Declined(_error(404, "Person not found"))
        return person

    def _check(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def key_of(name: str) -> str:
    """The 40 characters that a custom field of the sandbox is known by."""
    return hashlib.sha1(name.casefold().encode(), usedforsecurity=False).hexdigest()


def _fields(shelf: Shelf) -> list[dict[str, Any]]:
    listed = [("Name", "name", "varchar"), *((name, key_of(name), kind) for name, kind in CUSTOM.items())]
    fields: list[dict[str, Any]] = [
        {"field_name": name, "field_code": code, "field_type": kind, "options": None, "is_custom_field": code != "name"}
        for name, code, kind in listed
    ]
    return fields + list(shelf.all("_fields").values())


def _searched(person: Mapping[str, Any], where: str) -> list[Any]:
    if where == "custom_fields":
        return [value for value in (person.get("custom_fields") or {}).values() if value is not None]
    values = [one["value"] for one in person.get(f"{where}s") or ()]
    return [*values, *(re.sub(r"\D", "", value) for value in values)] if where == "phone" else values


def _addresses(shelf: Shelf, id: str, person: Mapping[str, Any]) -> list[str]:
    known = shelf.get("_known", id)
    own = [(person.get("custom_fields") or {}).get(key_of(name)) for name in _OWN_IDS]
    values = [one["value"] for kind in ("emails", "phones") for one in person.get(kind) or ()]
    return [str(value) for value in ((known or {}).get("value"), *values, *own) if value]


def _own(person: Mapping[str, Any]) -> dict[str, Any]:
    """What Pipedrive knows of a person, without what `_whose` adds."""
    return {name: value for name, value in person.items() if name not in (*_SHOWN.values(), "external_id")}


def _whose(person: Mapping[str, Any]) -> dict[str, str]:
    """For the page alone, which looks for people in values that are not nested."""
    custom = person.get("custom_fields") or {}
    # Of several the first one, and of one that is not there nothing.
    own = [str(custom[code]) for code in map(key_of, _OWN_IDS) if custom.get(code)]
    told = {
        "external_id": own,
        **{name: [one["value"] for one in person.get(kind) or ()] for kind, name in _SHOWN.items()},
    }
    return {name: values[0] for name, values in told.items() if values}


def _shown(id: str, person: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": int(id), "emails": [], "phones": [], "custom_fields": {}, **_own(person)}


def _error(status: int, words: str) -> Answer:
    body = {"success": False, "error": words, "error_info": "", "data": None, "additional_data": None}
    return Answer(status, body)
