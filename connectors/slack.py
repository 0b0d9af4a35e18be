"""Messages to a Slack channel, through chat.postMessage of the Web API.

Slack answers 200 to what it refuses, with `ok: false` and a code. It knows no idempotency key for messages:
a call in doubt stays in doubt. As documented on docs.slack.dev, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: Slack truncates a longer text (reference/methods/chat.postMessage, "Truncating content")
LONGEST_TEXT = 40_000

# Errors of chat.postMessage and auth.test (reference/methods/chat.postMessage). The token or the channel is at fault:
CLOSED = {
    **dict.fromkeys(
        (
            "access_denied",
            "account_inactive",
            "ekm_access_denied",
            "enterprise_is_restricted",
            "invalid_auth",
            "missing_scope",
            "no_permission",
            "not_allowed_token_type",
            "not_authed",
            "org_login_required",
            "team_access_not_granted",
            "token_expired",
            "token_revoked",
            "two_factor_setup_required",
        ),
        "unauthorized",
    ),
    **dict.fromkeys(
        (
            "as_user_not_supported",
            "cannot_reply_to_message",
            "channel_not_found",
            "channel_type_not_supported",
            "is_archived",
            "is_inactive",
            "messages_tab_disabled",
            "not_in_channel",
            "restricted_action",
            "restricted_action_non_threadable_channel",
            "restricted_action_read_only_channel",
            "restricted_action_thread_locked",
            "restricted_action_thread_only_channel",
            "slack_connect_canvas_sharing_blocked",
            "slack_connect_file_link_sharing_blocked",
        ),
        "bad_channel",
    ),
}
THROTTLED = {"rate_limited", "ratelimited", "message_limit_exceeded"}
UNAVAILABLE = {"accesslimited", "request_timeout", "service_unavailable", "team_added_to_org"}
# "It's possible some aspect of the operation succeeded before the error was raised."
DOUBTFUL = {"fatal_error", "internal_error"}

# What makes Slack call people: everybody who is here, one person, a group (messaging/formatting-message-text).
_MENTION = re.compile(r"<(?=[!@])")


class SlackSettings(ConnectorSettings):
    token: SecretStr
    """A bot token, `xoxb-...`, with the scope `chat:write`."""
    channel: str = Field(min_length=1)
    """The channel's id, such as `C012AB3CD`; or its name, where the bot may post to all public channels."""
    mentions: bool = False
    """Let `<!channel>`, `<!here>` and `<@U012AB3CD>` in a text call people."""
    base_url: BaseUrl = "https://slack.com/api"


class Slack(Connector):
    channel = "chat"
    modes = frozenset({"send"})
    Settings = SlackSettings
    settings: SlackSettings

    @property
    def limits(self) -> Limits:
        # "chat.postMessage generally allows posting one message per second per channel" (apis/web-api/rate-limits)
        return Limits(batch=1, concurrency=1, per_second=1)

    async def prove(self) -> str:
        found = await self._call("auth.test", {}, safe_to_repeat=True)
        return f"signed in as {mask(str(found.get('user')))} in {mask(str(found.get('team')))}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        text = str(message.content["text"])
        if message.content.get("title"):
            text = f"*{message.content['title']}*\n{text}"
        if not self.settings.mentions:
            # A text often holds a person's own words: nobody is to be called by those.
            text = _MENTION.sub("&lt;", text)
        if len(text) > LONGEST_TEXT:
            return Outcome.rejected("too_long", f"{len(text)} characters; Slack takes {LONGEST_TEXT}")
        found = await self._call(
            "chat.postMessage", {"channel": self.settings.channel, "text": text}, safe_to_repeat=False
        )
        stamp = found.get("ts")
        if not isinstance(stamp, str) or not stamp:
            raise doubtful(False, "garbled", "ok, without the stamp of a message")
        return Outcome.accepted(f"{found.get('channel') or self.settings.channel}/{stamp}")

    async def _call(self, method: str, content: dict[str, Any], *, safe_to_repeat: bool) -> dict[str, Any]:
        reply = await call_with(
            self.settings.token,
            self.session,
            "POST",
            f"{self.settings.base_url}/{method}",
            safe_to_repeat=safe_to_repeat,
            json=content,
            judge=_judge,
        )
        found = reply.object("ok")
        if not isinstance(found["ok"], bool):
            raise doubtful(safe_to_repeat, "garbled", f"HTTP {reply.status} without `ok`")
        fault = _judge(reply)
        if fault is not None:
            raise fault
        return found


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    if not isinstance(found, dict) or found.get("ok") is not False:
        return None
    code = mask(str(found.get("error") or "error"), reply.hide)
    scopes = f": needs {mask(str(found['needed']), reply.hide)}" if found.get("needed") else ""
    if code in CLOSED:
        return Closed(CLOSED[code], f"{code}{scopes}")
    if code in THROTTLED or reply.status == 429:
        return Retryable("throttled", code, reply.after)
    if code in UNAVAILABLE:
        return Retryable("unavailable", code, reply.after)
    if code in DOUBTFUL or reply.status >= 500:
        return doubtful(reply.safe, "error", code)
    return None if reply.status in (401, 403) else Refused("refused", code)
