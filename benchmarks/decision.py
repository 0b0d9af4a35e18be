"""Diff, commit and sync planning of one large audience, against a bare DuckDB hash join over the same tables.

    python benchmarks/decision.py [--people 10000000] [--churn 0.01] [--rounds 3]

Each round churns the audience: a share of its members leave and as many others enter. Printed for each round
are the bare key-only full outer join of segment and open stays, the bare join of segment and delivered rows
with a hash compared, and our decision's parts, with the ratios; last the peak memory of the process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.connector import Connector, Identifier
from tidegate.decision.decide import Definition, Facts, decide
from tidegate.spec.objects import Audience, DestinationSpec, Guard, ModelColumns, Project, Sync
from tidegate.warehouse import Warehouse, transaction

START = datetime(2026, 1, 1, tzinfo=UTC)


class Ads(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    identifiers = {"email": Identifier("email", "sha256"), "phone": Identifier("phone", "sha256")}  # noqa: RUF012


SEGMENT = {"customer_id": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR", "spend": "BIGINT"}


def project(synced: bool) -> Project:
    fields = ("email", "phone")
    sync = Sync("ads", "list", "Best", {name: exp.column(name, table="entry", quoted=True) for name in fields})
    audience = Audience(
        "best", "audiences/best.yml", who="best", sync=(sync,) if synced else (), guard=Guard(None, None)
    )
    return Project(
        root=Path(), name="bench", key="customer_id", people="best", time_zone="UTC", target="dev", sandbox=False,
        clock=None, consent={}, landings=(), destinations={"ads": DestinationSpec("ads", "ads", {})},
        audiences={"best": audience}, messages={},
    )  # fmt: skip


def segment(connection: duckdb.DuckDBPyConnection, people: int, first: int) -> None:
    connection.execute(
        "create or replace table best as select 'c' || (i + $first) as customer_id, "
        "'customer' || (i + $first) || '@example.com' as email, "
        "'+1202555' || lpad((i % 10000)::varchar, 4, '0') as phone, "
        "i % 1000 as spend from range($people) as t(i)",
        {"first": first, "people": people},
    )


def facts(number: int, synced: bool) -> Facts:
    return Facts(
        project=project(synced),
        models={"best": ModelColumns("best", '"main"."best"', SEGMENT)},
        definitions={"best": Definition("select 1", "v1")},
        connectors={"ads": Ads},
        unfit={},
        run_id=f"run-{number}",
        as_of=START + timedelta(days=number),
    )


@contextmanager
def timed(into: dict[str, list[float]], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    into.setdefault(name, []).append(time.perf_counter() - start)


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """The destination took everything (not measured)."""
    connection.execute(
        "delete from tidegate.delivered where person in (select person from tidegate.owed where operation = 'remove')"
    )
    connection.execute(
        "insert into tidegate.delivered select destination, list, person, identity, identifiers, traits, fingerprint, "
        "now(), run_id from tidegate.owed where operation = 'add'"
    )
    connection.execute("delete from tidegate.owed")


def measure(warehouse: Warehouse, people: int, churn: float, rounds: int, synced: bool) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    moved = int(people * churn)
    for number in range(rounds + 1):
        with warehouse.session() as connection:
            segment(connection, people, number * moved)
        with warehouse.session() as connection:
            if number:
                with timed(seconds, "bare join, keys"):
                    connection.execute(
                        "select count(*) from best full outer join tidegate.stays as held "
                        "on best.customer_id = held.person "
                        "and held.left_at is null where best.customer_id is null or held.person is null"
                    ).fetchall()
            if number and synced:
                with timed(seconds, "bare join, keys and hash"):
                    connection.execute(
                        "select count(*) from best full outer join tidegate.delivered as held "
                        "on best.customer_id = held.person "
                        "where hash(best.email, best.phone) is distinct from held.fingerprint"
                    ).fetchall()
            connection.execute(
                queries.text("runs/start"),
                {
                    "run_id": f"run-{number}",
                    "kind": "run",
                    "target": "dev",
                    "as_of": START,
                    "version": "0",
                    "started_at": START,
                },
            )
            with timed(seconds if number else {}, "decide and commit"), transaction(connection):
                decision = decide(connection, facts(number, synced))
            expected = moved if number else people
            assert decision.audiences[0].entered == expected, decision
            if synced:
                assert decision.lists[0].add == expected, decision
                settle(connection)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000_000)
    parser.add_argument("--churn", type=float, default=0.01)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="1400MB", help="DuckDB's memory limit")
    arguments = parser.parse_args()
    for synced in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Warehouse(Path(folder) / "warehouse.duckdb", memory_limit=arguments.memory)
            seconds = measure(warehouse, arguments.people, arguments.churn, arguments.rounds, synced)
        print(f"{arguments.people:,} people, {arguments.churn:.1%} churn, {'with a list' if synced else 'no list'}")
        for name, values in seconds.items():
            print(f"  {name:28} {median(values):7.2f} s")
        ours = median(seconds["decide and commit"])
        bare = median(seconds["bare join, keys"]) + (median(seconds["bare join, keys and hash"]) if synced else 0)
        print(f"  ratio to the bare join{'s' if synced else ''}: {ours / bare:.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
