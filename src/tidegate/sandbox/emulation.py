"""One fake platform, for a connector's tests and for the sandbox alike: `platforms/NAME.py` holds one `Emulation`.

A handler gets a `Call` and returns an `Answer`. What it does is one transaction: it is undone where a fault
that was ordered befalls the whole call. It runs on one thread at a time, so it need not think of others.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import unquote

from tidegate.connector import Target
from tidegate.sandbox.asked import Answer, Asked
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.faults import UNHARMED, Addresses, Fault, Strike, strike
from tidegate.sandbox.shelf import Shelf

__all__ = ["SECRET", "Answer", "Asked", "Call", "Declined", "Emulation", "Route", "Shelf", "Taken"]

_PART = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")


class Declined(Exception):
    """Raised in a handler: the platform does not take the call, and answers so. Nothing is kept."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Struck(Exception):
    """A fault that was ordered befalls the whole call."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Of the rows of a call: positions that the platform takes, and those that it was told to refuse, with why.

    `codes`: the platform's own error codes, for refusals that were ordered with one. `orders`: the orders.
    """

    good: Sequence[int]
    refused: Mapping[int, str] = field(default_factory=dict)
    codes: Mapping[int, int] = field(default_factory=dict)
    orders: Mapping[int, Fault] = field(default_factory=dict)


class Call:
    """A request to one route. `parts` are the path's parameters, unquoted."""

    def __init__(self, asked: Asked, parts: Mapping[str, str], shelf: Shelf, connection: sqlite3.Connection) -> None:
        self.asked = asked
        self.parts = parts
        self.shelf = shelf
        self.offered: Sequence[Addresses] = ()
        self.befallen: Strike | None = None
        self.connection = connection

    @property
    def query(self) -> Mapping[str, str]:
        return self.asked.query

    @property
    def headers(self) -> Mapping[str, str]:
        return self.asked.headers

    def json(self) -> Any:
        """The body as JSON; what is none is declined with 400."""
        try:
            return self.asked.json()
        except (ValueError, RecursionError):
            raise Declined(Answer(400, {"message": "the body is not JSON"})) from None

    def form(self) -> dict[str, str]:
        """The body as form fields; what is none is declined with 400."""
        try:
            return self.asked.form()
        except ValueError:
            raise Declined(Answer(400, {"message": "the body is not a form"})) from None

    def signed(self) -> bool:
        """Whether SECRET came along: as bearer or other token, basic user or password, header, query or path."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                basic = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                basic = ""
            if SECRET in (value, *basic.split(":", 1)):
                return True
        given = (scheme, value, *self.headers.values(), *self.query.values(), *self.parts.values())
        return SECRET in given

    def take(self, rows: Sequence[Sequence[str]]) -> Taken:
        """Ask once, in a call that writes rows or messages, which of them to take; give the addresses of each.

        Whoever plays with the sandbox may have ordered that some are refused. A fault of the whole call ends
        the handler here.
        """
        if self.befallen is not None:
            raise RuntimeError("take() is asked once a call")
        self.offered = [tuple(row) for row in rows]
        self.befallen = strike(self.connection, self.shelf.connector, self.offered)
        fault = self.befallen.fault
        if fault is None:
            refused = self.befallen.refused
            good = [position for position in range(len(rows)) if position not in refused]
            words = {position: one.reason or "refused, as was ordered" for position, one in refused.items()}
            codes = {position: one.code for position, one in refused.items() if one.code}
            return Taken(good, words, codes, refused)
        if fault.kind in ("throttle", "error") or fault.accept == 0:
            raise Struck
        return Taken(fault.accepted(range(len(rows))))


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is without the prefix: `/v3/contacts/{id}`, or `{rest:.*}` with a pattern of its own for a part.

    `operation` is what the log of calls names it.
    """

    method: str
    path: str
    operation: str
    handler: Handler


class Emulation:
    """What a platform does with calls. Name the connector, list the routes, say what is held."""

    connector: ClassVar[str]

    def routes(self) -> Sequence[Route]:
        raise NotImplementedError

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        """Who is on this list or in this object now: first identifier as the connector sent it -> traits."""
        raise NotImplementedError

    def throttled(self, after: float) -> Answer:
        """Too many requests; try again in `after` seconds."""
        return Answer(429, {"message": "Too Many Requests"}, {"Retry-After": str(math.ceil(after))})

    def failed(self, status: int) -> Answer:
        return Answer(status, {"message": HTTPStatus(status).phrase})

    def befallen(self, fault: Fault) -> Answer:
        """What is said where a fault that was ordered befalls the whole call."""
        if fault.kind == "throttle":
            said = self.throttled(fault.after)
            return replace(said, status=fault.status or said.status)
        return self.failed(fault.status or 500)

    def unauthorized(self) -> Answer:
        return Answer(401, {"message": "Unauthorized"})

    def unknown(self, asked: Asked) -> Answer:
        """There is no such operation."""
        return Answer(404, {"message": f"the sandbox knows no {asked.method} {asked.path} of {self.connector}"})

    def token(self, call: Call) -> Answer:
        """An OAuth 2 token for who shows the secret, or an assertion (RFC 6749, 5; RFC 7523)."""
        form = call.form()
        shown = form.get("assertion") or SECRET in (*form.values(), *_basic(call))
        if not form.get("grant_type"):
            return Answer(400, {"error": "invalid_request", "error_description": "grant_type is missing"})
        if not shown:
            return Answer(401, {"error": "invalid_client", "error_description": "unknown client"})
        return Answer(200, {"access_token": SECRET, "token_type": "Bearer", "expires_in": 3600})

    def find(self, asked: Asked) -> tuple[Route, dict[str, str]] | None:
        """The route of a request, with the path's parameters."""
        for route, pattern in self._compiled():
            found = pattern.fullmatch(asked.path) if route.method == asked.method else None
            if found:
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def _compiled(self) -> list[tuple[Route, re.Pattern[str]]]:
        if not hasattr(self, "_patterns"):
            token = Route("POST", TOKEN_PATH, "fetch token", self.token)
            self._patterns = [(route, _pattern(route.path)) for route in (*self.routes(), token)]
        return self._patterns


#: where every platform of the sandbox gives away tokens, unless it lists the route itself
TOKEN_PATH = "/oauth/token"


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a call: `answer` is what the platform would say, `fault` what befalls it on its way."""

    answer: Answer
    operation: str
    offered: int = 0
    fault: Fault | None = None
    struck: str = ""


def handle(emulation: Emulation, asked: Asked, connection: sqlite3.Connection) -> Handled:
    """Let a platform answer a request; within a transaction of the store, or on one in memory."""
    found = emulation.find(asked)
    if found is None:
        return Handled(emulation.unknown(asked), f"{asked.method} {asked.path}")
    route, parts = found
    call = Call(asked, parts, Shelf(connection, emulation.connector), connection)
    connection.execute("savepoint handled")
    try:
        answer = route.handler(call)
        if call.befallen is None and answer.status < 400 and route.operation != "fetch token":
            call.take([])
    except Declined as declined:
        connection.execute("rollback to handled")
        answer = declined.answer
    except Struck:
        # what was counted off the fault is undone with the rest, so it is counted off again
        connection.execute("rollback to handled")
        fault = strike(connection, emulation.connector, call.offered).fault
        assert fault is not None
        answer = emulation.befallen(fault)
    finally:
        connection.execute("release handled")
    befallen = call.befallen or UNHARMED
    return Handled(answer, route.operation, len(call.offered), befallen.fault, befallen.name)


def _basic(call: Call) -> Sequence[str]:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    try:
        parts = base64.b64decode(value, validate=True).decode().split(":", 1) if scheme.lower() == "basic" else ()
        # RFC 6749, 2.3.1: a client's id and secret are encoded as in a form before they become Basic.
        return [*parts, *map(unquote, parts)]
    except (binascii.Error, UnicodeDecodeError):
        return ()


def _pattern(path: str) -> re.Pattern[str]:
    found, end = "", 0
    for part in _PART.finditer(path):
        found += re.escape(path[end : part.start()]) + f"(?P<{part[1]}>{part[2] or '[^/]+'})"
        end = part.end()
    return re.compile(found + re.escape(path[end:]))
