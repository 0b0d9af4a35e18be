"""What every connector promises, as tests to inherit.

    class TestTwilio(NetworkContract):
        kind = registry.load("twilio", root)
        secrets = ("the-auth-token",)

        @pytest.fixture
        async def wire(self):
            async with HttpWire(twilio) as wire:
                yield wire

        def settings(self, wire):
            return {"account_sid": SID, "auth_token": "the-auth-token", "from": "+12025550100", "base_url": wire.url}

The tests are asynchronous: pytest-asyncio, with `asyncio_mode = "auto"`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import aiohttp
import pytest

from tidegate.connector import Connector, Message, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError
from tidegate.testing.faults import EVERY_FAULT, Fault, Wire

Operation = Callable[[int], Awaitable[list[Outcome]]]

#: seconds until the tests' session gives a call up
PATIENCE = 1.0


class ConnectorContract:
    """Inherit, name the class in `kind`, write `settings`, and provide a fixture `wire` (anything, for files)."""

    kind: ClassVar[type[Connector]]
    #: texts that must never show: the values of the settings' secrets
    secrets: ClassVar[tuple[str, ...]] = ()
    target: ClassVar[Target | None] = None

    def settings(self, wire: Any) -> Mapping[str, Any]:
        """The settings as they stand in tidegate.yml, secrets resolved."""
        raise NotImplementedError

    def message(self, number: int) -> Message:
        """A message that the connector accepts; different for each number."""
        to = {"email": f"person.{number}@example.com", "sms": f"+1202555{number:04d}"}.get(self.kind.channel, "")
        content = {"subject": f"No. {number}", "html": f"<p>No. {number}</p>", "text": f"No. {number}", "body": "{}"}
        at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        return Message(f"audience:welcome:{number}:1:0:0", f"p{number}", self.kind.channel, to, at, content)

    def row(self, number: int) -> Row:
        """A row that the connector accepts; different for each number."""
        values = {name: f"{number:064x}" if rule.hash else f"v{number}" for name, rule in self.kind.identifiers.items()}
        values = {name: values[name] for name in list(values)[:2]}
        return Row(f"p{number}", values, {} if self._target.mode == "list" else {"score": number})

    def operations(self, connector: Connector) -> dict[str, Operation]:
        """What the connector can do, each to be called with a number of rows."""
        found: dict[str, Operation] = {}
        if "send" in self.kind.modes:
            found["send"] = lambda n: connector.send([self.message(i) for i in range(n)])
        if self.kind.modes & {"list", "object"}:
            found["upsert"] = lambda n: connector.upsert(self._target, [self.row(i) for i in range(n)])
            found["remove"] = lambda n: connector.remove(self._target, [self.row(i) for i in range(n)])
        return found

    @property
    def _target(self) -> Target:
        return self.target or Target("list" if "list" in self.kind.modes else "object", "VIP customers")

    @pytest.fixture
    async def connector(self, wire: Any) -> AsyncIterator[Connector]:
        connector = self.kind(self.kind.Settings.model_validate(dict(self.settings(wire))))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
            await connector.open(session)
            try:
                yield connector
            finally:
                await connector.close()

    async def test_every_row_has_one_outcome(self, connector: Connector) -> None:
        for name, operation in self.operations(connector).items():
            rows = min(connector.limits.batch, 7)
            outcomes = await operation(rows)
            assert [outcome.verdict for outcome in outcomes] == ["accepted"] * rows, name

    async def test_the_largest_batch_is_taken(self, connector: Connector) -> None:
        for name, operation in self.operations(connector).items():
            rows = min(connector.limits.batch, 10_000)
            outcomes = await operation(rows)
            assert [outcome.verdict for outcome in outcomes] == ["accepted"] * rows, name

    async def test_its_limits_can_be_kept(self, connector: Connector) -> None:
        assert connector.limits.batch >= 1
        assert connector.limits.concurrency >= 1
        assert connector.limits.per_second is None or connector.limits.per_second > 0

    async def test_what_it_cannot_do_it_says(self, connector: Connector) -> None:
        with_send = "send" in self.kind.modes
        with_rows = bool(self.kind.modes & {"list", "object"})
        assert with_send or with_rows
        assert bool(self.kind.identifiers) == with_rows
        if not with_send:
            with pytest.raises(DestinationError, match="cannot send"):
                await connector.send([self.message(1)])
        if not with_rows:
            with pytest.raises(DestinationError, match="cannot hold"):
                await connector.upsert(Target("list", "x"), [Row("p", {})])

    def test_settings_that_do_not_exist_are_refused(self, wire: Any) -> None:
        with pytest.raises(ValueError, match="no_such_setting"):
            self.kind.Settings.model_validate({**self.settings(wire), "no_such_setting": 1})

    def test_secrets_do_not_show_in_its_settings(self, wire: Any) -> None:
        shown = repr(self.kind.Settings.model_validate(dict(self.settings(wire))))
        assert not [secret for secret in self.secrets if secret in shown]

    async def test_it_proves_its_credentials_in_words(self, connector: Connector, wire: Any) -> None:
        before = getattr(wire, "taken", 0)
        words = await connector.prove()
        assert words
        assert not [secret for secret in self.secrets if secret in words]
        assert getattr(wire, "taken", 0) == before


class NetworkContract(ConnectorContract):
    """For connectors that call somebody: also what they make of everything that a network can do to a call."""

    #: of EVERY_FAULT, those that this platform's protocol cannot show
    without: ClassVar[frozenset[Fault]] = frozenset()
    #: a 2xx answer is enough for this platform, whatever is in it
    status_is_enough: ClassVar[bool] = False

    @pytest.mark.parametrize("fault", EVERY_FAULT)
    async def test_a_fault_never_passes_for_success_or_refusal(
        self, fault: Fault, connector: Connector, wire: Wire
    ) -> None:
        if fault in self.without:
            pytest.skip(f"{self.kind.__name__} cannot meet `{fault}`")
        for name, operation in self.operations(connector).items():
            wire.fail(fault)
            outcomes = await judged(operation, 1)
            wire.mend()
            assert [outcome.verdict for outcome in outcomes] == [self.expected(fault, name, wire)], (name, outcomes)
            assert outcomes[0].reason or outcomes[0].verdict == "accepted"
            if fault == "throttled":
                assert outcomes[0].after == wire.throttled_for
            assert [outcome.verdict for outcome in await operation(1)] == ["accepted"], f"{name}, after {fault}"

    def expected(self, fault: Fault, operation: str, wire: Wire) -> str:
        """Rows and idempotent messages may be repeated, other messages only when surely not sent."""
        if self.status_is_enough and fault in ("garbage", "empty", "html"):
            return "accepted"
        repeatable = operation != "send" or self.kind.idempotent_send
        return "unknown" if fault in wire.doubtful and not repeatable else "retry"

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
            await asyncio.sleep(PATIENCE / 4)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(call, 2)
            wire.mend()
            assert [outcome.verdict for outcome in await operation(1)] == ["accepted"]

    async def test_nothing_secret_or_personal_comes_to_light(
        self, connector: Connector, wire: Wire, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        message, row = self.message(0), self.row(0) if self.kind.identifiers else None
        hidden = [*self.secrets, *([message.to] if message.to else []), *(row.identifiers.values() if row else ())]
        said: list[str] = []
        for operation in self.operations(connector).values():
            for fault in EVERY_FAULT:
                if fault in self.without:
                    continue
                wire.fail(fault)
                said += [f"{outcome.reason} {outcome.detail}" for outcome in await judged(operation, 1, said)]
        wire.mend()
        text = "\n".join([*said, caplog.text])
        # Values as short as "v0" say nothing and occur by chance.
        assert not [value for value in hidden if len(value) > 4 and value in text]
        assert all(len(line) < 300 for line in said)


async def judged(operation: Operation, rows: int, said: list[str] | None = None) -> list[Outcome]:
    """The outcomes of a call, as a delivery applies what is raised to each row."""
    try:
        outcomes = await operation(rows)
    except DestinationError as fault:
        if said is not None:
            said += [str(fault), repr(fault), repr(fault.__cause__ or ""), repr(fault.__dict__)]
        return [Outcome.of(fault)] * rows
    assert len(outcomes) == rows
    return outcomes
