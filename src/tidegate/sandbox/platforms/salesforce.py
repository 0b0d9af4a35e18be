"""Salesforce's REST API as far as records go: collections, queries by external id, Bulk API 2.0 ingest jobs
(developer.salesforce.com/docs, api_rest and api_asynch, 2026-11). Any field may be the external id."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.connector import Target
from tidegate.sandbox.emulation import Answer, Call, Declined, Emulation, Route, Shelf

_FIELD = re.compile(r"[A-Za-z]\w*")
_QUERY = re.compile(r"SELECT Id, (\w+) FROM (\w+) WHERE \1 IN \((.*)\)", re.DOTALL)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
#: what a new record cannot be without
_REQUIRED = {"Contact": "LastName", "Lead": "LastName", "Account": "Name"}
_PREFIXES = {"Account": "001", "Contact": "003", "Lead": "00Q"}


class Salesforce(Emulation):
    connector = "salesforce"

    def routes(self) -> Sequence[Route]:
        data = r"/services/data/{version:v\d+\.0}"
        job = f"{data}/jobs/ingest/{{id}}"
        return [
            Route("POST", "/services/oauth2/token", "fetch token", self.token),
            Route("GET", f"{data}/query", "query", self.query),
            Route("PATCH", f"{data}/composite/sobjects/{{kind}}/{{field}}", "upsert records", self.upsert),
            Route("PATCH", f"{data}/composite/sobjects", "update records", self.update),
            Route("POST", f"{data}/composite/sobjects", "create records", self.create),
            Route("DELETE", f"{data}/composite/sobjects", "delete records", self.delete),
            Route("POST", f"{data}/jobs/ingest", "create job", self.new_job),
            Route("PUT", f"{job}/batches", "upload job", self.upload),
            Route("PATCH", job, "close job", self.close),
            Route("GET", job, "show job", self.job),
            Route("GET", f"{job}/failedResults", "failed records", self.failed_results),
        ]

    def throttled(self, after: float) -> Answer:
        headers = super().throttled(after).headers
        return Answer(403, [_error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")], headers)

    def failed(self, status: int) -> Answer:
        return Answer(status, [_error("UNKNOWN_EXCEPTION", "An unexpected error occurred.")])

    def unauthorized(self) -> Answer:
        return Answer(401, [_error("INVALID_SESSION_ID", "Session expired or invalid")])

    def held(self, shelf: Shelf, target: Target) -> dict[str, dict[str, Any]]:
        known = shelf.all("_known")
        return {
            str(known[id]["value"]): {
                name: value
                for name, value in record.items()
                if value is not None and name not in (known[id]["field"], "External_Id__c")
            }
            for id, record in shelf.all(target.name).items()
            if id in known
        }

    def query(self, call: Call) -> Answer:
        self._check(call)
        text = call.query.get("q", "")
        records: list[dict[str, Any]] = []
        if found := _QUERY.fullmatch(text):
            field, kind, values = found[1], found[2], [_unquoted(one) for one in _TEXT.findall(found[3])]
            ids = [(value, id) for value in values if (id := _find(call.shelf, kind, field, value))]
            records = [{"attributes": {"type": kind}, "Id": id, field: value} for value, id in ids]
        elif not text.startswith("SELECT Id FROM Organization"):
            return Answer(400, [_error("MALFORMED_QUERY", "unexpected token")])
        return Answer(200, {"totalSize": len(records), "done": True, "records": records})

    def upsert(self, call: Call) -> Answer:
        return self._collection(call, call.parts["kind"], call.parts["field"], "upsert")

    def update(self, call: Call) -> Answer:
        return self._collection(call, "", "Id", "update")

    def create(self, call: Call) -> Answer:
        return self._collection(call, "", "", "insert")

    def delete(self, call: Call) -> Answer:
        self._check(call)
        ids = call.query.get("ids", "").split(",")
        if len(ids) > 200:
            return Answer(
                400, [_error("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records")]
            )
        taken = call.take([_addresses(call.shelf, id) for id in ids])
        results = []
        for place, id in enumerate(ids):
            if place in taken.refused:
                results.append(_failure("DELETE_FAILED", taken.refused[place]))
            elif (kind := _kind(call.shelf, id)) is None:
                results.append(_failure("ENTITY_IS_DELETED", "entity is deleted"))
            else:
                if place in taken.good:
                    call.shelf.drop(kind, id)
                    call.shelf.drop("_known", id)
                results.append({"id": id, "success": True, "errors": []})
        return Answer(200, results, took=len(taken.good))

    def new_job(self, call: Call) -> Answer:
        self._check(call)
        given = call.json()
        if given.get("operation") not in ("insert", "update", "upsert") or not _FIELD.fullmatch(
            given.get("object", "")
        ):
            return Answer(
                400, [_error("INVALIDENTITY", f"{given.get('object')} is not an object of this organisation")]
            )
        id = f"7505e{call.shelf.number():010d}AAA"
        job = {**given, "state": "Open", "text": "", "failed": [], "asked": 0}
        call.shelf.put("_jobs", id, job)
        return Answer(200, _shown(id, job))

    def upload(self, call: Call) -> Answer:
        id, job = self._job(call)
        if call.headers.get("content-type") != "text/csv" or job["state"] != "Open":
            return Answer(400, [_error("INVALIDJOBSTATE", "the job takes no CSV")])
        call.shelf.put("_jobs", id, {**job, "text": call.asked.body.decode()})
        return Answer(201, b"")

    def close(self, call: Call) -> Answer:
        id, job = self._job(call)
        if call.json().get("state") != "UploadComplete" or job["state"] != "Open":
            return Answer(400, [_error("INVALIDJOBSTATE", "the job is not open")])
        rows = list(csv.DictReader(io.StringIO(job["text"])))
        kind, field = job["object"], job.get("externalIdFieldName", "Id")
        records = [{name: _cell(text) for name, text in row.items() if text or name == field} for row in rows]
        taken = call.take([[str(row.get(field, ""))] for row in rows])
        results = _written(call.shelf, kind, field, job["operation"], records, taken.refused, set(taken.good))
        failed = [
            {"sf__Id": "", "sf__Error": f"{said['errors'][0]['statusCode']}:{said['errors'][0]['message']}:--", **row}
            for said, row in zip(results, rows, strict=True)
            if not said["success"]
        ]
        job = {**job, "text": "", "state": "UploadComplete", "failed": failed, "processed": len(rows)}
        call.shelf.put("_jobs", id, job)
        return Answer(200, _shown(id, job), took=len(rows) - len(failed))

    def job(self, call: Call) -> Answer:
        """Done when it is asked about for the second time."""
        id, job = self._job(call)
        if job["state"] in ("UploadComplete", "InProgress"):
            job = {**job, "state": "JobComplete" if job["state"] == "InProgress" else "InProgress"}
            call.shelf.put("_jobs", id, job)
        return Answer(200, _shown(id, job))

    def failed_results(self, call: Call) -> Answer:
        _, job = self._job(call)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(job["failed"][0]) if job["failed"] else ["sf__Id", "sf__Error"])
        writer.writeheader()
        writer.writerows(job["failed"])
        return Answer(200, text.getvalue(), {"content-type": "text/csv"})

    def _collection(self, call: Call, kind: str, field: str, operation: str) -> Answer:
        self._check(call)
        records = call.json()["records"]
        if not records or len(records) > 200:
            return Answer(400, [_error("LIMIT_EXCEEDED", "The batch must have 1 to 200 records")])
        kind = kind or str(records[0]["attributes"]["type"])
        plain = [{"Id" if name == "id" else name: one[name] for name in one if name != "attributes"} for one in records]
        for name in sorted({name for one in plain for name in one}):
            if not _FIELD.fullmatch(name) or name.startswith("NoSuch"):
                words = f"No such column '{name}' on sobject of type {kind}"
                return Answer(400, [_error("INVALID_FIELD", words)])
        field = field or next((name for name in plain[0] if name.endswith("__c")), "Id")
        taken = call.take([[str(one.get(field, ""))] for one in plain])
        results = _written(call.shelf, kind, field, operation, plain, taken.refused, set(taken.good))
        return Answer(200, results, took=sum(one["success"] for one in results))

    def _job(self, call: Call) -> tuple[str, dict[str, Any]]:
        self._check(call)
        job = call.shelf.get("_jobs", call.parts["id"])
        if job is None:
            raise Declined(Answer(404, [_error("NOT_FOUND", "The requested resource does not exist")]))
        return call.parts["id"], job

    def _check(self, call: Call) -> None:
        if not call.signed():
            raise Declined(self.unauthorized())


def _written(
    shelf: Shelf,
    kind: str,
    field: str,
    operation: str,
    records: Sequence[Mapping[str, Any]],
    refused: Mapping[int, str],
    good: set[int],
) -> list[dict[str, Any]]:
    """A result for each record. What a fault keeps from being taken is answered for all the same."""
    results: list[dict[str, Any]] = []
    seen: set[str] = set()
    for place, record in enumerate(records):
        value = str(record.get(field) or "")
        id = _find(shelf, kind, field, value)
        required = _REQUIRED.get(kind)
        fields = {name: given for name, given in record.items() if name != "Id"}
        if place in refused:
            results.append(_failure("FIELD_CUSTOM_VALIDATION_EXCEPTION", refused[place]))
        elif operation == "upsert" and value.casefold() in seen:
            results.append(_failure("DUPLICATE_VALUE", f"Duplicate external id specified: {value}"))
        elif operation == "insert" and id is not None:
            words = f"duplicate value found: {field} duplicates value on record with id: {id}"
            results.append(_failure("DUPLICATE_VALUE", words))
        elif operation == "update" and id is None:
            results.append(_failure("ENTITY_IS_DELETED", "entity is deleted"))
        elif required and not fields.get(required) and (id is None or required in fields):
            results.append(_failure("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{required}]"))
        else:
            new, id = id is None, id or f"{_PREFIXES.get(kind, 'a00')}5e{shelf.number():010d}AAA"
            if place in good:
                shelf.put(kind, id, {**(shelf.get(kind, id) or {}), **fields})
                if field != "Id" or shelf.get("_known", id) is None:
                    shelf.put("_known", id, {"value": value, "field": field, "kind": kind})
            results.append({"id": id, "success": True, "errors": [], "created": new})
        seen.add(value.casefold())
    return results


def _find(shelf: Shelf, kind: str, field: str, value: str) -> str | None:
    if field == "Id":
        return value if shelf.get(kind, value) is not None else None
    found = shelf.find(kind, **{field: value})
    return found[0][0] if found else None


def _kind(shelf: Shelf, id: str) -> str | None:
    known = shelf.get("_known", id)
    return None if known is None else str(known["kind"])


def _addresses(shelf: Shelf, id: str) -> list[str]:
    known = shelf.get("_known", id)
    return [id] if known is None else [str(known["value"]), id]


def _cell(text: str) -> str | None:
    return None if text == "#N/A" else text


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text)


def _shown(id: str, job: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: job[name] for name in ("operation", "object", "state", "externalIdFieldName") if name in job}
    done = {"numberRecordsProcessed": job.get("processed", 0), "numberRecordsFailed": len(job["failed"])}
    return {"id": id, "contentType": "CSV", "lineEnding": "LF", **named, **done}


def _failure(code: str, words: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": words, "fields": []}]}


def _error(code: str, words: str) -> dict[str, Any]:
    return {"message": words, "errorCode": code}
