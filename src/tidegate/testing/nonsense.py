"""What a checker must refuse of a request that is right: each with one thing spoilt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from tidegate.sandbox.asked import Asked


def unsigned(asked: Asked) -> Asked:
    """Without any header but those that say what the body is."""
    kept = ("content-type", "content-length", "accept", "host")
    return replace(asked, headers={name: value for name, value in asked.headers.items() if name in kept})


def misdirected(asked: Asked) -> Asked:
    return replace(asked, path="/no/such/operation/of/anybodys", method="POST")


def spoilt(asked: Asked) -> Iterator[Asked]:
    """The body as no platform wants it: of another kind, and with a name misspelt in each place."""
    if asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = asked.form()
        for name in form:
            yield replace(asked, body=urlencode({**_without(form, name), f"{name}_x": form[name]}).encode())
        return
    try:
        body = json.loads(asked.body)
    except ValueError:
        return
    kinds: tuple[Any, ...] = ([], {}, "nonsense", 7, None)
    for other in kinds:
        if type(other) is not type(body):
            yield replace(asked, body=json.dumps(other).encode())
    yield from (replace(asked, body=json.dumps(one).encode()) for one in _misspelt(body))


def _misspelt(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {**_without(value, name), f"{name}_x": inner}
            yield from ({**value, name: one} for one in _misspelt(inner))
    elif isinstance(value, list) and value:
        yield from ([one, *value[1:]] for one in _misspelt(value[0]))


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key != name}
