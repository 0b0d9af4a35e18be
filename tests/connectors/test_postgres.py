"""A table that equals the segment, in a real PostgreSQL: bad rows alone are refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import struct
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, Retryable, Unsupported
from tidegate.testing.converging import Converging

from . import failing_database, postgresql
from .conftest import ROOT
from .failing_database import Database
from .opening import ids_told
from .postgresql import PASSWORD, USER, Server

Postgres = registry.load("postgres", ROOT)
OBJECT = Target("object", "Best customers")
LIST = Target("list", "VIPs")
TYPES = "select column_name, data_type from information_schema.columns where table_name = 'Best customers'"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if postgresql.programs() is None:
        pytest.skip("no PostgreSQL on this machine; install it, or name its folder of programs in TIDEGATE_POSTGRES")
    with postgresql.cluster() as server:
        yield server


@pytest.fixture
async def database(server: Server) -> AsyncIterator[asyncpg.Connection]:
    """An administrator's connection; every test finds an empty schema."""
    connection = await asyncpg.connect(
        host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, database="postgres"
    )
    await connection.execute("drop schema public cascade; create schema public")
    yield connection
    await connection.close()


def settings(server: Server, **more: Any) -> dict[str, Any]:
    where = {"host": "127.0.0.1", "port": server.port, "user": USER, "password": PASSWORD, "tls": "none"}
    return {**where, **more}


def connect(server: Server, **more: Any) -> Connector:
    return Postgres(Postgres.Settings.model_validate(settings(server, **more)))


class TestContract(Converging):
    kind = Postgres
    secrets = (PASSWORD,)
    target = OBJECT
    faults = failing_database.FAULTS

    @pytest.fixture
    async def wire(self, server: Server, database: asyncpg.Connection) -> AsyncIterator[Database]:
        async with Database(server, database, OBJECT.name).served() as wire:
            yield wire

    def settings(self, wire: Database) -> Mapping[str, Any]:
        return settings(wire.server, port=wire.port, timeout=wire.patience)

    async def strike(self, wire: Database, fault: str) -> None:
        await wire.fail(fault)

    async def heal(self, wire: Database) -> None:
        await wire.mend()

    async def lose(self, wire: Database) -> bool:
        await wire.drop()
        return True

    async def holds(self, wire: Database) -> set[str]:
        return await wire.addresses()


async def held(
    database: asyncpg.Connection, table: str = "Best customers", order: str = "person"
) -> list[dict[str, Any]]:
    rows = await database.fetch(f'select * from "{table}" order by "{order}"')  # noqa: S608 (names of these tests)
    return [dict(row) for row in rows]


async def someone_waits(database: Any) -> None:
    """Until a statement of another connection stands before a lock."""
    async with asyncio.timeout(30):
        while not await database.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the server tells nobody


def said(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.verdict, outcome.reason) for outcome in outcomes]


async def test_the_table_is_made_and_holds_who_is_in_the_segment(server: Server, database: Any) -> None:
    connector = connect(server)
    ada, bob = Row("ada", {"email": "ada@example.com"}), Row("bob", {"email": "bob@example.com"})
    assert said(await connector.upsert(LIST, [bob, ada])) == [("accepted", "")] * 2
    await connector.upsert(LIST, [Row("ada", {"email": "ada@new.example.com"})])
    assert said(await connector.remove(LIST, [bob, Row("nobody", {})])) == [("accepted", "")] * 2
    assert await held(database, "VIPs") == [{"person": "ada", "email": "ada@new.example.com"}]


async def test_columns_have_the_types_of_their_values_and_come_when_somebody_has_one(
    server: Server, database: Any
) -> None:
    connector = connect(server)
    first = {"n": 3, "spend": 12.5, "vip": True, "tier": "gold", "tags": ["a", {"b": 1}], "wide": 2**70, "later": None}
    await connector.upsert(OBJECT, [Row("ada", {}, first), Row("bob", {}, {"spend": 3})])
    await connector.upsert(OBJECT, [Row("bob", {}, {"later": -1})])
    types = dict(await database.fetch(TYPES))
    assert types == {
        "person": "text",
        "n": "bigint",
        "spend": "double precision",
        "vip": "boolean",
        "tier": "text",
        "tags": "jsonb",
        "wide": "numeric",
        "later": "bigint",
    }
    ada, bob = await held(database)
    assert (ada["n"], ada["spend"], ada["vip"], ada["tier"], ada["wide"]) == (3, 12.5, True, "gold", 2**70)
    assert ada["tags"] == '["a", {"b": 1}]'
    assert (bob["spend"], bob["later"]) == (3.0, -1)


async def test_null_empties_a_column_and_what_is_not_mentioned_stays(server: Server, database: Any) -> None:
    connector = connect(server)
    await connector.upsert(OBJECT, [Row("ada", {"email": "a@example.com"}, {"tier": "gold", "spend": 1})])
    rows = [Row("ada", {}, {"tier": None}), Row("bob", {}, {"spend": 2})]
    await connector.upsert(OBJECT, rows)
    assert await held(database) == [
        {"person": "ada", "email": "a@example.com", "tier": None, "spend": 1},
        {"person": "bob", "email": None, "tier": None, "spend": 2},
    ]


async def test_a_telephone_number_that_somebody_gave_up_goes_from_its_column(server: Server, database: Any) -> None:
    connector = connect(server)
    await connector.upsert(LIST, [Row("ada", {"email": "a@example.com", "phone": "+447700900123"})])
    await connector.upsert(LIST, [Row("ada", {"email": "a@example.com"}, {"phone": None})])
    assert [dict(row) for row in await database.fetch('select * from "VIPs"')] == [
        {"person": "ada", "email": "a@example.com", "phone": None}
    ]


async def test_a_table_that_was_dropped_is_told_to_be_another_and_one_that_was_emptied_is_not(
    server: Server, database: Any
) -> None:
    connector = connect(server)
    with ids_told() as told:
        await connector.upsert(OBJECT, [Row("ada", {})])
        await database.execute(f'truncate "{OBJECT.name}"')
        await connector.upsert(OBJECT, [Row("bob", {})])
        await database.execute(f'drop table "{OBJECT.name}"')
        await connector.remove(OBJECT, [Row("bob", {})])
        await connector.upsert(OBJECT, [Row("bob", {})])
    assert [name for name, _ in told] == [OBJECT.name] * 3
    first, second, anew = (platform_id for _, platform_id in told)
    assert first == second != anew


async def test_a_table_of_ones_own_keeps_its_types_its_key_and_its_other_columns(server: Server, database: Any) -> None:
    await database.execute(
        "create table customers (customer_id int primary key, joined date, score smallint, mood text default 'fine')"
    )
    connector = connect(server, key_column="customer_id", make=False)
    target = Target("object", "customers")
    rows = [
        Row("12", {}, {"joined": "2026-03-01", "score": 7}),
        Row("13", {}, {"joined": "soon", "score": 7}),
        Row("x14", {}, {"joined": "2026-03-01", "score": 7}),
        Row("15", {}, {"joined": "2026-03-02", "score": 40_000}),
        Row("16", {}, {"joined": None, "score": 8}),
    ]
    outcomes = await connector.upsert(target, rows)
    bad = ("rejected", "invalid_value")
    assert said(outcomes) == [("accepted", ""), bad, bad, bad, ("accepted", "")]
    assert "soon" not in outcomes[1].detail
    assert await held(database, "customers", "customer_id") == [
        {"customer_id": 12, "joined": dt.date(2026, 3, 1), "score": 7, "mood": "fine"},
        {"customer_id": 16, "joined": None, "score": 8, "mood": "fine"},
    ]
    assert said(await connector.remove(target, [rows[0], rows[2]])) == [("accepted", "")] * 2
    assert [row["customer_id"] for row in await held(database, "customers", "customer_id")] == [16]


async def test_of_thousands_of_rows_each_bad_one_is_named_and_the_others_are_in(server: Server, database: Any) -> None:
    await database.execute('create table "Best customers" (person text primary key, spend integer check (spend >= 0))')
    rows = [Row(f"p{n:04}", {}, {"spend": -1 if n % 100 == 7 else n}) for n in range(3000)]
    outcomes = await connect(server).upsert(OBJECT, rows)
    assert [n for n, outcome in enumerate(outcomes) if outcome.verdict != "accepted"] == list(range(7, 3000, 100))
    assert {outcome.reason for outcome in outcomes} == {"", "constraint"}
    assert len(await held(database)) == 2970


async def test_text_that_postgresql_cannot_hold_is_refused_before_it_is_sent(server: Server, database: Any) -> None:
    rows = [
        Row("ada", {}, {"note": "fine", "tags": ["fine"]}),
        Row("bob", {}, {"note": "nul\0", "tags": []}),
        Row("eve\0", {}, {"note": "fine", "tags": []}),
        Row("kay", {}, {"note": "half \ud800", "tags": []}),
        Row("lou", {}, {"note": "fine", "tags": ["nul\0"]}),
    ]
    connector = connect(server)
    outcomes = await connector.upsert(OBJECT, rows)
    unfit = ("rejected", "not_text")
    assert said(outcomes) == [("accepted", ""), unfit, unfit, unfit, ("rejected", "invalid_value")]
    assert "note" in outcomes[1].detail
    assert said(await connector.remove(OBJECT, rows)) == [("accepted", "")] * 5
    assert await held(database) == []


@pytest.mark.parametrize(
    "name", ['robert"; drop table students; --', "Łódź $1 %s", "select", "tidegate_rows", "a.b", "'"]
)
async def test_names_are_names_whatever_is_in_them(server: Server, database: Any, name: str) -> None:
    connector = connect(server, key_column="key's $name")
    target = Target("object", name)
    await connector.upsert(target, [Row("ada'; --", {"email": "a@example.com"}, {name: "x", 'a "b"': 1})])
    await connector.upsert(target, [Row("bob", {})])
    await connector.remove(target, [Row("bob", {})])
    tables = [row[0] for row in await database.fetch("select tablename from pg_tables where schemaname = 'public'")]
    assert tables == [name]
    [row] = await database.fetch(f'select * from "{name.replace(chr(34), chr(34) * 2)}"')  # noqa: S608
    assert dict(row) == {"key's $name": "ada'; --", "email": "a@example.com", name: "x", 'a "b"': 1}


async def test_create_leaves_alone_who_is_there_and_update_makes_nobody(server: Server, database: Any) -> None:
    connector = connect(server)
    rows = [Row("ada", {}, {"tier": "gold"}), Row("bob", {}, {"tier": "gold"})]
    await connector.upsert(OBJECT, [Row("ada", {}, {"tier": "silver"})])
    updated = await connector.upsert(Target("object", OBJECT.name, "update"), rows)
    assert said(updated) == [("accepted", ""), ("rejected", "not_found")]
    created = await connector.upsert(
        Target("object", OBJECT.name, "create"), [Row("ada", {}, {"tier": "none"}), Row("bob", {}, {"tier": "none"})]
    )
    assert said(created) == [("accepted", "")] * 2
    assert await held(database) == [{"person": "ada", "tier": "gold"}, {"person": "bob", "tier": "none"}]
    bare = [Row("ada", {}), Row("cy", {})]
    assert said(await connector.upsert(Target("object", OBJECT.name, "update"), bare)) == said(updated)


async def test_of_two_rows_for_one_person_the_last_counts(server: Server, database: Any) -> None:
    rows = [Row("ada", {}, {"tier": "silver"}), Row("ada", {}, {"tier": "gold"})]
    assert said(await connect(server).upsert(OBJECT, rows)) == [("accepted", "")] * 2
    assert await held(database) == [{"person": "ada", "tier": "gold"}]


async def test_whoever_is_taken_out_of_a_table_that_is_not_there_is_out_of_it(server: Server, database: Any) -> None:
    assert said(await connect(server).remove(OBJECT, [Row("ada", {})])) == [("accepted", "")]
    assert await database.fetch("select 1 from pg_tables where schemaname = 'public'") == []


async def test_whom_another_table_holds_on_to_is_not_said_to_be_gone(server: Server, database: Any) -> None:
    connector = connect(server)
    people = [Row(person, {}, {"tier": "gold"}) for person in ("ada", "bob", "cyd")]
    await connector.upsert(OBJECT, people)
    await database.execute(f'create table orders (person text references "{OBJECT.name}" (person))')
    await database.execute("insert into orders values ('bob')")

    removed = await connector.remove(OBJECT, people)

    await database.execute("drop table orders")
    assert said(removed) == [("accepted", ""), ("rejected", "constraint"), ("accepted", "")]
    assert await held(database) == [{"person": "bob", "tier": "gold"}]


async def test_a_table_made_by_several_at_once_is_made_once(server: Server, database: Any) -> None:
    each = [connect(server).upsert(OBJECT, [Row(f"p{n}", {}, {f"trait_{n}": n})]) for n in range(4)]
    assert [said(outcomes) for outcomes in await asyncio.gather(*each)] == [[("accepted", "")]] * 4
    assert len(await held(database)) == 4


async def test_nothing_is_made_where_that_is_switched_off(server: Server, database: Any) -> None:
    connector = connect(server, make=False)
    with pytest.raises(Retryable, match="no_table"):
        await connector.upsert(OBJECT, [Row("ada", {}, {"tier": "gold"})])
    await database.execute('create table "Best customers" (person text primary key)')
    with pytest.raises(Retryable, match="no_column: there is no column tier"):
        await connector.upsert(OBJECT, [Row("ada", {}, {"tier": "gold"})])
    assert await held(database) == []


@pytest.mark.parametrize(
    ("table", "reason"),
    [("(person text)", "no_unique_key"), ("(id text primary key)", "no_column")],
)
async def test_a_table_without_the_key_leaves_the_rows_owed_and_says_why(
    server: Server, database: Any, table: str, reason: str
) -> None:
    await database.execute(f'create table "Best customers" {table}')
    for operation in (connect(server).upsert, *([connect(server).remove] if reason == "no_column" else [])):
        with pytest.raises(Retryable, match=reason):
            await operation(OBJECT, [Row("ada", {})])


async def test_a_trait_may_not_take_the_name_of_another_column(server: Server) -> None:
    for row in (Row("ada", {"email": "a@example.com"}, {"email": "b"}), Row("ada", {}, {"person": "b"})):
        with pytest.raises(Unsupported, match="a name of its own"):
            await connect(server).upsert(OBJECT, [row])
    with pytest.raises(Unsupported, match="63 bytes"):
        await connect(server).upsert(OBJECT, [Row("ada", {}, {"ł" * 32: 1})])
    with pytest.raises(Unsupported, match="63 bytes"):
        await connect(server).upsert(Target("list", "x" * 64), [Row("ada", {})])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"password": "wrong-password"}, "unauthorized"),
        ({"user": "stranger"}, "unauthorized"),
        ({"database": "nowhere"}, "no_database"),
        ({"schema": "elsewhere"}, "no_schema"),
        ({"tls": "verify"}, "tls"),
    ],
)
async def test_an_account_at_fault_closes_the_destination(
    server: Server, database: Any, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Closed, match=reason) as raised:
        await connect(server, **more).prove()
    assert "wrong-password" not in str(raised.value)


async def test_somebody_without_the_right_to_write_closes_the_destination(server: Server, database: Any) -> None:
    await database.execute("drop role if exists reader; create role reader login password 'reads'")
    await database.execute("create table t (person text primary key); grant select on t to reader")
    connector = connect(server, user="reader", password="reads")
    with pytest.raises(Closed, match="unauthorized"):
        await connector.upsert(Target("list", "t"), [Row("ada", {})])
    with pytest.raises(Closed, match="unauthorized"):
        await connector.upsert(Target("list", "new"), [Row("ada", {})])


async def test_a_lock_that_another_holds_is_waited_for_until_the_time_is_up(server: Server, database: Any) -> None:
    connector = connect(server, timeout=0.2)
    await database.execute('create table "Best customers" (person text primary key)')
    async with database.transaction():
        await database.execute('lock table "Best customers"')
        with pytest.raises(Retryable, match="timeout"):
            await connector.upsert(OBJECT, [Row("ada", {})])
    assert await held(database) == []
    assert said(await connect(server).upsert(OBJECT, [Row("ada", {})])) == [("accepted", "")]


async def test_a_cancelled_call_leaves_nothing_behind(server: Server, database: Any) -> None:
    await database.execute('create table "Best customers" (person text primary key)')
    async with database.transaction():
        await database.execute('lock table "Best customers"')
        call = asyncio.ensure_future(connect(server).upsert(OBJECT, [Row("ada", {})]))
        await someone_waits(database)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(call, 5)
    assert await held(database) == []


async def test_a_connection_that_is_cut_is_tried_again_and_harms_nothing(server: Server, database: Any) -> None:
    await database.execute('create table "Best customers" (person text primary key)')
    async with database.transaction():
        await database.execute('lock table "Best customers"')
        call = asyncio.ensure_future(connect(server).upsert(OBJECT, [Row("ada", {})]))
        await someone_waits(database)
        await database.execute("select pg_terminate_backend(pid) from pg_locks where not granted")
        with pytest.raises(Retryable):
            await call
    assert await held(database) == []


async def test_a_server_that_dies_or_is_not_there_is_tried_again_later() -> None:
    if postgresql.programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with postgresql.cluster() as server:
        connector = connect(server)
        await connector.upsert(OBJECT, [Row("ada", {})])
        server.kill()
        for operation in (connector.upsert, connector.remove):
            with pytest.raises(Retryable, match="unreachable"):
                await operation(OBJECT, [Row("ada", {})])


async def test_what_was_committed_and_never_answered_is_the_same_the_second_time(server: Server, database: Any) -> None:
    """The answer to COMMIT is lost: a proxy of the test's own lets it go no further."""
    lost = asyncio.Event()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", server.port)

        async def ask() -> None:
            while some := await reader.read(65536):
                if b"COMMIT;" in some:
                    lost.set()
                outer.write(some)

        async def answer() -> None:
            while some := await inner.read(65536):
                if lost.is_set():
                    writer.transport.abort()
                    return
                writer.write(some)

        await asyncio.gather(ask(), answer(), return_exceptions=True)
        outer.close()

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        with pytest.raises(Retryable, match="cut_off"):
            await connect(server, port=port).upsert(OBJECT, [Row("ada", {}, {"n": 1})])
    assert await held(database) == [{"person": "ada", "n": 1}]
    assert said(await connect(server).upsert(OBJECT, [Row("ada", {}, {"n": 1})])) == [("accepted", "")]
    assert await held(database) == [{"person": "ada", "n": 1}]


def certificate(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.crt", folder / "server.key"
    public.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, private


async def test_over_tls_the_server_must_show_a_certificate_that_is_trusted(server: Server, tmp_path: Path) -> None:
    public, private = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """TLS in front of the server, since not every build of PostgreSQL has it."""
        with suppress(OSError, asyncio.IncompleteReadError, AttributeError):
            assert await reader.readexactly(8) == struct.pack("!ii", 8, 80877103)  # SSLRequest
            writer.write(b"S")
            await writer.start_tls(context)
            inner, outer = await asyncio.open_connection("127.0.0.1", server.port)
            await asyncio.gather(pour(reader, outer), pour(inner, writer))

    async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while some := await source.read(65536):
            sink.write(some)
        sink.close()

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        for refused in ({"host": "localhost"}, {"ca_file": str(public)}):  # 127.0.0.1 is not its name
            with pytest.raises(Closed, match="tls"):
                await connect(server, port=port, tls="verify", **refused).prove()
        assert await connect(server, port=port, tls="verify", ca_file=str(public), host="localhost").prove()
        assert await connect(server, port=port, tls="encrypt").prove()
