"""The contract between the delivery and a connector.

A connector knows one platform and nothing of SQL, state or retries. It gets a batch within its limits,
makes the calls, and answers with one outcome a row, in the order of the rows. What befell a whole batch
it may raise as a `DestinationError`; the delivery applies that to each row (and halves a batch that was
`Refused`, until each row is judged by itself).

A connector is one file, `connectors/NAME.py`, that holds one class derived from `Connector`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Self

import aiohttp
from pydantic import BaseModel, ConfigDict

from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable, Unsupported, believable

Channel = Literal["email", "sms", "whatsapp", "push", "web_push", "telegram", "chat", "ads", "crm", "file", "webhook"]
Mode = Literal["send", "list", "object"]
Verdict = Literal["accepted", "rejected", "retry", "unknown", "pending"]
Write = Literal["upsert", "create", "update"]

#: bytes or characters of an answer
LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row or message. Use the five constructors; `after` is in seconds, at most a day.

    `answer` is JSON: an object, or `null` where there was none to keep.
    """

    verdict: Verdict
    reason: str = ""
    detail: str = ""
    provider_id: str | None = None
    after: float | None = None
    job: str | None = None
    answer: str | None = None

    @classmethod
    def accepted(cls, provider_id: str | None = None, answer: str | bytes | None = None) -> Self:
        """`answer` is the body that a message was answered with, where `Message.answers` asks for it. What is no JSON
        object, or longer than 64 KiB, is not kept."""
        return cls("accepted", provider_id=provider_id, answer=None if answer is None else _kept(answer))

    @classmethod
    def rejected(cls, reason: str, detail: str = "") -> Self:
        """It did not happen, and will not while the row stays as it is."""
        return cls("rejected", reason, detail)

    @classmethod
    def retry(cls, reason: str, after: float | None = None, detail: str = "", *, together: str | None = None) -> Self:
        """It certainly did not happen, and may later.

        `together`, of rows of a job (`Connector.poll`): they are sent again with those alone that were given the same
        name (at most 500 characters). So a job of which a part failed, and nobody knows which, is made anew in parts.
        """
        return cls("retry", reason, detail, after=believable(after), job=together)

    @classmethod
    def unknown(cls, reason: str, detail: str = "", provider_id: str | None = None) -> Self:
        """It may have happened; under `provider_id`, where we gave it one ourselves and feedback may name it."""
        return cls("unknown", reason, detail, provider_id=provider_id)

    @classmethod
    def pending(cls, job: str, after: float | None = None) -> Self:
        """Of rows only: the platform has taken the row and judges it later. `Connector.poll` is asked about `job`,
        a text of at most 500 characters that means something to the connector, in this run and in later ones."""
        return cls("pending", after=believable(after), job=job)

    @classmethod
    def of(cls, fault: DestinationError) -> Self:
        """What a failure means for each row that the failed call carried."""
        if isinstance(fault, Retryable):
            return cls.retry(fault.reason, fault.after, fault.detail)
        if isinstance(fault, InDoubt):
            return cls.unknown(fault.reason, fault.detail)
        return cls.rejected(fault.reason, fault.detail)


@dataclass(frozen=True, slots=True)
class Target:
    """The list or object that a batch of rows goes to. `name` is the list's or object's name in the file.

    `write`: `create` leaves alone what is there already (and accepts the row), `update` rejects a row that is not
    there (`not_found`). Only a connector that lists them in `writes` is given others than `upsert`.
    """

    mode: Literal["list", "object"]
    name: str
    write: Write = "upsert"


@dataclass(slots=True)  # not frozen: there are millions, and each would take twice the time to make
class Row:
    """A person as a destination is to know them. Not to be changed.

    `identifiers` are as the platform takes them (normalised, hashed); for a removal they are those that
    the destination was given, not today's. `traits` are the values of `set`, JSON-ready, empty on lists
    (but see `Connector.keeps_identifiers`): one that is None empties the field, one that is not there leaves
    the field alone.
    """

    person: str
    identifiers: Mapping[str, str]
    traits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message. `at` is the run's clock (UTC); `content` holds what `tidegate.channels` lists.

    `answers`: what the platform answers is wanted, as a later step of a journey goes by it.
    """

    key: str
    person: str
    channel: str
    to: str
    at: datetime
    content: Mapping[str, Any]
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Identifier:
    """How a platform wants one identifier: a rule of `tidegate.identifiers`, and whether it is hashed."""

    rule: str
    hash: Literal["sha256"] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform takes: rows in one call, calls at once, calls a second (None: no stated limit).

    `messages` in one call of `send`, where that is another number than rows. `per_day`: calls in 24 hours.
    """

    batch: int = 1
    concurrency: int = 8
    per_second: float | None = None
    messages: int | None = None
    per_day: int | None = None


class ConnectorSettings(BaseModel):
    """Settings common to all connectors. Unknown keys are refused; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Connector:
    """What every connector offers. Override what the platform can do; the rest stays `Unsupported`."""

    #: of the class, and of a destination whose settings say nothing else
    channel: Channel
    modes: ClassVar[frozenset[Mode]]
    #: identifiers that rows of a list or object may be matched by, in order of the platform's preference
    identifiers: ClassVar[Mapping[str, Identifier]] = {}
    #: for how long after it was first sent the platform recognises a message by its key, so that the person gets it
    #: once however often it is sent: as its documentation says. At least an hour, `timedelta.max` for ever; None where
    #: it does not, or not for long enough. A call of `send` that may have happened is InDoubt all the same.
    idempotent_for: ClassVar[timedelta | None] = None
    #: True where `lookup` can tell whether a message key was sent
    can_look_up: ClassVar[bool] = False
    #: True where `validate` and `validate_rows` (of what the connector's modes are) ask without changing anything
    can_validate: ClassVar[bool] = False
    #: True where a null empties the field unless the audience's file says otherwise: tables and files of one's own
    overwrites_with_null: ClassVar[bool] = False
    #: True where an identifier that a row does not have stays in its column: with `overwrite_with_null`, one of
    #: `match` that somebody has no more comes as a trait of its name that is None, on lists too
    keeps_identifiers: ClassVar[bool] = False
    #: how rows of an object may be written
    writes: ClassVar[frozenset[Write]] = frozenset({"upsert"})
    #: True where a list's rows are known by the person's key; elsewhere a row is known by its identifiers
    keyed_by_person: ClassVar[bool] = False
    #: True where identifiers find somebody whom the platform knows itself, and who is on the list then: taken off by an
    #: address that they gave up, they are off by the new one as well
    finds_profiles: ClassVar[bool] = False
    Settings: ClassVar[type[ConnectorSettings]] = ConnectorSettings

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @classmethod
    def channel_of(cls, settings: Mapping[str, Any]) -> Channel:
        """What a destination with these settings sends by. They are as in the file: `${NAME}` is not filled in.

        A connector that overrides this sets `self.channel` to the same.
        """
        return cls.channel

    @classmethod
    def keyed_by(cls) -> Literal["person", "profile", "identifiers"]:
        """What the platform knows a row of a list by."""
        return "person" if cls.keyed_by_person else "profile" if cls.finds_profiles else "identifiers"

    @property
    def limits(self) -> Limits:
        return Limits()

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Called once before any call. The session is the delivery's: pooled, with time-outs set."""
        self.session = session

    async def close(self) -> None:
        """Called once after the last call, also after a failure."""

    async def prove(self) -> str:
        """Show that the credentials work without changing anything; returns a line for a person."""
        raise Unsupported("cannot prove its credentials", type(self).__module__)

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        raise Unsupported("cannot hold rows", type(self).__module__)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        raise Unsupported("cannot remove rows", type(self).__module__)

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        """What became of the rows that were answered with this job, in the order in which they were given:
        one outcome each, `pending` while the platform is not done. Nothing is sent here: who is to be sent again is
        `retry`, since they may have left by now. So is each row of a job that the platform no longer knows."""
        raise Unsupported("has no jobs", type(self).__module__)

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        raise Unsupported("cannot send messages", type(self).__module__)

    async def validate(self, messages: Sequence[Message]) -> list[Outcome]:
        """Whether the platform would take the messages; nobody gets them."""
        raise Unsupported("cannot validate messages", type(self).__module__)

    async def validate_rows(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        """Whether the platform would take the rows; nothing changes there."""
        raise Unsupported("cannot validate rows", type(self).__module__)

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """What became of messages sent earlier; keys that the platform does not know are left out."""
        raise Unsupported("cannot look messages up", type(self).__module__)


def _kept(answer: str | bytes) -> str:
    if len(answer) > LONGEST_ANSWER:
        return "null"
    try:
        said = json.loads(answer, parse_constant=_no_number)
        written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        written.encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        return "null"
    return written if isinstance(said, dict) else "null"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


async def one_by_one(messages: Sequence[Message], send: Callable[[Message], Awaitable[Outcome]]) -> list[Outcome]:
    """`Connector.send` for a platform that takes one message a call: what befalls one is not the others' fate.

    Raises only what the delivery should know of as a whole: whatever befell a message that came alone, and
    Closed before anything was sent. After Closed nothing more is tried. A 404 or 405 that the platform does not
    explain is Closed: what is called is not the platform's address for messages, and no message is at fault.
    """
    outcomes: list[Outcome] = []
    for message in messages:
        try:
            outcomes.append(await send(message))
        except DestinationError as raised:
            nowhere = isinstance(raised, Refused) and raised.reason in ("http_404", "http_405")
            fault = Closed("bad_address", raised.detail) if nowhere else raised
            if isinstance(fault, Refused):
                outcomes.append(Outcome.of(fault))
                continue
            closed = isinstance(fault, Closed)
            if len(messages) == 1 or (closed and not outcomes):
                raise fault from None
            outcomes += [Outcome.of(fault)] * (len(messages) - len(outcomes) if closed else 1)
            if closed:
                break
    return outcomes
