"""Tasks at Asana: one for a message, or one for a person, found again by an id of ours where Asana lets us set one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Row, Target
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable, Unsupported
from tidegate.sandbox import SECRET
from tidegate.sandbox.emulation import TOKEN_PATH
from tidegate.sandbox.platforms.asana import Asana as Platform
from tidegate.testing import Answer, EmulatedWire, HttpWire, NetworkContract

from .conftest import ROOT

Asana = registry.load("asana", ROOT)
TASK = Target("object", "task")
APP = {"client_id": "1200", "client_secret": SECRET, "refresh_token": SECRET}


class TestContract(NetworkContract):
    kind = Asana
    secrets = (SECRET,)
    emulation = Platform
    description = "asana.json"
    undescribed = (TOKEN_PATH,)
    target = TASK

    @pytest.fixture
    async def wire(self, described: Any) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            # Somebody whom a removal finds: else there is no call that anything could befall.
            wire.shelf.put("task", "v0", {"gid": "1"})
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"project": "1331", "base_url": wire.url, "token_url": wire.url + TOKEN_PATH, **APP}

    def may_be_accepted(self, operation: str, status: int) -> bool:
        # A task that is not there to be changed is made.
        return super().may_be_accepted(operation, status) or (operation == "upsert" and status == 404)

    def row(self, number: int) -> Row:
        return Row(f"p{number}", {"external_id": f"v{number}"}, {"notes": f"No. {number}", "due_on": "2026-03-01"})


MESSAGE = Message("audience:big:ada:1", "ada", "chat", "", datetime(2026, 3, 1, tzinfo=UTC), {"text": "Call Ada\nsoon"})


@asynccontextmanager
async def asana(wire: Any = None, **settings: Any) -> AsyncIterator[tuple[Connector, Any]]:
    async with wire or EmulatedWire(Platform) as wire, aiohttp.ClientSession() as session:
        known = {"project": "1331", "base_url": wire.url, "token_url": wire.url + TOKEN_PATH}
        connector = Asana(Asana.Settings.model_validate({**known, **(settings or APP)}))
        await connector.open(session)
        yield connector, wire


async def test_a_message_is_a_task_in_the_project() -> None:
    async with asana(access_token=SECRET) as (connector, wire):
        [outcome] = await connector.send([MESSAGE])
        await connector.send([replace(MESSAGE, content={"title": "Big order", "text": "Call Ada"})])
        first, second = wire.shelf.messages()
    assert [(one["subject"], one["text"]) for one in (first, second)] == [
        ("Call Ada", "Call Ada\nsoon"),
        ("Big order", "Call Ada"),
    ]
    assert outcome.provider_id == first["id"]
    assert wire.asked[0].json() == {"data": {"name": "Call Ada", "notes": "Call Ada\nsoon", "projects": ["1331"]}}


async def test_with_an_apps_access_a_message_is_found_again_by_its_key() -> None:
    other = replace(MESSAGE, key="audience:big:bob/%2F:1")
    async with asana() as (connector, wire):
        [outcome] = await connector.send([other])
        assert await connector.lookup([MESSAGE.key, other.key]) == {other.key: outcome}
    assert wire.asked[-1].path == "/tasks/external:message:audience:big:bob%2F%252F:1"


async def test_with_a_personal_token_nothing_is_known_of_a_message() -> None:
    async with asana(access_token=SECRET) as (connector, _):
        await connector.send([MESSAGE])
        assert await connector.lookup([MESSAGE.key]) == {}


async def test_a_person_has_one_task_however_often_it_is_written() -> None:
    row = Row("ada", {"external_id": "c/1 é"}, {"name": "Call Ada", "due_on": "2026-03-01", "12": "gold"})
    async with asana() as (connector, wire):
        [made] = await connector.upsert(TASK, [row])
        [again] = await connector.upsert(
            TASK, [replace(row, traits={"due_on": None, "notes": None, "completed": True})]
        )
        [bare] = await connector.upsert(TASK, [replace(row, traits={})])
        held = wire.shelf.all("task")
        # By a value of its own the sandbox finds whom a record is about.
        assert [id for id, _ in wire.shelf.find("task", external_id="c/1 é")] == ["c/1 é"]
        await connector.remove(TASK, [row, Row("nobody", {"external_id": "x"})])
        assert wire.shelf.all("task") == {}
    assert made == again == bare
    assert held == {
        "c/1 é": {
            "gid": made.provider_id,
            "external_id": "c/1 é",
            "name": "Call Ada",
            "notes": "",
            "completed": True,
            "12": "gold",
        }
    }


async def test_create_and_update_write_only_what_is_new_or_there() -> None:
    row = Row("ada", {"external_id": "1"}, {"name": "Call Ada"})
    async with asana() as (connector, wire):
        [missed] = await connector.upsert(replace(TASK, write="update"), [row])
        await connector.upsert(replace(TASK, write="create"), [row])
        await connector.upsert(replace(TASK, write="create"), [replace(row, traits={"name": "Other"})])
        held = wire.shelf.all("task")["1"]["name"]
    assert (missed.verdict, missed.reason, held) == ("rejected", "not_found", "Call Ada")


async def test_a_row_without_its_id_is_refused_alone() -> None:
    async with asana() as (connector, _):
        [outcome] = await connector.upsert(TASK, [Row("ada", {})])
    assert outcome.reason == "no_identifier"


@pytest.mark.parametrize(
    ("settings", "target", "traits", "words"),
    [
        ({"access_token": SECRET}, TASK, {}, "only an app's access"),
        (APP, Target("object", "project"), {}, "the object is task"),
        (APP, TASK, {"due": "soon"}, "due: not one of"),
    ],
)
async def test_what_asana_cannot_express_is_said(
    settings: dict[str, str], target: Target, traits: dict[str, str], words: str
) -> None:
    async with asana(**settings) as (connector, wire):
        with pytest.raises(Unsupported, match=words):
            await connector.upsert(target, [Row("ada", {"external_id": "1"}, traits)])
    assert wire.asked == []


@pytest.mark.parametrize(
    ("status", "words", "kind", "reason"),
    [
        (401, "Not Authorized", Closed, "unauthorized"),
        (402, "only for premium", Closed, "needs_plan"),
        (403, "Forbidden", Closed, "unauthorized"),
        (404, "project: Unknown object: 1331", Closed, "no_project"),
        (400, "projects: [0]: Not a recognized ID: 1331", Closed, "no_project"),
        (429, "too many", Retryable, "throttled"),
        (500, "6 sad squid snuggle softly", InDoubt, "http_500"),
        (400, "due_on: not a date", Refused, "refused"),
    ],
)
async def test_every_error_means_one_thing(status: int, words: str, kind: type[Exception], reason: str) -> None:
    answer = Answer(status, {"errors": [{"message": words}]}, {"retry-after": "30"})
    async with asana(HttpWire(lambda asked: answer), access_token=SECRET) as (connector, _):
        if kind is Refused:
            [outcome] = await connector.send([MESSAGE])
            assert (outcome.verdict, outcome.reason) == ("rejected", reason)
            return
        with pytest.raises(DestinationError) as raised:
            await connector.send([MESSAGE])
    assert (type(raised.value), raised.value.reason) == (kind, reason)
    assert raised.value.after == (30.0 if kind is Retryable else None)


@pytest.mark.parametrize("names", [(), ("client_id",), ("access_token", "client_id", "client_secret", "refresh_token")])
def test_there_is_one_way_in(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="give either"):
        Asana.Settings.model_validate({"project": "1331", **dict.fromkeys(names, "x")})
