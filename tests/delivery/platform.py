"""A platform on the loopback: it takes messages and holds lists over HTTP, remembers all, and can be told to fail."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web


class Platform:
    """`faults` are taken one a call: "500", "429", "429:2", "400", "401", "lost" (done, then the line breaks),
    "broken" (the line breaks before anything is done), "garbled". Refused keys and identifiers are refused by row.
    """

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.texts: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, set[str]] = {}
        self.traits: dict[str, dict[str, dict[str, Any]]] = {}
        self.profiles: list[set[str]] = []
        """Addresses of one and the same person, whom it takes off by any of them."""
        self.calls: list[tuple[str, int]] = []
        self.called: list[tuple[str, str]] = []
        """What was done, and to which list."""
        self.call_times: list[float] = []
        self.faults: deque[str] = deque()
        self.refused: set[str] = set()
        self.poison: set[str] = set()
        """A batch that holds one of these is refused whole."""
        self.fatal: set[str] = set()
        """Over a batch that holds one of these it breaks down."""
        self.jobs: dict[str, Any] = {}
        self.unfinished = 0
        """So many times a job says that it is not done."""
        self.announces: dict[str, str] = {}
        """Headers of an answer to which nothing befell."""
        self.slow = 0.0
        self.answers = threading.Event()
        """Cleared: calls wait until it is set again."""
        self.answers.set()
        self.at_once = 0
        self.most_at_once = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._handle(request)
        finally:
            self.at_once -= 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        what = request.path.strip("/")
        asked = json.loads(await request.read())
        self.call_times.append(asyncio.get_running_loop().time())
        rows = asked["rows"]
        self.calls.append((what, len(rows)))
        self.called.append((what, asked.get("list", "")))
        if what == "lookup":
            return web.json_response({key: "accepted" for key in rows if self.received[key]})
        while not self.answers.is_set():  # noqa: ASYNC110 -- it is set by another thread
            await asyncio.sleep(0.01)
        if self.slow:
            await asyncio.sleep(self.slow)
        fault = self.faults.popleft() if self.faults else ""
        name, _, after = fault.partition(":")
        if name in ("500", "400", "401", "429", "503"):
            headers = {"Retry-After": after} if after else {}
            return web.json_response({"error": f"told to say {name}"}, status=int(name), headers=headers)
        if name == "broken":
            return self._break(request)
        if any(_name(row) in self.poison for row in rows):
            return web.json_response({"error": "one of these is wrong"}, status=400)
        if any(_name(row) in self.fatal for row in rows):
            return web.json_response({"error": "something went wrong"}, status=500)
        if what == "poll":
            return web.json_response({"results": self._poll(asked["job"], asked["of"])})
        if what == "submit":
            self.jobs[job := f"job-{len(self.jobs) + 1}"] = asked
            if name == "lost":
                return self._break(request)
            return web.json_response({"job": job})
        results = [self._take(what, asked.get("list", ""), row) for row in rows]
        if name == "lost":
            return self._break(request)
        if name == "garbled":
            return web.Response(text="<html>")
        return web.json_response({"results": results}, headers=self.announces)

    def _poll(self, job: str, count: int) -> list[dict[str, str]]:
        if job not in self.jobs:
            return [{"verdict": "retry", "reason": "no_such_job"}] * count
        if self.unfinished:
            self.unfinished -= 1
            return [{"verdict": "pending"}] * count
        asked = self.jobs[job]
        return [self._take(asked["what"], asked["list"], row) for row in asked["rows"]][-count:]

    def _take(self, what: str, name: str, row: Any) -> dict[str, str]:
        if _name(row) in self.refused:
            return {"verdict": "rejected", "reason": "told_to_refuse"}
        if what == "send":
            self.received[row["key"]] += 1
            self.texts[row["key"]] = row
            return {"verdict": "accepted", "id": f"id-{row['key']}"}
        held = self.lists.setdefault(name, set())
        if what == "upsert":
            held.add(_name(row))
            self.traits.setdefault(name, {}).setdefault(_name(row), {}).update(row.get("traits", {}))
        else:
            held -= {_name(row)}.union(*(known for known in self.profiles if _name(row) in known))
        return {"verdict": "accepted"}

    def _break(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    @contextmanager
    def serving(self) -> Iterator[Platform]:
        loop = asyncio.new_event_loop()
        started = threading.Event()

        async def start() -> web.AppRunner:
            app = web.Application(client_max_size=64 * 2**20)
            app.router.add_post("/{what}", self.handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return runner

        def serve() -> None:
            asyncio.set_event_loop(loop)
            runner = loop.run_until_complete(start())
            started.set()
            loop.run_forever()
            loop.run_until_complete(runner.cleanup())
            loop.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert started.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)


def _name(row: Any) -> str:
    return str(row["key"] if "key" in row else json.dumps(row["identifiers"], sort_keys=True))
