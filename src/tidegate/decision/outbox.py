"""Plans messages: one row in the outbox for each person and occasion, under a key that is never used twice."""

from __future__ import annotations

import json
from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision.stays import entries, person_of
from tidegate.spec.objects import Audience, ModelColumns, Send


def plan(
    connection: duckdb.DuckDBPyConnection,
    audience: Audience,
    model: ModelColumns,
    key: str,
    *,
    as_of: datetime,
    run_id: str,
    cause: str,
) -> None:
    """Plan what an audience sends for the changes and occurrences of this run.

    A baseline and a changed definition send nothing, unless the file says `backfill: true`.
    """

    def put(send: Send, step: str, occasion: exp.Select) -> None:
        connection.execute(
            queries.bind("decide/plan_messages", occasion=occasion),
            {
                "source": audience.name,
                "step": f"{step}.{send.message}",
                "message": send.message,
                "channels": json.dumps(send.by),
                "as_of": as_of,
                "expires_at": as_of + audience.expires_after,
                "priority": audience.priority,
                "run_id": run_id,
            },
        )

    for send in audience.sends:
        put(send, "on_occurrence", _occurred(audience, model, key))
    if cause == "data" or audience.backfill:
        for send in audience.on_enter:
            put(send, "on_enter", _entered(audience, model, key, run_id))
        for send in audience.on_exit:
            put(send, "on_exit", _left(audience, run_id))


def context(model: ModelColumns) -> exp.Expr:
    """The row of `entry` as a JSON object."""
    pairs = [
        exp.JSONKeyValue(this=exp.Literal.string(name), expression=exp.column(name, table="entry", quoted=True))
        for name in model.columns
    ]
    return exp.cast(exp.JSONObject(expressions=pairs), "varchar")


def _occurred(audience: Audience, model: ModelColumns, key: str) -> exp.Select:
    occurrence = exp.cast(exp.column("occurrence_id", table="entry", quoted=True), "varchar")
    acted = (
        exp.select("occurrence_id")
        .from_("seen")
        .where(exp.column("audience", table="seen").eq(exp.Literal.string(audience.name)))
        .where(exp.column("disposition", table="seen").eq(exp.Literal.string("acted")))
    )
    query = entries(model, key, entry=occurrence, context=context(model))
    return query.where(exp.In(this=occurrence.copy(), query=exp.Subquery(this=acted)))


def _entered(audience: Audience, model: ModelColumns, key: str, run_id: str) -> exp.Select:
    stay = exp.alias_(exp.to_table("tidegate.stays"), "stay", table=True)
    query = entries(model, key, entry=exp.cast(exp.column("stay", table="stay"), "varchar"), context=context(model))
    same = exp.and_(
        exp.column("person", table="stay").eq(person_of(key)),
        exp.column("audience", table="stay").eq(exp.Literal.string(audience.name)),
        exp.column("entered_run", table="stay").eq(exp.Literal.string(run_id)),
    )
    return query.join(stay, on=same, join_type="inner")


def _left(audience: Audience, run_id: str) -> exp.Select:
    stay = exp.alias_(exp.to_table("tidegate.stays"), "stay", table=True)
    times = [
        exp.JSONKeyValue(this=exp.Literal.string(name), expression=exp.column(name, table="stay"))
        for name in ("entered_at", "left_at")
    ]
    columns = {
        "person": exp.column("person", table="stay"),
        "entry": exp.cast(exp.column("stay", table="stay"), "varchar"),
        "context": exp.cast(exp.JSONObject(expressions=times), "varchar"),
    }
    return (
        queries.select(stay, columns)
        .where(exp.column("audience", table="stay").eq(exp.Literal.string(audience.name)))
        .where(exp.column("left_run", table="stay").eq(exp.Literal.string(run_id)))
    )
