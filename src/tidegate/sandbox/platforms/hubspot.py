"""HubSpot's CRM API v3 as far as contacts, other records and static lists go (developers.hubspot.com/docs, 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_BATCH = 100
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]*")
_IDENTIFIERS = ("email", "external_id", "customer_id")
_KINDS = {"contact": "contacts", "company": "companies"}


class HubSpot(Emulation):
    connector = "hubspot"

    def routes(self) -> Sequence[Route]:
        records = "/crm/v3/objects/{kind}/batch"
        return [
            Route("GET", "/crm/v3/objects/{kind}", "list records", self.listing),
            Route("POST", f"{records}/read", "read records", self.read),
            Route("POST", f"{records}/{{write:upsert|create|update}}", "write records", self.write),
            Route("POST", f"{records}/archive", "archive records", self.archive),
            Route("GET", "/crm/v3/lists/object-type-id/{kind}/name/{name}", "find list", self.find_list),
            Route("POST", "/crm/v3/lists", "create list", self.create_list),
            Route("PUT", "/crm/v3/lists/{id}/memberships/{what:add|remove}", "change list", self.members),
        ]

    def throttled(self, after: float) -> Answer:
        said = _error(429, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.")
        more = {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}
        return Answer(429, {**said.body, **more}, super().throttled(after).headers)

    def failed(self, status: int) -> Answer:
        return _error(status, "INTERNAL_ERROR", "internal error")

    def unauthorized(self) -> Answer:
        return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        known = {id: str(one["value"]) for id, one in shelf.all("_known").items()}
        if target.mode == "list":
            ids = [id for id, name in shelf.lists().items() if name == target.name]
            return {known[one["record_id"]]: {} for id in ids for one in shelf.members(id) if one["record_id"] in known}
        kind = _KINDS.get(target.name, target.name)
        return {
            known[id]: {name: value for name, value in record.items() if value and name not in _IDENTIFIERS}
            for id, record in shelf.all(kind).items()
            if id in known
        }

    def listing(self, call: Call) -> Answer:
        self._check(call)
        limit = int(call.query.get("limit", "10"))
        records = list(call.shelf.all(call.parts["kind"]).items())[:limit]
        return Answer(200, {"results": [_shown(id, record) for id, record in records]})

    def read(self, call: Call) -> Answer:
        self._check(call)
        body = call.json()
        key, found, missing = body.get("idProperty"), [], []
        for one in _inputs(body):
            id = _find(call.shelf, call.parts["kind"], key, one["id"])
            if id is None:
                missing.append(one["id"])
                continue
            if key:
                call.shelf.put("_known", id, {"value": one["id"]})
            record = call.shelf.get(call.parts["kind"], id) or {}
            found.append(_shown(id, {name: value for name, value in record.items() if name in body["properties"]}))
        errors = [_fault("OBJECT_NOT_FOUND", "Could not get some objects", ids=missing)] if missing else []
        return _batch(200, found, errors)

    def write(self, call: Call) -> Answer:
        self._check(call)
        kind, write, inputs = call.parts["kind"], call.parts["write"], _inputs(call.json())
        _refuse_duplicates(inputs)
        for one in inputs:
            if unknown := [name for name in one["properties"] if not _PROPERTY.fullmatch(name)]:
                raise Declined(_no_property(unknown[0]))
        if write == "update" and any(one.get("idProperty") == "email" for one in inputs):
            return _error(400, "VALIDATION_ERROR", "Unable to perform update/upsert by non-unique 0-1 property email")
        taken = call.take([_of_whom(call.shelf, write, one) for one in inputs])
        good, results, errors = set(taken.good), [], []
        for place, one in enumerate(inputs):
            trace, key = one.get("objectWriteTraceId"), "email" if write == "create" else one.get("idProperty")
            value = one["properties"].get(key, "") if write == "create" else one["id"]
            id = _find(call.shelf, kind, key, value)
            fault = _wrong(write, key, value, id, taken.refused.get(place))
            if fault and not trace:
                raise Declined(_error(400, *fault))
            if fault:
                errors.append(_fault(*fault, objectWriteTraceId=[trace]))
                continue
            # what a fault keeps from being taken is answered for all the same: the answer is lost
            new, id = id is None, id or str(1000 + call.shelf.number())
            # "Partial upserts are not supported when using `email`": what is not given may be lost.
            held = None if write == "upsert" and key == "email" else call.shelf.get(kind, id)
            properties = {**(held or {str(key): value}), **one["properties"]}
            if place in good:
                call.shelf.put(kind, id, properties)
                if key is not None:
                    call.shelf.put("_known", id, {"value": value})
            results.append({**_shown(id, properties), "new": new, "objectWriteTraceId": trace})
        took = len(good - set(taken.refused)) if not errors else len(results)
        return _batch(201 if write == "create" else 200, results, errors, took=took)

    def archive(self, call: Call) -> Answer:
        self._check(call)
        ids = [one["id"] for one in _inputs(call.json())]
        taken = call.take([_addresses(call.shelf, id) for id in ids])
        for place in taken.good:
            call.shelf.drop(call.parts["kind"], ids[place])
        return Answer(204, b"", took=len(taken.good))

    def find_list(self, call: Call) -> Answer:
        self._check(call)
        for id, name in call.shelf.lists().items():
            if name == call.parts["name"]:
                return Answer(200, {"list": _list(call.shelf, id, name)})
        return _error(404, "OBJECT_NOT_FOUND", f"List does not exist with name {call.parts['name']}.")

    def create_list(self, call: Call) -> Answer:
        self._check(call)
        body = call.json()
        if body.get("processingType") not in ("MANUAL", "SNAPSHOT", "DYNAMIC") or not body.get("name"):
            return _error(400, "VALIDATION_ERROR", "name, objectTypeId and processingType are required")
        if body["name"] in call.shelf.lists().values():
            return _error(400, "VALIDATION_ERROR", "A list with this name already exists.")
        id = str(call.shelf.number())
        call.shelf.new_list(id, body["name"], processingType=body["processingType"])
        return Answer(200, {"list": _list(call.shelf, id, body["name"])})

    def members(self, call: Call) -> Answer:
        self._check(call)
        id, given = call.parts["id"], [str(one) for one in call.json()]
        details = call.shelf.list_details(id)
        if details is None:
            return _error(404, "OBJECT_NOT_FOUND", f"List does not exist with ID {id}.")
        if details.get("processingType") == "DYNAMIC":
            return _error(400, "VALIDATION_ERROR", "Cannot manually change the members of a DYNAMIC list.")
        taken = call.take([_addresses(call.shelf, one) for one in given])
        changed, missing = [], [given[place] for place in taken.refused]
        for place in taken.good:
            record = call.shelf.get("contacts", given[place])
            who = {"record_id": given[place], **({"email": record["email"]} if record and record.get("email") else {})}
            if record is None:
                missing.append(given[place])
            elif (call.shelf.add if call.parts["what"] == "add" else call.shelf.remove)(id, who):
                changed.append(given[place])
        added, removed = (changed, []) if call.parts["what"] == "add" else ([], changed)
        body = {"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing}
        return Answer(200, body, took=len(taken.good))

    def _check(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _inputs(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise Declined(_error(400, "VALIDATION_ERROR", "inputs must not be empty"))
    if len(inputs) > _BATCH:
        raise Declined(_error(400, "VALIDATION_ERROR", f"The maximum number of inputs is {_BATCH}."))
    return inputs


def _refuse_duplicates(inputs: Sequence[Mapping[str, Any]]) -> None:
    ids = [str(one["id"]).casefold() for one in inputs if "id" in one]
    if len(set(ids)) < len(ids):
        raise Declined(_error(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input"))


def _wrong(write: str, key: str | None, value: str, id: str | None, ordered: str | None) -> tuple[str, str] | None:
    """Category and words of what is wrong with a row."""
    if ordered is not None:
        return "VALIDATION_ERROR", f"Property values were not valid: {ordered}"
    if key == "email" and not _ADDRESS.fullmatch(value):
        return "VALIDATION_ERROR", f"Property values were not valid: Email address {value} is invalid (INVALID_EMAIL)"
    if write == "update" and id is None:
        return "OBJECT_NOT_FOUND", "Could not find the object to update"
    if write == "create" and id is not None:
        return "CONFLICT", f"Contact already exists. Existing ID: {id}"
    return None


def _find(shelf: Shelf, kind: str, key: str | None, value: str) -> str | None:
    if key is None:
        return value if shelf.get(kind, value) is not None else None
    # Addresses are kept as they are sent, and found whatever their case.
    found = shelf.find(kind, **{key: value}) or (shelf.find(kind, **{key: value.lower()}) if key == "email" else [])
    return found[0][0] if found else None


def _addresses(shelf: Shelf, id: str) -> list[str]:
    known, record = shelf.get("_known", id) or {}, shelf.get("contacts", id) or {}
    return [str(value) for value in (known.get("value"), record.get("email")) if value]


def _of_whom(shelf: Shelf, write: str, one: Mapping[str, Any]) -> list[str]:
    if write == "create":
        return [str(one["properties"].get("email", ""))]
    return [one["id"]] if one.get("idProperty") else _addresses(shelf, one["id"])


def _shown(id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    at = _now()
    return {"id": id, "properties": dict(properties), "createdAt": at, "updatedAt": at, "archived": False}


def _list(shelf: Shelf, id: str, name: str) -> dict[str, Any]:
    kind = (shelf.list_details(id) or {}).get("processingType", "MANUAL")
    more = {"objectTypeId": "0-1", "processingStatus": "COMPLETE", "listVersion": 1}
    return {"listId": id, "name": name, "processingType": kind, **more}


def _batch(status: int, results: list[Any], errors: list[Any], *, took: int = 0) -> Answer:
    body = {"status": "COMPLETE", "results": results, "startedAt": _now(), "completedAt": _now()}
    if errors:
        return Answer(207, {**body, "numErrors": len(errors), "errors": errors}, took=took)
    return Answer(status, body, took=took)


def _fault(category: str, words: str, **context: list[Any]) -> dict[str, Any]:
    return {"status": "error", "category": category, "message": words, "context": context, "errors": [], "links": {}}


def _no_property(name: str) -> Answer:
    words = f'Property values were not valid: [{{"message":"Property \\"{name}\\" does not exist","name":"{name}"}}]'
    said = _error(400, "VALIDATION_ERROR", words)
    detail = {
        "message": f'Property "{name}" does not exist',
        "code": "PROPERTY_DOESNT_EXIST",
        "context": {"propertyName": [name]},
    }
    return Answer(400, {**said.body, "errors": [detail]})


def _error(status: int, category: str, words: str) -> Answer:
    body = {"status": "error", "message": words, "correlationId": str(uuid4()), "category": category}
    return Answer(status, body)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
