"""tidegate.yml: the project's settings and its destinations, by target."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from tidegate.spec.guard_keys import GuardKeys
from tidegate.spec.written import Duration, Name, Names, Pace, Ref, Share, Sql, Windows, Written


class LandKeys(Written):
    """Files that a run loads into a raw table before it builds the models."""

    files: str = Field(description="Which files: a path with wildcards, seen from the project's folder.")
    into: str = Field(description="The table they are loaded into, such as `raw.orders`.")
    unique: Names = Field(
        default=(), description="Columns that name an event: the same values again are the same event."
    )


class CapKeys(Written):
    """How many messages are too many for one person."""

    channel: str = Field(description="A channel, or `any`.")
    most: int = Field(alias="max", ge=1, description="So many messages may go to a person in the time.")
    per: Duration = Field(description="The time: any window of this length, such as `7 days`.")


class ConsentKeys(Written):
    """A consent that is known by date."""

    if_: Sql = Field(alias="if", description="Who consented: a SQL condition over `person`.")
    since: Sql = Field(description="When they last said so, or said no: a timestamp, in SQL over `person`.")


def _consent(value: Any) -> str:
    return "dated" if isinstance(value, dict) else "sql"


Consent = Annotated[Annotated[Sql, Tag("sql")] | Annotated[ConsentKeys, Tag("dated")], Discriminator(_consent)]


class EventFilesKeys(Written):
    """Files of feedback or of consents, beside those in the warehouse's folder: see docs/feedback.md."""

    files: Names = Field(description="Which files: paths with wildcards, seen from the project's folder.")


class DestinationKeys(Written):
    """A configured account at a platform. All other keys are the connector's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    connector: str = Field(description="The connector: the name of a file in `connectors/`, or of a shipped one.")
    per_second: float | None = Field(default=None, gt=0, description="At most so many calls a second.")
    concurrency: int | None = Field(default=None, ge=1, description="At most so many calls at once.")
    per_day: int | None = Field(default=None, ge=1, description="At most so many calls in 24 hours.")
    throttle: Pace | None = Field(
        default=None, description="At most so many messages in a time, such as `10,000 per hour`; the others wait."
    )


def _kind(value: Any) -> str:
    return "accounts" if isinstance(value, dict) else "sandbox"


def _clock(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"`{value}` is not a time; write one such as `2011-12-09` or `2011-12-09 12:00`") from None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    raise ValueError("should be a time, such as `2011-12-09 12:00`")


Clock = Annotated[
    datetime,
    BeforeValidator(_clock),
    WithJsonSchema({"type": "string", "examples": ["2011-12-09", "2011-12-09 12:00"]}),
]


class BehaveKeys(Written):
    """What people in the sandbox do by themselves: shares of the messages that they get."""

    opens: Share | None = Field(default=None, description="Opened, some hours after they came: `40%`.")
    clicks: Share | None = Field(default=None, description="Clicked, of all messages; who clicks has opened.")
    bounces: Share | None = Field(default=None, description="Bounced for good.")
    complaints: Share | None = Field(default=None, description="Complained about.")
    unsubscribes: Share | None = Field(default=None, description="Unsubscribed from.")
    replies: Share | None = Field(default=None, description="Replied to.")
    answers: dict[Name, dict[str, Any] | list[dict[str, Any]]] | None = Field(
        default=None,
        description="What webhooks answer to messages, by destination: an object, or several of which each gets one.",
    )
    seed: int = Field(default=0, description="Another seed, other people.")


class TargetKeys(Written):
    """Where a run delivers to. A target has the name of an output in dbt's profiles.yml."""

    destinations: Annotated[
        Annotated[Literal["sandbox"], Tag("sandbox")] | Annotated[dict[Name, DestinationKeys], Tag("accounts")],
        Discriminator(_kind),
    ] = Field(
        description="Destinations by name; or `sandbox`: those of the other targets, with the sandbox in their place."
    )
    clock: Clock | None = Field(
        default=None,
        description="The time that runs take for now (UTC), where the data ended in the past; else it is the clock's.",
    )
    behave: BehaveKeys | None = Field(
        default=None, description="With `destinations: sandbox`: how people behave who get its messages."
    )


class SettingsFile(Written):
    """The project's settings and its destinations, by target."""

    project: Name = Field(description="The project's name.")
    key: str = Field(min_length=1, description="The column that names a person, in every model.")
    people: Ref = Field(description="The model with one row for each person: the address book.")
    time_zone: str = Field(
        default="UTC", description="The time zone of people whose own is unknown, such as `Europe/London`."
    )
    language: str = Field(
        default="en", description="The language of messages that have none in their files' names, such as `en`."
    )
    unsubscribe_url: str | None = Field(
        default=None, description="The page where a person unsubscribes; a template over `person`."
    )
    consent: dict[str, Consent] = Field(
        default_factory=dict,
        description="For each channel, who consented to it: a SQL condition over `person`; or `if` and `since`.",
    )
    caps: tuple[CapKeys, ...] = Field(
        default=(), description="How much is too much, for all messages but the transactional."
    )
    quiet_hours: dict[str, Windows] = Field(
        default_factory=dict,
        description="For each channel (or `any`), when nobody is disturbed, in the person's own time.",
    )
    holdout: Share | None = Field(
        default=None, description="The share of people who get no messages, for comparison, such as `5%`."
    )
    land: tuple[LandKeys, ...] = Field(default=(), description="Files that a run loads before it builds the models.")
    feedback: EventFilesKeys | None = Field(
        default=None, description="Further files that say what people did with messages."
    )
    consents: EventFilesKeys | None = Field(
        default=None, description="Further files that say what people consented to, and no longer do."
    )
    guard: GuardKeys | None = Field(default=None, description="Limits for every audience that sets none of its own.")
    targets: dict[Name, TargetKeys] = Field(min_length=1, description="Where runs deliver to, by target.")
