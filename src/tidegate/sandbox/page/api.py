"""What the page shows, as JSON: for tests, and for who likes `jq`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tidegate.sandbox import adlists, calls, inbox, objects
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.page import files_view, mail
from tidegate.sandbox.page.inbox_view import before, wanted
from tidegate.sandbox.store import Store


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/totals", _totals),
        web.get("/api/messages", _messages),
        web.get(r"/api/messages/{number:\d{1,18}}", _message),
        web.get("/api/days", _days),
        web.get("/api/lists", _lists),
        web.get(r"/api/lists/{id:[^/]+}/members", _members),
        web.get(r"/api/lists/{id:[^/]+}/days", _list_days),
        web.get("/api/records", _kinds),
        web.get("/api/records/{connector}/{kind}", _records),
        web.get("/api/webhooks", _webhooks),
        web.get("/api/files", _files),
        web.get("/api/calls", _calls),
    ]


async def _answer(request: web.Request, find: Callable[[Store], Any]) -> web.Response:
    return web.json_response(await asyncio.to_thread(find, request.app[STORE]), headers={"Cache-Control": "no-store"})


def _count(request: web.Request) -> int:
    given = request.query.get("count", "100")
    if not given.isdecimal() or not 1 <= int(given) <= 10_000:
        raise web.HTTPBadRequest(text="count must be a number from 1 to 10000")
    return int(given)


async def _totals(request: web.Request) -> web.Response:
    return await _answer(request, lambda store: dict(store.read("store", "totals")[0]))


async def _messages(request: web.Request) -> web.Response:
    asked, older_than, count = wanted(request), before(request), _count(request)

    def find(store: Store) -> Any:
        rows = inbox.page(store, asked, before=older_than, count=count)
        return {"matching": inbox.matching(store, asked), "messages": [dict(row) for row in rows]}

    return await _answer(request, find)


async def _message(request: web.Request) -> web.Response:
    number = int(request.match_info["number"])

    def find(store: Store) -> Any:
        row = inbox.one(store, number)
        if row is None:
            raise web.HTTPNotFound
        shown = {key: row[key] for key in row.keys() if key != "raw"}  # noqa: SIM118 - a Row iterates over values
        raw = bytes(row["raw"])
        shown["details"] = json.loads(row["details"])
        if row["channel"] != "email":
            return {**shown, "text": raw.decode("utf-8", "replace")}
        opened = mail.read(raw)
        return {**shown, "text": opened.text, "html": opened.html, "headers": opened.headers}

    return await _answer(request, find)


async def _days(request: web.Request) -> web.Response:
    return await _answer(request, inbox.days)


async def _lists(request: web.Request) -> web.Response:
    return await _answer(request, lambda store: [dict(row) for row in store.read("lists", "all")])


async def _members(request: web.Request) -> web.Response:
    list_id, text, older_than, count = (
        request.match_info["id"],
        request.query.get("q", ""),
        before(request),
        _count(request),
    )
    return await _answer(
        request, lambda store: adlists.members(store, list_id, text=text, before=older_than, count=count)
    )


async def _list_days(request: web.Request) -> web.Response:
    list_id = request.match_info["id"]
    return await _answer(request, lambda store: adlists.days(store, list_id))


async def _kinds(request: web.Request) -> web.Response:
    return await _answer(request, objects.kinds)


async def _records(request: web.Request) -> web.Response:
    connector, kind = request.match_info["connector"], request.match_info["kind"]
    text, older_than, count = request.query.get("q", ""), before(request), _count(request)
    return await _answer(
        request, lambda store: objects.page(store, connector, kind, text=text, before=older_than, count=count)
    )


async def _webhooks(request: web.Request) -> web.Response:
    values = {
        "text": request.query.get("q") or None,
        "day": request.query.get("day") or None,
        "before": before(request),
        "count": _count(request),
    }
    return await _answer(request, lambda store: [dict(row) for row in store.read("webhooks", "page", **values)])


async def _files(request: web.Request) -> web.Response:
    return await _answer(request, lambda store: [asdict(file) for file in files_view.listed(store)])


async def _calls(request: web.Request) -> web.Response:
    return await _answer(request, calls.counts)
