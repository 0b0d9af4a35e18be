"""A file that equals the list: whole at every moment, and never quietly begun anew."""

from __future__ import annotations

import asyncio
import csv
import errno
import json
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import FileLock

from tidegate import registry
from tidegate.connector import Connector, Row, Target
from tidegate.errors import Closed, Refused, Retryable, Unsupported
from tidegate.testing.converging import Converging

from . import failing_disk
from .conftest import ROOT
from .failing_disk import Disk
from .opening import ids_told

File = registry.load("file", ROOT)
LIST = Target("list", "VIP customers")
OBJECT = Target("object", "contacts")


class TestContract(Converging):
    kind = File
    target = LIST
    faults = failing_disk.FAULTS

    @pytest.fixture
    def wire(self, tmp_path: Path) -> Iterator[Disk]:
        disk = Disk(tmp_path, LIST.name)
        yield disk
        disk.mend()

    def settings(self, wire: Disk) -> Mapping[str, Any]:
        return {"folder": str(wire.folder), "wait": wire.wait}

    async def strike(self, wire: Disk, fault: str) -> None:
        await wire.fail(fault)

    async def heal(self, wire: Disk) -> None:
        wire.mend()

    async def lose(self, wire: Disk) -> bool:
        wire.path.unlink()
        return True

    async def holds(self, wire: Disk) -> set[str]:
        assert wire.leftovers() == []
        return {row["email"] for row in read(wire.folder, LIST.name, "csv")}


def file(folder: Path, **settings: Any) -> Connector:
    return File(File.Settings.model_validate({"folder": folder, **settings}))


def read(folder: Path, name: str, form: str) -> list[dict[str, Any]]:
    path = folder / f"{name}.{form}"
    if form == "csv":
        with path.open(newline="") as opened:
            return [dict(row) for row in csv.DictReader(opened)]
    if form == "jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return pl.read_parquet(path).to_dicts()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_the_file_holds_who_is_on_the_list_and_nobody_else(tmp_path: Path, form: str) -> None:
    connector = file(tmp_path, format=form)
    await connector.upsert(LIST, [Row("bob", {"email": "bob@example.com"}), Row("ada", {"email": "ada@example.com"})])
    await connector.upsert(
        LIST, [Row("ada", {"email": "ada@new.example.com"}), Row("eve", {"email": "eve@example.com"})]
    )
    await connector.remove(LIST, [Row("bob", {"email": "bob@example.com"}), Row("nobody", {})])
    assert read(tmp_path, "VIP customers", form) == [
        {"person": "ada", "email": "ada@new.example.com"},
        {"person": "eve", "email": "eve@example.com"},
    ]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
async def test_traits_keep_their_kind_and_rows_leave_each_others_alone(tmp_path: Path, form: str) -> None:
    connector = file(tmp_path, format=form)
    await connector.upsert(OBJECT, [Row("ada", {}, {"spend": 12.5, "vip": True, "tags": ["a", "b"]})])
    await connector.upsert(OBJECT, [Row("ada", {}, {"vip": False}), Row("bob", {}, {"spend": 3})])
    assert read(tmp_path, "contacts", form) == [
        {"person": "ada", "spend": 12.5, "tags": '["a", "b"]', "vip": False},
        {"person": "bob", "spend": 3.0, "tags": None, "vip": None},
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_a_trait_that_becomes_another_kind_is_written_as_text(tmp_path: Path, form: str) -> None:
    connector = file(tmp_path, format=form)
    await connector.upsert(OBJECT, [Row("ada", {}, {"tier": 1})])
    await connector.upsert(OBJECT, [Row("bob", {}, {"tier": "gold"})])
    assert [row["tier"] for row in read(tmp_path, "contacts", form)] == ["1", "gold"]


async def test_a_list_that_empties_leaves_an_empty_file_that_can_be_filled_again(tmp_path: Path) -> None:
    for form in ("csv", "jsonl", "parquet"):
        connector = file(tmp_path, format=form)
        for _ in range(2):
            await connector.upsert(LIST, [Row("ada", {"email": "ada@example.com"})])
            await connector.remove(LIST, [Row("ada", {})])
            assert read(tmp_path, "VIP customers", form) == []


async def test_a_file_that_was_deleted_is_told_to_be_another_and_one_that_is_there_tells_nothing(
    tmp_path: Path,
) -> None:
    connector = file(tmp_path)
    with ids_told() as told:
        await connector.upsert(LIST, [Row("ada", {"email": "ada@example.com"})])
        await connector.upsert(LIST, [Row("bob", {"email": "bob@example.com"})])
        await connector.remove(LIST, [Row("bob", {})])
        assert [name for name, _ in told] == [LIST.name]
        connector.path(LIST).unlink()  # type: ignore[attr-defined]
        # An empty file would pass for the one that held everybody.
        await connector.remove(LIST, [Row("ada", {})])
        await connector.upsert(LIST, [Row("cleo", {"email": "cleo@example.com"})])
    first, anew = told
    assert first != anew


async def test_a_spreadsheet_finds_no_formula_but_numbers_stay_numbers(tmp_path: Path) -> None:
    rows = [
        Row(
            "=1+1",
            {"email": "@sum(a)", "phone": "+447700900123"},
            {"note": "-2", "more": "-cmd|'/c calc'!A0", "next": "\n=1"},
        )
    ]
    connector = file(tmp_path)
    await connector.upsert(OBJECT, rows)
    await connector.upsert(OBJECT, rows)
    assert read(tmp_path, "contacts", "csv") == [
        {
            "person": "'=1+1",
            "email": "'@sum(a)",
            "phone": "+447700900123",
            "more": "'-cmd|'/c calc'!A0",
            "next": "'\n=1",
            "note": "-2",
        }
    ]
    await connector.remove(OBJECT, rows)
    assert read(tmp_path, "contacts", "csv") == []


async def test_values_that_csv_must_quote_come_back_as_they_were(tmp_path: Path) -> None:
    connector = file(tmp_path, guard_formulas=False)
    note = 'He said "yes, no"\nand; left\t=1'
    await connector.upsert(OBJECT, [Row("ada", {}, {"note": note})])
    await connector.upsert(OBJECT, [Row("bob", {}, {"note": "x"})])
    assert read(tmp_path, "contacts", "csv")[0]["note"] == note


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_half_a_character_is_its_rows_fault_and_the_file_stays_whole(tmp_path: Path, form: str) -> None:
    connector = file(tmp_path, format=form)
    await connector.upsert(OBJECT, [Row("ada", {}, {"note": "whole"})])
    with pytest.raises(Refused, match="not_text"):
        await connector.upsert(OBJECT, [Row("bob", {}, {"note": "whole"}), Row("eve", {}, {"note": "half \ud800"})])
    assert [row["person"] for row in read(tmp_path, "contacts", form)] == ["ada"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("damage", [b"\x00\xff\x01garbage", b'email\n"ada@example.com', b"person\nada\nada\n"])
async def test_a_damaged_file_is_neither_overwritten_nor_blamed_on_rows(
    tmp_path: Path, form: str, damage: bytes
) -> None:
    path = tmp_path / f"VIP customers.{form}"
    path.write_bytes(damage)
    with pytest.raises(Retryable, match="damaged") as raised:
        await file(tmp_path, format=form).upsert(LIST, [Row("ada", {"email": "ada@example.com"})])
    assert path.read_bytes() == damage
    assert "ada@" not in str(raised.value)


async def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = file(tmp_path)
    await connector.upsert(LIST, [Row("ada", {"email": "ada@example.com"})])

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Retryable, match="disk_full"):
        await connector.upsert(LIST, [Row("bob", {"email": "bob@example.com"})])
    assert [row["person"] for row in read(tmp_path, "VIP customers", "csv")] == ["ada"]
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_a_disk_that_is_full_while_rows_are_written_is_told_as_such(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that is begun here ends on the device that is always full."""
    if not Path("/dev/full").exists():  # noqa: ASYNC240 (nothing is waited for)
        pytest.skip("this machine has no /dev/full")

    def begun(*, dir: Path, prefix: str, suffix: str) -> tuple[int, str]:
        place = dir / f"{prefix}x{suffix}"
        place.symlink_to("/dev/full")
        return os.open(place, os.O_RDWR), str(place)

    monkeypatch.setattr(tempfile, "mkstemp", begun)
    with pytest.raises(Retryable, match="disk_full: no room left"):
        await file(tmp_path, format=form).upsert(LIST, [Row(f"p{n}", {"email": f"{n}@example.com"}) for n in range(99)])
    assert not [name for name in os.listdir(tmp_path) if not name.endswith(".lock")]


@pytest.mark.parametrize("place", ["exports", "exports/of/today"])
async def test_a_folder_that_cannot_be_written_to_closes_the_destination(tmp_path: Path, place: str) -> None:
    (tmp_path / "exports").write_text("this is a file")
    connector = file(tmp_path / place)
    with pytest.raises(Closed):
        await connector.prove()
    with pytest.raises(Closed, match="not a folder that can be written to"):
        await connector.upsert(LIST, [Row("ada", {})])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_null_empties_a_field_and_what_is_not_mentioned_stays(tmp_path: Path, form: str) -> None:
    connector = file(tmp_path, format=form)
    await connector.upsert(OBJECT, [Row("ada", {}, {"mood": "fine", "tier": "gold"})])
    await connector.upsert(OBJECT, [Row("ada", {}, {"tier": None})])
    [held] = read(tmp_path, "contacts", form)
    assert (held["mood"], held["tier"] or None) == ("fine", None)


async def test_a_call_that_is_cancelled_leaves_a_whole_file_and_the_next_one_works(tmp_path: Path) -> None:
    connector = file(tmp_path)
    await connector.upsert(LIST, [Row("ada", {})])
    with FileLock(tmp_path / ".VIP customers.csv.lock"):
        call = asyncio.ensure_future(connector.upsert(LIST, [Row("bob", {})]))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(call, 5)
        assert [row["person"] for row in read(tmp_path, "VIP customers", "csv")] == ["ada"]
    await connector.upsert(LIST, [Row("eve", {})])
    assert {"ada", "eve"} <= {row["person"] for row in read(tmp_path, "VIP customers", "csv")}


async def test_what_somebody_left_who_was_killed_while_writing_is_taken_away(tmp_path: Path) -> None:
    connector = file(tmp_path)
    await connector.upsert(LIST, [Row("ada", {}), Row("bob", {})])
    (tmp_path / ".VIP customers.csv.abcd.tmp").write_text("person\nada\nbob\ned")
    (tmp_path / ".VIPs.csv.abcd.tmp").write_text("of another list, whose writer may be alive")
    await connector.remove(LIST, [Row("bob", {})])
    left = sorted(name for name in os.listdir(tmp_path) if name.endswith(".tmp"))
    assert left == [".VIPs.csv.abcd.tmp"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", ".hidden", "CON:", "50% off", "Łódź & co"])
async def test_a_lists_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "exports"
    await file(folder).upsert(Target("list", name), [Row("ada", {"email": "ada@example.com"})])
    assert len([name for name in os.listdir(folder) if name.endswith(".csv")]) == 1
    assert os.listdir(tmp_path) == ["exports"]


async def test_lists_with_like_names_have_files_of_their_own(tmp_path: Path) -> None:
    for name in ("VIP customers", "VIP/customers", "VIP%2Fcustomers", "vip-customers"):
        await file(tmp_path).upsert(Target("list", name), [Row("ada", {"email": "ada@example.com"})])
    assert len([name for name in os.listdir(tmp_path) if name.endswith(".csv")]) == 4


async def test_a_trait_may_not_take_the_name_of_an_identifier(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="email"):
        await file(tmp_path).upsert(OBJECT, [Row("ada", {"email": "ada@example.com"}, {"email": "other"})])


async def test_whoever_writes_meanwhile_is_waited_for_and_then_named(tmp_path: Path) -> None:
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(tmp_path / ".VIP customers.csv.lock"):
            held.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(Retryable, match="locked"):
            await file(tmp_path, wait=0.1).upsert(LIST, [Row("ada", {})])
    finally:
        leave.set()
        thread.join()


def _write(folder: str, start: int) -> None:
    async def some() -> None:
        connector = file(Path(folder))
        for number in range(start, start + 5):
            await connector.upsert(LIST, [Row(f"p{number}", {"email": f"p{number}@example.com"})])

    asyncio.run(some())


def test_two_processes_lose_nobody(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(str(tmp_path), start)) for start in (0, 100)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(read(tmp_path, "VIP customers", "csv")) == 10


async def test_the_file_keeps_its_permissions(tmp_path: Path) -> None:
    connector = file(tmp_path)
    await connector.upsert(LIST, [Row("ada", {})])
    path = tmp_path / "VIP customers.csv"
    path.chmod(0o640)
    await connector.upsert(LIST, [Row("bob", {})])
    assert path.stat().st_mode & 0o777 == 0o640
