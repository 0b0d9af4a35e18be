"""A connector that is open for a test, and what it says of its rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp

from tidegate.connecting.lists import noticing
from tidegate.connector import Connector, Outcome


@asynccontextmanager
async def opened(kind: type[Connector], settings: Mapping[str, Any], patience: float = 30) -> AsyncIterator[Connector]:
    """A setting that is None is one that is not given. `patience` is how long a call may take, in seconds."""
    given = {name: value for name, value in settings.items() if value is not None}
    connector = kind(kind.Settings.model_validate(given))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience)) as session:
        await connector.open(session)
        try:
            yield connector
        finally:
            await connector.close()


def verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.verdict for outcome in outcomes]


@contextmanager
def ids_told() -> Iterator[list[tuple[str, str]]]:
    """The lists that a connector comes upon, by their names and ids, as a delivery hears of them."""
    told: list[tuple[str, str]] = []
    token = noticing.set(lambda name, platform_id: told.append((name, platform_id)))
    try:
        yield told
    finally:
        noticing.reset(token)
