"""Who comes in: those whom the entry finds and welcomes, but nobody who was erased."""

from __future__ import annotations

from datetime import datetime

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
    entries.find(walk, cause, last_as_of, life.on_hold)
    if ending.anyone_erased(connection, since=None):
        show(connection, "welcome", "journeys/welcome", as_of=walk.as_of)
        refuse = queries.bind("journeys/refuse", chosen=ending.erased("welcome"))
        connection.execute(refuse, {"reason": "erased"})
    ((newest,),) = connection.execute(queries.text("journeys/newest_instance")).fetchall()
    connection.execute(queries.text("journeys/take_in"), {"newest": newest})
    connection.execute(queries.text("journeys/begin"))
    connection.execute(queries.text("journeys/first_step"), {"node": stretch.first})
