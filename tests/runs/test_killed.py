"""A run that is killed anywhere: after the next run nothing is lost, and nothing has arrived twice.

The sandbox is a process of its own here, so that it survives what the run does not.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.runs.shop import Shop, emails, hashed

#: checkpoints, and the how-manieth time they are reached. Mail, the ad platform and the files are delivered to side
#: by side: only once the third is done no call is under way.
STAGES = {
    "run begun": 1,
    "landed": 1,
    "built": 1,
    "checked": 1,
    "decision uncommitted": 1,
    "decision committed": 1,
    "destination delivered": 3,
    "run finished": 1,
}
#: mails that may be under way at once
MAIL_CONNECTIONS = 4
BUYERS = tuple(f"buyer{number}" for number in range(12))


@contextmanager
def in_a_process_of_its_own(shop: Shop) -> Iterator[None]:
    """The shop's sandbox: what kills a run does not kill it."""
    folder = shop.home / "sandbox"
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate.sandbox", "--folder", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    endpoints = json.loads(process.stdout.readline())
    shop.environment["TIDEGATE_SANDBOX"] = endpoints["http_url"]
    try:
        yield
    finally:
        process.stdout.close()
        process.terminate()
        process.wait(10)


@pytest.fixture
def sandbox(shop: Shop) -> Iterator[Shop]:
    """The shop with its sandbox in another process, and twelve people who are about to be welcomed."""
    with in_a_process_of_its_own(shop):
        shop.knows(*BUYERS)
        shop.buys(*BUYERS)
        yield shop


def killed(shop: Shop, at: str) -> None:
    shop.now += timedelta(minutes=5)
    ended = shop.command("run", "--as-of", shop.now.isoformat(), environment={"TIDEGATE_KILL_AT": at})
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def ends_well(shop: Shop, most_unknown: int = 0) -> None:
    """A run after the fault: everyone was told once, but for those reported unknown, and the list is right."""
    shop.now += timedelta(minutes=5)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shop.environment.items():
            patch.setenv(name, value)
        ended = shop.says("run")
    assert ended.code == 0, ended.out + ended.err
    states = shop.outbox()
    unknown = [key for key, state in states.items() if state == "unknown"]
    assert len(unknown) <= most_unknown
    assert set(states.values()) <= {"accepted", "unknown"}
    assert len(states) == 2 * len(BUYERS)  # a receipt and a welcome
    received = shop.received()
    assert set(received.values()) <= {1}
    assert len(received) >= len(states) - len(unknown)
    assert shop.on_ad_list() == hashed(*emails(BUYERS))
    exported = next((shop.home / "sandbox" / "files").rglob("vips.csv")).read_text().splitlines()
    assert len(exported) == 1 + len(BUYERS)
    assert shop.rows("select count(*) from tidegate.owed") == [(0,)]


#: the transaction around these stages is that of others, or there is nothing yet that could be lost
_ALIKE = ("run begun", "checked", "run finished")


@pytest.mark.parametrize(
    "stage", [pytest.param(stage, marks=[pytest.mark.soak] if stage in _ALIKE else []) for stage in STAGES]
)
def test_killed_between_two_stages(sandbox: Shop, stage: str) -> None:
    killed(sandbox, f"{stage}:{STAGES[stage]}")
    ends_well(sandbox)


def test_killed_once_the_first_destination_is_delivered_only_what_was_under_way_to_the_others_is_unknown(
    sandbox: Shop,
) -> None:
    killed(sandbox, "destination delivered:1")
    ends_well(sandbox, most_unknown=MAIL_CONNECTIONS)


@pytest.mark.parametrize("seed", [0])
def test_killed_at_a_random_instant(sandbox: Shop, seed: int) -> None:
    killed_at_random(sandbox, random.Random(seed), times=2)
    ends_well(sandbox, most_unknown=16)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 150))
def test_killed_many_times(sandbox: Shop, seed: int) -> None:
    chance = random.Random(seed)
    times = chance.randint(1, 5)
    killed_at_random(sandbox, chance, times=times)
    ends_well(sandbox, most_unknown=8 * times)


def killed_at_random(sandbox: Shop, chance: random.Random, *, times: int) -> None:
    """Start a run and kill it soon after it began to deliver, several times."""
    for _ in range(times):
        sandbox.now += timedelta(minutes=5)
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tidegate",
                "run",
                "--project",
                str(sandbox.root),
                "--as-of",
                sandbox.now.isoformat(),
            ],
            env={**os.environ, **sandbox.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        journal = sandbox.home / "journal"
        deadline = time.monotonic() + 60
        while process.poll() is None and not _has_files(journal) and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.15)
        process.kill()
        process.wait()


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def test_two_runs_started_together_do_the_work_once(sandbox: Shop) -> None:
    sandbox.now += timedelta(minutes=5)
    words = [
        sys.executable,
        "-m",
        "tidegate",
        "run",
        "--project",
        str(sandbox.root),
        "--as-of",
        sandbox.now.isoformat(),
    ]
    environment = {**os.environ, **sandbox.environment}
    both = [
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in both]

    codes = sorted(code for _, code in ended)
    assert codes in ([0, 0], [0, 6])
    if codes == [0, 6]:
        refusal = next(texts[1] for texts, code in ended if code == 6)
        assert "another run is under way (process" in refusal
    ends_well(sandbox)
