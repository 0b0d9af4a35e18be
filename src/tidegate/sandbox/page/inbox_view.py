"""The inbox: messages in one pane, the one chosen in the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tidegate.sandbox import inbox, links
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.inbox import NEWEST, Filter
from tidegate.sandbox.page import chart, feedback_view, mail, render
from tidegate.sandbox.segments import segments
from tidegate.sandbox.store import Store

_A_PAGE = 50
_PICTURES = " https: http:"
#: what a message looks like that is not an e-mail; the others are bubbles on a telephone
_SHAPES = {"push": "notification", "web_push": "notification", "chat": "post", "crm": "campaign"}


def routes() -> list[web.RouteDef]:
    return [
        web.get("/", _inbox),
        web.get(r"/messages/{number:\d{1,18}}", _inbox),
        web.get(r"/messages/{number:\d{1,18}}/html", _html),
        web.get(r"/messages/{number:\d{1,18}}/source", _source),
    ]


def wanted(request: web.Request) -> Filter:
    """The filter that a request's query asks for."""
    given = request.query
    return Filter(given.get("channel") or None, given.get("day") or None, given.get("q") or None)


def before(request: web.Request) -> int:
    given = request.query.get("before", "")
    return int(given) if given.isdecimal() and len(given) <= 18 else NEWEST


async def _inbox(request: web.Request) -> web.Response:
    number = request.match_info.get("number")
    tab = request.query.get("tab", "")
    if number is not None:
        await feedback_view.opened(request, int(number))
    return await asyncio.to_thread(
        _show,
        request.app[STORE],
        wanted(request),
        before(request),
        int(number) if number else None,
        tab,
        request.app[feedback_view.SHARED],
    )


def _show(store: Store, asked: Filter, older_than: int, number: int | None, tab: str, shared: bool) -> web.Response:
    rows = inbox.page(store, asked, before=older_than, count=_A_PAGE + 1)
    days = inbox.days(store)
    channels = inbox.channels(store)
    chosen = inbox.one(store, number) if number is not None else None
    filters = {"q": asked.text, "channel": asked.channel, "day": asked.day}
    return render.page(
        "inbox.html",
        store,
        status=404 if number is not None and chosen is None else 200,
        section="messages",
        rows=rows[:_A_PAGE],
        older=rows[_A_PAGE - 1]["id"] if len(rows) > _A_PAGE else None,
        newer=older_than < NEWEST,
        matching=inbox.matching(store, asked),
        days=days,
        channels=channels,
        chart=chart.chart(days, sorted(channels)),
        asked=asked,
        filters=filters,
        here={**filters, "before": older_than if older_than < NEWEST else None},
        number=number,
        chosen=None
        if chosen is None
        else {**_opened(chosen, tab), "feedback": feedback_view.about(store, chosen, shared=shared), "shared": shared},
    )


def _opened(row: Any, tab: str) -> Mapping[str, Any]:
    raw = bytes(row["raw"])
    if row["channel"] != "email":
        body = raw.decode("utf-8", "replace")
        words = {"text": body, "segments": segments(body), "shape": _SHAPES.get(row["channel"], "bubble")}
        return {"row": row, "mail": None, "tab": "text", "tabs": (), "details": json.loads(row["details"]), **words}
    opened = mail.read(raw)
    tabs = [
        *([("html", "HTML")] if opened.html is not None else []),
        *([("phone", "On a phone")] if opened.html is not None else []),
        *([("text", "Text")] if opened.text is not None else []),
        ("headers", "Headers"),
        ("source", "Source"),
    ]
    names = [name for name, _ in tabs]
    shown = tab if tab in names else names[0]
    source = raw.decode("utf-8", "replace")[:200_000] if shown == "source" else ""
    return {"row": row, "mail": opened, "text": opened.text, "tab": shown, "tabs": tabs, "source": source}


async def _html(request: web.Request) -> web.Response:
    number = int(request.match_info["number"])
    row = await asyncio.to_thread(inbox.one, request.app[STORE], number)
    opened = mail.read(bytes(row["raw"])) if row is not None and row["channel"] == "email" else None
    if opened is None or opened.html is None:
        raise web.HTTPNotFound
    pictures = _PICTURES if "pictures" in request.query else ""
    headers = {
        **render.HEADERS,
        # a foreign document: no scripts, no forms, an origin of its own; pictures from elsewhere on request only
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'unsafe-inline'{pictures}; img-src data:{pictures}; "
            f"font-src data:{pictures}; frame-ancestors 'self'; "
            "sandbox allow-popups allow-popups-to-escape-sandbox"
        ),
    }
    text = mail.opening_links_apart(opened.html)
    if not request.app[feedback_view.SHARED]:
        # whole addresses: a <base> of the mail's own must not lead them away
        here = f"{request.scheme}://{request.host}"
        text = links.led(text, lambda url: here + links.way(number, url))
    return web.Response(text=text, content_type="text/html", headers=headers)


async def _source(request: web.Request) -> web.Response:
    row = await asyncio.to_thread(inbox.one, request.app[STORE], int(request.match_info["number"]))
    if row is None:
        raise web.HTTPNotFound
    suffix = "eml" if row["channel"] == "email" else "txt"
    headers = {**render.HEADERS, "Content-Disposition": f'attachment; filename="message-{row["id"]}.{suffix}"'}
    return web.Response(body=bytes(row["raw"]), content_type="application/octet-stream", headers=headers)
