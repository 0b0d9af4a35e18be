"""The engine against a person with a pencil: made-up journeys, made-up histories, and everything that is kept of them.

Many walk at once, each with a history of their own, through waits, branches, splits, messages that are answered, tags
and events; runs come by whenever they like; some of what happens is heard of late. See `reference`.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.crowd import Post, happens, kept_by, kept_on_paper, made_world
from tests.journeys.made_up import history, journeys
from tests.journeys.reference import Reference
from tests.journeys.written import Journey

#: without shrinking: each example is a second or two, and made of many people already
some = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)


def walked_alike(journey: Journey, seed: int, *, quiet: bool) -> None:
    people, occasions, clocks = history(seed)
    with made_world(journey, people, quiet=quiet) as world:
        pencil, post = Reference(journey, people, occasions, quiet), Post(seed)
        for as_of in clocks:
            happens(world, people, occasions, as_of)
            post.arrives(world, as_of)
            world.run(as_of)
            pencil.tick(as_of)
            assert kept_by(world) == kept_on_paper(pencil), as_of
            post.went(pencil)


@some
@given(journeys(), st.integers(0, 10**6), st.booleans())
def test_made_up_journeys_are_walked_as_a_person_with_a_pencil_would(journey: Journey, seed: int, quiet: bool) -> None:
    walked_alike(journey, seed, quiet=quiet)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@settings(some, max_examples=600, derandomize=False)
@given(journeys(), st.integers(0, 10**6), st.booleans())
def test_many_journeys_are_walked_as_a_person_with_a_pencil_would(journey: Journey, seed: int, quiet: bool) -> None:
    walked_alike(journey, seed, quiet=quiet)
