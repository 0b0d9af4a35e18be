"""The sandbox's web page: what was received, as the customer would see it."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from tidegate.sandbox.page import (
    api,
    feedback_view,
    files_view,
    inbox_view,
    lists_view,
    people_view,
    records_view,
    webhooks_view,
)

_STATIC = files(__package__).joinpath("static")
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def routes() -> list[web.RouteDef]:
    return [
        *inbox_view.routes(),
        *feedback_view.routes(),
        *lists_view.routes(),
        *records_view.routes(),
        *people_view.routes(),
        *webhooks_view.routes(),
        *files_view.routes(),
        *api.routes(),
        web.get(r"/static/{name:[a-z]+\.(?:css|js|svg)}", _static),
        web.get("/favicon.ico", _icon),
    ]


async def _static(request: web.Request) -> web.Response:
    return _asset(request.match_info["name"])


async def _icon(request: web.Request) -> web.Response:
    return _asset("icon.svg")


def _asset(name: str) -> web.Response:
    file = _STATIC.joinpath(name)
    if not file.is_file():
        raise web.HTTPNotFound
    kind = _TYPES[name.rpartition(".")[2]]
    headers = {"Cache-Control": "no-cache"}
    return web.Response(body=file.read_bytes(), content_type=kind, charset="utf-8", headers=headers)
