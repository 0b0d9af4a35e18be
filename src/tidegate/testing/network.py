"""What connectors promise that call somebody: nothing that a network can do to a call passes for what it is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import pytest

from tidegate.connector import Connector, Outcome
from tidegate.errors import Closed
from tidegate.sandbox.asked import Answer, Asked
from tidegate.sandbox.emulation import Emulation
from tidegate.testing.claims import Claims
from tidegate.testing.converging import Converging
from tidegate.testing.described import Described
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.faults import EVERY_FAULT, Fault, Wire
from tidegate.testing.judging import StillPending, judged

#: seconds until a call is given up that gets no answer
IMPATIENCE = 0.4

_HANGING: frozenset[Fault] = frozenset({"hang", "hang_after"})


class NetworkContract(Claims, Converging, Described):
    """Name the platform in `emulation`; or provide a fixture `wire` of your own."""

    emulation: ClassVar[type[Emulation] | None] = None

    #: of EVERY_FAULT, those that this platform's protocol cannot show
    without: ClassVar[frozenset[Fault]] = frozenset()
    #: a 2xx answer is enough for this platform, whatever is in it
    status_is_enough: ClassVar[bool] = False

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[Any]:
        assert self.emulation is not None, "name the platform in `emulation`, or provide a fixture `wire`"
        async with EmulatedWire(self.emulation, watch=described.watch) as wire:
            yield wire

    @pytest.mark.parametrize("fault", EVERY_FAULT)
    async def test_a_fault_never_passes_for_success_or_refusal(
        self, fault: Fault, connector: Connector, wire: Wire
    ) -> None:
        if fault in self.without:
            pytest.skip(f"{self.kind.__name__} cannot meet `{fault}`")
        if fault in _HANGING:
            async with self.opened(wire, IMPATIENCE) as impatient:
                found = await self._under(fault, impatient, wire)
        else:
            found = await self._under(fault, connector, wire)
        for name, outcomes in found.items():
            assert [outcome.verdict for outcome in outcomes] == [self.expected(fault, name, wire)], (name, outcomes)
            assert outcomes[0].reason or outcomes[0].verdict == "accepted"
            if fault == "throttled":
                assert outcomes[0].after == wire.throttled_for
        for name, operation in self.operations(connector).items():
            assert [outcome.verdict for outcome in await operation(1)] == ["accepted"], f"{name}, after {fault}"

    async def _under(self, fault: Fault, connector: Connector, wire: Wire) -> dict[str, list[Outcome]]:
        """What every operation comes to, all at the same time."""
        wire.fail(fault)
        operations = self.operations(connector)
        found = await asyncio.gather(*(judged(operation, 1) for operation in operations.values()))
        wire.mend()
        return dict(zip(operations, found, strict=True))

    def expected(self, fault: Fault, operation: str, wire: Wire) -> str:
        """Rows may be repeated. Of messages the delivery decides, so it must know whether they may have been sent."""
        if self.status_is_enough and fault in ("garbage", "empty", "html"):
            return "accepted"
        return "unknown" if fault in wire.doubtful and operation == "send" else "retry"

    async def test_wrong_credentials_are_the_destinations_fault_and_no_rows(
        self, connector: Connector, wire: Wire
    ) -> None:
        if "unauthorized" in self.without:
            pytest.skip(f"{self.kind.__name__} has no credentials")
        for operation in self.operations(connector).values():
            wire.fail("unauthorized")
            with pytest.raises(Closed):
                await operation(1)

    async def test_a_call_can_be_cancelled_and_the_next_one_works(self, connector: Connector, wire: Wire) -> None:
        for operation in self.operations(connector).values():
            wire.fail("hang")
            call = asyncio.ensure_future(operation(1))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(call, 5)
            wire.mend()
            assert [outcome.verdict for outcome in await operation(1)] == ["accepted"]

    async def test_nothing_secret_or_personal_comes_to_light(
        self, connector: Connector, wire: Wire, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        message, row = self.message(0), self.row(0) if self.kind.identifiers else None
        hidden = [*self.secrets, *([message.to] if message.to else []), *(row.identifiers.values() if row else ())]
        said: list[str] = []
        # A call that hangs shows nothing that a cut one does not.
        for fault in (fault for fault in EVERY_FAULT if fault not in self.without | _HANGING):
            wire.fail(fault)
            for operation in self.operations(connector).values():
                said += [f"{outcome.reason} {outcome.detail}" for outcome in await judged(operation, 1, said)]
        wire.mend()
        text = "\n".join([*said, caplog.text])
        # Values as short as "v0" say nothing and occur by chance.
        assert not [value for value in hidden if len(value) > 4 and value in text]
        assert all(len(line) < 300 for line in said)

    async def test_json_of_another_shape_is_survived(self, connector: Connector, wire: Any) -> None:
        if not isinstance(wire, EmulatedWire):
            pytest.skip(f"{self.kind.__name__} has a wire of its own")
        for body in ("null", "7", '"text"', "[]", "{}", "[null]", "[[]]", "[{}]", '{"data": null, "errors": {}}'):
            wire.instead = _answering(body)
            for name, operation in self.operations(connector).items():
                try:
                    await judged(operation, 1)
                except StillPending:
                    continue
                except Exception as fault:
                    raise AssertionError(f"{name} does not survive {body}: {fault!r}") from fault


def _answering(body: str) -> Callable[[Asked], Answer | None]:
    answer = Answer(200, body, {"content-type": "application/json"})
    return lambda asked: None if asked.method in ("GET", "HEAD") else answer
