"""What all processes of this user on this machine have called one account, so that together they keep its limits.

A small SQLite file in the user's state folder; an account is known there by a hash. Written only for an account
with a stated limit, or one that throttles. It is a courtesy and never an obstacle: a process that dies leaves
nothing locked, one that cannot use the file soon keeps to the limits by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from tidegate.connector import Connector

Result = TypeVar("Result")

#: seconds for which another process may keep the file
_PATIENCE = 0.2
#: turns are not taken further ahead: whatever stands in the file beyond is not believed
_FURTHEST = 120.0
#: calls that may be caught up on after the process was late, in seconds of the rate
_SLACK = 0.1
_DAY, _HOUR = 86_400.0, 3600.0
#: seconds after which a rate that was learnt counts no more: by then it has recovered, or was learnt again
_BELIEVED = 120.0

_SCHEMA = """
create table if not exists pace (
    account text primary key,
    at real not null,
    next_turn real not null,
    held_until real not null
) without rowid;
create table if not exists used (
    account text not null,
    hour integer not null,
    calls integer not null,
    primary key (account, hour)
) without rowid;
create table if not exists learnt (
    account text primary key,
    at real not null,
    rate real not null,
    ceiling real not null
) without rowid;
"""


@dataclass(frozen=True, slots=True)
class News:
    """What the platform told some process: to start no call for `held` seconds; and, at the time `at` (0: never),
    which is `ago` seconds, to call at `rate` a second, as it does not take `ceiling`."""

    held: float
    at: float = 0.0
    ago: float = 0.0
    rate: float = 0.0
    ceiling: float = 0.0


def account(connector: Connector) -> str:
    """The account that a connector uses: its kind, the host and the secrets; without secrets, all settings. Hashed."""
    settings = connector.settings
    secrets = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    known = [getattr(settings, "base_url", ""), *secrets] if any(secrets) else settings.model_dump(mode="json")
    return hashlib.sha256(json.dumps([type(connector).__qualname__, known], default=str).encode()).hexdigest()


def place() -> Path:
    """The file: under `XDG_STATE_HOME`, else in the user's home."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "tidegate" / "pace.sqlite3"


class Ledger:
    """One account's page. `clock` is Unix time. Every method says None where the file cannot be used."""

    def __init__(self, account: str, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._account = account
        self._clock = clock
        self._path = path or place()
        self._connection: sqlite3.Connection | None = None
        self._usable = True

    def turns(self, rate: float, count: int) -> float | None:
        """Take the next `count` turns at `rate` a second; the seconds until the first comes."""

        def take(connection: sqlite3.Connection, now: float) -> float:
            next_turn, held_until = self._pace(connection, now)
            turn = max(next_turn, held_until, now - _SLACK)
            self._write(connection, now, turn + count / rate, held_until)
            return max(turn - now, 0.0)

        return self._do(take)

    def hold(self, seconds: float) -> None:
        """The platform wants no calls for so long."""

        def hold(connection: sqlite3.Connection, now: float) -> None:
            next_turn, held_until = self._pace(connection, now)
            self._write(connection, now, next_turn, max(held_until, now + seconds))

        self._do(hold)

    def learn(self, rate: float, ceiling: float) -> float | None:
        """The platform throttled: the rate fell to `rate`, and may be throttled at `ceiling`. When that was."""

        def learn(connection: sqlite3.Connection, now: float) -> float:
            connection.execute("replace into learnt values (?, ?, ?, ?)", (self._account, now, rate, ceiling))
            return now

        return self._do(learn)

    def news(self) -> News | None:
        """What any process was told lately. Where none was told anything no file is made."""

        def read(connection: sqlite3.Connection, now: float) -> News:
            _, held_until = self._pace(connection, now)
            row = connection.execute(
                "select at, rate, ceiling from learnt where account = ? and at between ? and ?",
                (self._account, now - _BELIEVED, now + 1.0),
            ).fetchone()
            held = max(held_until - now, 0.0)
            return News(held, row[0], max(now - row[0], 0.0), row[1], row[2]) if row else News(held)

        if self._connection is None and not self._path.exists():
            return None
        return self._do(read, begin="begin")

    def spend(self, calls: int, per_day: int) -> int | None:
        """Take up to `calls` of what is left of `per_day` in these 24 hours; how many there were. A negative
        number gives calls back."""

        def spend(connection: sqlite3.Connection, now: float) -> int:
            hour = int(now // _HOUR)
            connection.execute("delete from used where hour < ?", (hour - int(_DAY // _HOUR),))
            (used,) = connection.execute(
                "select coalesce(sum(calls), 0) from used where account = ?", (self._account,)
            ).fetchone()
            granted = min(calls, max(per_day - used, 0))
            connection.execute(
                "insert into used values (?, ?, ?) "
                "on conflict (account, hour) do update set calls = calls + excluded.calls",
                (self._account, hour, granted),
            )
            return int(granted)

        return self._do(spend)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _pace(self, connection: sqlite3.Connection, now: float) -> tuple[float, float]:
        row = connection.execute(
            "select at, next_turn, held_until from pace where account = ?", (self._account,)
        ).fetchone()
        # A clock that was set back, or nonsense, must not stop anybody.
        if row is None or row[0] > now + 1.0 or row[1] > now + _FURTHEST:
            return now - _SLACK, 0.0
        return row[1], row[2]

    def _write(self, connection: sqlite3.Connection, now: float, next_turn: float, held_until: float) -> None:
        connection.execute("replace into pace values (?, ?, ?, ?)", (self._account, now, next_turn, held_until))

    def _do(self, work: Callable[[sqlite3.Connection, float], Result], begin: str = "begin immediate") -> Result | None:
        if not self._usable:
            return None
        try:
            connection = self._connection or self._open()
            connection.execute(begin)
            try:
                found = work(connection, self._clock())
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
            return found
        except sqlite3.OperationalError as fault:
            if "locked" not in str(fault) and "busy" not in str(fault):
                self._usable = False
            return None
        except (sqlite3.Error, OSError):
            self._usable = False
            return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = self._connected()
        except sqlite3.DatabaseError as fault:
            if isinstance(fault, sqlite3.OperationalError):
                raise
            self._path.unlink(missing_ok=True)  # torn by a loss of power; nothing in it is worth mending
            self._connection = self._connected()
        return self._connection

    def _connected(self) -> sqlite3.Connection:
        # Used by the threads of several deliveries, which the pacer lets in one by one.
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = off")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection
