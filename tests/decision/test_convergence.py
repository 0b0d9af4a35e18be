"""Whatever happens to people and to calls: lists converge to segments, and nobody is told a thing twice."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.decision.world import World, synced, welcome
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Message, Outcome, Row, Target
from tidegate.delivery import deliver
from tidegate.spec.objects import Guard
from tidegate.warehouse import Warehouse

PEOPLE = ("ada", "grace", "edith", "mary")
ADDRESSES = ("a@example.com", "b@example.com", "c@example.com", None)
#: what a call does to a row, and what it says of it
FATES = ("accepted", "rejected", "retry", "unknown but done", "unknown and not done")


class Platform:
    """What the other side of the wire holds and has received."""

    def __init__(self) -> None:
        self.members: set[str] = set()
        self.received: Counter[str] = Counter()
        self.fates: list[str] = []

    def fate(self) -> str:
        return self.fates.pop(0) if self.fates else "accepted"


class Wired(Connector):
    def __init__(self, platform: Platform) -> None:
        super().__init__(ConnectorSettings())
        self.platform = platform


class Ads(Wired):
    channel = "ads"
    modes = frozenset({"list"})
    identifiers = {"email": Identifier("email")}  # noqa: RUF012
    limits = Limits(batch=2, concurrency=1)

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [self._do(lambda row=row: self.platform.members.add(row.identifiers["email"])) for row in rows]

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [self._do(lambda row=row: self.platform.members.discard(row.identifiers["email"])) for row in rows]

    def _do(self, act: Any) -> Outcome:
        return _outcome(self.platform.fate(), act)


class Mail(Wired):
    channel = "email"
    modes = frozenset({"send"})
    limits = Limits(batch=1, concurrency=1)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return [
            _outcome(self.platform.fate(), lambda message=message: self.platform.received.update([message.key]))
            for message in messages
        ]


def _outcome(fate: str, act: Any) -> Outcome:
    if fate in ("accepted", "unknown but done"):
        act()
    match fate:
        case "accepted":
            return Outcome.accepted()
        case "rejected":
            return Outcome.rejected("no")
        case "retry":
            return Outcome.retry("later", after=0.0)
        case _:
            return Outcome.unknown("silence")


def _deliver(world: World, destination: str, connector: Connector) -> None:
    facts = world.facts()
    deliver(
        world.warehouse,
        run_id=facts.run_id,
        as_of=world.as_of,
        destination=destination,
        connector=connector,
        people=facts.people,
        key="customer_id",
        render=lambda *_: {"subject": "s", "html": "h", "text": "t"},
        time_budget=30.0,
    )


turn = st.fixed_dictionaries(
    {
        "members": st.sets(st.sampled_from(PEOPLE)),
        "addresses": st.fixed_dictionaries({name: st.sampled_from(ADDRESSES) for name in PEOPLE}),
        "fates": st.lists(st.sampled_from(FATES), max_size=6),
    }
)


# An example takes seconds, so a failing one is shown as it was found.
some = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
many_turns = st.lists(turn, min_size=1, max_size=5)


@some
@given(turns=many_turns)
def test_lists_converge_and_no_message_arrives_twice(turns: list[dict[str, Any]]) -> None:
    converges(turns)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@settings(some, max_examples=300)
@given(turns=many_turns)
def test_many_lists_converge_and_no_message_arrives_twice(turns: list[dict[str, Any]]) -> None:
    converges(turns)


def converges(turns: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Warehouse(Path(folder) / "warehouse.duckdb"))
        open_guard = Guard(max_enter=None, max_leave=None)
        world.audience(synced(guard=open_guard))
        world.audience(welcome("welcomed", who="vips", guard=open_guard, backfill=True))
        world.person(*PEOPLE)
        platform = Platform()
        for step in turns:
            for name, address in step["addresses"].items():
                world.person(name, email=address)
            world.in_segment("vips", *sorted(step["members"]))
            world.decide(after=timedelta(days=1))
            platform.fates = list(step["fates"])
            _deliver(world, "ads", Ads(platform))
            _deliver(world, "mail", Mail(platform))

        platform.fates = []
        for _ in range(3):
            world.decide(after=timedelta(days=10))  # past every back-off
            _deliver(world, "ads", Ads(platform))
            _deliver(world, "mail", Mail(platform))

        last = turns[-1]
        addresses = {last["addresses"][name] for name in last["members"]} - {None}
        wanted = {sha256(address.encode()).hexdigest() for address in addresses}
        assert platform.members == wanted
        assert all(times == 1 for times in platform.received.values())
        quiet = platform.received.copy()
        world.decide(after=timedelta(hours=1))
        assert world.rows("select count(*) from tidegate.owed where state = 'due'") == [(0,)]
        assert platform.received == quiet
