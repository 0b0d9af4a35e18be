"""Rows by what decides who each of them is at a platform, and in calls that name nobody twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tidegate.connector import Outcome, Row
from tidegate.errors import Closed, DestinationError


def nothing_to_match_by() -> Outcome:
    return Outcome.rejected("no_identifier", "none of the values to match by is usable")


def by_key(rows: Sequence[Row], names: Collection[str]) -> dict[str | None, list[int]]:
    """Places of rows by what decides who each is: the first identifier that it has. None: it has none of `names`."""
    found: dict[str | None, list[int]] = {}
    for place, row in enumerate(rows):
        key = next((name for name, value in row.identifiers.items() if value and name in names), None)
        found.setdefault(key, []).append(place)
    return found


def waves(rows: Mapping[int, Row], key: str, fold: Callable[[str], str] = str.casefold) -> list[dict[int, Row]]:
    """The rows in as few calls as there can be if no call may name the same value of `key` twice, in their order.

    Two people who share an address are one record at most platforms: the second writes over the first.
    """
    found: list[tuple[set[str], dict[int, Row]]] = []
    for place, row in rows.items():
        value = fold(row.identifiers[key])
        named, wave = next((one for one in found if value not in one[0]), (None, None))
        if named is None or wave is None:
            found.append((named := set(), wave := {}))
        named.add(value)
        wave[place] = row
    return [wave for _, wave in found]


def in_order(outcomes: Mapping[int, Outcome], rows: Iterable[Row]) -> list[Outcome]:
    return [outcomes[place] for place, _ in enumerate(rows)]


async def each(rows: Sequence[Row], do: Callable[[Row], Awaitable[Outcome]]) -> list[Outcome]:
    """One call after the other, for a platform that takes one row at a time: what befalls one is not the others' fate.

    Raises what befell a row that came alone, and Closed before anything was done. After Closed, and once the platform
    says that it is too much, nothing more is tried: what befell that row is the fate of those after it.
    """
    outcomes: list[Outcome] = []
    for row in rows:
        try:
            outcomes.append(await do(row))
        except DestinationError as fault:
            closed = isinstance(fault, Closed)
            if len(rows) == 1 or (closed and not outcomes):
                raise
            enough = closed or fault.reason == "throttled"
            outcomes += [Outcome.of(fault)] * (len(rows) - len(outcomes) if enough else 1)
            if enough:
                break
    return outcomes


def chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
