"""Kinds of values on the command line: instants and lengths of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click


class Instant(click.ParamType[datetime]):
    """`2011-12-09`, `2011-12-09T12:50` or with an offset; UTC where none is given."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"`{value}` is no date or time; write 2011-12-09 or 2011-12-09T12:50", param, ctx)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Duration(click.ParamType[timedelta]):
    """`1d`, `6h`, `15 minutes`: as durations are written in the project's files."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        from tidegate.spec.quantities import duration

        try:
            return duration(str(value))
        except ValueError as fault:
            self.fail(str(fault), param, ctx)


class Share(click.ParamType[float]):
    """`40%`; from nothing to everything."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        number = str(value).strip().removesuffix("%").strip()
        try:
            found = float(number) / 100
        except ValueError:
            found = -1.0
        if not 0 <= found <= 1 or not str(value).strip().endswith("%"):
            self.fail(f"`{value}` is no share; write one such as 40%", param, ctx)
        return found


INSTANT = Instant()
DURATION = Duration()
SHARE = Share()
