"""Held to the platform's own description: each request is one it allows, each answer it lists is survived."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from tidegate.connector import Connector, Outcome
from tidegate.errors import DestinationError
from tidegate.sandbox.asked import Answer, Asked
from tidegate.testing import nonsense
from tidegate.testing.contract import ConnectorContract
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.example_bodies import Response
from tidegate.testing.judging import Operation, StillPending


class Described(ConnectorContract):
    #: the file of the platform's API description: each request of each test is held to it
    description: ClassVar[str | None] = None
    #: of that description, the JSON in form fields (see `RequestChecker`), the part of the path before its paths
    #: (of GraphQL the path, a pattern),
    description_texts: ClassVar[Mapping[str, str]] = {}
    description_base: ClassVar[str] = ""
    #: and the calls that it lacks, as patterns: `/oauth/*`, `HEAD *`
    undescribed: ClassVar[tuple[str, ...]] = ()
    #: what the file leaves out, each with its source: SDL that extends a GraphQL schema; JSON that is put into OpenAPI,
    #: objects by their keys, lists at the end of those that are there
    description_more: ClassVar[str] = ""
    #: where the description itself is wrong: a part of what it has against a request, and what the platform says
    description_errs: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture
    def described(self, request: pytest.FixtureRequest) -> Description:
        return Description.of(self, request.config.rootpath)

    async def test_every_request_is_one_that_the_description_allows(
        self, connector: Connector, wire: Any, described: Description
    ) -> None:
        described.needed()
        await connector.prove()
        for operation in self.operations(connector).values():
            await operation(min(connector.limits.batch, 3))
        assert described.checked

    async def test_the_description_refuses_nonsense_of_what_it_allows(
        self, connector: Connector, wire: Any, described: Description
    ) -> None:
        described.needed()
        for operation in self.operations(connector).values():
            await operation(1)
        for name, asked in {described.operation(one): one for one in wire.asked if described.operation(one)}.items():
            assert described.wrong(asked) == []
            assert described.wrong(nonsense.misdirected(asked)), f"{name}: anywhere"
            if described.signs(asked):
                assert described.wrong(nonsense.unsigned(asked)), f"{name}: unsigned"
            others = list(nonsense.spoilt(asked))
            refused = [other for other in others if described.wrong(other)]
            assert refused or not others, f"{name}: any body"

    async def test_every_answer_that_the_description_lists_is_survived(self, wire: Any, described: Description) -> None:
        described.needed()
        if not isinstance(wire, EmulatedWire):
            pytest.skip(f"{self.kind.__name__} has a wire of its own")
        async with self.opened(wire) as connector:
            await connector.prove()
            names = list(self.operations(connector))
            for operation in self.operations(connector).values():
                await operation(1)
        asked = {described.operation(one): one for one in wire.asked if described.operation(one)}
        assert asked
        for called, one in asked.items():
            answers = described.responses(one)
            assert answers, f"{called} is described without an answer"
            for answer in answers:
                wire.instead = _always(called, answer, described)
                for name in (*names, "prove"):
                    await self._survives(wire, name, called, answer)

    def may_be_accepted(self, operation: str, status: int) -> bool:
        """Whether a row can be in order although one call was refused so: who is gone already need not be removed,
        what exists already need not be created."""
        return status < 400 or status == 409 or (operation == "remove" and status in (404, 410))

    async def _survives(self, wire: EmulatedWire, name: str, called: str, answer: Response) -> None:
        before = len(wire.asked)
        async with self.opened(wire) as connector:
            try:
                if name == "prove":
                    await _proven(connector)
                    return
                outcomes = await _outcomes(self.operations(connector)[name])
            except Exception as fault:
                raise AssertionError(f"{name} does not survive {answer} to {called}: {fault!r}") from fault
        met = any(wire.instead(asked) for asked in wire.asked[before:])
        if met and not self.may_be_accepted(name, answer.status):
            assert [one for one in outcomes if one.verdict == "accepted"] == [], (name, called, answer)


async def _proven(connector: Connector) -> None:
    with suppress(DestinationError):
        assert isinstance(await connector.prove(), str)


async def _outcomes(operation: Operation) -> list[Outcome]:
    try:
        return await operation(1)
    except DestinationError as fault:
        return [Outcome.of(fault)]
    except StillPending:
        return []


def _always(called: str, answer: Response, described: Description) -> Any:
    headers = {"content-type": answer.media} if answer.media else {}

    def instead(asked: Asked) -> Answer | None:
        return Answer(answer.status, answer.body, headers) if described.operation(asked) == called else None

    return instead
