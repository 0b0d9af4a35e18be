"""The objects that platforms hold, as the page looks at them: by connector and kind, with what changed when."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from tidegate.sandbox.adlists import beginning
from tidegate.sandbox.inbox import NEWEST
from tidegate.sandbox.store import Store


def kinds(store: Store) -> list[dict[str, Any]]:
    """Connector, kind, how many there are and the day of the last change."""
    return [dict(row) for row in store.read("records", "kinds")]


def count(store: Store, connector: str, kind: str) -> int:
    row = store.read_one("records", "held", connector=connector, kind=kind)
    return int(row["records"]) if row else 0


def page(
    store: Store, connector: str, kind: str, *, text: str = "", before: int = NEWEST, count: int = 50
) -> list[dict[str, Any]]:
    """Objects with their fields, newest first; the person too where a value is known to be somebody's."""
    text = text.strip()
    values = {"connector": connector, "kind": kind, "before": before, "count": count}
    # values are kept as JSON: a text begins with a quotation mark
    found = {"text": text or None, "prefix": beginning(json.dumps(text, ensure_ascii=False)[:-1])}
    return [_shown(store, row) for row in store.read("records", "page", **values, **found)]


def one(store: Store, connector: str, kind: str, id: str) -> dict[str, Any] | None:
    row = store.read_one("records", "one", connector=connector, kind=kind, id=id)
    return None if row is None else _shown(store, row)


def changes(store: Store, connector: str, kind: str, *, day: str, before: int, count: int) -> list[dict[str, Any]]:
    """What was added, changed and removed on a day, newest first; `fields` are those that changed."""
    values = {"connector": connector, "kind": kind, "day": day, "before": before, "count": count}
    return [_change(row) for row in store.read("records", "changes_of_day", **values)]


def history(store: Store, connector: str, kind: str, id: str) -> list[dict[str, Any]]:
    return [_change(row) for row in store.read("records", "history", connector=connector, kind=kind, id=id)]


def days(store: Store, connector: str, kind: str) -> dict[str, dict[str, int]]:
    """How many were added, changed and removed by day, oldest day first."""
    found: dict[str, dict[str, int]] = {}
    for row in store.read("records", "days", connector=connector, kind=kind):
        found.setdefault(row["day"], {"add": 0, "change": 0, "remove": 0})[row["operation"]] = row["changes"]
    return found


def unanswered(store: Store) -> list[dict[str, Any]]:
    """Calls to platforms that the sandbox does not play."""
    return [dict(row) for row in store.read("records", "unanswered")]


def _shown(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    whose = store.read_one("records", "whose", number=row["number"])
    return {
        "number": row["number"],
        "id": row["id"],
        "fields": json.loads(row["fields"]),
        "day": row["day"],
        "received_at": row["received_at"],
        "person": whose["person"] if whose else None,
    }


def _change(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "fields": json.loads(row["fields"])}
