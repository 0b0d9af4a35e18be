"""Who comes in: of those whom the entry finds, all but those who would have to leave at once."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from tidegate import queries
from tidegate.decision.cause import Cause
from tidegate.journeys import ending
from tidegate.journeys.stretch import Stretch
from tidegate.journeys.versions import Life
from tidegate.journeys.views import show


def enter(life: Life, stretch: Stretch, cause: Cause, last_as_of: datetime | None) -> None:
    """Find who enters, and put them at the stretch's first step. Everybody else keeps the reason in `candidates`."""
    from tidegate.journeys import entries

    walk = life.newest
    connection = walk.connection
    entries.find(walk, cause, last_as_of)
    if life.on_hold:
        connection.execute(queries.text("journeys/hold_back"), {"reason": life.on_hold})
    show(connection, "welcome", "journeys/welcome", as_of=walk.as_of)
    if ending.anyone_erased(connection):
        _refuse(stretch, ending.erased("welcome"), "erased")
    if walk.journey.exits:
        _refuse(stretch, ending.ruled_out(walk, "welcome"), "exit_rule")
    ((newest,),) = connection.execute(queries.text("journeys/newest_instance")).fetchall()
    connection.execute(queries.text("journeys/take_in"), {"newest": newest})
    connection.execute(queries.text("journeys/begin"))
    connection.execute(queries.text("journeys/first_step"), {"node": stretch.first})


def _refuse(stretch: Stretch, chosen: exp.Expr, reason: str) -> None:
    stretch.walk.connection.execute(queries.bind("journeys/refuse", chosen=chosen), {"reason": reason})
