"""Whatever a journey becomes while people are inside: nobody is lost, and nobody is sent a key twice."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.crowd import Post, as_yaml, happens, made_world
from tests.journeys.made_up import history, journeys
from tests.journeys.test_walk_properties import nobody_is_in_two_steps, whatever_is_withheld_has_a_row
from tests.journeys.world import World
from tests.journeys.written import Days, Journey, Listen, Wait, every_step

some = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)
many = settings(some, max_examples=150, derandomize=False)
versions = st.lists(st.tuples(journeys(), st.sampled_from(("pin", "migrate", "drain", "exit"))), min_size=3, max_size=3)


def edited_and_edited(edits: list[tuple[Journey, str]], seed: int) -> None:
    """Every few runs the file is another. Steps of the same name may be others; some are gone, and lead on to any."""
    chance = random.Random(seed)
    people, occasions, clocks = history(seed)
    (first, _), *_ = edits
    published = [first]
    with made_world(first, people, quiet=False) as world:
        post = Post(seed)
        inside: dict[object, object] = {}
        for number, as_of in enumerate(clocks):
            if number and number % 4 == 0 and len(published) < len(edits):
                journey, in_flight = edits[len(published)]
                published.append(replace(journey, again=first.again, every=first.every, in_flight=in_flight))
                world.journey(as_yaml(replace(published[-1], redirects=led_on(published, chance))))
            happens(world, people, occasions, as_of)
            post.arrives(world, as_of)
            planned = world.plan(as_of)
            world.run(as_of)
            post.went_from(world)
            assert world.decision.journeys == planned.journeys
            assert world.of("made_up").verdict == "applied", world.of("made_up").reason
            inside = nobody_is_lost(world, inside, published)


def led_on(published: list[Journey], chance: random.Random) -> dict[str, str]:
    """Where those go on who may stand at a step that is gone."""
    *older, newest = published
    names = [step.id for step in every_step(newest.steps)]
    stood = {step.id for one in older for step in every_step(one.steps) if isinstance(step, (Wait, Days, Listen))}
    return {name: chance.choice(names) for name in sorted(stood - {*names})}


def nobody_is_lost(world: World, before: dict[object, object], published: list[Journey]) -> dict[object, object]:
    rows = world.rows("select instance, status, exit_reason, version, step, person from tidegate.instances")
    walks = {row[0]: row[1:] for row in rows}
    assert before.keys() <= walks.keys()
    for instance, (status, reason, version, step, _) in walks.items():
        was = before.get(instance)
        assert was is None or was[0] == "active" or was == walks[instance]  # type: ignore[index]
        if status == "ended":
            assert reason
        else:
            assert reason is None
            waits = [one for one in every_step(published[version - 1].steps) if one.id == step]  # type: ignore[operator]
            assert len(waits) == 1, (version, step)
            assert isinstance(waits[0], (Wait, Days, Listen))
            assert published[-1].in_flight in ("pin", "drain") or version == len(published)
    nobody_is_in_two_steps(world, edited=any(one.in_flight == "migrate" for one in published))
    whatever_is_withheld_has_a_row(world)
    assert not world.rows("select 1 from tidegate.outbox group by instance, step having count(*) > 1")
    return dict(walks)


@pytest.mark.slow
@some
@given(versions, st.integers(0, 10**6))
def test_whatever_a_journey_becomes_nobody_is_lost_or_told_twice(edits: list[tuple[Journey, str]], seed: int) -> None:
    edited_and_edited(edits, seed)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@many
@given(versions, st.integers(0, 10**6))
def test_whatever_many_journeys_become_nobody_is_lost_or_told_twice(
    edits: list[tuple[Journey, str]], seed: int
) -> None:
    edited_and_edited(edits, seed)
