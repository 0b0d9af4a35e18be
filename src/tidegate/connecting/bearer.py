"""A call with a token by OAuth 2; one that the platform no longer takes is exchanged for another, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import aiohttp

from tidegate.connecting.http import Reply, call
from tidegate.errors import Closed


class Flow(Protocol):
    """What the flows of `tidegate.connecting.oauth` offer."""

    async def get(self, session: aiohttp.ClientSession) -> str: ...

    def forget(self) -> None: ...


async def call_with(
    flow: Flow,
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    hide: Iterable[str] = (),
    **more: Any,
) -> Reply:
    """`tidegate.connecting.http.call` with a bearer token. Raises what that does, and what asking for a token does."""
    for again in (True, False):
        token = await flow.get(session)
        signed = {**(headers or {}), "Authorization": f"Bearer {token}"}
        try:
            return await call(session, method, url, headers=signed, hide=(token, *hide), **more)
        except Closed as fault:
            if not again or fault.reason != "unauthorized":
                raise
            flow.forget()
    raise AssertionError("the second call returns or raises")
