"""What a connector claims, asked of the platform: it holds what it was given, and nothing changes that should not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from tidegate.connector import Connector, Outcome, Row, Target, Write
from tidegate.testing.contract import ConnectorContract
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.judging import halved, settled

_EMPTY: tuple[Any, ...] = (None, "", [], {})


class Claims(ConnectorContract):
    """Needs an emulation; a connector with a wire of its own, without a shelf, is not asked."""

    #: False where the platform cannot empty a field
    empties: ClassVar[bool] = True
    #: False where a call that writes rows does not carry their addresses (it carries the platform's ids)
    known_by_address: ClassVar[bool] = True
    #: False where the other side takes or leaves a call, and has no word for a row that is at fault
    judges_rows: ClassVar[bool] = True

    async def test_the_platform_holds_what_it_was_given(self, connector: Connector, wire: Any) -> None:
        wire = self._asked_about_rows(wire)
        rows = [self.row(number) for number in range(3)]
        await self._accepted(connector, self._target, rows)
        assert self._held(wire) == {_known_by(row): _as_text(row.traits) for row in rows}
        if "remove" not in self.operations(connector):
            return
        await self._accepted(connector, self._target, rows[:1], removing=True)
        assert set(self._held(wire)) == {_known_by(row) for row in rows[1:]}

    async def test_rows_that_are_refused_are_named_and_the_others_taken(self, connector: Connector, wire: Any) -> None:
        if not isinstance(wire, EmulatedWire):
            pytest.skip(f"{self.kind.__name__} has a wire of its own")
        if not self.judges_rows:
            pytest.skip(f"{self.kind.__name__} is told of no row that is at fault")
        if "send" in self.kind.modes:
            messages = [self.message(number) for number in range(3)]
            wire.order(kind="refuse", **self._the_last(messages[2].to))
            self._one_is_refused(await halved(connector.send, messages), wire)
        if self.kind.modes & {"list", "object"}:
            rows = [self.row(number) for number in range(3)]
            wire.order(kind="refuse", **self._the_last(_known_by(rows[2])))
            self._one_is_refused(await halved(lambda some: settled(connector, self._target, some), rows), wire)

    async def test_none_empties_a_field_and_what_is_not_mentioned_stays(self, connector: Connector, wire: Any) -> None:
        wire = self._asked_about_rows(wire)
        row = self.row(0)
        if not row.traits or not self.empties:
            pytest.skip(f"{self.kind.__name__} has no fields to empty")
        await self._accepted(connector, self._target, [row])
        await self._accepted(connector, self._target, [replace(row, traits={})])
        assert self._held(wire)[_known_by(row)] == _as_text(row.traits)
        first = next(iter(row.traits))
        await self._accepted(connector, self._target, [replace(row, traits={first: None})])
        others = {name: value for name, value in row.traits.items() if name != first}
        assert self._held(wire)[_known_by(row)] == _as_text(others)

    async def test_create_leaves_alone_who_is_there(self, connector: Connector, wire: Any) -> None:
        wire, target = self._asked_to_write("create", wire)
        known, stranger = self.row(0), self.row(1)
        await self._accepted(connector, self._target, [known])
        await self._accepted(connector, target, [replace(known, traits=self.row(2).traits), stranger])
        assert self._held(wire) == {_known_by(row): _as_text(row.traits) for row in (known, stranger)}

    async def test_update_makes_nobody(self, connector: Connector, wire: Any) -> None:
        wire, target = self._asked_to_write("update", wire)
        known, stranger = self.row(0), self.row(1)
        changed = replace(known, traits=self.row(2).traits)
        await self._accepted(connector, self._target, [known])
        outcomes = await settled(connector, target, [changed, stranger])
        assert [(outcome.verdict, outcome.reason) for outcome in outcomes] == [
            ("accepted", ""),
            ("rejected", "not_found"),
        ]
        assert self._held(wire) == {_known_by(known): _as_text(changed.traits)}

    async def test_asking_whether_it_would_be_taken_changes_nothing(self, connector: Connector, wire: Any) -> None:
        if not self.kind.can_validate:
            pytest.skip(f"{self.kind.__name__} does not claim to ask beforehand")
        if not isinstance(wire, EmulatedWire):
            pytest.skip(f"{self.kind.__name__} has a wire of its own")
        if self.kind.modes & {"list", "object"}:
            # what a list needs may be there already; a check may not be what creates it
            await self._accepted(connector, self._target, [self.row(9)])
        before, taken = wire.everything(), wire.taken
        if "send" in self.kind.modes:
            asked = await connector.validate([self.message(number) for number in range(2)])
            assert [outcome.verdict for outcome in asked] == ["accepted"] * 2, asked
        if self.kind.modes & {"list", "object"}:
            asked = await connector.validate_rows(self._target, [self.row(number) for number in range(2)])
            assert [outcome.verdict for outcome in asked] == ["accepted"] * 2, asked
        assert wire.everything() == before
        assert wire.taken == taken

    async def test_what_was_sent_can_be_looked_up_and_nothing_else(self, connector: Connector, wire: Any) -> None:
        if not self.kind.can_look_up:
            pytest.skip(f"{self.kind.__name__} does not claim to look messages up")
        if not isinstance(wire, EmulatedWire):
            pytest.skip(f"{self.kind.__name__} has a wire of its own")
        sent, other = self.message(1), self.message(2)
        assert await connector.lookup([sent.key, other.key]) == {}
        [outcome] = await connector.send([sent])
        found = await connector.lookup([sent.key, other.key])
        assert list(found) == [sent.key]
        assert found[sent.key].verdict == outcome.verdict == "accepted"

    def _asked_about_rows(self, wire: Any) -> EmulatedWire:
        if not self.kind.modes & {"list", "object"}:
            pytest.skip(f"{self.kind.__name__} holds no rows")
        if not isinstance(wire, EmulatedWire):
            pytest.skip(f"{self.kind.__name__} has a wire of its own")
        return wire

    def _asked_to_write(self, write: Write, wire: Any) -> tuple[EmulatedWire, Target]:
        if write not in self.kind.writes or self._target.mode == "list":
            pytest.skip(f"{self.kind.__name__} does not claim to {write} only")
        return self._asked_about_rows(wire), replace(self._target, write=write)

    async def _accepted(self, connector: Connector, target: Target, rows: list[Row], *, removing: bool = False) -> None:
        outcomes = await settled(connector, target, rows, removing=removing)
        assert [outcome.verdict for outcome in outcomes] == ["accepted"] * len(rows), outcomes

    def _held(self, wire: EmulatedWire) -> dict[str, dict[str, str]]:
        """What is held of everybody, without the fields that only say who they are."""
        held = wire.emulation.held(wire.shelf, self._target)
        known = {_known_by(row): row.identifiers for row in map(self.row, range(10))}
        return {
            key: {
                name: value
                for name, value in _as_text(traits).items()
                if name not in self.kind.identifiers and value not in known.get(key, {}).values()
            }
            for key, traits in held.items()
        }

    def _the_last(self, address: str) -> dict[str, Any]:
        return {"match": address} if address and self.known_by_address else {"every": 3, "times": 1}

    def _one_is_refused(self, outcomes: list[Outcome], wire: EmulatedWire) -> None:
        # Not in the middle: read from the other end it would be another row.
        assert [outcome.verdict for outcome in outcomes] == ["accepted", "accepted", "rejected"], outcomes
        assert outcomes[2].reason
        wire.obey_no_more()


def _known_by(row: Row) -> str:
    return next(iter(row.identifiers.values()))


def _as_text(traits: Any) -> dict[str, str]:
    """Platforms that keep every field as text hold the same as those that keep numbers; empty is not there."""
    return {name: str(value) for name, value in traits.items() if value not in _EMPTY}
