"""The keys of each kind of step in journeys/*.yml.

Paths inside a step (`then`, `else`, the arms of a split, the outcomes of a wait) are left as written here: whoever
reads them checks each of their steps by the keys of its own kind, so that a mistake is told of that kind alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from tidegate.spec.written import Clock, Duration, Name, Names, Share, Sql, Written

#: the schema of any step is put in its place by `tidegate.spec.schemas`
ANY_STEP = {"title": "Step"}
_STEPS: dict[str, Any] = {"type": "array", "items": ANY_STEP, "minItems": 1}
Steps = Annotated[tuple[Any, ...], Field(min_length=1), WithJsonSchema(_STEPS)]

_ID = Field(default=None, description="What other parts of the file and the reports call it.")
_ELSE = "The path of those for whom it is not true."


def _how_many(value: Any) -> str:
    return "one" if isinstance(value, dict) else "many"


_Keys = TypeVar("_Keys")
#: the keys of one thing, or a list of such; what is read is either
OneOrMany = Annotated[
    Annotated[_Keys, Tag("one")] | Annotated[tuple[_Keys, ...], Field(min_length=1), Tag("many")],
    Discriminator(_how_many),
]


class StepKeys(Written):
    """What every step may have."""

    id: Name | None = _ID


class SendStepKeys(StepKeys):
    """A message."""

    send: str = Field(description="The message: a folder of `messages/`. Its name is the step's, unless `id` is.")
    by: Names = Field(description="A destination or channel, or several: the first that reaches the person.")
    expires_after: Duration | None = Field(default=None, description="In place of the journey's `expires_after`.")
    priority: int | None = Field(default=None, description="In place of the journey's `priority`.")


class WaitKeys(Written):
    """How long, or what for."""

    for_: (
        Annotated[
            Annotated[str, Tag("one")] | Annotated[dict[str, Sql], Field(min_length=1), Tag("several")],
            Discriminator(lambda value: "several" if isinstance(value, dict) else "one"),
        ]
        | None
    ) = Field(
        default=None,
        alias="for",
        description="A duration; or a predicate, with `up_to`; or several outcomes by name: the earliest wins.",
    )
    until: Names | None = Field(
        default=None,
        description="A time or window of the week (`08:00 on mon`, `09:00-20:00 on mon..fri`) or several, `best_time`, "
        "or a SQL time with an offset (`person.birthday - 7 days`).",
    )
    at: Clock | None = Field(default=None, description="The time of the day, on the person's clock.")
    past: Literal["continue", "exit"] | None = Field(
        default=None, description="What becomes of those for whom the time has passed or is not known (`continue`)."
    )
    up_to: Duration | None = Field(default=None, description="How long is waited at most.")
    since: Literal["step", "entry"] | None = Field(
        default=None, description="From when on what happened counts: this step (unless told), or the entry."
    )
    reset: Sql | None = Field(default=None, description="A predicate that begins the time of `up_to` anew.")


class WaitStepKeys(StepKeys):
    """Some time, or until something happens."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": _STEPS})

    wait: Annotated[
        Annotated[Duration, Tag("time")] | Annotated[WaitKeys, Tag("keys")],
        Discriminator(lambda value: "keys" if isinstance(value, dict) else "time"),
    ] = Field(description="A duration such as `24 hours`, or the keys `for`, `until` and so on.")
    then: Steps | None = Field(default=None, description="The path of those for whom it happened.")
    else_: Steps | None = Field(default=None, alias="else", description="The path of those whose time ran out.")


class IfStepKeys(StepKeys):
    """One way or the other."""

    if_: Sql = Field(alias="if", description="A predicate; NULL is false.")
    then: Steps | None = Field(default=None, description="The path of those for whom it is true.")
    else_: Steps | None = Field(default=None, alias="else", description=_ELSE)


class WayKeys(Written):
    """One of several ways."""

    if_: Sql = Field(alias="if", description="A predicate; NULL is false.")
    then: Steps | None = Field(default=None, description="The path of those for whom it is the first that is true.")


class WaysStepKeys(StepKeys):
    """Several ways: the first whose predicate is true."""

    ways: tuple[WayKeys, ...] = Field(min_length=1, description="The ways, in the order in which they are asked.")
    else_: Steps | None = Field(
        default=None, alias="else", description="The path of those for whom none of them is true."
    )


class SplitStepKeys(StepKeys):
    """By chance, the same way for the same person ever after. Each arm may have a path, under its name."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": _STEPS})

    split: dict[str, Share] = Field(description="The arms and their shares, which make 100 % together.")


class MoveKeys(Written):
    """A list of a destination that people are put on or taken off."""

    to: str = Field(description="The destination: a name from tidegate.yml.")
    list: str | None = Field(default=None, min_length=1, description="The list they are put on.")
    remove: str | None = Field(default=None, min_length=1, description="The list they are taken off.")
    match: dict[str, Sql] = Field(
        default_factory=dict,
        description="Identifiers by which the destination knows a person, and their SQL expressions over `person`.",
    )


class SyncStepKeys(StepKeys):
    """Onto a list of a destination, or off it."""

    sync: OneOrMany[MoveKeys] = Field(description="A list, or several.")


class SetStepKeys(StepKeys):
    """Something that is known of the person from now on."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [key]} for key in ("set", "tag", "untag")]})

    set: dict[str, Sql] | None = Field(
        default=None, min_length=1, description="Traits and the SQL expressions of their values."
    )
    tag: Names | None = Field(default=None, description="Tags that are put on.")
    untag: Names | None = Field(default=None, description="Tags that are taken off.")


class EventStepKeys(StepKeys):
    """An event, as if the person had done it."""

    event: str = Field(min_length=1, description="Its name.")
    with_: dict[str, Sql] = Field(
        default_factory=dict, alias="with", description="Its properties and the SQL expressions of their values."
    )


class WebhookStepKeys(StepKeys):
    """A call to another system, whose answer later steps can use."""

    webhook: str = Field(description="The message with its content for `webhook`: a folder of `messages/`.")
    by: Names = Field(default=("webhook",), description="The destination (the one that sends by webhook).")
    up_to: Duration | None = Field(default=None, description="How long an answer is waited for (1 hour).")
    expires_after: Duration | None = Field(default=None, description="In place of the journey's `expires_after`.")
    priority: int | None = Field(default=None, description="In place of the journey's `priority`.")
    else_: Steps | None = Field(default=None, alias="else", description="The path of those without an answer.")


class ApproveStepKeys(StepKeys):
    """A person is asked before anybody goes on."""

    approve: str = Field(min_length=1, description="The question.")
    up_to: Duration | None = Field(default=None, description="How long an answer is waited for (3 days).")
    else_: Steps | None = Field(
        default=None, alias="else", description="The path of the rejected; without it, they end here."
    )


class EndStepKeys(StepKeys):
    """Here the walk is complete."""

    end: Literal[True] | None = Field(description="Nothing, or true. A bare `end` is the same.")


#: the kinds of steps, by the key that tells them; `set`, `tag` and `untag` are one
KINDS: dict[str, type[BaseModel]] = {
    "send": SendStepKeys,
    "wait": WaitStepKeys,
    "if": IfStepKeys,
    "ways": WaysStepKeys,
    "split": SplitStepKeys,
    "sync": SyncStepKeys,
    "set": SetStepKeys,
    "tag": SetStepKeys,
    "untag": SetStepKeys,
    "event": EventStepKeys,
    "webhook": WebhookStepKeys,
    "approve": ApproveStepKeys,
    "end": EndStepKeys,
}
