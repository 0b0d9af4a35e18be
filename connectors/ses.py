"""E-mail through Amazon SES (API v2, SendEmail with raw content): the very mail that SMTP would carry.

One message a call: SendBulkEmail renders templates, and what is rendered here already could hold what looks like
one. SES knows no idempotency key and finds no message by ours: a call in doubt stays in doubt.
As documented on docs.aws.amazon.com/ses/latest (APIReference-V2, dg), read 2026-11.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.letter import Unsendable, mailbox, tag
from tidegate.connecting.mime import build
from tidegate.connector import Connector, ConnectorSettings, Limits, Message, Outcome, one_by_one
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "Maximum message size ... 40 MB ... after base64 encoding" (dg/quotas)
LARGEST_MESSAGE = 40 * 1024 * 1024
#: "wait for an interval of up to 10 minutes, and then retry" (dg/manage-sending-quotas-errors)
QUOTA_PAUSE = 600.0

# Exceptions (APIReference-V2/API_SendEmail, CommonErrors). The account is at fault:
CLOSED = {
    "AccountSuspendedException": "account_suspended",
    "SendingPausedException": "sending_paused",
    "NotFoundException": "no_such_configuration_set",
    "AccessDeniedException": "unauthorized",
    "ExpiredTokenException": "unauthorized",
    "IncompleteSignature": "unauthorized",
    "InvalidClientTokenId": "unauthorized",
    "InvalidSignatureException": "unauthorized",
    "MissingAuthenticationTokenException": "unauthorized",
    "OptInRequired": "unauthorized",
    "RequestExpired": "unauthorized",
    "SignatureDoesNotMatch": "unauthorized",
    "UnrecognizedClientException": "unauthorized",
}
THROTTLED = {"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling"}


class SesSettings(ConnectorSettings):
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr | None = None
    """Only with temporary credentials."""
    sender: str = Field(alias="from")
    """`Shop <hello@example.com>` or a bare address; a message's own `from` wins."""
    reply_to: str | None = None
    configuration_set: str | None = None
    """Where SES publishes what becomes of the mail."""
    message_id_key: SecretStr | None = None
    """As for `smtp`. SES puts its own Message-ID in the place of ours."""
    base_url: BaseUrl | None = None
    """`https://email.REGION.amazonaws.com` unless given."""


class Ses(Connector):
    channel = "email"
    modes = frozenset({"send"})
    Settings = SesSettings
    settings: SesSettings

    @property
    def limits(self) -> Limits:
        # The rate is the account's own ("Maximum sending rate", dg/quotas), and 1 a second in the SES sandbox.
        return Limits(batch=1, concurrency=16)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        known = self.settings.message_id_key
        self._key = hashlib.sha256((known.get_secret_value() if known else self.settings.sender).encode()).digest()

    async def prove(self) -> str:
        found = (await self._call("GET", "account", None, safe=True)).object()
        if not found.get("SendingEnabled"):
            raise Closed("sending_paused", "SES says that this account may not send in this region")
        quota = found.get("SendQuota") or {}
        left = float(quota.get("Max24HourSend") or 0) - float(quota.get("SentLast24Hours") or 0)
        where = "" if found.get("ProductionAccessEnabled") else ", but only to verified addresses"
        return f"SES in {self.settings.region} takes {left:.0f} more mails today{where}"

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return await one_by_one(messages, self._send)

    async def _send(self, message: Message) -> Outcome:
        try:
            mail = build(message, sender=self.settings.sender, reply_to=self.settings.reply_to, key=self._key)
        except Unsendable as fault:
            return Outcome.rejected("unsendable", str(fault))
        if mail.utf8:
            # "The local part ... can only contain 7-bit ASCII characters" (API_SendEmail)
            return Outcome.rejected("smtputf8", "SES takes no addresses beyond ASCII")
        content = base64.b64encode(mail.content).decode()
        if len(content) > LARGEST_MESSAGE:
            return Outcome.rejected("too_long", f"{len(content)} bytes; SES takes {LARGEST_MESSAGE}")
        body: dict[str, Any] = {
            "Destination": {"ToAddresses": [mail.to]},
            "Content": {"Raw": {"Data": content}},
            # "... letters (a-z, A-Z), numbers (0-9), underscores (_), or dashes (-)" (API_MessageTag)
            "EmailTags": [{"Name": "tidegate_key", "Value": tag(message.key, 255)}],
        }
        if self.settings.configuration_set:
            body["ConfigurationSetName"] = self.settings.configuration_set
        try:
            reply = await self._call("POST", "outbound-emails", body, safe=False)
        except _NotVerified as fault:
            # SES names the addresses that it does not know; in its sandbox those may be the recipient's.
            ours = mailbox(self.settings.sender).address
            if message.content.get("from") or mail.to in fault.said or ours not in fault.said:
                raise
            raise Closed("sender_not_verified", fault.detail) from None
        return Outcome.accepted(reply.told("MessageId"))

    async def _call(self, method: str, path: str, content: Mapping[str, Any] | None, *, safe: bool) -> Reply:
        base = self.settings.base_url or f"https://email.{self.settings.region}.amazonaws.com"
        url = f"{base}/v2/email/{path}"
        body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
        secret, token = self.settings.secret_access_key, self.settings.session_token
        hide = [self.settings.access_key_id, secret.get_secret_value(), *([token.get_secret_value()] if token else [])]
        # Hashing megabytes is no work for the loop that waits for all other calls.
        headers = await asyncio.to_thread(_signed, self.settings, method, url, body)
        return await call(
            self.session,
            method,
            url,
            safe_to_repeat=safe,
            headers=headers,
            body=body or None,
            judge=_judge,
            hide=hide,
        )


def _signed(settings: SesSettings, method: str, url: str, body: bytes) -> dict[str, str]:
    """The headers of AWS Signature Version 4."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    token = settings.session_token.get_secret_value() if settings.session_token else None
    credentials = Credentials(settings.access_key_id, settings.secret_access_key.get_secret_value(), token)
    request = AWSRequest(method, url, data=body, headers={"Content-Type": "application/json"} if body else {})
    SigV4Auth(credentials, "ses", settings.region).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


class _NotVerified(Refused):
    def __init__(self, detail: str, said: str) -> None:
        super().__init__("not_verified", detail)
        self.said = said


def _judge(reply: Reply) -> DestinationError | None:
    words = str(reply.peek("message") or reply.peek("Message") or "")
    # "TooManyRequestsException:http://internal.amazon.com/..." is how some of AWS' front ends put it.
    name = reply.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
    if not name or reply.status >= 500:
        return None
    said = mask(f"{name} {words}", reply.hide)
    if name in THROTTLED:
        daily = "quota" in words.lower() or name == "LimitExceededException"
        return Retryable("throttled", said, reply.after or (QUOTA_PAUSE if daily else None))
    if name in CLOSED:
        return Closed(CLOSED[name], said)
    if name in ("MessageRejected", "MailFromDomainNotVerifiedException"):
        if "not verified" in words or name == "MailFromDomainNotVerifiedException":
            return _NotVerified(said, words)
        return Refused("message_rejected", said)
    return Refused("bad_message", said) if name == "BadRequestException" else None
