"""Klaviyo as the sandbox plays it: profiles imported by jobs, lists, events that start flows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

KEYS = ("external_id", "email", "phone_number")
_ANY = re.compile(r"any\((\w+),(\[.*\])\)", re.DOTALL)
_EQUALS = re.compile(r"equals\((\w+),(\".*\")\)", re.DOTALL)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Klaviyo(Emulation):
    connector = "klaviyo"

    def routes(self) -> Sequence[Route]:
        jobs = "/api/profile-bulk-import-jobs"
        return [
            Route("GET", "/api/accounts", "read account", self.accounts),
            Route("GET", "/api/profiles", "find profiles", self.profiles),
            Route("POST", "/api/profile-import", "create or update profile", self.write_one),
            Route("POST", jobs, "import profiles", self.submit),
            Route("GET", f"{jobs}/{{id}}", "read import", self.job),
            Route("GET", f"{jobs}/{{id}}/import-errors", "read import errors", self.errors),
            Route("GET", "/api/lists", "find lists", self.lists),
            Route("POST", "/api/lists", "create list", self.create_list),
            Route("DELETE", "/api/lists/{id}/relationships/profiles", "remove profiles from list", self.take_off),
            Route("POST", "/api/events", "create event", self.event),
            Route("POST", "/api/data-privacy-deletion-jobs", "delete profile", self.delete),
        ]

    def accounts(self, call: Call) -> Answer:
        return self._refusal(call) or Answer(200, {"data": [{"type": "account", "id": "SANDBX"}]})

    def profiles(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        asked = _ANY.fullmatch(call.query.get("filter", ""))
        if not asked or asked[1] not in (*KEYS, "id"):
            return _error(400, "invalid", "the filter is not one that profiles take")
        size = int(call.query.get("page[size]", "20"))
        found = [one for value in json.loads(asked[2]) for one in call.shelf.find("profiles", **{asked[1]: value})]
        data = [{"type": "profile", "id": id, "attributes": {asked[1]: held[asked[1]]}} for id, held in found[:size]]
        return Answer(200, {"data": data, "links": {"self": "", "next": None, "prev": None}})

    def write_one(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        given = call.json()["data"]
        refused = call.take([_addresses(given)]).refused
        if words := refused.get(0) or _wrong(given):
            return _error(400, "invalid", words, "/data/attributes")
        id = _write(call.shelf, given)
        return Answer(201, {"data": {"type": "profile", "id": id, "attributes": given["attributes"]}}, took=1)

    def submit(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        data = call.json()["data"]
        given = data["attributes"]["profiles"]["data"]
        lists = [one["id"] for one in data.get("relationships", {}).get("lists", {}).get("data", [])]
        if len(given) > 10_000:
            return _error(400, "invalid", "at most 10000 profiles a job", "/data/attributes/profiles")
        if unknown := [id for id in lists if id not in call.shelf.lists()]:
            return _error(404, "not_found", f"A list with id {unknown[0]} does not exist.")
        taken = call.take([_addresses(one) for one in given])
        errors = []
        for position, one in enumerate(given):
            if words := taken.refused.get(position) or _wrong(one):
                errors.append(_import_error(position, words, one))
            elif position in taken.good:
                id = _write(call.shelf, one)
                for list_id in lists:
                    call.shelf.add(list_id, _listed(call.shelf.get("profiles", id) or {}))
        job_id = f"job-{call.shelf.number()}"
        call.shelf.put("_jobs", job_id, {"asked": 0, "total": len(given), "errors": errors})
        attributes = {"status": "queued", "created_at": "2026-01-01T00:00:00+00:00", "total_count": len(given)}
        body = {"data": {"type": "profile-bulk-import-job", "id": job_id, "attributes": attributes}}
        return Answer(202, body, took=len(given) - len(errors))

    def job(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        job = call.shelf.get("_jobs", call.parts["id"])
        if job is None:
            return _error(404, "not_found", "A bulk import job with that id does not exist.")
        # done when it is asked after for the second time
        call.shelf.put("_jobs", call.parts["id"], {**job, "asked": job["asked"] + 1})
        counts = {"total_count": job["total"], "failed_count": len(job["errors"]) if job["asked"] else 0}
        attributes = {"status": "complete" if job["asked"] else "processing", **counts}
        body = {"data": {"type": "profile-bulk-import-job", "id": call.parts["id"], "attributes": attributes}}
        return Answer(200, body)

    def errors(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        errors = (call.shelf.get("_jobs", call.parts["id"]) or {"errors": []})["errors"]
        start, size = int(call.query.get("page[cursor]", "0")), int(call.query.get("page[size]", "20"))
        end = start + size
        link = f"https://a.klaviyo.com/api/?page%5Bcursor%5D={end}" if end < len(errors) else None
        return Answer(200, {"data": errors[start:end], "links": {"self": "", "next": link, "prev": None}})

    def lists(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        asked = _EQUALS.fullmatch(call.query.get("filter", ""))
        wanted = json.loads(asked[2]) if asked else None
        data = [_list(id, name) for id, name in call.shelf.lists().items() if wanted in (None, name)]
        return Answer(200, {"data": data, "links": {"self": "", "next": None, "prev": None}})

    def create_list(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        call.take([])
        id, name = f"L{call.shelf.number()}", call.json()["data"]["attributes"]["name"]
        call.shelf.new_list(id, name)
        return Answer(201, {"data": _list(id, name)})

    def take_off(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        ids = [one["id"] for one in call.json()["data"]]
        if call.parts["id"] not in call.shelf.lists():
            return _error(404, "not_found", "A list with that id does not exist.")
        if len(ids) > 1000:
            return _error(400, "invalid", "at most 1000 profiles a call")
        held = [call.shelf.get("profiles", id) or {} for id in ids]
        taken = call.take([[str(one[key]) for key in KEYS if one.get(key)] for one in held])
        if taken.refused:
            return _error(400, "invalid", next(iter(taken.refused.values())))
        for position in taken.good:
            call.shelf.remove(call.parts["id"], _listed(held[position]))
        return Answer(204, took=len(taken.good))

    def event(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        given = call.json()["data"]["attributes"]
        who = given["profile"]["data"]["attributes"]
        person = next((str(who[key]) for key in KEYS if who.get(key)), "")
        metric = given["metric"]["data"]["attributes"]["name"]
        if not person:
            return _error(400, "invalid", "a profile needs an identifier", "/data/attributes/profile")
        if refused := call.take([[person]]).refused:
            return _error(400, "invalid", refused[0], "/data/attributes")
        key = str(given.get("unique_id") or "")
        # of one unique_id for a profile and metric the first event is recorded, the others are dropped
        if key and call.shelf.get("_events", f"{person}:{metric}:{key}"):
            return Answer(202)
        call.shelf.put("_events", f"{person}:{metric}:{key}", {"recorded": True})
        call.shelf.keep("crm", person, subject=metric, text=given.get("properties") or {}, key=key)
        return Answer(202, took=1)

    def delete(self, call: Call) -> Answer:
        if refusal := self._refusal(call):
            return refusal
        id = call.json()["data"]["attributes"]["profile"]["data"].get("id")
        held = call.shelf.get("profiles", str(id))
        if held is None:
            return _error(404, "not_found", "A profile with that id does not exist.")
        if refused := call.take([_addresses({"attributes": held})]).refused:
            return _error(400, "invalid", refused[0])
        call.shelf.drop("profiles", str(id))
        return Answer(202, took=1)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.mode == "object":
            return {_first(one): _traits(one) for one in shelf.all("profiles").values()}
        ids = [id for id, name in shelf.lists().items() if name == target.name]
        return {
            next(one[k] for k in ("extern_id", "email", "phone") if one.get(k)): {}
            for id in ids
            for one in shelf.members(id)
        }

    def _refusal(self, call: Call) -> Answer | None:
        if not call.signed():
            return self.unauthorized()
        if not call.headers.get("revision"):
            return _error(400, "invalid", "a revision header is required")
        return None

    def throttled(self, after: float) -> Answer:
        said = super().throttled(after)
        return Answer(429, _error(429, "throttled", "Request was throttled.").body, said.headers)

    def failed(self, status: int) -> Answer:
        return _error(status, "error", "A server error occurred.")

    def unauthorized(self) -> Answer:
        return _error(401, "authentication_failed", "Incorrect authentication credentials.")


def _addresses(one: Mapping[str, Any]) -> list[str]:
    return [str(one["attributes"][key]) for key in KEYS if one["attributes"].get(key)]


def _listed(held: Mapping[str, Any]) -> dict[str, str]:
    names = {"external_id": "extern_id", "email": "email", "phone_number": "phone"}
    return {names[key]: str(held[key]) for key in KEYS if held.get(key)}


def _wrong(one: Mapping[str, Any]) -> str:
    if not _addresses(one) and not one.get("id"):
        return "One of email, phone_number or external_id is required."
    email = one["attributes"].get("email")
    return "" if email is None or _EMAIL.fullmatch(str(email)) else "Invalid email address"


def _write(shelf: Shelf, given: Mapping[str, Any]) -> str:
    attributes = dict(given["attributes"])
    known = given.get("id") or next(
        (
            one[0][0]
            for key in KEYS
            if attributes.get(key) and (one := shelf.find("profiles", **{key: attributes[key]}))
        ),
        None,
    )
    id = str(known or f"01SANDBOX{shelf.number():08d}")
    held = shelf.get("profiles", id) or {}
    properties = {**held.get("properties", {}), **(attributes.pop("properties", None) or {})}
    location = {**held.get("location", {}), **(attributes.pop("location", None) or {})}
    for name in given.get("meta", {}).get("patch_properties", {}).get("unset", []):
        properties.pop(name, None)
    location = {name: value for name, value in location.items() if value is not None}
    whole = {**held, **attributes, "properties": properties, "location": location}
    shelf.put("profiles", id, {name: value for name, value in whole.items() if value is not None})
    return id


def _first(held: Mapping[str, Any]) -> str:
    return next(str(held[key]) for key in KEYS if held.get(key))


def _traits(held: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in held.items() if name not in (*KEYS, "properties", "location")}
    return {**own, **held["properties"], **{f"location_{name}": value for name, value in held["location"].items()}}


def _list(id: str, name: str) -> dict[str, Any]:
    return {"type": "list", "id": id, "attributes": {"name": name, "created": "2026-01-01T00:00:00+00:00"}}


def _import_error(position: int, words: str, given: Mapping[str, Any]) -> dict[str, Any]:
    source = {"pointer": f"/data/attributes/profiles/data/{position}/attributes"}
    told = {"code": "invalid", "title": "Invalid input.", "detail": words, "source": source}
    return {"type": "import-error", "id": f"e{position}", "attributes": {**told, "original_payload": dict(given)}}


def _error(status: int, code: str, words: str, pointer: str = "/data") -> Answer:
    error = {"id": "0", "status": status, "code": code, "title": words, "detail": words, "source": {"pointer": pointer}}
    return Answer(status, {"errors": [error]})
