"""Push notifications through OneSignal, which keeps the devices (documentation.onesignal.com/reference, read 2026-11).

OneSignal takes an `idempotency_key` and remembers it for 30 days: a message in doubt is sent again without harm.
A 200 may hold a refusal: an empty `id` means that nothing was sent (reference/create-message).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "Can use up to 2048 bytes of data" (create-message, `data`)
LARGEST_DATA = 2048
#: how OneSignal says in a 200 that there is nobody behind the address
NOBODY = (
    "not subscribed",
    "invalid_player_ids",
    "invalid_aliases",
    "invalid_subscription_ids",
    "invalid_external_user",
)


class OneSignalSettings(ConnectorSettings):
    app_id: str = Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
    api_key: SecretStr
    """An app API key: Settings, Keys & IDs."""
    alias: str | None = Field(None, min_length=1)
    """The label under which OneSignal knows what is in `push_token`, such as `external_id`; else subscription ids."""
    ttl: int | None = Field(None, ge=0, le=2_419_200)
    """Seconds that a notification waits for a device that is off; OneSignal's own is three days."""
    base_url: BaseUrl = "https://api.onesignal.com"


class OneSignal(Connector):
    channel = "push"
    modes = frozenset({"send"})
    #: "OneSignal remembers it for 30 days" (docs/en/example-full-integration-reliable-push; create-message)
    idempotent_for = timedelta(days=30)
    Settings = OneSignalSettings
    settings: OneSignalSettings

    @property
    def limits(self) -> Limits:
        # "Free plans: 150 requests/sec/app, Paid plans: 6,000" (reference/rate-limits, read 2026-11)
        return Limits(batch=1, concurrency=16, per_second=150)

    async def prove(self) -> str:
        asked = {"app_id": self.settings.app_id, "limit": "1"}
        (await self._call("GET", params=asked)).object("notifications")
        return f"the notifications of app {self.settings.app_id[:8]}… can be read"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        to = message.to.strip()
        if not to:
            return Outcome.rejected("unregistered", "no address")
        body = self._body(message, to)
        if (size := len(json.dumps(body.get("data", {}), ensure_ascii=False).encode())) > LARGEST_DATA:
            return Outcome.rejected("too_long", f"{size} bytes of data; OneSignal takes {LARGEST_DATA}")
        reply = await self._call("POST", json=body, hide=to)
        found = reply.json()
        errors = found.get("errors") if isinstance(found, dict) else None
        said = mask(json.dumps(errors, ensure_ascii=False), reply.hide) if errors else ""
        if said and any(word in str(errors) for word in NOBODY):
            return Outcome.rejected("unregistered", said)
        identity = found.get("id") if isinstance(found, dict) else None
        if isinstance(identity, str) and identity:
            return Outcome.accepted(identity)
        if said and identity == "":
            return Outcome.rejected("refused", said)
        raise doubtful(False, "garbled", f"HTTP {reply.status} without the id of a message")

    def _body(self, message: Message, to: str) -> dict[str, Any]:
        settings, content = self.settings, message.content
        body: dict[str, Any] = {
            "app_id": settings.app_id,
            # English is what OneSignal falls back to; in which language the text is, was decided here.
            "headings": {"en": str(content["title"])},
            "contents": {"en": str(content["text"])},
            "idempotency_key": str(uuid5(NAMESPACE_URL, f"{settings.app_id}/{message.key}")),
        }
        if settings.alias:
            body |= {"include_aliases": {settings.alias: [to]}, "target_channel": "push"}
        else:
            body["include_subscription_ids"] = [to]
        if content.get("url"):
            body["url"] = str(content["url"])
        if content.get("image"):
            picture = str(content["image"])
            body |= {"big_picture": picture, "chrome_web_image": picture, "ios_attachments": {"image": picture}}
        if content.get("data"):
            body["data"] = {str(name): str(value) for name, value in content["data"].items()}
        if settings.ttl is not None:
            body["ttl"] = settings.ttl
        return body

    async def _call(
        self, method: str, *, json: Any = None, params: Mapping[str, str] | None = None, hide: str = ""
    ) -> Reply:
        return await call_with(
            self.settings.api_key,
            self.session,
            method,
            f"{self.settings.base_url}/notifications",
            safe_to_repeat=method == "GET",
            params=params,
            json=json,
            judge=_judge,
            hide=(hide,),
        )


def _judge(reply: Reply) -> DestinationError | None:
    errors = reply.peek("errors")
    said = mask(f"HTTP {reply.status} {json.dumps(errors, ensure_ascii=False)}", reply.hide)
    words = str(errors or "").lower()
    if reply.status == 409:
        # The first call with this key is still at work.
        return Retryable("in_progress", said, reply.after)
    if reply.status not in (400, 404) or not errors:
        return None
    if "app_id" in words or "disabled" in words:
        return Closed("bad_app_id" if "app_id" in words else "app_disabled", said)
    return Refused("unregistered" if any(word in words for word in NOBODY) else "refused", said)
