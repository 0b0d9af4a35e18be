"""What the tests of the advertising platforms' lists have in common."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tidegate.connector import Connector, Outcome


def hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.verdict for outcome in outcomes]


@asynccontextmanager
async def opened(kind: type[Connector], settings: Mapping[str, Any]) -> AsyncIterator[Connector]:
    connector = kind(kind.Settings.model_validate(dict(settings)))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        await connector.open(session)
        try:
            yield connector
        finally:
            await connector.close()
