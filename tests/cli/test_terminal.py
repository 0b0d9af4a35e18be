"""Output that a person can read and a program can use."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from rich.console import Console

from tidegate.cli import as_json, terminal
from tidegate.results import AudienceDecision

LONG = "a_key_so_long_that_no_terminal_has_room_for_it_" * 5


def test_in_a_pipe_a_long_key_is_neither_cut_nor_folded(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(terminal.out(), ["person"], [[LONG]])

    assert LONG in capsys.readouterr().out.splitlines()


def test_in_a_pipe_there_is_no_colour_and_no_frame(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(terminal.out(), ["audience", ("members", "right")], [["vip", 1234567]])

    said = capsys.readouterr().out
    assert said.split() == ["audience", "members", "vip", "1,234,567"]
    assert said.isascii()


def test_colour_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")

    terminal.out().print("blocked", style="red")

    assert "\x1b[31m" not in stream.getvalue()


def test_in_a_terminal_a_long_key_is_folded_and_no_letter_lost() -> None:
    stream = io.StringIO()

    terminal.table(Console(file=stream, width=40, force_terminal=True, no_color=True), ["person"], [[LONG]])

    assert LONG in "".join(line.strip() for line in stream.getvalue().splitlines())


def test_numbers_have_separators_and_times_are_utc() -> None:
    warsaw = timezone(timedelta(hours=1))

    assert terminal.number(1234567) == "1,234,567"
    assert terminal.number(0.26) == "0.3"
    assert terminal.time(datetime(2011, 12, 9, 13, 50, tzinfo=warsaw)) == "2011-12-09T12:50:00Z"
    assert terminal.time(None) == ""


def test_counts_name_the_most_frequent_reason_first_and_leave_out_what_did_not_happen() -> None:
    assert terminal.counts({"expired": 3, "no_consent": 1200, "quiet_hours": 0}) == "no_consent 1,200, expired 3"


def test_one_person_is_not_one_people() -> None:
    assert terminal.count_of(1, "person", "people") == "1 person"
    assert terminal.count_of(2000, "person", "people") == "2,000 people"


@dataclass(frozen=True)
class Everything:
    when: datetime
    day: date
    where: Path
    who: frozenset[str]
    inner: AudienceDecision


def test_json_has_everything_with_times_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    as_json.show(
        Everything(
            datetime(2011, 12, 9, 12, 50, tzinfo=UTC),
            date(2011, 12, 9),
            Path("a/b"),
            frozenset({"grace", "ada"}),
            AudienceDecision("vip", "applied", entered=2, withheld={"no_consent": 1}),
        )
    )

    said = json.loads(capsys.readouterr().out)
    assert said["when"] == "2011-12-09T12:50:00Z"
    assert said["who"] == ["ada", "grace"]
    assert said["where"] == "a/b"
    assert said["inner"]["entered"] == 2
    assert said["inner"]["withheld"] == {"no_consent": 1}


def test_what_has_no_json_form_is_refused_rather_than_guessed() -> None:
    with pytest.raises(TypeError, match="complex has no JSON form"):
        as_json.plain(1j)
