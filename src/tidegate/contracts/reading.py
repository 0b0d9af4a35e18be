"""Contracts as written in a model's yml, checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tidegate.contracts.contract import ROW_WISE, Contract
from tidegate.contracts.lines import contract_lines
from tidegate.contracts.query import QueryError, parsed
from tidegate.errors import Problem
from tidegate.spec.quantities import duration

KINDS = ("not_null", "unique", "not_after_as_of", "well_formed", "fresh", "rows_within", "no_rows")
FORMS = ("email", "phone")
_OPTIONS = ("mostly", "name")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


class _Wrong(Exception):
    """What is wrong with one entry, and under which key."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key
        self.text = text


def parse(
    model: str, raw: object, file: str, *, root: Path | None = None, columns: Collection[str] | None = None
) -> tuple[list[Contract], list[Problem]]:
    """The contracts in `raw`, which is the value of `config.meta.contract` as dbt read it, and all that is wrong.

    `file` is the model's yml relative to `root`; with a `root` it is read for the lines. With `columns`, a
    column that the model does not have is a problem too.
    """
    if not isinstance(raw, list):
        return [], [Problem(file, 0, "contract", "must be a list, such as `- not_null: customer_id`")]
    lines = contract_lines(root / file, model) if root else []
    contracts: list[Contract] = []
    problems: list[Problem] = []
    names: set[str] = set()
    for index, entry in enumerate(raw):
        line = lines[index] if index < len(lines) else 0
        try:
            contract = _contract(model, entry, file, line, columns)
            if contract.name in names:
                raise _Wrong("name", f"there are two contracts called `{contract.name}`; give one a `name` of its own")
        except _Wrong as wrong:
            key = f"contract[{index}]" + (f".{wrong.key}" if wrong.key else "")
            problems.append(Problem(file, line, key, wrong.text))
            continue
        names.add(contract.name)
        contracts.append(contract)
    return contracts, problems


def _contract(model: str, entry: object, file: str, line: int, columns: Collection[str] | None) -> Contract:
    if not isinstance(entry, dict):
        raise _Wrong("", f"`{entry}` is not a contract; write for example `- not_null: customer_id`")
    promises = [key for key in entry if key not in _OPTIONS]
    if len(promises) != 1:
        text = (
            "promises nothing" if not promises else f"promises {len(promises)} things ({', '.join(map(str, promises))})"
        )
        raise _Wrong("", f"{text}; one entry, one of {', '.join(KINDS)}, expect_...")
    kind = str(promises[0])
    value = entry[promises[0]]
    if kind in KINDS:
        said = _SAYS[kind](value)
        label = f"{kind}: {_short(value)}"
    elif kind.startswith("expect_"):
        said = _expectation(kind, value)
        label = f"{kind}: {said['column']}" if said.get("column") else kind
        kind = "expectation"
    else:
        raise _Wrong(kind, f"no such contract{_meant(kind, (*KINDS, *expectations()))}")
    column = said.get("column")
    if columns is not None and column is not None and column not in columns:
        raise _Wrong(str(promises[0]), f"no column `{column}` in {model}{_meant(column, columns)}")
    return Contract(
        model=model,
        kind=kind,  # type: ignore[arg-type]
        name=_name(entry, label),
        mostly=_mostly(entry, kind),
        file=file,
        line=line,
        **said,
    )


def _column(value: object) -> dict[str, Any]:
    if not isinstance(value, str) or not value:
        raise _Wrong("", f"`{value}` is not the name of a column")
    return {"column": value}


def _well_formed(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) != 1:
        raise _Wrong("well_formed", "must say the form and the column, such as `well_formed: {email: email}`")
    ((form, column),) = value.items()
    if form not in FORMS:
        raise _Wrong(f"well_formed.{form}", f"no such form{_meant(str(form), FORMS)}")
    return {"form": form, **_column(column)}


def _fresh(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != {"column", "within"}:
        raise _Wrong("fresh", "must have `column` and `within`, such as `fresh: {column: occurred_at, within: 3 days}`")
    try:
        within = duration(value["within"])
    except ValueError as wrong:
        raise _Wrong("fresh.within", str(wrong)) from None
    return {**_column(value["column"]), "within": within}


def _rows_within(value: object) -> dict[str, Any]:
    match = _PERCENT.fullmatch(str(value).strip())
    if not match or float(match[1]) <= 0:
        raise _Wrong("rows_within", f"`{value}` is not a share of the last run's rows, such as `50%`")
    return {"share": float(match[1]) / 100}


def _no_rows(value: object) -> dict[str, Any]:
    if not isinstance(value, str):
        raise _Wrong("no_rows", "must be a query that finds the rows that break the promise")
    try:
        parsed(value)
    except QueryError as error:
        raise _Wrong("no_rows", str(error)) from None
    return {"query": value}


def _expectation(name: str, value: object) -> dict[str, Any]:
    known = expectations()
    if known and name not in known:
        raise _Wrong(name, f"Great Expectations has no such expectation{_meant(name, known)}")
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _Wrong(name, "must have its arguments, such as `{column: spend, min_value: 0}`, or `{}`")
    column = value.get("column")
    return {"expectation": name, "kwargs": dict(value), "column": column if isinstance(column, str) else None}


_SAYS = {
    "not_null": _column,
    "unique": _column,
    "not_after_as_of": _column,
    "well_formed": _well_formed,
    "fresh": _fresh,
    "rows_within": _rows_within,
    "no_rows": _no_rows,
}


def _mostly(entry: Mapping[Any, Any], kind: str) -> float:
    if "mostly" not in entry:
        return 1.0
    value = entry["mostly"]
    if kind not in ROW_WISE:
        raise _Wrong("mostly", f"`{kind}` is about the whole table, not about a share of its rows; leave it out")
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    share = float(percent[1]) / 100 if percent else value
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise _Wrong("mostly", f"`{value}` is not a share of the rows, such as `99.5%` or `0.995`")
    return float(share)


def _name(entry: Mapping[Any, Any], label: str) -> str:
    if "name" not in entry:
        return label
    if not isinstance(entry["name"], str) or not entry["name"].strip():
        raise _Wrong("name", f"`{entry['name']}` is not a name")
    return entry["name"].strip()


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _meant(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= 20 else ""


@cache
def expectations() -> tuple[str, ...]:
    """The names of Great Expectations' own expectations; empty where it is not installed.

    Read off the file names: importing it takes seconds, and reading a project must not.
    """
    spec = find_spec("great_expectations")
    folders = (
        [Path(place) / "expectations" / "core" for place in (spec.submodule_search_locations or [])] if spec else []
    )
    return tuple(sorted(path.stem for folder in folders for path in folder.glob("expect_*.py")))
