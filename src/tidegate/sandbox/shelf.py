"""What one platform of the sandbox holds: objects, lists and messages, in the sandbox's store or in memory."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from tidegate.sandbox import adlists, inbox
from tidegate.sandbox.glance import glance, plain
from tidegate.sandbox.queries import query
from tidegate.sandbox.times import now

_LONGEST_VALUE = 300


class Shelf:
    """A connector's own part of the store. Ids are texts; fields are JSON-ready.

    A kind that begins with `_` is the platform's own bookkeeping (jobs, keys seen) and not shown on the page.
    """

    def __init__(self, connection: sqlite3.Connection, connector: str) -> None:
        self._connection = connection
        self.connector = connector

    def put(self, kind: str, id: str, fields: Mapping[str, Any]) -> None:
        """Keep an object under its id; one that is there is replaced whole."""
        before = self.get(kind, id)
        if before == dict(fields):
            return
        key = {"connector": self.connector, "kind": kind}
        values = {**key, "id": id, "fields": json.dumps(fields), "now": now()}
        number = self._connection.execute(query("records", "put"), values).fetchone()["number"]
        if before is not None:
            self._connection.execute(query("records", "forget_values"), {"number": number})
        indexed = [
            {**key, "number": number, "name": name, "value": value}
            for name, value in ((name, _value(value)) for name, value in fields.items())
            if value is not None
        ]
        self._connection.executemany(query("records", "add_value"), indexed)
        if not kind.startswith("_"):
            changed = {name: value for name, value in fields.items() if (before or {}).get(name) != value}
            changed |= {name: None for name in (before or {}) if name not in fields}
            self._note(kind, id, "add" if before is None else "change", changed)

    def get(self, kind: str, id: str) -> dict[str, Any] | None:
        row = self._one(kind, id)
        return None if row is None else dict(json.loads(row["fields"]))

    def find(self, kind: str, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
        """Id and fields of the objects with exactly these values, oldest first."""
        if not fields:
            return list(self.all(kind).items())
        key = {"connector": self.connector, "kind": kind}
        name, value = next(((name, _value(value)) for name, value in fields.items()), ("", None))
        if value is None:
            rows = self._connection.execute(query("records", "all"), key).fetchall()
        else:
            rows = self._connection.execute(
                query("records", "holding"), {**key, "name": name, "value": value}
            ).fetchall()
        found = [(str(row["id"]), dict(json.loads(row["fields"]))) for row in rows]
        return [(id, held) for id, held in found if all(held.get(name) == value for name, value in fields.items())]

    def drop(self, kind: str, id: str) -> bool:
        """Forget an object; False where there is none."""
        values = {"connector": self.connector, "kind": kind, "id": id}
        gone = self._connection.execute(query("records", "drop"), values).rowcount > 0
        if gone and not kind.startswith("_"):
            self._note(kind, id, "remove", {})
        return gone

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every object of a kind by its id, oldest first."""
        rows = self._connection.execute(query("records", "all"), {"connector": self.connector, "kind": kind})
        return {str(row["id"]): dict(json.loads(row["fields"])) for row in rows}

    def number(self) -> int:
        """A number that was never given before, for a new id: 1, 2, 3 ..."""
        return int(
            self._connection.execute(query("records", "number"), {"connector": self.connector}).fetchone()["last"]
        )

    def new_list(self, id: str, name: str, *, account: str = "", **details: Any) -> None:
        """`account` is whose the list is, where the platform has several; the rest is kept as it is."""
        adlists.create(
            self._connection, id=self._list(id), connector=self.connector, account=account, name=name, details=details
        )

    def lists(self) -> dict[str, str]:
        """Names of the lists by id, oldest first."""
        rows = self._connection.execute(query("lists", "of_connector"), {"connector": self.connector})
        return {str(row["id"]).partition(":")[2]: str(row["name"]) for row in rows}

    def list_details(self, id: str) -> dict[str, Any] | None:
        """What a list was created with, None where there is no such list."""
        row = self._connection.execute(query("lists", "one"), {"id": self._list(id)}).fetchone()
        return None if row is None else dict(json.loads(row["details"]))

    def about_list(self, id: str) -> dict[str, Any] | None:
        """Account, name, details, number of members and time of creation (ISO 8601, UTC); None where there is none."""
        row = self._connection.execute(query("lists", "one"), {"id": self._list(id)}).fetchone()
        if row is None:
            return None
        told = {name: row[name] for name in ("account", "name", "members", "created_at")}
        return {**told, "details": json.loads(row["details"])}

    def change_list(self, id: str, *, name: str | None = None, **details: Any) -> None:
        adlists.update(self._connection, self._list(id), name=name, details=details)

    def drop_list(self, id: str) -> None:
        adlists.delete(self._connection, self._list(id))

    def add(self, list_id: str, identifiers: Mapping[str, str]) -> bool:
        """Put somebody on a list; False where they are on it already. Who is the same: see `adlists.STRENGTH`."""
        return adlists.add(self._connection, self._list(list_id), [identifiers]) > 0

    def remove(self, list_id: str, identifiers: Mapping[str, str]) -> bool:
        """Take somebody off a list; False where they are not on it."""
        return adlists.remove(self._connection, self._list(list_id), [identifiers]) > 0

    def members(self, list_id: str) -> list[dict[str, str]]:
        """The identifiers of everybody on a list, oldest first."""
        rows = self._connection.execute(query("lists", "everybody"), {"list": self._list(list_id)})
        return [dict(json.loads(row["identifiers"])) for row in rows]

    def keep(
        self,
        channel: str,
        to: str,
        *,
        sender: str = "",
        subject: str = "",
        text: str | Mapping[str, Any] = "",
        html: str = "",
        raw: bytes = b"",
        key: str = "",
        id: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """Put a message into the inbox; returns the id that the platform knows it by (`id`, or one made up).

        `text` may be what a platform is to fill in itself, by name. `raw` is what came over the wire; without it an
        e-mail is put together from subject, text and HTML.
        `details` are shown beside the text: a link, a picture, the parameters of a template.
        """
        id = id or secrets.token_hex(12)
        text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        if not raw:
            raw = _mail(id, sender, to, subject, text, html) if channel == "email" else text.encode()
        words = text or plain(html)
        preview = " ".join(words[:640].split())[:160]
        message = inbox.Received(
            channel, self.connector, id, sender, to, subject, preview, words, raw, self.connector, key, details or {}
        )
        inbox.keep(self._connection, message)
        return id

    def messages(self, key: str | None = None) -> list[dict[str, Any]]:
        """Messages that were kept, oldest first: id, channel, to, key, sender, subject, text, details."""
        rows = self._connection.execute(query("messages", "of_connector"), {"connector": self.connector, "key": key})
        return [
            {
                "id": row["provider_id"],
                "channel": row["channel"],
                "to": row["recipient"],
                "key": row["key"],
                "sender": row["sender"],
                "subject": row["subject"],
                "text": _text(row["channel"], bytes(row["raw"])),
                "details": json.loads(row["details"]),
            }
            for row in rows
        ]

    def _list(self, id: str) -> str:
        return f"{self.connector}:{id}"

    def _one(self, kind: str, id: str) -> sqlite3.Row | None:
        values = {"connector": self.connector, "kind": kind, "id": id}
        row: sqlite3.Row | None = self._connection.execute(query("records", "one"), values).fetchone()
        return row

    def _note(self, kind: str, id: str, operation: str, fields: Mapping[str, Any]) -> None:
        values = {"connector": self.connector, "kind": kind, "id": id, "operation": operation}
        self._connection.execute(query("records", "add_change"), {**values, "fields": json.dumps(fields), "now": now()})


def _value(value: Any) -> str | None:
    """A value as it is looked for; None where it is too long or no single value."""
    if isinstance(value, (dict, list)):
        return None
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else None


def _mail(id: str, sender: str, to: str, subject: str, text: str, html: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = _line(sender), _line(to), _line(subject)
    mail["Message-ID"] = f"<{id}@sandbox.invalid>"
    mail.set_content(text or plain(html))
    if html:
        mail.add_alternative(html, subtype="html")
    return bytes(mail)


def _text(channel: str, raw: bytes) -> str:
    return glance(raw).text if channel == "email" else raw.decode("utf-8", "replace")


def _line(text: str) -> str:
    return " ".join(text.split())
