"""Amazon SES, API v2: raw mail and the account, with the signature checked (docs.aws.amazon.com/ses, 2026-11)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import SECRET, Answer, Asked, Call, Declined, Emulation, Route, Shelf
from tidegate.sandbox.glance import glance

_TAG = re.compile(r"[A-Za-z0-9_-]{1,255}")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/(\d{8})/([^/]+)/ses/aws4_request, "
    r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
)


class Ses(Emulation):
    connector = "ses"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/v2/email/outbound-emails", "send message", self.send),
            Route("GET", "/v2/email/account", "show account", self.account),
        ]

    def throttled(self, after: float) -> Answer:
        said = _error(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
        return Answer(429, said.body, {**said.headers, **super().throttled(after).headers})

    def failed(self, status: int) -> Answer:
        return _error(status, "InternalServiceErrorException", "The request processing has failed.")

    def unauthorized(self) -> Answer:
        return _error(403, "SignatureDoesNotMatch", "The request signature does not match the one provided.")

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def account(self, call: Call) -> Answer:
        self._known(call)
        quota = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": float(len(call.shelf.messages()))}
        shown = {"SendingEnabled": True, "ProductionAccessEnabled": True, "EnforcementStatus": "HEALTHY"}
        return Answer(200, {**shown, "SendQuota": quota})

    def send(self, call: Call) -> Answer:
        self._known(call)
        asked = call.json()
        to = (asked.get("Destination") or {}).get("ToAddresses") or []
        try:
            raw = base64.b64decode(asked["Content"]["Raw"]["Data"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            return _error(400, "BadRequestException", "Missing required field: Content.Raw.Data")
        if not to or not all(isinstance(one, str) and "@" in one and one.isascii() for one in to):
            return _error(400, "BadRequestException", "Illegal address")
        tags = {one.get("Name"): one.get("Value") for one in asked.get("EmailTags") or []}
        if not all(_TAG.fullmatch(str(part)) for pair in tags.items() for part in pair):
            return _error(400, "BadRequestException", "Invalid tag value: only alphanumeric ASCII, '_' or '-'")
        seen = glance(raw)
        if not seen.sender:
            return _error(400, "BadRequestException", "Missing final '@domain'")
        taken = call.take([to])
        if taken.refused:
            return _error(400, "MessageRejected", taken.refused[0])
        identity = f"0102{uuid4().hex[:12]}-{uuid4()}-000000"
        if taken.good:
            call.shelf.keep(
                "email",
                to[0],
                sender=seen.sender,
                subject=seen.subject,
                text=seen.text,
                raw=raw,
                key=tags.get("tidegate_key", ""),
                id=identity,
            )
        return Answer(200, {"MessageId": identity}, took=1)

    def _known(self, call: Call) -> None:
        if not _signature_fits(call.asked, ("", f"/{self.connector}")):
            raise Declined(self.unauthorized())


def _error(status: int, name: str, words: str) -> Answer:
    return Answer(status, {"message": words}, {"x-amzn-ErrorType": name})


def _signature_fits(asked: Asked, prefixes: Sequence[str]) -> bool:
    """AWS Signature Version 4 (docs.aws.amazon.com/IAM, reference_sigv-create-signed-request), reckoned anew.

    `prefixes` may have stood before the path where the call was signed.
    """
    found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
    if not found:
        return False
    day, region, names, signature = found.groups()
    lines = [f"{name}:{' '.join(asked.headers.get(name, '').split())}" for name in names.split(";")]
    query = "&".join(f"{quote(name, '~')}={quote(value, '~')}" for name, value in sorted(asked.query.items()))
    digest = hashlib.sha256(asked.body).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, "ses", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    for prefix in prefixes:
        path = quote(prefix + asked.path, "/~")
        request = "\n".join([asked.method, path, query, *lines, "", names, digest])
        scope = f"{day}/{region}/ses/aws4_request"
        at = asked.headers.get("x-amz-date", "")
        text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(request.encode()).hexdigest()])
        if hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), signature):
            return True
    return False
