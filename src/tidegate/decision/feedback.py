"""What landed feedback and consents change: part of step 4 of a run, in the transaction of the decision.

Events find their message and person; unknown messages that somebody answered are settled; addresses that bounced
for good or complained are suppressed; an unsubscription is a consent withdrawn. What belongs to nobody known is
tried again for some time, since a person may come later than their consent, and is then left as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.channels import CHANNELS
from tidegate.decision.stays import person_of
from tidegate.spec.objects import ModelColumns

PATIENCE = timedelta(days=30)
"""For so long after it landed (by the wall clock) an event may find out whose it is."""


def heed(
    connection: duckdb.DuckDBPyConnection, people: ModelColumns, key: str, *, run_id: str, as_of: datetime
) -> None:
    """Take into account what landed since the last decision. `people` is the people model, `key` its key column."""
    now = datetime.now(UTC)
    for statement in queries.statements("feedback/open_tables"):
        connection.execute(statement)
    connection.execute(queries.text("feedback/open_events"))
    connection.execute(queries.text("feedback/open_consents"), {"since": now - PATIENCE})
    row = connection.execute(queries.text("feedback/anything_open")).fetchone()
    if row is None or not row[0]:
        return
    connection.execute(queries.text("feedback/match_by_key"))
    connection.execute(queries.text("feedback/match_by_provider_id"))
    channels = [channel for (channel,) in connection.execute(queries.text("feedback/channels_to_ask")).fetchall()]
    connection.execute(queries.bind("feedback/ask_addresses", addresses=_addresses(people, key, channels)))
    connection.execute(queries.text("feedback/match_by_address"))
    this = {"run_id": run_id}
    connection.execute(queries.text("feedback/fill_in"))
    connection.execute(queries.text("feedback/settle_unknown"), {**this, "as_of": as_of})
    connection.execute(queries.text("feedback/suppress"), {**this, "given_up": now - PATIENCE})
    connection.execute(queries.text("feedback/withdraw"), {**this, "now": now})
    connection.execute(queries.text("feedback/mark_heeded"), {**this, "given_up": now - PATIENCE})
    connection.execute(queries.text("feedback/share_consents"))
    connection.execute(queries.text("feedback/fill_in_consents"))


def _addresses(people: ModelColumns, key: str, channels: list[str]) -> exp.Expr:
    """(person, channel, address) of everybody, for these channels."""
    parts = []
    for channel in channels:
        spec = CHANNELS.get(channel)
        if channel == "crm":  # which knows people by the project's key
            address: exp.Expr = person_of(key, "person")
        elif spec is not None and spec.address in people.columns:
            address = exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
        else:
            continue
        columns = {
            "person": person_of(key, "person"),
            "channel": exp.Literal.string(channel),
            "address": address,
        }
        parts.append(queries.select(exp.alias_(queries.relation(people.relation), "person", table=True), columns))
    if not parts:
        nobody = {name: exp.cast(exp.null(), "varchar") for name in ("person", "channel", "address")}
        return exp.select(*[exp.alias_(value, name) for name, value in nobody.items()]).where(exp.false())
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
