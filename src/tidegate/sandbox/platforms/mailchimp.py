"""Mailchimp's Marketing API 3.0 as far as an audience's contacts and tags go (mailchimp.com/developer, 2026-11).

Any id is the audience's. It has the merge fields that `FIELDS` lists, and those put on the shelf as `_fields`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

FIELDS = {
    "FNAME": "text",
    "LNAME": "text",
    "ADDRESS": "address",
    "PHONE": "phone",
    "BIRTHDAY": "birthday",
    "SCORE": "number",
    "TIER": "text",
    "SEGMENT": "text",
    "CITY": "text",
    "SPEND": "number",
    "ORDERS": "number",
    "LASTORDER": "date",
}
_STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
_MOST = 500
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+")
_BIRTHDAY = re.compile(r"(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])")


class Mailchimp(Emulation):
    connector = "mailchimp"

    def routes(self) -> Sequence[Route]:
        audience = "/3.0/lists/{list}"
        return [
            Route("GET", "/3.0/ping", "ping", self.ping),
            Route("GET", audience, "show audience", self.audience),
            Route("POST", audience, "add members", self.add),
            Route("GET", f"{audience}/merge-fields", "list merge fields", self.fields),
            Route("PATCH", f"{audience}/members/{{hash}}", "change member", self.change),
            Route("DELETE", f"{audience}/members/{{hash}}", "archive member", self.archive),
            Route("GET", f"{audience}/segments", "list tags", self.tags),
            Route("POST", f"{audience}/segments", "create tag", self.new_tag),
            Route("POST", f"{audience}/segments/{{id}}", "change tag", self.change_tag),
        ]

    def throttled(self, after: float) -> Answer:
        words = "You have exceeded the limit of 10 simultaneous connections."
        return Answer(429, _problem(429, "Too Many Requests", words), super().throttled(after).headers)

    def failed(self, status: int) -> Answer:
        return _answer(status, "Internal Server Error", "An unexpected internal error has occurred.")

    def unauthorized(self) -> Answer:
        return _answer(401, "API Key Invalid", "Your API key may be invalid, or you've attempted to access another.")

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.mode == "list":
            ids = [id for id, name in shelf.lists().items() if name == target.name]
            return {member["email"]: {} for id in ids for member in shelf.members(id)}
        return {
            member["email_address"]: {
                name.lower(): value
                for name, value in {**member["merge_fields"], **member}.items()
                if name not in ("email_address", "merge_fields", "status") and value != ""
            }
            for member in shelf.all("members").values()
        }

    def ping(self, call: Call) -> Answer:
        self._check(call)
        return Answer(200, {"health_status": "Everything's Chimpy!"})

    def audience(self, call: Call) -> Answer:
        self._check(call)
        return Answer(200, {"id": call.parts["list"], "name": "Tidegate's sandbox"})

    def fields(self, call: Call) -> Answer:
        self._check(call)
        found = [{"tag": tag, "type": kind} for tag, kind in _fields(call.shelf).items()]
        return Answer(200, {"merge_fields": found, "total_items": len(found)})

    def add(self, call: Call) -> Answer:
        self._check(call)
        body = call.json()
        members = body.get("members")
        if not isinstance(members, list) or len(members) > _MOST:
            return _answer(400, "Bad Request", f"You may only add up to {_MOST} members at a time.")
        taken = call.take([[str(member.get("email_address", ""))] for member in members])
        good, seen = set(taken.good), set[str]()
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for place, given in enumerate(members):
            address = str(given.get("email_address", ""))
            before = call.shelf.get("members", _hash(address))
            fault = _wrong(call.shelf, given, taken.refused.get(place))
            if fault is None and (_hash(address) in seen or (before and not body.get("update_existing"))):
                fault = (
                    "ERROR_CONTACT_EXISTS",
                    f"{address} is already a list member. Use PUT to insert or update.",
                    "",
                )
            elif fault is None and before is None and given.get("status") not in _STATUSES:
                fault = ("ERROR_GENERIC", "A subscription status is required", "status")
            seen.add(_hash(address))
            if fault:
                code, words, field = fault
                errors.append({"email_address": address, "error": words, "error_code": code, "field": field})
                continue
            after = _merged(before, given)
            if place in good:
                call.shelf.put("members", _hash(address), after)
            (changed if before else new).append(_shown(after))
        counts = {"total_created": len(new), "total_updated": len(changed), "error_count": len(errors)}
        lists = {"new_members": new, "updated_members": changed, "errors": errors}
        return Answer(200, {**lists, **counts}, took=len(new) + len(changed))

    def change(self, call: Call) -> Answer:
        before, given = self._member(call), call.json()
        taken = call.take([[before["email_address"]]])
        if fault := _wrong(call.shelf, {**before, **given}, taken.refused.get(0)):
            return _answer(400, "Invalid Resource", fault[1])
        after = _merged(before, given)
        if taken.good:
            call.shelf.put("members", call.parts["hash"], after)
        return Answer(200, _shown(after), took=1)

    def archive(self, call: Call) -> Answer:
        taken = call.take([[self._member(call)["email_address"]]])
        if taken.refused:
            return _answer(405, "Method Not Allowed", taken.refused[0])
        if taken.good:
            call.shelf.drop("members", call.parts["hash"])
        return Answer(204, b"", took=1)

    def tags(self, call: Call) -> Answer:
        self._check(call)
        begin = int(call.query.get("offset", "0"))
        named = list(call.shelf.lists().items())[begin : begin + int(call.query.get("count", "10"))]
        segments = [{"id": int(id), "name": name, "type": "static"} for id, name in named]
        return Answer(200, {"segments": segments, "total_items": len(call.shelf.lists())})

    def new_tag(self, call: Call) -> Answer:
        self._check(call)
        body = call.json()
        if not body.get("name") or "static_segment" not in body:
            return _answer(400, "Invalid Resource", "A segment has a name, and static_segment or options.")
        if body["name"] in call.shelf.lists().values():
            return _answer(400, "Bad Request", "Sorry, that tag already exists.")
        id = str(call.shelf.number())
        call.shelf.new_list(id, body["name"])
        return Answer(200, {"id": int(id), "name": body["name"], "type": "static", "member_count": 0})

    def change_tag(self, call: Call) -> Answer:
        self._check(call)
        id, body = call.parts["id"], call.json()
        if call.shelf.list_details(id) is None:
            return _answer(404, "Resource Not Found", "The requested resource could not be found.")
        adding, removing = body.get("members_to_add") or [], body.get("members_to_remove") or []
        given = [*adding, *removing]
        if len(given) > _MOST:
            return _answer(400, "Bad Request", f"You may only change up to {_MOST} members at a time.")
        taken = call.take([[address] for address in given])
        unknown = [place for place, address in enumerate(given) if not call.shelf.get("members", _hash(address))]
        errors = [
            {
                "email_addresses": [given[place]],
                "error": taken.refused.get(place, "Email addresses are not subscribed."),
            }
            for place in sorted({*unknown, *taken.refused})
        ]
        for place in set(taken.good) - set(unknown):
            change = call.shelf.add if place < len(adding) else call.shelf.remove
            change(id, {"email": given[place]})
        counts = {"total_added": len(adding), "total_removed": len(removing), "error_count": len(errors)}
        return Answer(
            200, {"members_added": [], "members_removed": [], "errors": errors, **counts}, took=len(taken.good)
        )

    def _member(self, call: Call) -> dict[str, Any]:
        self._check(call)
        member = call.shelf.get("members", call.parts["hash"])
        if member is None:
            raise Declined(_answer(404, "Resource Not Found", "The requested resource could not be found."))
        return member

    def _check(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _fields(shelf: Shelf) -> dict[str, str]:
    return FIELDS | {tag: str(one["type"]) for tag, one in shelf.all("_fields").items()}


def _hash(address: str) -> str:
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _wrong(shelf: Shelf, given: Mapping[str, Any], ordered: str | None) -> tuple[str, str, str] | None:
    """Code, words and field of what is wrong with a contact."""
    if ordered is not None:
        return "ERROR_GENERIC", ordered, ""
    if not _ADDRESS.fullmatch(str(given.get("email_address", ""))):
        return "ERROR_GENERIC", "Please provide a valid email address.", "email_address"
    known = _fields(shelf)
    for tag, value in (given.get("merge_fields") or {}).items():
        kind = known.get(tag)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value != "" and ((kind == "number" and not number) or (kind == "birthday" and not _BIRTHDAY.match(value))):
            return "ERROR_GENERIC", f"Your merge fields were invalid: {tag}: Please enter a valid value", tag
    return None


def _merged(before: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    merge = {**((before or {}).get("merge_fields") or {}), **(given.get("merge_fields") or {})}
    return {**(before or {}), **given, "merge_fields": merge}


def _shown(member: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": _hash(member["email_address"]), **member}


def _problem(status: int, title: str, detail: str) -> dict[str, Any]:
    kind = "https://mailchimp.com/developer/marketing/docs/errors/"
    return {"type": kind, "title": title, "status": status, "detail": detail, "instance": str(uuid4())}


def _answer(status: int, title: str, detail: str) -> Answer:
    return Answer(status, _problem(status, title, detail), {"content-type": "application/problem+json"})
