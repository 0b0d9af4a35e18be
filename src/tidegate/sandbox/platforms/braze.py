"""Braze as the sandbox plays it: users, their array attributes, API-triggered campaigns."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

KEYS = ("external_id", "email", "phone")


class Braze(Emulation):
    connector = "braze"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/users/track", "track users", self.track),
            Route("POST", "/users/delete", "delete users", self.delete),
            Route("POST", "/campaigns/trigger/send", "trigger campaign", self.trigger),
            Route("GET", "/email/hard_bounces", "list hard bounces", self.bounces),
        ]

    def track(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json().get("attributes", [])
        if len(given) > 75:
            return _fatal("Max Input Length Exceeded")
        taken = call.take([[str(one[key]) for key in KEYS if one.get(key)] for one in given])
        errors = [
            {"type": words, "input_array": "attributes", "index": position} for position, words in taken.refused.items()
        ]
        kept = 0
        for position in taken.good:
            if not any(given[position].get(key) for key in KEYS):
                words = "'external_id' or 'user_alias' or 'braze_id' or 'email' or 'phone' is required"
                errors.append({"type": words, "input_array": "attributes", "index": position})
                continue
            _write(call.shelf, given[position])
            kept += 1
        if errors and len(errors) == len(given):
            words = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
            return Answer(400, {"message": words, "errors": errors})
        body: dict[str, Any] = {"message": "success", "attributes_processed": kept}
        return Answer(201, {**body, "errors": errors} if errors else body, took=kept)

    def delete(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        ids = call.json().get("external_ids", [])
        if not ids or len(ids) > 50:
            return _fatal("The max number of ids per request was exceeded")
        good = [ids[position] for position in call.take([[one] for one in ids]).good]
        for external_id in good:
            call.shelf.drop("users", external_id)
        return Answer(201, {"deleted": len(good), "message": "success"}, took=len(good))

    def trigger(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        body = call.json()
        recipients = body.get("recipients") or []
        if not body.get("campaign_id"):
            return _fatal("Invalid Campaign ID")
        if not recipients or len(recipients) > 50:
            return _fatal("No Recipients" if not recipients else "The max number of ids per request was exceeded")
        taken = call.take([[one["external_user_id"]] for one in recipients])
        for position in taken.good:
            one = recipients[position]
            call.shelf.keep(
                "crm", one["external_user_id"], subject=body["campaign_id"], text=one.get("trigger_properties") or {}
            )
        errors = [
            {"type": words, "input_array": "recipients", "index": position} for position, words in taken.refused.items()
        ]
        answer: dict[str, Any] = {"message": "success", "dispatch_id": f"{call.shelf.number():032x}"}
        return Answer(201, {**answer, "errors": errors} if errors else answer, took=len(taken.good))

    def bounces(self, call: Call) -> Answer:
        return Answer(200, {"emails": [], "message": "success"}) if call.signed() else self.unauthorized()

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        users = shelf.all("users")
        if target.mode == "object":
            return {id: {key: value for key, value in user.items() if key not in KEYS} for id, user in users.items()}
        return {
            id: {} for id, user in users.items() if any(target.name in v for v in user.values() if isinstance(v, list))
        }

    def throttled(self, after: float) -> Answer:
        reset = str(math.ceil(time.time() + after))
        headers = {"Retry-After": str(math.ceil(after)), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        return Answer(429, {"message": "Rate Limited"}, headers)

    def unauthorized(self) -> Answer:
        return Answer(401, {"message": "Invalid API Key"})


def _fatal(words: str) -> Answer:
    return Answer(400, {"message": words, "errors": [words]})


def _write(shelf: Shelf, given: dict[str, Any]) -> None:
    """Create or change the user that an attributes object means; external_id first, then email, then phone."""
    name = next(key for key in KEYS if given.get(key))
    known = shelf.find("users", **{name: given[name]})
    id, user = known[-1] if known else (str(given[name]), {})
    if not known and given.get("_update_existing_only"):
        return
    for key, value in given.items():
        if key == "_update_existing_only":
            continue
        if value is None:
            user.pop(key, None)
        elif isinstance(value, dict) and value.keys() <= {"add", "remove"}:
            array = [one for one in user.get(key, []) if one not in (*value.get("add", ()), *value.get("remove", ()))]
            user[key] = array + list(value.get("add", ()))
        else:
            user[key] = value
    shelf.put("users", id, user)
