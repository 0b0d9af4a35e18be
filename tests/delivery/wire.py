"""A connector for the platform of these tests, as short as a connector can be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import ConfigDict

from tidegate.connecting import http
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, Row, Target


class Settings(ConnectorSettings):
    model_config = ConfigDict(extra="forbid")

    url: str
    batch: int = 1
    concurrency: int = 8
    per_second: float | None = None


class Wire(Connector):
    channel = "email"
    modes = frozenset({"send", "list", "object"})
    Settings = Settings

    @property
    def limits(self) -> Limits:
        return Limits(self.settings.batch, self.settings.concurrency, self.settings.per_second)

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._call("upsert", target.name, [_row(row) for row in rows])

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._call("remove", target.name, [_row(row) for row in rows])

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        rows = [{"key": message.key, "to": message.to, "content": dict(message.content)} for message in messages]
        return await self._call("send", "", rows)

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        reply = await http.call(
            self.session, "POST", f"{self.settings.url}/lookup", safe_to_repeat=True, json={"rows": list(keys)}
        )
        return {key: Outcome.accepted(f"id-{key}") for key in reply.json()}

    async def _call(self, what: str, name: str, rows: list[Any]) -> list[Outcome]:
        reply = await http.call(
            self.session, "POST", f"{self.settings.url}/{what}", safe_to_repeat=False, json={"list": name, "rows": rows}
        )
        return [
            Outcome(result["verdict"], result.get("reason", ""), provider_id=result.get("id"))
            for result in reply.json()["results"]
        ]


class WireThatCanBeAsked(Wire):
    can_look_up = True


class WireThatFindsProfiles(Wire):
    finds_profiles = True


class WireThatComposes(Wire):
    """Composes its messages itself, of the record that it has of a person."""

    channel = "crm"


class WireThatDropsRepeats(Wire):
    idempotent_for = timedelta(days=1)


class WireThatAnswers(Wire):
    """Says something to whoever wants to hear it; what, stands in the message."""

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        outcomes = await super().send(messages)
        return [
            Outcome.accepted(outcome.provider_id, message.content["text"] if message.answers else None)
            if outcome.verdict == "accepted"
            else outcome
            for message, outcome in zip(messages, outcomes, strict=True)
        ]


class WireThatJudgesLater(Wire):
    """Takes rows as jobs, and tells of them when it is asked."""

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._submit("upsert", target, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await self._submit("remove", target, rows)

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        url, asked = f"{self.settings.url}/poll", {"job": job, "of": len(rows), "rows": []}
        reply = await http.call(self.session, "POST", url, safe_to_repeat=True, json=asked)
        told = reply.json()["results"]
        return [
            Outcome.pending(job) if one["verdict"] == "pending" else Outcome(one["verdict"], one.get("reason", ""))
            for one in told
        ]

    async def _submit(self, what: str, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        given = {"what": what, "list": target.name, "rows": [_row(row) for row in rows]}
        reply = await http.call(self.session, "POST", f"{self.settings.url}/submit", safe_to_repeat=True, json=given)
        return [Outcome.pending(reply.json()["job"])] * len(rows)


def _row(row: Row) -> dict[str, Any]:
    return {"identifiers": dict(row.identifiers), "traits": dict(row.traits)}


def render(message: str, channel: str, person: Any, entry: Any, step: Any, message_key: str) -> dict[str, str]:
    if entry.get("trap"):
        raise ValueError(f"cannot render for {person['email']}")
    if entry.get("tells"):
        return {"subject": "Told", "text": f"{step[entry['tells']]['score']}", "html": "<p>"}
    text = entry["says"] if "says" in entry else json.dumps(entry)
    return {"subject": f"{message} for {person['first_name']}", "text": text, "html": "<p>"}
