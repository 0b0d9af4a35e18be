"""Bars by day, for an inline SVG: geometry only, the template draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 600, 72
_MOST_DAYS = 120
_FEWEST_DAYS = 24  # few days make few bars, not broad ones


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: `name` is what is counted, `y` and `height` are in the picture's units."""

    name: str
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    day: str
    x: float
    width: float
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        return sum(part.count for part in self.parts)


@dataclass(frozen=True, slots=True)
class Chart:
    """`left_out`: earlier days that there was no room for."""

    bars: tuple[Bar, ...]
    most: int
    left_out: int
    first: str
    last: str

    @property
    def is_full(self) -> bool:
        """Whether the last bar is at the right end."""
        return len(self.bars) >= _FEWEST_DAYS


def chart(days: Mapping[str, Mapping[str, int]], names: Sequence[str]) -> Chart | None:
    """Stacked bars of the counts called `names`, the first at the bottom; days without any keep their place."""
    if not days:
        return None
    last = date.fromisoformat(max(days))
    earliest = date.fromisoformat(min(days))
    first = max(earliest, last - timedelta(days=_MOST_DAYS - 1))
    shown = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    most = max(sum(days.get(day, {}).get(name, 0) for name in names) for day in shown) or 1
    step = WIDTH / max(len(shown), _FEWEST_DAYS)
    bars = []
    for position, day in enumerate(shown):
        top = float(HEIGHT)
        parts = []
        for name in names:
            count = days.get(day, {}).get(name, 0)
            if count:
                height = max(1.5, count / most * HEIGHT)
                top = max(0.0, top - height)
                parts.append(Part(name, count, round(top, 2), round(height, 2)))
        bars.append(Bar(day, round(position * step, 2), round(step * 0.82, 2), tuple(parts)))
    return Chart(tuple(bars), most, sum(day < shown[0] for day in days), shown[0], shown[-1])
