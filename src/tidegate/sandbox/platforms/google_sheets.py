"""Google Sheets' API: one spreadsheet, whose sheets are grids of cells. The page shows each sheet's rows by key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

#: what a new sheet has (spreadsheets/sheets#GridProperties, as the browser makes them)
ROWS, COLUMNS = 1_000, 26

_WHERE = re.compile(r"'((?:[^']|'')*)'!([A-Z]*)(\d+):([A-Z]*)(\d*)")
_IDENTIFIERS = ("email", "phone", "external_id")


class GoogleSheets(Emulation):
    connector = "google_sheets"

    def routes(self) -> Sequence[Route]:
        one = "/v4/spreadsheets/{id:[^/:]+}"
        return [
            Route("GET", one, "get spreadsheet", self.describe),
            Route("POST", f"{one}:batchUpdate", "change sheets", self.change),
            Route("GET", f"{one}/values/{{range}}", "get values", self.read),
            Route("POST", f"{one}/values:batchUpdate", "write values", self.write),
        ]

    def describe(self, call: Call) -> Answer:
        self._admit(call)
        sheets = [
            {"properties": {"sheetId": grid["id"], "title": title, "gridProperties": _size(grid)}}
            for title, grid in call.shelf.all("_grids").items()
        ]
        return Answer(200, {"sheets": sheets} if sheets else {})

    def read(self, call: Call) -> Answer:
        self._admit(call)
        title, first, last, column = _where(call.parts["range"])
        rows = _grid(call.shelf, title)["cells"][first - 1 : last]
        if call.query.get("majorDimension") == "COLUMNS":
            values = [_trimmed([row[column] if column < len(row) else "" for row in rows])]
        else:
            values = [_trimmed(row) for row in rows]
        return Answer(200, {"range": call.parts["range"], **({"values": values} if any(values) else {})})

    def change(self, call: Call) -> Answer:
        self._admit(call)
        requests = call.json()["requests"]
        grids = call.shelf.all("_grids")
        gone: list[list[Any]] = []
        for request in requests:
            [(kind, given)] = request.items()
            if kind == "addSheet":
                title = given["properties"]["title"]
                if title in grids:
                    return _no(400, f'A sheet with the name "{title}" already exists.')
                grids[title] = {"id": call.shelf.number(), "rows": ROWS, "columns": COLUMNS, "cells": []}
                continue
            sheet = given["range"]["sheetId"] if "range" in given else given["sheetId"]
            grid = next((one for one in grids.values() if one["id"] == sheet), None)
            if grid is None:
                return _no(400, f"No grid with id: {sheet}")
            if kind == "appendDimension":
                grid["rows" if given["dimension"] == "ROWS" else "columns"] += given["length"]
            else:
                span = slice(given["range"]["startIndex"], given["range"]["endIndex"])
                gone += grid["cells"][span]
                del grid["cells"][span]
                grid["rows"] -= span.stop - span.start
        taken = call.take([[str(value) for value in row] for row in gone])
        if taken.refused:
            return _no(400, next(iter(taken.refused.values())))
        for title, grid in grids.items():
            call.shelf.put("_grids", title, grid)
        self._show(call.shelf)
        return Answer(200, {"spreadsheetId": call.parts["id"], "replies": [{} for _ in requests]}, took=len(gone))

    def write(self, call: Call) -> Answer:
        self._admit(call)
        data = call.json()["data"]
        rows = [
            (*_where(one["range"])[:2], line, values)
            for one in data
            for line, values in enumerate(one["values"], start=_where(one["range"])[1])
        ]
        taken = call.take([[value for value in values if isinstance(value, str)] for *_, values in rows])
        if taken.refused:
            return _no(400, next(iter(taken.refused.values())))
        grids = {title: _grid(call.shelf, title) for title, *_ in rows}
        for position in taken.good:
            title, _, line, values = rows[position]
            cells = grids[title]["cells"]
            if line > grids[title]["rows"] or len(values) > grids[title]["columns"]:
                raise Declined(_no(400, f"Range ({title}!{line}) exceeds grid limits."))
            cells += [[] for _ in range(line - len(cells))]
            row = cells[line - 1] + [""] * (len(values) - len(cells[line - 1]))
            for column, value in enumerate(values):
                row[column] = row[column] if value is None else value
            cells[line - 1] = row
        for title, grid in grids.items():
            call.shelf.put("_grids", title, grid)
        self._show(call.shelf)
        responses = [{"updatedRange": one["range"], "updatedRows": len(one["values"])} for one in data]
        return Answer(200, {"spreadsheetId": call.parts["id"], "responses": responses}, took=len(taken.good))

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        found = {}
        for person, row in shelf.all(target.name).items():
            first = next((row[name] for name in row if name in _IDENTIFIERS and row[name]), person)
            found[str(first)] = {name: value for name, value in row.items() if str(value) != person}
        return found

    def throttled(self, after: float) -> Answer:
        said = {
            "code": 429,
            "message": "Quota exceeded for quota metric 'Write requests'",
            "status": "RESOURCE_EXHAUSTED",
        }
        return Answer(429, {"error": said}, {"Retry-After": f"{after:.0f}"})

    def unauthorized(self) -> Answer:
        said = {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}
        return Answer(401, {"error": said})

    def _admit(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())

    def _show(self, shelf: Shelf) -> None:
        """Each sheet's rows as objects, under the value of the first column."""
        for title, grid in shelf.all("_grids").items():
            [heading, *rows] = grid["cells"] or [[]]
            people = {str(row[0]): dict(zip(heading, row, strict=False)) for row in rows if row and row[0] != ""}
            for id in set(shelf.all(title)) - set(people):
                shelf.drop(title, id)
            for id, row in people.items():
                shelf.put(title, id, row)


def _grid(shelf: Shelf, title: str) -> dict[str, Any]:
    found = shelf.get("_grids", title)
    if found is None:
        raise Declined(_no(400, f"Unable to parse range: {title}"))
    return found


def _where(text: str) -> tuple[str, int, int | None, int]:
    """Title, first and last line, and the column counted from 0."""
    found = _WHERE.fullmatch(text)
    if found is None:
        raise Declined(_no(400, f"Unable to parse range: {text}"))
    column = 0
    for letter in found[2]:
        column = column * 26 + ord(letter) - 64
    return found[1].replace("''", "'"), int(found[3]), int(found[5]) if found[5] else None, max(column - 1, 0)


def _size(grid: dict[str, Any]) -> dict[str, int]:
    return {"rowCount": grid["rows"], "columnCount": grid["columns"]}


def _trimmed(values: list[Any]) -> list[Any]:
    """The API leaves out what is empty at the end."""
    while values and values[-1] == "":
        values = values[:-1]
    return values


def _no(status: int, words: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": words, "status": "INVALID_ARGUMENT"}})
