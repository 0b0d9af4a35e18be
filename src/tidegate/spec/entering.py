"""How people come into a journey: the key `enter`, from its words to an `Entry`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import get_args

from sqlglot import exp

from tidegate.cron import Cron
from tidegate.spec import quantities
from tidegate.spec.documents import Path_
from tidegate.spec.journey_file import EnterKeys
from tidegate.spec.journey_objects import Again, Change, Entry, EntryKind
from tidegate.spec.journey_writing import Writing
from tidegate.spec.nearest import hint

#: why a walk may have ended, as in the table `instances`
REASONS = (
    "completed",
    "goal",
    "rule",
    "segment_left",
    "erased",
    "stopped",
    "migrated",
    "expired",
)
#: entries by which people are in a segment, and so may leave it
BY_SEGMENT: frozenset[EntryKind] = frozenset({"enter", "in", "schedule"})
#: ... or on a list, and so may be taken off and put on it again
_RETURNING = BY_SEGMENT | {"list"}

_MODEL = r"ref\(\s*(?:'\w+'|\"\w+\")\s*\)"
_ON = {
    **dict.fromkeys(("enter", "exit", "in", "occur"), rf"(?P<model>{_MODEL})"),
    **dict.fromkeys(("change", "date"), rf"(?P<model>{_MODEL})\s*\.\s*(?P<column>\w+|\"[^\"]+\")"),
    **dict.fromkeys(("event", "schedule", "list", "end"), r"(?P<quote>['\"])(?P<text>[^'\"]+)(?P=quote)"),
}
_FOR_EXAMPLE = {
    **{kind: f"{kind} ref('the_model')" for kind in ("enter", "exit", "in", "occur")},
    **{kind: f"{kind} ref('the_model').column" for kind in ("change", "date")},
    "event": "event 'order_completed'",
    "schedule": "schedule '0 9 * * mon'",
    "list": "list 'audiences/guests.csv'",
    "end": "end 'other_journey'",
}
#: keys that go with some kinds only
_GOES_WITH: dict[str, tuple[EntryKind, ...]] = {
    "for": ("schedule",),
    "where": ("event",),
    "from": ("change",),
    "to": ("change",),
    "by": ("change",),
    "offset": ("date",),
    "at": ("date",),
    "yearly": ("date",),
    "reasons": ("end",),
    "not_older_than": ("exit", "occur", "event", "change", "date", "schedule", "end"),
}
_AGAIN = "write `never`, `after leaving`, `every 30 days` or `per` and a column of `entry`"
_LITERALS = (exp.Literal, exp.Boolean, exp.Null)


@dataclass(frozen=True, slots=True)
class _On:
    kind: EntryKind
    model: str | None = None
    column: str | None = None
    text: str | None = None


def read(keys: EnterKeys, writing: Writing) -> Entry | None:
    """None where what lets people in cannot be told; what is wrong goes to the file's findings."""
    with_on = _on(keys.on, writing)
    if with_on is None:
        return None
    kind = with_on.kind
    _check_keys(kind, writing)
    model = keys.for_ if kind == "schedule" else with_on.model
    if kind == "schedule" and model is None:
        writing.problem(("enter", "for"), "is missing; say who enters, such as for: ref('people')")
    if model is not None:
        writing.model(model, ("enter", "for" if kind == "schedule" else "on"))
    if kind == "schedule":
        _check_cron(with_on.text or "", writing)
    if kind == "list":
        _check_file(with_on.text or "", writing)
    return Entry(
        kind=kind,
        model=model,
        column=with_on.column,
        name=with_on.text if kind in ("event", "end") else None,
        where=writing.expression(keys.where, ("enter", "where")) if keys.where is not None else None,
        change=_change(keys, writing) if kind == "change" else None,
        offset=keys.offset or timedelta(),
        at=keys.at,
        yearly=keys.yearly,
        cron=with_on.text if kind == "schedule" else None,
        file=with_on.text if kind == "list" else None,
        reasons=_reasons(keys.reasons, writing),
        condition=writing.predicate(keys.if_, ("enter", "if")) if keys.if_ is not None else None,
        again=_again(keys.again, kind, writing),
        overlap=keys.overlap,
        not_older_than=keys.not_older_than or timedelta(days=1),
        backfill=keys.backfill,
        line=writing.document.line(("enter", "on")),
    )


def _on(text: str, writing: Writing) -> _On | None:
    word, _, rest = text.strip().partition(" ")
    kinds: tuple[EntryKind, ...] = get_args(EntryKind)
    kind = next((one for one in kinds if one == word), None)
    if kind is None:
        near = hint(word, kinds)
        writing.problem(("enter", "on"), f"`{word}` lets nobody in; {near}")
        return None
    found = re.fullmatch(_ON[kind], rest.strip())
    if found is None:
        writing.problem(("enter", "on"), f"is not how `{kind}` is written; write {_FOR_EXAMPLE[kind]}")
        return None
    parts = found.groupdict()
    column = parts.get("column")
    return _On(
        kind=kind,
        model=quantities.model_name(parts["model"]) if parts.get("model") else None,
        column=column.strip('"') if column else None,
        text=parts.get("text"),
    )


def _check_keys(kind: EntryKind, writing: Writing) -> None:
    written = writing.document.value_at(("enter",))
    for key, kinds in _GOES_WITH.items():
        if key in written and kind not in kinds:
            writing.problem(("enter", key), f"does not go with `{kind}`, but with {', '.join(kinds)}")


def _check_cron(cron: str, writing: Writing) -> None:
    try:
        Cron.parse(cron)
    except ValueError as fault:
        writing.problem(("enter", "on"), str(fault))


def _check_file(name: str, writing: Writing) -> None:
    file = writing.root / name
    if Path(name).is_absolute() or not file.resolve().is_relative_to(writing.root.resolve()):
        writing.problem(("enter", "on"), f"`{name}` is outside of the project; put the list under audiences/")
        return
    if not file.is_file():
        beside = sorted(
            path.relative_to(writing.root).as_posix() for path in (writing.root / "audiences").glob("*.csv")
        )
        near = hint(name, beside) if beside else "put the list under audiences/, its first line the columns' names"
        writing.problem(("enter", "on"), f"no file `{name}`; {near}")


def _change(keys: EnterKeys, writing: Writing) -> Change:
    if keys.by is not None and not keys.by:
        writing.problem(("enter", "by"), "is no change; write by how much, such as `10` or `-10`, or leave it out")
    return Change(
        before=_literal(keys.from_, ("enter", "from"), writing),
        after=_literal(keys.to, ("enter", "to"), writing),
        by=keys.by or None,
    )


def _literal(sql: str | None, path: Path_, writing: Writing) -> exp.Expr | None:
    tree = writing.expression(sql, path) if sql is not None else None
    if tree is None:
        return None
    value = tree
    while isinstance(value, (exp.Neg, exp.Cast, exp.Paren)):
        value = value.this
    if not isinstance(value, _LITERALS):
        text = f"is not a value; text is in single quotes inside the YAML's: \"'{sql}'\""
        writing.problem(path, text if isinstance(value, exp.Column) else "is not a value, such as `10` or `\"'gold'\"`")
        return None
    return tree


def _reasons(reasons: tuple[str, ...], writing: Writing) -> tuple[str, ...]:
    for at, reason in enumerate(reasons):
        if reason not in REASONS:
            writing.problem(("enter", "reasons", at), f"no journey ends by `{reason}`; {hint(reason, REASONS)}")
    return reasons


def _again(text: str, kind: EntryKind, writing: Writing) -> Again:
    path: Path_ = ("enter", "again")
    words = text.split()
    if words == ["never"]:
        return Again()
    if words == ["after", "leaving"]:
        if kind not in _RETURNING:
            instead = "write `every 30 days` or `per` and a column of `entry`"
            writing.problem(path, f"nobody is in `{kind}`, and so nobody leaves it; {instead}")
        return Again("after_leaving")
    if words[:1] == ["every"]:
        length = " ".join(words[1:])
        try:
            return Again("every", every=quantities.duration(length if length[:1].isdigit() else f"1 {length}"))
        except ValueError as fault:
            writing.problem(path, str(fault))
            return Again()
    if len(words) == 2 and words[0] == "per":
        return Again("per", per=words[1].removeprefix("entry."))
    writing.problem(path, f"`{text}` is not known; {_AGAIN}")
    return Again()
