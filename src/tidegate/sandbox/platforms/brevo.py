"""Brevo: transactional mail, contacts, attributes and lists (developers.brevo.com, 2026-11)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from email.utils import formataddr
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_ADDRESS = re.compile(r"[^\s@<>,;]+@[A-Za-z0-9.-]+")
_ATTRIBUTES = ("LASTNAME", "FIRSTNAME", "SMS", "SCORE", "TIER", "LIFETIME_VALUE", "CITY", "COUNTRY")
_MOST_EMAILS = 150
_MAIL = {"sender", "to", "bcc", "cc", "htmlContent", "textContent", "subject", "replyTo", "attachment", "headers"} | {
    "templateId",
    "params",
    "tags",
    "scheduledAt",
    "batchId",
}


class Brevo(Emulation):
    connector = "brevo"

    def routes(self) -> Sequence[Route]:
        lists = "/v3/contacts/lists"
        return [
            Route("GET", "/v3/account", "show account", self.account),
            Route("POST", "/v3/smtp/email", "send message", self.send),
            Route("GET", "/v3/contacts/attributes", "list attributes", self.attributes),
            Route("GET", lists, "list lists", self.lists),
            Route("POST", lists, "create list", self.new_list),
            Route("POST", f"{lists}/{{list:[0-9]+}}/contacts/add", "add to list", self.add),
            Route("POST", f"{lists}/{{list:[0-9]+}}/contacts/remove", "remove from list", self.take_off),
            Route("POST", "/v3/contacts", "create contact", self.create),
            Route("PUT", "/v3/contacts/{email}", "update contact", self.update),
            Route("DELETE", "/v3/contacts/{email}", "delete contact", self.delete),
        ]

    def throttled(self, after: float) -> Answer:
        headers = {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": str(math.ceil(after))}
        return Answer(429, {"code": "too_many_requests", "message": "Rate limit exceeded"}, headers)

    def failed(self, status: int) -> Answer:
        return Answer(status, {"code": "internal_error", "message": "Something went wrong"})

    def unauthorized(self) -> Answer:
        return Answer(401, {"code": "unauthorized", "message": "Key not found"})

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.mode == "object":
            contacts = shelf.all("contacts").items()
            return {email: {name.lower(): value for name, value in held.items()} for email, held in contacts}
        ids = [id for id, name in shelf.lists().items() if name == target.name]
        return {member["email"]: {} for id in ids for member in shelf.members(id)}

    def account(self, call: Call) -> Answer:
        self._known(call)
        plan = [{"type": "payAsYouGo", "creditsType": "sendLimit", "credits": 5000.0}]
        return Answer(200, {"email": "shop@example.com", "companyName": "Shop", "plan": plan})

    def attributes(self, call: Call) -> Answer:
        self._known(call)
        shown = [{"name": name, "category": "normal", "type": "text"} for name in _ATTRIBUTES]
        return Answer(200, {"attributes": shown})

    def send(self, call: Call) -> Answer:
        self._known(call)
        mail = call.json()
        if wrong := _wrong(mail):
            return _refusal("invalid_parameter", wrong)
        headers = mail.get("headers") or {}
        identity = headers.get("idempotencyKey")
        if identity and call.shelf.get("_idempotency", identity):
            return _refusal("duplicate_parameter", "idempotencyKey already used")
        to = mail["to"][0]["email"]
        taken = call.take([[to]])
        if taken.refused:
            return _refusal("invalid_parameter", taken.refused[0])
        number = f"{uuid4().hex}@smtp-relay.mailin.fr"
        if taken.good:
            if identity:
                call.shelf.put("_idempotency", identity, {"id": number})
            call.shelf.keep(
                "email",
                to,
                sender=formataddr((mail["sender"].get("name", ""), mail["sender"]["email"])),
                subject=mail["subject"],
                text=mail.get("textContent", ""),
                html=mail.get("htmlContent", ""),
                key=headers.get("X-Mailin-custom", ""),
                id=number.partition("@")[0],
            )
        return Answer(201, {"messageId": f"<{number}>"}, took=1)

    def lists(self, call: Call) -> Answer:
        self._known(call)
        begin, size = int(call.query.get("offset", "0")), int(call.query.get("limit", "10"))
        if size > 50:
            return _refusal("out_of_range", "limit exceeds max value 50")
        found = [{"id": int(id), "name": name} for id, name in call.shelf.lists().items()]
        if call.query.get("sort", "desc") == "desc":
            found.reverse()
        return Answer(200, {"lists": found[begin : begin + size], "count": len(found)})

    def new_list(self, call: Call) -> Answer:
        self._known(call)
        asked = call.json()
        if not asked.get("name") or not asked.get("folderId"):
            return _refusal("missing_parameter", "name or folderId is missing")
        number = call.shelf.number()
        call.shelf.new_list(str(number), asked["name"])
        return Answer(201, {"id": number})

    def add(self, call: Call) -> Answer:
        emails = self._emails(call)
        taken = call.take([[email] for email in emails])
        on_list = {member["email"] for member in call.shelf.members(call.parts["list"])}
        good = [emails[n] for n in taken.good if emails[n] not in on_list and call.shelf.get("contacts", emails[n])]
        for email in good:
            call.shelf.add(call.parts["list"], {"email": email})
        if not good:
            return _refusal("invalid_parameter", "Contact already in list and/or does not exist")
        failed = [email for email in emails if email not in set(good)]
        said = {"success": good, "failure": failed, "total": len(emails), "processId": None}
        return Answer(201, {"contacts": said}, took=len(good))

    def take_off(self, call: Call) -> Answer:
        emails = self._emails(call)
        taken = call.take([[email] for email in emails])
        list_id = call.parts["list"]
        good = [emails[n] for n in taken.good if call.shelf.remove(list_id, {"email": emails[n]})]
        if not good:
            return _refusal("invalid_parameter", "Contacts already removed from list and/or does not exist")
        failed = [email for email in emails if email not in set(good)]
        said = {"success": good, "failure": failed, "total": len(emails), "processId": None}
        return Answer(201, {"contacts": said}, took=len(good))

    def create(self, call: Call) -> Answer:
        self._known(call)
        asked = call.json()
        email = str(asked.get("email", "")).lower()
        if not _ADDRESS.fullmatch(email):
            return _refusal("invalid_parameter", "Invalid email address")
        lists = [str(one) for one in asked.get("listIds") or []]
        if not set(lists) <= set(call.shelf.lists()):
            return _refusal("invalid_parameter", "Invalid list ids")
        before = call.shelf.get("contacts", email)
        if before is not None and not asked.get("updateEnabled"):
            return _refusal("duplicate_parameter", "Unable to create contact, email is already associated")
        taken = call.take([[email]])
        if taken.refused:
            return _refusal("invalid_parameter", taken.refused[0])
        if taken.good:
            _write(call.shelf, email, before or {}, asked.get("attributes") or {})
            for list_id in lists:
                call.shelf.add(list_id, {"email": email})
        return Answer(204, "", took=1) if before is not None else Answer(201, {"id": call.shelf.number()}, took=1)

    def update(self, call: Call) -> Answer:
        self._known(call)
        email = call.parts["email"].lower()
        before = call.shelf.get("contacts", email)
        if before is None:
            return Answer(404, {"code": "document_not_found", "message": "Contact does not exist"})
        taken = call.take([[email]])
        if taken.refused:
            return _refusal("invalid_parameter", taken.refused[0])
        if taken.good:
            _write(call.shelf, email, before, call.json().get("attributes") or {})
        return Answer(204, "", took=1)

    def delete(self, call: Call) -> Answer:
        self._known(call)
        email = call.parts["email"].lower()
        taken = call.take([[email]])
        if taken.refused:
            return _refusal("invalid_parameter", taken.refused[0])
        if taken.good and not call.shelf.drop("contacts", email):
            return Answer(404, {"code": "document_not_found", "message": "Contact does not exist"})
        for list_id in call.shelf.lists():
            call.shelf.remove(list_id, {"email": email})
        return Answer(204, "", took=1)

    def _emails(self, call: Call) -> list[str]:
        self._known(call)
        emails = call.json().get("emails")
        if call.parts["list"] not in call.shelf.lists():
            raise Declined(Answer(404, {"code": "document_not_found", "message": "List ID does not exist"}))
        if not isinstance(emails, list) or not 0 < len(emails) <= _MOST_EMAILS:
            raise Declined(_refusal("out_of_range", f"emails must hold 1 to {_MOST_EMAILS} addresses"))
        return [str(email).lower() for email in emails]

    def _known(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _refusal(code: str, words: str) -> Answer:
    return Answer(400, {"code": code, "message": words})


def _write(shelf: Shelf, email: str, before: Mapping[str, Any], attributes: Mapping[str, Any]) -> None:
    # the service drops what it has no attribute for, without a word
    known = {name.upper(): value for name, value in attributes.items() if name.upper() in _ATTRIBUTES}
    shelf.put("contacts", email, {**before, **known})


def _wrong(mail: Mapping[str, Any]) -> str:
    """What Brevo says of a mail that it does not take, empty where it does."""
    if unknown := set(mail) - _MAIL:
        return f"{sorted(unknown)[0]} is not known"
    sender, to = mail.get("sender") or {}, mail.get("to") or [{}]
    if not _ADDRESS.fullmatch(str(sender.get("email"))):
        return "valid sender email is required"
    if not _ADDRESS.fullmatch(str(to[0].get("email"))):
        return "email is not valid in to"
    if not mail.get("subject"):
        return "subject is missing"
    return "" if mail.get("htmlContent") or mail.get("textContent") else "htmlContent is missing"
