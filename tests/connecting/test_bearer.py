"""A call carries its token where the platform wants it; one that ran out is exchanged once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError

from tidegate.connecting.bearer import Access, TokenOrApp, call_with
from tidegate.connecting.oauth import RefreshToken
from tidegate.errors import Closed
from tidegate.testing import Answer, Asked, HttpWire

APP = {"client_id": "app", "client_secret": "s3cret-s3cret", "refresh_token": "r3fresh-r3fresh"}


class Tokens:
    """A flow that gives `token-1`, and another one each time that it is told to forget."""

    def __init__(self) -> None:
        self.given = 1

    async def get(self, session: aiohttp.ClientSession) -> str:
        return f"token-{self.given}"

    def forget(self) -> None:
        self.given += 1


async def post(access: Access, url: str, **more: Any) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        await call_with(access, session, "POST", url, safe_to_repeat=True, **more)


def given(wire: HttpWire) -> list[str]:
    return [asked.headers["authorization"] for asked in wire.asked]


async def test_a_token_that_ran_out_is_exchanged_once() -> None:
    def platform(asked: Asked) -> Answer:
        return Answer(401 if asked.headers["authorization"] == "Bearer token-1" else 200)

    async with HttpWire(platform) as wire:
        await post(Tokens(), wire.url)
    assert given(wire) == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_refusal_is_the_last_word() -> None:
    async with HttpWire(lambda asked: Answer(401)) as wire:
        with pytest.raises(Closed, match="unauthorized"):
            await post(Tokens(), wire.url)
    assert len(wire.asked) == 2


@pytest.mark.parametrize(
    ("access", "status"),
    [(Tokens(), 403), (Tokens(), 402), (SecretStr("made-by-hand"), 401)],
    ids=["forbidden", "unpaid", "made by hand"],
)
async def test_what_another_token_would_not_change_is_not_asked_twice(access: Access, status: int) -> None:
    def judge(reply: Any) -> Closed | None:
        return Closed("no_money") if reply.status == 402 else None

    async with HttpWire(lambda asked: Answer(status)) as wire:
        with pytest.raises(Closed):
            await post(access, wire.url, judge=judge)
    assert len(wire.asked) == 1


async def test_a_token_stands_in_the_header_that_the_platform_wants_and_in_no_error() -> None:
    def sign(token: str) -> Mapping[str, str]:
        return {"X-Shop-Token": token}

    async with HttpWire(lambda asked: Answer(401, f"what is {asked.headers['x-shop-token']}?")) as wire:
        with pytest.raises(Closed) as raised:
            await post(SecretStr("made by hand"), wire.url, sign=sign)
    assert "authorization" not in wire.asked[0].headers
    assert "made by hand" not in str(raised.value)


class Settings(TokenOrApp):
    token_url: str = "https://example.com/token"


@pytest.mark.parametrize("settings", [{}, {**APP, "access_token": "t"}, {**APP, "client_id": None}, {"client_id": "a"}])
def test_there_is_one_way_in_and_it_is_whole(settings: Mapping[str, str]) -> None:
    with pytest.raises(ValidationError, match="either `access_token`, or `client_id`"):
        Settings.model_validate(settings)


def test_a_token_made_by_hand_is_used_as_it_is_and_an_app_asks_for_its_own() -> None:
    assert Settings.model_validate({"access_token": "t"}).access() == SecretStr("t")
    assert isinstance(Settings.model_validate(APP).access(), RefreshToken)
