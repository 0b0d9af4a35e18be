"""ActiveCampaign's API v3 as far as contacts, lists and bulk imports go (developers.activecampaign.com, 2026-11).

The account has the custom fields that `FIELDS` lists, and those that are put on the shelf as `_fields`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

FIELDS = ("Score", "Tier", "Segment", "City", "Spend", "Orders", "Last order", "Birthday")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+")
_OWN = {"first_name": "firstName", "last_name": "lastName", "phone": "phone"}
_RESUBSCRIBING = 4


class ActiveCampaign(Emulation):
    connector = "activecampaign"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/api/3/fields", "list fields", self.fields),
            Route("GET", "/api/3/contacts", "find contacts", self.contacts),
            Route("POST", "/api/3/contacts", "create contact", self.create),
            Route("POST", "/api/3/contact/sync", "sync contact", self.sync),
            Route("DELETE", r"/api/3/contacts/{id:\d+}", "delete contact", self.delete),
            Route("GET", "/api/3/lists", "find lists", self.lists),
            Route("POST", "/api/3/lists", "create list", self.create_list),
            Route("POST", "/api/3/contactLists", "change list", self.status),
            Route("POST", "/api/3/import/bulk_import", "import contacts", self.bulk),
            Route("GET", "/api/3/import/info", "show import", self.info),
        ]

    def unauthorized(self) -> Answer:
        return Answer(403, {"message": "You do not have permission to access this resource."})

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.mode == "list":
            ids = [id for id, name in shelf.lists().items() if name == target.name]
            return {member["email"]: {} for id in ids for member in shelf.members(id)}
        custom = set(_titles(shelf).values())
        return {
            contact["email"]: {
                name.lower() if name in custom else name: value
                for name, value in contact.items()
                if name != "email" and value != ""
            }
            for contact in shelf.all("contacts").values()
        }

    def fields(self, call: Call) -> Answer:
        self._check(call)
        offset = int(call.query.get("offset", "0"))
        found = _fields(call.shelf)[offset : offset + int(call.query.get("limit", "20"))]
        return Answer(200, {"fields": found, "meta": {"total": str(len(_fields(call.shelf)))}})

    def contacts(self, call: Call) -> Answer:
        self._check(call)
        address = call.query.get("email")
        every = call.shelf.all("contacts").items()
        below = int(call.query.get("id_less") or 10**12)
        found = [
            _shown(id, one)
            for id, one in every
            if int(id) < below and (address is None or one["email"].lower() == address.lower())
        ]
        return Answer(
            200, {"contacts": found[: int(call.query.get("limit", "20"))], "meta": {"total": str(len(found))}}
        )

    def create(self, call: Call) -> Answer:
        return self._write(call, only_new=True)

    def sync(self, call: Call) -> Answer:
        return self._write(call, only_new=False)

    def delete(self, call: Call) -> Answer:
        self._check(call)
        contact = call.shelf.get("contacts", call.parts["id"])
        if contact is None:
            return _missing(f"No Result found for Subscriber with id {call.parts['id']}")
        taken = call.take([[contact["email"]]])
        if taken.refused:
            return _invalid(taken.refused[0])
        if taken.good:
            call.shelf.drop("contacts", call.parts["id"])
        return Answer(200, {}, took=1)

    def lists(self, call: Call) -> Answer:
        self._check(call)
        wanted = call.query.get("filters[name]", "")
        named = [(id, name) for id, name in call.shelf.lists().items() if wanted.lower() in name.lower()]
        return Answer(
            200, {"lists": [{"id": id, "name": name} for id, name in named], "meta": {"total": str(len(named))}}
        )

    def create_list(self, call: Call) -> Answer:
        self._check(call)
        given = call.json().get("list") or {}
        if missing := [name for name in ("name", "stringid", "sender_url", "sender_reminder") if not given.get(name)]:
            return _invalid(f"{missing[0]} is required")
        id = str(call.shelf.number())
        call.shelf.new_list(id, given["name"], stringid=given["stringid"])
        return Answer(201, {"list": {"id": id, **given}})

    def status(self, call: Call) -> Answer:
        """Whoever has unsubscribed stays so, unless the call says that it subscribes them again."""
        self._check(call)
        given = call.json()["contactList"]
        list_id, contact_id, status = str(given["list"]), str(given["contact"]), int(given["status"])
        contact = call.shelf.get("contacts", contact_id)
        if contact is None or call.shelf.list_details(list_id) is None:
            return _missing("No Result found for the list or the contact")
        taken = call.take([[contact["email"]]])
        if taken.refused:
            return _invalid(taken.refused[0])
        key, who = f"{list_id}/{contact_id}", {"email": contact["email"]}
        if status == 1 and call.shelf.get("_unsubscribed", key) is not None and given.get("sourceid") != _RESUBSCRIBING:
            status = 2
        if taken.good and status == 1:
            call.shelf.drop("_unsubscribed", key)
            call.shelf.add(list_id, who)
        elif taken.good and call.shelf.remove(list_id, who):
            call.shelf.put("_unsubscribed", key, {"list": list_id})
        said = {"list": list_id, "contact": contact_id, "status": str(status), "id": key}
        return Answer(200, {"contacts": [_shown(contact_id, contact)], "contactList": said}, took=1)

    def bulk(self, call: Call) -> Answer:
        self._check(call)
        given = call.json().get("contacts") or []
        if not given or len(given) > 250 or len(call.asked.body) > 399_999:
            return Answer(400, {"Success": 0, "message": "The contacts are none, or too many."})
        wrong = [place for place, one in enumerate(given) if not _ADDRESS.fullmatch(str(one.get("email", "")))]
        if wrong:
            reasons = [{"contact": place, "failureReason": "The email is not valid."} for place in wrong]
            return Answer(400, {"Success": 0, "message": "Validation failed.", "failureReasons": reasons})
        taken = call.take([[one["email"]] for one in given])
        batch = f"c1d1b7b0-0000-4000-8000-{call.shelf.number():012d}"
        titles = _titles(call.shelf)
        for place in taken.good:
            one = given[place]
            values = {_OWN[name]: one[name] for name in _OWN if name in one}
            custom = {
                titles.get(str(field["id"]), str(field["id"])): field["value"] for field in one.get("fields") or ()
            }
            _keep(call.shelf, one["email"], {**values, **custom})
            for wanted in one.get("subscribe") or ():
                if call.shelf.get("_unsubscribed", f"{wanted['listid']}/{_id(call.shelf, one['email'])}") is None:
                    call.shelf.add(str(wanted["listid"]), {"email": one["email"]})
        failed = [given[place]["email"] for place in taken.refused]
        call.shelf.put("_imports", batch, {"status": "active", "failure": failed})
        queued = {"Success": 1, "queued_contacts": len(given), "batchId": batch, "message": "Contact import queued"}
        return Answer(200, queued, took=len(taken.good))

    def info(self, call: Call) -> Answer:
        """Completed when it is asked about for the second time."""
        self._check(call)
        batch = call.query.get("batchId", "")
        found = call.shelf.get("_imports", batch)
        if found is None:
            return _missing("No such batch")
        call.shelf.put("_imports", batch, {**found, "status": "completed"})
        return Answer(200, {"status": found["status"], "success": [], "failure": found["failure"]})

    def _write(self, call: Call, *, only_new: bool) -> Answer:
        self._check(call)
        given = call.json().get("contact") or {}
        address = str(given.get("email", ""))
        taken = call.take([[address]])
        if taken.refused:
            return _invalid(taken.refused[0])
        if not _ADDRESS.fullmatch(address):
            return _invalid("Email address is not valid", "email_invalid")
        known = _id(call.shelf, address)
        if only_new and known is not None:
            return _invalid("Email address already exists in the system", "duplicate")
        values = {name: given[name] for name in _OWN.values() if name in given}
        custom = {str(one["field"]): one["value"] for one in given.get("fieldValues") or ()}
        titles = _titles(call.shelf)
        if unknown := set(custom) - set(titles):
            return _invalid(f"Field {sorted(unknown)[0]} does not exist", "field_missing")
        named = {titles[number]: value for number, value in custom.items()}
        id = _keep(call.shelf, address, {**values, **named}) if taken.good else known or "0"
        return Answer(201 if known is None else 200, {"contact": {"id": id, "email": address}}, took=1)

    def _check(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _fields(shelf: Shelf) -> list[dict[str, str]]:
    listed = [
        {"id": str(number), "title": title, "perstag": title.upper().replace(" ", "_"), "type": "text"}
        for number, title in enumerate(FIELDS, 1)
    ]
    return listed + [{name: str(value) for name, value in one.items()} for one in shelf.all("_fields").values()]


def _titles(shelf: Shelf) -> dict[str, str]:
    """What custom fields are called, by their numbers."""
    return {field["id"]: field["title"] for field in _fields(shelf)}


def _keep(shelf: Shelf, address: str, values: Mapping[str, Any]) -> str:
    id = _id(shelf, address) or str(1000 + shelf.number())
    shelf.put("contacts", id, {**(shelf.get("contacts", id) or {"email": address}), **values})
    shelf.put("_addresses", address.lower(), {"id": id})
    return id


def _id(shelf: Shelf, address: str) -> str | None:
    known = shelf.get("_addresses", address.lower())
    id = None if known is None else str(known["id"])
    return id if id is not None and shelf.get("contacts", id) is not None else None


def _shown(id: str, contact: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: contact.get(name, "") for name in _OWN.values()}
    return {"id": id, "email": contact["email"], **own}


def _missing(words: str) -> Answer:
    return Answer(404, {"message": words})


def _invalid(words: str, code: str = "invalid") -> Answer:
    return Answer(422, {"errors": [{"title": words, "detail": "", "code": code, "source": {"pointer": "/data"}}]})
