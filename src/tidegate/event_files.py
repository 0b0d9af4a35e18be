"""One event file: how it is read, and what is wrong with it in words that quote no values."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate.errors import ContractError
from tidegate.redact import redact
from tidegate.spec.objects import Landing

_READERS = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
_DELIMITERS = ",;\t|"
_FIRST = 1_000_000

_LINE = re.compile(r"CSV Error on Line: (?P<line>\d+)")
_COUNTS = re.compile(r"Expected Number of Columns: (?P<expected>\d+) Found: (?P<found>\d+)")
_CONVERSION = re.compile(r'Error when converting column "(?P<column>[^"]+)"\. .* to \'(?P<kind>[^\']+)\'')
_JSON = re.compile(r"Malformed JSON in file .* in (?P<unit>line|record/value) (?P<at>\d+): (?P<why>[^.\n]+)")
_KIND = re.compile(r"^[A-Z]\w*(?: \w+)* Error: ")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def kind(path: Path) -> str:
    """`read_csv`, `read_json` or `read_parquet`; empty for a file of another kind. `.gz` may come after."""
    name = path.name.lower().removesuffix(".gz")
    return _READERS.get(Path(name).suffix, "")


def matching(root: Path, landing: Landing) -> list[Path]:
    """The files that a landing is about, by name."""
    return sorted(path for path in root.glob(landing.files) if kind(path) and path.is_file())


def is_empty(path: Path) -> bool:
    """Whether nothing has been written yet."""
    if path.stat().st_size == 0:
        return True
    if kind(path) == "read_parquet":
        return False
    text = _beginning(path)
    return len(text) < _FIRST and not text.strip()


def source(path: Path, *, strict: bool = False) -> exp.Table:
    """The file as a table. Types are told from all of its rows: from the first ones, a late 1.5 would become a 2.

    `strict` reads text and nothing else: it finds the line that makes a file unreadable. Raises ContractError for
    a CSV file whose first line does not name its columns.
    """
    options: dict[str, exp.Expr] = {}
    if kind(path) == "read_csv":
        header = _header(path)
        delimiter = _delimiter(header)
        names = next(csv.reader([header], delimiter=delimiter or ","))
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice or not all(name.strip() for name in names):
            why = f"names {', '.join(map(redact, twice))} twice" if twice else "leaves a column without a name"
            raise ContractError(f"the first line, which should hold the names of the columns, {why}")
        options["header"] = exp.true()
        # Otherwise lines that do not fit are taken for a preamble or for remarks, and left out without a word.
        options["skip"] = exp.Literal.number(0)
        options["comment"] = exp.Literal.string("")
        if delimiter:
            options["delim"] = exp.Literal.string(delimiter)
        if strict:
            options["auto_detect"] = exp.false()
            options["columns"] = exp.Struct(
                expressions=[
                    exp.PropertyEQ(this=exp.Literal.string(name), expression=exp.Literal.string("VARCHAR"))
                    for name in names
                ]
            )
    if kind(path) != "read_parquet" and not strict:
        options["sample_size"] = exp.Neg(this=exp.Literal.number(1))
    arguments = [exp.EQ(this=exp.column(name), expression=value) for name, value in options.items()]
    call = exp.Anonymous(this=kind(path), expressions=[exp.Literal.string(str(path)), *arguments])
    return exp.Table(this=call)


def complaint(connection: duckdb.DuckDBPyConnection, path: Path, fault: duckdb.Error) -> str:
    """What is wrong with a file that the warehouse could not read, with the line where it can be told."""
    words = str(fault)
    if kind(path) == "read_csv" and "when sniffing" in words:
        try:
            connection.execute(exp.select(exp.Count(this=exp.Star())).from_(source(path, strict=True)).sql("duckdb"))
        except duckdb.Error as found:
            words = str(found)
    told = _LINE.search(words)
    line = f"line {told['line']} " if told else ""
    if counts := _COUNTS.search(words):
        fewer = int(counts["found"]) < int(counts["expected"])
        cut = ": was the file cut off?" if fewer else ""
        return f"{line}has {'fewer' if fewer else 'more'} values than there are columns ({counts['expected']}){cut}"
    if "unterminated quote" in words:
        return f"{line}opens a quote that nothing closes: was the file cut off?"
    if "not utf-8" in words.lower() or "invalid unicode" in words.lower():
        return f"{line}is not UTF-8 text; save it as UTF-8"
    if conversion := _CONVERSION.search(words):
        return f"{line}holds a value in {conversion['column']} that is not {conversion['kind']}"
    if malformed := _JSON.search(words):
        cut = ": was the file cut off?" if "end of data" in malformed["why"] else ""
        # Seen with DuckDB 2.0, November 2026: it counts one too many.
        place = f"{'line' if malformed['unit'] == 'line' else 'value'} {int(malformed['at']) - 1}"
        return f"{place} is not JSON ({malformed['why'].strip()}){cut}"
    if kind(path) == "read_parquet" and ("magic bytes" in words or "too small" in words):
        return "is not a whole Parquet file: was it cut off?"
    return _QUOTED.sub("(...)", redact(_KIND.sub("", words.splitlines()[0])))


def _beginning(path: Path) -> str:
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            return stream.read(_FIRST).decode("utf-8-sig", errors="replace")
    except (EOFError, gzip.BadGzipFile) as fault:
        raise ContractError("is not a whole gzip file: was it cut off?") from fault


def _header(path: Path) -> str:
    text = _beginning(path)
    if "\0" in text:
        raise ContractError("is not UTF-8 text; save it as UTF-8")
    header = text.splitlines()[0] if text else ""
    if not header.strip():
        raise ContractError("the first line, which should hold the names of the columns, is empty")
    return header


def _delimiter(header: str) -> str:
    counts = {delimiter: header.count(delimiter) for delimiter in _DELIMITERS}
    most = max(counts, key=lambda delimiter: counts[delimiter])
    return most if counts[most] else ""
