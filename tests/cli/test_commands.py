"""The commands themselves: found, described, quick to load."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from tidegate.cli.commands import COMMANDS, EXIT_CODES, tidegate

HEAVY = (
    "duckdb",
    "sqlglot",
    "dbt",
    "prefect",
    "great_expectations",
    "polars",
    "pyarrow",
    "pydantic",
    "aiohttp",
    "rich",
)


def command(name: str) -> click.Command:
    found = tidegate.get_command(click.Context(tidegate), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_under_its_name(name: str) -> None:
    assert command(name).name == name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_and_the_commands_own_help_say_the_same(name: str) -> None:
    help_ = command(name).help
    assert help_ is not None
    first = " ".join(help_.split("\n\n")[0].split())

    assert first.endswith(".")
    assert COMMANDS[name].line.endswith(".")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_shows_an_example(name: str) -> None:
    result = CliRunner().invoke(tidegate, [name, "--help"])

    assert result.exit_code == 0
    assert re.search(rf"Examples?:\n\s+(.*\n\s+)?.*tidegate {name}", result.stdout)


def test_the_help_lists_commands_and_exit_codes() -> None:
    text = CliRunner().invoke(tidegate, ["--help"]).stdout

    for name in COMMANDS:
        assert re.search(rf"^  {name} ", text, re.MULTILINE)
    for code, meaning in EXIT_CODES:
        assert f"{code}  {meaning}" in text


def test_help_loads_nothing_that_it_does_not_show() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tidegate", "--help"], capture_output=True, text=True, check=True
    )
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}

    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_loads_no_engine(name: str) -> None:
    code = (
        f"import sys, tidegate.cli.{COMMANDS[name].module};"
        f"print([heavy for heavy in {HEAVY[:-1]!r} if heavy in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
