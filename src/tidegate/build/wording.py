"""What the warehouse and dbt complain of, in words for the person who wrote the SQL, without values of rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tidegate.redact import redact
from tidegate.spec.nearest import closest, several

_KIND = re.compile(r"^(?P<kind>[A-Z]\w*(?: \w+)*) Error: ")
_UNDEFINED = re.compile(r"^'(?P<name>\w+)' is undefined")
_NO_COLUMN = re.compile(r'^Referenced column "(?P<name>[^"]+)" not found')
_NO_COLUMN_IN = re.compile(r'^Table "(?P<table>[^"]+)" does not have a column named "(?P<name>[^"]+)"')
_NO_RELATION = re.compile(r'^Referenced table "(?P<name>[^"]+)" not found')
_NOTHING = re.compile(r'^(?:Scalar |Aggregate )?(?P<kind>\w+) with name "?(?P<name>[\w.]+)"? does not exist')
_CANDIDATES = re.compile(r"(?:Candidate (?:bindings|tables)|Did you mean):?(?P<names>[^?]*)")
_QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'")

#: In these the warehouse quotes what it found in a row.
_ABOUT_ROWS = frozenset({"Conversion", "Invalid Input", "Out of Range", "Constraint"})
_ENDS = ("LINE ", "----", "Raw Error", "compiled code at", "Candidate functions:")


def said(words: str, macros: Iterable[str] = ()) -> str:
    """dbt's message in one line: without headers, excerpts and rulers, and with a hint where one can be told."""
    lines = _lines(words)
    if not lines:
        return ""
    kind = _KIND.match(lines[0])
    lines[0] = _KIND.sub("", lines[0])
    if kind and kind["kind"] in _ABOUT_ROWS:
        text = redact(_QUOTED.sub("(value)", lines[0]))
        return text[:1].lower() + text[1:]
    text = " ".join(lines)
    if kind and kind["kind"] == "Parser":
        return f"is not SQL: {text}"
    return _missing(text, macros) or redact(text)


def subject(words: str) -> str:
    """The column, table, function or macro that is not there or does not convert; empty where that is not told."""
    text = " ".join(_lines(words))
    found = next((match for each in _SUBJECTS if (match := each.search(_KIND.sub("", text)))), None)
    return found["name"] if found else ""


def is_about_syntax(words: str) -> bool:
    """Whether the excerpt that the warehouse gives is of the right place; for other complaints it is displaced."""
    return any(line.startswith("Parser Error") for line in _lines(words))


_CASTING = re.compile(r"when casting from source column (?P<name>\w+)")
_SUBJECTS = (_UNDEFINED, _NO_COLUMN, _NO_COLUMN_IN, _NO_RELATION, _NOTHING, _CASTING)
_HEADER = re.compile(r"^(?:\w+ )*Error(?: in .*)?$")
_PLACE = re.compile(r"^line \d+$")


def _lines(words: str) -> list[str]:
    kept: list[str] = []
    for line in words.splitlines():
        line = line.strip()
        if line.startswith(_ENDS) or _PLACE.match(line):
            break
        if line and not set(line) <= {"^", " "} and not _HEADER.match(line):
            kept.append(line)
    return kept


def _missing(text: str, macros: Iterable[str]) -> str:
    given = _CANDIDATES.search(text)
    known = [one or other for one, other in _QUOTED.findall(given["names"])] if given else []
    if match := _UNDEFINED.match(text):
        near = closest(match["name"], macros)
        return f"no macro or variable `{match['name']}`" + (f"; did you mean `{near}`?" if near else "")
    if match := _NO_COLUMN.match(text):
        return f"no column `{match['name']}`; {several(match['name'], known)}"
    if match := _NO_COLUMN_IN.match(text):
        return f"no column `{match['name']}` in `{match['table']}`; {several(match['name'], known)}"
    if match := _NO_RELATION.match(text):
        return f"no table `{match['name']}` in this query; {several(match['name'], known)}"
    if match := _NOTHING.match(text):
        kind, name = match["kind"].lower(), match["name"]
        near = closest(name, known)
        if near is None and kind == "table":
            return f"no table `{name}`; if it is a source, nothing has been loaded into it yet"
        return f"no {kind} `{name}`" + (f"; did you mean `{near}`?" if near else "")
    return ""
