"""What processes tell each other, so that together they keep the limits of an account; never an obstacle."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.delivery.wire import Settings, Wire
from tidegate.connector import Connector, ConnectorSettings
from tidegate.delivery.ledger import Ledger, account, place


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pair(tmp_path: Path, clock: Clock) -> Iterator[tuple[Ledger, Ledger]]:
    """Two processes that use one account."""
    ledgers = Ledger("a", tmp_path / "pace", clock), Ledger("a", tmp_path / "pace", clock)
    yield ledgers
    for ledger in ledgers:
        ledger.close()


def test_turns_are_taken_one_after_the_other_whoever_takes_them(pair: tuple[Ledger, Ledger]) -> None:
    one, two = pair
    turns = [ledger.turns(10, 1) for ledger in (one, two, one, two)]

    assert turns == pytest.approx([0.0, 0.0, 0.1, 0.2])  # a tenth of a second may be caught up on


def test_turns_may_be_taken_some_at_a_time(pair: tuple[Ledger, Ledger], clock: Clock) -> None:
    one, two = pair
    assert one.turns(10, 20) == 0.0
    assert two.turns(10, 1) == pytest.approx(1.9)
    clock.now += 100
    assert two.turns(10, 1) == 0.0


def test_a_pause_holds_for_all(pair: tuple[Ledger, Ledger], clock: Clock) -> None:
    one, two = pair
    one.hold(30)
    two.hold(3)
    assert two.turns(10, 1) == 30
    clock.now += 60
    assert one.turns(10, 1) == 0.0


def test_accounts_do_not_wait_for_each_other(pair: tuple[Ledger, Ledger], tmp_path: Path, clock: Clock) -> None:
    pair[0].hold(30)
    other = Ledger("b", tmp_path / "pace", clock)
    assert other.turns(1, 1) == 0.0
    other.close()


def test_a_days_calls_are_counted_over_24_hours_and_come_back(pair: tuple[Ledger, Ledger], clock: Clock) -> None:
    one, two = pair
    assert [one.spend(60, 100), two.spend(60, 100), one.spend(1, 100)] == [60, 40, 0]
    one.spend(-5, 100)
    assert two.spend(60, 100) == 5
    clock.now += 12 * 3600
    assert two.spend(60, 100) == 0
    clock.now += 13 * 3600
    assert two.spend(60, 100) == 60


def test_a_clock_that_was_set_back_stops_nobody(pair: tuple[Ledger, Ledger], clock: Clock) -> None:
    pair[0].hold(30)
    pair[0].turns(0.01, 1)
    clock.now -= 3600
    assert pair[1].turns(10, 1) == 0.0


def test_what_is_further_ahead_than_anybody_takes_turns_is_not_believed(
    pair: tuple[Ledger, Ledger], tmp_path: Path, clock: Clock
) -> None:
    pair[0].turns(1, 1)
    with sqlite3.connect(tmp_path / "pace") as connection:
        connection.execute("update pace set next_turn = ?", (clock.now + 1e6,))
    connection.close()
    assert pair[1].turns(10, 1) == 0.0


def test_a_process_that_dies_in_the_middle_leaves_nothing_locked(tmp_path: Path) -> None:
    dying = (
        "import os, sys\nfrom pathlib import Path\nfrom tidegate.delivery.ledger import Ledger\n"
        "ledger = Ledger('a', Path(sys.argv[1]))\nledger.turns(10, 30)\n"
        "ledger._connection.execute('begin immediate')\nos._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", dying, str(tmp_path / "pace")], check=False, timeout=30)
    assert done.returncode == 9

    ledger = Ledger("a", tmp_path / "pace")
    wait = ledger.turns(10, 1)
    assert wait is not None
    assert wait <= 3.0
    ledger.close()


def test_somebody_who_keeps_the_file_is_not_waited_for_long_and_soon_asked_again(
    pair: tuple[Ledger, Ledger], tmp_path: Path
) -> None:
    pair[0].turns(10, 1)
    keeper = sqlite3.connect(tmp_path / "pace", isolation_level=None)
    keeper.execute("begin immediate")
    began = time.monotonic()

    assert pair[0].turns(10, 1) is None
    assert time.monotonic() - began < 5
    keeper.execute("rollback")
    keeper.close()
    assert pair[0].turns(10, 1) is not None


def test_a_torn_file_is_begun_anew(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "pace").write_bytes(b"this is no database" * 1000)
    ledger = Ledger("a", tmp_path / "pace", clock)
    assert ledger.turns(10, 1) == 0.0
    ledger.close()


def test_where_no_file_can_be_made_everybody_keeps_to_the_limits_alone(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    ledger = Ledger("a", tmp_path / "state" / "pace", clock)
    assert (ledger.turns(10, 1), ledger.spend(1, 10)) == (None, None)
    ledger.close()


class Account(ConnectorSettings):
    token: SecretStr
    base_url: str = "https://api.example.com"
    sender: str = "a"


class Platform(Connector):
    Settings = Account


def test_an_account_is_known_by_its_secrets_and_its_host_and_shows_neither() -> None:
    def of(**settings: str) -> str:
        return account(Platform(Account.model_validate(settings)))

    assert of(token="t1", sender="a") == of(token="t1", sender="b")
    assert len({of(token="t1"), of(token="t2"), of(token="t1", base_url="https://eu.example.com")}) == 3
    assert "t1" not in of(token="t1")
    assert account(Wire(Settings(url="a"))) != account(Wire(Settings(url="b")))


def test_the_file_is_in_the_users_state_folder(state_folder: Path) -> None:
    assert place().parent.parent == state_folder
    assert not math.isnan(Ledger("a").turns(1, 1) or 0.0)
    assert place().is_file()
