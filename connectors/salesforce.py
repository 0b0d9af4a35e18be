"""Records in Salesforce: sObject Collections for some hundreds at a time, Bulk API 2.0 jobs for thousands.

Writing by an external id may be repeated. Every record of a collection is judged in the answer, with status 200
where it failed too; a job is judged later. As documented on developer.salesforce.com/docs (api_rest, api_asynch,
salesforce_app_limits_cheatsheet), read 2026-11.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import aiohttp
from pydantic import Field, SecretStr, model_validator

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connecting.moments import iso
from tidegate.connecting.oauth import ClientCredentials, JwtBearer, RefreshToken
from tidegate.connecting.rows import by_key, chunks, in_order, nothing_to_match_by, waves
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "up to 200 records" (api_rest, Using sObject Collections)
COLLECTION = 200
#: a batch that Salesforce makes of a job's data holds 10,000 records (api_asynch, Limits)
LARGEST_BATCH = 10_000
#: bytes of CSV in one job, so that all of it can be read again should all of it fail
LARGEST_JOB = 4_000_000
#: a query is part of the URL, which may have 16,384 bytes with the headers (api_rest, limits)
QUERIED = 100

IDENTIFIERS = {"external_id": Identifier("plain"), "record_id": Identifier("plain")}

# Codes of a record and of a call (api/sforce_api_calls_concepts_core_data_objects, StatusCode; api_rest, errorcodes).
THROTTLED = {"REQUEST_LIMIT_EXCEEDED", "EXCEEDED_QUOTA", "API_LIMIT_EXCEEDED"}
TRANSIENT = {
    "UNABLE_TO_LOCK_ROW",
    "SERVER_UNAVAILABLE",
    "QUERY_TIMEOUT",
    "REQUEST_RUNNING_TOO_LONG",
    "UNKNOWN_EXCEPTION",
    "STORAGE_LIMIT_EXCEEDED",  # until somebody makes room: no record is at fault
}
UNAUTHORIZED = {"INVALID_SESSION_ID", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "INVALID_AUTH_HEADER"}
REASONS = {"ENTITY_IS_DELETED": "not_found", "MALFORMED_ID": "not_found", "NOT_FOUND": "not_found"}
#: the object or the external id's field is at fault, not a row: asking again with fewer rows would not help
MISCONFIGURED = {"not_found", "invalid_type", "invalid_field", "invalidentity", "invalidjob"}

MISNAMED = Outcome.rejected("invalid_type", "an object's API name has letters, digits and underscores")
_NAME = re.compile(r"[A-Za-z]\w*")
_NO_COLUMN = re.compile(r"No such column '(\w+)'")


class SalesforceSettings(ConnectorSettings):
    base_url: BaseUrl
    """The address of the organisation, its My Domain: `https://shop.my.salesforce.com`."""
    client_id: str
    """The consumer key of an external client app; with it go one of the three ways in below."""
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    private_key: SecretStr | None = None
    username: str | None = None
    external_id_field: str = Field("External_Id__c", pattern=r"^[A-Za-z]\w*$")
    bulk_from: int = Field(2_000, ge=1)
    """So many rows at once go as a job."""
    api_version: str = Field("v65.0", pattern=r"^v\d+\.0$")
    login_url: str = Field("https://login.salesforce.com", pattern=r"^https?://")
    """The audience of the assertion that `private_key` signs; `https://test.salesforce.com` for sandboxes."""
    token_url: str | None = Field(None, pattern=r"^https?://")
    """By default `base_url` and `/services/oauth2/token`."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        by_key = self.private_key is not None
        if by_key != (self.username is not None) or by_key == (self.client_secret is not None):
            raise ValueError("give `client_secret` (with or without `refresh_token`), or `private_key` and `username`")
        if by_key and self.refresh_token is not None:
            raise ValueError("`refresh_token` goes with `client_secret`, not with `private_key`")
        return self


class Salesforce(Connector):
    channel = "crm"
    modes = frozenset({"object"})
    identifiers = IDENTIFIERS
    writes = frozenset({"upsert", "create", "update"})
    Settings = SalesforceSettings
    settings: SalesforceSettings

    @property
    def limits(self) -> Limits:
        # 100,000 calls in 24 hours is what an Enterprise organisation has before its users add to it
        # (salesforce_app_limits_cheatsheet, API). Few calls at once: they lock the same accounts.
        return Limits(batch=LARGEST_BATCH, concurrency=4, per_day=100_000)

    async def open(self, session: aiohttp.ClientSession) -> None:
        await super().open(session)
        known = self.settings
        url = known.token_url or f"{known.base_url}/services/oauth2/token"
        secret = known.client_secret.get_secret_value() if known.client_secret else ""
        self._oauth: ClientCredentials | RefreshToken | JwtBearer
        if known.private_key and known.username:
            key = known.private_key.get_secret_value()
            self._oauth = JwtBearer(
                url, issuer=known.client_id, audience=known.login_url, private_key=key, subject=known.username
            )
        elif known.refresh_token:
            self._oauth = RefreshToken(url, known.client_id, secret, known.refresh_token.get_secret_value())
        else:
            self._oauth = ClientCredentials(url, known.client_id, secret)

    async def prove(self) -> str:
        await self._query("SELECT Id FROM Organization LIMIT 1")
        return "Salesforce's data can be read"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if not _NAME.fullmatch(target.name):
            return [MISNAMED] * len(rows)
        outcomes: dict[int, Outcome] = {}
        for key, places in by_key(rows, self.identifiers).items():
            if key is None:
                outcomes |= dict.fromkeys(places, nothing_to_match_by())
                continue
            first, *others = waves({place: rows[place] for place in places}, key)
            # A job writes its records at the same time, so whoever is in it twice waits for another call.
            of_a_job = target.write == "upsert" or (target.write == "update" and key == "record_id")
            by_job = len(first) >= self.settings.bulk_from and of_a_job
            outcomes |= await (self._submit(target, key, first) if by_job else self._collections(target, key, first))
            for wave in others:
                late = Outcome.retry("same_record", detail="another row of this call is the same record")
                outcomes |= dict.fromkeys(wave, late) if by_job else await self._collections(target, key, wave)
        return in_order(outcomes, rows)

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        if not _NAME.fullmatch(target.name):
            return [MISNAMED] * len(rows)
        outcomes: dict[int, Outcome] = {}
        for key, places in by_key(rows, self.identifiers).items():
            # Whom Salesforce does not know is gone already.
            outcomes |= dict.fromkeys(places, Outcome.accepted())
            if key is not None:
                values = [rows[place].identifiers[key] for place in places]
                ids = await self._ids(target.name, values) if key == "external_id" else {}
                doomed: dict[str, list[int]] = {}
                for place, value in zip(places, values, strict=True):
                    if found := value if key == "record_id" else _known(ids, value):
                        doomed.setdefault(found, []).append(place)
                for some in chunks(list(doomed), COLLECTION):
                    params = {"ids": ",".join(some), "allOrNone": "false"}
                    reply = await self._call("DELETE", "composite/sobjects", params=params)
                    for record, said in zip(some, _results(reply, len(some)), strict=True):
                        outcome = _of_record(said, reply)
                        gone = outcome.reason == "not_found"
                        outcomes |= dict.fromkeys(doomed[record], Outcome.accepted() if gone else outcome)
        return in_order(outcomes, rows)

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        try:
            reply = await self._call("GET", f"jobs/ingest/{job}")
            said = reply.object("state")
            state = said["state"]
            if state in ("Open", "UploadComplete", "InProgress"):
                return [Outcome.pending(job, 10.0) for _ in rows]
            failures = await self._call("GET", f"jobs/ingest/{job}/failedResults") if state == "JobComplete" else reply
        except Refused as fault:
            if fault.reason == "not_found":
                return [Outcome.retry("job_gone") for _ in rows]
            raise
        if state != "JobComplete":
            words = mask(str(said.get("errorMessage") or state), reply.hide)
            # Of a job that failed as a whole some records may be written; all can be written again.
            useless = words.startswith("InvalidBatch")
            failed = Outcome.rejected("job_failed", words) if useless else Outcome.retry("job_failed", 60.0, words)
            return [failed] * len(rows)
        key = next(iter(by_key(rows, self.identifiers)))
        column = self._field(str(key))
        table = csv.DictReader(io.StringIO(failures.body.decode("utf-8", "replace")))
        faults = {str(one.get(column, "")).casefold(): str(one.get("sf__Error", "")) for one in table}
        if len(faults) < int(said.get("numberRecordsFailed") or 0):
            raise Retryable("garbled", f"{len(faults)} of {said['numberRecordsFailed']} failed records can be read")
        errors = [faults.get(row.identifiers[str(key)].casefold()) for row in rows]
        # "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
        return [Outcome.accepted() if e is None else _outcome(*e.partition(":")[::2], reply) for e in errors]

    async def _collections(self, target: Target, key: str, rows: Mapping[int, Row]) -> dict[int, Outcome]:
        """Calls of at most 200 records that differ in `key`; what befalls a later one does not undo the first."""
        outcomes: dict[int, Outcome] = {}
        for some in chunks(list(rows), COLLECTION):
            try:
                outcomes |= await self._collection(target, key, {place: rows[place] for place in some})
            except Refused:
                raise  # to be halved; writing the others again does no harm
            except DestinationError as fault:
                if not outcomes:
                    raise
                return {place: outcomes.get(place) or Outcome.of(fault) for place in rows}
        return outcomes

    async def _collection(self, target: Target, key: str, rows: Mapping[int, Row]) -> dict[int, Outcome]:
        kind, write = target.name, target.write
        outcomes: dict[int, Outcome] = {}
        ids: dict[str, str] = {}
        if write == "create" and key == "record_id":
            return dict.fromkeys(rows, Outcome.rejected("no_external_id", "a new record has no `record_id` yet"))
        if write == "update" and key == "external_id":
            ids = await self._ids(kind, [row.identifiers[key] for row in rows.values()])
            unknown = [place for place, row in rows.items() if not _known(ids, row.identifiers[key])]
            outcomes |= dict.fromkeys(unknown, Outcome.rejected("not_found", "Salesforce has no such record"))
        by_field = write == "upsert" and key == "external_id"
        path = f"composite/sobjects/{kind}/{self._field(key)}" if by_field else "composite/sobjects"
        method = "POST" if write == "create" else "PATCH"
        left = {place: row for place, row in rows.items() if place not in outcomes}
        while left:
            records = [self._record(kind, write, key, row, ids) for row in left.values()]
            try:
                reply = await self._call(method, path, payload={"allOrNone": False, "records": records})
            except _NoSuchField as fault:
                hit = {place for place, row in left.items() if fault.name in row.traits}
                outcomes |= dict.fromkeys(hit or left, Outcome.of(fault))
                left = {place: row for place, row in left.items() if place not in outcomes}
                continue
            except Refused as fault:
                if fault.reason not in MISCONFIGURED:
                    raise
                return outcomes | dict.fromkeys(left, Outcome.of(fault))
            for place, said in zip(left, _results(reply, len(left)), strict=True):
                outcome = _of_record(said, reply)
                known = write == "create" and outcome.reason == "duplicate_value" and self._field(key) in outcome.detail
                outcomes[place] = Outcome.accepted() if known else outcome
            break
        return outcomes

    def _record(self, kind: str, write: str, key: str, row: Row, ids: Mapping[str, str]) -> dict[str, Any]:
        own = row.identifiers.get("external_id")
        named: dict[str, Any] = {"attributes": {"type": kind}} | ({self._field("external_id"): own} if own else {})
        if key == "record_id" or write == "update":
            named["id"] = _known(ids, row.identifiers[key]) or row.identifiers[key]
        return named | {name: _value(value) for name, value in row.traits.items()}

    async def _submit(self, target: Target, key: str, rows: Mapping[int, Row]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        operation = "update" if key == "record_id" else "upsert"
        asked = {"object": target.name, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
        if operation == "upsert":
            asked["externalIdFieldName"] = self._field(key)
        for places, text in _tables(rows, key, self._field(key)):
            try:
                job = (await self._call("POST", "jobs/ingest", payload=asked)).told("id")
            except Refused as fault:
                return outcomes | dict.fromkeys((place for place in rows if place not in outcomes), Outcome.of(fault))
            await self._call("PUT", f"jobs/ingest/{job}/batches", body=text.encode())
            (await self._call("PATCH", f"jobs/ingest/{job}", payload={"state": "UploadComplete"})).object("state")
            outcomes |= dict.fromkeys(places, Outcome.pending(job, 5.0))
        return outcomes

    async def _ids(self, kind: str, values: Sequence[str]) -> dict[str, str]:
        """Record ids by external id, as it is there and in lower case: `_known` takes the one that is meant."""
        field, found = self._field("external_id"), {}
        for some in chunks(list(dict.fromkeys(values)), QUERIED):
            wanted = ", ".join(_quoted(value) for value in some)
            # SOQL knows no parameters; what is quoted is escaped, and both names have no other letters than names.
            query = f"SELECT Id, {field} FROM {kind} WHERE {field} IN ({wanted})"  # noqa: S608
            for one in await self._query(query):
                value = str(one.get(field) or "")
                found |= {value.casefold(): found.get(value.casefold(), str(one["Id"])), value: str(one["Id"])}
        return found

    async def _query(self, text: str) -> list[dict[str, Any]]:
        said = (await self._call("GET", "query", params={"q": text})).object("records")
        records: list[dict[str, Any]] = said["records"]
        if not said.get("done", True) or not all("Id" in one for one in records):
            raise Retryable("garbled", "Salesforce gave only a part of what was asked for")
        return records

    def _field(self, key: str) -> str:
        return "Id" if key == "record_id" else self.settings.external_id_field

    async def _call(
        self,
        method: str,
        path: str,
        *,
        payload: Any = None,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        return await call_with(
            self._oauth,
            self.session,
            method,
            f"{self.settings.base_url}/services/data/{self.settings.api_version}/{path}",
            safe_to_repeat=True,
            headers={} if body is None else {"Content-Type": "text/csv"},
            json=payload,
            body=body,
            params=params,
            judge=_judge,
        )


class _NoSuchField(Refused):
    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        super().__init__("unknown_field", detail)


def _known(ids: Mapping[str, str], value: str) -> str | None:
    """An external id may be case-sensitive, as whoever made the field chose: then two differ in that alone."""
    return ids.get(value) or ids.get(value.casefold())


def _value(value: Any) -> Any:
    """Choices of a multi-select list are joined by semicolons; null empties a field."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return ";".join(map(str, value)) if isinstance(value, list) else iso(value) or value


def _cell(value: Any) -> str:
    """As a job's CSV has it, where an empty cell is ignored: "To set a field value to null, use #N/A"."""
    if value in (None, ""):
        return "#N/A"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tables(rows: Mapping[int, Row], key: str, field: str) -> Iterator[tuple[list[int], str]]:
    """CSV texts of a bounded size, and whose rows are in each."""
    names = sorted({name for row in rows.values() for name in row.traits} - {field})
    places: list[int] = []
    text = io.StringIO(newline="")
    for place, row in rows.items():
        writer = csv.writer(text, lineterminator="\n")
        if not places:
            writer.writerow([field, *names])
        cells = [_cell(_value(row.traits[name])) if name in row.traits else "" for name in names]
        writer.writerow([row.identifiers[key], *cells])
        places.append(place)
        if text.tell() >= LARGEST_JOB:
            yield places, text.getvalue()
            places, text = [], io.StringIO(newline="")
    if places:
        yield places, text.getvalue()


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def _results(reply: Reply, count: int) -> list[dict[str, Any]]:
    found = reply.json()
    if not isinstance(found, list) or len(found) != count or not all(isinstance(one, dict) for one in found):
        raise Retryable("garbled", f"HTTP {reply.status} without a result for each of {count} records")
    return found


def _of_record(said: Mapping[str, Any], reply: Reply) -> Outcome:
    if said.get("success") is True:
        return Outcome.accepted(str(said.get("id") or "") or None)
    errors = said.get("errors") or [{}]
    return _outcome(str(errors[0].get("statusCode") or ""), str(errors[0].get("message") or ""), reply)


def _outcome(code: str, words: str, reply: Reply) -> Outcome:
    said = mask(f"{code} {words}", reply.hide)
    if code in THROTTLED:
        return Outcome.retry("throttled", _pause(words), said)
    if code in TRANSIENT:
        return Outcome.retry(code.lower(), detail=said)
    return Outcome.rejected(REASONS.get(code) or code.lower() or "refused", said)


def _pause(words: str) -> float:
    # The daily limit is one of the last 24 hours: something is let through again before they are over.
    return 10.0 if "concurrent" in words.lower() else 3600.0


def _judge(reply: Reply) -> DestinationError | None:
    found = reply.peek()
    error = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None
    if error is None:
        return None
    code, words = str(error.get("errorCode") or ""), str(error.get("message") or "")
    said = mask(f"{code} {words}", reply.hide)
    if code in THROTTLED or reply.status == 429:
        return Retryable("throttled", said, _pause(words) if reply.after is None else reply.after)
    if code in UNAUTHORIZED or reply.status == 401:
        return Closed("unauthorized", said)
    if code in TRANSIENT:
        return Retryable("unavailable", said, reply.after)
    if column := _NO_COLUMN.search(words):
        return _NoSuchField(column[1], said)
    return Refused(REASONS.get(code) or code.lower(), said) if code and reply.status in (400, 404, 405, 409) else None
