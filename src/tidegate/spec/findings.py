"""Collects everything that is wrong, so that it is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tidegate.errors import Problem, SpecError
from tidegate.spec.documents import Document, Path_


class Findings:
    """Problems found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, document: Document, path: Path_, text: str) -> None:
        self.problems.append(document.problem(path, text))

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Keeps the problems of a SpecError raised inside and goes on after it."""
        try:
            yield
        except SpecError as fault:
            self.problems.extend(fault.problems)

    def raise_any(self) -> None:
        if self.problems:
            raise SpecError(self.problems)
