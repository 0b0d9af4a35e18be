"""A table in Airtable kept equal to a segment, through the Web API (v0).

Records are upserted by one field, which holds the identifier that is given first; removing somebody deletes
their record. As documented on airtable.com/developers/web/api, read 2026-11.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr

from tidegate.connecting.bearer import call_with
from tidegate.connecting.http import BaseUrl, Reply
from tidegate.connector import Connector, ConnectorSettings, Identifier, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.mask import mask

#: "up to 10 records" in one call, to write and to delete (update-multiple-records, delete-multiple-records)
LARGEST_CALL = 10
#: "you will need to wait 30 seconds before subsequent requests will succeed" (rate-limits)
PENALTY = 30.0

IDENTIFIERS = {
    "external_id": Identifier("plain"),
    "email": Identifier("email"),
    "phone": Identifier("phone"),
}
# Error types (errors). The token or the plan is at fault:
CLOSED = {
    "AUTHENTICATION_REQUIRED",
    "INVALID_PERMISSIONS",
    "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
    "UNAUTHORIZED",
}
#: the calls of the month are used up: this comes with 429, and waiting does not help
NO_CALLS_LEFT = "PUBLIC_API_BILLING_LIMIT_EXCEEDED"
# The table is, and other tables may be well:
TABLE = {
    "MODEL_ID_NOT_FOUND": "no_table",
    "NOT_FOUND": "no_table",
    "TABLE_NOT_FOUND": "no_table",
    "UNKNOWN_FIELD_NAME": "no_field",
    "ROW_DOES_NOT_EXIST": "record_gone",
}


class AirtableSettings(ConnectorSettings):
    access_token: SecretStr
    """A personal access token, `pat...`."""
    base: str = Field(min_length=1)
    """`app...`: the first part of a table's address in the browser."""
    fields: dict[str, str] = Field(default_factory=dict)
    """The field of an identifier where it is not called the same: `{email: "E-mail address"}`."""
    typecast: bool = True
    """Let Airtable turn values into what a field wants, and add options that a choice does not have yet."""
    base_url: BaseUrl = "https://api.airtable.com"


class Airtable(Connector):
    channel = "crm"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    Settings = AirtableSettings
    settings: AirtableSettings

    @property
    def limits(self) -> Limits:
        # "limited to 5 requests per second, per base" (rate-limits)
        return Limits(batch=LARGEST_CALL, concurrency=4, per_second=5)

    async def prove(self) -> str:
        found = await self._call("GET", f"v0/meta/bases/{quote(self.settings.base, safe='')}/tables")
        names = [mask(str(table.get("name"))) for table in _all(found, "tables")]
        return f"the base has {len(names)} tables: {', '.join(names[:10])}"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        outcomes, alike = _sorted(rows)
        for name, positions in alike.items():
            outcomes |= await self._merge(target, name, {position: rows[position] for position in positions})
        return [outcomes[position] for position in range(len(rows))]

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        outcomes, alike = _sorted(rows)
        for name, positions in alike.items():
            ids = await self._records(target, name, [rows[position].identifiers[name] for position in positions])
            for start in range(0, len(ids), LARGEST_CALL):
                some = urlencode([("records[]", one) for one in ids[start : start + LARGEST_CALL]])
                await self._call("DELETE", f"{self._table(target)}?{some}")
            outcomes |= dict.fromkeys(positions, Outcome.accepted())
        return [outcomes[position] for position in range(len(rows))]

    async def _merge(self, target: Target, name: str, rows: dict[int, Row]) -> dict[int, Outcome]:
        # Two records of one call may not match the same one of the table: the last word counts.
        latest = {row.identifiers[name]: self._fields(row) for row in rows.values()}
        content = {
            "performUpsert": {"fieldsToMergeOn": [self._field(name)]},
            "records": [{"fields": fields} for fields in latest.values()],
            "typecast": self.settings.typecast,
        }
        records = _all(await self._call("PATCH", self._table(target), content), "records")
        if len(records) != len(latest):
            raise Retryable("partly_taken", f"{len(records)} of {len(latest)} records came back")
        ids = dict(zip(latest, (str(record.get("id", "")) for record in records), strict=True))
        return {position: Outcome.accepted(ids[row.identifiers[name]]) for position, row in rows.items()}

    async def _records(self, target: Target, name: str, values: Sequence[str]) -> list[str]:
        """Ids of the records whose field is one of the values. Airtable takes a formula of 16,000 characters."""
        found: list[str] = []
        same = [f"{{{_escaped(self._field(name), '}')}}}&''='{_escaped(value, chr(39))}'" for value in values]
        asked = {"filterByFormula": same[0] if len(same) == 1 else f"OR({','.join(same)})", "pageSize": "100"}
        while True:
            page = await self._call("GET", self._table(target), params=asked)
            found += [str(record.get("id")) for record in _all(page, "records")]
            offset = page.get("offset")
            if not isinstance(offset, str) or offset == asked.get("offset"):
                return found
            asked["offset"] = offset

    def _field(self, name: str) -> str:
        return self.settings.fields.get(name, name)

    def _fields(self, row: Row) -> dict[str, Any]:
        return {self._field(name): value for name, value in row.identifiers.items()} | dict(row.traits)

    def _table(self, target: Target) -> str:
        return f"v0/{quote(self.settings.base, safe='')}/{quote(target.name, safe='')}"

    async def _call(
        self, method: str, path: str, content: Any = None, *, params: dict[str, str] | None = None
    ) -> dict[str, Any]:
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        reply = await call_with(
            self.settings.access_token,
            self.session,
            method,
            f"{self.settings.base_url}/{path}{query}",
            safe_to_repeat=True,
            json=content,
            judge=_judge,
        )
        return reply.object()


def _sorted(rows: Sequence[Row]) -> tuple[dict[int, Outcome], dict[str, list[int]]]:
    """Positions of the rows by the identifier that is their first, and the outcome of those that have none."""
    outcomes: dict[int, Outcome] = {}
    alike: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        first = next((name for name, value in row.identifiers.items() if value), None)
        if first is None:
            outcomes[position] = Outcome.rejected("no_identifier", "none of the values to match by is usable")
        else:
            alike[first].append(position)
    return outcomes, alike


def _escaped(text: str, end: str) -> str:
    return text.replace("\\", "\\\\").replace(end, f"\\{end}")


def _all(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    some = found.get(name)
    if not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
        raise Retryable("garbled", f"an answer without {name}")
    return some


def _judge(reply: Reply) -> DestinationError | None:
    error = reply.peek("error")
    code = error.get("type") if isinstance(error, dict) else error
    words = error.get("message") if isinstance(error, dict) else None
    several = reply.peek("errors")
    if code is None and isinstance(several, list) and several and isinstance(several[0], dict):
        # As whoever stands before the API says it: {"errors": [{"error": ..., "message": ...}]}
        code, words = several[0].get("error"), several[0].get("message")
    said = mask(f"{code or f'HTTP {reply.status}'} {words or ''}", reply.hide)
    if code == NO_CALLS_LEFT:
        return Closed("needs_plan", said)
    if reply.status == 429:
        return Retryable("throttled", said, PENALTY if reply.after is None else reply.after)
    if not isinstance(code, str) or reply.status >= 500:
        return None
    if code in CLOSED:
        return Closed("unauthorized", said)
    if code in TABLE:
        return Retryable(TABLE[code], said)
    # One value that a field does not take refuses the whole call.
    return Refused("refused", said) if reply.status in (400, 413, 422) else None
