"""What the tests of connectors that send e-mail have in common: a letter to send, and a connector on a wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.testing import Answer, HttpWire

from . import opening

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
UNSUBSCRIBE = "https://shop.example.com/u?t=" + "a1" * 20
#: what a mail has when it has everything; the sender is one that needs quoting and more than ASCII
WHOLE: Mapping[str, Any] = {
    "subject": "Żółć & {{ braces }} 日本",
    "html": "<p>Zażółć 🎉 {{ not.ours }} %recipient.x%</p>",
    "text": "Zażółć 🎉",
    "from": '"Sklep, Żółw" <hello@shop.example.com>',
    "reply_to": "help@shop.example.com",
    "unsubscribe_url": UNSUBSCRIBE,
}


def letter(number: int = 1, to: str = "", key: str = "", **content: Any) -> Message:
    given = {"subject": f"No. {number}", "html": f"<p>No. {number}</p>", "text": f"No. {number}", **content}
    return Message(key or f"journey:ada:step:{number}", "ada", "email", to or f"person.{number}@example.com", AT, given)


def opened(
    kind: type[Connector], settings: Mapping[str, Any], patience: float = 2
) -> AbstractAsyncContextManager[Connector]:
    return opening.opened(kind, settings, patience)


async def judged(connector: Connector, *messages: Message) -> list[Outcome]:
    """As a delivery sees it; what closes the destination is raised."""
    try:
        return await connector.send(messages)
    except Closed:
        raise
    except DestinationError as fault:
        return [Outcome.of(fault)] * len(messages)


def answering(status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> HttpWire:
    """A platform that gives every call one answer."""
    return HttpWire(lambda asked: Answer(status, body, headers or {}))


def verdicts(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.verdict, outcome.reason) for outcome in outcomes]
