"""What the project's files say, once checked: plain, frozen, complete.

Expressions are sqlglot trees whose columns are qualified with the table they come from: `entry` (the
segment's or trigger's row) or `person` (the people model's row).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlglot import exp

if TYPE_CHECKING:
    from tidegate.spec.journey_objects import Journey

OnLeave = Literal["remove", "keep", "set"]
OnDelete = Literal["remove", "keep"]
Write = Literal["upsert", "create", "update"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a guard: a share of the members before the run (0.2 is 20 %), or a number of people."""

    share: float | None = None
    count: int | None = None

    def of(self, members: int) -> float:
        return self.share * members if self.share is not None else float(self.count or 0)

    def __str__(self) -> str:
        return f"{self.share:.0%}" if self.share is not None else str(self.count)


@dataclass(frozen=True, slots=True)
class Guard:
    """Limits that block an audience before anything of it is sent.

    `leeway`: so many people may always enter or leave, whatever the shares say (small audiences churn).
    """

    max_enter: Limit | None = Limit(share=1.0)
    max_leave: Limit | None = Limit(share=0.5)
    max_messages: int | None = None
    min_members: int = 0
    leeway: int = 20


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` messages to a person in any window as long as `per`, by one channel or by `any`."""

    channel: str
    most: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `most` messages through a destination in any window as long as `per`."""

    most: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """Quiet from `opens` to before `closes`, minutes of the day on a person's own clock.

    `closes` is past 1440 where the window ends on the day after. `days` are those it begins on, Monday is 1.
    """

    opens: int
    closes: int
    days: frozenset[int] = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True)
class Send:
    """A message to send, by the first of `by` (destinations' names) that reaches the person."""

    message: str
    by: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Sync:
    """A list or object of a destination kept equal to the segment.

    `on_delete` is what becomes of it once no audience owns it; None asks.
    """

    to: str
    mode: Literal["list", "object"]
    name: str
    match: Mapping[str, exp.Expr]
    set: Mapping[str, exp.Expr] = field(default_factory=dict)
    on_leave: OnLeave = "remove"
    on_leave_set: Mapping[str, exp.Expr] = field(default_factory=dict)
    write: Write = "upsert"
    overwrite_with_null: bool = False
    on_delete: OnDelete | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    """Exactly one of `who` (a segment) and `when` (a trigger) is set: the name of a dbt model.

    `condition` is the file's `if`; NULL is false.
    """

    name: str
    file: str
    who: str | None = None
    when: str | None = None
    condition: exp.Expr | None = None
    sync: tuple[Sync, ...] = ()
    on_enter: tuple[Send, ...] = ()
    on_exit: tuple[Send, ...] = ()
    sends: tuple[Send, ...] = ()  # of a trigger
    not_older_than: timedelta = timedelta(days=1)
    expires_after: timedelta = timedelta(hours=24)
    priority: int = 0
    backfill: bool = False
    guard: Guard = Guard()
    line: int = 0  # of `who` or `when`
    holdout: float | None = None  # the share of people who are told nothing by it

    @property
    def model(self) -> str:
        model = self.who or self.when
        assert model is not None
        return model


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a message: `messages/NAME/CHANNEL[.LANGUAGE].EXT`, front matter and body as written.

    An e-mail's plain text may be a file beside it: `text`, with its own file. `lines` are the front matter's.
    """

    file: str
    channel: str
    language: str | None
    extension: str
    front: Mapping[str, Any]
    body: str
    body_line: int
    lines: Mapping[str, int] = field(default_factory=dict)
    text: str | None = None
    text_file: str = ""
    text_line: int = 1


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message: content by (channel, language); language None is the default."""

    name: str
    topic: str
    contents: Mapping[tuple[str, str | None], Content]

    @property
    def transactional(self) -> bool:
        return self.topic == "transactional"


@dataclass(frozen=True, slots=True)
class DestinationSpec:
    """A configured account. `settings` are the file's values, with `${NAME}` and `secret:` not yet resolved."""

    name: str
    connector: str
    settings: Mapping[str, Any]
    per_second: float | None = None
    concurrency: int | None = None
    line: int = 0
    per_day: int | None = None
    throttle: Throttle | None = None
    #: of each setting, where `line` is the account's own
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Landing:
    """Files that are loaded into a raw table. `unique` columns make the same event twice one event."""

    files: str
    into: str
    unique: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class ModelColumns:
    """A dbt model as built: its relation (quoted, as dbt names it) and its columns with their types."""

    name: str
    relation: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Project:
    """A project, loaded for one target. `root` is absolute."""

    root: Path
    name: str
    key: str
    people: str
    time_zone: str
    target: str
    sandbox: bool
    clock: datetime | None  # a frozen `as_of` (UTC) for data that ended in the past; None is the wall clock
    consent: Mapping[str, exp.Expr]  # by channel, over `person`
    landings: tuple[Landing, ...]
    destinations: Mapping[str, DestinationSpec]
    audiences: Mapping[str, Audience]
    messages: Mapping[str, MessageSpec]
    language: str = "en"  # of content without one in its name
    unsubscribe_url: str | None = None  # a template over `person`
    file: str = "tidegate.yml"
    lines: Mapping[str, int] = field(default_factory=dict)  # of the settings' keys
    feedback: tuple[str, ...] = ()  # patterns of files, beside those in the warehouse's folder
    consents: tuple[str, ...] = ()
    consent_since: Mapping[str, exp.Expr] = field(default_factory=dict)  # when its answer was given, over `person`
    caps: tuple[Cap, ...] = ()
    quiet_hours: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)  # by channel or `any`
    holdout: float | None = None  # the share of people who are told nothing but what is transactional
    journeys: Mapping[str, Journey] = field(default_factory=dict)
    behave: Mapping[str, Any] = field(default_factory=dict)  # what people in the sandbox do: shares, and the seed
