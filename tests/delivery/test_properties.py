"""Whatever a platform does: no message twice, none lost, and lists converge once the platform is well."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.delivery.platform import Platform
from tests.delivery.wire import Wire, WireThatCanBeAsked
from tests.delivery.world import World, identifiers_of, on_list

FAULTS = st.lists(st.sampled_from(["", "", "500", "503", "503:0", "400", "lost", "broken", "garbled"]), max_size=12)
ADDRESSES = st.sampled_from(["a@x", "b@x", "c@x", "d@x"])
WANTED = st.dictionaries(st.sampled_from(["1", "2", "3"]), ADDRESSES, max_size=3)
BATCH = st.sampled_from([1, 2, 10])

# Not shrunk: an example takes a second, and what fails is short already.
settled = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def new_world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder, Platform().serving() as platform:
        yield World(Path(folder), platform)


@settled
@given(
    faults=st.lists(FAULTS, min_size=1, max_size=3),
    refused=st.sets(st.integers(0, 5), max_size=2),
    batch=BATCH,
    connector=st.sampled_from([Wire, WireThatCanBeAsked]),
)
def test_no_message_arrives_twice_and_none_is_lost(
    faults: list[list[str]], refused: set[int], batch: int, connector: type[Wire]
) -> None:
    with new_world() as world:
        keys = world.messages(world.people(6))
        world.platform.refused = {keys[place] for place in refused}
        for of_this_run in faults:
            world.platform.faults.extend(of_this_run)
            world.deliver(connector, batch=batch, concurrency=2, time_budget=0.3)
            world.platform.faults.clear()
            world.later()
            world.recover()
            world.gate()
        world.deliver(connector, batch=batch)

        states = world.states()
        assert set(states.values()) <= {"accepted", "rejected", "unknown"}
        for key, state in states.items():
            arrived = world.platform.received[key]
            assert arrived == {"accepted": 1, "rejected": 0}.get(state, min(arrived, 1))


@settled
@given(runs=st.lists(st.tuples(WANTED, FAULTS, st.sets(ADDRESSES, max_size=1), BATCH), min_size=1, max_size=5))
def test_a_list_equals_what_is_wanted_once_the_platform_is_well(
    runs: list[tuple[dict[str, str], list[str], set[str], int]],
) -> None:
    with new_world() as world:
        for wanted, faults, refused, batch in runs:
            world.platform.faults.extend(faults)
            world.platform.refused = on_list(*refused)
            want(world, wanted)
            world.deliver(batch=batch, concurrency=2, time_budget=0.3)
            world.platform.faults.clear()
            world.later()
        world.platform.refused = set()
        for _ in range(2):
            want(world, wanted)
            delivery = world.deliver(batch=batch)
            assert delivery.problem == ""
            world.later()

        assert world.held() == world.believed() == on_list(*wanted.values())
        believed_of = world.query("select person from tidegate.delivered order by person")
        assert [person for (person,) in believed_of] == sorted(wanted)
        assert world.owed() == []


def want(world: World, wanted: dict[str, str]) -> None:
    """What a decision does for a list: owe what is wanted less what is held, and undo what may have been done."""
    identity = {person: md5(identifiers_of(address).encode()).hexdigest() for person, address in wanted.items()}
    held = dict(world.query("select person, identity from tidegate.delivered"))
    before = world.query("select person, identity, identifiers, operation, in_doubt from tidegate.owed")
    address_of = {row[1]: row[2] for row in before}
    address_of |= dict(world.query("select identity, identifiers from tidegate.delivered"))
    doubtful = {person for person, *_, in_doubt in before if in_doubt}
    removals = {(person, row) for person, row in held.items() if person not in wanted}
    for person, row, _, operation, in_doubt in before:
        if (operation == "remove" or in_doubt) and held.get(person) != row and identity.get(person) != row:
            removals.add((person, row))
    world.query("delete from tidegate.owed")
    for person, address in wanted.items():
        if held.get(person) != identity[person] or person in doubtful:
            world.owe("update" if person in held else "add", {person: address})
            world.query(
                "update tidegate.owed set in_doubt = ? where person = ? and identity = ?",
                [any(row[:2] == (person, identity[person]) and row[4] for row in before), person, identity[person]],
            )
    for person, row in removals:
        world.owe_removal(person, row, address_of[row])
