"""A sheet in Google Sheets kept equal to a segment, through the Sheets API (v4).

The first row names the columns; each further row is a person, known by their key. Every call reads the keys first,
so it may be repeated. As documented on developers.google.com/workspace/sheets/api, read 2026-11.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.lists import come_upon
from tidegate.connecting.oauth import GOOGLE, ServiceAccount
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.identifiers import UNHASHED
from tidegate.mask import mask

SCOPE = "https://www.googleapis.com/auth/spreadsheets"
#: "a cell with more than 50,000 characters" is not taken (support.google.com/drive/answer/37603)
LONGEST_CELL = 50_000
#: "After 1 minute, you can execute requests again" (limits)
PENALTY = 60.0


class GoogleSheetsSettings(ConnectorSettings):
    spreadsheet: str = Field(min_length=1)
    """The long part of its address: `docs.google.com/spreadsheets/d/SPREADSHEET/edit`."""
    service_account_key: SecretStr
    """The whole text of the key file, JSON."""
    key_column: str = "person"
    """The heading of the column that holds a person's key."""
    token_url: str = Field(GOOGLE, pattern=r"^https?://")
    base_url: BaseUrl = "https://sheets.googleapis.com"


class GoogleSheets(Connector):
    channel = "file"
    modes = frozenset({"list", "object"})
    identifiers = UNHASHED
    keyed_by_person = True
    overwrites_with_null = True
    keeps_identifiers = True
    Settings = GoogleSheetsSettings
    settings: GoogleSheetsSettings

    @property
    def limits(self) -> Limits:
        # 60 reads and 60 writes "per minute per user per project", and "a 2 MB maximum payload" (limits); a call makes
        # three reads. Two calls at once would find the same empty line.
        return Limits(batch=2_000, concurrency=1, per_second=1 / 3)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        key = self.settings.service_account_key.get_secret_value()
        self._account = ServiceAccount(key, [SCOPE], token_uri=self.settings.token_url)
        self._writing = asyncio.Lock()

    async def prove(self) -> str:
        names = ", ".join(mask(name) for name in list(await self._sheets())[:10])
        return f"the spreadsheet can be read; its sheets: {names}"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        latest: dict[str, dict[str, Any]] = {}
        for position, row in enumerate(rows):
            cells = self._cells(row)
            long = next((name for name, value in cells.items() if len(str(value)) > LONGEST_CELL), None)
            if long is None:
                latest[row.person] = cells  # the last word about a person counts
            else:
                outcomes[position] = Outcome.rejected("too_long", f"{long}: Sheets takes {LONGEST_CELL} characters")
        if latest:
            async with self._writing:
                await self._write(target, latest)
        return [outcomes.get(position, Outcome.accepted()) for position in range(len(rows))]

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        gone = {row.person for row in rows}
        async with self._writing:
            sheet = (await self._sheets()).get(target.name)
            heading = await self._heading(target) if sheet else []
            if sheet and self.settings.key_column in heading:
                keys = await self._keys(target, heading)
                lines = [line for line, key in keys if key in gone]
                # From below, since what is deleted moves up what comes after.
                requests = [
                    {"deleteDimension": {"range": {"sheetId": sheet["sheetId"], "dimension": "ROWS", **run}}}
                    for run in reversed([{"startIndex": some[0] - 1, "endIndex": some[-1]} for some in _runs(lines)])
                ]
                if requests:
                    await self._ask("POST", ":batchUpdate", {"requests": requests})
        return [Outcome.accepted()] * len(rows)

    def _cells(self, row: Row) -> dict[str, Any]:
        clashing = [name for name in row.traits if name in row.identifiers or name == self.settings.key_column]
        if clashing:
            raise Unsupported("same_column", f"{', '.join(sorted(clashing))}: a trait needs a name of its own")
        # Sheets leaves a cell alone where the value is null, and empties it where it is an empty text.
        traits = {name: "" if value is None else _cell(value) for name, value in row.traits.items()}
        return {self.settings.key_column: row.person, **row.identifiers, **traits}

    async def _write(self, target: Target, rows: dict[str, dict[str, Any]]) -> None:
        sheets = await self._sheets()
        if target.name not in sheets:
            await self._ask(
                "POST", ":batchUpdate", {"requests": [{"addSheet": {"properties": {"title": target.name}}}]}
            )
            sheets = await self._sheets()
        if target.name in sheets:
            come_upon(target.name, str(sheets[target.name].get("sheetId")))
        heading = await self._heading(target)
        names = dict.fromkeys(name for cells in rows.values() for name in cells)
        wanted = [*heading, *(name for name in names if name not in heading)]
        keys = await self._keys(target, heading) if self.settings.key_column in heading else []
        lines = {key: line for line, key in reversed(keys) if key}
        last = max([1, *(line for line, _ in keys)])
        placed = {lines.get(person) or (last := last + 1): cells for person, cells in rows.items()}
        values = {line: [cells.get(name) for name in wanted] for line, cells in placed.items()}
        await self._make_room(sheets.get(target.name) or {}, last, len(wanted))
        data = [{"range": _range(target.name, 1, 1), "values": [wanted]}] if wanted != heading else []
        for some in _runs(sorted(values)):
            data.append({"range": _range(target.name, some[0], some[-1]), "values": [values[line] for line in some]})
        # RAW: a text that looks like a formula stays a text.
        found = await self._ask("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": data})
        if not isinstance(found.get("responses"), list) or len(found["responses"]) != len(data):
            raise Retryable("garbled", "an answer without as many ranges as were written")

    async def _make_room(self, sheet: dict[str, Any], rows: int, columns: int) -> None:
        """Writing beyond a sheet's last row or column is refused."""
        grid = sheet.get("gridProperties") or {}
        missing = {"ROWS": rows - int(grid.get("rowCount", 0)), "COLUMNS": columns - int(grid.get("columnCount", 0))}
        requests = [
            {"appendDimension": {"sheetId": sheet.get("sheetId"), "dimension": dimension, "length": length}}
            for dimension, length in missing.items()
            if length > 0
        ]
        if requests:
            await self._ask("POST", ":batchUpdate", {"requests": requests})

    async def _sheets(self) -> dict[str, dict[str, Any]]:
        fields = "sheets.properties(sheetId,title,gridProperties(rowCount,columnCount))"
        found = (await self._ask("GET", f"?fields={quote(fields, safe='')}")).get("sheets")
        try:
            return {one["properties"]["title"]: one["properties"] for one in found or []}
        except (TypeError, KeyError, AttributeError):
            raise Retryable("garbled", "the sheets of the spreadsheet are not a list of sheets") from None

    async def _heading(self, target: Target) -> list[str]:
        rows = await self._values(_range(target.name, 1, 1), "ROWS")
        heading = [_word(value) for value in (rows[0] if rows else [])]
        if heading and self.settings.key_column not in heading:
            # Somebody's own sheet: its columns are not to be taken for ours.
            raise Retryable("no_column", f"the first row of {target.name} has no heading {self.settings.key_column}")
        return heading

    async def _keys(self, target: Target, heading: list[str]) -> list[tuple[int, str]]:
        """The line and the key of each person, from the second line on."""
        letter = _letters(heading.index(self.settings.key_column))
        columns = await self._values(f"{_sheet(target.name)}!{letter}2:{letter}", "COLUMNS")
        return [(line, _word(value)) for line, value in enumerate(columns[0] if columns else [], start=2)]

    async def _values(self, where: str, dimension: str) -> list[list[Any]]:
        path = f"/values/{quote(where, safe='')}?majorDimension={dimension}&valueRenderOption=UNFORMATTED_VALUE"
        found = (await self._ask("GET", path)).get("values", [])
        if not isinstance(found, list) or not all(isinstance(one, list) for one in found):
            raise Retryable("garbled", "values that are not a list of lists")
        return found

    async def _ask(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        reply = await call_with(
            self._account,
            self.session,
            method,
            f"{self.settings.base_url}/v4/spreadsheets/{quote(self.settings.spreadsheet, safe='')}{path}",
            safe_to_repeat=True,
            json=content,
            judge=_judge,
        )
        return reply.object()


def _runs(lines: Iterable[int]) -> list[list[int]]:
    """Ascending numbers, those that follow each other together: [2, 3, 7] is [[2, 3], [7]]."""
    grouped = itertools.groupby(enumerate(lines), key=lambda pair: pair[1] - pair[0])
    return [[line for _, line in some] for _, some in grouped]


def _letters(column: int) -> str:
    """A, B ... Z, AA ...: the name of a column, counted from 0."""
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def _sheet(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"


def _range(title: str, first: int, last: int) -> str:
    return f"{_sheet(title)}!{first}:{last}"


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict, tuple)) else value


def _word(value: Any) -> str:
    """A key or heading as it was written: Sheets may take a typed 17 for a number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _judge(reply: Reply) -> DestinationError | None:
    error = reply.peek("error")
    if not isinstance(error, dict):
        return None
    said = mask(f"{error.get('status') or reply.status} {error.get('message') or ''}", reply.hide)
    if reply.status == 429:
        return Retryable("throttled", said, PENALTY if reply.after is None else reply.after)
    if reply.status == 403:
        return Closed("no_permission", said)
    if reply.status == 404:
        return Closed("no_spreadsheet", said)
    if reply.status == 400 and "above the limit" in str(error.get("message")):
        return Retryable("full", said)
    return Refused("refused", said) if reply.status == 400 else None
