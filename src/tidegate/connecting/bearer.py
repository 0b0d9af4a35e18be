"""Calls with a token in a header; one that OAuth 2 gave and the platform no longer takes is exchanged once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Self

import aiohttp
from pydantic import SecretStr, model_validator

from tidegate.connecting.http import Judge, Reply, call
from tidegate.connecting.oauth import RefreshToken
from tidegate.connector import ConnectorSettings
from tidegate.errors import Closed, DestinationError


class Flow(Protocol):
    """What the flows of `tidegate.connecting.oauth` offer."""

    async def get(self, session: aiohttp.ClientSession) -> str: ...

    def forget(self) -> None: ...


Access = SecretStr | Flow


class TokenOrApp(ConnectorSettings):
    """Settings of a platform that takes a token made by hand, or an app's access by OAuth 2."""

    access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    token_url: str
    """The vendor's address is each connector's default."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        app = (self.client_id, self.client_secret, self.refresh_token)
        if (self.access_token is None) != all(app) or (self.access_token and any(app)):
            raise ValueError("give either `access_token`, or `client_id`, `client_secret` and `refresh_token`")
        return self

    def access(self, *, in_header: bool = False) -> SecretStr | RefreshToken:
        """`in_header`: the platform wants the client's id and secret there when it gives a token."""
        if self.client_id and self.client_secret and self.refresh_token:
            secret, refresh = self.client_secret.get_secret_value(), self.refresh_token.get_secret_value()
            return RefreshToken(self.token_url, self.client_id, secret, refresh, in_header=in_header)
        assert self.access_token is not None
        return self.access_token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def call_with(
    access: Access,
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    hide: Iterable[str] = (),
    judge: Judge | None = None,
    sign: Callable[[str], Mapping[str, str]] = bearer,
    **more: Any,
) -> Reply:
    """`tidegate.connecting.http.call` with a token. Raises what that does, and what asking for a token does.

    `sign` is the header that the platform wants the token in.
    """
    forbidden = False

    def judged(reply: Reply) -> DestinationError | None:
        nonlocal forbidden
        # Whoever holds the token may not: another token of theirs would not either.
        forbidden = reply.status == 403
        return judge(reply) if judge else None

    for again in (not isinstance(access, SecretStr), False):
        token = access.get_secret_value() if isinstance(access, SecretStr) else await access.get(session)
        signed = {**(headers or {}), **sign(token)}
        try:
            return await call(session, method, url, headers=signed, hide=(token, *hide), judge=judged, **more)
        except Closed as fault:
            if not again or isinstance(access, SecretStr) or forbidden or fault.reason != "unauthorized":
                raise
            access.forget()
    raise AssertionError("the second call returns or raises")
