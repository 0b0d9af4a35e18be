"""Intercom as the sandbox plays it: contacts, one a call, tags, and events."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

KEYS = ("external_id", "email")
OWN = ("type", "id", "role", "archived", "tags", *KEYS)


class Intercom(Emulation):
    connector = "intercom"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/me", "read admin", self.me),
            Route("POST", "/contacts", "create contact", self.create),
            Route("POST", "/contacts/search", "search contacts", self.search),
            Route("GET", "/contacts/find_by_external_id/{external_id}", "find contact", self.find_contact),
            Route("PUT", "/contacts/{id}", "update contact", self.update),
            Route("DELETE", "/contacts/{id}", "delete contact", self.delete),
            Route("POST", "/contacts/{id}/unarchive", "unarchive contact", self.unarchive),
            Route("POST", "/contacts/{id}/tags", "tag contact", self.tag),
            Route("DELETE", "/contacts/{id}/tags/{tag}", "untag contact", self.untag),
            Route("GET", "/tags", "list tags", self.tags),
            Route("POST", "/tags", "create tag", self.create_tag),
            Route("POST", "/events", "submit event", self.event),
        ]

    def me(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        return Answer(200, {"type": "admin", "id": "1", "app": {"type": "app", "id_code": "sandbox"}})

    def create(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json()
        if not any(given.get(key) for key in KEYS):
            return _error(400, "parameter_invalid", "a user needs an external_id or an email")
        if known := _known(call.shelf, given):
            id, held = known
            kind = "An archived contact" if held.get("archived") else "A contact"
            return _error(409, "conflict", f"{kind} matching those details already exists with id={id}")
        if refused := call.take([_addresses(given)]).refused:
            return _error(400, "parameter_invalid", refused[0])
        id = f"{call.shelf.number():024x}"
        _write(call.shelf, id, {"type": "contact", "id": id, "custom_attributes": {}, "tags": []}, given)
        return Answer(200, call.shelf.get("contacts", id), took=1)

    def update(self, call: Call) -> Answer:
        return self._changed(call, lambda held: _write(call.shelf, held["id"], held, call.json()))

    def unarchive(self, call: Call) -> Answer:
        return self._changed(call, lambda held: call.shelf.put("contacts", held["id"], {**held, "archived": False}))

    def delete(self, call: Call) -> Answer:
        return self._changed(call, lambda held: call.shelf.drop("contacts", held["id"]))

    def tag(self, call: Call) -> Answer:
        tag = str(call.json().get("id"))
        if call.signed() and tag not in call.shelf.lists():
            return _error(404, "not_found", "Resource Not Found")
        return self._changed(call, lambda held: _tagged(call.shelf, held, tag, on=True), {"type": "tag", "id": tag})

    def untag(self, call: Call) -> Answer:
        tag = call.parts["tag"]
        if call.signed() and tag not in call.shelf.lists():
            return _error(404, "not_found", "Resource Not Found")
        return self._changed(call, lambda held: _tagged(call.shelf, held, tag, on=False), {"type": "tag", "id": tag})

    def _changed(self, call: Call, change: Any, answer: Mapping[str, Any] | None = None) -> Answer:
        if not call.signed():
            return self.unauthorized()
        held = call.shelf.get("contacts", call.parts["id"])
        if held is None:
            return _error(404, "not_found", "User Not Found")
        if refused := call.take([_addresses(held)]).refused:
            return _error(400, "parameter_invalid", refused[0])
        change(held)
        return Answer(200, answer or {"type": "contact", "id": held["id"]}, took=1)

    def find_contact(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        found = [one for _, one in call.shelf.find("contacts", **call.parts) if not one.get("archived")]
        return Answer(200, found[0]) if found else _error(404, "not_found", "User Not Found")

    def search(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        asked = call.json()["query"]
        if asked.get("operator") != "=":
            return _error(400, "parameter_invalid", "the sandbox searches with = only")
        found = call.shelf.find("contacts", **{asked["field"]: asked["value"]})
        data = [one for _, one in found if not one.get("archived")]
        return Answer(200, {"type": "list", "data": data, "total_count": len(data)})

    def tags(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        data = [{"type": "tag", "id": id, "name": name} for id, name in call.shelf.lists().items()]
        return Answer(200, {"type": "list", "data": data})

    def create_tag(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        name = call.json().get("name")
        if not name:
            return _error(400, "parameter_invalid", "name is required")
        call.take([])
        lists = call.shelf.lists()
        id = next((id for id, known in lists.items() if known.casefold() == name.casefold()), None)
        if id is None:
            id = str(call.shelf.number())
            call.shelf.new_list(id, name)
        return Answer(200, {"type": "tag", "id": id, "name": name})

    def event(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        body = call.json()
        person = str(body.get("user_id") or "")
        if not body.get("event_name") or not isinstance(body.get("created_at"), int):
            return _error(400, "parameter_invalid", "event_name and created_at are required")
        if not call.shelf.find("contacts", external_id=person):
            return _error(404, "not_found", "User Not Found")
        if refused := call.take([[person]]).refused:
            return _error(400, "parameter_invalid", refused[0])
        call.shelf.keep("crm", person, subject=str(body["event_name"]), text=body.get("metadata") or {})
        return Answer(202, took=1)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        contacts = [one for one in shelf.all("contacts").values() if not one.get("archived")]
        if target.mode == "list":
            tags = {id for id, name in shelf.lists().items() if name == target.name}
            return {_addresses(one)[0]: {} for one in contacts if tags & set(one["tags"])}
        return {_addresses(one)[0]: _traits(one) for one in contacts}

    def throttled(self, after: float) -> Answer:
        reset = math.ceil(time.time() + after)
        headers = {"X-RateLimit-Limit": "1667", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        answer = _error(429, "rate_limit_exceeded", "Exceeded rate limit of 1667 in 10_seconds")
        return Answer(429, answer.body, {**headers, "Retry-After": str(math.ceil(after))})

    def failed(self, status: int) -> Answer:
        return _error(status, "server_error", "Server Error")

    def unauthorized(self) -> Answer:
        return _error(401, "unauthorized", "Access Token Invalid")


def _known(shelf: Shelf, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """A contact with the same external_id; or with the same e-mail address, unless both have an external_id."""
    for key in KEYS:
        for id, held in shelf.find("contacts", **{key: given[key]}) if given.get(key) else ():
            if key == "external_id" or not (given.get("external_id") and held.get("external_id")):
                return id, held
    return None


def _write(shelf: Shelf, id: str, held: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    custom = {**held["custom_attributes"], **(given.get("custom_attributes") or {})}
    whole = {**held, **given, "custom_attributes": {name: v for name, v in custom.items() if v is not None}}
    shelf.put("contacts", id, {name: value for name, value in whole.items() if value is not None})


def _tagged(shelf: Shelf, held: Mapping[str, Any], tag: str, *, on: bool) -> None:
    tags = [one for one in held["tags"] if one != tag] + ([tag] if on else [])
    shelf.put("contacts", held["id"], {**held, "tags": tags})
    listed = {"extern_id": held.get("external_id"), "email": held.get("email")}
    who = {name: str(value) for name, value in listed.items() if value}
    (shelf.add if on else shelf.remove)(tag, who)


def _addresses(one: Mapping[str, Any]) -> list[str]:
    return [str(one[key]) for key in KEYS if one.get(key)]


def _traits(held: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in held.items() if name not in (*OWN, "custom_attributes")}
    return {**own, **held["custom_attributes"]}


def _error(status: int, code: str, words: str) -> Answer:
    return Answer(status, {"type": "error.list", "errors": [{"code": code, "message": words}]})
