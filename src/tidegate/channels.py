"""What each channel needs: the column of `people` that holds the address, and the content of a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """`address`: a column of the people model. `content`: keys that `Message.content` has, required first."""

    name: str
    address: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


CHANNELS: dict[str, ChannelSpec] = {
    spec.name: spec
    for spec in (
        ChannelSpec("email", "email", ("subject", "html", "text"), ("from", "reply_to", "unsubscribe_url")),
        ChannelSpec("sms", "phone", ("text",)),
        ChannelSpec("whatsapp", "phone", ("text",), ("template", "language", "parameters", "image", "url")),
        ChannelSpec("push", "push_token", ("title", "text"), ("url", "image", "data")),
        ChannelSpec("web_push", "web_push_subscription", ("title", "text"), ("url", "image", "data")),
        ChannelSpec("telegram", "telegram_chat_id", ("text",), ("image",)),
        ChannelSpec("chat", "", ("text",), ("title",)),
        ChannelSpec("crm", "", ("campaign",), ("properties",)),
        ChannelSpec("webhook", "", ("body",)),
    )
}

#: channels that tell the person something: a team's channel and a webhook do not
TELLING = tuple(name for name in CHANNELS if name not in ("chat", "webhook"))
