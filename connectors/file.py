"""A file on disk kept equal to a list: CSV, JSON lines or Parquet.

One row a person: `person`, the identifiers, the traits, sorted by person. The file is replaced as a whole,
so a reader sees the old one or the new one, and a crash leaves one of the two.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl
from filelock import FileLock, Timeout
from pydantic import Field

from tidegate.connecting.lists import come_upon
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, Refused, Retryable, Unsupported
from tidegate.identifiers import UNHASHED

IDENTIFIERS = {**UNHASHED, "mobile_advertiser_id": Identifier("plain")}

# A spreadsheet runs what begins with these (owasp.org/www-community/attacks/CSV_Injection, read 2026-11);
# a plain number, with its sign, is only a number.
FORMULA = r"^[=+\-@\t\r\n]"
NUMBER = r"^[+\-]?\d+(\.\d+)?$"
# polars puts the system's number into the words of its error.
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_UNSAFE = re.compile(r'[\x00-\x1f%/\\:*?"<>|]|^\.|[. ]$')


class FileSettings(ConnectorSettings):
    folder: Path
    """Where the files lie, one a list; relative to the project."""
    format: Literal["csv", "jsonl", "parquet"] = "csv"
    guard_formulas: bool = True
    """CSV only: put an apostrophe before text that a spreadsheet would run as a formula."""
    wait: float = Field(30.0, ge=0)
    """Seconds to wait for another process that is writing the same file."""


class File(Connector):
    channel = "file"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    keyed_by_person = True
    overwrites_with_null = True
    Settings = FileSettings
    settings: FileSettings

    @property
    def limits(self) -> Limits:
        # Each call writes the file anew, so few and large ones.
        return Limits(batch=100_000, concurrency=1)

    async def prove(self) -> str:
        folder = self.settings.folder
        place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise Closed("no_permission", f"{place} is not a folder that can be written to")
        return f"{folder} {'can be written to' if place == folder else 'can be created'}"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        clashing = {name for row in rows for name in row.traits if name in row.identifiers or name == "person"}
        if clashing:
            raise Unsupported("same_column", f"{', '.join(sorted(clashing))}: a trait needs a name of its own")
        return await self._change(target, rows, keep=True)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._change(target, rows, keep=False)

    def path(self, target: Target) -> Path:
        """The list's file: its name, with the characters that a file name cannot have as `%XX`."""
        name = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", target.name)
        return self.settings.folder / f"{name}.{self.settings.format}"

    async def _change(self, target: Target, rows: Sequence[Row], *, keep: bool) -> list[Outcome]:
        # In a thread; when cancelled, it still ends with a whole file.
        if await asyncio.to_thread(self._rewrite, self.path(target), rows, keep):
            # It is another file each time that it is written: only one that was not there is told of.
            come_upon(target.name, str(time.time_ns()))
        return [Outcome.accepted()] * len(rows)

    def _rewrite(self, path: Path, rows: Sequence[Row], keep: bool) -> bool:
        """Whether there was no file and is one now."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_name(f".{path.name}.lock"), timeout=self.settings.wait):
                _clear(path)
                missing = not path.exists()
                if missing and not keep:
                    return False  # an empty one would pass for the one that somebody deleted
                held = self._read(path)
                for changed in self._frames(rows):
                    held = _upserted(held, changed) if keep else held.join(changed, on="person", how="anti")
                _replace(path, lambda temporary: self._write(held, temporary))
                return missing
        except UnicodeEncodeError:
            raise Refused("not_text", "half a character, which no file can hold") from None
        except Timeout:
            raise Retryable("locked", f"{path.name} is being written by another process") from None
        except OSError as fault:
            number = _number(fault)
            if number in (errno.ENOSPC, errno.EDQUOT):
                raise Retryable("disk_full", f"no room left to write {path.name}; the file is as it was") from None
            if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
                raise Closed("no_permission", f"{path.parent} is not a folder that can be written to") from None
            said = os.strerror(number) if number else type(fault).__name__
            raise Retryable("cannot_write", f"{path.name}: {said}") from None

    def _frames(self, rows: Sequence[Row]) -> Iterator[pl.DataFrame]:
        # The last word about a person counts; rows that set different traits leave each other's alone.
        latest = {row.person: row for row in rows}
        alike: dict[frozenset[str], list[Row]] = defaultdict(list)
        for row in latest.values():
            alike[frozenset(row.traits)].append(row)
        for traits, some in alike.items():
            columns = {"person": pl.Series([row.person for row in some], dtype=pl.String)}
            for name in _ordered({name for row in some for name in row.identifiers}):
                columns[name] = pl.Series([row.identifiers.get(name) for row in some], dtype=pl.String)
            for name in sorted(traits):
                values = [_cell(row.traits[name]) for row in some]
                columns[name] = pl.Series(values, strict=False) if self._typed(values) else _text(values)
            frame = pl.DataFrame(columns)
            yield frame.select(_guarded(name) for name in frame.columns) if self._guards else frame

    def _typed(self, values: list[Any]) -> bool:
        kinds = {type(value) for value in values if value is not None}
        return self.settings.format != "csv" and (len(kinds) <= 1 or kinds == {int, float})

    @property
    def _guards(self) -> bool:
        return self.settings.format == "csv" and self.settings.guard_formulas

    def _read(self, path: Path) -> pl.DataFrame:
        nobody = pl.DataFrame(schema={"person": pl.String})
        if not path.exists():
            return nobody
        try:
            if self.settings.format == "csv":
                held = pl.read_csv(path, infer_schema=False)
            elif self.settings.format == "jsonl":
                held = pl.read_ndjson(path, infer_schema_length=None) if path.stat().st_size else nobody
            else:
                held = pl.read_parquet(path)
            whole = "person" in held.columns and not held["person"].has_nulls() and held["person"].is_unique().all()
            held = held.with_columns(pl.col("person").cast(pl.String)) if whole else held
        except (pl.exceptions.PolarsError, ValueError):
            whole = False
        if not whole:
            # Starting a new file would lose everybody who is on the list and does not change.
            raise Retryable("unreadable", f"{path.name} is damaged; mend it, or move it away and resend the list")
        return held

    def _write(self, frame: pl.DataFrame, path: Path) -> None:
        traits = [name for name in frame.columns if name != "person" and name not in IDENTIFIERS]
        known = _ordered(name for name in frame.columns if name in IDENTIFIERS)
        ordered = frame.select("person", *known, *traits).sort("person")
        try:
            if self.settings.format == "csv":
                ordered.write_csv(path)
            elif self.settings.format == "jsonl":
                ordered.write_ndjson(path)
            else:
                ordered.write_parquet(path)
        except pl.exceptions.PolarsError as fault:
            number = _number(fault)
            if number:
                raise OSError(number, os.strerror(number)) from None
            raise Retryable("cannot_write", type(fault).__name__) from None


def _clear(path: Path) -> None:
    """Take away what somebody left who was killed while writing: it holds people who may be forgotten since."""
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.name.endswith(".tmp"):
            left.unlink(missing_ok=True)


def _number(fault: Exception) -> int:
    """The system's number of what went wrong, 0 where there is none."""
    told = _OS_ERROR.search(str(fault))
    return getattr(fault, "errno", None) or (int(told[1]) if told else 0)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write beside `path`, bring it to the disk, put it in place."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        # mkstemp makes it private; the file keeps the permissions it had, or gets the usual ones.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        for place in (temporary, path.parent):
            if place == path.parent:
                temporary.replace(path)
            opened = os.open(place, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _ordered(names: Iterable[str]) -> list[str]:
    given = set(names)
    return [name for name in IDENTIFIERS if name in given] + sorted(given - set(IDENTIFIERS))


def _guarded(name: str) -> pl.Expr:
    column = pl.col(name)
    risky = column.str.contains(FORMULA) & ~column.str.contains(NUMBER)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), column)).otherwise(column).alias(name)


def _upserted(held: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    others = [name for name in held.columns if name not in changed.columns and name not in IDENTIFIERS]
    changed = changed.join(held.select("person", *others), on="person", how="left") if others else changed
    kept = held.join(changed, on="person", how="anti")
    try:
        return pl.concat([kept, changed], how="diagonal_relaxed")
    except pl.exceptions.PolarsError:
        # A trait that is of another kind than it was (a number, now true or false) becomes text.
        differ = [name for name in changed.columns if name in kept.columns and kept[name].dtype != changed[name].dtype]
        texts = [one.with_columns(_text(one[name].to_list()).alias(name) for name in differ) for one in (kept, changed)]
        return pl.concat(texts, how="diagonal_relaxed")


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict, tuple)) else value


def _text(values: list[Any]) -> pl.Series:
    return pl.Series([_word(value) for value in values], dtype=pl.String)


def _word(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str) if isinstance(value, (bool, int, float)) else str(value)
