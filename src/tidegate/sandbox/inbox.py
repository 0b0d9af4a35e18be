"""The messages received: e-mails and texts, and how they are looked for."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegate.sandbox import behaviour
from tidegate.sandbox.queries import query
from tidegate.sandbox.store import Store
from tidegate.sandbox.times import now

NEWEST = 2**62
"""Before this id: from the newest on."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it is kept. `account` is whose it is at the platform; `text` is what can be searched.

    `details` is JSON-ready: what the message carries beside its text. `key` is what its sender knows it by.
    """

    channel: str
    account: str
    provider_id: str
    sender: str
    recipient: str
    subject: str
    preview: str
    text: str
    raw: bytes
    connector: str = ""
    key: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the inbox is asked for. `day` is YYYY-MM-DD on the run's clock; None asks for all."""

    channel: str | None = None
    day: str | None = None
    text: str | None = None


def keep(connection: sqlite3.Connection, message: Received) -> int:
    """Put a message into the inbox; within a `Store.write`. Returns its number."""
    cursor = connection.execute(
        query("messages", "add"),
        {
            "channel": message.channel,
            "connector": message.connector,
            "key": message.key,
            "details": json.dumps(message.details),
            "account": message.account,
            "provider_id": message.provider_id,
            "sender": message.sender,
            "recipient": message.recipient,
            "subject": message.subject,
            "preview": message.preview,
            "size": len(message.raw),
            "now": now(),
        },
    )
    number = cursor.lastrowid
    assert number is not None
    connection.execute(query("messages", "add_body"), {"message": number, "raw": message.raw})
    connection.execute(
        query("messages", "add_words"),
        {
            "message": number,
            "recipient": message.recipient,
            "sender": message.sender,
            "subject": message.subject,
            "text": message.text,
        },
    )
    behaviour.behave(connection, number, message)
    return number


def page(store: Store, wanted: Filter, *, before: int = NEWEST, count: int = 50) -> list[sqlite3.Row]:
    """Messages that fit, newest first, older than the message `before`."""
    values = {"channel": wanted.channel, "day": wanted.day, "before": before, "count": count}
    if wanted.text and wanted.text.strip():
        return store.read("messages", "page_found", **values, **_search(wanted.text))
    return store.read("messages", "page_of_day" if wanted.day else "page", **values)


def matching(store: Store, wanted: Filter) -> int:
    """How many messages fit."""
    values = {"channel": wanted.channel, "day": wanted.day}
    if wanted.text and wanted.text.strip():
        row = store.read_one("messages", "matching_found", **values, **_search(wanted.text))
    else:
        row = store.read_one("messages", "matching", **values)
    return int(row["messages"]) if row else 0


def one(store: Store, number: int) -> sqlite3.Row | None:
    """A message with its body, `raw`."""
    return store.read_one("messages", "one", id=number)


def days(store: Store) -> dict[str, dict[str, int]]:
    """How many messages by day and channel, oldest day first."""
    found: dict[str, dict[str, int]] = {}
    for row in store.read("messages", "days"):
        found.setdefault(row["day"], {})[row["channel"]] = row["messages"]
    return found


def channels(store: Store) -> dict[str, int]:
    return {row["channel"]: row["messages"] for row in store.read("messages", "channels")}


def _search(text: str) -> dict[str, str]:
    # every word typed must begin a word of the message; what is joined (an address) must follow in order
    phrases = []
    for typed in text.split():
        words = re.findall(r"\w+", typed)
        if words:
            phrases.append(f'"{" ".join(words)}"*')
    return {"words": " ".join(phrases) or '""', "person": text.strip()}
