"""The command line. `main` is what the command `tidegate` calls; each command is loaded when it is used."""

from __future__ import annotations

from tidegate.cli.commands import tidegate


def main() -> None:
    """Run the command line on `sys.argv` and leave the process with its exit code."""
    tidegate.main(prog_name="tidegate")
