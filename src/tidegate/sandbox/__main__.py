"""`python -m tidegate.sandbox --folder DIR [--port N]`: the sandbox as a process of its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tidegate.errors import TidegateError
from tidegate.sandbox.serving import serve_everything


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tidegate.sandbox",
        description="Serve the sandbox's platforms, control API and page. Prints one JSON line when ready.",
    )
    parser.add_argument("--folder", type=Path, required=True, help="what is received is kept here")
    parser.add_argument("--port", type=int, default=0, help="of the HTTP server (any free one)")
    parser.add_argument("--smtp-port", type=int, default=0, help="of the mail server (any free one)")
    given = parser.parse_args()
    try:
        serve_everything(given.folder, given.port, given.smtp_port)
    except TidegateError as fault:
        sys.exit(str(fault))


main()
