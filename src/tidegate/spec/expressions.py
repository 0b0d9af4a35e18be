"""SQL expressions in the files: parsed, kept to what is a value of one row, and given their tables.

`entry` is the segment's or trigger's row, `person` the people model's; a bare column is looked for in
`entry` first. The tree remembers where it was written, so that a later check can still say so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from tidegate.errors import Problem, SpecError
from tidegate.spec import functions
from tidegate.spec.nearest import closest, hint, several

DIALECT = "duckdb"
#: how a scope is called in an error, where the model's name is not known
_PLACE = "tidegate"
_LONGEST = 20_000

_FORBIDDEN: tuple[tuple[tuple[type[Any], ...], str], ...] = (
    ((exp.Query, exp.Table, exp.Exists), "a subquery has no place here; put it in the model"),
    ((exp.Window,), "a window function has no place here; put it in the model"),
    ((exp.AggFunc,), "sums up many rows; here is one row at a time, so put it in the model"),
    ((exp.Star, exp.Columns), "`*` has no place here; name the columns"),
    ((exp.Alias,), "`as` has no place here; the key is the name"),
    ((exp.Placeholder, exp.Parameter, exp.SessionParameter, exp.PositionalColumn), "parameters have no place here"),
    ((exp.Explode, exp.UDTF), "makes several rows of one; put it in the model"),
    ((exp.Comprehension,), "write list_filter() or list_transform()"),
)
_UNSTEADY = "its answer changes from run to run; put it in the model, relative to as_of()"


def parse(text: str, file: str, line: int, key: str, *, besides: Collection[str] = ()) -> exp.Expr:
    """One SQL expression, its columns as written. `besides`: functions that there are here, in lower case, beside the
    engine's. Raises SpecError."""
    tree = _tree(text, file, line, key)
    for fault in _faults(tree, besides):
        raise SpecError(Problem(file, line, key, fault))
    for node in tree.walk():
        node.comments = None
    tree.meta[_PLACE] = (file, line, key)
    return tree


def place(tree: exp.Expr) -> tuple[str, int, str]:
    """File, line and key that an expression was parsed from."""
    found: tuple[str, int, str] = tree.meta.get(_PLACE, ("", 0, ""))
    return found


def qualify(
    tree: exp.Expr, scopes: Mapping[str, Mapping[str, Any]], models: Mapping[str, str] | None = None
) -> exp.Expr:
    """A copy in which every column is `entry.x` or `person.x`, as the model spells it.

    `scopes` are the columns of each scope, in the order in which bare names are looked for; `models` are
    the models' names, for errors. Raises SpecError with every column that is in none.
    """
    file, line, key = place(tree)
    # Under a parent, so that a column that is the whole expression can be replaced too.
    whole = exp.Paren(this=tree.copy())
    problems = []
    for column in list(whole.find_all(exp.Column)):
        replacement = _resolve(column, scopes, models or {})
        if isinstance(replacement, str):
            problems.append(Problem(file, line, key, replacement))
        else:
            column.replace(replacement)
    if problems:
        raise SpecError(problems)
    result: exp.Expr = whole.this
    result.meta[_PLACE] = (file, line, key)
    return result


def _resolve(column: exp.Column, scopes: Mapping[str, Mapping[str, Any]], models: Mapping[str, str]) -> exp.Expr | str:
    parts = [part.name for part in column.parts]
    first = parts[0].casefold()
    scope = next((name for name in scopes if name == first), None)
    if scope is not None and len(parts) == 1:
        return f"`{scope}` is a row; say which of its columns, such as {scope}.{next(iter(scopes[scope]), 'x')}"
    if scope is not None:
        parts = parts[1:]
    for name in [scope] if scope is not None else scopes:
        spelled = _spelling(parts[0], scopes[name])
        if spelled is not None:
            found: exp.Expr = exp.column(exp.to_identifier(spelled, quoted=True), table=name)
            return (
                exp.Dot.build([found, *(exp.to_identifier(part, quoted=True) for part in parts[1:])])
                if parts[1:]
                else found
            )
    if scope is None and len(parts) > 1:
        return f"no table `{parts[0]}` here; {hint(parts[0], scopes)}"
    searched = [scope] if scope is not None else list(scopes)
    where = " or ".join(models.get(name, name) for name in searched)
    names = [name for one in searched for name in scopes[one]]
    near = several(parts[0], dict.fromkeys(names))
    unlike = scope is None and closest(parts[0], names) is None
    quoted = f"; a text is written \"'{parts[0]}'\"" if unlike else ""
    return f"no column `{parts[0]}` in {where}; {near}{quoted}"


def _spelling(name: str, columns: Mapping[str, Any]) -> str | None:
    if name in columns:
        return name
    lowered = name.casefold()
    return next((column for column in columns if column.casefold() == lowered), None)


def _tree(text: str, file: str, line: int, key: str) -> exp.Expr:
    def refuse(words: str) -> SpecError:
        return SpecError(Problem(file, line, key, words))

    if not text.strip():
        raise refuse("is empty; write a SQL expression")
    if len(text) > _LONGEST:
        raise refuse("is too long for an expression; put it in the model")
    try:
        trees = sqlglot.parse(text, read=DIALECT)
    except TokenError as fault:
        raise refuse("is not SQL: a quote or bracket is not closed") from fault
    except ParseError as fault:
        raise refuse(f"is not SQL: {_parse_error(fault)}") from fault
    except RecursionError as fault:
        raise refuse("is nested too deeply; put it in the model") from fault
    if len(trees) != 1 or trees[0] is None:
        raise refuse("is not one SQL expression")
    tree = trees[0]
    if not isinstance(tree, (exp.Condition, exp.Interval, exp.Query, exp.Star, exp.Alias)):
        raise refuse("is a SQL statement; write an expression, such as `spend > 50`")
    return tree


def _parse_error(fault: ParseError) -> str:
    if not fault.errors:
        return str(fault).splitlines()[0]
    error = fault.errors[0]
    near = (error.get("highlight") or "").strip()
    description = error.get("description") or ""
    if description.startswith("Required keyword"):
        description = "something is missing"
    description = re.sub(r"[.\s]+$", "", description)
    description = description[:1].lower() + description[1:]
    return f"{description} at `{near}`" if near else description


def _faults(tree: exp.Expr, besides: Collection[str]) -> list[str]:
    found = []
    for node in tree.walk():
        for kinds, text in _FORBIDDEN:
            if isinstance(node, kinds):
                found.append(f"{node.sql(DIALECT)}: {text}" if isinstance(node, exp.Func) else text)
                break
        if isinstance(node, functions.UNSTEADY):
            found.append(f"{node.sql(DIALECT).lower()}: {_UNSTEADY}")
        elif isinstance(node, exp.Anonymous) and str(node.this).lower() not in besides:
            text_ = _function_fault(node, besides)
            if text_:
                found.append(text_)
    return found


def _function_fault(node: exp.Anonymous, besides: Collection[str]) -> str | None:
    name = str(node.this).lower()
    known = functions.known()
    if name == "ref":
        return "ref() belongs in `who` and `when`; here are the columns of `entry` and `person`"
    if name in known.aggregate:
        return f"{name}() sums up many rows; here is one row at a time, so put it in the model"
    # With one argument, age() counts to today.
    if name in known.unsteady or (name == "age" and len(node.expressions) == 1):
        return f"{name}(): {_UNSTEADY}"
    if name not in known.scalar:
        near = hint(name, [*besides, *known.scalar])
        return f"no function `{name}`" + (f"; {near}" if near.startswith("did you") else "")
    return None
