"""Simulating made-up journeys finds what the runs do."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.crowd import as_yaml
from tests.journeys.made_up import EVENTS, journeys
from tests.journeys.written import Journey, Send, every_step
from tests.runs.shop import Shop
from tidegate import simulation, workspace
from tidegate.journeys.seeing.looking import look

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
EVERY = timedelta(hours=7)
RUNS = 4
MODELS = {
    "models/events.sql": """
select event_id, customer_id, name, occurred_at, null::varchar as properties
from {{ source('raw', 'events') }}
where occurred_at <= {{ as_of() }}
""",
    "models/triggers/orders.sql": """
select event_id as occurrence_id, customer_id, occurred_at, amount::varchar as order_id
from {{ source('raw', 'events') }}
where name = 'order' and occurred_at <= {{ as_of() }}
""",
}
several = st.lists(journeys(), min_size=2, max_size=2)
PARTS = ("entered", "inside", "goals", "ended", "refused", "turns", "days", "first_entered", "last_entered")
OF_STEPS = ("step", "reached", "here", "passed", "left", "goals", "first", "last")


def simulated_as_run(made_up: list[Journey], seed: int) -> None:
    """All of them live in one shop; each is simulated by itself."""
    named = [replace(journey, name=f"journey_{number}") for number, journey in enumerate(made_up)]
    with TemporaryDirectory() as folder:
        shop = opened(Path(folder) / "shop", named, seed)
        lived = shop.copied(Path(folder) / "lived")
        for number in range(RUNS):
            lived.now = START + EVERY * number
            lived.run(later=timedelta())
        kept = workspace.look(lived.root)
        for journey in named:
            found = simulation.simulate(
                shop.root, journey.name, start=START, end=START + EVERY * (RUNS - 1), every=EVERY
            )
            (ours,) = found.simulated
            theirs = look(kept.warehouse, kept.project, journey.name, days=True)
            for part in PARTS:
                assert getattr(ours.seen, part) == getattr(theirs, part), (journey.name, part)
            assert [[getattr(step, name) for name in OF_STEPS] for step in ours.seen.steps] == [
                [getattr(step, name) for name in OF_STEPS] for step in theirs.steps
            ]


def opened(root: Path, named: list[Journey], seed: int) -> Shop:
    chance = random.Random(seed)
    shop = Shop(root).found()
    for name, text in MODELS.items():
        shop.write(name, text)
    shop.edit("models/people.sql", "'en' as language", "'en' as language, 'DE' as country")
    email = root.joinpath("messages/thanks/email.mjml").read_text()
    for journey in named:
        shop.write(f"journeys/{journey.name}.yml", as_yaml(journey))
        for step in every_step(journey.steps):
            if isinstance(step, Send):
                shop.write(f"messages/{step.id}/email.mjml", email)
    people = [f"p{number}" for number in range(10)]
    shop.knows(*people)
    rows = [
        {
            "event_id": f"event-{number}",
            "customer_id": chance.choice(people),
            "name": chance.choice((*EVENTS, "order", "order", "order")),
            "occurred_at": (START + timedelta(minutes=10 * chance.randint(-30, 150))).isoformat(),
            "amount": chance.randint(1, 3),
        }
        for number in range(120)
    ]
    shop._csv("events", rows)
    assert shop.says("land").code == 0
    return shop


@pytest.mark.soak
@pytest.mark.timeout(7200)
@settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
@given(several, st.integers(0, 10**6))
def test_simulations_of_many_journeys_find_what_the_runs_do(made_up: list[Journey], seed: int) -> None:
    simulated_as_run(made_up, seed)
