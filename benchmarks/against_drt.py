"""The same job by Tidegate and by drt (`drt-core` of the package index): a DuckDB table to a local HTTP server.

    python benchmarks/against_drt.py [--rows 100000] [--slow-rows 2000] [--rounds 1]

Row by row, and in batches of 1,000. drt reads the table and sends it. Tidegate does what it always does: it
decides who is new, normalises and hashes two identifiers of each, writes down what is owed, claims it, journals
every call and settles every row. drt sends one request at a time, and makes a client for each of its own batches:
of 1,000 rows ("as it comes"), or of 10,000, many requests each ("tuned"). A third server answers after 20 ms, which
is fast for a platform on the internet.

drt gets an environment of its own, in the user's cache folder. Both are measured once everything is imported; they
take turns, and medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import ClassVar

from decision import facts, segment
from delivery import BATCH, CONCURRENCY, NOW, Local, Settings, render, served

from tidegate import queries
from tidegate.connector import Identifier
from tidegate.decision.decide import decide
from tidegate.delivery import deliver
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse, transaction

DRT = "drt-core[duckdb]==1.2.1"
TARGET = 5.0
PEOPLE = ModelColumns("best", '"main"."best"', {"customer_id": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR"})


class Ads(Local):
    channel = "ads"
    identifiers: ClassVar = {"email": Identifier("email", "sha256"), "phone": Identifier("phone", "sha256")}


def environment() -> Path:
    """The interpreter of an environment that holds drt; made at the first time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "tidegate-benchmarks" / DRT.translate(str.maketrans("[]=", "---"))
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = home / "installed"
    if not done.exists():
        print(f"making an environment with {DRT} in {home}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", DRT], check=True)
        done.touch()
    return python


def drt(python: Path, url: str, rows: int, batch: int, together: int) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb")
        with warehouse.session() as connection:
            segment(connection, rows, 0)
        warehouse.release()
        job = [python, Path(__file__).parent / "drt" / "job.py", warehouse.path]
        told = subprocess.run(
            [*job, "select email, phone from best", url, str(batch), str(together)],
            check=True, stdout=subprocess.PIPE, env={**os.environ, "HOME": folder},
        )  # fmt: skip
    found = json.loads(told.stdout.splitlines()[-1])
    assert (found["success"], found["failed"]) == (rows, 0), found
    return float(found["seconds"])


def tidegate(url: str, rows: int, batch: int) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb")
        with warehouse.session() as connection:
            segment(connection, rows, 0)
            start = {"run_id": "run-0", "kind": "run", "target": "dev", "as_of": NOW, "version": "0", "started_at": NOW}
            connection.execute(queries.text("runs/start"), start)
        began = time.perf_counter()
        with warehouse.session() as connection, transaction(connection):
            decide(connection, facts(0, True))
        result = deliver(
            warehouse, run_id="run-0", as_of=NOW, destination="ads",
            connector=Ads(Settings(url=url, batch=batch, concurrency=CONCURRENCY)),
            people=PEOPLE, key="customer_id", render=render,
        )  # fmt: skip
        took = time.perf_counter() - began
        assert result.accepted == rows, result
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--slow-rows", type=int, default=2_000, help="row by row, to the server that takes 20 ms")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    try:
        python = environment()
    except subprocess.CalledProcessError:
        print(f"{DRT} cannot be installed here (is there a package index?): not compared")
        return
    with served() as fast, served(0.02) as slow:
        tidegate(fast, 100, 1)  # what is imported at the first use is imported now
        compare(python, fast, given.rows, 1, given.rounds, "row by row")
        compare(python, fast, given.rows, BATCH, given.rounds, "1,000 a request")
        compare(python, slow, given.slow_rows, 1, given.rounds, "row by row, 20 ms")
        compare(python, slow, given.rows, BATCH, given.rounds, "1,000 a request, 20 ms")


def compare(python: Path, url: str, rows: int, batch: int, rounds: int, how: str) -> None:
    ours, plain, tuned = [], [], []
    for _ in range(rounds):
        ours.append(rows / tidegate(url, rows, batch))
        plain.append(rows / drt(python, url, rows, batch, 1_000))
        tuned.append(rows / drt(python, url, rows, batch, 10_000))
    mine, theirs, best = median(ours), median(plain), median(tuned)
    print(
        f"{how:23} tidegate {mine:8,.0f} rows/s   drt as it comes {theirs:8,.0f} ({mine / theirs:.1f}x)   "
        f"tuned {best:8,.0f} ({mine / best:.1f}x)   target {TARGET:g}x",
        flush=True,
    )


if __name__ == "__main__":
    main()
