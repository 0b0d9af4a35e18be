"""However often it ticks: people are sent the same messages, since everybody has a clock of their own."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.crowd import Post, happens, kept_by, made_world
from tests.journeys.made_up import DAY, GRID, history, journeys
from tests.journeys.test_walk_properties import asks_what_was_sent
from tests.journeys.world import START
from tests.journeys.written import Did, End, If, Journey, Listen, Not, Path, Send, Split, Step, every_step

some = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)
many = settings(some, max_examples=60, derandomize=False)
HOUR = timedelta(hours=1)


def lived(
    journey: Journey, seed: int, clocks: list[datetime], hours: int, *, late: bool = False, once: bool = False
) -> dict[str, Any]:
    """What is kept after these runs. Nobody is answered at the very moment of a run; `late`: some of it is heard of
    later than it happened; `once`: everybody has one occasion to enter."""
    people, occasions, _ = history(seed, hours=hours)
    if not late:
        for person in people:
            person.events = [(name, when, when) for name, when, _ in person.events]
        occasions = [replace(one, heard_at=one.occurred_at) for one in occasions]
    if once:
        occasions = [*{one.person.name: one for one in occasions}.values()]
    with made_world(journey, people, quiet=False) as world:
        post = Post(seed, soonest=GRID)
        for as_of in clocks:
            happens(world, people, occasions, as_of)
            post.arrives(world, as_of)
            world.run(as_of)
            post.went_from(world)
        return kept_by(world)


def asks_for_the_time(journey: Journey) -> bool:
    """Whether something comes true only as time goes by, or by what a run did: only a run that looks knows when."""
    waits = [step for step in every_step(journey.steps) if isinstance(step, Listen)]
    return asks_what_was_sent(journey) or any(isinstance(tree, Not) for one in waits for tree in one.outcomes.values())


# Whom a run itself gave a reason to leave, by an event that it emitted, leaves in the next.
timeless = journeys(keeps=False).filter(lambda journey: not asks_for_the_time(journey))
silent = journeys(asks=False).filter(lambda journey: not asks_for_the_time(journey)).map(lambda one: told_last(one))


def runs_in_between_change_nothing(journey: Journey, seed: int) -> None:
    """All that happens, and every wait's end, is at a multiple of ten minutes. Then runs every ten minutes and runs in
    between as well make the very same walks and messages, by the second."""
    chance = random.Random(seed)
    hours = 2
    runs = [START + GRID * number for number in range(9)]
    more = [START + chance.random() * 8 * GRID for _ in range(4)]

    assert lived(journey, seed, runs, hours, late=True) == lived(
        journey, seed, sorted({*runs, *more}), hours, late=True
    )


def seldom_is_like_often(journey: Journey, seed: int) -> None:
    """Runs every half hour or every three: where a message is the last step of a way (what follows one is counted from
    when it went) and nothing is heard of late, the same messages are due at the same moments, each goes in the first
    run after, and everybody took the same steps at the same moments. With a rule of exit, and one occasion to enter
    for everybody, runs that come seldom send no message that others would not, and whoever gets one fewer left by that
    rule, or did not enter because of it."""
    hours = 6
    often = [START + HOUR / 2 * number for number in range(hours * 2 + 1)]
    seldom = often[::6]
    free = replace(journey, exits=(), goal=None, again="never", every=None, not_older_than=DAY)

    one, other = (lived(free, seed, clocks, hours) for clocks in (often, seldom))
    for kept in (one, other):  # whoever came before comes no more, whether or not that walk has ended
        kept["answered"] = {seen: "never" if why == "inside" else why for seen, why in kept["answered"].items()}
    for part in ("answered", "tags", "arms", "emitted"):
        assert one[part] == other[part], part
    assert {who: untold(steps) for who, steps in one["steps"].items()} == {
        who: untold(steps) for who, steps in other["steps"].items()
    }
    assert due(one) == due(other)
    for clocks, kept in ((often, one), (seldom, other)):
        for due_at, _, _, state, _, went_at in kept["outbox"].values():
            assert state == "skipped" or went_at == next(clock for clock in clocks if clock >= due_at)

    strict = replace(free, exits=(Did("bought"),))
    one, other = (lived(strict, seed, clocks, hours, once=True) for clocks in (often, seldom))
    assert due(other).items() <= due(one).items()
    fewer = {key.split(":")[1] for key in due(one).keys() - due(other).keys()}
    left = {who for (who, *_), (*_, reason, _, _) in other["walks"].items() if reason == "rule"}
    refused = {seen for seen, reason in other["answered"].items() if reason == "exit_rule"}
    _, occasions, _ = history(seed, hours=hours)
    assert fewer <= left | {one.person.name for one in occasions if one.name in refused}


def untold(steps: list[tuple[str, str | None, datetime]]) -> list[tuple[str, str | None, datetime]]:
    """Without the end that follows a message."""
    return [one for one in steps if not one[0].endswith("_end")]


def due(kept: dict[str, Any]) -> dict[str, datetime]:
    return {key: due_at for key, (due_at, *_) in kept["outbox"].items()}


def told_last(journey: Journey) -> Journey:
    """Every way ends with its first message."""
    steps, _ = _until_told(journey.steps)
    return replace(journey, steps=steps)


def _until_told(path: Path) -> tuple[Path, bool]:
    """The steps, and whether somebody comes out at their end."""
    found: list[Step] = []
    for step in path:
        step, comes_out = _cut(step)
        found.append(step)
        if isinstance(step, Send):
            found.append(End(f"{step.id}_end"))
        if not comes_out:
            return tuple(found), False
    return tuple(found), True


def _cut(step: Step) -> tuple[Step, bool]:
    match step:
        case Send() | End():
            return step, False
        case Listen() | Split():
            cut = {name: _until_told(path) for name, path in step.paths.items()}
            open_ways = any(out for _, out in cut.values()) or set(_ways(step)) - set(cut)
            return replace(step, paths={name: path for name, (path, _) in cut.items()}), bool(open_ways)
        case If():
            ways = {name: (tree, _until_told(path)) for name, (tree, path) in step.ways.items()}
            otherwise, out = _until_told(step.otherwise)
            kept = {name: (tree, path) for name, (tree, (path, _)) in ways.items()}
            return replace(step, ways=kept, otherwise=otherwise), out or any(out for _, (_, out) in ways.values())
        case _:
            return step, True


def _ways(step: Listen | Split) -> list[str]:
    return [*step.outcomes, "else"] if isinstance(step, Listen) else [*step.shares]


seeds = st.integers(0, 10**6)


@some
@given(timeless, seeds)
def test_runs_in_between_change_nothing(journey: Journey, seed: int) -> None:
    runs_in_between_change_nothing(journey, seed)


@pytest.mark.slow
@some
@given(silent, seeds)
def test_runs_that_come_seldom_send_what_runs_that_come_often_do(journey: Journey, seed: int) -> None:
    seldom_is_like_often(journey, seed)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@many
@given(timeless, silent, seeds)
def test_many_journeys_by_many_clocks(journey: Journey, other: Journey, seed: int) -> None:
    runs_in_between_change_nothing(journey, seed)
    seldom_is_like_often(other, seed)
