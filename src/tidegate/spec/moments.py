"""How times of the day, windows to wait for and offsets from a date are written in journeys."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

from tidegate.spec import quantities
from tidegate.spec.objects import Window

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_MINUTE = re.compile(rf"(?P<at>{_CLOCK})(?:\s+on\s+(?P<days>.+))?")
_SIGNED = re.compile(r"(?P<sign>[+-]?)\s*(?P<length>\d.*)", re.DOTALL)
_MOVED = re.compile(r"(?P<sql>.*\S)\s*(?P<sign>[+-])\s*(?P<length>(?:\d+(?:\.\d+)?\s*[a-zA-Z]+\s*)+)", re.DOTALL)
_DAY = timedelta(days=1)

CLOCK_PATTERN = rf"^\s*{_CLOCK}\s*$"
SIGNED_PATTERN = r"^\s*[+-]?\s*(\d+(\.\d+)?\s*[a-zA-Z]+\s*)+$"


def clock(value: Any) -> time:
    """A time of the day. Raises ValueError.

    >>> clock("9:30")
    datetime.time(9, 30)
    """
    if isinstance(value, time):
        return value
    if isinstance(value, str) and re.fullmatch(_CLOCK, value.strip()):
        hours, minutes = value.strip().split(":")
        return time(int(hours), int(minutes))
    raise ValueError('write a time of the day in quotes, such as `"09:00"`')


def signed(value: Any) -> timedelta:
    """A length of time before (negative) or after. Raises ValueError.

    >>> signed("-7 days")
    datetime.timedelta(days=-7)
    """
    if isinstance(value, timedelta):
        return value
    parts = _SIGNED.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is None:
        raise ValueError("write how long before or after, such as `-7 days` or `2 hours`")
    length = quantities.duration(parts["length"])
    return -length if parts["sign"] == "-" else length


def moved(text: str) -> tuple[str, timedelta]:
    """A SQL time and what is added to it. Raises ValueError for a length that is none.

    >>> moved("person.birthday - 7 days")
    ('person.birthday', datetime.timedelta(days=-7))
    """
    parts = _MOVED.fullmatch(text.strip())
    if parts is None:
        return text, timedelta()
    return parts["sql"], signed(parts["sign"] + parts["length"])


def is_slot(text: str) -> bool:
    """Whether it begins like a time of the day, which no SQL does."""
    return re.match(r"\s*\d{1,2}:\d", text) is not None


def slot(value: Any) -> Window:
    """A window of the day, or one minute of it, which opens and closes at once. Raises ValueError.

    >>> slot("08:00 on mon")
    Window(opens=480, closes=480, days=frozenset({1}))
    """
    text = value.strip().lower() if isinstance(value, str) else ""
    minute = _MINUTE.fullmatch(text)
    if minute is None:
        if not re.match(quantities.WINDOW_PATTERN, text):
            raise ValueError(f"`{value}` is not a time of the week; write `08:00 on mon` or `09:00-20:00 on mon..fri`")
        return quantities.window(value)
    at = clock(minute["at"])
    opens = at.hour * 60 + at.minute
    days = quantities.days(minute["days"]) if minute["days"] else frozenset(range(1, 8))
    return Window(opens, opens, days)


def whole_days(length: timedelta) -> int | None:
    """
    >>> whole_days(timedelta(weeks=1))
    7
    """
    return length // _DAY if not length % _DAY else None
