"""Meta's customer-file custom audiences, as far as keeping lists of people goes.

Shapes: the Marketing API as `facebook_business` 26 (API v25) knows it; rules from
developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (2026-11).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from tidegate.sandbox import adlists, graph
from tidegate.sandbox.audience_rows import Rows, read_rows
from tidegate.sandbox.exchange import Apply, Declined, Platform, Reply, decline, exchange
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.queries import query

_SOURCES = ("BOTH_USER_AND_PARTNER_PROVIDED", "PARTNER_PROVIDED_ONLY", "USER_PROVIDED_ONLY")
_SMALLEST = 1000
_VERSION = r"{version:v\d+\.\d+}"


class Meta(Platform):
    """Mounted at `/meta_custom_audiences`."""

    connector = "meta_custom_audiences"

    def routes(self) -> list[web.RouteDef]:
        root = f"/{self.connector}/{_VERSION}"
        return [
            web.get(rf"{root}/{{account:act_\d+}}/customaudiences", self.list),
            web.post(rf"{root}/{{account:act_\d+}}/customaudiences", self.create),
            web.get(rf"{root}/{{account:act_\d+}}", self.account),
            web.get(rf"{root}/{{id:\d+}}", self.fetch),
            web.post(rf"{root}/{{id:\d+}}", self.update),
            web.delete(rf"{root}/{{id:\d+}}", self.delete),
            web.post(rf"{root}/{{id:\d+}}/users", self.users),
            web.delete(rf"{root}/{{id:\d+}}/users", self.users),
            web.route("*", f"/{self.connector}/{{rest:.*}}", self.unknown),
        ]

    def throttled(self, fault: Fault) -> Reply:
        return graph.throttled(fault, self.connector)

    def failed(self, fault: Fault) -> Reply:
        return graph.failed(fault)

    async def account(self, request: web.Request) -> web.StreamResponse:
        account = request.match_info["account"]
        shown = {"name": "Tidegate's sandbox", "account_status": 1, "currency": "EUR"}

        def prepare(given: dict[str, Any]) -> Apply:
            wanted = [name for name in str(given.get("fields", "")).split(",") if name in shown]
            body = {**{name: shown[name] for name in wanted}, "id": account}
            if "account_id" in str(given.get("fields", "")):
                body["account_id"] = account.removeprefix("act_")
            return lambda *_: Reply(200, body)

        return await self._call(request, "fetch account", prepare)

    async def list(self, request: web.Request) -> web.StreamResponse:
        account = request.match_info["account"]

        def prepare(given: dict[str, Any]) -> Apply:
            limit, after = str(given.get("limit", "25")), str(given.get("after") or "0")
            if not limit.isdigit() or not after.isdigit():
                raise graph.invalid("(#100) Param limit and after must be cursors and numbers")
            count = min(int(limit), 5000)

            def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
                values = {"account": account, "after": int(after), "count": count + 1}
                rows = connection.execute(query("lists", "of_account"), values).fetchall()
                return Reply(200, _page(request, rows, count, str(given.get("fields", ""))))

            return apply

        return await self._call(request, "list audiences", prepare)

    async def create(self, request: web.Request) -> web.StreamResponse:
        account = request.match_info["account"]

        def prepare(given: dict[str, Any]) -> Apply:
            name = str(given.get("name") or "").strip()
            if not name:
                raise graph.invalid("(#100) The parameter name is required")
            if given.get("subtype", "CUSTOM") != "CUSTOM":
                raise graph.invalid("(#100) Param subtype must be one of {CUSTOM} in the sandbox")
            if given.get("customer_file_source") not in _SOURCES:
                raise graph.invalid(
                    "(#100) Param customer_file_source must be one of {" + ", ".join(_SOURCES) + "}", 1870034
                )
            details = {key: given[key] for key in ("description", "customer_file_source", "subtype") if key in given}
            id = f"2385{secrets.randbelow(10**13):013}"

            def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
                adlists.create(connection, id=id, connector=self.connector, account=account, name=name, details=details)
                return Reply(200, {"id": id})

            return apply

        return await self._call(request, "create audience", prepare)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        def prepare(given: dict[str, Any]) -> Apply:
            return lambda connection, *_: Reply(200, _shown(_held(connection, request), str(given.get("fields", ""))))

        return await self._call(request, "fetch audience", prepare)

    async def update(self, request: web.Request) -> web.StreamResponse:
        def prepare(given: dict[str, Any]) -> Apply:
            def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
                held = _held(connection, request)
                details = {key: given[key] for key in ("description", "customer_file_source") if key in given}
                adlists.update(connection, held["id"], name=given.get("name"), details=details)
                return Reply(200, {"success": True})

            return apply

        return await self._call(request, "update audience", prepare)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        def prepare(given: dict[str, Any]) -> Apply:
            def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
                adlists.delete(connection, _held(connection, request)["id"])
                return Reply(200, {"success": True})

            return apply

        return await self._call(request, "delete audience", prepare)

    async def users(self, request: web.Request) -> web.StreamResponse:
        operation = "add users" if request.method == "POST" else "remove users"
        try:
            given = await graph.fields(request)
            rows = read_rows(graph.parsed(given, "payload"))
            session = graph.parsed(given, "session") or {}
            session_id = str(session.get("session_id") or secrets.randbelow(10**18))
        except Declined as declined:
            return await decline(request, self.connector, operation, declined.reply)

        def apply(connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
            held = _held(connection, request)
            good = [rows.people[position] for position in taken if rows.people[position]]
            (adlists.add if request.method == "POST" else adlists.remove)(connection, held["id"], good)
            bad = [n for n in range(len(rows.people)) if n in refused or not rows.people[n]]
            body = {
                "audience_id": held["id"],
                "session_id": session_id,
                "num_received": len(rows.people),
                "num_invalid_entries": len(bad),
                "invalid_entry_samples": {str(n): json.dumps(rows.given[n]) for n in bad[:10]},
            }
            return Reply(200, body, accepted=len(good))

        return await exchange(request, self, operation, _addresses(rows), apply)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        words = f"Unknown path components: {request.match_info['rest']}"
        return await decline(request, self.connector, "unknown", graph.error(400, 2500, words))

    async def _call(self, request: web.Request, operation: str, prepare: Any) -> web.StreamResponse:
        try:
            apply = prepare(await graph.fields(request))
        except Declined as declined:
            return await decline(request, self.connector, operation, declined.reply)
        return await exchange(request, self, operation, [], apply)


def _addresses(rows: Rows) -> list[tuple[str, ...]]:
    return [tuple(person.values()) for person in rows.people]


def _held(connection: sqlite3.Connection, request: web.Request) -> sqlite3.Row:
    id = request.match_info["id"]
    row: sqlite3.Row | None = connection.execute(query("lists", "one"), {"id": id}).fetchone()
    if row is None:
        raise graph.unknown_object(id, request.method)
    return row


def _shown(row: sqlite3.Row, fields: str) -> dict[str, Any]:
    """An audience with the fields asked for; without any, its id alone. Small ones are all "below 1000"."""
    created = int(datetime.fromisoformat(row["created_at"]).timestamp())
    rounded = max(_SMALLEST, round(row["members"], -2))
    known: dict[str, Any] = {
        "subtype": "CUSTOM",
        **json.loads(row["details"]),
        "name": row["name"],
        "approximate_count_lower_bound": rounded,
        "approximate_count_upper_bound": rounded,
        "operation_status": {"code": 200, "description": "Normal"},
        "delivery_status": {"code": 200, "description": "This audience is ready for use."},
        "data_source": {"type": "FILE_IMPORTED", "sub_type": "MULTI_HASHES", "creation_params": "[]"},
        "time_created": created,
        "time_updated": int(time.time()),
        "time_content_updated": int(time.time()),
    }
    wanted = [name.strip() for name in fields.split(",")]
    return {**{name: known[name] for name in wanted if name in known}, "id": row["id"]}


def _page(request: web.Request, rows: Sequence[sqlite3.Row], count: int, fields: str) -> dict[str, Any]:
    shown = rows[:count]
    body: dict[str, Any] = {"data": [_shown(row, fields) for row in shown]}
    if shown:
        cursors = {"before": str(shown[0]["position"]), "after": str(shown[-1]["position"])}
        body["paging"] = {"cursors": cursors}
        if len(rows) > count:
            following = request.url.update_query(after=cursors["after"]).without_query_params("access_token")
            body["paging"]["next"] = str(following)
    return body
