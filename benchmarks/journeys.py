"""A journey of twelve steps with very many people inside: ticks in which much is due, and ticks in which nothing is.

    python benchmarks/journeys.py [--people 1000000] [--rounds 2] [--memory 2GB] [--threads 2]

For each number of people the state is made up once, in SQL, and each measurement starts from a copy of it, in a process
of its own: the transitions of one day written by hand for this one journey (journeys/by_hand.sql), the same by a tick,
both with their commit, and the whole decision around it: planned (rolled back), run, and run again when nothing is due.
Both ways must leave the same instances, steps and messages; else the benchmark fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
from sqlglot import exp

from tidegate import queries, registry
from tidegate.decision.decide import Definition, Facts, decide
from tidegate.journeys.tick import tick
from tidegate.spec.binding import Binder
from tidegate.spec.journey_columns import qualify
from tidegate.spec.journeys import reread
from tidegate.spec.objects import Content, DestinationSpec, Guard, MessageSpec, ModelColumns, Project
from tidegate.warehouse import Warehouse, transaction

SQL = Path(__file__).parent / "journeys"
NAME = "nurturing"
JOURNEY = f"""
journey: {NAME}
enter: {{on: event 'signed_up', again: never}}
exit: {{when: did('order_completed')}}
steps:
  - {{send: intro, by: [email, sms], expires_after: 24 hours}}
  - {{id: settle, wait: 72 hours}}
  - id: liked
    if: opened('intro')
    then: [{{send: more, by: email, expires_after: 24 hours}}]
    else: [{{send: text, by: sms, expires_after: 24 hours}}]
  - {{id: listen, wait: {{for: {{heard: opened('more')}}, up_to: 96 hours}}}}
  - id: coin
    split: {{a: 50%, b: 50%}}
    a: [{{send: offer_a, by: email, expires_after: 24 hours}}]
    b: [{{send: offer_b, by: email, expires_after: 24 hours}}]
  - {{id: last, wait: 120 hours}}
  - id: warmed
    if: opened('offer_a') or opened('offer_b')
    then: [{{id: warm, tag: warm}}]
"""
MESSAGES = ("intro", "more", "text", "offer_a", "offer_b")
BEFORE = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = BEFORE + timedelta(days=1)
PERSON = {"customer_id": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR"}
EVENT = {
    "event_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "name": "VARCHAR",
    "occurred_at": "TIMESTAMP WITH TIME ZONE",
    "properties": "VARCHAR",
}
MODELS = {
    "people": ModelColumns("people", '"main"."people"', PERSON),
    "events": ModelColumns("events", '"main"."events"', EVENT),
}
#: what must be the same whoever did it; the order of rows aside
LEFT_BEHIND = {
    "instances": "instance, status, step, step_entered_at, deadline, exit_reason, ended_at, reached",
    "steps": "instance, step, reached_at, turn, number",
    "outbox": "message_key, instance, message, channels, context, due_at, expires_at",
    "assignments": "experiment, person, arm",
    "traits": "person, name, kind, value, step, instance",
}


def project(root: Path) -> Project:
    contents = {
        (channel, None): Content(f"messages/{channel}", channel, None, ending, {"subject": "Hello"}, "Hello.", 1)
        for channel, ending in (("email", "html"), ("sms", "txt"))
    }
    return Project(
        root=root, name="bench", key="customer_id", people="people", time_zone="UTC", target="dev", sandbox=False,
        clock=None, consent={}, landings=(), audiences={},
        destinations={"email": DestinationSpec("email", "smtp", {}), "sms": DestinationSpec("sms", "twilio", {})},
        messages={name: MessageSpec(name, "offers", contents) for name in MESSAGES},
        unsubscribe_url="https://shop.example/unsubscribe",
    )  # fmt: skip


def facts(run: str, as_of: datetime) -> Facts:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as empty:
        (Path(folder) / "models").mkdir()
        for name in MODELS:
            (Path(folder) / "models" / f"{name}.sql").touch()
        known = project(Path(folder))
        journey, problems = qualify(reread(JOURNEY, known), known, MODELS, Binder(empty))
    assert not problems, problems
    free = replace(journey, guard=Guard(max_enter=None, max_leave=None))
    return Facts(
        project=replace(known, journeys={NAME: free}),
        models=MODELS,
        definitions={name: Definition("select 1", "v1") for name in MODELS},
        connectors={name: registry.load(spec.connector, Path()) for name, spec in known.destinations.items()},
        unfit={},
        run_id=run,
        as_of=as_of,
    )


class Clock:
    """Seconds by the wall, and of processor time, by name."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.busy: dict[str, float] = {}

    @contextmanager
    def times(self, name: str) -> Iterator[None]:
        wall, busy = time.perf_counter(), time.process_time()
        yield
        self.wall[name] = time.perf_counter() - wall
        self.busy[name] = time.process_time() - busy


def begin(connection: duckdb.DuckDBPyConnection, made: Facts) -> None:
    begun = {"run_id": made.run_id, "kind": "run", "target": "dev", "as_of": made.as_of, "version": "0"}
    connection.execute(queries.text("runs/start"), {**begun, "started_at": datetime.now(UTC)})


def perform(connection: duckdb.DuckDBPyConnection, script: str, variables: Mapping[str, object]) -> None:
    """Execute the statements of a file, which reads `variables` by their names."""
    for name, value in variables.items():
        connection.execute(f"set variable {name} = $value", {"value": value})
    for statement in duckdb.extract_statements((SQL / f"{script}.sql").read_text(encoding="utf-8")):
        connection.execute(statement)


def make_up(warehouse: Warehouse, people: int) -> None:
    variables = {"people": people, "before": BEFORE, "journey": NAME}
    with warehouse.session() as connection:
        perform(connection, "made_up", variables)
        first = facts("run-0", BEFORE)
        begin(connection, first)
        with transaction(connection):
            decide(connection, first)
        perform(connection, "state", variables)


def by_hand(warehouse: Warehouse, clock: Clock) -> None:
    with warehouse.session() as connection, clock.times("by hand"), transaction(connection):
        perform(connection, "by_hand", {"before": BEFORE, "now": NOW, "journey": NAME})


def by_tick(warehouse: Warehouse, clock: Clock) -> dict[str, int]:
    made = facts("run-1", NOW)
    with warehouse.session() as connection:
        begin(connection, made)
        with clock.times("tick and commit"), transaction(connection), clock.times("tick"):
            for statement in queries.statements("decide/working_tables"):
                connection.execute(statement)
            decision = tick(connection, made)[NAME].decision
        assert decision.verdict == "applied", decision
        return {
            "people": decision.moved,
            "moves": sum(count for (came, _), count in decision.moves.items() if came),
            "left": decision.ended.get("rule", 0),
            "messages": sum(decision.planned.values()),
        }


def by_decision(warehouse: Warehouse, clock: Clock) -> None:
    made = facts("run-1", NOW)
    with warehouse.session() as connection:
        begin(connection, made)
        with clock.times("planned"):
            connection.execute("begin transaction")
            planned = decide(connection, made)
            connection.execute("rollback")
        with clock.times("run"), transaction(connection):
            assert decide(connection, made).journeys == planned.journeys
    with warehouse.session() as connection:  # not measured: everything that is ready goes
        connection.execute(
            "update tidegate.outbox set state = 'accepted', settled_at = $now, settled_run = 'run-1' "
            "where state = 'ready'",
            {"now": NOW},
        )
        connection.execute("checkpoint")
    for number, name in enumerate(("nothing due, first time", "nothing due"), start=2):
        late = facts(f"run-{number}", NOW + timedelta(milliseconds=number))
        with warehouse.session() as connection:
            begin(connection, late)
            with clock.times(name), transaction(connection):
                still = decide(connection, late).journeys[0]
            assert (still.moved, still.entered, sum(still.ended.values())) == (0, 0, 0), still


def left_behind(warehouse: Warehouse) -> dict[str, str]:
    """A number for each table that is the same where the same is in it."""
    found = {}
    with warehouse.session() as connection:
        for table, columns in LEFT_BEHIND.items():
            digest = exp.select("count(*)", f"sum(hash({columns}))").from_(exp.to_table(f"tidegate.{table}"))
            ((rows, number),) = connection.execute(digest.sql(queries.DIALECT)).fetchall()
            found[table] = f"{rows}:{number}"
    return found


PARTS = {"make up": None, "by hand": by_hand, "tick": by_tick, "decision": by_decision}


def part(arguments: argparse.Namespace) -> None:
    """One measurement, in a process of its own: prints what it found as JSON."""
    warehouse = Warehouse(arguments.file, memory_limit=arguments.memory)
    with warehouse.session() as connection:
        connection.execute(f"set threads = {arguments.threads:d}")
    clock = Clock()
    if arguments.part == "make up":
        make_up(warehouse, arguments.people)
        print("{}")
        return
    counts = PARTS[arguments.part](warehouse, clock)  # type: ignore[misc]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    same = left_behind(warehouse) if arguments.part != "decision" else {}
    warehouse.release()
    print(json.dumps({"wall": clock.wall, "busy": clock.busy, "counts": counts, "peak": peak, "left": same}))


def apart(name: str, file: Path, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    words = ["--part", name, "--file", str(file), "--people", str(arguments.people)]
    words += ["--memory", arguments.memory, "--threads", str(arguments.threads)]
    done = subprocess.run([sys.executable, __file__, *words], stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(folder: Path, arguments: argparse.Namespace) -> None:
    original, copy = folder / "original" / "warehouse.duckdb", folder / "copy" / "warehouse.duckdb"
    apart("make up", original, arguments)
    found: dict[str, list[dict]] = {name: [] for name in PARTS if name != "make up"}
    for _ in range(arguments.rounds):
        for name, results in found.items():
            shutil.rmtree(copy.parent, ignore_errors=True)
            shutil.copytree(original.parent, copy.parent)
            results.append(apart(name, copy, arguments))
        assert found["tick"][-1]["left"] == found["by hand"][-1]["left"], found
    report(arguments.people, original.stat().st_size, found)


def report(people: int, size: int, found: Mapping[str, list[dict]]) -> None:
    def of(part: str, name: str, kind: str = "wall") -> float:
        return median(result[kind][name] for result in found[part])

    counts = found["tick"][0]["counts"]
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"{people:,} people inside, {2 * people:,} events, a warehouse of {size / 2**30:.1f} GiB: {told}")
    print(f"  {'':28} {'wall':>9} {'processor':>10}")
    for part, results in found.items():
        for name in results[0]["wall"]:
            print(f"  {name:28} {of(part, name):7.2f} s {of(part, name, 'busy'):8.2f} s")
    for kind, word in (("wall", "the wall"), ("busy", "processor time")):
        ratio = of("tick", "tick and commit", kind) / of("by hand", "by hand", kind)
        plan = of("decision", "planned", kind) / of("decision", "run", kind)
        print(f"  by {word}: tick to hand {ratio:.2f}, planned to run {plan:.2f}")
    seconds = of("tick", "tick and commit")
    print(f"  {counts['people'] / seconds:,.0f} people and {counts['moves'] / seconds:,.0f} moves a second")
    peaks = {part: max(result["peak"] for result in results) for part, results in found.items()}
    print("  peak memory: " + ", ".join(f"{part} {peak:,.0f} MiB" for part, peak in peaks.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory", default="2GB", help="DuckDB's memory limit")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = arguments.people
    for people in sizes:
        arguments.people = people
        if arguments.part:
            part(arguments)
            continue
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), arguments)


if __name__ == "__main__":
    main()
