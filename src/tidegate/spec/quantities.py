"""How durations, limits and references to models are written."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from tidegate.spec.objects import Limit

_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_SHORT = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day", "w": "week"}
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]+)")
_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")
_REF = re.compile(r"ref\(\s*(?P<quote>['\"])(?P<model>\w+)(?P=quote)\s*\)")

DURATION_PATTERN = r"^\s*(\d+(\.\d+)?\s*[a-zA-Z]+\s*)+$"
REF_PATTERN = r"^\s*ref\(\s*['\"]\w+['\"]\s*\)\s*$"
#: as long as anything may last; longer ones overflow the warehouse's timestamps when added
_LONGEST = timedelta(days=36_500)


def duration(value: Any) -> timedelta:
    """A length of time. Raises ValueError with words for whoever wrote it.

    >>> duration("1 day 6 hours")
    datetime.timedelta(days=1, seconds=21600)
    >>> duration("24h")
    datetime.timedelta(days=1)
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("a duration needs its unit, such as `24 hours` or `7 days`")
    total = timedelta()
    rest = value.strip()
    if not rest:
        raise ValueError("a duration is a number and a unit, such as `24 hours` or `7 days`")
    while rest:
        part = _PART.match(rest)
        if part is None:
            raise ValueError(f"`{value}` is not a duration; write a number and a unit, such as `24 hours` or `7 days`")
        try:
            total += float(part["number"]) * _unit(part["unit"])
        except OverflowError:
            total = timedelta.max
        rest = rest[part.end() :].lstrip(" ,")
        if total > _LONGEST:
            raise ValueError(f"`{value}` is longer than a hundred years")
    if not total:
        raise ValueError(f"`{value}` is no time at all")
    return total


def _unit(word: str) -> timedelta:
    lowered = word.lower()
    name = _SHORT.get(lowered, lowered.removesuffix("s"))
    if name in ("month", "mo", "year", "y"):
        raise ValueError(f"a {'month' if name.startswith('m') else 'year'} has no fixed length; write days")
    if name not in _UNITS:
        raise ValueError(f"`{word}` is not a unit of time; there are seconds, minutes, hours, days, weeks")
    return _UNITS[name]


def limit(value: Any) -> Limit | None:
    """A share (`20%`) or a number of people; `none` is no limit. Raises ValueError.

    >>> limit("20%")
    Limit(share=0.2, count=None)
    """
    if isinstance(value, Limit):
        return value
    if isinstance(value, str):
        text = value.strip().lower()
        if text == "none":
            return None
        percent = _PERCENT.fullmatch(text)
        if percent:
            return Limit(share=float(percent["number"]) / 100)
        if text.isdigit():
            return Limit(count=int(text))
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Limit(count=value)
    raise ValueError("write a share such as `20%`, a number of people such as `500`, or `none`")


def share_of_members(value: Any) -> Limit | None:
    """A limit on members who leave: more than all of them cannot."""
    found = limit(value)
    if found is not None and found.share is not None and found.share > 1:
        raise ValueError(f"{value} is more than everyone")
    return found


def count(value: Any) -> int | None:
    """A number of people or messages; `none` is no limit. Raises ValueError."""
    if isinstance(value, str) and value.strip().lower() == "none":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("write a number such as `500`, or `none`")


def model_name(value: Any) -> str:
    """The model that `ref('...')` names, as in dbt. Raises ValueError.

    >>> model_name("ref('people')")
    'people'
    """
    if isinstance(value, str):
        found = _REF.fullmatch(value.strip())
        if found:
            return found["model"]
        if re.fullmatch(r"\w+", value.strip()):
            raise ValueError(f"write ref('{value.strip()}')")
    raise ValueError("name a model as in dbt: ref('the_model')")
