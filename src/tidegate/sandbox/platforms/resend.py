"""Resend's e-mail API: batches with permissive validation and idempotency keys (resend.com/docs, 2026-11)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_ADDRESS = re.compile(r"[^\s@<>,;]+@[A-Za-z0-9.-]+")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FIELDS = {"from", "to", "cc", "bcc", "subject", "html", "text", "reply_to", "headers", "tags", "template"}


class Resend(Emulation):
    connector = "resend"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/emails/batch", "send messages", self.batch),
            Route("GET", "/domains", "list domains", self.domains),
        ]

    def throttled(self, after: float) -> Answer:
        words = "Too many requests. You can only make 2 requests per second."
        return Answer(429, _error(429, "rate_limit_exceeded", words), super().throttled(after).headers)

    def failed(self, status: int) -> Answer:
        return Answer(status, _error(status, "application_error", "An unexpected error occurred."))

    def unauthorized(self) -> Answer:
        return Answer(401, _error(401, "missing_api_key", "Missing API Key"))

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def domains(self, call: Call) -> Answer:
        _known(call)
        domain = {"id": "d91cd9bd-1176-453e-8fc1-35364d380206", "name": "shop.example.com", "status": "verified"}
        return Answer(200, {"object": "list", "has_more": False, "data": [domain]})

    def batch(self, call: Call) -> Answer:
        _known(call)
        mails = call.json()
        if not isinstance(mails, list) or not mails or not all(isinstance(mail, dict) for mail in mails):
            return Answer(422, _error(422, "validation_error", "The body must be an array of e-mails."))
        if len(mails) > 100:
            return Answer(422, _error(422, "validation_error", "The array must contain at most 100 e-mails."))
        identity = call.headers.get("idempotency-key", "")
        if len(identity) > 256:
            return Answer(400, _error(400, "invalid_idempotency_key", "The key must be between 1-256 chars."))
        asked = hashlib.sha256(call.asked.body).hexdigest()
        before = call.shelf.get("_idempotency", identity) if identity else None
        if before is not None:
            # the messages of a repeated call went out with the first
            if before["asked"] != asked:
                words = "Same idempotency key used with a different request payload."
                return Answer(409, _error(409, "invalid_idempotent_request", words))
            return Answer(200, before["answer"])
        answer = self._sent(call, mails)
        if identity:
            call.shelf.put("_idempotency", identity, {"asked": asked, "answer": answer})
        return Answer(200, answer, took=len(answer["data"]))

    def _sent(self, call: Call, mails: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        wrong = {place: said for place, mail in enumerate(mails) if (said := _wrong(mail))}
        if wrong and call.headers.get("x-batch-validation") != "permissive":
            raise Declined(Answer(422, _error(422, "validation_error", next(iter(wrong.values())))))
        taken = call.take([[_one(mail.get("to"))] for mail in mails])
        wrong |= taken.refused
        good, ids = set(taken.good), []
        for place, mail in enumerate(mails):
            if place in wrong:
                continue
            ids.append({"id": str(uuid4())})
            if place in good:
                self._keep(call.shelf, ids[-1]["id"], mail)
        errors = [{"index": place, "message": wrong[place]} for place in sorted(wrong)]
        return {"data": ids, **({"errors": errors} if errors else {})}

    def _keep(self, shelf: Shelf, identity: str, mail: Mapping[str, Any]) -> None:
        tags = {one["name"]: one["value"] for one in mail.get("tags") or []}
        shelf.keep(
            "email",
            _one(mail["to"]),
            sender=mail["from"],
            subject=mail["subject"],
            text=mail.get("text", ""),
            html=mail.get("html", ""),
            key=tags.get("tidegate_key", ""),
            id=identity,
        )


def _known(call: Call) -> None:
    if not call.headers.get("authorization"):
        raise Declined(Answer(401, _error(401, "missing_api_key", "Missing API Key")))
    if not call.signed():
        raise Declined(Answer(400, _error(400, "invalid_api_key", "API key is invalid")))


def _error(status: int, name: str, message: str) -> dict[str, Any]:
    return {"statusCode": status, "name": name, "message": message}


def _one(to: Any) -> str:
    return parseaddr(str(to[0] if isinstance(to, list) and to else to))[1]


def _wrong(mail: Mapping[str, Any]) -> str:
    """What Resend says of a message that it does not take, empty where it does."""
    if unknown := set(mail) - _FIELDS:
        return f"Unrecognized key: {sorted(unknown)[0]}"
    for name in ("from", "to", "subject"):
        if not mail.get(name):
            return f"Missing `{name}` field."
    if not _ADDRESS.fullmatch(_one(mail["to"])) or not _ADDRESS.fullmatch(_one(mail["from"])):
        return "Invalid `to` field. The email address needs to follow the `email@example.com` format."
    if not mail.get("html") and not mail.get("text"):
        return "Missing `html` or `text` field."
    for one in mail.get("tags") or []:
        if not _TAG.fullmatch(str(one.get("name"))) or not _TAG.fullmatch(str(one.get("value"))):
            return "Tags should only contain ASCII letters, numbers, underscores, or dashes."
    return ""
