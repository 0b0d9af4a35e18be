"""What templates may do to a value besides Jinja's own filters: dates, times, numbers and money.

They write in the language of the text (in the person's own variety of it) and in the person's time zone.
A value may be a date, a time stamp with or without zone (without is UTC), or their ISO 8601 text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from datetime import date as Date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context


@pass_context
def date(context: Context, value: Any, format: str = "long") -> Any:
    """`{{ entry.occurred_at | date }}`: 3 October 2011. `format`: short, medium, long, full or a CLDR pattern."""
    if isinstance(value, Undefined):
        return value
    moment = _local(_moment(value), context)
    day = moment.date() if isinstance(moment, datetime) else moment
    return _date(day, format, _language(context))


@pass_context
def time(context: Context, value: Any, format: str = "short") -> Any:
    """`{{ entry.occurred_at | time }}`: 14:05."""
    if isinstance(value, Undefined):
        return value
    moment = _moment(value)
    if not isinstance(moment, datetime):
        raise TypeError("a date has no time of day")
    local = _local(moment, context)
    return _time(local.replace(tzinfo=None), local.tzinfo, format, _language(context))


@pass_context
def number(context: Context, value: Any, format: str | None = None) -> Any:
    """`{{ entry.points | number }}`: 1,234."""
    return value if isinstance(value, Undefined) else _number(_decimal(value), format, _language(context))


@pass_context
def money(context: Context, value: Any, currency: str) -> Any:
    """`{{ entry.value | money("GBP") }}`: £1,234.50."""
    return value if isinstance(value, Undefined) else _money(_decimal(value), currency, _language(context))


OFFERED: dict[str, Callable[..., Any]] = {"date": date, "time": time, "number": number, "money": money}


def known_language(tag: str) -> bool:
    """Whether dates and numbers can be written in a language."""
    return _known(tag)


def _language(context: Context) -> str:
    found = context.get("language")
    return found if isinstance(found, str) else "en"


def _moment(value: Any) -> Date | datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value) if len(value) > len("2011-10-03") else Date.fromisoformat(value)
    if isinstance(value, Date):
        return value
    raise TypeError(f"{type(value).__name__} is not a date")


def _local(moment: Date | datetime, context: Context) -> Any:
    """In the person's time zone; where that is none, in the project's."""
    if not isinstance(moment, datetime):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    person = context.get("person") or {}
    own = _zone(person.get("time_zone")) or _zone(context.get("time_zone")) or UTC
    return aware.astimezone(own)


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        # The value itself stays out of the text: it may be personal.
        raise TypeError(f"{type(value).__name__} is not a number") from None


@lru_cache(maxsize=512)
def _known(tag: str) -> bool:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


@lru_cache(maxsize=512)
def _zone(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None  # people's data is not the template's fault


# The same moment in two zones is equal, and would be one entry of a cache: so days and clocks go in, not moments.


@lru_cache(maxsize=4096)
def _date(day: Date, format: str, language: str) -> str:
    from babel.dates import format_date

    return format_date(day, format, locale=language.replace("-", "_"))


@lru_cache(maxsize=4096)
def _time(clock: datetime, zone: tzinfo, format: str, language: str) -> str:
    from babel.dates import format_time

    return format_time(clock.replace(tzinfo=zone), format, tzinfo=zone, locale=language.replace("-", "_"))


@lru_cache(maxsize=4096)
def _number(value: Decimal, format: str | None, language: str) -> str:
    from babel.numbers import format_decimal

    return format_decimal(value, format, locale=language.replace("-", "_"))


@lru_cache(maxsize=4096)
def _money(value: Decimal, currency: str, language: str) -> str:
    from babel.numbers import format_currency

    return format_currency(value, currency, locale=language.replace("-", "_"))
