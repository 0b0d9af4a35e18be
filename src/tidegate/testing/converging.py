"""What a delivery makes of a connector: after any fault a healthy run leaves it equal, and nobody is told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest

from tidegate.connector import Connector
from tidegate.delivery import jobs
from tidegate.results import Delivery
from tidegate.testing.contract import ConnectorContract
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.faults import EVERY_FAULT
from tidegate.testing.world import World

#: people whose rows are written and who are told something under each fault
_PEOPLE = 3
#: healthy runs in which a platform has judged what it was given; each asks about every job at least once
_MOST_RUNS = 6


class Converging(ConnectorContract):
    """Of an emulation everything is known. A connector with a wire of its own names its `faults`, and says in `strike`,
    `heal`, `holds` (and `told`, where it sends) how they befall it and what the other side has; in `lose`, how a list,
    table or file there is deleted."""

    #: what befalls it, one after another
    faults: ClassVar[Sequence[str]] = EVERY_FAULT

    async def strike(self, wire: Any, fault: str) -> None:
        """From now on, until `heal`."""
        wire.fail(fault)

    async def heal(self, wire: Any) -> None:
        wire.mend()

    async def holds(self, wire: Any) -> set[str]:
        """The first identifiers of those who are there."""
        return set(wire.emulation.held(wire.shelf, self._target))

    async def lose(self, wire: Any) -> bool:
        """Somebody deletes what the target is called at the platform; False where that is nothing of its own."""
        lists = list(wire.shelf.lists())
        for one in lists:
            wire.shelf.drop_list(one)
        return bool(lists)

    async def test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice(
        self, connector: Connector, wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not isinstance(wire, EmulatedWire) and type(self).strike is Converging.strike:
            pytest.skip(f"{self.kind.__name__} has a wire of its own, which says nothing of faults")
        # A job that wants more time is asked about in the next run.
        monkeypatch.setattr(jobs, "PATIENCE", 0.3)
        monkeypatch.setattr(jobs, "_FIRST_PAUSE", 0.01)
        offered = set(self.operations(connector))
        world = World(tmp_path, self._target, self.kind)
        if "upsert" in offered:
            world.owe([self.row(one) for one in self._there])
            await self._healthy(world, wire, least=1)
        for number, fault in enumerate(self.faults):
            self._plan(world, number, offered)
            # What one fault taught of the account's pace would keep the next one waiting.
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"pace-{number}"))
            await self.strike(wire, fault)
            with monkeypatch.context() as patch:
                if fault.startswith("hang"):
                    # The package offers the function of the same name.
                    module = import_module("tidegate.delivery.deliver")
                    patch.setattr(module, "_TIMEOUT", aiohttp.ClientTimeout(total=0.4))
                assert await self._meets_a_call(world, wire), f"{fault} met no call"
        await self.heal(wire)
        # What takes two steps at a platform is done in the second.
        await self._healthy(world, wire, least=2)
        if self.kind.modes & {"list", "object"}:
            await self._holds_who_is_wanted(world, wire)
        if "send" in offered:
            self._everybody_was_told_once(world.states(), wire, connector.idempotent_for is not None)

    async def test_a_list_that_was_deleted_at_the_platform_is_not_taken_for_full(
        self, connector: Connector, wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        emulated = self._target.mode == "list" and isinstance(wire, EmulatedWire)
        if type(self).lose is Converging.lose and not emulated:
            pytest.skip(f"{self.kind.__name__} keeps no lists at an emulation")
        monkeypatch.setattr(jobs, "PATIENCE", 0.3)
        monkeypatch.setattr(jobs, "_FIRST_PAUSE", 0.01)
        world = World(tmp_path, self._target, self.kind)
        world.owe([self.row(one) for one in range(_PEOPLE)])
        await self._healthy(world, wire, least=1)
        if not await self.lose(wire):
            pytest.skip(f"lists of {self.kind.__name__} are no things of their own that could be deleted")

        world.owe([self.row(_PEOPLE)])
        told = [await self._run(world, wire) for _ in range(2)]

        assert f"the list `{self._target.name}` had been deleted or renamed there" in told[0].problem, told
        await self._healthy(world, wire, least=1)
        gone = [self.row(one) for one in range(_PEOPLE)]
        assert len(world.delivered()) == 1
        world.owe(gone)  # as the next decision does
        await self._healthy(world, wire, least=1)
        await self._holds_who_is_wanted(world, wire)

    async def _meets_a_call(self, world: World, wire: Any) -> bool:
        """On a busy machine the time may be up before the first call."""
        for time_budget in (0.3, 1.0, 10.0):
            asked = len(getattr(wire, "asked", ()))
            await self._run(world, wire, time_budget=time_budget)
            if not isinstance(wire, EmulatedWire) or len(wire.asked) > asked:
                return True
        return False

    def told(self, wire: EmulatedWire) -> Counter[Any]:
        """How often the platform passed each message on."""
        return Counter(message["key"] or (message["to"], message["text"]) for message in wire.shelf.messages())

    def _plan(self, world: World, number: int, offered: set[str]) -> None:
        """Some are to be there and are told; one of those who are there is to go."""
        some = range(number * _PEOPLE, (number + 1) * _PEOPLE)
        if "upsert" in offered:
            world.owe([self.row(one) for one in some])
        if "remove" in offered:
            world.owe([self.row(self._there[number])], removing=True)
        if "send" in offered:
            world.tell({one: self.message(one) for one in some})

    async def _run(self, world: World, wire: Any, time_budget: float = 30.0) -> Delivery:
        connector = self.kind(self.kind.Settings.model_validate(dict(self.settings(wire))))
        return await world.run(connector, self.message(0).channel, time_budget=time_budget)

    async def _healthy(self, world: World, wire: Any, *, least: int) -> None:
        """`least` runs, and one more for as long as the platform has not judged what it took. Nothing stays owed."""
        runs = [await self._run(world, wire) for _ in range(least)]
        while runs[-1].pending and len(runs) < _MOST_RUNS:
            runs.append(await self._run(world, wire))
        assert runs[-1].problem == "", runs
        assert world.owed() == [], f"still owed after {len(runs)} healthy runs: {runs}"

    @property
    def _there(self) -> range:
        """Who is there before anything goes wrong; one is to go under each fault."""
        return range(_PEOPLE * len(self.faults), (_PEOPLE + 1) * len(self.faults))

    async def _holds_who_is_wanted(self, world: World, wire: Any) -> None:
        held = await self.holds(wire)
        missing, too_many = sorted(world.wanted - held), sorted(held - world.wanted)
        assert held == world.wanted, f"not there: {missing}; there, and not wanted: {too_many}"

    def _everybody_was_told_once(self, states: Counter[str], wire: EmulatedWire, idempotent: bool) -> None:
        """Or it is said that nobody knows, of whoever cannot be asked or told again."""
        told = self.told(wire)
        assert [key for key, times in told.items() if times > 1] == [], states
        assert set(states) <= {"accepted", "unknown"}, states
        assert states["accepted"] <= told.total() <= states.total(), states
        if idempotent:
            assert states["unknown"] == 0, states
        else:
            assert states["unknown"] <= len(wire.doubtful) * 2 * _PEOPLE, states
            assert states["accepted"] > 0, states
