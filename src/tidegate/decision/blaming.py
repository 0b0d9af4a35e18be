"""Whose models it was that the warehouse could not work out a row of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from tidegate.build import wording


class Uncomputable(Exception):
    """The warehouse could not work out a row of these audiences' or journeys' models; of nobody's: of the people
    model."""

    def __init__(self, names: Iterable[str], fault: duckdb.Error) -> None:
        super().__init__(wording.said(str(fault)))
        self.names = tuple(names)


@contextmanager
def blaming(*names: str) -> Iterator[None]:
    """Models may be views, so a value that does not convert is met only when a row is asked for."""
    try:
        yield
    except (duckdb.DataError, duckdb.InvalidInputException) as fault:
        raise Uncomputable(names, fault) from fault
