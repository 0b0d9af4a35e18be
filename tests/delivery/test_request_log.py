"""What an operator can see of requests: enough to understand, nothing personal, and never too much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.wire import Wire
from tests.delivery.world import World
from tidegate.connecting.exchange import shown, tell
from tidegate.connector import Message, Outcome, Row, Target
from tidegate.delivery import request_log
from tidegate.delivery.request_log import RequestLog
from tidegate.requested import Requested, requested
from tidegate.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "log.duckdb")


def asked(log: RequestLog, count: int = 1, *, status: int = 200, path: str = "/send", rows: int | None = None) -> None:
    with log.watch(rows):
        for _ in range(count):
            tell("POST", path, status=status, seconds=0.01, failed=status >= 400)


def written(log: RequestLog, warehouse: Warehouse) -> Requested:
    with warehouse.session() as connection:
        log.write(connection)
    return requested(warehouse, last=10_000)


def seen(world: World, **more: Any) -> list[tuple[Any, ...]]:
    found = requested(world.warehouse, **more)
    return [(one.method, one.path, one.status, one.rows, one.failed, one.said) for one in found.requests]


def test_every_request_of_a_delivery_is_told_with_what_it_carried(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.owe("remove", {"3": "c@x"})

    world.deliver(batch=10)

    assert seen(world) == [("POST", "/upsert", 200, 2, False, ""), ("POST", "/remove", 200, 1, False, "")]
    one = requested(world.warehouse).requests[0]
    assert (one.destination, one.run_id, one.times) == ("wire", world.run_id, 1)
    assert abs(datetime.now(UTC) - one.at) < timedelta(minutes=1)
    assert 0 < one.seconds < 5


def test_a_success_that_holds_refused_rows_is_told_as_a_failure_with_the_reason(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.platform.refused.add('{"email": "a@x"}')

    world.deliver(batch=10)

    assert seen(world) == [("POST", "/upsert", 200, 2, True, "1 rejected of 2: told_to_refuse")]
    assert seen(world, failed=True) == seen(world)


def test_what_the_platform_said_and_announced_is_kept(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.faults.append("429:0.1")

    world.deliver()

    refused, done = requested(world.warehouse).requests
    assert (refused.status, refused.failed, refused.limits) == (429, True, "retry-after: 0.1")
    assert "told to say 429" in refused.said
    assert (done.status, done.failed) == (200, False)


def test_a_request_without_an_answer_has_no_status(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.faults.append("broken")

    world.deliver()

    assert [(one.status, one.failed) for one in requested(world.warehouse).requests] == [(None, True), (200, False)]


class WireThatWritesFiles(Wire):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [Outcome.accepted() for _ in rows]

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        raise ValueError(f"cannot write to {messages[0].to}")


def test_a_connector_without_http_is_told_of_call_by_call(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.messages(world.people(1))

    world.deliver(WireThatWritesFiles, batch=10)

    assert seen(world) == [("call", "", None, 1, True, "ValueError"), ("call", "", None, 2, False, "")]


def test_of_a_flood_of_successes_every_failure_is_kept_and_all_are_counted(warehouse: Warehouse) -> None:
    log = RequestLog("wire", "run-1")
    asked(log, 400)
    asked(log, status=500)
    asked(log, 400, path="/other")
    asked(log, 2, status=400)

    found = written(log, warehouse)

    failures = [one for one in found.requests if one.failed]
    assert [one.status for one in failures] == [500, 400, 400]
    assert len(found.requests) - len(failures) <= 60
    assert sum(one.times for one in found.requests) == 803
    assert [(day.requests, day.failed) for day in found.last_24_hours] == [(803, 3)]


def test_a_flood_of_failures_is_counted_too(warehouse: Warehouse) -> None:
    log = RequestLog("wire", "run-1")
    asked(log, 5000, status=503)

    found = written(log, warehouse)

    assert len(found.requests) <= 301
    assert sum(one.times for one in found.requests) == 5000


def test_only_the_newest_stay_and_a_flood_of_one_kind_or_destination_leaves_the_others(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "NEWEST", 10)
    log, other = RequestLog("wire", "run-1"), RequestLog("other", "run-1")
    asked(other, 3)
    written(other, warehouse)
    asked(log, 3, status=400, path="/early")
    for number in range(5):
        asked(log, 7, path=f"/{number}")
        found = written(log, warehouse)

    paths = [one.path for one in found.requests if one.destination == "wire"]
    assert paths == ["/early"] * 3 + ["/3"] * 3 + ["/4"] * 7
    assert sum(one.destination == "other" for one in found.requests) == 3
    assert {day.destination: day.requests for day in found.last_24_hours} == {"wire": 38, "other": 3}


def test_hours_are_counted_apart_and_old_ones_go(warehouse: Warehouse) -> None:
    now = datetime.now(UTC)
    for age, count in ((timedelta(days=40), 1), (timedelta(hours=30), 2), (timedelta(hours=2), 4), (timedelta(0), 8)):
        log = RequestLog("wire", "run-1", clock=lambda age=age: now - age)
        asked(log, count)
        found = written(log, warehouse)

    assert [day.requests for day in found.last_24_hours] == [12]
    with warehouse.session() as connection:
        kept = connection.execute("select sum(requests) from tidegate.requests_by_hour").fetchone()
    assert kept == (14,)


def test_nothing_is_kept_where_nobody_watches(warehouse: Warehouse) -> None:
    tell("POST", "/send", status=200, seconds=0.1)

    assert written(RequestLog("wire", "run-1"), warehouse) == Requested((), ())


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/crm/v3/objects/contacts/batch/upsert", "/crm/v3/objects/contacts/batch/upsert"),
        ("/v1/audienceMembers:ingest", "/v1/audienceMembers:ingest"),
        ("/v25.0/act_1234567/customaudiences", "/v25.0/act_1234567/customaudiences"),
        ("/v25.0/120211234567890123/users", "/v25.0/120211234567890123/users"),
        ("/sobjects/Contact/External_Id__c/42", "/sobjects/Contact/External_Id__c/42"),
        ("/v3/contacts/ada%40example.com/lists", "/v3/contacts/(address)/lists"),
        ("/v3/contacts/ada@example.com?name=Ada", "/v3/contacts/(address)"),
        ("/customers/+447700900123", "/customers/(number)"),
        ("/customers/%2B44%207700%20900123/tags", "/customers/(number)/tags"),
        ("/lists/ab12/members/0cc175b9c0f1b6a831c399e269772661", "/lists/ab12/members/(token)"),
        ("/services/T01/B01/aBcDeFgHiJkLmNoPqRsTuVwX", "/services/T01/B01/(token)"),
    ],
)
def test_a_path_is_kept_without_whom_it_is_about(path: str, kept: str) -> None:
    assert shown(path) == kept


def test_a_secret_in_a_path_is_not_kept() -> None:
    assert shown("/bot123:abcdefgh/sendMessage", ("123:abcdefgh",)) == "/bot(secret)/sendMessage"


def test_no_address_and_no_secret_ever_gets_into_the_log(world: World) -> None:
    world.messages(world.people(5))
    world.platform.faults.extend(["400", "500", "garbled", "429:0.1"])

    world.deliver(concurrency=1)

    everything = str(requested(world.warehouse))
    assert "/send" in everything
    assert not [text for text in ("@example.com", "Ada1", "subject") if text in everything]
