"""E-mail through Resend's API: up to 100 messages a call.

Resend remembers the Idempotency-Key of a call for 24 hours. The key stands for the whole call, and a later run may
put a message into another one: so a message in doubt is not sent again on that ground, but its call is repeated
as it was while the process remembers it, which tells what became of it and sends nothing twice.
As documented on resend.com/docs (api-reference, dashboard/emails/idempotency-keys), read 2026-11.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply, doubtful
from tidegate.connecting.letter import Letter, SenderRefused, Unsendable, letter, tag
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.mask import mask

#: "send up to 100 emails in a single API call" (api-reference/emails/send-batch-emails)
LARGEST_CALL = 100
#: calls in doubt that are remembered, to be repeated
_MOST_DOUBTED = 32
_AN_HOUR = 3600.0

# Names of errors (api-reference/errors). The account is at fault:
CLOSED = {
    "missing_api_key": "unauthorized",
    "invalid_api_key": "unauthorized",
    "restricted_api_key": "unauthorized",
    "invalid_access": "unauthorized",
    "monthly_quota_exceeded": "quota_exceeded",
    "security_error": "security_error",
    "invalid_region": "invalid_region",
}
# Somebody asked with this key before: what became of that is not known.
DOUBTFUL = {"invalid_idempotent_request", "concurrent_idempotent_requests"}


class ResendSettings(ConnectorSettings):
    api_key: SecretStr
    sender: str = Field(alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins."""
    reply_to: str | None = None
    base_url: BaseUrl = "https://api.resend.com"


class Resend(Connector):
    channel = "email"
    modes = frozenset({"send"})
    can_look_up = True
    Settings = ResendSettings
    settings: ResendSettings

    def __init__(self, settings: ResendSettings) -> None:
        super().__init__(settings)
        self._doubted: dict[tuple[str, ...], list[dict[str, Any]]] = {}

    @property
    def limits(self) -> Limits:
        # "The default maximum rate limit is 5 requests per second per team" (api-reference/rate-limit, read 2026-11)
        return Limits(batch=LARGEST_CALL, concurrency=4, per_second=5)

    async def prove(self) -> str:
        try:
            found = (await self._call("GET", "domains", safe=True)).json()
        except Closed as fault:
            if "restricted_api_key" not in fault.detail:
                raise
            return "Resend knows the key, which may only send"
        domains = found.get("data") if isinstance(found, dict) else None
        if not isinstance(domains, list):
            raise Retryable("garbled", "Resend does not say which domains there are")
        return f"Resend knows the key, and {len(domains)} domains"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        mails: dict[int, dict[str, Any]] = {}
        for place, message in enumerate(messages):
            try:
                mails[place] = _mail(letter(message, sender=self.settings.sender, reply_to=self.settings.reply_to))
            except Unsendable as fault:
                outcomes[place] = Outcome.rejected("unsendable", str(fault))
        if mails:
            keys = tuple(messages[place].key for place in mails)
            own = any(messages[place].content.get("from") for place in mails)
            outcomes |= zip(mails, await self._batch(keys, list(mails.values()), own), strict=True)
        return [outcomes[place] for place in range(len(messages))]

    async def lookup(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """Of what this process sent: what is asked with the same key again is answered as it was the first time."""
        wanted, found = set(keys), dict[str, Outcome]()
        for batch, mails in [item for item in self._doubted.items() if wanted & set(item[0])]:
            try:
                outcomes = await self._batch(batch, mails, own_sender=True)
            except Refused as fault:
                # Had it been taken, this would have been answered as before: none was sent.
                again = Outcome.of(fault) if len(batch) == 1 else Outcome.retry("refused_together", detail=fault.detail)
                outcomes = [again] * len(batch)
            except DestinationError:
                continue
            self._doubted.pop(batch, None)
            found |= zip(batch, outcomes, strict=True)
        return {key: outcome for key, outcome in found.items() if key in wanted}

    async def _batch(self, keys: tuple[str, ...], mails: list[dict[str, Any]], own_sender: bool) -> list[Outcome]:
        identity = f"tidegate-{hashlib.sha256(json.dumps(keys).encode()).hexdigest()}"
        # Permissive: the good messages of a call go, and each bad one is named (send-batch-emails).
        headers = {"Idempotency-Key": identity, "x-batch-validation": "permissive"}
        try:
            reply = await self._call("POST", "emails/batch", safe=False, json=mails, headers=headers)
            return _outcomes(reply, len(mails))
        except (InDoubt, asyncio.CancelledError):
            if keys in self._doubted or len(self._doubted) < _MOST_DOUBTED:
                self._doubted[keys] = mails
            raise
        except SenderRefused as fault:
            # Halved until it is clear whose sender it was.
            raise fault.whose(own=own_sender) from None

    async def _call(
        self, method: str, path: str, *, safe: bool, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return await call_with(
            self.settings.api_key,
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=safe,
            headers=headers,
            json=json,
            judge=_judge,
        )


def _mail(found: Letter) -> dict[str, Any]:
    mail: dict[str, Any] = {
        "from": str(found.sender),
        "to": [found.to],
        "subject": found.subject,
        "tags": [{"name": "tidegate_key", "value": tag(found.key)}],
    }
    if found.html:
        mail["html"] = found.html
    # An empty text keeps Resend from making one out of the HTML.
    mail["text"] = found.text
    if found.reply_to:
        mail["reply_to"] = [str(found.reply_to)]
    if found.headers:
        mail["headers"] = dict(found.headers)
    return mail


def _outcomes(reply: Reply, count: int) -> list[Outcome]:
    """`data` holds the ids of the good messages in their order, `errors` the places of the bad ones."""
    found = reply.json()
    taken = found.get("data") if isinstance(found, dict) else None
    errors = (found.get("errors") or []) if isinstance(found, dict) else []
    refused = {one["index"]: one for one in errors if isinstance(one, dict) and isinstance(one.get("index"), int)}
    if not isinstance(taken, list) or len(taken) + len(refused) != count or len(refused) != len(errors):
        raise doubtful(False, "miscounted", f"HTTP {reply.status} without an answer for each message")
    ids = iter(taken)
    outcomes = []
    for place in range(count):
        if place in refused:
            said = mask(str(refused[place].get("message") or ""), reply.hide)
            outcomes.append(Outcome.rejected("validation_error", said))
            continue
        one = next(ids, None)
        if not isinstance(one, dict) or not one.get("id"):
            raise doubtful(False, "garbled", f"HTTP {reply.status} without the id of a message")
        outcomes.append(Outcome.accepted(str(one["id"])))
    return outcomes


def _judge(reply: Reply) -> DestinationError | None:
    name = reply.peek("name")
    if not isinstance(name, str) or reply.status >= 500:
        return None
    said = mask(f"{name} {reply.peek('message') or ''}", reply.hide)
    if name == "daily_quota_exceeded":
        # "... or wait until 24 hours have passed" since the first of them: sooner or later in the day
        return Retryable("throttled", said, reply.after or _AN_HOUR)
    if name in CLOSED:
        return Closed(CLOSED[name], said)
    if name in DOUBTFUL:
        return doubtful(reply.safe, name, said)
    if name == "invalid_from_address" or (name == "validation_error" and reply.status == 403):
        return SenderRefused("sender_not_verified", said)
    return Refused(name, said) if reply.status in (400, 422) else None
