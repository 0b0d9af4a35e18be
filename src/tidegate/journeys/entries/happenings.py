"""What happens: a trigger's occurrences, events, the end of another journey. Each is seen once."""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.decision import occurrences
from tidegate.decision.stays import entries, lacking, person_of
from tidegate.errors import SpecError
from tidegate.journeys.entries.looking import Looking, row_as_json
from tidegate.spec.binding import column_type
from tidegate.spec.objects import ModelColumns
from tidegate.spec.predicates import EVENTS

#: Without `reasons`: whoever was put out, by an edit or a stop of the other journey, is not sent on.
_BY_THEMSELVES = ("completed", "goal", "rule", "segment_left", "expired")


def occur(looking: Looking) -> None:
    """Occurrences that happened by now; a later one waits for its time."""
    model = looking.model()
    happened = exp.cast(exp.column("occurred_at", table="entry", quoted=True), "timestamptz")
    by_now = exp.LTE(
        this=happened, expression=exp.cast(exp.Literal.string(looking.walk.as_of.isoformat()), "timestamptz")
    )
    occurrences.look(
        looking.walk.connection,
        looking.journey.name,
        occurrences.occurring(model, looking.key, wanted=exp.true()).where(exp.or_(by_now, happened.is_(exp.null()))),
        looking.key,
        cause=looking.cause,
        backfill=looking.entry.backfill,
        acts_after=looking.acts_after,
        oldest=looking.oldest,
        trouble=looking.trouble,
    )
    identifier = exp.cast(exp.column("occurrence_id", table="entry", quoted=True), "varchar")
    entry = entries(model, looking.key, occurrence_id=identifier, context=row_as_json(model))
    looking.run_over("occur", {"entry": entry}, journey=looking.journey.name)


def happen(looking: Looking) -> None:
    """Events of a name, those that journeys emitted among them, as far back as `not_older_than`."""
    model = looking.walk.facts.models[EVENTS]
    query = queries.bind("journeys/entries/event", event=_events(looking, model))
    looking.walk.connection.execute(query, {**_times(looking), "oldest_looked_at": looking.oldest_looked_at})
    _refuse_nameless(looking, model)


def end(looking: Looking) -> None:
    """Those whose walk through another journey ended."""
    entry = looking.entry
    parameters = {
        **_times(looking),
        "other": entry.name,
        "reasons": list(entry.reasons or _BY_THEMSELVES),
        "oldest_looked_at": looking.oldest_looked_at,
    }
    looking.walk.connection.execute(queries.text("journeys/entries/ended"), parameters)


def _times(looking: Looking) -> dict[str, object]:
    return {
        "journey": looking.journey.name,
        "as_of": looking.walk.as_of,
        "cause": looking.cause,
        "backfill": looking.entry.backfill,
        "acts_after": looking.acts_after,
        "oldest": looking.oldest,
    }


def _events(looking: Looking, model: ModelColumns) -> exp.Expr:
    """(occurrence_id, person, occurred_at, context, counts) of what happened."""
    where = looking.entry.where
    columns: dict[str, exp.Expr] = {
        "occurrence_id": exp.cast(exp.column("event_id", table="event", quoted=True), "varchar"),
        "person": person_of(looking.key, "event"),
        "occurred_at": exp.cast(exp.column("occurred_at", table="event", quoted=True), "timestamptz"),
        "context": row_as_json(model, table="event"),
        "counts": exp.Coalesce(this=where.copy(), expressions=[exp.false()]) if where is not None else exp.true(),
    }
    named = exp.column("name", table="event", quoted=True).eq(exp.Literal.string(looking.entry.name or ""))
    theirs = queries.select(exp.alias_(queries.relation(model.relation), "event", table=True), columns).where(named)
    emitted = exp.alias_(_emitted(looking, model).subquery(), "event", table=True)
    return theirs.union(queries.select(emitted, columns).where(named.copy()), distinct=False)


def _emitted(looking: Looking, model: ModelColumns) -> exp.Select:
    """What journeys emitted, in the columns of the events model."""
    own = {
        "event_id": "event_id",
        looking.key: "person",
        "name": "name",
        "occurred_at": "occurred_at",
        "properties": "properties",
    }
    columns = {}
    for name, kind in model.columns.items():
        value: exp.Expr = exp.column(own[name], table="emitted") if name in own else exp.null()
        type_ = column_type(kind)
        columns[name] = exp.TryCast(this=value, to=type_) if type_ is not None else value
    emitted = exp.alias_(exp.to_table("tidegate.emitted"), "emitted", table=True)
    before = exp.cast(exp.Literal.string(looking.walk.as_of.isoformat()), "timestamptz")
    return queries.select(emitted, columns).where(
        exp.LT(this=exp.column("emitted_at", table="emitted"), expression=before)
    )


def _refuse_nameless(looking: Looking, model: ModelColumns) -> None:
    ((count,),) = looking.walk.connection.execute(queries.text("journeys/entries/nameless")).fetchall()
    if count:
        text = f"{lacking(count, 'event_id')} in {model.name}; leave out such rows, or name them in the model"
        raise SpecError(looking.trouble(text))
