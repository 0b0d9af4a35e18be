"""How durations, limits and references to models are written."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from tidegate.spec.nearest import hint
from tidegate.spec.objects import Limit, Throttle, Window

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

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_WINDOW = re.compile(rf"(?P<opens>{_CLOCK})\s*-\s*(?P<closes>{_CLOCK}|24:00)(?:\s+on\s+(?P<days>.+))?")
_THROTTLE = re.compile(r"(?P<most>\d{1,3}(?:,\d{3})+|\d+)\s*(?:per|/)\s*(?P<per>.+)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = 24 * 60

WINDOW_PATTERN = rf"^\s*{_CLOCK}\s*-\s*({_CLOCK}|24:00)(\s+on\s+.+)?\s*$"
THROTTLE_PATTERN = r"^\s*[\d,]+\s*(per|/)\s*.+$"
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


def is_duration(text: str) -> bool:
    """Whether it is written like one, right or wrong."""
    return re.match(DURATION_PATTERN, text) is not None


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


def share(value: Any) -> float:
    """A share of people: more than nobody, less than everybody. Raises ValueError.

    >>> share("5%")
    0.05
    """
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if percent is None:
        raise ValueError("write a share of people, such as `5%`")
    found = float(percent["number"]) / 100
    if not 0 < found < 1:
        raise ValueError(f"`{value}` would be {'nobody' if not found else 'everybody'}; write a share such as `5%`")
    return found


def throttle(value: Any) -> Throttle:
    """So many messages in so much time. Raises ValueError.

    >>> throttle("10,000 per hour")
    Throttle(most=10000, per=datetime.timedelta(seconds=3600))
    """
    if isinstance(value, Throttle):
        return value
    parts = _THROTTLE.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is None:
        raise ValueError("write how many messages in how much time, such as `10,000 per hour`")
    most = int(parts["most"].replace(",", ""))
    if not most:
        raise ValueError("lets nothing through; to send nothing, take the destination out of `by`")
    span = parts["per"].strip()
    return Throttle(most, duration(span if span[0].isdigit() else f"1 {span}"))


def window(value: Any) -> Window:
    """A window of the day, on some days or all. Raises ValueError.

    >>> window("21:00-08:00 on fri..sat")
    Window(opens=1260, closes=1920, days=frozenset({5, 6}))
    """
    if isinstance(value, Window):
        return value
    parts = _WINDOW.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if parts is None:
        raise ValueError("write from when to when, such as `21:00-08:00` or `00:00-24:00 on sat..sun`")
    opens, closes = _minutes(parts["opens"]), _minutes(parts["closes"])
    if opens == closes:
        raise ValueError(f"`{value}` begins when it ends; a whole day is `00:00-24:00`")
    on = days(parts["days"]) if parts["days"] else frozenset(range(1, 8))
    return Window(opens, closes if closes > opens else closes + _WHOLE_DAY, on)


def windows(value: Any) -> tuple[Window, ...]:
    """One window or several. Raises ValueError also where nothing of the week would be left."""
    given = value if isinstance(value, (list, tuple)) else [value]
    found = tuple(window(one) for one in given)
    if not found:
        raise ValueError("is empty; leave the key out, or write a window such as `21:00-08:00`")
    if quiet_minutes(found) == [(0, 7 * _WHOLE_DAY)]:
        raise ValueError("leaves no time of the week; to send nothing, take the channel out of `by`")
    return found


def quiet_minutes(found: tuple[Window, ...]) -> list[tuple[int, int]]:
    """The windows as minutes of a week that begins on Monday: in order, apart from each other.

    >>> quiet_minutes((Window(1260, 1920, frozenset({7})),))
    [(0, 480), (9900, 10080)]
    """
    week = 7 * _WHOLE_DAY
    parts = []
    for one in found:
        for day in one.days:
            opens, closes = ((day - 1) * _WHOLE_DAY + minute for minute in (one.opens, one.closes))
            parts += [(opens, min(closes, week)), *([(0, closes - week)] if closes > week else [])]
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted(parts):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def days(written: str) -> frozenset[int]:
    """Days of the week, Monday is 1. Raises ValueError.

    >>> sorted(days("fri..sun, tue"))
    [2, 5, 6, 7]
    """
    found: set[int] = set()
    for part in written.split(","):
        first, _, last = part.partition("..")
        begin = _day(first)
        end = _day(last) if last else begin
        found |= {(begin + step) % 7 + 1 for step in range((end - begin) % 7 + 1)}
    return frozenset(found)


def _day(word: str) -> int:
    name = word.strip()[:3] if word.strip().endswith("day") else word.strip()
    if name not in _DAYS:
        raise ValueError(f"`{word.strip()}` is not a day; {hint(word.strip(), _DAYS)}")
    return _DAYS.index(name)


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
