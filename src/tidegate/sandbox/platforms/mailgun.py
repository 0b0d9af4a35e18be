"""Mailgun's messages, events and domains (documentation.mailgun.com, 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_ADDRESS = re.compile(r"[^\s@<>,;]+@[A-Za-z0-9.-]+")
_FIELDS = {"from", "to", "cc", "bcc", "subject", "text", "html", "amp-html", "template", "recipient-variables"}


class Mailgun(Emulation):
    connector = "mailgun"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/v3/{domain}/messages", "send message", self.send),
            Route("GET", "/v3/{domain}/events", "list events", self.events),
            Route("GET", "/v4/domains/{domain}", "show domain", self.domain),
        ]

    def unauthorized(self) -> Answer:
        return Answer(401, "Forbidden", {"Content-Type": "text/plain"})

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {}

    def domain(self, call: Call) -> Answer:
        self._known(call)
        shown = {"name": call.parts["domain"], "state": "active", "is_disabled": False, "type": "custom"}
        return Answer(200, {"domain": shown, "receiving_dns_records": [], "sending_dns_records": []})

    def events(self, call: Call) -> Answer:
        self._known(call)
        wanted = call.query.get("message-id", "")
        kept = [mail for mail in call.shelf.messages() if wanted in ("", mail["id"].strip("<>"))]
        items = [
            {
                "event": "accepted",
                "id": f"event-{mail['id'][1:9]}",
                "recipient": mail["to"],
                "message": {"headers": {"message-id": mail["id"].strip("<>")}},
                "user-variables": {"tidegate_key": mail["key"]},
            }
            for mail in kept[: int(call.query.get("limit", "100"))]
        ]
        return Answer(200, {"items": items, "paging": {}})

    def send(self, call: Call) -> Answer:
        self._known(call)
        form = call.form()
        if wrong := _wrong(form):
            return Answer(400, {"message": wrong})
        to = parseaddr(form["to"])[1]
        taken = call.take([[to]])
        if taken.refused:
            return Answer(400, {"message": taken.refused[0]})
        identity = form.get("h:Message-Id") or f"<{uuid4().hex}@{call.parts['domain']}>"
        if taken.good:
            call.shelf.keep(
                "email",
                to,
                sender=form["from"],
                subject=form.get("subject", ""),
                text=form.get("text", ""),
                raw=_mime(form, identity),
                key=form.get("v:tidegate_key", ""),
                id=identity,
            )
        return Answer(200, {"id": identity, "message": "Queued. Thank you."}, took=1)

    def _known(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _mime(form: Mapping[str, str], identity: str) -> bytes:
    mail = EmailMessage()
    for name in ("from", "to", "subject"):
        mail[name.capitalize()] = " ".join(form.get(name, "").split())
    for name, value in form.items():
        if name[:2] == "h:" and name != "h:Message-Id":
            mail[name[2:]] = " ".join(value.split())
    mail.set_content(form.get("text", ""))
    if form.get("html"):
        mail.add_alternative(form["html"], subtype="html")
    return f"Message-ID: {identity}\r\n".encode() + bytes(mail)


def _wrong(form: Mapping[str, str]) -> str:
    """What Mailgun says of a message that it does not take, empty where it does."""
    if unknown := {name for name in form if name not in _FIELDS and name[:2] not in ("o:", "h:", "v:", "t:")}:
        return f"'{sorted(unknown)[0]}' parameter is not known"
    for name in ("from", "to"):
        if not form.get(name):
            return f"'{name}' parameter is missing"
        if not _ADDRESS.fullmatch(parseaddr(form[name])[1]):
            return f"{name} parameter is not a valid address. please check documentation"
    if not form.get("text") and not form.get("html"):
        return "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
    return ""
