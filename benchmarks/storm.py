"""A large list kept through a storm of 429 and 500, with 1 % of its rows bad for good.

    python benchmarks/storm.py [--rows 1000000] [--halved 100000]

The platform takes 1,000 rows a call and so many calls a second; every few seconds its capacity falls to a fifth.
Beyond it answers 429 with `Retry-After`; one call in twenty gets 500, half of these after its rows were taken.
Once it names the bad rows of a batch; once (`--halved` rows) it refuses any batch that has a bad one, without
saying which.

The minimum of requests, counted by the platform: one for each full batch (where nothing is named, one for each half
of it down to the bad rows, as halving it needs when nothing goes wrong), and one more for each 500, which nobody can
foresee. Batches that are smaller than they might be, halves asked about twice and what was answered with 429 come on
top: a polite client learns the rate and asks little in vain. The target is at most 1.2 times the minimum.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import random
import resource
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aiohttp import web
from delivery import NOW, PEOPLE, owe_rows, render

from tidegate.connecting.http import Reply, call
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.delivery import deliver
from tidegate.errors import DestinationError, Refused
from tidegate.warehouse import Warehouse

BATCH, CONCURRENCY = 1000, 8
TARGET = 1.2
REASON = "not_a_hash"
_ACCEPTED = Outcome.accepted()


def is_bad(email: str) -> bool:
    """One in a hundred, spread evenly."""
    return int(hashlib.md5(email.encode()).hexdigest()[:8], 16) % 100 == 0


def halvings(bad: Sequence[bool]) -> int:
    """Calls until each row of a batch is judged, where a batch with a bad row is refused whole."""
    if len(bad) == 1 or not any(bad):
        return 1
    middle = len(bad) // 2
    return 1 + halvings(bad[:middle]) + halvings(bad[middle:])


class Platform:
    """`rate`: calls a second that it takes, when all is well."""

    def __init__(self, rate: float, *, names: bool) -> None:
        self._rate = rate
        self._names = names
        self._dice = random.Random(1)
        self._tokens = self._burst = rate / 10
        self._filled = time.monotonic()
        self._began = time.monotonic()
        self._held: set[str] = set()
        self._asked_for: set[bytes] = set()
        self._requests = self._throttled = self._failed = self._least = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(
                {
                    "requests": self._requests,
                    "throttled": self._throttled,
                    "failed": self._failed,
                    "minimum": self._least + self._failed,
                    "held": len(self._held),
                }
            )
        body = await request.read()
        self._requests += 1
        if not self._turn():
            self._throttled += 1
            return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "1"})
        emails = [row["email"] for row in json.loads(body)["rows"]]
        self._count(body, emails)
        broken = self._dice.random() < 0.05
        self._failed += broken
        if broken and self._dice.random() < 0.5:
            return web.json_response({"error": "internal error"}, status=500)
        status, told = self._take(emails)
        return web.json_response({"error": "internal error"} if broken else told, status=500 if broken else status)

    def _count(self, body: bytes, emails: list[str]) -> None:
        which = hashlib.md5(body).digest()
        if len(emails) == BATCH and which not in self._asked_for:
            self._asked_for.add(which)
            self._least += 1 if self._names else halvings([is_bad(email) for email in emails])

    def _take(self, emails: list[str]) -> tuple[int, dict[str, Any]]:
        bad = {email for email in emails if is_bad(email)}
        if bad and not self._names:
            return 400, {"error": f"{REASON}: a row is not a hash"}
        self._held.update(email for email in emails if email not in bad)
        return 200, {"bad": [place for place, email in enumerate(emails) if email in bad]}

    def _turn(self) -> bool:
        now = time.monotonic()
        gale = (now - self._began) % 8 > 6
        self._tokens = min(self._tokens + (now - self._filled) * self._rate * (0.2 if gale else 1.0), self._burst)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def serve(ready: Connection, rate: float, names: bool) -> None:
    async def main() -> None:
        runner = web.ServerRunner(web.Server(Platform(rate, names=names).answer, access_log=None))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


@contextmanager
def platform(rate: float, *, names: bool) -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, rate, names), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        server.terminate()
        server.join()


class Settings(ConnectorSettings):
    url: str


class Stormy(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    Settings = Settings

    @property
    def limits(self) -> Limits:
        return Limits(BATCH, CONCURRENCY)

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        body = {"rows": [row.identifiers for row in rows]}
        reply = await call(
            self.session, "POST", self.settings.url, safe_to_repeat=True, json=body, judge=_refused
        )  # fmt: skip
        outcomes = [_ACCEPTED] * len(rows)
        for place in reply.json().get("bad", ()):
            outcomes[place] = Outcome.rejected(REASON, "a row is not a hash")
        return outcomes


def _refused(reply: Reply) -> DestinationError | None:
    return Refused(REASON, reply.detail) if reply.status == 400 else None


def weather(name: str, rows: int, rate: float, *, names: bool) -> None:
    with platform(rate, names=names) as url, tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb", memory_limit="1GB")
        owe_rows(rows)(warehouse)
        began = time.monotonic()
        for number in range(1, 21):
            result = deliver(
                warehouse, run_id=f"run-{number}", as_of=NOW + timedelta(minutes=number), destination="local",
                connector=Stormy(Settings(url=url)), people=PEOPLE, key="person_id", render=render,
            )  # fmt: skip
            if result.problem:
                print(f"  run {number}: {result.problem}")
            if not result.owed:
                break
        took = time.monotonic() - began
        with urllib.request.urlopen(url) as response:
            told = json.loads(response.read())
        with warehouse.session() as connection:
            known = connection.execute("select count(*) from tidegate.delivered").fetchone()
            owed = connection.execute(
                "select state, reason, count(*) from tidegate.owed group by all order by all"
            ).fetchall()
            named = connection.execute("select identifiers ->> 'email', detail from tidegate.owed").fetchall()
        warehouse.release()
    bad = sum(is_bad(f"{number:064x}") for number in range(rows))
    assert (told["held"], known) == (rows - bad, (rows - bad,)), (told, known, bad)
    assert owed == [("refused", REASON, bad)], owed
    assert all(is_bad(email) and "a row is not a hash" in detail for email, detail in named)
    ratio = told["requests"] / told["minimum"]
    print(
        f"{name}: {rows:,} rows in {took:,.0f} s and {number} run{'s' * (number > 1)}; "
        f"{bad:,} bad rows named ({REASON}), the list is equal to what is wanted\n"
        f"  {told['requests']:,} requests, {told['failed']:,} answered 500 and {told['throttled']:,} answered 429; "
        f"minimum {told['minimum']:,}; {ratio:.3f} times the minimum (target {TARGET})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--halved", type=int, default=100_000)
    given = parser.parse_args()
    weather("bad rows named", given.rows, 40, names=True)
    weather("whole batches refused", given.halved, 400, names=False)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
