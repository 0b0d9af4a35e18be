"""The front matter of messages/NAME/CHANNEL.EXT."""

from __future__ import annotations

from pydantic import Field

from tidegate.spec.written import Written


class MessageFront(Written):
    """What every channel's content may say before its body."""

    topic: str | None = Field(
        default=None,
        min_length=1,
        description="What the person consented to (`marketing`); `transactional` is for what they need to know.",
    )


class EmailFront(MessageFront):
    """The front matter of an e-mail."""

    subject: str = Field(min_length=1, description="The subject: a template, in one line.")
    sender: str | None = Field(
        default=None,
        alias="from",
        description="The sender, where it is not the destination's: `Shop <hi@example.com>`.",
    )
    reply_to: str | None = Field(default=None, description="The address that answers go to.")
    unsubscribe_url: str | None = Field(
        default=None, description="The page where a person unsubscribes from this message; a template."
    )


FRONTS: dict[str, type[MessageFront]] = {"email": EmailFront, "sms": MessageFront, "webhook": MessageFront}
