"""What nobody wrote wrongly: locks, full disks, audiences that vanish, platforms that are down. The next run heals."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.runs.shop import Said, Shop, emails, hashed
from tidegate.results import Report
from tidegate.warehouse import Warehouse

BUYERS = tuple(f"buyer{number}" for number in range(6))


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Six people are about to be thanked, welcomed and put on the lists."""
    shop.knows(*BUYERS)
    shop.buys(*BUYERS)
    return shop


def runs(shop: Shop, later: timedelta = timedelta(hours=1)) -> Said:
    shop.now += later
    return shop.says("run")


def everything_is_well(shop: Shop, *missing: str) -> None:
    """Everybody was told once and stands on both lists, but for those who are `missing` from the messages."""
    expected = {(f"Welcome, {person}", f"{person}@example.com"): 1 for person in BUYERS if person not in missing}
    received = shop.received()
    assert {key: count for key, count in received.items() if key[0].startswith("Welcome")} == expected
    assert set(received.values()) == {1}
    assert shop.on_ad_list() == hashed(*emails(BUYERS))
    assert shop.exported() == emails(BUYERS)
    assert shop.rows("from tidegate.owed") == []


# A warehouse that somebody else holds


@pytest.fixture
def holder(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    """Another program that has the warehouse open."""
    code = f"import duckdb; held = duckdb.connect({str(shop.warehouse)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants to wait for a minute here."""
    monkeypatch.setitem(Warehouse.__init__.__kwdefaults__, "wait", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", ["run", "plan", "status", "land"])
def test_who_holds_the_warehouse_is_named(shop: Shop, holder: subprocess.Popen[str], command: str) -> None:
    (told,) = shop.tells(command, code=6)

    assert told.startswith(f"{shop.warehouse} is locked by ")
    assert f"(process {holder.pid}), and still was after 0.5 s; end it, or try again later" in told


def test_a_run_waits_for_whoever_holds_the_warehouse(busy: Shop, holder: subprocess.Popen[str]) -> None:
    # `input` in the other process returns at the end of its input, a little after the run has begun to wait
    closes = subprocess.Popen(["sleep", "1"], stdout=holder.stdin)
    assert holder.stdin is not None
    holder.stdin.close()

    busy.run()

    assert closes.wait() == 0
    everything_is_well(busy)


def test_what_is_no_warehouse_is_not_overwritten(shop: Shop) -> None:
    shop.warehouse.write_text("a letter to Grace\n" * 1000)

    assert shop.tells("run", code=6) == [
        f"{shop.warehouse}: is no DuckDB database; is it the `path` that profiles.yml should name?"
    ]
    assert shop.warehouse.read_text().startswith("a letter to Grace")


# An audience that empties


@pytest.fixture
def emptied(busy: Shop) -> Shop:
    """The VIPs, of whom none is left from one run to the next, because a loader went wrong."""
    busy.edit("audiences/vips.yml", "max_leave: 100%", "max_leave: 50%")
    busy.run()
    busy.rows("create table raw.kept as from raw.events")
    busy.rows("delete from raw.events")
    return busy


def test_an_audience_that_empties_is_blocked_and_says_what_to_do(emptied: Shop) -> None:
    before = emptied.calls()

    said = runs(emptied)

    assert said.code == 3
    assert "vips: blocked: all 6 members would leave, and nobody would be left" in said.out
    assert "tidegate approve vips" in emptied.says("status").out
    assert emptied.calls() == before
    everything_is_well(emptied)


def test_an_approval_lets_it_through_once(emptied: Shop) -> None:
    runs(emptied)

    assert emptied.says("approve", "vips", "--why", "the sale is over").code == 0
    assert runs(emptied).code == 0

    assert emptied.on_ad_list() == set()
    assert emptied.rows("select count(*) from tidegate.outbox where message = 'goodbye'") == [(len(BUYERS),)]
    emptied.rows("insert into raw.events from raw.kept")
    assert runs(emptied).code == 0
    emptied.rows("delete from raw.events")
    assert runs(emptied).code == 3
    assert emptied.on_ad_list() == hashed(*emails(BUYERS))


def test_an_approval_that_was_not_needed_is_no_licence_for_another_day(emptied: Shop) -> None:
    runs(emptied)
    emptied.says("approve", "vips")
    emptied.rows("insert into raw.events from raw.kept")
    assert runs(emptied).code == 0

    emptied.rows("delete from raw.events")

    assert runs(emptied).code == 3
    assert emptied.on_ad_list() == hashed(*emails(BUYERS))


def test_a_rejection_keeps_it_and_is_remembered(emptied: Shop) -> None:
    runs(emptied)

    said = emptied.says("approve", "vips", "--reject", "--who", "ada")
    assert said.code == 0
    assert runs(emptied).code == 3
    assert runs(emptied).code == 3

    assert "rejected by ada" in emptied.says("status").out
    everything_is_well(emptied)
    emptied.rows("insert into raw.events from raw.kept")
    assert runs(emptied).code == 0
    assert "All is well" in emptied.says("status").out


# A disk that fills


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.getuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("free", [0, 600, 1000], ids="with {} KB left".format)
def test_a_full_disk_stops_the_run_and_the_state_survives(busy: Shop, small_disk: Path, free: int) -> None:
    shop = busy.copied(small_disk / "corner")
    space = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(space.f_bavail * space.f_frsize - free * 1024))

    said = runs(shop)

    assert said.code == 6, said.err
    assert said.err.splitlines()[0].endswith("the disk is full; free some space, then run again")
    (small_disk / "ballast").unlink()
    _heals_but_for_the_unknown(shop)


def test_a_limit_on_the_size_of_files_is_told_as_a_full_disk(busy: Shop) -> None:
    limit = 300 * 1024
    busy.knows(*[f"passer-by {number}" for number in range(20_000)])
    busy.now += timedelta(hours=1)

    said = subprocess.run(
        [sys.executable, "-m", "tidegate", "run", "--project", str(busy.root), "--as-of", busy.now.isoformat()],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
    )

    assert said.returncode == 6, said.stderr
    assert "the disk is full; free some space, then run again" in said.stderr
    _heals_but_for_the_unknown(busy)


def _heals_but_for_the_unknown(shop: Shop) -> None:
    for _ in range(2):  # what was refused for want of space is tried again a minute later
        assert runs(shop).code == 0
    states = shop.rows("select state, count(*) from tidegate.outbox group by all")
    assert dict(states).keys() <= {"accepted", "unknown"}
    assert sum(count for _, count in states) == 2 * len(BUYERS)
    received = shop.received()
    assert set(received.values()) == {1}
    assert len(received) >= dict(states).get("accepted", 0)
    assert shop.on_ad_list() == hashed(*emails(BUYERS))
    assert shop.exported() == emails(BUYERS)


# Platforms that are down, busy, or die in the middle

ADS, MAIL = "meta_custom_audiences", "smtp"

#: what the platform does, how the run ends, and what it says
DOWN = {
    "is throttled for an hour": (
        {"kind": "throttle", "connector": ADS, "after": 3600},
        4,
        "ads: throttled",
    ),
    "answers 500": ({"kind": "error", "connector": ADS, "status": 500}, 4, "ads: unavailable"),
    "does not know the token": (
        {"kind": "error", "connector": ADS, "status": 401, "code": 190},
        4,
        "ads: unauthorized",
    ),
    "times out after accepting": (
        {"kind": "hang", "connector": ADS, "accept": "all", "hold": 0.1},
        4,
        "ads: cut_off (Server disconnected)",
    ),
}

#: what the platform does for a moment, and the run gets over by itself
MOMENTS = {
    "throttles": {"kind": "throttle", "connector": ADS, "after": 0.2, "times": 1},
    "answers with a proxy's page": {"kind": "html", "connector": ADS, "times": 1},
    "closes in the middle of a batch": {"kind": "close", "connector": ADS, "accept": 3, "times": 1},
    "breaks off its answer": {"kind": "cut", "connector": ADS, "accept": "all", "times": 1},
    "talks nonsense": {"kind": "garbage", "connector": ADS, "accept": "all", "times": 1},
    "greets nobody": {"kind": "close", "connector": MAIL, "at": "connect", "times": 1},
}


@pytest.mark.parametrize("trouble", DOWN)
def test_a_list_is_owed_and_the_others_go_on_when_its_platform(busy: Shop, trouble: str) -> None:
    fault, code, told = DOWN[trouble]
    busy.misbehaves(**fault)

    said = runs(busy)

    assert said.code == code
    assert f"{told}" in said.out
    assert "6 rows stay owed, the next run takes them up" in said.out
    assert "ads is owed 6 list rows" in busy.says("status").out
    assert busy.exported() == emails(BUYERS)
    assert len(busy.received()) == 2 * len(BUYERS)

    busy.behaves()
    assert runs(busy).code == 0
    everything_is_well(busy)
    assert "All is well" in busy.says("status").out


@pytest.mark.parametrize("trouble", MOMENTS)
def test_a_run_gets_over_it_when_a_platform(busy: Shop, trouble: str) -> None:
    busy.misbehaves(**MOMENTS[trouble])

    said = runs(busy)

    assert said.code == 0, said.out
    everything_is_well(busy)


@pytest.mark.parametrize("at", ["data", "dot"])
def test_mail_whose_connection_broke_is_unknown_and_never_sent_again(busy: Shop, at: str) -> None:
    busy.misbehaves(kind="close", connector=MAIL, at=at, accept="all" if at == "dot" else 0, times=2)

    first, second = runs(busy), runs(busy)

    assert (first.code, second.code) == (0, 0)
    unknown = [key for key, state in busy.outbox().items() if state == "unknown"]
    assert len(unknown) == 2
    assert "2 messages may or may not have arrived. They are never sent again by themselves." in busy.says("status").out
    received = busy.received()
    assert set(received.values()) == {1}
    assert len(received) == 2 * len(BUYERS) - (2 if at == "data" else 0)


def test_who_is_refused_holds_nobody_back_and_is_offered_again(busy: Shop) -> None:
    busy.misbehaves(kind="refuse", connector=ADS, every=3, times=1)

    said = runs(busy)

    assert said.code == 0
    refused = busy.rows("select person, state from tidegate.owed")
    assert {state for _, state in refused} <= {"refused"}
    assert busy.on_ad_list() == hashed(*emails(set(BUYERS) - {person for person, _ in refused}))

    busy.behaves()
    runs(busy, later=timedelta(days=1, hours=1))
    everything_is_well(busy)


def test_an_address_that_a_mail_server_refuses_is_not_tried_again(busy: Shop) -> None:
    busy.misbehaves(kind="refuse", connector=MAIL, match="buyer3@*")

    assert runs(busy).code == 0
    before = busy.calls()
    busy.behaves()
    assert runs(busy).code == 0

    assert busy.calls() == before
    everything_is_well(busy, "buyer3")


def test_a_file_that_cannot_be_written_fails_by_itself(busy: Shop) -> None:
    place = busy.home / "sandbox" / "files" / "exports" / "vips.csv"
    place.unlink(missing_ok=True)
    place.mkdir(parents=True)

    said = runs(busy)

    assert said.code == 4
    assert "exports: " in said.out
    place.rmdir()
    assert runs(busy).code == 0
    everything_is_well(busy)


# A contract that fails


def _promises(shop: Shop, model: str, contract: str) -> None:
    shop.write(
        f"models/{model}.contract.yml",
        f"""
models:
  - name: {Path(model).name}
    config: {{meta: {{contract: [{contract}]}}}}
""",
    )


def _verdicts(report: Report) -> dict[str, str]:
    return {one.audience: one.verdict for one in report.decision.audiences}


def test_a_contract_that_fails_stops_the_audiences_on_that_model_and_no_others(busy: Shop) -> None:
    _promises(
        busy, "segments/vips", "{name: nobody spends that much, no_rows: 'select * from {model} where spend > 400'}"
    )
    busy.buys("buyer4", amount=1000)

    said = runs(busy)

    assert said.code == 5
    assert "nobody spends that much" in said.out
    assert "buyer4" in said.out  # which rows
    assert "@example.com" not in said.out
    assert busy.on_ad_list() == set()
    assert len(busy.received()) == len(BUYERS) + 1  # the receipts
    assert "Contracts failed on vips" in busy.says("status").out

    busy.edit("models/segments/vips.contract.yml", "> 400", "> 4000")
    assert runs(busy).code == 0
    assert "All is well" in busy.says("status").out
    everything_is_well(busy)


def test_a_contract_on_the_people_stops_everybody(busy: Shop) -> None:
    _promises(busy, "people", "{well_formed: {email: email}}")
    busy.knows("grace", email="not an address")

    report = busy.run()

    assert _verdicts(report) == {"ordered": "contract", "vips": "contract"}
    assert busy.received() == {}
