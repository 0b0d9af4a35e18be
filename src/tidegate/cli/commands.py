"""The commands by name, and the group that loads one only when it is asked for.

`tidegate --help` must come at once, so the line that describes a command is kept here and the command's
module (with whatever it imports) stays unread until it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click

from tidegate import __version__
from tidegate.cli import faults, place


class Entry(NamedTuple):
    """Where a command lives, and the line that `tidegate --help` shows."""

    heading: str
    module: str
    line: str


COMMANDS: dict[str, Entry] = {
    "plan": Entry("Activate", "plan", "Show what a run would do now; change nothing."),
    "simulate": Entry("Activate", "simulate", "Walk history through a journey; send nothing, change nothing."),
    "run": Entry("Activate", "run", "See who entered and who left, and tell the world."),
    "replay": Entry("Activate", "replay", "Run day after day over a stretch of the past."),
    "land": Entry("Activate", "land", "Load new event files, and nothing else."),
    "approve": Entry("Activate", "approve", "Let a blocked audience through, or refuse it."),
    "retry": Entry("Activate", "retry", "Let the next run try again what a destination refused."),
    "release": Entry("Activate", "release", "Choose what becomes of a list without an audience."),
    "suppress": Entry("Activate", "suppress", "Never write to an address again, or lift that."),
    "status": Entry("Look", "status", "Say what the last runs did, and what is owed, unknown or blocked."),
    "owed": Entry("Look", "owed", "Show the rows that destinations have not accepted yet, and why."),
    "requests": Entry("Look", "requests", "Show what destinations were asked, and what they said."),
    "journey": Entry("Look", "journey", "Show journeys with everybody in them: the graph, counted."),
    "person": Entry("Look", "person", "Tell one person's whole story, in order."),
    "sandbox": Entry("Look", "sandbox", "Serve the page of what the sandbox received."),
    "check": Entry("Write", "check", "Validate the whole project without sending."),
    "schema": Entry("Write", "schema", "Write JSON Schemas, so that editors complete and check the YAML."),
    "init": Entry("Write", "init", "Start a new project: a working shop to edit."),
    "recipe": Entry("Write", "recipe", "Copy a journey that works into the project, to edit it there."),
    "eject": Entry("Write", "eject", "Copy a shipped connector into the project, to change it there."),
}

EXIT_CODES = (
    (0, "done"),
    (1, "unexpected: a fault of Tidegate's own"),
    (2, "a mistake in the project's files or in the command"),
    (3, "a guard blocked an audience; a person must look"),
    (4, "a destination failed; what is owed is taken up by the next run"),
    (5, "a contract failed: the data broke a promise"),
    (6, "the warehouse cannot be used now"),
)


class Commands(click.Group):
    """Commands by heading, loaded when used; faults become a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(f"tidegate.cli.{entry.module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else " `tidegate --help` lists them."
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading in dict.fromkeys(entry.heading for entry in COMMANDS.values()):
            with formatter.section(heading):
                formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items() if entry.heading == heading])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES])
        with formatter.section("Examples"):
            formatter.write_text("tidegate init shop && cd shop && tidegate land && tidegate plan")
            formatter.write_text("tidegate run --target prod")

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        place.asked.set(Path())
        try:
            result = super().main(words, prog_name, complete_var, standalone_mode=False, **extra)
            code = result if isinstance(result, int) else 0
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read us (head, less) has enough; the second flush at exit must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except BaseException as fault:
            code = faults.report(fault, words)
        if not standalone_mode:
            return code
        sys.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tidegate")
def tidegate() -> None:
    """Marketing automation out of a data warehouse: SQL says who and when, YAML says what happens.

    Run it in a project's folder. Each command's own --help shows an example.
    """
