"""What holds of every journey, whatever happens and whenever a run comes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.crowd import Post, happens, made_world
from tests.journeys.made_up import history, journeys
from tests.journeys.reference import Occasion, Person
from tests.journeys.world import World
from tests.journeys.written import Did, Fate, Journey, Listen, calls, every_step
from tidegate.spec.journey_flattening import leads_to

some = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)
many = settings(some, max_examples=150, derandomize=False)
Run = Callable[[World, datetime], None]


def lived(journey: Journey, seed: int, run: Run, *, quiet: bool = False) -> None:
    people, occasions, clocks = history(seed)
    with made_world(journey, people, quiet=quiet) as world:
        post = Post(seed)
        for as_of in clocks:
            happens(world, people, occasions, as_of)
            post.arrives(world, as_of)
            run(world, as_of)
            post.went_from(world)
            whatever_happens(world, journey, people, occasions, as_of)


def whatever_happens(
    world: World, journey: Journey, people: list[Person], occasions: list[Occasion], as_of: datetime
) -> None:
    nobody_is_in_two_steps(world)
    every_step_is_along_an_edge(world, journey)
    nobody_skips_an_exit(world, journey)
    every_occasion_is_answered_once(world, occasions, as_of)
    whatever_is_withheld_has_a_row(world)


def nobody_is_in_two_steps(world: World, *, edited: bool = False) -> None:
    """Whom an edited file leads back may take a step once more."""
    assert not world.rows("select message_key from tidegate.outbox group by message_key having count(*) > 1")
    assert not world.rows("select instance from tidegate.instances group by instance having count(*) > 1")
    assert not world.rows("select 1 from tidegate.instances group by person, entry_key, rotation having count(*) > 1")
    assert not world.rows("select event_id from tidegate.emitted group by event_id having count(*) > 1")
    twice = world.rows("select instance, step from tidegate.steps group by instance, step having count(*) > 1")
    assert edited or not twice
    assert not world.rows(
        "select person, entry_key from tidegate.instances where status = 'active' "
        "group by person, entry_key having count(*) > 1"
    )
    last = "(select arg_max(step, number) from tidegate.steps as s where s.instance = i.instance)"
    assert not world.rows(f"select * from tidegate.instances as i where step is distinct from {last}")  # noqa: S608
    assert not world.rows("select * from tidegate.instances where (status = 'ended') <> (exit_reason is not null)")


def every_step_is_along_an_edge(world: World, journey: Journey) -> None:
    """Each step follows from the one before, by the turn that leads there, and no clock goes back."""
    steps = world.journeys[journey.name].steps
    edges = {(step.id, turn or None, target) for step in steps for turn, target in leads_to(step)}
    rows = world.rows(
        "select instance, step, turn, reached_at, lag(step) over walk, lag(reached_at) over walk, number, "
        "row_number() over walk from tidegate.steps window walk as (partition by instance order by number)"
    )
    for _, step, turn, reached_at, before, before_at, number, place in rows:
        assert number == place
        if before is None:
            assert (step, turn) == (steps[0].id, None)
        else:
            assert (before, turn, step) in edges
            assert reached_at >= before_at  # type: ignore[operator]


def nobody_skips_an_exit(world: World, journey: Journey) -> None:
    """Whoever did what makes them leave does not take a step, and gets nothing, in any run that could know of it."""
    bought = [rule.name for rule in journey.exits if isinstance(rule, Did) and rule == Did(rule.name)]
    for name in bought:
        did = (
            "exists (select 1 from main.events as e where e.customer_id = i.person and e.name = $name "
            "and e.occurred_at > i.entered_at and e.occurred_at <= $as_of)"
        )
        run = {"name": name, "as_of": world.now, "run": f"run-{world.runs:04}"}
        known = {"name": name, "as_of": world.now}
        assert not world.rows(f"select * from tidegate.instances as i where status = 'active' and {did}", **known)  # noqa: S608
        for table, column in (("steps", "run_id"), ("outbox", "planned_run"), ("outbox", "settled_run")):
            what = " and s.state = 'accepted'" if column == "settled_run" else ""
            assert not world.rows(
                f"select * from tidegate.{table} as s inner join tidegate.instances as i on s.instance = i.instance "  # noqa: S608
                f"where s.{column} = $run and {did} {what}",
                **run,
            )


def every_occasion_is_answered_once(world: World, occasions: list[Occasion], as_of: datetime) -> None:
    told = world.rows("select occurrence_id, disposition, person from tidegate.occurrences")
    due = {one.name for one in occasions if max(one.heard_at, one.occurred_at) <= as_of}
    assert {name for name, *_ in told} == due
    assert len(told) == len(due)
    assert all(disposition for _, disposition, _ in told)
    acted = sorted(str(person) for _, disposition, person in told if disposition == "acted")
    assert acted == sorted(str(person) for (person,) in world.rows("select person from tidegate.instances"))


def whatever_is_withheld_has_a_row(world: World) -> None:
    assert not world.rows(
        "select * from tidegate.outbox as o where reason is not null and not exists (select 1 from tidegate.decisions "
        "as d where d.message_key = o.message_key and d.reason = o.reason "
        "and d.verdict = case when o.state = 'skipped' then 'skip' else 'hold' end)"
    )
    assert not world.rows("select * from tidegate.outbox where state = 'skipped' and reason is null")


def leaving(journey: Journey) -> Journey:
    """Whoever buys leaves, whatever else there is."""
    return replace(journey, exits=(*journey.exits, Did("bought")))


@some
@given(journeys().map(leaving), st.integers(0, 10**6), st.booleans())
def test_whatever_happens(journey: Journey, seed: int, quiet: bool) -> None:
    lived(journey, seed, lambda world, as_of: world.run(as_of) and None, quiet=quiet)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@many
@given(journeys().map(leaving), st.integers(0, 10**6), st.booleans())
def test_whatever_happens_to_many(journey: Journey, seed: int, quiet: bool) -> None:
    lived(journey, seed, lambda world, as_of: world.run(as_of) and None, quiet=quiet)


#: what says that a run happened, and nothing of anybody
OF_RUNS = {"runs", "journey_runs", "audience_runs", "events_seen", "contract_results", "migrations"}


def everything(world: World) -> dict[str, list[tuple[object, ...]]]:
    """All that is kept, but for what says that a run happened."""
    names = world.rows("select table_name from information_schema.tables where table_schema = 'tidegate'")
    with world.warehouse.session() as connection:
        return {
            str(name): sorted(connection.table(f"tidegate.{name}").fetchall(), key=str)
            for (name,) in names
            if name not in OF_RUNS
        }


def planned_and_run_twice(world: World, as_of: datetime) -> None:
    before = everything(world)
    planned = world.plan(as_of)
    assert everything(world) == before
    world.run(as_of)
    assert planned.journeys == world.decision.journeys
    once = everything(world)
    world.run(as_of)
    assert everything(world) == once
    assert all(not one.moves and not one.entered and not one.planned for one in world.decision.journeys)


def asks_what_was_sent(journey: Journey) -> bool:
    """Whose steps go by what the delivery says right after a run: that is news for the next one, at whatever clock."""
    trees = [tree for step in every_step(journey.steps) for tree in _trees(step)]
    trees += [*journey.exits, *([journey.goal.when] if journey.goal is not None else [])]
    return any(isinstance(call, Fate) and call.kind == "sent" for tree in trees for call in calls(tree))


def _trees(step: object) -> list[object]:
    if isinstance(step, Listen):
        return [*step.outcomes.values(), *([step.reset] if step.reset is not None else [])]
    return [tree for tree, _ in step.ways.values()] if hasattr(step, "ways") else []


@pytest.mark.slow
@some
@given(journeys().filter(lambda journey: not asks_what_was_sent(journey)), st.integers(0, 10**6))
def test_a_plan_says_what_the_run_does_and_running_twice_is_running_once(journey: Journey, seed: int) -> None:
    lived(journey, seed, planned_and_run_twice)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@many
@given(journeys().filter(lambda journey: not asks_what_was_sent(journey)), st.integers(0, 10**6))
def test_many_plans_say_what_the_run_does_and_running_twice_is_running_once(journey: Journey, seed: int) -> None:
    lived(journey, seed, planned_and_run_twice)
