"""The documentation keeps up: every command, option and exit code is told, and no link leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tidegate.cli.commands import COMMANDS, EXIT_CODES, tidegate

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    found = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", CLI, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section on {name}"
    return found.group(1)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section_with_an_example(name: str) -> None:
    assert f"tidegate {name}" in section(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_told(name: str) -> None:
    command = tidegate.get_command(click.Context(tidegate), name)
    assert command is not None
    shared = CLI.split("## Exit codes")[0]

    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert any(option in section(name) + shared for option in parameter.opts), f"{name} {parameter.opts}"


def test_no_section_tells_of_a_command_that_is_not_there() -> None:
    assert set(re.findall(r"^### (\w+)$", CLI, re.MULTILINE)) == set(COMMANDS)


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)}

    assert told == {code for code, _ in EXIT_CODES} | {130}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")

    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name
