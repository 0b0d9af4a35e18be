from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.delivery.world import World, on_list
from tidegate.connector import Outcome
from tidegate.delivery.journal import Header, Journal, read
from tidegate.errors import WarehouseError
from tidegate.results import Delivery

HOLD = """
import duckdb, sys, time
while True:
    try:
        held = duckdb.connect(sys.argv[1])
        break
    except duckdb.IOException:
        time.sleep(0.01)
print("held", flush=True)
time.sleep(60)
"""


def test_a_warehouse_that_somebody_takes_meanwhile_is_settled_from_the_journal_later(world: World) -> None:
    keys = world.messages(world.people(4))
    world.warehouse.wait = 0.3
    world.platform.answers.clear()
    holders: list[subprocess.Popen[str]] = []

    def take_it() -> None:
        while not world.platform.calls:
            time.sleep(0.01)
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(world.warehouse.path)], stdout=subprocess.PIPE, text=True
        )
        holders.append(holder)
        assert holder.stdout is not None
        holder.stdout.readline()
        world.platform.answers.set()

    thief = threading.Thread(target=take_it)
    thief.start()
    try:
        with pytest.raises(WarehouseError, match="locked"):
            world.deliver(concurrency=4)
    finally:
        thief.join()
        for holder in holders:
            holder.kill()
            holder.communicate()
    assert len(world.journals) == 1

    assert world.recover().accepted == 4
    world.run()
    assert world.platform.received == dict.fromkeys(keys, 1)


def test_without_a_place_for_its_journal_nothing_is_claimed_and_nothing_sent(world: World) -> None:
    world.messages(world.people(2))
    world.warehouse.home.mkdir(parents=True, exist_ok=True)
    (world.warehouse.home / "journal").write_text("in the way")

    with pytest.raises(WarehouseError, match="journal"):
        world.deliver()

    assert world.count("ready") == 2
    assert world.platform.calls == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full exists on Linux only")
def test_a_journal_on_a_full_disk_says_so_before_each_call(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "claim.jsonl", os.open("/dev/full", os.O_WRONLY), "rows")

    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            journal.started(1, ["key"])
    journal.close()


def test_an_error_of_the_one_who_looks_on_ends_the_delivery_and_loses_nothing(world: World) -> None:
    keys = world.messages(world.people(30))
    world.platform.slow = 0.05

    def look(delivery: Delivery) -> None:
        if delivery.accepted > 5:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.deliver(concurrency=2, on_progress=look)

    world.platform.slow = 0
    world.run()
    world.run()
    assert world.platform.received == dict.fromkeys(keys, 1)


def test_a_journal_reads_as_it_was_written(tmp_path: Path) -> None:
    header = Header.of("claim", "messages", "wire", "run-1", repeatable=False)
    journal = Journal.create(tmp_path, header, ['"a"\n', "ü", "b", "c", "d"])
    journal.started(1, range(0, 2))
    journal.judged(1, [Outcome.accepted('id "1"'), Outcome.retry("later", 2.5, "detail\\")])
    journal.started(2, [3])
    journal.judged(2, [Outcome.unknown("lost")])
    journal.started(3, [3, 4])
    journal.close()

    account = read(journal.path)

    assert account.outcomes == {
        '"a"\n': Outcome.accepted('id "1"'),
        "ü": Outcome.retry("later", 2.5, "detail\\"),
        "c": Outcome.unknown("lost"),
    }
    assert account.open == {"c", "d"}
    assert account.doubted == {"c"}
    assert account.whole
    assert account.header is not None
    assert account.header.destination == "wire"
    assert journal.path.stat().st_mode & 0o077 == 0


def test_rows_are_named_apart_in_the_journal_even_when_two_lists_share_them(world: World) -> None:
    world.owe("add", {"1": "a@x"}, name="VIP")
    world.owe("add", {"1": "a@x"}, name="All: everyone")

    world.in_a_process("journal synced:1")
    recovered = world.recover()

    assert recovered.accepted == 2
    assert world.held("VIP") == world.believed("All: everyone") == on_list("a@x")
