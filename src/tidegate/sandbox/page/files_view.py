"""The files that file destinations wrote: what there is, and how each begins."""

from __future__ import annotations

import asyncio
import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.page import render
from tidegate.sandbox.store import Store

_ROWS = 100


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int
    written: str


def routes() -> list[web.RouteDef]:
    return [web.get("/files", _files), web.get("/files/{name:.+}", _one)]


def listed(store: Store) -> list[File]:
    """Every file below the sandbox's `files/`, by name; what is being written (hidden) is left out."""
    found = []
    for path in sorted(store.files.rglob("*")):
        name = path.relative_to(store.files)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            known = path.stat()
            written = datetime.fromtimestamp(known.st_mtime, UTC).isoformat(timespec="seconds")
            found.append(File(name.as_posix(), known.st_size, written))
    return found


async def _files(request: web.Request) -> web.Response:
    return await asyncio.to_thread(_show_all, request.app[STORE])


def _show_all(store: Store) -> web.Response:
    return render.page("files.html", store, section="files", files=listed(store), folder=store.files)


async def _one(request: web.Request) -> web.StreamResponse:
    store = request.app[STORE]
    # only what is listed can be asked for, so no name leads out of the folder
    known = {file.name: file for file in await asyncio.to_thread(listed, store)}
    file = known.get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    if "download" in request.query:
        headers = {**render.HEADERS, "Content-Disposition": "attachment"}
        return web.FileResponse(store.files / file.name, headers=headers)
    return await asyncio.to_thread(_show, store, file)


def _show(store: Store, file: File) -> web.Response:
    columns, rows, problem = _begin(store.files / file.name)
    return render.page(
        "file.html", store, section="files", file=file, columns=columns, rows=rows, problem=problem, most=_ROWS
    )


def _begin(path: Path) -> tuple[list[str], list[list[Any]], str]:
    """Columns and first rows of a file, and why there are none."""
    try:
        match path.suffix:
            case ".csv":
                with path.open(newline="", encoding="utf-8") as lines:
                    reader = csv.reader(lines)
                    columns = next(reader, [])
                    return columns, [row for row, _ in zip(reader, range(_ROWS), strict=False)], ""
            case ".jsonl":
                with path.open(encoding="utf-8") as lines:
                    records = [json.loads(line) for line, _ in zip(lines, range(_ROWS), strict=False)]
                columns = list(dict.fromkeys(key for record in records for key in record))
                return columns, [[record.get(column, "") for column in columns] for record in records], ""
            case ".parquet":
                import polars  # costs 0.1 s, and few look at Parquet

                try:
                    frame = polars.scan_parquet(path).head(_ROWS).collect()
                except polars.exceptions.PolarsError as fault:
                    raise ValueError(str(fault)) from fault
                return frame.columns, [list(row) for row in frame.rows()], ""
    except (OSError, ValueError, csv.Error, UnicodeDecodeError) as fault:
        return [], [], f"This file cannot be read: {fault}"
    return [], [], "There is no preview of this kind of file."
