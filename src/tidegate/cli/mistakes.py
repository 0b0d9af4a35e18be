"""A mistake in the command itself, as opposed to one in the project's files."""

from __future__ import annotations

from typing import IO, Any

import click


class Mistake(click.ClickException):
    """Its text says what is wrong and what would be right. Ends the process with 2, as a wrong file does."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        from tidegate.cli import terminal

        terminal.err().print(self.format_message(), style="red")
