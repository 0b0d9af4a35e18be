"""PostgREST over tables without types: what the sandbox plays for a database. Tables appear as they are written to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf

_IDENTIFIERS = ("email", "phone", "external_id")
_CHOSEN = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Postgres(Emulation):
    connector = "postgres"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/", "read description", self.describe),
            Route("GET", "/{table}", "select rows", self.select),
            Route("POST", "/{table}", "upsert rows", self.upsert),
            Route("DELETE", "/{table}", "delete rows", self.delete),
        ]

    def describe(self, call: Call) -> Answer:
        return Answer(200, {"swagger": "2.0", "paths": {}}) if call.signed() else self.unauthorized()

    def select(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        column, keys = _chosen(call.query)
        held = call.shelf.all(call.parts["table"])
        return Answer(200, [{column: key} for key in keys if key in held])

    def upsert(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        rows, table, key = call.json(), call.parts["table"], call.query["on_conflict"]
        columns = set(re.findall(r'"([^"]*)"', call.query["columns"]))
        if any(set(row) != columns for row in rows):
            return _no(400, "PGRST102", "All object keys must match")
        if len({row[key] for row in rows}) < len(rows):
            return _no(500, "21000", "ON CONFLICT DO UPDATE command cannot affect row a second time")
        taken = call.take([[str(value) for value in row.values() if isinstance(value, str)] for row in rows])
        if taken.refused:
            return _no(400, "22P02", next(iter(taken.refused.values())))
        merge = "merge-duplicates" in call.headers.get("prefer", "")
        changed = []
        for position in taken.good:
            row = rows[position]
            before = call.shelf.get(table, row[key])
            if before is None or merge:
                call.shelf.put(table, row[key], {**(before or {}), **row})
                changed.append({key: row[key]})
        return Answer(201, changed, took=len(taken.good))

    def delete(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        table, (column, keys) = call.parts["table"], _chosen(call.query)
        taken = call.take([[key, *map(str, (call.shelf.get(table, key) or {}).values())] for key in keys])
        gone = [keys[position] for position in taken.good if call.shelf.drop(table, keys[position])]
        return Answer(200, [{column: key} for key in gone], took=len(taken.good))

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        found = {}
        for person, row in shelf.all(target.name).items():
            first = next((row[name] for name in row if name in _IDENTIFIERS and row[name]), person)
            found[str(first)] = {name: value for name, value in row.items() if value != person}
        return found

    def throttled(self, after: float) -> Answer:
        said = {"code": "PGRST003", "message": "Timed out acquiring connection from connection pool.", "details": None}
        return Answer(429, said, {"Retry-After": f"{after:.0f}"})

    def unauthorized(self) -> Answer:
        return _no(401, "PGRST301", "JWSError JWSInvalidSignature")


def _chosen(query: Mapping[str, str]) -> tuple[str, list[str]]:
    [(column, wanted)] = [pair for pair in query.items() if pair[0] != "select"]
    return column, [re.sub(r"\\(.)", r"\1", word) for word in _CHOSEN.findall(wanted)]


def _no(status: int, code: str, words: str) -> Answer:
    return Answer(status, {"code": code, "message": words, "details": None, "hint": None})
