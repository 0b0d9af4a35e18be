"""A run of the shop in which nothing is new, dbt and contracts included, warm in one process.

    python benchmarks/no_change.py [--runs 5]

The shop is copied into an empty folder, its baseline is taken, and the same run is repeated. The target is 3 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tidegate import run as stages
from tidegate import starter
from tidegate.run import Run
from tidegate.workspace import Workspace

AS_OF = datetime(2011, 11, 1, tzinfo=UTC)
STAGES = ("land", "build", "check", "decide", "deliver_all")


def once(workspace: Workspace) -> dict[str, float]:
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    run: Run = stages.begin_in(workspace, as_of=AS_OF)
    done: list[object] = []
    for name in STAGES:
        start = time.perf_counter()
        done = getattr(stages, name)(run)
        seconds[name] = time.perf_counter() - start
    stages.finish(run, done)  # type: ignore[arg-type]
    return {"whole run": time.perf_counter() - began, **seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        starter.copy(root)
        with Workspace(root) as workspace:
            first = once(workspace)
            again = [once(workspace) for _ in range(arguments.runs)]
    print(f"{'':12} {'first':>8} {'no change, median':>18}")
    for name in ("whole run", *STAGES):
        print(f"{name:12} {first[name]:7.2f}s {median(run[name] for run in again):17.2f}s")


if __name__ == "__main__":
    main()
