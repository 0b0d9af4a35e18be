"""What every connector promises, as tests to inherit. `NetworkContract` has more, for those that call somebody.

    class TestContract(NetworkContract):
        kind = registry.load("hubspot", root)
        emulation = HubSpot
        description = "hubspot.json"
        secrets = (SECRET,)

        def settings(self, wire):
            return {"access_token": SECRET, "base_url": wire.url}

The tests are asynchronous: pytest-asyncio, with `asyncio_mode = "auto"`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import aiohttp
import pytest

from tidegate.connector import Connector, Message, Outcome, Row, Target
from tidegate.errors import DestinationError
from tidegate.testing.judging import Operation, settled

#: seconds until the tests' session gives a call up that nobody is meant to give up
PATIENCE = 30.0


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
        at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        key, channel = f"audience:welcome:{number}:1:0:0", self.kind.channel
        return Message(key, f"p{number}", channel, _address(channel, number), at, _content(channel, number))

    def row(self, number: int) -> Row:
        """A row that the connector accepts; different for each number."""
        kinds = self.kind.identifiers.items()
        values = {name: f"{number:064x}" if rule.hash else _identifier(rule.rule, number) for name, rule in kinds}
        values = {name: values[name] for name in list(values)[:2]}
        return Row(f"p{number}", values, {} if self._target.mode == "list" else {"score": number})

    def operations(self, connector: Connector) -> dict[str, Operation]:
        """What the connector can do, each to be called with a number of rows; jobs are waited for."""

        async def rows_of(count: int, *, removing: bool) -> list[Outcome]:
            rows = [self.row(number) for number in range(count)]
            return await settled(connector, self._target, rows, removing=removing)

        found: dict[str, Operation] = {}
        if "send" in self.kind.modes:
            found["send"] = lambda n: connector.send([self.message(i) for i in range(n)])
        if self.kind.modes & {"list", "object"}:
            found["upsert"] = lambda n: rows_of(n, removing=False)
            found["remove"] = lambda n: rows_of(n, removing=True)
        return found

    @property
    def _target(self) -> Target:
        return self.target or Target("list" if "list" in self.kind.modes else "object", "VIP customers")

    @asynccontextmanager
    async def opened(self, wire: Any, patience: float = PATIENCE) -> AsyncIterator[Connector]:
        """A connector with a session that gives a call up after `patience` seconds."""
        connector = self.kind(self.kind.Settings.model_validate(dict(self.settings(wire))))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience)) as session:
            await connector.open(session)
            try:
                yield connector
            finally:
                await connector.close()

    @pytest.fixture
    async def connector(self, wire: Any) -> AsyncIterator[Connector]:
        async with self.opened(wire) as connector:
            yield connector

    async def test_every_row_has_one_outcome(self, connector: Connector) -> None:
        for name, operation in self.operations(connector).items():
            rows = min(_most(connector, name), 7)
            outcomes = await operation(rows)
            assert [outcome.verdict for outcome in outcomes] == ["accepted"] * rows, (name, outcomes)

    async def test_the_largest_batch_is_taken(self, connector: Connector) -> None:
        for name, operation in self.operations(connector).items():
            rows = min(_most(connector, name), 10_000)
            outcomes = await operation(rows)
            assert [outcome.verdict for outcome in outcomes] == ["accepted"] * rows, name

    async def test_its_limits_can_be_kept(self, connector: Connector) -> None:
        limits = connector.limits
        assert limits.batch >= 1
        assert limits.concurrency >= 1
        assert all(limit is None or limit > 0 for limit in (limits.per_second, limits.messages, limits.per_day))
        assert connector.idempotent_for is None or connector.idempotent_for >= timedelta(hours=1)

    async def test_what_it_cannot_do_it_says(self, connector: Connector) -> None:
        with_send = "send" in self.kind.modes
        with_rows = bool(self.kind.modes & {"list", "object"})
        assert with_send or with_rows
        assert bool(self.kind.identifiers) == with_rows
        assert "upsert" in self.kind.writes
        if not with_send:
            with pytest.raises(DestinationError, match="cannot send"):
                await connector.send([self.message(1)])
        if not with_rows:
            with pytest.raises(DestinationError, match="cannot hold"):
                await connector.upsert(Target("list", "x"), [Row("p", {})])
        if not self.kind.can_look_up:
            with pytest.raises(DestinationError, match="cannot look"):
                await connector.lookup(["audience:welcome:1:1:0:0"])
        if not self.kind.can_validate:
            with pytest.raises(DestinationError, match="cannot validate messages"):
                await connector.validate([self.message(1)])
            with pytest.raises(DestinationError, match="cannot validate rows"):
                await connector.validate_rows(self._target, [])

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


def _most(connector: Connector, operation: str) -> int:
    limits = connector.limits
    return limits.messages or limits.batch if operation == "send" else limits.batch


def _address(channel: str, number: int) -> str:
    phone = f"+1202555{number:04d}"
    known = {"email": f"person.{number}@example.com", "sms": phone, "whatsapp": phone, "push": f"token-{number:032x}"}
    return {**known, "telegram": f"{10**9 + number}"}.get(channel, "")


def _content(channel: str, number: int) -> dict[str, Any]:
    words = f"No. {number}"
    match channel:
        case "email":
            return {"subject": words, "html": f"<p>{words}</p>", "text": words}
        case "push" | "web_push":
            data = {"order": str(number)}
            return {"title": words, "text": words, "url": f"https://shop.example.com/{number}", "data": data}
        case "crm":
            return {"campaign": "welcome", "properties": {"order": number}}
        case "webhook":
            return {"body": json.dumps({"number": number})}
        case _:
            return {"text": words}


def _identifier(rule: str, number: int) -> str:
    known: Sequence[tuple[str, str]] = (("email", f"person.{number}@example.com"), ("phone", f"+1202555{number:04d}"))
    return next((value for name, value in known if name in rule), f"v{number}")
