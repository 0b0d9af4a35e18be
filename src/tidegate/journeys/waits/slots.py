"""Waiting for a slot of the week: `09:00-20:00 on mon..fri`, or for a minute of it: `08:00 on mon`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.waits import clocks
from tidegate.journeys.walk import Walk
from tidegate.spec.objects import Window
from tidegate.spec.quantities import quiet_minutes


def wait(walk: Walk, slot: Iterable[Window], here: exp.Table) -> None:
    """Fill `wait_ends`: whose clock shows a time within one of the windows goes on at once.

    A window whose `closes` equals its `opens` is that minute.
    """
    windows = tuple(replace(one, closes=one.opens + 1) if one.closes == one.opens else one for one in slot)
    walk.connection.executemany(queries.text("journeys/waits/add_slot_time"), quiet_minutes(windows))
    clocks.read(walk, here)
    walk.connection.execute(queries.text("journeys/waits/slot_walls"))
    clocks.find_instants(walk)
    walk.connection.execute(queries.text("journeys/waits/slots"))
