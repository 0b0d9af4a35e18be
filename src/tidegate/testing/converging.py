"""What a delivery makes of a connector: after any fault a healthy run leaves it equal, and nobody is told twice."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tidegate.connector import Connector
from tidegate.delivery import jobs
from tidegate.results import Delivery
from tidegate.testing.contract import ConnectorContract
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.faults import EVERY_FAULT, Fault
from tidegate.testing.world import World

#: people whose rows are written and who are told something under each fault
_PEOPLE = 3


class Converging(ConnectorContract):
    """Needs an emulation; a connector with a wire of its own, without a shelf, is not asked."""

    async def test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice(
        self, connector: Connector, wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not isinstance(wire, EmulatedWire):
            pytest.skip("the platform is not emulated")
        _hurry(monkeypatch)
        offered = self.operations(connector)
        world = World(tmp_path, self._target, self.kind)
        unknown = 0
        for number, fault in enumerate(EVERY_FAULT):
            self._plan(world, number, set(offered))
            wire.fail(fault)
            faulty = await self._run(world, wire, time_budget=0.3)
            wire.mend()
            await self._run(world, wire)
            healthy = await self._run(world, wire)  # what took two steps at the platform is done by now
            self._is_as_wanted(world, wire, (fault, faulty, healthy))
            unknown = self._was_told_once(world, wire, unknown, fault, connector.idempotent_send)

    def _plan(self, world: World, number: int, offered: set[str]) -> None:
        """Some are to be there and are told; of those who came under the last fault one is to go."""
        some = range(number * _PEOPLE, (number + 1) * _PEOPLE)
        if "upsert" in offered:
            world.owe([self.row(one) for one in some])
            if number and "remove" in offered:
                world.owe([self.row((number - 1) * _PEOPLE)], removing=True)
        if "send" in offered:
            world.tell({one: self.message(one) for one in some})

    async def _run(self, world: World, wire: EmulatedWire, time_budget: float = 30.0) -> Delivery:
        connector = self.kind(self.kind.Settings.model_validate(dict(self.settings(wire))))
        return await world.run(connector, self.message(0).channel, time_budget=time_budget)

    def _is_as_wanted(self, world: World, wire: EmulatedWire, what: tuple[Fault, Delivery, Delivery]) -> None:
        assert what[2].problem == "", what
        assert world.owed() == [], what
        if self.kind.modes & {"list", "object"}:
            assert set(wire.emulation.held(wire.shelf, self._target)) == world.wanted, what

    def told(self, wire: EmulatedWire) -> Counter[Any]:
        """How often each message arrived."""
        return Counter(message["key"] or (message["to"], message["text"]) for message in wire.shelf.messages())

    def _was_told_once(self, world: World, wire: EmulatedWire, unknown: int, fault: Fault, idempotent: bool) -> int:
        """How many messages are unknown by now."""
        states = world.states()
        if not states:
            return 0
        told = self.told(wire)
        assert [key for key, times in told.items() if times > 1] == [], fault
        assert set(states) <= {"accepted", "unknown"}, (fault, states)
        assert states["accepted"] <= told.total() <= states.total(), (fault, states)
        if idempotent or fault not in wire.doubtful:
            assert states["unknown"] == unknown, (fault, states)
        return states["unknown"]


def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    # The package offers the function of the same name.
    monkeypatch.setattr(import_module("tidegate.delivery.deliver"), "_TIMEOUT", aiohttp.ClientTimeout(total=0.4))
    monkeypatch.setattr(jobs, "PATIENCE", 0.3)
    monkeypatch.setattr(jobs, "_FIRST_PAUSE", 0.01)
