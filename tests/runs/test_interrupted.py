"""A run that is interrupted: it ends within seconds, holds its lock until its deliveries have ended, and the next
run goes on where it stopped. The mail server is slow, and takes a letter at a time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.runs.shop import Shop
from tidegate import replay, run, underway
from tidegate.errors import WarehouseError
from tidegate.run import Run

BUYERS = tuple(f"buyer{number:02}" for number in range(60))
SECRETS = {"SID": "AC" + "0" * 32, "TOKEN": "x" * 32, "META": "y" * 40}


class Letters:
    """What the mail server took, by address. A letter takes it `seconds`; none is taken until `goes_on`."""

    def __init__(self) -> None:
        self.seconds = 0.3
        self.taken: Counter[str] = Counter()
        self.held = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.seconds)
        if not self.goes_on.is_set():
            self.held += 1
            await asyncio.to_thread(self.goes_on.wait)
        self.taken.update(envelope.rcpt_tos)
        return "250 taken"


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """As it is for a user's process, whatever libraries that other tests of this process load have made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def served(shop: Shop, letters: Letters, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop that sends for real, with sixty people about to be thanked for an order."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    server = Controller(letters, hostname="127.0.0.1", port=port)
    server.start()
    shop.edit("tidegate.yml", 'host: "${SMTP_HOST}",', f"host: 127.0.0.1, port: {port}, tls: none,")
    (shop.root / "audiences" / "vips.yml").unlink()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    shop.run(target="prod")
    shop.knows(*BUYERS)
    shop.now += timedelta(hours=1)
    shop.buys(*BUYERS)
    yield shop
    letters.goes_on.set()
    server.stop()


def until(happened: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def decided(shop: Shop) -> Run:
    """A run up to its deliveries."""
    shop.now += timedelta(minutes=5)
    begun = run.begin(shop.root, target="prod", as_of=shop.now)
    run.land(begun)
    run.build(begun)
    run.check(begun)
    run.decide(begun)
    return begun


def everybody_was_thanked_once(shop: Shop, letters: Letters) -> bool:
    return letters.taken == dict.fromkeys((f"{buyer}@example.com" for buyer in BUYERS), 1)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_ctrl_c_ends_a_run_within_seconds_and_the_next_one_tells_the_others(
    served: Shop, letters: Letters, times: int
) -> None:
    letters.seconds = 1
    served.now += timedelta(minutes=5)
    words = ["run", "--target", "prod", "--as-of", served.now.isoformat(), "--project", str(served.root)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate", *words], env=os.environ, stderr=subprocess.PIPE, text=True
    )
    until(lambda: letters.taken or process.poll() is not None)
    interrupted = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    said = process.communicate(timeout=60)[1]

    assert time.monotonic() - interrupted < 20
    assert process.returncode == 130
    assert said.strip() == "Interrupted. What was under way is settled by the next run."
    assert 0 < letters.taken.total() < len(BUYERS)
    letters.seconds = 0
    served.run(target="prod")
    assert everybody_was_thanked_once(served, letters)


def test_a_run_that_fails_keeps_its_lock_until_its_deliveries_have_ended(served: Shop, letters: Letters) -> None:
    first = decided(served)
    delivering = threading.Thread(target=run.deliver, args=(first, "email"))
    delivering.start()
    until(lambda: letters.taken)
    letters.goes_on.clear()
    until(lambda: letters.held)
    failing = threading.Thread(target=run.fail, args=(first, "no use for buyer00@example.com"))
    failing.start()
    until(first.underway.stop.is_set)

    assert delivering.is_alive()
    with pytest.raises(WarehouseError, match="another run is under way"):
        run.begin(served.root, target="prod", as_of=served.now)

    letters.goes_on.set()
    failing.join(30)
    assert not delivering.is_alive()
    assert 0 < letters.taken.total() < len(BUYERS)
    letters.seconds = 0
    served.run(target="prod")
    assert everybody_was_thanked_once(served, letters)


def test_why_a_run_failed_is_kept_without_addresses(shop: Shop) -> None:
    shop.now += timedelta(minutes=5)

    run.fail(run.begin(shop.root, as_of=shop.now), "no use for ada@example.com")

    kept = shop.rows("select problem from tidegate.runs where status = 'failed'")
    assert kept == [("no use for (address)",)]


def test_a_delivery_that_comes_too_late_sends_nothing(served: Shop, letters: Letters) -> None:
    first = decided(served)
    run.fail(first, "stopped")

    late = run.deliver(first, "email")

    assert "interrupted" in late.problem
    assert letters.taken == {}


def test_a_destination_whose_delivery_breaks_ends_the_others_first(served: Shop, letters: Letters) -> None:
    begun = decided(served)

    def break_off(of: Run, name: str) -> Any:
        sending = threading.Thread(target=run.deliver, args=(of, name))
        sending.start()
        until(lambda: letters.taken)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), begun:
        run.deliver_all(begun, break_off)

    so_far = letters.taken.total()
    letters.seconds = 0
    time.sleep(0.5)
    assert 0 < letters.taken.total() == so_far < len(BUYERS)
    served.run(target="prod")
    assert everybody_was_thanked_once(served, letters)


def test_a_replay_whose_delivery_does_not_end_never_lets_go_of_its_lock(
    served: Shop, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(underway, "PATIENCE", 0.5)
    letters.goes_on.clear()
    at = served.now + timedelta(minutes=5)

    def interrupt() -> None:
        until(lambda: letters.held)
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        replay.replay(served.root, target="prod", start=at, end=at, every=timedelta(days=1))
    interrupting.join()

    with pytest.raises(WarehouseError, match="another run is under way"):
        run.begin(served.root, target="prod", as_of=at)
    letters.goes_on.set()
    until(lambda: not any(thread.name.startswith("deliver") for thread in threading.enumerate()))
    with pytest.raises(WarehouseError, match="another run is under way"):
        run.begin(served.root, target="prod", as_of=at)
