"""A service of the user's own that receives signed calls, as Standard Webhooks 1.0 describes them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tidegate.connector import Target
from tidegate.sandbox import behaviour
from tidegate.sandbox.emulation import SECRET, Answer, Asked, Call, Declined, Emulation, Route, Shelf
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.queries import query
from tidegate.sandbox.times import now

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver(Emulation):
    """Answers at `/DESTINATION`. Keeps every call it can verify, repeated ones too."""

    connector = "webhook"

    def routes(self) -> Sequence[Route]:
        return [Route("POST", "/{destination}", "receive", self.receive)]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {one["known_by"]: one["traits"] for one in shelf.all(f"_{target.mode} {target.name}").values()}

    def befallen(self, fault: Fault) -> Answer:
        if fault.kind == "throttle":
            words = {"message": fault.reason or "Too Many Requests"}
            return Answer(fault.status or 429, words, {"Retry-After": str(math.ceil(fault.after))})
        status = fault.status or 500
        return Answer(status, {"message": fault.reason or HTTPStatus(status).phrase})

    def unknown(self, asked: Asked) -> Answer:
        return Answer(405, {"message": "POST only"}, {"Allow": "POST"})

    def receive(self, call: Call) -> Answer:
        text = _verified(call)
        try:
            event = json.loads(text)
        except ValueError:
            raise _declined(400, "the body is not JSON") from None
        event = event if isinstance(event, dict) else {}
        rows = _rows(event)
        taken = call.take([(call.headers["webhook-id"], text)])
        if taken.refused:
            order = taken.orders[0]
            return Answer(order.status or 400, {"message": order.reason or "not acceptable"})
        if taken.good:
            values = {
                "destination": call.parts["destination"],
                "webhook_id": call.headers["webhook-id"],
                "type": str(event.get("type", "")),
                "body": text,
                "headers": json.dumps(dict(call.headers)),
                "now": now(),
            }
            call.connection.execute(query("webhooks", "add"), values)
            _apply(call.shelf, call.headers["webhook-id"], event, rows)
        said = _said(call, event)
        return Answer(204, took=len(rows) or 1) if said is None else Answer(200, said, took=1)


def _verified(call: Call) -> str:
    missing = [name for name in _HEADERS if name not in call.headers]
    if missing:
        raise _declined(400, f"missing header: {', '.join(missing)}")
    try:
        text = call.asked.body.decode()
        Webhook(SECRET).verify(text, dict(call.headers), json_parse=False)
    except WebhookVerificationError as fault:
        raise _declined(401, str(fault)) from None
    except ValueError:
        raise _declined(401, "the signature cannot be read") from None
    return text


def _said(call: Call, event: dict[str, Any]) -> dict[str, Any] | None:
    """What a service that works something out says to a message; most say nothing."""
    data = event.get("data")
    if event.get("type") != "message" or not isinstance(data, dict):
        return None
    return behaviour.answer(call.connection, call.parts["destination"], str(data.get("person", "")))


def _rows(event: dict[str, Any]) -> list[dict[str, Any]]:
    data = event.get("data")
    rows = data.get("rows") if isinstance(data, dict) else None
    return rows if isinstance(rows, list) else []


def _apply(shelf: Shelf, id: str, event: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """What a receiver would make of an event: it keeps lists and objects, and knows a repeated message by its id."""
    mode, _, happened = str(event.get("type", "")).partition(".")
    if mode == "message":
        shelf.put("_told", id, {})
    for row in rows:
        kind, person = f"_{mode} {event['data'].get(mode)}", str(row["person"])
        if happened == "removed":
            shelf.drop(kind, person)
            continue
        held = shelf.get(kind, person) or {"traits": {}}
        known_by = next(iter(row["identifiers"].values()), person)
        traits = {**held["traits"], **row.get("traits", {})}
        shelf.put(kind, person, {"known_by": known_by, "traits": traits})


def _declined(status: int, words: str) -> Declined:
    return Declined(Answer(status, {"message": words}))
