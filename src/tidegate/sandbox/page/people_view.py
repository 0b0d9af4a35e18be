"""One person: every message and every list, as far as the run told whose an address is."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.page import render
from tidegate.sandbox.store import Store


def routes() -> list[web.RouteDef]:
    return [web.get("/people/{person}", _person)]


async def _person(request: web.Request) -> web.Response:
    return await asyncio.to_thread(_show, request.app[STORE], request.match_info["person"])


def _show(store: Store, person: str) -> web.Response:
    identifiers = [row["identifier"] for row in store.read("store", "identifiers_of_person", person=person)]
    if not identifiers:
        raise web.HTTPNotFound
    return render.page(
        "person.html",
        store,
        section="messages",
        person=person,
        identifiers=[one for one in identifiers if "@" in one or one.startswith("+")],
        messages=store.read("messages", "of_person", person=person, count=500),
        lists=store.read("lists", "of_person", person=person),
        records=store.read("records", "of_person", person=person),
        changes=store.read("lists", "changes_of_person", person=person, count=500),
    )
