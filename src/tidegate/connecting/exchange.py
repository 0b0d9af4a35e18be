"""What a platform was asked and what it answered, told to whoever watches: for the log of requests, and to keep
within the rates that a platform announces. Without bodies, addresses and secrets.

`tidegate.connecting.http.call` tells of each of its calls; a connector that talks otherwise (SMTP, a database)
uses `tell`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from tidegate.mask import mask

#: words that API paths are made of: `audienceMembers:ingest`, `External_Id__c`, `custom-audiences`
_WORDS = re.compile(r"(?:(?:Ad|By|Id|In|Of|To|[A-Z]?[a-z]{2,14})\d?[-_.:]*|[A-Z]{2,6}[-_.:]+)+[a-z]?")
#: longer than any telephone number (E.164), and so the id of something
_LONG_NUMBER = re.compile(r"\d{16,}")
_LONGEST_WORD = 19
_LONGEST_PATH = 160
_LONGEST_LIMITS = 200
_NO_LIMITS: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)  # not frozen: that would be a fifth of what telling of a request costs
class Exchange:
    """`status` is None where no answer came. `path` has no query, and nothing personal or secret in it.

    `limits` are the answer's headers about rates, in lower case. `said`: the platform's words where it failed, masked.
    """

    method: str
    path: str
    status: int | None
    seconds: float
    rows: int | None = None
    failed: bool = False
    said: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)


#: who is told in this task and those that it starts; None where nobody is
watching: ContextVar[Callable[[Exchange], None] | None] = ContextVar("tidegate_watching", default=None)


def tell(
    method: str,
    path: str,
    *,
    status: int | None,
    seconds: float,
    rows: int | None = None,
    failed: bool = False,
    said: str = "",
    headers: Mapping[str, str] | None = None,
    hide: tuple[str, ...] = (),
) -> None:
    """Tell whoever watches of one exchange; costs next to nothing where nobody does.

    `path` is as sent, `hide` are secrets that may be part of it. `said` must be masked already. `rows` where other
    than those of the call that the exchange belongs to.
    """
    watch = watching.get()
    if watch is None:
        return
    telling = _telling(tuple(headers)) if headers else ()
    limits = {name.lower(): headers[name] for name in telling} if headers and telling else _NO_LIMITS
    watch(Exchange(method, shown(path, hide), status, seconds, rows, failed, said, limits))


@lru_cache(2048)
def shown(path: str, hide: tuple[str, ...] = ()) -> str:
    """A path fit to be kept: what may be an address, a hash, a number to call or a secret is masked.

    >>> shown("/v3/contacts/ada%40example.com/lists/7")
    '/v3/contacts/(address)/lists/7'
    """
    path = path.partition("?")[0].partition("#")[0]
    for secret in hide:
        if len(secret) >= 4:
            path = path.replace(secret, "(secret)")
    segments = [_segment(segment) for segment in path[: 10 * _LONGEST_PATH].split("/")]
    found = "/".join(segments)
    return found if len(found) <= _LONGEST_PATH else found[: _LONGEST_PATH - 1] + "…"


def written(limits: Mapping[str, str]) -> str:
    """Headers about rates, in one line."""
    return "; ".join(f"{name}: {mask(value)}" for name, value in sorted(limits.items()))[:_LONGEST_LIMITS]


def _segment(segment: str) -> str:
    text = unquote(segment)
    if _LONG_NUMBER.fullmatch(text):
        return text
    masked = mask(text)
    if masked != " ".join(text.split()):
        return masked.replace(" ", "_")
    if len(text) > _LONGEST_WORD and not _WORDS.fullmatch(text):
        return "(token)"
    return segment


@lru_cache(1024)
def _telling(headers: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are about rates. An API answers with the same few sets of headers again and again."""
    return tuple(name for name in headers if _tells_limits(name.lower()))


def _tells_limits(header: str) -> bool:
    return header == "retry-after" or "ratelimit" in header or "rate-limit" in header or header in _OTHERS


#: platforms' own names: Meta's, Shopify's, Salesforce's
_OTHERS = frozenset(
    {
        "x-business-use-case-usage",
        "x-app-usage",
        "x-shopify-shop-api-call-limit",
        "sforce-limit-info",
        "x-daily-requests-left",
    }
)
