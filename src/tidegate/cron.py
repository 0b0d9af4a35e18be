"""Schedules in cron's five fields, by a clock on the wall that may be put forward and back.

Minute, hour, day of the month, month, day of the week: `*`, `5`, `1-5`, `*/15`, `1-30/2`, lists of these, and names
(`jan`, `mon`); 0 and 7 are Sunday. Where both days are restricted either of them is enough, as crontab(5) has it
(man7.org, looked up in November 2026). A time that is skipped when the clock is put forward comes at the first moment
after; one that comes twice when it is put back counts the first time. Where the hour is `*`, neither is so: then it is
the time that passes that counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, Sequence[str]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
_EXAMPLE = "write minute, hour, day, month and day of the week, such as `0 9 * * mon`"
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes at which something is to happen. `every_hour`: its hours follow the time that passes."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Sunday is 0
    any_day: bool
    any_weekday: bool
    every_hour: bool

    @classmethod
    def parse(cls, written: str) -> Self:
        """Raises ValueError, saying which field is wrong.

        >>> Cron.parse("0 9 * * mon-fri").weekdays == {1, 2, 3, 4, 5}
        True
        """
        fields = written.split()
        if len(fields) != len(_FIELDS):
            raise ValueError(f"`{written}` is no schedule; {_EXAMPLE}")
        minutes, hours, days, months, weekdays = (
            _values(text, *field) for text, field in zip(fields, _FIELDS, strict=True)
        )
        found = cls(
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            any_day=fields[2].startswith("*"),
            any_weekday=fields[4].startswith("*"),
            every_hour=fields[1].startswith("*"),
        )
        if found.any_weekday and not any(day <= _LONGEST_MONTHS[month - 1] for day in days for month in months):
            raise ValueError(f"`{written}` never comes: no such month has that day")
        return found

    def latest(self, zone: str, after: datetime, until: datetime) -> datetime | None:
        """The last moment (UTC) after `after` and up to `until`, which are aware; the clock hangs in `zone`.

        >>> day = datetime(2026, 3, 2, tzinfo=UTC)
        >>> Cron.parse("30 9 * * *").latest("Europe/Paris", day, day + timedelta(days=1)).isoformat()
        '2026-03-02T08:30:00+00:00'
        """
        clock = ZoneInfo(zone)
        first, day = after.astimezone(clock).date() - timedelta(days=1), until.astimezone(clock).date()
        while day >= first:
            moments = [moment for moment in self._moments(day, clock) if after < moment <= until]
            if moments:
                return max(moments)
            day -= timedelta(days=1)
        return None

    def _moments(self, day: date, clock: ZoneInfo) -> Iterator[datetime]:
        if not self._on(day):
            return
        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime.combine(day, time(hour, minute), clock)
                moment = wall.astimezone(UTC)
                if moment.astimezone(clock).replace(tzinfo=None) == wall.replace(tzinfo=None):
                    yield moment
                elif not self.every_hour:
                    yield _first_after(wall)
                if self.every_hour:
                    yield from _again(wall)

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day and by_weekday if self.any_day or self.any_weekday else by_day or by_weekday


def _first_after(wall: datetime) -> datetime:
    """When the clock has left a time out."""
    moment = wall.replace(fold=1).astimezone(UTC)
    while moment.astimezone(wall.tzinfo).replace(tzinfo=None) < wall.replace(tzinfo=None):
        moment += timedelta(minutes=1)
    return moment


def _again(wall: datetime) -> Iterator[datetime]:
    """The second time that the clock shows it, on a day on which it is put back."""
    later = wall.replace(fold=1).astimezone(UTC)
    if later > wall.astimezone(UTC):
        yield later


def _values(text: str, name: str, lowest: int, highest: int, names: Sequence[str]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match["first"] == "*" and match["last"]):
            raise ValueError(f"`{part}` is no {name}; {_EXAMPLE}")
        step = int(match["step"] or 1)
        if match["first"] == "*":
            first, last = lowest, highest
        else:
            first = _number(match["first"], name, lowest, highest, names)
            open_end = highest if match["step"] else first
            last = _number(match["last"], name, lowest, highest, names) if match["last"] else open_end
        if last < first or step < 1:
            raise ValueError(f"`{part}` is no {name}: nothing is in it")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(word: str, name: str, lowest: int, highest: int, names: Sequence[str]) -> int:
    lowered = word.lower()
    if lowered in names:
        return names.index(lowered) + lowest
    if lowered.isdecimal() and lowest <= int(lowered) <= highest:
        return int(lowered)
    known = f" or {names[0]} to {names[-1]}" if names else ""
    raise ValueError(f"`{word}` is no {name}; write {lowest} to {highest}{known}")
