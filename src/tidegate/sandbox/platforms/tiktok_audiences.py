"""TikTok's Business API, as far as customer-file audiences go: files that make, extend and shrink audiences.

Shapes: github.com/tiktok/tiktok-business-api-sdk, yml_files/dmp_custom_audience_*.yml; every answer is HTTP 200
with a `code`. Unlike TikTok the sandbox lets an audience have fewer than 1,000 members, and does not show how many.
TikTok states no number of rows for a file, and less than 1 GB on its help pages: no file is too large here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from email import message_from_bytes
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_KINDS = {"email_sha256": "email", "phone_sha256": "phone", "maid_sha256": "madid"}


class TikTok(Emulation):
    connector = "tiktok_audiences"

    def routes(self) -> Sequence[Route]:
        audience = "/dmp/custom_audience"
        return [
            Route("GET", "/advertiser/info/", "fetch advertiser", self.advertiser),
            Route("GET", f"{audience}/list/", "list audiences", self.list),
            Route("POST", f"{audience}/file/upload/", "upload file", self.upload),
            Route("POST", f"{audience}/create/", "create audience", self.create),
            Route("POST", f"{audience}/update/", "update audience", self.update),
        ]

    def advertiser(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        ids = json.loads(call.query.get("advertiser_ids", "[]"))
        return _ok({"list": [{"advertiser_id": one, "name": "Tidegate's sandbox"} for one in ids]})

    def list(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        page, size = int(call.query.get("page", 1)), int(call.query.get("page_size", 10))
        if not 1 <= size <= 100:
            return _no(40002, "page_size: value range 1-100")
        asked = json.loads(call.query.get("custom_audience_ids", "[]"))
        held = [(id, name) for id, name in call.shelf.lists().items() if not asked or id in asked]
        shown = [
            {"audience_id": id, "name": name, "audience_type": "Customer File Audience", "is_valid": True}
            for id, name in held[(page - 1) * size : page * size]
        ]
        pages = max(1, -(-len(held) // size))
        info = {"page": page, "page_size": size, "total_number": len(held), "total_page": pages}
        return _ok({"list": shown, "page_info": info})

    def upload(self, call: Call) -> Answer:
        if not call.signed():
            return self.unauthorized()
        fields = _fields(call)
        file = fields.get("file", b"")
        if fields.get("calculate_type", b"").decode() != "MULTIPLE_TYPES":
            return _no(40002, "calculate_type: the sandbox takes MULTIPLE_TYPES")
        if hashlib.md5(file, usedforsecurity=False).hexdigest() != fields.get("file_signature", b"").decode():
            return _no(40902, "file_signature: does not match the file")
        header, *rows = csv.reader(io.StringIO(file.decode()))
        if any(name.lower() not in _KINDS for name in header) or any(len(row) != len(header) for row in rows):
            return _no(40901, "the file has unknown headers, or rows of another length")
        kinds = [_KINDS[name.lower()] for name in header]
        people = [{kind: value for kind, value in zip(kinds, row, strict=True) if value} for row in rows]
        taken = call.take([tuple(person.values()) for person in people])
        if taken.refused:
            # TikTok names no rows.
            return _no(40002, next(iter(taken.refused.values())))
        path = f"{call.shelf.number():016d}"
        call.shelf.put("_files", path, {"people": [people[place] for place in taken.good]})
        return _ok({"file_path": path})

    def create(self, call: Call) -> Answer:
        given = self._given(call)
        people = self._people(call, given)
        name = str(given.get("custom_audience_name") or "")
        if not 1 <= len(name) <= 128:
            return _no(40002, "custom_audience_name: 1 to 128 characters")
        id = str(7_000_000 + call.shelf.number())
        call.shelf.new_list(id, name)
        for person in people:
            call.shelf.add(id, person)
        return _ok({"custom_audience_id": id}, took=len(people))

    def update(self, call: Call) -> Answer:
        given = self._given(call)
        people = self._people(call, given)
        id, action = str(given.get("custom_audience_id")), given.get("action", "REPLACE")
        if id not in call.shelf.lists():
            return _no(40007, "custom_audience_id: the audience does not exist")
        if action not in ("APPEND", "REMOVE"):
            return _no(40002, "action: the sandbox takes APPEND and REMOVE")
        for person in people:
            (call.shelf.add if action == "APPEND" else call.shelf.remove)(id, person)
        return _ok({"custom_audience_id": id}, took=len(people))

    def _given(self, call: Call) -> dict[str, Any]:
        if not call.signed():
            raise Declined(self.unauthorized())
        given: dict[str, Any] = call.json()
        if not given.get("advertiser_id"):
            raise Declined(_no(40002, "advertiser_id: Missing data for required field."))
        return given

    def _people(self, call: Call, given: dict[str, Any]) -> Sequence[dict[str, str]]:
        found: list[dict[str, str]] = []
        for path in given.get("file_paths") or []:
            file = call.shelf.get("_files", str(path))
            if file is None:
                raise Declined(_no(40002, "file_paths: no such file"))
            found += file["people"]
        return found

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        id = next((id for id, name in shelf.lists().items() if name == target.name), None)
        return {next(iter(row.values())): {} for row in shelf.members(id)} if id else {}

    def throttled(self, after: float) -> Answer:
        said = _no(40100, "Too many requests. Please retry in some time.")
        return Answer(200, said.body, {"Retry-After": f"{after:.0f}"})

    def failed(self, status: int) -> Answer:
        return Answer(status, {"code": 50000, "message": "System error", "data": {}})

    def unauthorized(self) -> Answer:
        return _no(40105, "Access token is incorrect or has been revoked.")


def _fields(call: Call) -> dict[str, bytes]:
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    message = message_from_bytes(head + call.asked.body)
    if not message.is_multipart():
        raise Declined(_no(40002, "the body is not multipart/form-data"))
    found: dict[str, bytes] = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        payload = part.get_payload(decode=True)  # type: ignore[union-attr]
        found[str(name)] = payload if isinstance(payload, bytes) else b""
    return found


def _ok(data: dict[str, Any], took: int = 0) -> Answer:
    return Answer(200, {"code": 0, "message": "OK", "request_id": "0", "data": data}, took=took)


def _no(code: int, words: str) -> Answer:
    return Answer(200, {"code": code, "message": words, "request_id": "0", "data": {}})
