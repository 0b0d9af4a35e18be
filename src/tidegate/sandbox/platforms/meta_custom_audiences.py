"""Meta's customer-file custom audiences, as far as keeping lists of people goes.

Shapes: the Marketing API as `facebook_business` 26 (API v25) knows it; rules from
developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (2026-11).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tidegate.connector import Target
from tidegate.sandbox import graph
from tidegate.sandbox.audience_rows import read_rows
from tidegate.sandbox.emulation import Answer, Asked, Call, Emulation, Route, Shelf
from tidegate.sandbox.faults import Fault

_SOURCES = ("BOTH_USER_AND_PARTNER_PROVIDED", "PARTNER_PROVIDED_ONLY", "USER_PROVIDED_ONLY")
_SMALLEST = 1000


class Meta(Emulation):
    connector = "meta_custom_audiences"

    def routes(self) -> Sequence[Route]:
        root = r"/{version:v\d+\.\d+}"
        account, audience = rf"{root}/{{account:act_\d+}}", rf"{root}/{{id:\d+}}"
        return [
            Route("GET", f"{account}/customaudiences", "list audiences", self.list),
            Route("POST", f"{account}/customaudiences", "create audience", self.create),
            Route("GET", account, "fetch account", self.account),
            Route("GET", audience, "fetch audience", self.fetch),
            Route("POST", audience, "update audience", self.update),
            Route("DELETE", audience, "delete audience", self.delete),
            Route("POST", f"{audience}/users", "add users", self.users),
            Route("DELETE", f"{audience}/users", "remove users", self.users),
        ]

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        ids = [id for id, name in shelf.lists().items() if name == target.name]
        return {next(iter(member.values())): {} for id in ids for member in shelf.members(id)}

    def befallen(self, fault: Fault) -> Answer:
        return graph.throttled(fault, self.connector) if fault.kind == "throttle" else graph.failed(fault)

    def throttled(self, after: float) -> Answer:
        return self.befallen(Fault(kind="throttle", after=after))

    def failed(self, status: int) -> Answer:
        return self.befallen(Fault(kind="error", status=status))

    def unauthorized(self) -> Answer:
        return graph.error(401, 190, "Invalid OAuth access token - Cannot parse access token")

    def unknown(self, asked: Asked) -> Answer:
        return graph.error(400, 2500, f"Unknown path components: {asked.path}")

    def account(self, call: Call) -> Answer:
        wanted = str(graph.fields(call).get("fields", "")).split(",")
        account = call.parts["account"]
        shown = {"name": "Tidegate's sandbox", "account_status": 1, "currency": "EUR"}
        shown["account_id"] = account.removeprefix("act_")
        return Answer(200, {**{name: shown[name] for name in wanted if name in shown}, "id": account})

    def list(self, call: Call) -> Answer:
        given = graph.fields(call)
        limit, after = str(given.get("limit", "25")), str(given.get("after") or "0")
        if not limit.isdigit() or not after.isdigit():
            raise graph.invalid("(#100) Param limit and after must be cursors and numbers")
        begin, count = int(after), min(int(limit), 5000)
        ours = [id for id in call.shelf.lists() if _account(call.shelf, id) == call.parts["account"]]
        shown = [_shown(call, id, str(given.get("fields", ""))) for id in ours[begin : begin + count]]
        body: dict[str, Any] = {"data": shown}
        if shown:
            cursors = {"before": str(begin), "after": str(begin + len(shown))}
            body["paging"] = {"cursors": cursors}
            if len(ours) > begin + count:
                asked = {name: value for name, value in call.query.items() if name != "access_token"}
                query = urlencode({**asked, "after": cursors["after"]})
                body["paging"]["next"] = f"{call.asked.base}{call.asked.path}?{query}"
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        given = graph.fields(call)
        name = str(given.get("name") or "").strip()
        if not name:
            raise graph.invalid("(#100) The parameter name is required")
        if given.get("subtype", "CUSTOM") != "CUSTOM":
            raise graph.invalid("(#100) Param subtype must be one of {CUSTOM} in the sandbox")
        if given.get("customer_file_source") not in _SOURCES:
            known = ", ".join(_SOURCES)
            raise graph.invalid(f"(#100) Param customer_file_source must be one of {{{known}}}", 1870034)
        details = {key: given[key] for key in ("description", "customer_file_source", "subtype") if key in given}
        id = f"2385{secrets.randbelow(10**13):013}"
        call.shelf.new_list(id, name, account=call.parts["account"], **details)
        return Answer(200, {"id": id})

    def fetch(self, call: Call) -> Answer:
        given = graph.fields(call)
        return Answer(200, _shown(call, _known(call), str(given.get("fields", ""))))

    def update(self, call: Call) -> Answer:
        given = graph.fields(call)
        details = {key: given[key] for key in ("description", "customer_file_source") if key in given}
        call.shelf.change_list(_known(call), name=given.get("name"), **details)
        return Answer(200, {"success": True})

    def delete(self, call: Call) -> Answer:
        graph.fields(call)
        call.shelf.drop_list(_known(call))
        return Answer(200, {"success": True})

    def users(self, call: Call) -> Answer:
        given = graph.fields(call)
        rows = read_rows(graph.parsed(given, "payload"))
        session = graph.parsed(given, "session") or {}
        id = _known(call)
        taken = call.take([[*person.values()] for person in rows.people])
        good = [rows.people[position] for position in taken.good if rows.people[position]]
        for person in good:
            (call.shelf.add if call.asked.method == "POST" else call.shelf.remove)(id, person)
        bad = [n for n in range(len(rows.people)) if n in taken.refused or not rows.people[n]]
        body = {
            "audience_id": id,
            "session_id": str(session.get("session_id") or secrets.randbelow(10**18)),
            "num_received": len(rows.people),
            "num_invalid_entries": len(bad),
            "invalid_entry_samples": {str(n): json.dumps(rows.given[n]) for n in bad[:10]},
        }
        return Answer(200, body, took=len(good))


def _known(call: Call) -> str:
    id = call.parts["id"]
    if call.shelf.about_list(id) is None:
        raise graph.unknown_object(id, call.asked.method)
    return id


def _account(shelf: Shelf, id: str) -> str:
    return str((shelf.about_list(id) or {})["account"])


def _shown(call: Call, id: str, fields: str) -> dict[str, Any]:
    """An audience with the fields asked for; without any, its id alone. Small ones are all "below 1000"."""
    held = call.shelf.about_list(id) or {}
    rounded = max(_SMALLEST, round(held["members"], -2))
    known: dict[str, Any] = {
        "subtype": "CUSTOM",
        **held["details"],
        "name": held["name"],
        "approximate_count_lower_bound": rounded,
        "approximate_count_upper_bound": rounded,
        "operation_status": {"code": 200, "description": "Normal"},
        "delivery_status": {"code": 200, "description": "This audience is ready for use."},
        "data_source": {"type": "FILE_IMPORTED", "sub_type": "MULTI_HASHES", "creation_params": "[]"},
        "time_created": int(datetime.fromisoformat(held["created_at"]).timestamp()),
        "time_updated": int(time.time()),
        "time_content_updated": int(time.time()),
    }
    wanted = [name.strip() for name in fields.split(",")]
    return {**{name: known[name] for name in wanted if name in known}, "id": id}
