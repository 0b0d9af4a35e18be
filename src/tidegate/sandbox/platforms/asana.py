"""Asana's API: tasks of a project, found by an id of the app's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_KEPT = ("name", "notes", "html_notes", "completed", "due_on", "due_at", "start_on", "start_at", "assignee")


class Asana(Emulation):
    connector = "asana"

    def routes(self) -> Sequence[Route]:
        return [
            Route("GET", "/projects/{project}", "get project", self.project),
            Route("POST", "/tasks", "create task", self.create),
            Route("GET", "/tasks/external:{id}", "get task", self.get),
            Route("PUT", "/tasks/external:{id}", "update task", self.update),
            Route("DELETE", "/tasks/external:{id}", "delete task", self.delete),
        ]

    def project(self, call: Call) -> Answer:
        self._admit(call)
        return Answer(200, {"data": {"gid": call.parts["project"], "resource_type": "project", "name": "Sandbox"}})

    def create(self, call: Call) -> Answer:
        self._admit(call)
        given = call.json()["data"]
        if not given.get("projects") and not given.get("workspace"):
            return _no(400, "workspace: Missing input")
        external = str((given.get("external") or {}).get("gid") or "")
        if refused := _refused(call, external):
            return refused
        gid = str(12 * 10**14 + call.shelf.number())
        name, notes = str(given.get("name") or ""), str(given.get("notes") or "")
        if external and not external.startswith("message:"):
            call.shelf.put("task", external, {"gid": gid, "external_id": external, **_fields(given)})
        else:
            project = f"project {given['projects'][0]}"
            call.shelf.keep("chat", project, subject=name, text=notes, key=external, id=gid)
            if external:
                call.shelf.put("_messages", external, {"gid": gid})
        return Answer(201, _task(gid, name), took=1)

    def get(self, call: Call) -> Answer:
        self._admit(call)
        gid, held = self._found(call)
        return Answer(200, _task(gid, str(held.get("name") or "")))

    def update(self, call: Call) -> Answer:
        self._admit(call)
        gid, held = self._found(call)
        if refused := _refused(call, call.parts["id"]):
            return refused
        fields = {**held, **_fields(call.json()["data"])}
        call.shelf.put("task", call.parts["id"], {name: value for name, value in fields.items() if value is not None})
        return Answer(200, _task(gid, str(fields.get("name") or "")), took=1)

    def delete(self, call: Call) -> Answer:
        self._admit(call)
        self._found(call)
        if refused := _refused(call, call.parts["id"]):
            return refused
        call.shelf.drop("task", call.parts["id"])
        return Answer(200, {"data": {}}, took=1)

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        return {
            id: {name: held[name] for name in held if name not in ("gid", "external_id")}
            for id, held in shelf.all(target.name).items()
        }

    def unauthorized(self) -> Answer:
        return _no(401, "Not Authorized")

    def throttled(self, after: float) -> Answer:
        words = "You've made too many requests and hit a rate limit. Please retry after the given amount of time."
        return Answer(429, {"errors": [{"message": words}]}, {"Retry-After": f"{after:.0f}"})

    def _admit(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())

    def _found(self, call: Call) -> tuple[str, dict[str, Any]]:
        for kind in ("task", "_messages"):
            held = call.shelf.get(kind, call.parts["id"])
            if held is not None:
                return str(held["gid"]), held
        raise Declined(_no(404, f"task: Unknown object: external:{call.parts['id']}"))


def _refused(call: Call, address: str) -> Answer | None:
    """One row or message a call. Not raised: what was counted off an order to refuse stays so."""
    taken = call.take([[address]])
    return _no(400, taken.refused[0]) if taken.refused else None


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    kept = {name: given[name] for name in _KEPT if name in given}
    return {**kept, **given.get("custom_fields", {})}


def _task(gid: str, name: str) -> dict[str, Any]:
    return {"data": {"gid": gid, "resource_type": "task", "name": name, "resource_subtype": "default_task"}}


def _no(status: int, words: str) -> Answer:
    return Answer(status, {"errors": [{"message": words, "help": "https://developers.asana.com/docs/errors"}]})
