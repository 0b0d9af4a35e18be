"""How people behave by themselves: who opens, clicks, bounces, drawn from a seed when the message comes.

The same messages with the same seed are answered in the same way, in whatever order they come.
"""

from __future__ import annotations

import hashlib
import math
import random
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tidegate.feedback.format import Kind
from tidegate.sandbox import links, reported
from tidegate.sandbox.queries import query

#: what a webhook answers: one JSON object, or several of which each person gets one
Said = Annotated[list[dict[str, Any]], BeforeValidator(lambda said: [said] if isinstance(said, dict) else said)]
Share = Annotated[float, Field(ge=0, le=1)]
_TWO_HOURS = math.log(2 * 3600)
_LATEST = 3 * 86_400


class Behaviour(BaseModel):
    """Shares of the messages. What does not bounce is `delivered` by default; who clicks, complains, unsubscribes or
    replies has opened, and of e-mail and push that is told. `channel`: only of its messages. `answers`: what the
    receivers of webhooks answer to messages, by destination."""

    model_config = ConfigDict(extra="forbid")

    channel: str = ""
    delivered: Share = 1.0
    opens: Share = 0.0
    clicks: Share = 0.0
    bounces: Share = 0.0
    soft_bounces: Share = 0.0
    complaints: Share = 0.0
    unsubscribes: Share = 0.0
    replies: Share = 0.0
    answers: dict[str, Said] = Field(default_factory=dict)
    seed: int = 0


def tell(connection: sqlite3.Connection, rule: Behaviour) -> None:
    """From now on, people behave so."""
    connection.execute(query("feedback", "set_rule"), {"channel": rule.channel, "rule": rule.model_dump_json()})


def told(connection: sqlite3.Connection, channel: str) -> Behaviour | None:
    row = connection.execute(query("feedback", "rule"), {"channel": channel}).fetchone()
    return Behaviour.model_validate_json(row["rule"]) if row is not None else None


def answer(connection: sqlite3.Connection, destination: str, person: str) -> dict[str, Any] | None:
    """What a webhook's receiver answers to a message about somebody: to the same person always the same."""
    rule = told(connection, "webhook")
    said = rule.answers.get(destination) if rule is not None else None
    if rule is None or not said:
        return None
    drawn = hashlib.sha256(f"{rule.seed}:{destination}:{person}".encode()).digest()
    return said[int.from_bytes(drawn[:8]) % len(said)]


def behave(connection: sqlite3.Connection, number: int, message: Any) -> None:
    """Let the recipient of a message that has just come (an `inbox.Received`) do what they will; within a write."""
    rule = told(connection, message.channel)
    if rule is None or message.channel in reported.OF_TEAMS:
        return
    at = connection.execute(query("feedback", "about_message"), {"message": number}).fetchone()["clock_at"]
    named = (rule.seed, message.channel, message.recipient, message.subject, message.preview, at)
    chance = random.Random(hashlib.sha256(repr(named).encode()).digest())
    for kind, seconds in drawn(rule, chance):
        if kind == "opened" and message.channel not in reported.TELL_OPENING:
            continue
        url = None
        if kind == "clicked":
            found = links.of(message.channel, message.raw, message.details)
            if not found:
                continue
            url = chance.choice(found)
        reported.record(
            connection,
            number,
            "bounced" if kind == "soft" else kind,  # type: ignore[arg-type]
            after=timedelta(seconds=seconds),
            in_time=True,
            permanent={"bounced": True, "soft": False}.get(kind),
            url=url,
        )


def drawn(rule: Behaviour, chance: random.Random) -> Sequence[tuple[Kind | str, float]]:
    """What becomes of one message: each thing, and after how many seconds. `soft` is a bounce that may pass."""
    # Every number is drawn in any case: another share of one thing does not change the others.
    bounces, delivered, opens, complaints, unsubscribes, replies = (chance.random() for _ in range(6))
    arrival = 1 + 19 * chance.random()
    opened = arrival + min(chance.lognormvariate(_TWO_HOURS, 1.0), _LATEST)
    later = [chance.uniform(5, 300), chance.uniform(10, 600), chance.uniform(10, 600), chance.uniform(60, 86_400)]
    if bounces < rule.bounces + rule.soft_bounces:
        return [("bounced" if bounces < rule.bounces else "soft", arrival)]
    # Who clicks is among who opens: one number decides both.
    reactions = [
        (kind, opened + after)
        for kind, wanted, after in (
            ("clicked", opens < rule.clicks, later[0]),
            ("complained", complaints < rule.complaints, later[1]),
            ("unsubscribed", unsubscribes < rule.unsubscribes, later[2]),
            ("replied", replies < rule.replies, later[3]),
        )
        if wanted
    ]
    found: list[tuple[Kind | str, float]] = [("delivered", arrival)] if delivered < rule.delivered else []
    if reactions or opens < rule.opens:
        found.append(("opened", opened))
    return [*found, *reactions]
