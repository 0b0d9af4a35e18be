"""Tasks in a project of Asana: one for each message, or one for each person of a segment.

Asana knows no idempotency key. With an app's access (OAuth) a task carries an id of ours (`external`), by which it is
found again; a personal access token cannot set one. As documented on developers.asana.com, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.bearer import TokenOrApp, call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connector import (
    Connector,
    Identifier,
    Limits,
    Message,
    Outcome,
    Row,
    Target,
    one_by_one,
)
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.mask import mask

#: of a task that a message without a title makes
LONGEST_NAME = 200

IDENTIFIERS = {"external_id": Identifier("plain")}
FIELDS = {
    "assignee",
    "completed",
    "due_at",
    "due_on",
    "html_notes",
    "name",
    "notes",
    "start_at",
    "start_on",
}
#: what Asana takes for empty where null is not it
EMPTY = {"name": "", "notes": "", "html_notes": "<body></body>", "completed": False}


class AsanaSettings(TokenOrApp):
    project: str = Field(pattern=r"^\d+$")
    """The number in the project's address."""
    access_token: SecretStr | None = None
    """A personal access token, for messages; or give `client_id`, `client_secret` and `refresh_token`."""
    token_url: str = Field("https://app.asana.com/-/oauth_token", pattern=r"^https?://")
    base_url: BaseUrl = "https://app.asana.com/api/1.0"


class Asana(Connector):
    channel = "chat"
    modes = frozenset({"send", "object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    can_look_up = True
    Settings = AsanaSettings
    settings: AsanaSettings

    @property
    def limits(self) -> Limits:
        # 150 requests a minute without a paid plan, 15 changes at once (docs/rate-limits)
        return Limits(batch=1, concurrency=8, per_second=2)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        self._access = self.settings.access()

    async def prove(self) -> str:
        found = await self._ask("GET", f"projects/{self.settings.project}?opt_fields=name", safe=True)
        return f"the project {mask(str(found.get('name')))} can be read"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        for key in keys if self._by_app else ():
            try:
                found[key] = Outcome.accepted(await self._known(_of_message(key)))
            except _NotFound:
                continue
        return found

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [await self._row(self._put, target, row) for row in rows]

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return [await self._row(self._delete, target, row) for row in rows]

    @property
    def _by_app(self) -> bool:
        return self.settings.access_token is None

    async def _send(self, message: Message) -> Outcome:
        text = str(message.content["text"])
        title = message.content.get("title") or next((line for line in text.splitlines() if line.strip()), "")
        task = {"name": str(title)[:LONGEST_NAME], "notes": text, "projects": [self.settings.project]}
        if self._by_app:
            task["external"] = {"gid": _of_message(message.key)}
        return Outcome.accepted(await self._task("POST", "tasks", task, safe=False))

    async def _row(self, change: Any, target: Target, row: Row) -> Outcome:
        if target.name != "task":
            raise Unsupported("no_object", f"{target.name}: the object is task")
        if not self._by_app:
            raise Unsupported("needs_oauth", "tasks are found again by an id that only an app's access can set")
        found = row.identifiers.get("external_id")
        if not found:
            return Outcome.rejected("no_identifier", "a task needs its `external_id`")
        outcome: Outcome = await change(target, found, row)
        return outcome

    async def _put(self, target: Target, external: str, row: Row) -> Outcome:
        fields = _fields(row)
        try:
            if target.write == "create" or not fields:
                return Outcome.accepted(await self._known(external))
            return Outcome.accepted(await self._task("PUT", _path(external), fields, safe=True))
        except _NotFound:
            if target.write == "update":
                return Outcome.rejected("not_found", "there is no such task")
        task = {"name": external, **fields, "projects": [self.settings.project], "external": {"gid": external}}
        # Where the answer is lost, the task is found by its id the next time.
        return Outcome.accepted(await self._task("POST", "tasks", task, safe=True))

    async def _delete(self, target: Target, external: str, row: Row) -> Outcome:
        with suppress(_NotFound):
            await self._ask("DELETE", _path(external), safe=True)
        return Outcome.accepted()

    async def _known(self, external: str) -> str:
        return await self._task("GET", f"{_path(external)}?opt_fields=name", None, safe=True)

    async def _task(self, method: str, path: str, task: dict[str, Any] | None, *, safe: bool) -> str:
        try:
            found = await self._ask(method, path, task, safe=safe)
        except _NotFound as fault:
            if method == "POST":
                raise Closed("no_project", fault.detail) from None
            raise
        if not isinstance(found.get("gid"), str) or not found["gid"]:
            raise doubtful(safe, "garbled", "an answer without the gid of a task")
        return str(found["gid"])

    async def _ask(
        self, method: str, path: str, content: dict[str, Any] | None = None, *, safe: bool
    ) -> dict[str, Any]:
        reply = await call_with(
            self._access,
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe,
            json=None if content is None else {"data": content},
            judge=_judge,
        )
        data = reply.object("data")["data"]
        if not isinstance(data, dict):
            raise doubtful(safe, "garbled", f"HTTP {reply.status} without data")
        return data


class _NotFound(Refused):
    pass


def _path(external: str) -> str:
    return f"tasks/external:{quote(external, safe='')}"


def _of_message(key: str) -> str:
    return f"message:{key}"


def _fields(row: Row) -> dict[str, Any]:
    """Traits as Asana takes them: its fields by their names, those of the project by their numbers."""
    own = {name: value for name, value in row.traits.items() if name.isdigit()}
    unknown = sorted(set(row.traits) - set(own) - FIELDS)
    if unknown:
        raise Unsupported("no_field", f"{', '.join(unknown)}: not one of {', '.join(sorted(FIELDS))}, nor a number")
    plain = {name: value for name, value in row.traits.items() if name not in own}
    fields = {name: EMPTY.get(name) if value is None else value for name, value in plain.items()}
    return {**fields, **({"custom_fields": own} if own else {})}


def _judge(reply: Reply) -> DestinationError | None:
    errors = reply.peek("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    words = str(first.get("message") or "")
    said = mask(f"HTTP {reply.status} {words or reply.detail}", reply.hide)
    if reply.status == 402:
        return Closed("needs_plan", said)
    if reply.status == 404:
        return _NotFound("not_found", said)
    if reply.status == 400 and words.lower().startswith("project"):
        return Closed("no_project", said)
    if reply.status == 429:
        return Retryable("throttled", said, reply.after)
    return Refused("refused", said) if reply.status == 400 else None
