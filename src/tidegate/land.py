"""Loads new event files into raw tables: each file once, each event once where the project says what makes one.

A file is told by its content, so a file that is copied, renamed or touched is not loaded again. What a
file holds either fits the table or is refused whole, with the column and the reason; new columns are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from tidegate import disk, event_files, queries, raw_tables
from tidegate.errors import ContractError
from tidegate.results import Landed
from tidegate.spec.objects import Landing
from tidegate.warehouse import Warehouse, transaction


def land(warehouse: Warehouse, root: Path, landings: Sequence[Landing], run_id: str) -> list[Landed]:
    """Load what is new. Raises ContractError naming every file that could not be read; the others are loaded."""
    landed: list[Landed] = []
    refused: list[str] = []
    with warehouse.session() as connection:
        for landing in landings:
            landed.append(_land(connection, root, landing, run_id, refused))
    if refused:
        raise ContractError("\n".join(refused))
    return landed


def waiting(warehouse: Warehouse, root: Path, landings: Sequence[Landing]) -> list[Path]:
    """The files that the next `land` would load."""
    with warehouse.session() as connection:
        return [
            path
            for landing in landings
            for path in event_files.matching(root, landing)
            if not event_files.is_empty(path) and not _known(connection, landing, root, path)
        ]


def _land(
    connection: duckdb.DuckDBPyConnection, root: Path, landing: Landing, run_id: str, refused: list[str]
) -> Landed:
    files = rows = known = 0
    for path in event_files.matching(root, landing):
        name = path.relative_to(root)
        try:
            if event_files.is_empty(path):
                continue  # somebody is about to write it
            if _known(connection, landing, root, path):
                known += 1
                continue
            with transaction(connection):
                added = raw_tables.load(connection, landing, path)
                _remember(connection, landing, root, path, run_id, added)
            files, rows = files + 1, rows + added
        except duckdb.Error as fault:
            if disk.is_full(fault):
                raise  # nothing is wrong with the file
            words = event_files.complaint(connection, path, fault)
            end = " " if words.endswith("?") else ". "
            refused.append(f"{name}: {words}{end}Put a whole file in its place, or move it away")
        except ContractError as fault:
            refused.append(f"{name}: {fault}")
        except OSError as fault:
            refused.append(f"{name}: cannot be read: {(fault.strerror or type(fault).__name__).lower()}")
    return Landed(landing.into, files, rows, known)


def _known(connection: duckdb.DuckDBPyConnection, landing: Landing, root: Path, path: Path) -> bool:
    facts = path.stat()
    parameters = {
        "source": landing.into,
        "file": str(path.relative_to(root)),
        "bytes": facts.st_size,
        "modified": datetime.fromtimestamp(facts.st_mtime, UTC),
    }
    if connection.execute(queries.text("land/known_file"), parameters).fetchone():
        return True
    parameters = {"source": landing.into, "sha256": _digest(path)}
    return connection.execute(queries.text("land/known_content"), parameters).fetchone() is not None


def _remember(
    connection: duckdb.DuckDBPyConnection, landing: Landing, root: Path, path: Path, run_id: str, rows: int
) -> None:
    facts = path.stat()
    connection.execute(
        queries.text("land/remember"),
        {
            "source": landing.into,
            "file": str(path.relative_to(root)),
            "sha256": _digest(path),
            "bytes": facts.st_size,
            "modified": datetime.fromtimestamp(facts.st_mtime, UTC),
            "rows": rows,
            "run_id": run_id,
            "landed_at": datetime.now(UTC),
        },
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
