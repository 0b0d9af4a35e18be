"""The objects that CRMs, shops and tables hold: all kinds, those of one, and one with what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tidegate.sandbox import objects
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.inbox import NEWEST
from tidegate.sandbox.page import chart, render
from tidegate.sandbox.page.inbox_view import before
from tidegate.sandbox.store import Store

_A_PAGE = 50
_COLUMNS = 7


def routes() -> list[web.RouteDef]:
    kind = "/records/{connector}/{kind}"
    return [web.get("/records", _records), web.get(kind, _kind), web.get(f"{kind}/{{id:.+}}", _one)]


async def _records(request: web.Request) -> web.Response:
    return await asyncio.to_thread(_show_all, request.app[STORE])


def _show_all(store: Store) -> web.Response:
    return render.page(
        "records.html", store, section="records", kinds=objects.kinds(store), unanswered=objects.unanswered(store)
    )


async def _kind(request: web.Request) -> web.Response:
    asked, match = request.query, request.match_info
    return await asyncio.to_thread(
        _show_kind,
        request.app[STORE],
        match["connector"],
        match["kind"],
        asked.get("q", ""),
        asked.get("day", ""),
        before(request),
    )


def _show_kind(store: Store, connector: str, kind: str, text: str, day: str, older_than: int) -> web.Response:
    days = objects.days(store, connector, kind)
    held = objects.count(store, connector, kind)
    if not days and not held:
        raise web.HTTPNotFound
    changes: Sequence[dict[str, Any]] = []
    records: Sequence[dict[str, Any]] = []
    older = None
    if day:
        changes = objects.changes(store, connector, kind, day=day, before=older_than, count=_A_PAGE + 1)
        older = changes[_A_PAGE - 1]["id"] if len(changes) > _A_PAGE else None
    else:
        records = objects.page(store, connector, kind, text=text, before=older_than, count=_A_PAGE + 1)
        older = records[_A_PAGE - 1]["number"] if len(records) > _A_PAGE else None
    return render.page(
        "kind.html",
        store,
        section="records",
        connector=connector,
        kind=kind,
        held=held,
        records=records[:_A_PAGE],
        columns=_columns(records[:_A_PAGE]),
        changes=changes[:_A_PAGE],
        older=older,
        newer=older_than < NEWEST,
        days=days,
        chart=chart.chart(days, ("add", "change", "remove")),
        filters={"q": text, "day": day},
        text=text,
        day=day,
    )


def _columns(records: Sequence[dict[str, Any]]) -> list[str]:
    """The fields that most records have, in the order in which they come."""
    seen = Counter(name for record in records for name in record["fields"])
    most = {name for name, _ in seen.most_common(_COLUMNS)}
    return [name for name in seen if name in most]


async def _one(request: web.Request) -> web.Response:
    match = request.match_info
    return await asyncio.to_thread(_show_one, request.app[STORE], match["connector"], match["kind"], match["id"])


def _show_one(store: Store, connector: str, kind: str, id: str) -> web.Response:
    record = objects.one(store, connector, kind, id)
    history = objects.history(store, connector, kind, id)
    if record is None and not history:
        raise web.HTTPNotFound
    return render.page(
        "record.html",
        store,
        section="records",
        connector=connector,
        kind=kind,
        id=id,
        record=record,
        history=history,
    )
