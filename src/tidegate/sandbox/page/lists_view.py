"""The ad platforms' lists: all of them, and the members of one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tidegate.sandbox import adlists
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.inbox import NEWEST
from tidegate.sandbox.page import chart, render
from tidegate.sandbox.page.inbox_view import before
from tidegate.sandbox.store import Store

_A_PAGE = 100


def routes() -> list[web.RouteDef]:
    return [web.get("/lists", _lists), web.get(r"/lists/{id:[^/]+}", _one)]


async def _lists(request: web.Request) -> web.Response:
    return await asyncio.to_thread(_show_all, request.app[STORE])


def _show_all(store: Store) -> web.Response:
    return render.page("lists.html", store, section="lists", lists=store.read("lists", "all"))


async def _one(request: web.Request) -> web.Response:
    asked = request.query
    return await asyncio.to_thread(
        _show, request.app[STORE], request.match_info["id"], asked.get("q", ""), asked.get("day", ""), before(request)
    )


def _show(store: Store, list_id: str, text: str, day: str, older_than: int) -> web.Response:
    held = store.read_one("lists", "one", id=list_id)
    if held is None:
        raise web.HTTPNotFound
    days = adlists.days(store, list_id)
    changes: Sequence[dict[str, Any]] = []
    members: Sequence[dict[str, Any]] = []
    if day:
        changes = adlists.changes(store, list_id, day=day, before=older_than, count=_A_PAGE + 1)
    else:
        members = adlists.members(store, list_id, text=text, before=older_than, count=_A_PAGE + 1)
    rows = changes or members
    filters = {"q": text, "day": day}
    return render.page(
        "list.html",
        store,
        section="lists",
        held=held,
        members=members[:_A_PAGE],
        changes=changes[:_A_PAGE],
        older=rows[_A_PAGE - 1]["id"] if len(rows) > _A_PAGE else None,
        newer=older_than < NEWEST,
        days=days,
        chart=chart.chart(days, ("add", "remove")),
        filters=filters,
        text=text,
        day=day,
    )
