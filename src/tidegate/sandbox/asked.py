"""A request as a platform gets it, and its answer; apart from the server that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire. Header names are lower case; the path is as sent, still quoted.

    `prefix` is what came before the path, where several platforms share a server.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    #: the query as sent; `query` knows one value a name
    search: str = ""
    prefix: str = ""

    @property
    def base(self) -> str:
        """The address that the connector was given as the platform's."""
        return f"http://{self.headers.get('host', 'localhost')}{self.prefix}"

    def every(self, name: str) -> list[str]:
        """The values of a query parameter that may be repeated."""
        return [value for key, value in parse_qsl(self.search, keep_blank_values=True) if key == name]

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body)))


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is sent as it is where it is text or bytes, else as JSON. `took` counts the rows and messages taken."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    took: int = 0

    def response(self) -> web.Response:
        headers = dict(self.headers)
        if not isinstance(self.body, (str, bytes)) and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
        return web.Response(status=self.status, body=self.content(), headers=headers)

    def content(self) -> bytes:
        """The body as it goes over the wire."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()
