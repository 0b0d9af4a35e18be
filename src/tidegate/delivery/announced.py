"""What platforms announce of their rates in the headers of an answer.

- `RateLimit-Remaining`, `-Limit`, `-Reset` and the same with `X-` and a platform's name before (drafts 00 to 06 of
  draft-ietf-httpapi-ratelimit-headers; HubSpot, Braze, Klaviyo, SendGrid, Discord and many others)
- `RateLimit: "default";r=50;t=30` (drafts 07 and later), `RateLimit: limit=100, remaining=50, reset=5` (before)
- `X-HubSpot-RateLimit-Interval-Milliseconds` and `-Daily-Remaining` (developers.hubspot.com/docs/api/usage-details)
- `X-Business-Use-Case-Usage`, `X-App-Usage`: per cent (developers.facebook.com/docs/graph-api/overview/rate-limiting)

All read 2026-11.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any

_PARAMETER = re.compile(r"\b([a-z]+)\s*=\s*\"?(\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
#: how long a day's allowance that is used up is believed, where nobody says when the day ends
_DAY_USED_UP = 3600.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """`left` calls of `limit` within the next `seconds`; None where it is not told."""

    left: float
    seconds: float | None = None
    limit: float | None = None


def allowances(limits: Mapping[str, str], now: float) -> list[Allowance]:
    """Every allowance that the headers tell of. `now` is Unix time; names are lower case. Nonsense is passed over."""
    return list(chain(_remaining(limits, now), _draft(limits.get("ratelimit", "")), _usage(limits)))


def _remaining(limits: Mapping[str, str], now: float) -> Iterator[Allowance]:
    for name, value in limits.items():
        if not name.endswith("-remaining") or (left := _number(value)) is None:
            continue
        family = name.removesuffix("remaining")
        if family.endswith("daily-"):
            if left <= 0:
                yield Allowance(0, _DAY_USED_UP, _number(limits.get(family.removesuffix("-"), "")))
            continue
        limit = _number(limits.get(f"{family}limit") or limits.get(f"{family}max") or limits.get(family[:-1], ""))
        yield Allowance(left, _reset(limits, family, now), limit)


def _reset(limits: Mapping[str, str], family: str, now: float) -> float | None:
    if (after := _number(limits.get(f"{family}reset-after", ""))) is not None:
        return after
    if (reset := limits.get(f"{family}reset")) is not None:
        return _until(reset, now)
    interval = _number(limits.get(f"{family}interval-milliseconds", ""))
    return interval / 1000 if interval is not None else None


def _until(text: str, now: float) -> float | None:
    """Seconds until a reset, which is told as seconds, as Unix time (also in milliseconds), or as a date."""
    try:
        value = float(text)
    except ValueError:
        try:
            date = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        value = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    if not math.isfinite(value):
        return None
    if value > 1e11:
        value /= 1000
    return max(value - now if value > 1e9 else value, 0.0)


def _draft(text: str) -> Iterator[Allowance]:
    policies = [text] if "remaining" in text else re.split(r",(?=\s*\")", text)
    for policy in policies:
        told = {key: float(value) for key, value in _PARAMETER.findall(policy)}
        left = told.get("r", told.get("remaining"))
        if left is not None:
            yield Allowance(left, told.get("t", told.get("reset")), told.get("limit"))


def _usage(limits: Mapping[str, str]) -> Iterator[Allowance]:
    for name in ("x-business-use-case-usage", "x-app-usage"):
        for one in _objects(limits.get(name, "")):
            used = [one.get(key) for key in ("call_count", "total_cputime", "total_time")]
            percent = max((float(part) for part in used if isinstance(part, (int, float))), default=0.0)
            minutes = one.get("estimated_time_to_regain_access")
            if isinstance(minutes, (int, float)) and minutes > 0:
                yield Allowance(0, minutes * 60.0)
            elif percent:
                yield Allowance(max(100 - percent, 0), None, 100)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects with `call_count`, at whatever depth they are."""
    try:
        todo = [json.loads(text)] if text else []
    except ValueError:
        return
    while todo:
        one = todo.pop()
        if isinstance(one, dict) and "call_count" in one:
            yield one
        elif isinstance(one, (dict, list)):
            todo.extend(one.values() if isinstance(one, dict) else one)


def _number(text: str) -> float | None:
    found = _NUMBER.match(text.strip())
    return float(found.group()) if found else None
