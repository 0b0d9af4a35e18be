"""How a fault is told: what is wrong and what to do, on stderr; an exit code; a traceback only in the log.

A traceback may quote data (an address in a database's message), so what goes into the log file is redacted,
and variables are never written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tidegate import disk
from tidegate.errors import (
    ContractError,
    DestinationError,
    GuardError,
    SpecError,
    TidegateError,
    WarehouseError,
)

HINTS: dict[type[TidegateError], str] = {
    SpecError: "Mend the files, then run again; `tidegate check` validates everything without sending.",
    GuardError: "Look with `tidegate plan --rows`, then `tidegate approve AUDIENCE`, or mend the model.",
    ContractError: "Nothing was decided or sent. Mend the data that is named, then run again.",
    DestinationError: "Nothing is lost: the next run takes up what is owed. `tidegate status` shows it.",
    WarehouseError: "Nothing is lost: run again once that is mended.",
}

DEBUG = "tidegate.debug"
HOME = "tidegate.home"

INTERRUPTED = 130


def report(fault: BaseException, words: Sequence[str]) -> int:
    """Tell a person about `fault` on stderr and return the exit code. `words` are the command's arguments."""
    match fault:
        case SystemExit():
            return fault.code if isinstance(fault.code, int) else 1
        case click.exceptions.Exit():
            return fault.exit_code
        case click.ClickException():
            fault.show(sys.stderr)
            return fault.exit_code
        case KeyboardInterrupt() | click.Abort():
            print("Interrupted. What was under way is settled by the next run.", file=sys.stderr)
            return INTERRUPTED
        case TidegateError():
            _explain(fault)
            _show_traceback_if_asked(fault, words)
            return fault.exit_code
        case _ if disk.is_full(fault):
            return report(WarehouseError(disk.sentence(getattr(fault, "filename", None) or "")), words)
        case _:
            return _unexpected(fault, words)


def _explain(fault: TidegateError) -> None:
    from tidegate.cli import terminal

    err = terminal.err()
    if isinstance(fault, SpecError):
        for problem in fault.problems:
            err.print(str(problem), style="red", markup=False, highlight=False)
        count = len(fault.problems)
        err.print(f"{count:,} {'problem' if count == 1 else 'problems'}.", style="bold", highlight=False)
    else:
        err.print(str(fault), style="red", markup=False, highlight=False)
    hint = next((text for kind, text in HINTS.items() if isinstance(fault, kind)), "")
    if hint:
        err.print(hint, highlight=False)


def _unexpected(fault: BaseException, words: Sequence[str]) -> int:
    from tidegate.cli import terminal

    err = terminal.err()
    err.print(f"Something went wrong inside Tidegate ({type(fault).__name__}).", style="bold red", highlight=False)
    place = _write_log(fault, words)
    if place is not None:
        err.print(f"What happened is written to {place}", markup=False, highlight=False)
    if not _show_traceback_if_asked(fault, words):
        err.print("Add --debug to see it here. Running again is safe.", highlight=False)
    return 1


def _show_traceback_if_asked(fault: BaseException, words: Sequence[str]) -> bool:
    if "--debug" not in words:
        return False
    import traceback

    traceback.print_exception(fault, file=sys.stderr)
    return True


def _write_log(fault: BaseException, words: Sequence[str]) -> Path | None:
    import traceback
    from datetime import UTC, datetime

    from tidegate import __version__
    from tidegate.cli.place import log_folder
    from tidegate.redact import redact

    now = datetime.now(UTC)
    # Arguments may be a person's key; only the command's name is worth keeping.
    command = next((word for word in words if not word.startswith("-")), "")
    head = f"tidegate {__version__}, Python {sys.version.split()[0]}, `{command}`, {now:%Y-%m-%dT%H:%M:%SZ}\n\n"
    try:
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{now:%Y%m%dT%H%M%S%f}.txt"
        place.write_text(head + redact("".join(traceback.format_exception(fault))), encoding="utf-8")
    except OSError:
        return None
    return place
