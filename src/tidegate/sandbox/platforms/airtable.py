"""Airtable's Web API: tables that take whatever fields they are given, and upsert by one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

LARGEST_CALL = 10
PAGE = 100

_IDENTIFIERS = ("external_id", "email", "phone")

_SAME = re.compile(r"\{((?:[^}\\]|\\.)*)\}&''='((?:[^'\\]|\\.)*)'")


class Airtable(Emulation):
    connector = "airtable"

    def routes(self) -> Sequence[Route]:
        table = "/v0/{base}/{table}"
        return [
            Route("GET", "/v0/meta/bases/{base}/tables", "list tables", self.tables),
            Route("GET", table, "list records", self.records),
            Route("PATCH", table, "upsert records", self.upsert),
            Route("DELETE", table, "delete records", self.delete),
        ]

    def tables(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        names = call.shelf.get("_tables", "names") or {}
        return Answer(200, {"tables": [{"id": f"tbl{name}", "name": name, "fields": []} for name in names]})

    def records(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        wanted = [(_plain(field), _plain(value)) for field, value in _SAME.findall(call.query["filterByFormula"])]
        found = [
            _record(id, fields)
            for id, fields in call.shelf.all(call.parts["table"]).items()
            if any(str(fields.get(field, "")) == value for field, value in wanted)
        ]
        start, size = int(call.query.get("offset", 0)), min(PAGE, int(call.query.get("pageSize", PAGE)))
        more = {"offset": str(start + size)} if start + size < len(found) else {}
        return Answer(200, {"records": found[start : start + size], **more})

    def upsert(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given, table = call.json(), call.parts["table"]
        rows = [row["fields"] for row in given["records"]]
        [field] = given["performUpsert"]["fieldsToMergeOn"]
        if not 1 <= len(rows) <= LARGEST_CALL:
            return _no(422, "INVALID_REQUEST_UNKNOWN", f"takes 1 to {LARGEST_CALL} records")
        values = [row.get(field) for row in rows]
        if None in values or len(set(values)) < len(values):
            return _no(422, "INVALID_RECORDS", f"each record needs a value of its own in {field}")
        taken = call.take([[str(value)] for value in values])
        if taken.refused:
            return _no(422, "INVALID_VALUE_FOR_COLUMN", next(iter(taken.refused.values())))
        merged = (call.shelf.get("_tables", "names") or {}).get(table, [])
        if field not in merged:
            call.shelf.put("_tables", "names", {**(call.shelf.get("_tables", "names") or {}), table: [*merged, field]})
        created: list[str] = []
        updated: list[str] = []
        records: list[dict[str, Any]] = []
        for position, row in enumerate(rows):
            same = call.shelf.find(table, **{field: row[field]})
            if len(same) > 1:
                return _no(422, "INVALID_RECORDS", "several records match")
            id = same[0][0] if same else f"rec{call.shelf.number():014d}"
            # Airtable has no empty values: what is null is not there.
            fields = {
                name: value for name, value in {**(same[0][1] if same else {}), **row}.items() if value is not None
            }
            (updated if same else created).append(id)
            records.append(_record(id, fields))
            if position in taken.good:
                call.shelf.put(table, id, fields)
        answer = {"records": records, "createdRecords": created, "updatedRecords": updated}
        return Answer(200, answer, took=len(taken.good))

    def delete(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        table, ids = call.parts["table"], call.asked.every("records[]")
        if len(ids) > LARGEST_CALL:
            return _no(422, "INVALID_REQUEST_UNKNOWN", f"takes {LARGEST_CALL} records")
        held = call.shelf.all(table)
        if not set(ids) <= set(held):
            return _no(404, "ROW_DOES_NOT_EXIST", "a record does not exist")
        taken = call.take([[str(value) for value in held[id].values()] for id in ids])
        for position in taken.good:
            call.shelf.drop(table, ids[position])
        return Answer(200, {"records": [{"id": id, "deleted": True} for id in ids]}, took=len(taken.good))

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        # What a person is known by may be a field of any name.
        known = [*(shelf.get("_tables", "names") or {}).get(target.name, []), *_IDENTIFIERS]
        found = {}
        for fields in shelf.all(target.name).values():
            first = next((str(fields[name]) for name in known if fields.get(name)), None)
            if first is not None:
                found[first] = {name: value for name, value in fields.items() if name not in known}
        return found

    def throttled(self, after: float) -> Answer:
        return Answer(
            429, {"error": {"type": "RATE_LIMIT_REACHED", "message": "slow down"}}, {"Retry-After": f"{after:.0f}"}
        )

    def unauthorized(self) -> Answer:
        return _no(401, "AUTHENTICATION_REQUIRED", "Authentication required")


def _record(id: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "createdTime": datetime.now(UTC).isoformat(), "fields": fields}


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _no(status: int, kind: str, words: str) -> Answer:
    return Answer(status, {"error": {"type": kind, "message": words}})
