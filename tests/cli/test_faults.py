"""What a person sees when something is wrong: the words, where they go, and the exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tidegate.cli import commands, faults
from tidegate.cli.commands import COMMANDS, EXIT_CODES, tidegate
from tidegate.errors import (
    ContractError,
    GuardError,
    InDoubt,
    Problem,
    Refused,
    Retryable,
    SpecError,
    TidegateError,
    Unsupported,
    WarehouseError,
)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Makes a command `break` that raises what it is told to, in a project of its own."""
    (tmp_path / "tidegate.yml").write_text("project: shop\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("click.Group.get_command", lambda *_: None)
    raised: list[BaseException] = []

    @click.command("break")
    @click.option("--debug", is_flag=True)
    def command(debug: bool) -> None:
        raise raised[0]

    monkeypatch.setitem(COMMANDS, "break", commands.Entry("Look", "break", ""))
    monkeypatch.setattr(commands.Commands, "get_command", lambda *_: command)

    def run(fault: BaseException, *words: str):
        raised[:] = [fault]
        return CliRunner().invoke(tidegate, ["break", *words])

    return run


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (SpecError(Problem("a.yml", 1, "k", "wrong")), 2),
        (GuardError("too many would leave"), 3),
        (Retryable("throttled"), 4),
        (InDoubt("time_out"), 4),
        (Refused("bad token"), 4),
        (Unsupported("no lists"), 4),
        (ContractError("events are stale"), 5),
        (WarehouseError("locked"), 6),
        (ValueError("whatever"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_fault_has_its_exit_code(broken, fault: BaseException, code: int) -> None:
    assert broken(fault).exit_code == code


def test_every_exit_code_an_error_can_have_is_listed() -> None:
    def below(kind: type[TidegateError]) -> set[int]:
        return {kind.exit_code}.union(*(below(sub) for sub in kind.__subclasses__()))

    assert below(TidegateError) | {0} == {code for code, _ in EXIT_CODES}


def test_every_problem_stands_on_its_own_line_then_their_count_and_what_to_do(broken) -> None:
    result = broken(
        SpecError(
            [
                Problem("audiences/vips.yml", 9, "guard.max_leave", "120% is more than everyone"),
                Problem("audiences/vips.yml", 6, "sync[0].lst", "no such key; did you mean `list`?"),
            ]
        )
    )

    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "audiences/vips.yml:6: sync[0].lst: no such key; did you mean `list`?",
        "audiences/vips.yml:9: guard.max_leave: 120% is more than everyone",
        "2 problems.",
        "Mend the files, then run again; `tidegate check` validates everything without sending.",
    ]


def test_a_fault_that_a_person_can_act_on_shows_no_traceback(broken) -> None:
    assert "Traceback" not in broken(WarehouseError("locked by python (process 12)")).stderr


def test_an_unexpected_fault_is_short_and_its_traceback_is_in_a_file(broken, tmp_path: Path) -> None:
    result = broken(ZeroDivisionError("division by zero"))

    [log] = (tmp_path / ".tidegate" / "log").iterdir()
    assert "Traceback" not in result.stderr
    assert str(log) in result.stderr
    assert "ZeroDivisionError: division by zero" in log.read_text()


def test_the_log_of_a_fault_keeps_no_addresses(broken, tmp_path: Path) -> None:
    broken(RuntimeError("could not cast 'ada@example.com' and '+44 20 7946 0018' to a number"))

    [log] = (tmp_path / ".tidegate" / "log").iterdir()
    assert "could not cast '(address)' and '(number)' to a number" in log.read_text()
    assert "ada@example.com" not in log.read_text()


def test_debug_shows_the_traceback(broken) -> None:
    assert "Traceback" in broken(RuntimeError("no"), "--debug").stderr


def test_words_in_brackets_are_no_markup(broken) -> None:
    assert "steps[2].if" in broken(SpecError(Problem("a.yml", 1, "steps[2].if", "[bold]x"))).stderr


def test_a_mistyped_command_suggests_the_nearest() -> None:
    result = CliRunner().invoke(tidegate, ["stauts"])

    assert result.exit_code == 2
    assert "did you mean `status`" in result.stderr.lower()


def test_outside_a_project_it_says_how_to_get_into_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(tidegate, ["status", "--project", str(tmp_path)])

    assert result.exit_code == 2
    assert "tidegate init DIR" in result.stderr
    assert "--project" in result.stderr


def test_a_reader_who_has_enough_ends_it_in_peace() -> None:
    done = subprocess.run(
        f"{sys.executable} -m tidegate --help | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_faults_outside_of_any_project_are_logged_in_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    assert faults.report(RuntimeError("x"), ["check", "ada@example.com"]) == 1

    [log] = (tmp_path / "cache" / "tidegate" / "log").iterdir()
    assert "`check`" in log.read_text()
    assert "ada@example.com" not in log.read_text()
