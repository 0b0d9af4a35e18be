"""Customer.io as the sandbox plays it: the Track API's people, events and segments, and some of the App API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

KEYS = ("id", "email", "cio_id")


class Customerio(Emulation):
    connector = "customerio"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/api/v1/accounts/region", "read region", self.region),
            Route("POST", "/api/v2/batch", "batch", self.batch),
            Route("POST", "/api/v1/segments/{id}/add_customers", "add to segment", self.add),
            Route("POST", "/api/v1/segments/{id}/remove_customers", "remove from segment", self.remove),
            Route("GET", "/v1/segments", "list segments", self.segments),
            Route("POST", "/v1/segments", "create segment", self.create_segment),
            Route("GET", "/v1/customers/{id}/attributes", "read customer", self.customer),
            Route("POST", "/v1/send/email", "send transactional e-mail", self.send),
            Route("POST", "/v1/send/push", "send transactional push", self.send),
        ]

    def region(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        return Answer(200, {"url": "track.customer.io", "data_center": "us", "environment_id": 1})

    def batch(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        if len(call.asked.body) > 500_000:
            return _error(400, "payload exceeds the maximum of 500kb")
        given = call.json().get("batch") or []
        taken = call.take([[str(value) for value in one.get("identifiers", {}).values()] for one in given])
        errors = []
        for position, one in enumerate(given):
            reason, field, words = "invalid", "identifiers", taken.refused.get(position)
            if not words and len(one.get("identifiers", {})) != 1:
                reason, words = "required", "must have exactly one identifier"
            if words:
                errors.append({"batch_index": position, "reason": reason, "field": field, "message": words})
            elif position in taken.good:
                _act(call.shelf, one)
        body = {"errors": errors} if errors else {}
        return Answer(207 if errors else 200, body, took=len(taken.good))

    def add(self, call: Call) -> Answer:
        return self._change(call, on=True)

    def remove(self, call: Call) -> Answer:
        return self._change(call, on=False)

    def _change(self, call: Call, *, on: bool) -> Answer:
        if not call.signed():
            return self.unauthorized()
        ids = call.json().get("ids") or []
        if call.parts["id"] not in call.shelf.lists():
            return _error(404, "segment not found")
        if len(ids) > 1000:
            return _error(400, "at most 1000 ids a request")
        taken = call.take([[str(id)] for id in ids])
        if taken.refused:
            return _error(400, next(iter(taken.refused.values())))
        for position in taken.good:
            # ids that belong to nobody are ignored
            known = _find(call.shelf, {call.query.get("id_type", "id"): ids[position]})
            if known is not None:
                listed = _listed(call.shelf.get("people", known) or {})
                (call.shelf.add if on else call.shelf.remove)(call.parts["id"], listed)
        return Answer(200, {}, took=len(taken.good))

    def segments(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        return Answer(200, {"segments": [_segment(id, name) for id, name in call.shelf.lists().items()]})

    def create_segment(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        name = (call.json().get("segment") or {}).get("name")
        if not name:
            return _error(400, "name is required")
        call.take([])
        id = str(call.shelf.number())
        call.shelf.new_list(id, name)
        return Answer(200, {"segment": _segment(id, name)})

    def customer(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        known = _find(call.shelf, {"id": call.parts["id"]})
        if known is None:
            return Answer(404, {"errors": [{"detail": "customer not found", "status": "404"}]})
        held = call.shelf.get("people", known) or {}
        return Answer(200, {"customer": {"id": call.parts["id"], "attributes": held}})

    def send(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        body = call.json()
        push = call.asked.path.endswith("/push")
        person = str(next(iter(body.get("identifiers", {}).values()), ""))
        if not body.get("transactional_message_id") or not person or not (push or body.get("to")):
            return _error(400, "transactional_message_id, identifiers and to are required")
        if refused := call.take([[person, str(body.get("to", ""))]]).refused:
            return _error(400, refused[0])
        subject, text = str(body["transactional_message_id"]), body.get("message_data") or {}
        id = call.shelf.keep("crm", body.get("to") or person, subject=subject, text=text)
        return Answer(200, {"delivery_id": id, "queued_at": 1700000000}, took=1)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.mode == "object":
            people = shelf.all("people").values()
            return {_first(one): {k: v for k, v in one.items() if k not in KEYS} for one in people}
        ids = [id for id, name in shelf.lists().items() if name == target.name]
        return {str(one.get("extern_id") or one["email"]): {} for id in ids for one in shelf.members(id)}

    def failed(self, status: int) -> Answer:
        return _error(status, "internal error")

    def unauthorized(self) -> Answer:
        return _error(401, "Unauthorized request")


def _act(shelf: Shelf, one: Mapping[str, Any]) -> None:
    who = one["identifiers"]
    known = _find(shelf, who)
    match one["action"]:
        case "identify":
            id = known or f"cio{shelf.number():08d}"
            held = {**(shelf.get("people", id) or {"cio_id": id}), **who, **(one.get("attributes") or {})}
            shelf.put("people", id, {name: value for name, value in held.items() if value not in (None, "")})
        case "delete" if known is not None:
            shelf.drop("people", known)
        case "event":
            # of events with the same id the first counts
            key = str(one.get("id") or "")
            if not key or shelf.get("_events", key) is None:
                shelf.put("_events", key or f"event-{shelf.number()}", {"name": one.get("name")})
                person = str(next(iter(who.values())))
                shelf.keep("crm", person, subject=str(one.get("name")), text=one.get("attributes") or {}, key=key)


def _find(shelf: Shelf, who: Mapping[str, Any]) -> str | None:
    found = [id for name, value in who.items() for id, _ in shelf.find("people", **{name: value})]
    return found[0] if found else None


def _first(held: Mapping[str, Any]) -> str:
    return next(str(held[key]) for key in KEYS if held.get(key))


def _listed(held: Mapping[str, Any]) -> dict[str, str]:
    names = {"id": "extern_id", "email": "email"}
    return {names[key]: str(held[key]) for key in names if held.get(key)}


def _segment(id: str, name: str) -> dict[str, Any]:
    return {"id": int(id), "name": name, "type": "manual", "state": "finished"}


def _error(status: int, words: str) -> Answer:
    return Answer(status, {"meta": {"error": words}})
