"""What people did with messages of the sandbox: recorded, and written as feedback for the next run to land.

A line is written once the run's clock is there, so that no run hears of what happens after it. It is written before
it is marked as written: a process that dies in between writes it twice, under the same event_id.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tidegate.feedback.format import Kind
from tidegate.sandbox.queries import query
from tidegate.sandbox.times import now, stamp

log = logging.getLogger(__name__)

#: what goes to colleagues: no customer opens it, or complains
OF_TEAMS = frozenset({"chat"})
#: channels whose messages tell when they are opened; nobody hears of a text that it was read
TELL_OPENING = frozenset({"email", "push", "web_push"})

_AT_ONCE = 5_000
_LIVE = timedelta(hours=1)


def record(
    connection: sqlite3.Connection,
    message: int,
    kind: Kind,
    *,
    after: timedelta | None = None,
    in_time: bool = False,
    permanent: bool | None = None,
    topic: str | None = None,
    url: str | None = None,
    detail: str | None = None,
) -> None:
    """Note that somebody did this with a message; within a `Store.write`.

    It happened `after` the message was sent, on the run's clock; without it, now. With `in_time` nobody is told
    before the run's clock is there.
    """
    about = connection.execute(query("feedback", "about_message"), {"message": message}).fetchone()
    sent = datetime.fromisoformat(about["clock_at"])
    happened = stamp(sent + after if after is not None else _now(about, sent))
    values = {
        "event_id": f"sandbox-{secrets.token_hex(12)}",
        "message": message,
        "kind": kind,
        "happened_at": happened,
        "due_at": happened if in_time else None,
        "permanent": permanent,
        "topic": topic,
        "url": url,
        "detail": detail,
    }
    connection.execute(query("feedback", "add"), values)


def once(connection: sqlite3.Connection, message: int, kind: Kind) -> None:
    """Note it, unless it was noted of this message before."""
    if connection.execute(query("feedback", "has"), {"message": message, "kind": kind}).fetchone() is None:
        record(connection, message, kind)


def write(connection: sqlite3.Connection, folder: Path) -> None:
    """Append what is due to the files of its day, and mark it; outside of any transaction."""
    try:
        _write(connection, folder)
    except (OSError, sqlite3.Error) as fault:
        # It stays due; with the next change to the store it is tried again.
        log.warning("what people did could not be written to %s: %s", folder, fault)
        if connection.in_transaction:
            connection.execute("rollback")


def _write(connection: sqlite3.Connection, folder: Path) -> None:
    asked = {"now": now(), "count": _AT_ONCE}
    while rows := connection.execute(query("feedback", "to_write"), asked).fetchall():
        by_day: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            by_day[row["happened_at"][:10]].append(json.dumps(_line(row), ensure_ascii=False))
        folder.mkdir(parents=True, exist_ok=True)
        for day, lines in by_day.items():
            _append(folder / f"sandbox-{day}.jsonl", lines)
        connection.execute("begin immediate")
        connection.executemany(query("feedback", "mark_written"), [{"number": row["number"]} for row in rows])
        connection.execute("commit")


def _now(about: sqlite3.Row, sent: datetime) -> datetime:
    """What time it is for who reads the message. A run's clock that is not the day's stands still between runs."""
    wall = datetime.now(UTC)
    if about["clock"] is None or about["set_at"] is None:
        return max(wall, sent)
    clock, set_at = datetime.fromisoformat(about["clock"]), datetime.fromisoformat(about["set_at"])
    if abs(clock - set_at) < _LIVE:
        return max(wall, sent)
    return max(sent, min(clock, sent + (wall - datetime.fromisoformat(about["received_at"]))))


def _line(row: sqlite3.Row) -> dict[str, Any]:
    found = {
        "event_id": row["event_id"],
        "kind": row["kind"],
        "happened_at": row["happened_at"],
        "message_key": row["key"],
        "provider_id": row["provider_id"],
        "channel": row["channel"],
        "address": row["recipient"],
        "topic": row["topic"],
        "permanent": None if row["permanent"] is None else bool(row["permanent"]),
        "url": row["url"],
        "detail": row["detail"],
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _append(file: Path, lines: list[str]) -> None:
    with file.open("ab+") as stream:
        # What somebody who died did not finish must not swallow our first line.
        torn = stream.tell() > 0 and (stream.seek(-1, os.SEEK_END), stream.read(1))[1] != b"\n"
        stream.write((b"\n" if torn else b"") + "".join(f"{line}\n" for line in lines).encode())
        stream.flush()
        os.fsync(stream.fileno())
