"""Delivery to a local HTTP server against a bare aiohttp loop with the same concurrency and batch.

    python benchmarks/delivery.py [--messages 20000] [--rows 500000] [--rounds 3]

The server is a process of its own: it reads the JSON and answers with an outcome for each row. The bare loop
has its payloads in memory and keeps nothing; the delivery claims them from the warehouse, journals every
call, and settles every row. Both run in turn, in the same process; medians are compared. Last, the share of a
delivery's processor time in batches of 10,000 that goes into making its bodies: rows from what the warehouse
holds, JSON from rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
from aiohttp import web

from tidegate.connecting import http
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, Row, Target
from tidegate.delivery import deliver, rows
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PEOPLE = ModelColumns("people", '"main"."people"', {"person_id": "BIGINT", "email": "VARCHAR", "name": "VARCHAR"})
CONCURRENCY = 64
BATCH = 1000
#: calls at once of connectors that take 10,000 rows: Meta's makes 2, Google's 4
LARGE_AT_ONCE = 4


def serve(ready: Connection, latency: float) -> None:
    """Answer each row of each call with "accepted", after so many seconds. A body without `rows` is one row."""

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        given = json.loads(await request.read())
        rows = given.get("rows", [given])
        if latency:
            await asyncio.sleep(latency)
        return web.Response(text=json.dumps({"results": ["accepted"] * len(rows)}), content_type="application/json")

    async def main() -> None:
        runner = web.ServerRunner(web.Server(take, access_log=None))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


@contextmanager
def served(latency: float = 0.0) -> Iterator[str]:
    """The address of a server in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, latency), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        server.terminate()
        server.join()


_ACCEPTED = Outcome.accepted()


class Settings(ConnectorSettings):
    url: str
    batch: int
    concurrency: int


class Local(Connector):
    channel = "email"
    modes = frozenset({"send", "list"})
    Settings = Settings

    @property
    def limits(self) -> Limits:
        return Limits(self.settings.batch, self.settings.concurrency)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await self._post([payload(message.key, message.to, message.content) for message in messages])

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._post([row.identifiers for row in rows])

    async def _post(self, rows: list[Any]) -> list[Outcome]:
        reply = await http.call(self.session, "POST", self.settings.url, safe_to_repeat=True, json={"rows": rows})
        return [_ACCEPTED if result == "accepted" else Outcome(result) for result in reply.json()["results"]]


async def post(session: aiohttp.ClientSession, url: str, rows: Sequence[Any]) -> list[Any]:
    async with session.post(url, json={"rows": rows}) as response:
        response.raise_for_status()
        results: list[Any] = json.loads(await response.read())["results"]
        return results


def payload(key: str, to: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": key, "to": to, **content}


def render(
    message: str,
    channel: str,
    person: Mapping[str, Any],
    entry: Mapping[str, Any],
    step: Mapping[str, Any],
    key: str,
) -> dict[str, Any]:
    return {"subject": f"{message}, {person['name']}", "text": f"Order {entry['order']} is on its way."}


def message_payload(number: int) -> dict[str, Any]:
    content = render("shipped", "email", {"name": f"Ada {number}"}, {"order": number}, {}, "")
    return payload(f"orders:{number}:1:on_occurrence.shipped:1", f"p{number}@example.com", content)


def row_payload(number: int) -> dict[str, str]:
    return {"email": f"{number:064x}", "phone": f"{number * 7:064x}"}


def bare(url: str, payloads: Sequence[Any], batch: int, concurrency: int) -> tuple[float, float]:
    """Seconds that the bare loop takes, and its processor time."""

    async def main() -> None:
        starts = iter(range(0, len(payloads), batch))

        async def work(session: aiohttp.ClientSession) -> None:
            for start in starts:
                rows = payloads[start : start + batch]
                results = await post(session, url, rows)
                assert len(results) == len(rows)

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
            await asyncio.gather(*[work(session) for _ in range(concurrency)])

    began, used = time.perf_counter(), time.process_time()
    asyncio.run(main())
    return time.perf_counter() - began, time.process_time() - used


def delivered(
    url: str, prepare: Callable[[Warehouse], None], count: int, batch: int, concurrency: int
) -> tuple[float, float]:
    """Seconds that the delivery takes, from its first look into the warehouse to its last commit, and its
    processor time, DuckDB's included."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb")
        prepare(warehouse)
        began, used = time.perf_counter(), time.process_time()
        result = deliver(
            warehouse,
            run_id="benchmark",
            as_of=NOW,
            destination="local",
            connector=Local(Settings(url=url, batch=batch, concurrency=concurrency)),
            people=PEOPLE,
            key="person_id",
            render=render,
        )
        took = time.perf_counter() - began, time.process_time() - used
        assert result.accepted == count, result
    return took


@contextmanager
def building() -> Iterator[list[float]]:
    """Processor time that it took to make each call's rows, and their body."""
    seconds: list[float] = []

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*given: Any) -> Any:
            began = time.thread_time()
            try:
                return work(*given)
            finally:
                seconds.append(time.thread_time() - began)

        return timing

    with patch.object(rows, "_rows", timed(rows._rows)), patch.object(http, "_dumped", timed(http._dumped)):
        yield seconds


def share_of_building(url: str, count: int, batch: int, rounds: int) -> dict[str, Any]:
    shares = []
    for _ in range(rounds):
        with building() as seconds:
            _, used = delivered(url, owe_rows(count), count, batch, LARGE_AT_ONCE)
        shares.append(sum(seconds) / used)
    share = statistics.median(shares)
    print(f"rows, {batch:,} a request: {share:.0%} of the processor time goes into making their bodies")
    return {"name": f"bodies of {batch:,} rows", "share": share}


def plan_messages(count: int) -> Callable[[Warehouse], None]:
    def prepare(warehouse: Warehouse) -> None:
        with warehouse.session() as connection:
            connection.execute(
                """
                create table main.people as
                select i as person_id, 'p' || i || '@example.com' as email, 'Ada ' || i as name
                from range($count) as numbers(i)
                """,
                {"count": count},
            )
            connection.execute(
                """
                insert into tidegate.outbox (
                    message_key, source, person, entry, step, visit, message, channels, channel,
                    destination, context, due_at, expires_at, priority, state,
                    reason, provider_id, attempts, claim, planned_run, settled_run, planned_at, settled_at
                )
                select
                    'orders:' || i || ':1:on_occurrence.shipped:1', 'orders', i, '1', 'on_occurrence.shipped', 1,
                    'shipped', '["local"]', 'email', 'local', '{"order": ' || i || '}', $now,
                    $now::timestamptz + interval '1 day', 0, 'ready', null, null, 0, null, 'benchmark', null, $now, null
                from range($count) as numbers(i)
                """,
                {"count": count, "now": NOW},
            )

    return prepare


def owe_rows(count: int) -> Callable[[Warehouse], None]:
    def prepare(warehouse: Warehouse) -> None:
        with warehouse.session() as connection:
            connection.execute(
                "insert into tidegate.lists (destination, list, mode, keyed_by, scheme, run_id) "
                "values ('local', 'everyone', 'list', 'identifiers', '1', 'benchmark')"
            )
            connection.execute(
                """
                insert into tidegate.owed by name
                select
                    'local' as destination, 'everyone' as list, i as person, 'add' as operation,
                    md5(identifiers) as identity, identifiers, '{}' as traits, i as fingerprint, 'due' as state,
                    false as in_doubt, 0 as attempts, $now as next_try, 'benchmark' as run_id
                from (
                    select
                        i, '{"email":"' || printf('%064x', i) || '","phone":"' || printf('%064x', i * 7) || '"}'
                        as identifiers
                    from range($count) as numbers(i)
                )
                """,
                {"count": count, "now": NOW},
            )

    return prepare


def compare(
    name: str, url: str, payloads: Sequence[Any], prepare: Callable[[Warehouse], None], batch: int, rounds: int
) -> dict[str, Any]:
    count = len(payloads)
    loops, deliveries = [], []
    for _ in range(rounds):
        loops.append(bare(url, payloads, batch, CONCURRENCY))
        deliveries.append(delivered(url, prepare, count, batch, CONCURRENCY))
    loop, delivery = count / _median(loops, 0), count / _median(deliveries, 0)
    own, more = (1e6 * _median(found, 1) / count for found in (loops, deliveries))
    print(
        f"{name:28} bare loop {loop:10,.0f}/s   delivery {delivery:10,.0f}/s   {delivery / loop:6.0%}"
        f"   processor time {own:6.1f} and {more:6.1f} us each"
    )
    return {
        "name": name, "bare_per_second": loop, "delivery_per_second": delivery, "ratio": delivery / loop,
        "bare_microseconds": own, "delivery_microseconds": more,
    }  # fmt: skip


def _median(found: Sequence[tuple[float, float]], which: int) -> float:
    return statistics.median(one[which] for one in found)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--messages", type=int, default=20_000)
    arguments.add_argument("--rows", type=int, default=500_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", type=Path, help="write the numbers here, too")
    given = arguments.parse_args()
    with served() as url:
        messages = [message_payload(number) for number in range(given.messages)]
        members = [row_payload(number) for number in range(given.rows)]
        found = [
            compare("messages, one a request", url, messages, plan_messages(given.messages), 1, given.rounds),
            compare("rows, one a request", url, members[: given.messages], owe_rows(given.messages), 1, given.rounds),
            compare("rows, 1,000 a request", url, members, owe_rows(given.rows), BATCH, given.rounds),
            share_of_building(url, given.rows, 10 * BATCH, given.rounds),
        ]
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
