"""Journeys that are about who comes in: whoever does gets one message, and waits for a day."""

from __future__ import annotations

import json
import textwrap

from tests.journeys.world import World


def opens(world: World, on: str, *, name: str = "welcome", steps: str = "", rest: str = "", **enter: object) -> None:
    """A journey that people enter by `on`; `enter` has further keys of it, written as YAML would have them."""
    keys = {"if_": "if", "from_": "from", "for_": "for"}
    further = "".join(f"\n  {keys.get(key, key)}: {_yaml(value)}" for key, value in enter.items())
    world.journey(
        f"journey: {name}\nenter:\n  on: {on}{further}\n{textwrap.dedent(rest)}steps:\n"
        + textwrap.indent(textwrap.dedent(steps) or "- {send: hello, by: email}\n- wait: 1 day\n", "  ")
    )


def _yaml(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def entered(world: World, journey: str = "welcome") -> list[object]:
    """Everybody who came in, as often as they did, in the order in which they did."""
    found = world.rows(
        "select person from tidegate.instances where journey = $journey order by entered_at, person, rotation",
        journey=journey,
    )
    return [person for (person,) in found]


def reasons(world: World, person: str, journey: str = "welcome") -> list[object]:
    """What became of somebody's occasions to enter, in the order of the runs that said so."""
    found = world.rows(
        "select disposition from tidegate.occurrences where audience = $journey and person = $person "
        "order by run_id, occurred_at, occurrence_id",
        journey=journey,
        person=person,
    )
    return [reason for (reason,) in found]


def context(world: World, person: str, column: str) -> object:
    """A column of `entry`, as it was when somebody came in."""
    ((found,),) = world.rows(
        "select context ->> $column from tidegate.instances where person = $person", column=column, person=person
    )
    return found
