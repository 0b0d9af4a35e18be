"""Loads feedback and consents: each event once whatever the file, each file from where reading it got to.

Lines that say nothing usable are refused one by one; they are kept aside, in files of their own, until somebody
mends or deletes them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import duckdb
import pyarrow as pa
from sqlglot import exp

from tidegate import disk, event_files, queries
from tidegate.checkpoints import checkpoint
from tidegate.connector import Channel
from tidegate.errors import ContractError
from tidegate.feedback.aside import Aside
from tidegate.feedback.format import KINDS
from tidegate.feedback.growing import Growing, Line
from tidegate.mask import mask
from tidegate.results import Landed
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse, transaction

_LINES = pa.schema({"line": pa.int64(), "text": pa.string(), "problem": pa.string()})
_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?$"
_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Source:
    """`feedback` or `consents`, and where its files are: patterns below folders."""

    name: str
    places: Sequence[tuple[Path, str]]

    def files(self) -> list[Path]:
        found = {path for folder, pattern in self.places for path in folder.glob(pattern)}
        return sorted(path for path in found if event_files.kind(path) and path.is_file())


def sources(project: Project, home: Path, *, reports: Path | None = None) -> tuple[Source, ...]:
    """The folders of the warehouse, and what tidegate.yml names. `reports`: where a sandbox elsewhere writes."""
    more = [(reports, "*.jsonl")] if reports is not None and reports != home / "feedback" else []
    return (
        Source("feedback", [(home / "feedback", "*.jsonl"), *more, *((project.root, one) for one in project.feedback)]),
        Source("consents", [(home / "consents", "*.jsonl"), *((project.root, one) for one in project.consents)]),
    )


def land(warehouse: Warehouse, root: Path, found: Sequence[Source], run_id: str) -> list[Landed]:
    """Load what is new; of sources without any file nothing is said. Nothing about a file raises."""
    landed = []
    with warehouse.session() as connection:
        for source in found:
            files = source.files()
            if files:
                landed.append(_Landing(connection, warehouse.home, root, source.name, run_id).load(files))
    return landed


def waiting(warehouse: Warehouse, root: Path, found: Sequence[Source]) -> list[Path]:
    """The files that the next `land` would look at."""
    with warehouse.session() as connection:
        return [
            path
            for source in found
            for path in source.files()
            if path.stat().st_size
            and _Landing(connection, warehouse.home, root, source.name, "").changed(path) is not None
        ]


@dataclass(slots=True)
class _Landing:
    connection: duckdb.DuckDBPyConnection
    home: Path
    root: Path
    source: str
    run_id: str

    def load(self, files: Sequence[Path]) -> Landed:
        read = rows = known = refused = 0
        for path in files:
            try:
                before = self.changed(path)
                if before is None:
                    known += 1
                    continue
                with transaction(self.connection):
                    added, broken = self._file(path, before)
                    checkpoint(f"{self.source} landing")
            except (duckdb.Error, ContractError, OSError) as fault:
                if isinstance(fault, duckdb.Error) and disk.is_full(fault):
                    raise  # nothing is wrong with the file
                added, broken = 0, self._refuse_whole(path, fault)
            read, rows, refused = read + 1, rows + added, refused + broken
        return Landed(self.source, read, rows, known, refused)

    def changed(self, path: Path) -> Mapping[str, Any] | None:
        """What is known of a file that is not as it was when it was looked at last; empty for a new one."""
        facts = path.stat()
        found = self.connection.execute(queries.text("feedback/known_file"), self._which(path)).fetchone()
        if found is None:
            return {}
        size, modified, *read = found
        if (size, modified) == (facts.st_size, _modified(facts.st_mtime)):
            return None
        return dict(zip(("bytes", "lines", "sha256"), read, strict=True))

    def _file(self, path: Path, before: Mapping[str, Any]) -> tuple[int, int]:
        facts = path.stat()
        growing = Growing(path)
        by_line = event_files.kind(path) == "read_json" and path.suffix.lower() in (".jsonl", ".ndjson")
        resumed = by_line and bool(before) and growing.resume(before["bytes"], before["lines"], before["sha256"])
        aside = Aside(self.home, self.source, self._name(path))
        if not resumed:
            self._forget(path)
        added = broken = 0
        for lines in growing.blocks() if by_line else self._rows(path):
            more, refused = self._take(lines)
            aside.keep([line for line in lines if line.number in refused])
            self._refuse(path, refused, aside.file)
            added, broken = added + more, broken + len(refused)
        aside.close()
        parameters = {
            **self._which(path),
            "bytes": growing.read,
            "lines": growing.lines,
            "sha256": growing.sha256,
            "size": facts.st_size,
            "modified": _modified(facts.st_mtime),
            "unfinished": growing.unfinished,
        }
        self._remember(parameters)
        return added, broken

    def _rows(self, path: Path) -> Iterator[list[Line]]:
        """The rows of a file of another kind, as lines; counted without the heading."""
        if event_files.is_empty(path):
            return
        # Text, where a file has no types of its own: a telephone number is none.
        strict = event_files.kind(path) == "read_csv"
        file = exp.alias_(event_files.source(path, strict=strict), "file", table=True)
        query = exp.select(exp.func("to_json", exp.column("file"), dialect=queries.DIALECT)).from_(file)
        found = self.connection.cursor().execute(query.sql(queries.DIALECT))
        number = 0
        while rows := found.fetchmany(_AT_ONCE):
            yield [
                Line(at, text.encode(), _without_gaps(text) if strict else text)
                for at, (text,) in enumerate(rows, number + 1)
            ]
            number += len(rows)

    def _take(self, lines: Sequence[Line]) -> tuple[int, dict[int, str]]:
        """How many events were new, and what is wrong with which lines."""
        table = pa.table(
            [
                [line.number for line in lines],
                [line.text for line in lines],
                [line.problem or None for line in lines],
            ],
            schema=_LINES,
        )
        self.connection.register("lines", table)
        parameters: dict[str, Any] = {"channels": list(get_args(Channel)), "time": _TIME}
        if self.source == "feedback":
            parameters["kinds"] = list(KINDS)
        self.connection.execute(queries.text("feedback/parse_lines"))
        self.connection.unregister("lines")
        self.connection.execute(queries.text(f"feedback/read_{self.source}"), parameters)
        refused = dict(self.connection.execute(queries.text("feedback/broken_lines")).fetchall())
        if self.source == "feedback":
            self._mask()
        self.connection.execute(queries.text("suppressions/make_key"), {"secret": secrets.token_hex(32)})
        added = self.connection.execute(
            queries.text(f"feedback/add_{self.source}"), {"run_id": self.run_id, "landed_at": datetime.now(UTC)}
        ).fetchone()
        return int(added[0]) if added else 0, refused

    def _mask(self) -> None:
        """What others wrote may quote addresses."""
        said = [text for (text,) in self.connection.execute(queries.text("feedback/said")).fetchall()]
        if said:
            self.connection.register("masked", pa.table({"said": said, "kept": [mask(text) for text in said]}))
            self.connection.execute(queries.text("feedback/mask_said"))
            self.connection.unregister("masked")

    def _refuse(self, path: Path, refused: Mapping[int, str], aside: str | None) -> None:
        rows = [(self.source, self._name(path), line, why, aside) for line, why in refused.items()]
        if rows:
            statement = queries.text("feedback/refuse")
            at = (self.run_id, datetime.now(UTC))
            self.connection.executemany(statement, [(*row, *at) for row in rows])

    def _refuse_whole(self, path: Path, fault: Exception) -> int:
        """A file that cannot be read at all: said once, until it changes."""
        words = (
            event_files.complaint(self.connection, path, fault)
            if isinstance(fault, duckdb.Error)
            else f"cannot be read: {(fault.strerror or type(fault).__name__).lower()}"
            if isinstance(fault, OSError)
            else str(fault)
        )
        with transaction(self.connection):
            self._forget(path)
            self.connection.execute(
                queries.text("feedback/refuse"),
                (self.source, self._name(path), None, words, None, self.run_id, datetime.now(UTC)),
            )
            if not isinstance(fault, OSError):
                facts = path.stat()
                nothing = {"bytes": 0, "lines": 0, "sha256": "", "unfinished": False}
                seen = {"size": facts.st_size, "modified": _modified(facts.st_mtime)}
                self._remember({**self._which(path), **nothing, **seen})
        return 1

    def _forget(self, path: Path) -> None:
        """What was refused of the file as it was before."""
        gone = self.connection.execute(queries.text("feedback/forget_refused"), self._which(path)).fetchall()
        for aside in {name for (name,) in gone if name}:
            (self.home / aside).unlink(missing_ok=True)

    def _remember(self, parameters: Mapping[str, Any]) -> None:
        self.connection.execute(queries.text("feedback/forget_file"), {k: parameters[k] for k in ("source", "file")})
        now = {"run_id": self.run_id, "looked_at": datetime.now(UTC)}
        self.connection.execute(queries.text("feedback/remember_file"), {**parameters, **now})

    def _which(self, path: Path) -> dict[str, Any]:
        return {"source": self.source, "file": self._name(path)}

    def _name(self, path: Path) -> str:
        """As a person would find it: from the project's folder, where it lies below it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def _modified(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _without_gaps(text: str) -> str:
    """Of a CSV row, whose every value is text: an empty one is none, and true and false are what they say."""
    words = {"true": True, "false": False}
    row = {name: value for name, value in json.loads(text).items() if value is not None}
    for name in ("permanent", "given"):
        if name in row:
            row[name] = words.get(str(row[name]).strip().lower(), row[name])
    return json.dumps(row, ensure_ascii=False)
