"""Columns that are watched: whose value is another than when it was last seen."""

from __future__ import annotations

from sqlglot import exp

from tidegate.decision.stays import entries, person_of
from tidegate.journeys.entries import segments
from tidegate.journeys.entries.looking import Looking, row_as_json
from tidegate.spec.binding import column_type
from tidegate.spec.objects import ModelColumns


def change(looking: Looking) -> None:
    """Changes that count; the first sight of somebody's value is none.

    Raises SpecError for a model in which somebody has several rows, or a row nobody.
    """
    model = looking.model()
    value = exp.cast(_current(looking), "varchar")
    rows = entries(model, looking.key, value=value)
    segments.check_keys(looking, rows, one_row="a column is watched in a model with one row for each person")
    looking.run_over("look_at_values", {"entry": rows}, journey=looking.journey.name)
    looking.run_over(
        "change",
        {"entry": _changed(looking, model)},
        journey=looking.journey.name,
        as_of=looking.walk.as_of,
        disposition=looking.refusal,
    )


def _current(looking: Looking) -> exp.Expr:
    assert looking.entry.column is not None
    return exp.column(looking.entry.column, table="entry", quoted=True)


def _changed(looking: Looking, model: ModelColumns) -> exp.Select:
    """(person, context, counts) of everybody whose value is another now."""
    now = _current(looking)
    kind = column_type(model.columns[looking.entry.column or ""])
    then: exp.Expr = exp.column("before", table="seen")
    then = exp.TryCast(this=then, to=kind) if kind is not None else then
    changed_at = exp.cast(exp.Literal.string(looking.walk.as_of.isoformat()), "timestamptz")
    seen = exp.alias_(exp.to_table("new_watched"), "seen", table=True)
    same = exp.and_(
        exp.EQ(this=exp.column("person", table="seen"), expression=person_of(looking.key)),
        exp.not_(exp.column("first_sight", table="seen")),
    )
    columns = {
        "context": row_as_json(model, old=then, new=now, changed_at=changed_at),
        "counts": _counts(looking, then, now),
    }
    return entries(model, looking.key, **columns).join(seen, on=same, join_type="inner")


def _counts(looking: Looking, then: exp.Expr, now: exp.Expr) -> exp.Expr:
    change = looking.entry.change
    conditions: list[exp.Expr] = []
    if change is not None and change.before is not None:
        conditions.append(exp.NullSafeEQ(this=then.copy(), expression=change.before.copy()))
    if change is not None and change.after is not None:
        conditions.append(exp.NullSafeEQ(this=now.copy(), expression=change.after.copy()))
    if change is not None and change.by is not None:
        by = exp.Sub(this=exp.cast(now.copy(), "double"), expression=exp.cast(then.copy(), "double"))
        reached = exp.GTE if change.by > 0 else exp.LTE
        least = exp.Literal.number(abs(change.by))
        limit = least if change.by > 0 else exp.Neg(this=least)
        conditions.append(
            exp.Coalesce(this=exp.Paren(this=reached(this=by, expression=limit)), expressions=[exp.false()])
        )
    return exp.and_(*conditions) if conditions else exp.true()
