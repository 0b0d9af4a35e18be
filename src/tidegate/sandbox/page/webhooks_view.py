"""The calls that webhook destinations received."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.inbox import NEWEST
from tidegate.sandbox.page import render
from tidegate.sandbox.page.inbox_view import before
from tidegate.sandbox.store import Store

_A_PAGE = 50


def routes() -> list[web.RouteDef]:
    return [web.get("/webhooks", _webhooks)]


async def _webhooks(request: web.Request) -> web.Response:
    asked = request.query
    return await asyncio.to_thread(
        _show, request.app[STORE], asked.get("q") or None, asked.get("day") or None, before(request)
    )


def _show(store: Store, text: str | None, day: str | None, older_than: int) -> web.Response:
    rows = store.read("webhooks", "page", text=text, day=day, before=older_than, count=_A_PAGE + 1)
    shown = [
        {
            **dict(row),
            "pretty": _pretty(row["body"]),
            "person": _person(row["body"]),
            "headers": json.loads(row["headers"]),
        }
        for row in rows
    ]
    return render.page(
        "webhooks.html",
        store,
        section="webhooks",
        webhooks=shown[:_A_PAGE],
        older=rows[_A_PAGE - 1]["id"] if len(rows) > _A_PAGE else None,
        newer=older_than < NEWEST,
        days=store.read("webhooks", "days"),
        filters={"q": text, "day": day},
        text=text,
        day=day,
    )


def _person(body: str) -> str:
    """Whom a message is about; nobody, where a call is about many."""
    told = json.loads(body)
    data = told.get("data") if isinstance(told, dict) else None
    return str(data.get("person") or "") if isinstance(data, dict) else ""


def _pretty(body: str) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
