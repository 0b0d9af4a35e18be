"""A portion of what a destination is owed: claimed together, journalled together, settled together."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import duckdb

from tidegate import queries
from tidegate.connector import Connector, Outcome
from tidegate.delivery.journal import Journal
from tidegate.errors import WarehouseError

#: of what was claimed, but whose call was never made
NOT_STARTED = Outcome.retry("not_started")

Item = TypeVar("Item")
Action = Callable[[Connector, Sequence[Any]], Awaitable[list[Outcome]]]


@dataclass(slots=True)
class Portion:
    """`prepare` makes the rows or messages at some places, ready for the connector; an exception in the stead
    of one rejects it."""

    claim: str
    journal: Journal
    keys: Sequence[str]
    prepare: Callable[[Sequence[int]], Sequence[Any]]
    calls: list[Call] = field(default_factory=list)
    outcomes: list[Outcome | None] = field(default_factory=list)
    doubted: set[int] = field(default_factory=set)
    open: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    tally: Counter[str] = field(default_factory=Counter)
    settling: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.outcomes = [None] * len(self.keys)
        self.open = len(self.keys)

    def judge(self, place: int, outcome: Outcome) -> None:
        """The final outcome of this run."""
        assert self.outcomes[place] is None
        self.outcomes[place] = outcome
        self.open -= 1
        self.tally[outcome.verdict] += 1

    def accept(self, places: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """The final outcomes of a call in which everything was accepted."""
        if isinstance(places, range):
            self.outcomes[places.start : places.stop] = outcomes
        else:
            for place, outcome in zip(places, outcomes, strict=True):
                self.outcomes[place] = outcome
        self.open -= len(places)
        self.tally["accepted"] += len(places)

    def judgement(self) -> Judgement:
        doubted = [place in self.doubted for place in range(len(self.keys))] if self.doubted else None
        return Judgement(self.keys, [outcome or NOT_STARTED for outcome in self.outcomes], doubted)


@dataclass(slots=True)
class Call:
    """What goes to the connector together; `tries` ended before, with the `last` outcomes. `places` ascend."""

    portion: Portion
    act: Action
    places: Sequence[int]
    tries: int = 0
    last: Mapping[int, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the keys of a claim, in their order. `doubted`: the destination may have done it."""

    keys: Sequence[str]
    outcomes: Sequence[Outcome]
    doubted: Sequence[bool] | None = None


class Stock(Protocol):
    """What a destination is owed, and where it is settled: the outbox, or the rows of its lists."""

    #: what operators call it
    what: str
    #: the size of the first portion, and of the largest
    sizes: tuple[int, int]
    #: whether something whose outcome is in doubt may be sent again at once
    repeatable: bool

    def claim(self, connection: duckdb.DuckDBPyConnection, claim: str, size: int) -> Portion | None:
        """Claim up to `size`; committed, with its journal, when it returns. None where nothing is left."""

    def settle(self, connection: duckdb.DuckDBPyConnection, claim: str, judgement: Judgement) -> None:
        """Write the outcomes into the warehouse, in one transaction. What is settled already stays as it is."""


class Claims:
    """Names for the claims of one delivery. They start with the time, so that later ones sort behind."""

    def __init__(self) -> None:
        self.prefix = f"{int(time.time()):08x}-{os.urandom(5).hex()}-"
        self._numbers = itertools.count(1)

    def __next__(self) -> str:
        return f"{self.prefix}{next(self._numbers):05d}"

    def __iter__(self) -> Iterator[str]:
        return self


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Split into lists of at most `size`."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def stretches(places: range, size: int) -> Iterator[range]:
    """Split into ranges of at most `size`."""
    for start in range(places.start, places.stop, size):
        yield places[start - places.start : start - places.start + size]


def refuse_unsettled(connection: duckdb.DuckDBPyConnection, claim: str) -> None:
    """Raise WarehouseError, so that nothing is committed, where something of the claim is not settled: its
    journal is about to be deleted, and with it what is known of the rest."""
    found = connection.execute(queries.text("delivery/unsettled"), {"claim": claim}).fetchone()
    if found is None or found[0]:
        raise WarehouseError(f"claim {claim} cannot be settled: {found[0] if found else '?'} of its rows stay claimed")
