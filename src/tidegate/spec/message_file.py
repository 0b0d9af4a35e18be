"""The front matter of messages/NAME/CHANNEL.EXT."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tidegate.spec.written import Written


def _parameters(value: Any) -> Any:
    texts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("should be a list of texts, or names with a text each; put numbers in quotes")
    return value


Parameters = Annotated[
    tuple[str, ...] | dict[str, str],
    BeforeValidator(_parameters),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        }
    ),
]


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


class PushFront(MessageFront):
    """The front matter of a push notification, to a phone or to a browser."""

    title: str = Field(min_length=1, description="The notification's first line: a template.")
    url: str | None = Field(default=None, description="What opens when the notification is tapped; a template.")
    image: str | None = Field(default=None, description="The address of a picture; a template.")
    data: dict[str, str] | None = Field(
        default=None, description="What the app gets along with it: names with a text each, which are templates."
    )


class WhatsAppFront(MessageFront):
    """The front matter of a WhatsApp message."""

    template: str | None = Field(
        default=None,
        min_length=1,
        description="The template that WhatsApp approved, by its name (at Twilio by its ContentSid).",
    )
    language: str | None = Field(
        default=None, description="The template's language, where it is not the file's: `en_US`."
    )
    parameters: Parameters | None = Field(
        default=None, description="What stands in the template's places: texts in their order, or by name; templates."
    )
    image: str | None = Field(default=None, description="The address of a picture, above the text; a template.")
    url: str | None = Field(
        default=None, description="What follows the fixed part of the address of the template's first link; a template."
    )

    @model_validator(mode="after")
    def _of_a_template(self) -> Self:
        beside = [key for key in ("language", "parameters", "url") if getattr(self, key) is not None]
        if self.template is None and beside:
            raise ValueError(f"`{beside[0]}` belongs to a `template`; name it")
        return self


class TelegramFront(MessageFront):
    """The front matter of a Telegram message."""

    image: str | None = Field(default=None, description="The address of a picture, above the text; a template.")


class ChatFront(MessageFront):
    """The front matter of a message to a team's channel."""

    title: str | None = Field(default=None, min_length=1, description="A line above the text; a template.")


class CrmFront(MessageFront):
    """The front matter of a message that a platform composes and sends itself."""

    campaign: str = Field(min_length=1, description="Which message: the platform's name or id for it.")


FRONTS: dict[str, type[MessageFront]] = {
    "email": EmailFront,
    "sms": MessageFront,
    "whatsapp": WhatsAppFront,
    "push": PushFront,
    "web_push": PushFront,
    "telegram": TelegramFront,
    "chat": ChatFront,
    "crm": CrmFront,
    "webhook": MessageFront,
}
