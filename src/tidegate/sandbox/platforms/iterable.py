"""Iterable as the sandbox plays it: users, static lists, campaigns triggered for one user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Emulation, Route, Shelf, Taken

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Iterable(Emulation):
    connector = "iterable"

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/api/users/bulkUpdate", "update users", self.update),
            Route("DELETE", "/api/users/byUserId/{user_id}", "delete user", self.delete),
            Route("DELETE", "/api/users/{email}", "delete user", self.delete),
            Route("GET", "/api/lists", "list lists", self.list_lists),
            Route("POST", "/api/lists", "create list", self.create_list),
            Route("POST", "/api/lists/subscribe", "subscribe to list", self.subscribe),
            Route("POST", "/api/lists/unsubscribe", "unsubscribe from list", self.unsubscribe),
            *(
                Route("POST", f"/api/{medium}/target", f"send {medium} to a user", self.target)
                for medium in ("email", "sms", "push", "webPush", "whatsApp", "inApp")
            ),
        ]

    def update(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        given = call.json().get("users") or []
        if len(given) > 1000:
            return _error(413, "RequestTooLarge", "at most 1000 users a request")
        taken = call.take([_addresses(one) for one in given])
        failed = _Failures(given, taken)
        for position in failed.good:
            _write(call.shelf, given[position])
        return failed.answer()

    def delete(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        wanted = call.parts.get("user_id") or call.parts["email"]
        id = _find(call.shelf, {"userId": wanted} if "user_id" in call.parts else {"email": wanted})
        if id is None:
            return _error(400, "UserNotFound", "no user with that identifier")
        if call.take([[wanted]]).refused:
            return _error(400, "GenericError", "refused, as was ordered")
        call.shelf.drop("users", id)
        return Answer(200, {"msg": "deleted", "code": "Success", "params": None}, took=1)

    def list_lists(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        lists = [
            {"id": int(id), "name": name, "listType": "Standard", "createdAt": 1700000000000 + int(id)}
            for id, name in call.shelf.lists().items()
        ]
        return Answer(200, {"lists": lists})

    def create_list(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        name = call.json().get("name")
        if not name:
            return _error(400, "BadParams", "name is required")
        call.take([])
        number = call.shelf.number()
        call.shelf.new_list(str(number), name)
        return Answer(200, {"listId": number})

    def subscribe(self, call: Call) -> Answer:
        return self._change(call, on=True)

    def unsubscribe(self, call: Call) -> Answer:
        return self._change(call, on=False)

    def _change(self, call: Call, *, on: bool) -> Answer:
        if not call.signed():
            return self.unauthorized()
        body = call.json()
        list_id, given = str(body.get("listId")), body.get("subscribers") or []
        if list_id not in call.shelf.lists():
            return _error(400, "BadParams", f"List not found: {list_id}")
        if len(given) > 1000:
            return _error(413, "RequestTooLarge", "at most 1000 users a request")
        failed = _Failures(given, call.take([_addresses(one) for one in given]))
        for position in failed.good:
            who = _listed(given[position])
            if on:
                _write(call.shelf, given[position])
                call.shelf.add(list_id, who)
            else:
                call.shelf.remove(list_id, who)
        return failed.answer()

    def target(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        body = call.json()
        who = str(body.get("recipientUserId") or body.get("recipientEmail") or "")
        if not isinstance(body.get("campaignId"), int) or not who:
            return _error(400, "BadParams", "campaignId and a recipient are required")
        if refused := call.take([[who]]).refused:
            return _error(400, "BadParams", refused[0])
        call.shelf.keep("crm", who, subject=str(body["campaignId"]), text=body.get("dataFields") or {})
        return Answer(200, {"msg": "sent", "code": "Success", "params": {"id": str(call.shelf.number())}}, took=1)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        if target.mode == "object":
            return {id: dict(user.get("dataFields", {})) for id, user in shelf.all("users").items()}
        ids = [id for id, name in shelf.lists().items() if name == target.name]
        return {str(one.get("extern_id") or one["email"]): {} for id in ids for one in shelf.members(id)}

    def throttled(self, after: float) -> Answer:
        said = super().throttled(after)
        return Answer(429, {"msg": "Too many requests", "code": "RateLimitExceeded", "params": None}, said.headers)

    def failed(self, status: int) -> Answer:
        return _error(status, "GenericError", "An error occurred")

    def unauthorized(self) -> Answer:
        return _error(401, "BadApiKey", "Invalid API key")


class _Failures:
    """Which users of a bulk call are not taken, in Iterable's lists of them."""

    def __init__(self, given: Sequence[Mapping[str, Any]], taken: Taken) -> None:
        self._invalid: list[str] = []
        self._failed: dict[str, list[str]] = {"invalidDataEmails": [], "invalidDataUserIds": []}
        self.good: list[int] = []
        for position, one in enumerate(given):
            email, user_id = one.get("email"), one.get("userId")
            if position in taken.refused:
                name, value = ("invalidDataUserIds", user_id) if user_id else ("invalidDataEmails", email)
                self._failed[name].append(str(value))
            elif email is not None and not _EMAIL.fullmatch(str(email)):
                self._invalid.append(str(email))
            elif position in taken.good:
                self.good.append(position)

    def answer(self) -> Answer:
        count = len(self._invalid) + sum(map(len, self._failed.values()))
        updates = {**self._failed, "invalidEmails": self._invalid, "invalidUserIds": []}
        body = {"successCount": len(self.good), "failCount": count, "createdFields": [], "filteredOutFields": []}
        named = {"invalidEmails": self._invalid, "invalidUserIds": []}
        return Answer(200, {**body, **named, "failedUpdates": updates}, took=len(self.good))


def _addresses(one: Mapping[str, Any]) -> list[str]:
    return [str(one[key]) for key in ("userId", "email") if one.get(key)]


def _listed(one: Mapping[str, Any]) -> dict[str, str]:
    names = {"userId": "extern_id", "email": "email"}
    return {names[key]: str(one[key]) for key in names if one.get(key)}


def _find(shelf: Shelf, one: Mapping[str, Any]) -> str | None:
    for key in ("userId", "email"):
        if one.get(key) and (known := shelf.find("users", **{key: one[key]})):
            return known[0][0]
    return None


def _write(shelf: Shelf, one: Mapping[str, Any]) -> None:
    id = _find(shelf, one) or str(one.get("userId") or one["email"])
    user = shelf.get("users", id) or {}
    fields = {**user.get("dataFields", {}), **(one.get("dataFields") or {})}
    kept = {key: one[key] for key in ("userId", "email") if one.get(key)}
    # a field set to null is taken off the profile
    shelf.put("users", id, {**user, **kept, "dataFields": {k: v for k, v in fields.items() if v is not None}})


def _error(status: int, code: str, words: str) -> Answer:
    return Answer(status, {"msg": words, "code": code, "params": None})
