"""How long `tidegate --help` takes, against a bare `python -c pass`.

    python benchmarks/startup.py [--rounds 20]

Printed are medians in milliseconds, and what the command adds. The target is 300 ms in all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median

TARGET = 300.0


def milliseconds(*words: str, rounds: int) -> float:
    """The median time of a process, from its start to its end."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    bare = milliseconds(sys.executable, "-c", "pass", rounds=rounds)
    print(f"python -c pass          {bare:6.0f} ms")
    for words in (["--help"], ["plan", "--help"], ["--version"]):
        full = milliseconds(sys.executable, "-m", "tidegate", *words, rounds=rounds)
        met = "" if full <= TARGET else f"   over the target of {TARGET:.0f} ms"
        print(f"tidegate {' '.join(words):<14} {full:6.0f} ms   {full - bare:+.0f} ms{met}")


if __name__ == "__main__":
    main()
