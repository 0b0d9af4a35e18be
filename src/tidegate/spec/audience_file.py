"""audiences/*.yml: who, the destinations they are synced to, and what is sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from tidegate.spec.guard_keys import GuardKeys
from tidegate.spec.written import Duration, Name, Names, Ref, Share, Sql, Written


class SendKeys(Written):
    """A message to send."""

    send: str = Field(description="The message: a folder of `messages/`.")
    by: Names = Field(description="A destination or channel, or several: the first that reaches the person.")


class OnLeaveKeys(Written):
    """What an object is set to when its person leaves."""

    set: dict[str, Sql] = Field(min_length=1, description="Fields and the SQL expressions of their values.")


def _kind(value: Any) -> str:
    return "set" if isinstance(value, dict) else "word"


class SyncKeys(Written):
    """A list or object of a destination, kept equal to the segment."""

    to: str = Field(description="The destination: a name from tidegate.yml.")
    list: str | None = Field(default=None, min_length=1, description="The list's name at the destination.")
    object: str | None = Field(default=None, min_length=1, description="The kind of object, such as `contact`.")
    match: dict[str, Sql] = Field(
        min_length=1, description="Identifiers by which the destination knows a person, and their SQL expressions."
    )
    set: dict[str, Sql] = Field(default_factory=dict, description="Fields of an object and their SQL expressions.")
    on_leave: (
        Annotated[
            Annotated[Literal["remove", "keep"], Tag("word")] | Annotated[OnLeaveKeys, Tag("set")],
            Discriminator(_kind),
        ]
        | None
    ) = Field(
        default=None,
        description="When somebody leaves: `remove` (what a list does unless told), `keep` (what an object does), "
        "or an object's fields to set.",
    )
    write: Literal["upsert", "create", "update"] | None = Field(
        default=None,
        description="How an object is written: `upsert` (unless told), `create` (never touch what is there), `update` "
        "(never make a new one).",
    )
    overwrite_with_null: bool | None = Field(
        default=None,
        description="Whether a field whose value is null is emptied at the destination (for files and tables: yes).",
    )
    on_delete: Literal["keep", "remove"] | None = Field(
        default=None,
        description="When no audience owns it any more: `keep` who is on it, or `remove` them. Else you are asked.",
    )


class AudienceFile(Written):
    """A segment or trigger, the destinations it is synced to, and what is sent."""

    audience: Name = Field(description="The audience's name; no other file may have the same.")
    description: str | None = Field(default=None, description="What it is for, for the people who read the file.")
    who: Ref | None = Field(default=None, description="The segment: a model with one row for each person in it now.")
    when: Ref | None = Field(default=None, description="The trigger: a model with one row for each occurrence.")
    if_: Sql | None = Field(
        default=None, alias="if", description="Only occurrences for which this SQL condition is true."
    )
    sync: tuple[SyncKeys, ...] = Field(default=(), description="Lists and objects kept equal to the segment.")
    on_enter: tuple[SendKeys, ...] = Field(default=(), description="What is sent to people who enter.")
    on_exit: tuple[SendKeys, ...] = Field(default=(), description="What is sent to people who leave.")
    send: str | None = Field(default=None, description="The message for each occurrence: a folder of `messages/`.")
    by: Names | None = Field(
        default=None, description="A destination or channel, or several: the first that reaches the person."
    )
    not_older_than: Duration | None = Field(
        default=None, description="An occurrence seen later than this is recorded, not acted on (1 day)."
    )
    expires_after: Duration | None = Field(
        default=None, description="A message that could not go within this time does not go at all (24 hours)."
    )
    priority: int = Field(default=0, description="Of two messages that compete, the one of higher priority goes.")
    holdout: Share | None = Field(
        default=None, description="The share of people who get none of its messages, for comparison, such as `10%`."
    )
    backfill: bool = Field(
        default=False, description="Send also to those who are in it on the first run or after its SQL changed."
    )
    guard: GuardKeys | None = Field(default=None, description="Limits that block it before anything is sent.")
