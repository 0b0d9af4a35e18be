"""Twilio SendGrid: mail, marketing contacts as jobs, and lists (twilio.com/docs/sendgrid/api-reference, 2026-11)."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from email.utils import formataddr
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_ADDRESS = re.compile(r"[^\s@<>,;]+@[A-Za-z0-9.-]+")
_CUSTOM = {"e1_T": "tier", "e2_N": "lifetime_value", "e3_N": "score"}
_OWN_HEADERS = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from", "subject"} | {
    "content-transfer-encoding",
    "reply-to",
    "cc",
    "bcc",
}


class Sendgrid(Emulation):
    connector = "sendgrid"

    def routes(self) -> Sequence[Route]:
        contacts, lists = "/v3/marketing/contacts", "/v3/marketing/lists"
        return [
            Route("GET", "/v3/scopes", "list scopes", self.scopes),
            Route("POST", "/v3/mail/send", "send message", self.send),
            Route("GET", "/v3/marketing/field_definitions", "list fields", self.fields),
            Route("GET", lists, "list lists", self.lists),
            Route("POST", lists, "create list", self.new_list),
            Route("DELETE", f"{lists}/{{list}}/contacts", "remove from list", self.take_off),
            Route("PUT", contacts, "upsert contacts", self.upsert),
            Route("DELETE", contacts, "delete contacts", self.delete),
            Route("POST", f"{contacts}/search/emails", "search contacts", self.search),
            Route("GET", f"{contacts}/imports/{{job}}", "show job", self.job),
            Route("GET", f"{contacts}/imports/{{job}}/errors.csv", "show errors of job", self.errors),
        ]

    def throttled(self, after: float) -> Answer:
        # the header tells the second in which the window ends; beside it, what proxies say
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(math.ceil(time.time() + after))}
        said = super().throttled(after)
        return Answer(429, _errors("too many requests").body, {**said.headers, **headers})

    def failed(self, status: int) -> Answer:
        return Answer(status, _errors("internal error").body)

    def unauthorized(self) -> Answer:
        words = "The provided authorization grant is invalid, expired, or revoked"
        return Answer(401, _errors(words).body)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        contacts = shelf.all("contacts")
        if target.mode == "object":
            return {email: _plain(held) for email, held in contacts.items()}
        ids = {id for id, name in shelf.lists().items() if name == target.name}
        return {member["email"]: {} for id in ids for member in shelf.members(id)}

    def scopes(self, call: Call) -> Answer:
        self._known(call)
        return Answer(200, {"scopes": ["mail.send", "marketing.read", "marketing.automation.read"]})

    def send(self, call: Call) -> Answer:
        self._known(call)
        mail = call.json()
        if wrong := _wrong(mail):
            return wrong
        person = mail["personalizations"][0]
        to = person["to"][0]["email"]
        taken = call.take([[to]])
        if taken.refused:
            return _errors(taken.refused[0], "personalizations.0.to.0.email")
        identity = uuid4().hex[:22]
        if taken.good:
            bodies = {one["type"]: one["value"] for one in mail["content"]}
            call.shelf.keep(
                "email",
                to,
                sender=formataddr((mail["from"].get("name", ""), mail["from"]["email"])),
                subject=mail["subject"],
                text=bodies.get("text/plain", ""),
                html=bodies.get("text/html", ""),
                key=(person.get("custom_args") or {}).get("tidegate_key", ""),
                id=identity,
            )
        return Answer(202, "", {"X-Message-Id": identity}, took=1)

    def fields(self, call: Call) -> Answer:
        self._known(call)
        custom = [{"id": id, "name": name, "field_type": "Text"} for id, name in _CUSTOM.items()]
        return Answer(200, {"custom_fields": custom, "reserved_fields": []})

    def lists(self, call: Call) -> Answer:
        self._known(call)
        size, begin = int(call.query.get("page_size", "100")), int(call.query.get("page_token") or "0")
        found = [{"id": id, "name": name, "contact_count": 0} for id, name in call.shelf.lists().items()]
        meta: dict[str, Any] = {"count": len(found)}
        if begin + size < len(found):
            path = f"/v3/marketing/lists?page_size={size}&page_token={begin + size}"
            meta["next"] = f"https://api.sendgrid.com{path}"
        return Answer(200, {"result": found[begin : begin + size], "_metadata": meta})

    def new_list(self, call: Call) -> Answer:
        self._known(call)
        name = call.json().get("name") or ""
        if not 0 < len(name) <= 100:
            return _errors("name must be 1 to 100 characters", "name")
        if name in call.shelf.lists().values():
            return _errors("a list with this name already exists", "name")
        identity = str(uuid4())
        call.shelf.new_list(identity, name)
        return Answer(201, {"id": identity, "name": name, "contact_count": 0})

    def upsert(self, call: Call) -> Answer:
        self._known(call)
        asked = call.json()
        contacts, lists = asked.get("contacts") or [], asked.get("list_ids") or []
        if not 0 < len(contacts) <= 30_000:
            return _errors("contacts must hold 1 to 30000 contacts", "contacts")
        if not set(lists) <= set(call.shelf.lists()):
            return _errors("at least one of the list ids does not exist", "list_ids")
        if unknown := {id for one in contacts for id in one.get("custom_fields") or {}} - set(_CUSTOM):
            return _errors(f"unknown custom field {sorted(unknown)[0]}", "contacts")
        taken = call.take([[str(one.get("email", "")).lower()] for one in contacts])
        lines = [f'{contacts[n].get("email")},"{why}"' for n, why in sorted(taken.refused.items())]
        for place in taken.good:
            self._put(call.shelf, contacts[place], lists)
        job = _new_job(call.shelf, "upsert", len(contacts), lines)
        return Answer(202, {"job_id": job}, took=len(taken.good))

    def delete(self, call: Call) -> Answer:
        self._known(call)
        ids = set(call.query.get("ids", "").split(","))
        gone = [email for email, held in call.shelf.all("contacts").items() if held["id"] in ids]
        taken = call.take([[email] for email in gone])
        for place in taken.good:
            call.shelf.drop("contacts", gone[place])
            for list_id in call.shelf.lists():
                call.shelf.remove(list_id, {"email": gone[place]})
        job = _new_job(call.shelf, "delete", len(gone), [gone[n] for n in sorted(taken.refused)])
        return Answer(202, {"job_id": job}, took=len(taken.good))

    def take_off(self, call: Call) -> Answer:
        self._known(call)
        if call.parts["list"] not in call.shelf.lists():
            return Answer(404, _errors("list not found").body)
        ids = set(call.query.get("contact_ids", "").split(","))
        found = [email for email, held in call.shelf.all("contacts").items() if held["id"] in ids]
        taken = call.take([[email] for email in found])
        for place in taken.good:
            call.shelf.remove(call.parts["list"], {"email": found[place]})
        return Answer(202, {"job_id": str(uuid4())}, took=len(taken.good))

    def search(self, call: Call) -> Answer:
        self._known(call)
        emails = call.json().get("emails") or []
        if not 0 < len(emails) <= 100:
            return _errors("emails must hold 1 to 100 addresses", "emails")
        found = {email: call.shelf.get("contacts", str(email).lower()) for email in emails}
        if not any(found.values()):
            return Answer(404, _errors("no contacts found").body)
        shown: dict[str, Any] = {
            email: {"contact": {"id": held["id"], "email": email.lower()}} if held else {"error": "contact not found"}
            for email, held in found.items()
        }
        return Answer(200, {"result": shown})

    def job(self, call: Call) -> Answer:
        self._known(call)
        job = call.shelf.get("_jobs", call.parts["job"])
        if job is None:
            return Answer(404, _errors("job not found").body)
        if not job["asked"]:
            # the first to ask comes too early
            call.shelf.put("_jobs", call.parts["job"], {**job, "asked": True})
            return Answer(200, {"id": call.parts["job"], "status": "pending", "job_type": job["type"], "results": {}})
        wrong, count = len(job["lines"]), job["count"]
        status = "completed" if not wrong else "failed" if wrong == count else "errored"
        results: dict[str, Any] = {"requested_count": count, "errored_count": wrong}
        if wrong:
            results["errors_url"] = f"v3/marketing/contacts/imports/{call.parts['job']}/errors.csv"
        return Answer(200, {"id": call.parts["job"], "status": status, "job_type": job["type"], "results": results})

    def errors(self, call: Call) -> Answer:
        job = call.shelf.get("_jobs", call.parts["job"])
        if job is None:
            return Answer(404, "")
        return Answer(200, "\n".join(["email,error", *job["lines"]]), {"Content-Type": "text/csv"})

    def _put(self, shelf: Shelf, one: Mapping[str, Any], lists: Sequence[str]) -> None:
        email = str(one["email"]).lower()
        before = shelf.get("contacts", email) or {"id": str(uuid4())}
        plain = {name: value for name, value in one.items() if name not in ("email", "custom_fields")}
        custom = {_CUSTOM[id]: value for id, value in (one.get("custom_fields") or {}).items()}
        shelf.put("contacts", email, {**before, **plain, **custom})
        for list_id in lists:
            shelf.add(list_id, {"email": email})

    def _known(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _new_job(shelf: Shelf, kind: str, count: int, lines: Sequence[str]) -> str:
    job = str(uuid4())
    shelf.put("_jobs", job, {"type": kind, "count": count, "lines": list(lines), "asked": False})
    return job


def _plain(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in held.items() if name != "id"}


def _errors(words: str, field: str | None = None) -> Answer:
    return Answer(400, {"errors": [{"message": words, "field": field, "help": None}]})


def _wrong(mail: Mapping[str, Any]) -> Answer | None:
    people = mail.get("personalizations") or [{}]
    to = (people[0].get("to") or [{}])[0].get("email")
    if not _ADDRESS.fullmatch(str(to)):
        return _errors("Does not contain a valid address.", "personalizations.0.to.0.email")
    if not _ADDRESS.fullmatch(str((mail.get("from") or {}).get("email"))):
        return _errors("The from email does not contain a valid address.", "from.email")
    if not mail.get("subject"):
        return _errors("The subject is required.", "subject")
    kinds = [one.get("type") for one in mail.get("content") or []]
    if not kinds or not all(one.get("value") for one in mail["content"]):
        return _errors("The content value must be a string at least one character in length.", "content.0.value")
    if kinds != sorted(kinds, key=["text/plain", "text/html"].index):
        return _errors("If present, text/plain must be first.", "content")
    if taken := {name.lower() for name in mail.get("headers") or {}} & _OWN_HEADERS:
        return _errors(f"The header {sorted(taken)[0]} is reserved.", "headers")
    return None
