"""The ad platforms' lists: who is on them, by the identifiers that were given.

A platform resolves a row to one of its users. The sandbox has no users, so it resolves a row to a member:
two rows are the same member when they share an identifier and do not contradict each other in a stronger
one (two people may share a telephone, not an e-mail address).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidegate.sandbox.inbox import NEWEST
from tidegate.sandbox.queries import query
from tidegate.sandbox.store import Store
from tidegate.sandbox.times import now

#: Kinds of identifiers that tell people apart, the strongest first. Others are kept, not matched by.
STRENGTH = ("extern_id", "uid", "email", "phone", "madid")

Identifiers = Mapping[str, str]


def create(connection: sqlite3.Connection, *, id: str, connector: str, account: str, name: str, details: Any) -> None:
    values = {"id": id, "connector": connector, "account": account, "name": name, "details": json.dumps(details)}
    connection.execute(query("lists", "add"), {**values, "now": now()})


def update(connection: sqlite3.Connection, list_id: str, *, name: str | None, details: Mapping[str, Any]) -> None:
    connection.execute(query("lists", "update"), {"id": list_id, "name": name, "details": json.dumps(details)})


def delete(connection: sqlite3.Connection, list_id: str) -> None:
    connection.execute(query("lists", "delete"), {"id": list_id})


def add(connection: sqlite3.Connection, list_id: str, rows: Iterable[Identifiers]) -> int:
    """Put people on a list; who is on it already is known by the newer identifiers. Returns how many are new."""
    new = 0
    for row in rows:
        member = _same(connection, list_id, row, weaker=False)
        values = {"list": list_id, "identifiers": json.dumps(row, sort_keys=True), "now": now()}
        if member is None:
            member = connection.execute(query("lists", "add_member"), values).lastrowid
            _note(connection, list_id, "add", row)
            new += 1
        else:
            connection.execute(query("lists", "update_member"), {**values, "member": member})
            connection.execute(query("lists", "forget_identifiers"), {"member": member})
        connection.executemany(
            query("lists", "add_identifier"),
            [
                {"list": list_id, "kind": kind, "value": value, "member": member}
                for kind, value in {**row, **_telling(row)}.items()
            ],
        )
    return new


def remove(connection: sqlite3.Connection, list_id: str, rows: Iterable[Identifiers]) -> int:
    """Take people off a list; who is not on it is no error. Returns how many were on it."""
    gone = 0
    for row in rows:
        member = _same(connection, list_id, row, weaker=True)
        if member is None:
            continue
        connection.execute(query("lists", "remove_member"), {"member": member})
        _note(connection, list_id, "remove", row)
        gone += 1
    return gone


def _note(connection: sqlite3.Connection, list_id: str, operation: str, row: Identifiers) -> None:
    values = {"list": list_id, "operation": operation, "identifiers": json.dumps(row, sort_keys=True), "now": now()}
    change = connection.execute(query("lists", "add_change"), values).lastrowid
    connection.executemany(
        query("lists", "add_changed"), [{"value": value, "change": change} for value in row.values()]
    )


def _telling(row: Identifiers) -> dict[str, str]:
    """What tells the person of a row apart, the strongest first; without any of it, the whole row does."""
    return {kind: row[kind] for kind in STRENGTH if kind in row} or {"row": json.dumps(row, sort_keys=True)}


def _same(connection: sqlite3.Connection, list_id: str, row: Identifiers, *, weaker: bool) -> int | None:
    """The member that a row means. Adding looks at the strongest identifier only: a new address is a new member."""
    telling = _telling(row)
    stronger: dict[str, str] = {}
    for kind, value in list(telling.items())[: None if weaker else 1]:
        values = {"list": list_id, "kind": kind, "value": value}
        for held in connection.execute(query("lists", "holding"), values).fetchall():
            known = json.loads(held["identifiers"])
            if all(known.get(other, theirs) == theirs for other, theirs in stronger.items()):
                return int(held["id"])
        stronger[kind] = value
    return None


def members(
    store: Store, list_id: str, *, text: str = "", before: int = NEWEST, count: int = 50
) -> list[dict[str, Any]]:
    """Members, newest first, with person and address where the store's labels know them."""
    values = {"list": list_id, "before": before, "count": count}
    if text.strip():
        found = store.read("lists", "members_found", **values, prefix=beginning(text.strip()), person=text.strip())
    else:
        found = store.read("lists", "members", **values)
    return _with_people(store, list_id, found)


def _with_people(store: Store, list_id: str, found: Sequence[sqlite3.Row]) -> list[dict[str, Any]]:
    if not found:
        return []
    whose = {
        row["member"]: row
        for row in store.read("lists", "whose", list=list_id, first=found[-1]["id"], last=found[0]["id"])
    }
    return [
        {
            "id": row["id"],
            "identifiers": json.loads(row["identifiers"]),
            "day": row["day"],
            "received_at": row["received_at"],
            "person": whose[row["id"]]["person"] if row["id"] in whose else None,
            "address": whose[row["id"]]["address"] if row["id"] in whose else None,
        }
        for row in found
    ]


def changes(store: Store, list_id: str, *, day: str, before: int = NEWEST, count: int = 50) -> Sequence[dict[str, Any]]:
    """Who was put on a list and taken off it on a day, newest first; people as in `members`."""
    found = store.read("lists", "changes_of_day", list=list_id, day=day, before=before, count=count)
    shown = []
    for row in found:
        identifiers = json.loads(row["identifiers"])
        whose = store.read_one("lists", "whose_of", identifiers=json.dumps([*identifiers.values()]))
        shown.append(
            {
                "id": row["id"],
                "operation": row["operation"],
                "identifiers": identifiers,
                "person": whose["person"] if whose else None,
                "address": whose["address"] if whose else None,
            }
        )
    return shown


def days(store: Store, list_id: str) -> dict[str, dict[str, int]]:
    """How many were added and removed by day, oldest day first."""
    found: dict[str, dict[str, int]] = {}
    for row in store.read("lists", "days", list=list_id):
        found.setdefault(row["day"], {"add": 0, "remove": 0})[row["operation"]] = row["changes"]
    return found


def beginning(text: str) -> str:
    """A pattern for LIKE ... ESCAPE '\\' that matches what begins with `text`."""
    return "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in text) + "%"
