"""Where a telephone number is from, as a time zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: any day without summer time in the north; only the order of the zones hangs on it
_A_DAY = datetime(2026, 1, 15)  # noqa: DTZ001 - of each zone


@cache
def zones(home: str) -> dict[str, str]:
    """By the first digits of numbers in E.164, without the plus: where they are from.

    Numbers that may be from several zones (mobile ones in Australia, free ones in North America) are taken to be
    from `home` where that is one of them, else from the one in the middle by its offset. The prefixes are
    libphonenumber's (its resources/timezones).
    """
    from phonenumbers.tzdata import TIMEZONE_DATA  # 3,000 prefixes, needed only where there are quiet hours

    found = {prefix: _one_of(tuple(names), home) for prefix, names in TIMEZONE_DATA.items()}
    return {str(prefix): zone for prefix, zone in found.items() if zone is not None}


def _one_of(names: Iterable[str], home: str) -> str | None:
    known = [(offset, name) for name in names if (offset := _offset(name)) is not None]
    if not known:
        return None
    return home if any(name == home for _, name in known) else sorted(known)[len(known) // 2][1]


@cache
def _offset(name: str) -> float | None:
    try:
        offset = ZoneInfo(name).utcoffset(_A_DAY)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return offset.total_seconds() if offset is not None else None
