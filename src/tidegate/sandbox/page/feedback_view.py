"""What the reader of the page does with a message: opens it, follows its links, presses a button.

Every form carries a token of its message, which a page of another site cannot know. Where the page is shared with
other machines nothing is noted.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, get_args

from aiohttp import web

from tidegate.feedback.format import Kind
from tidegate.sandbox import inbox, links, reported
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.page import mail, render
from tidegate.sandbox.queries import query
from tidegate.sandbox.store import Store
from tidegate.sandbox.times import now

SHARED: web.AppKey[bool] = web.AppKey("shared", bool)
_MESSAGE = r"/messages/{number:\d{1,18}}"
#: words for the page, the kind, and what else is said with it
BUTTONS: Mapping[str, tuple[str, Kind, Mapping[str, Any]]] = {
    "hard": ("Bounce for good", "bounced", {"permanent": True, "detail": "550 5.1.1 no such user"}),
    "soft": ("Bounce for now", "bounced", {"permanent": False, "detail": "452 4.2.2 the mailbox is full"}),
    "complained": ("Complain", "complained", {}),
    "unsubscribed": ("Unsubscribe", "unsubscribed", {}),
    "replied": ("Reply", "replied", {}),
}


def routes() -> list[web.RouteDef]:
    return [
        web.get(_MESSAGE + "/go", _go),
        web.post(_MESSAGE + "/feedback", _pressed),
        web.get(r"/unsubscribe/{number:\d{1,18}}/{token:[0-9a-f]{32}}", _ask),
        web.post(r"/unsubscribe/{number:\d{1,18}}/{token:[0-9a-f]{32}}", _one_click),
    ]


async def opened(request: web.Request, number: int) -> None:
    """Note that a message is looked at, where that can be told; once."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    if request.app[SHARED] or ahead or request.method != "GET":
        return

    def change(connection: sqlite3.Connection) -> None:
        row = connection.execute(query("messages", "exists"), {"id": number}).fetchone()
        if row is not None and row["channel"] in reported.TELL_OPENING:
            reported.once(connection, number, "opened")

    await _noted(request, change)


def about(store: Store, row: Any, *, shared: bool) -> dict[str, Any]:
    """What the page shows of what was done with a message. Blocks on the store."""
    found = store.read("feedback", "of_message", message=row["id"], now=now())
    raw, details = bytes(row["raw"]), json.loads(row["details"])
    header = mail.read(raw).header if row["channel"] == "email" else lambda name: ""
    return {
        "done": [dict(one) for one in found],
        "buttons": {}
        if shared or row["channel"] in reported.OF_TEAMS
        else {name: words for name, (words, _, _) in BUTTONS.items()},
        "token": _token(store, row["id"]),
        "links": [] if shared else links.of(row["channel"], raw, details),
        "one_click": "one-click" in header("List-Unsubscribe-Post").lower(),
    }


async def _go(request: web.Request) -> web.Response:
    """Where a link of a message leads; the click is noted, the way there is left to the reader."""
    number, url = int(request.match_info["number"]), request.query.get("url", "")
    store = request.app[STORE]
    row = await asyncio.to_thread(inbox.one, store, number)
    if row is None or url not in links.of(row["channel"], bytes(row["raw"]), json.loads(row["details"])):
        raise web.HTTPNotFound(text="the message has no such link")
    if not request.app[SHARED]:

        def change(connection: sqlite3.Connection) -> None:
            if row["channel"] in reported.TELL_OPENING:
                reported.once(connection, number, "opened")
            reported.record(connection, number, "clicked", url=url)

        await _noted(request, change)
    return await asyncio.to_thread(render.page, "go.html", store, section="messages", number=number, url=url)


async def _pressed(request: web.Request) -> web.Response:
    number = int(request.match_info["number"])
    form = await request.post()
    await _allowed(request, number, str(form.get("token", "")))
    if form.get("what") not in BUTTONS:
        raise web.HTTPBadRequest(text=f"what must be one of {', '.join(BUTTONS)}")
    _, kind, more = BUTTONS[str(form["what"])]
    assert kind in get_args(Kind)
    await _noted(request, lambda connection: reported.record(connection, number, kind, **more))
    raise web.HTTPSeeOther(f"/messages/{number}")


async def _ask(request: web.Request) -> web.Response:
    """RFC 8058, 3.1: a GET changes nothing; it may come from whoever looks a mail through for bad links."""
    number, token = int(request.match_info["number"]), request.match_info["token"]
    await _allowed(request, number, token)
    store = request.app[STORE]
    return await asyncio.to_thread(
        render.page, "unsubscribe.html", store, section="messages", number=number, token=token, done=False
    )


async def _one_click(request: web.Request) -> web.Response:
    """RFC 8058, 3.1 and 3.2: a POST of `List-Unsubscribe=One-Click` acts at once, and asks for nothing else. Asked
    again it does nothing more."""
    number, token = int(request.match_info["number"]), request.match_info["token"]
    await _allowed(request, number, token)
    if (await request.post()).get("List-Unsubscribe") != "One-Click":
        raise web.HTTPBadRequest(text="the body must be List-Unsubscribe=One-Click")
    await _noted(request, lambda connection: reported.once(connection, number, "unsubscribed"))
    store = request.app[STORE]
    return await asyncio.to_thread(
        render.page, "unsubscribe.html", store, section="messages", number=number, token=token, done=True
    )


async def _noted(request: web.Request, change: Callable[[sqlite3.Connection], None]) -> None:
    await asyncio.wrap_future(request.app[STORE].write(change))


async def _allowed(request: web.Request, number: int, token: str) -> None:
    store = request.app[STORE]
    known = await asyncio.to_thread(_token, store, number)
    if request.app[SHARED] or not hmac.compare_digest(known.encode(), token.encode()):
        raise web.HTTPForbidden(text="this is not for anybody who has not opened the message")
    if await asyncio.to_thread(store.read_one, "messages", "exists", id=number) is None:
        raise web.HTTPNotFound(text="there is no such message")


def _token(store: Store, number: int) -> str:
    row = store.read_one("feedback", "secret")
    if row is None:
        made = {"value": secrets.token_hex(16)}
        store.write(lambda connection: connection.execute(query("feedback", "make_secret"), made)).result()
        row = store.read_one("feedback", "secret")
    assert row is not None
    return hmac.new(row["value"].encode(), str(number).encode(), hashlib.sha256).hexdigest()[:32]
