"""What people enter by, as a hash: whoever is new because it was edited does not enter."""

from __future__ import annotations

import hashlib

from sqlglot import exp

from tidegate.decision.standing import Facts
from tidegate.spec.journey_objects import Entry
from tidegate.spec.predicates import EVENTS


def definition(facts: Facts, entry: Entry) -> str:
    """Changes with the model's meaning and with what the file says of when people come in, but for `if` and `again`:
    these are asked of each who comes.

    A list, a schedule and another journey's end have no model whose edit could bring anybody in.
    """
    model = EVENTS if entry.kind == "event" else entry.model if entry.kind != "schedule" else None
    known = facts.definitions.get(model) if model is not None else None
    change = entry.change
    parts = (
        entry.kind,
        entry.model,
        known.hash if known is not None else None,
        entry.column,
        entry.name,
        _sql(entry.where),
        _sql(change.before) if change is not None else None,
        _sql(change.after) if change is not None else None,
        change.by if change is not None else None,
        entry.offset,
        entry.at,
        entry.yearly,
        entry.cron,
        entry.file,
        entry.reasons,
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _sql(tree: exp.Expr | None) -> str | None:
    return tree.sql("duckdb", comments=False) if tree is not None else None
