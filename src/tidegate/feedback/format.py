"""What a line of feedback and a line of consents may hold: docs/feedback.md, and the JSON Schemas of it.

The check itself is SQL (`feedback/read_feedback.sql`, `feedback/read_consents.sql`): lines come by the million.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from tidegate.connector import Channel

Kind = Literal["delivered", "opened", "clicked", "bounced", "complained", "unsubscribed", "replied"]
Id = Annotated[str, Field(min_length=1)] | int
KINDS: tuple[Kind, ...] = get_args(Kind)

_FEEDBACK: JsonDict = {
    "anyOf": [{"required": ["message_key"]}, {"required": ["provider_id"]}, {"required": ["channel", "address"]}],
    "dependentRequired": {"address": ["channel"]},
}
_CONSENT: JsonDict = {"anyOf": [{"required": ["person"]}, {"required": ["address"]}]}


class FeedbackLine(BaseModel):
    """One line of a file of feedback: what somebody did with a message. Other keys are left unread."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=_FEEDBACK)

    event_id: Id = Field(description="What names the event: the same again is the same event.")
    kind: Kind = Field(description="What happened.")
    happened_at: datetime = Field(description="When: ISO 8601; without an offset, UTC.")
    message_key: Id | None = Field(default=None, description="The message, by the key that it was sent under.")
    provider_id: Id | None = Field(default=None, description="The message, by the id that the platform gave it.")
    destination: str | None = Field(
        default=None, description="The destination's name; needed where two destinations give the same ids."
    )
    channel: Channel | None = Field(default=None, description="The channel of `address`.")
    address: str | None = Field(default=None, description="Where the message went. It is not kept.")
    topic: str | None = Field(
        default=None, description="Of `unsubscribed`: what is not wanted any more; without it, nothing by this channel."
    )
    permanent: bool | None = Field(
        default=None, description="Of `bounced`: whether the address will never work. Then it is never used again."
    )
    url: str | None = Field(default=None, description="Of `clicked`: where the link leads.")
    detail: str | None = Field(default=None, description="The platform's words. Addresses in them are not kept.")


class ConsentLine(BaseModel):
    """One line of a file of consents: somebody agreed to be written to, or does not any more. Other keys are left
    unread."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=_CONSENT)

    consent_id: Id = Field(description="What names it: the same again is the same consent.")
    channel: Channel = Field(description="By which channel.")
    given: bool = Field(description="true: given. false: withdrawn.")
    happened_at: datetime = Field(description="When: ISO 8601; without an offset, UTC.")
    person: Id | None = Field(default=None, description="Whose: the project's key, as text.")
    address: str | None = Field(default=None, description="Whose, by the address of `channel`. It is not kept.")
    topic: str | None = Field(default=None, description="To what; without it, to every topic.")
    source: str | None = Field(default=None, description="Where: a form, a page, a conversation.")
    wording: str | None = Field(default=None, description="What the person read.")
