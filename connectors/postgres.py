"""A table in PostgreSQL kept equal to a segment: one row a person, upserted and deleted by the person's key.

The rows of a call are copied into a temporary table and merged from there, in one transaction. Rows that the table
does not take are found by halving under savepoints, so each is refused by itself. A repeated call changes nothing.

With `base_url`, the same is asked of PostgREST (docs.postgrest.org/en/v13, read 2026-11), which serves a database
over HTTP; Supabase's Data API is one.
"""

from __future__ import annotations

import json
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from string import Template
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr

from tidegate.connecting.http import BaseUrl, Reply, call
from tidegate.connecting.lists import come_upon
from tidegate.connector import Connector, ConnectorSettings, Limits, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable, Unsupported
from tidegate.identifiers import UNHASHED
from tidegate.mask import mask

#: "NAMEDATALEN is 64 so the maximum identifier length is 63 bytes" (postgresql.org/docs/17/sql-syntax-lexical.html);
#: PostgreSQL cuts a longer one
LONGEST_NAME = 63
KEYS_IN_URL = 100  # proxies take addresses of 8 kB

# Names enter as `_quoted` writes them, values never do.
COLUMNS = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
"""
OID = "select to_regclass($1)::oid"
LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
CREATE = Template("create table if not exists $table ($key text primary key)")
ADD = Template("alter table $table add column if not exists $column $type")
STAGE = Template("create temporary table tidegate_rows (n integer primary key, $columns) on commit drop")
INSERT = Template("""
    insert into $table ($columns) select $values from tidegate_rows where n >= $$1 and n < $$2 order by c0
    on conflict ($key) do nothing returning 0
""")
UPSERT = Template(INSERT.template.replace("do nothing", "do update set $changes"))
UPDATE = Template("""
    update $table as held set $changes from tidegate_rows where n >= $$1 and n < $$2 and held.$key = $value returning n
""")
DELETE = Template("""
    delete from $table as held using tidegate_rows where n >= $$1 and n < $$2 and held.$key = $value returning n
""")

# Types of columns that are made, by what their values are in JSON; `complex` stands for wider than 64 bits.
TYPES: dict[str, set[type]] = {
    "boolean": {bool},
    "bigint": {int},
    "double precision": {int, float},
    "numeric": {int, float, complex},
    "jsonb": {dict, list, tuple},
}

# Classes of SQLSTATE that are about a row (postgresql.org/docs/17/errcodes-appendix.html).
ROW = {"22": "invalid_value", "23": "constraint", "54": "too_large", "P0": "trigger"}
# What else a code or its class means; the table's own faults leave other tables alone.
CLOSED = {"28": "unauthorized", "3D": "no_database", "25006": "read_only", "42501": "unauthorized"}
RETRYABLE = {
    "08": "cut_off",
    "3F": "no_schema",
    "40": "conflict",
    "42703": "no_column",
    "42P01": "no_table",
    "42P10": "no_unique_key",
    "53": "unavailable",
    "53300": "throttled",
    "55": "locked",
    "57": "unavailable",
    "57014": "timeout",
    "PGRST204": "no_column",
    "PGRST205": "no_table",
}


class PostgresSettings(ConnectorSettings):
    host: str = "localhost"
    port: int = Field(5432, gt=0, lt=65536)
    database: str = "postgres"
    user: str = "postgres"
    password: SecretStr
    """The user's; with `base_url` a token (JWT) of PostgREST."""
    namespace: str = Field("public", alias="schema")
    key_column: str = "person"
    """The column that holds a person's key; in a table of your own it needs a unique constraint."""
    make: bool = True
    """Make the table and its columns where they are missing."""
    tls: Literal["verify", "encrypt", "none"] = "verify"
    ca_file: Path | None = None
    """Certificates to trust, PEM; the system's when left out."""
    timeout: float = Field(60.0, gt=0)
    """Seconds for one statement."""
    base_url: BaseUrl | None = None
    """Of PostgREST, instead of a server's host."""


class Postgres(Connector):
    channel = "file"
    modes = frozenset({"list", "object"})
    identifiers = UNHASHED
    writes = frozenset({"upsert", "create", "update"})
    keyed_by_person = True
    overwrites_with_null = True
    keeps_identifiers = True
    Settings = PostgresSettings
    settings: PostgresSettings

    @property
    def limits(self) -> Limits:
        return Limits(batch=1_000 if self.settings.base_url else 5_000, concurrency=2)

    async def prove(self) -> str:
        if self.settings.base_url:
            await self._ask("GET", "")
            return "PostgREST answers, and takes the token"
        async with self._connected() as connection:
            user, version = await connection.fetchrow("select current_user, current_setting('server_version')")
            if await connection.fetchval("select to_regnamespace($1)", _quoted(self.settings.namespace)) is None:
                raise Closed("no_schema", f"the database has no schema {self.settings.namespace} that {user} can use")
        return f"connected to {self.settings.database} as {user} (PostgreSQL {version})"

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        cells = {position: self._cells(row) for position, row in enumerate(rows)}
        for position, given in cells.items():
            if bad := next((name for name, value in given.items() if not _storable(value)), None):
                outcomes[position] = Outcome.rejected("not_text", f"{bad} has a character that PostgreSQL cannot hold")
        # Two rows of one statement may not be for the same person: the last word counts.
        latest = {row.person: position for position, row in enumerate(rows) if position not in outcomes}
        write = self._post if self.settings.base_url else self._merge
        judged = await write(target, {position: cells[position] for position in latest.values()})
        return [outcomes.get(n) or judged.get(latest[row.person], Outcome.accepted()) for n, row in enumerate(rows)]

    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        # A key that cannot be stored is not there.
        keys = sorted({row.person for row in rows if _storable(row.person)})
        kept = await (self._delete if self.settings.base_url else self._take_off)(target, keys)
        return [kept.get(row.person, Outcome.accepted()) for row in rows]

    def _cells(self, row: Row) -> dict[str, Any]:
        clashing = [name for name in row.traits if name in row.identifiers or name == self.settings.key_column]
        long = [name for name in (*row.identifiers, *row.traits) if len(name.encode()) > LONGEST_NAME]
        if clashing or long:
            why = "a trait needs a name of its own" if clashing else f"longer than {LONGEST_NAME} bytes"
            raise Unsupported("bad_column", f"{', '.join(clashing or long)}: {why}")
        return {self.settings.key_column: row.person, **row.identifiers, **row.traits}

    def _table(self, target: Target) -> str:
        if len(target.name.encode()) > LONGEST_NAME:
            raise Unsupported("bad_table", f"{target.name}: longer than {LONGEST_NAME} bytes")
        return f"{_quoted(self.settings.namespace)}.{_quoted(target.name)}"

    async def _merge(self, target: Target, rows: Mapping[int, Mapping[str, Any]]) -> dict[int, Outcome]:
        table, key = self._table(target), self.settings.key_column
        judged: dict[int, Outcome] = {}
        async with self._connected() as connection, connection.transaction():
            types = await self._shaped(connection, table, rows.values())
            oid = await connection.fetchval(OID, table)
            names = [key, *sorted({name for cells in rows.values() for name in cells} & set(types) - {key})]
            staged = {name: f"c{number}" for number, name in enumerate(names)}
            values = {name: f"{staged[name]}::{types.get(name, 'text')}" for name in names}
            alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
            for position, cells in rows.items():
                alike[tuple(name for name in names if name in cells)].append(position)
            order = [position for some in alike.values() for position in some]
            records = [(n, *(_text(rows[at].get(name)) for name in names)) for n, at in enumerate(order)]
            await _stage(connection, records, len(names))
            start = 0
            for given, some in alike.items():
                end = start + len(some)
                update = target.write == "update"
                new = values if update else {name: f"excluded.{_quoted(name)}" for name in names}
                # A table may hold nothing but keys; then a row that is there is set to what it is.
                changes = [name for name in given if name != key] or [key]
                statement = (UPDATE if update else UPSERT if target.write == "upsert" else INSERT).substitute(
                    table=table,
                    key=_quoted(key),
                    value=values[key],
                    columns=", ".join(map(_quoted, given)),
                    values=", ".join(values[name] for name in given),
                    changes=", ".join(f"{_quoted(name)} = {new[name]}" for name in changes),
                )
                found, bad = await _halved(connection, statement, start, end)
                judged |= {order[n]: outcome for n, outcome in bad.items()}
                if update:
                    missing = set(range(start, end)) - found - set(bad)
                    judged |= {order[n]: Outcome.rejected("not_found", "the table has no such row") for n in missing}
                start = end
        come_upon(target.name, str(oid))
        return judged

    async def _take_off(self, target: Target, keys: Sequence[str]) -> dict[str, Outcome]:
        """Those that the table keeps: another table may refer to them, or a trigger may object."""
        table, key = self._table(target), self.settings.key_column
        async with self._connected() as connection, connection.transaction():
            types = dict(await connection.fetch(COLUMNS, table))
            await _stage(connection, [(n, one) for n, one in enumerate(keys)], 1)
            statement = DELETE.substitute(table=table, key=_quoted(key), value=f"c0::{types.get(key, 'text')}")
            _, bad = await _halved(connection, statement, 0, len(keys)) if types else (set(), dict[int, Outcome]())
        # A key that is not of the column's type is of nobody who is there.
        return {keys[n]: outcome for n, outcome in bad.items() if outcome.reason != "invalid_value"}

    async def _shaped(self, connection: Any, table: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """The table's columns and their types, made where they are missing and somebody has a value for them."""
        key = self.settings.key_column
        types = dict(await connection.fetch(COLUMNS, table))
        wanted = {name: kind for name, kind in _types(rows).items() if name not in types and name != key}
        if types and not wanted:
            return types
        if not self.settings.make:
            what = f"column {', '.join(sorted(wanted))}" if types else "table"
            raise Retryable("no_column" if types else "no_table", f"there is no {what}, and `make` is off")
        # Making the same table twice at once is an error, even with `if not exists`.
        await connection.execute(LOCK, table)
        await connection.execute(CREATE.substitute(table=table, key=_quoted(key)))
        for name, kind in sorted(wanted.items()):
            await connection.execute(ADD.substitute(table=table, column=_quoted(name), type=kind))
        return dict(await connection.fetch(COLUMNS, table))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        """A connection of its own for each call: a batch takes far longer than it does to connect."""
        import asyncpg

        known, connection = self.settings, None
        where = known.model_dump(include={"host", "port", "database", "user"})
        try:
            connection = await asyncpg.connect(
                **where,
                password=known.password.get_secret_value(),
                ssl=_tls(known),
                timeout=min(known.timeout, 30.0),
                command_timeout=known.timeout,
                # Poolers that hand each transaction another connection know no prepared statements.
                statement_cache_size=0,
                server_settings={"application_name": "tidegate"},
            )
            yield connection
            await connection.close(timeout=5)
        except asyncpg.PostgresError as fault:
            raise _meaning(str(fault.sqlstate or ""), str(fault)) from None
        except ssl.SSLError as fault:
            raise Closed("tls", f"the server's certificate: {mask(str(fault))}; see `tls` and `ca_file`") from None
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as fault:
            if "SSL upgrade" in str(fault):
                raise Closed("tls", "the server offers no TLS; without it, set `tls: none`") from None
            # It is safe to repeat, also where the connection was lost while the transaction was committed.
            reason = "timeout" if isinstance(fault, TimeoutError) else "cut_off" if connection else "unreachable"
            lost = isinstance(fault, asyncpg.InterfaceError) and connection and connection.is_closed()
            said = "the connection was lost" if lost else str(fault) or type(fault).__name__
            raise Retryable(reason, mask(said)) from None
        finally:
            if connection is not None:
                connection.terminate()

    async def _post(self, target: Target, rows: Mapping[int, Mapping[str, Any]]) -> dict[int, Outcome]:
        judged: dict[int, Outcome] = {}
        if target.write == "update":
            keys = [cells[self.settings.key_column] for cells in rows.values()]
            known = {key for chosen in self._chosen(keys) for key in await self._rows("GET", target, chosen)}
            missing = Outcome.rejected("not_found", "the table has no such row")
            judged = {at: missing for at, cells in rows.items() if cells[self.settings.key_column] not in known}
        alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for position, cells in rows.items():
            if position not in judged:
                alike[tuple(sorted(cells))].append(cells)
        resolve = "ignore" if target.write == "create" else "merge"
        for given, some in alike.items():
            columns = quote(",".join(f'"{name}"' for name in given), safe=",")
            query = f"on_conflict={quote(self.settings.key_column, safe='')}&columns={columns}"
            await self._rows("POST", target, query, some, prefer=f"resolution={resolve}-duplicates,")
        return judged

    async def _delete(self, target: Target, keys: Sequence[str]) -> dict[str, Outcome]:
        for chosen in self._chosen(keys):
            try:
                await self._rows("DELETE", target, chosen)
            except Retryable as fault:
                if fault.reason != "no_table":
                    raise
        return {}

    async def _rows(
        self, method: str, target: Target, query: str, content: Any = None, *, prefer: str = ""
    ) -> set[str]:
        """The keys of the rows that were changed or found: without them, a 2xx may be anybody's."""
        column = self.settings.key_column
        path = f"{quote(target.name, safe='')}?{query}&select={quote(column, safe='')}"
        rows = (await self._ask(method, path, content, prefer=f"{prefer}return=representation")).json()
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Retryable("garbled", "an answer without rows")
        return {str(row.get(column)) for row in rows}

    def _chosen(self, keys: Sequence[str]) -> list[str]:
        """Filters that choose these keys, quoted as PostgREST wants reserved characters ("Reserved characters")."""
        words = ['"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys]
        some = [",".join(words[start : start + KEYS_IN_URL]) for start in range(0, len(words), KEYS_IN_URL)]
        column = quote(self.settings.key_column, safe="")
        return [f"{column}=in.({quote(few, safe='')})" for few in some]

    async def _ask(self, method: str, path: str, content: Any = None, *, prefer: str = "") -> Reply:
        token = self.settings.password.get_secret_value()
        profile = "Accept-Profile" if method == "GET" else "Content-Profile"
        headers = {"Authorization": f"Bearer {token}", "apikey": token, profile: self.settings.namespace}
        return await call(
            self.session,
            method,
            f"{self.settings.base_url}/{path}",
            safe_to_repeat=True,
            headers={**headers, "Prefer": prefer} if prefer else headers,
            json=content,
            judge=_judge,
            hide=(token,),
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _storable(value: Any) -> bool:
    """Text that PostgreSQL can hold: UTF-8 without NUL."""
    text = _text(value) or ""
    return "\0" not in text and text == text.encode(errors="ignore").decode()


def _text(value: Any) -> str | None:
    """A value as PostgreSQL reads it, whatever its column's type is."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _types(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Types for columns that are to be made. One that nobody has a value for needs none."""
    kinds: dict[str, set[type]] = defaultdict(set)
    for name, value in (cell for cells in rows for cell in cells.items() if cell[1] is not None):
        wide = type(value) is int and not -(2**63) <= value < 2**63
        kinds[name].add(complex if wide else type(value))
    return {name: next((type for type, of in TYPES.items() if found <= of), "text") for name, found in kinds.items()}


async def _stage(connection: Any, records: Sequence[tuple[Any, ...]], columns: int) -> None:
    names = [f"c{number}" for number in range(columns)]
    await connection.execute(STAGE.substitute(columns=", ".join(f"{name} text" for name in names)))
    await connection.copy_records_to_table("tidegate_rows", records=records, columns=["n", *names])


async def _halved(connection: Any, statement: str, start: int, end: int) -> tuple[set[int], dict[int, Outcome]]:
    """Run a statement for the staged rows from `start` to `end`; what it returned, and outcomes of the bad ones."""
    import asyncpg

    try:
        async with connection.transaction():  # within the other one: a savepoint
            return {row[0] for row in await connection.fetch(statement, start, end)}, {}
    except asyncpg.PostgresError as raised:
        fault = _meaning(str(raised.sqlstate or ""), str(raised))
        if not isinstance(fault, Refused) or start == end:
            raise
        if end - start == 1:
            return set(), {start: Outcome.of(fault)}
    middle = (start + end) // 2
    found, bad = await _halved(connection, statement, start, middle)
    more, worse = await _halved(connection, statement, middle, end)
    return found | more, bad | worse


def _tls(settings: PostgresSettings) -> ssl.SSLContext | bool:
    if settings.tls == "none":
        return False
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.tls == "encrypt":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _meaning(code: str, words: str) -> DestinationError:
    """What a SQLSTATE means. What was in the cell is left out: PostgreSQL puts it into quotes after a colon."""
    said = mask(f"{code} {words.partition(chr(10))[0].partition(': ' + chr(34))[0]}")
    for known, kind in ((ROW, Refused), (CLOSED, Closed), (RETRYABLE, Retryable)):
        if (reason := known.get(code) or known.get(code[:2])) is not None:
            return kind(reason, said)
    return Retryable("refused", said)


def _judge(reply: Reply) -> DestinationError | None:
    code = reply.peek("code")
    if not isinstance(code, str) or not code or reply.status in (401, 429):
        return None
    return _meaning(code, mask(str(reply.peek("message") or ""), reply.hide))
