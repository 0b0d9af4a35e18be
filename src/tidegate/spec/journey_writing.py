"""A journey's file while it is read: where problems go, and how its SQL is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlglot import exp

from tidegate.spec import expressions, predicates
from tidegate.spec.documents import Document, Path_, dotted
from tidegate.spec.findings import Findings
from tidegate.spec.nearest import hint
from tidegate.spec.sending import Sending
from tidegate.spec.surroundings import Surroundings


class Writing:
    """One file. What is wrong goes to `found`, and what cannot be read is None."""

    def __init__(self, document: Document, around: Surroundings, found: Findings, root: Path) -> None:
        self.document = document
        self.around = around
        self.found = found
        self.root = root
        self.sending = Sending(document, around, found)
        #: whether all steps and ways could be read, so that nobody is blamed for naming one that could not
        self.complete = True
        self._faulty: set[Path_] = set()

    def problem(self, path: Path_, text: str) -> None:
        self.found.add(self.document, path, text)

    def blame(self, path: Path_) -> None:
        """A key is wrong there: what seems to be missing is most likely the same mistake."""
        self._faulty.add(path)

    def missing(self, path: Path_, text: str) -> None:
        """A problem with what is not there, unless something else is wrong in the same step."""
        if not any(path[:end] in self._faulty for end in range(len(path) + 1)):
            self.problem(path, text)

    def model(self, name: str, path: Path_) -> None:
        if name not in self.around.models:
            near = hint(name, self.around.models)
            near = near if near.startswith("did you") else "there is no such file under models/"
            self.problem(path, f"no model `{name}`; {near}")

    def predicate(self, sql: str, path: Path_) -> exp.Expr | None:
        """SQL with the functions that journeys have besides the warehouse's."""
        with self.found.gather():
            return predicates.parse(sql, self.document.file, self.document.line(path), dotted(path))
        return None

    def expression(self, sql: str, path: Path_) -> exp.Expr | None:
        """SQL over one row."""
        with self.found.gather():
            return expressions.parse(sql, self.document.file, self.document.line(path), dotted(path))
        return None

    def columns(self, written: Mapping[str, str], path: Path_) -> dict[str, exp.Expr]:
        """Values of one row, by name."""
        trees = {name: self.expression(sql, (*path, name)) for name, sql in written.items()}
        return {name: tree for name, tree in trees.items() if tree is not None}

    def values(self, written: Mapping[str, str], path: Path_) -> dict[str, exp.Expr]:
        """Values that may use those functions, too, by name."""
        trees = {name: self.predicate(sql, (*path, name)) for name, sql in written.items()}
        return {name: tree for name, tree in trees.items() if tree is not None}
