"""`tidegate suppress`: what it keeps, says and refuses. Addresses are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate import build, workspace
from tidegate.cli.commands import tidegate
from tidegate.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    found = Warehouse(tmp_path / "warehouse.duckdb")
    monkeypatch.setattr(workspace, "look", lambda root, target=None: workspace.Opened(None, found))  # type: ignore[arg-type]
    monkeypatch.setattr(build, "warehouse_path", lambda root, target: found.path)
    return found


def ask(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(tidegate, ["suppress", *words], input=given, standalone_mode=True)


def kept(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.session() as connection:
        return connection.execute(
            "select channel, reason, lifted_at is not null from tidegate.suppressions order by all"
        ).fetchall()


def test_an_address_is_suppressed_once_and_not_repeated_to_anybody(warehouse: Warehouse) -> None:
    first = ask("email", "ada@example.com", "--why", "complained")
    second = ask("email", "ADA@example.com", "--why", "complained")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output == "1 suppression added.\n"
    assert second.output == "It is suppressed already.\n"
    assert kept(warehouse) == [("email", "complained", False)]


def test_many_are_read_from_the_standard_input(warehouse: Warehouse) -> None:
    done = ask("sms", given="+44 20 7946 0000\n\n+12025550100\r\n")

    assert done.output == "2 suppressions added.\n"
    assert kept(warehouse) == [("sms", "opted_out", False)] * 2


def test_a_suppression_can_be_lifted(warehouse: Warehouse) -> None:
    ask("email", "ada@example.com")

    assert ask("email", "ada@example.com", "--lift").output == "1 suppression lifted.\n"
    assert ask("email", "ada@example.com", "--lift").output == "It was not suppressed.\n"
    assert kept(warehouse) == [("email", "opted_out", True)]


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (("emial", "ada@example.com"), "", "no channel `emial` with addresses; did you mean `email`?"),
        (("chat", "general"), "", "no channel `chat` with addresses"),
        (("email", "ada"), "", "this is no address for email; write one such as ada@example.com"),
        (("sms", "02079460000"), "", "this is no address for sms; write one such as +442079460000"),
        (("sms",), "+442079460000\n0207\n", "of 2 addresses, these are none for sms: number 2"),
        (("email",), "", "no address is given"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(
    warehouse: Warehouse, words: tuple[str, ...], given: str, told: str
) -> None:
    refused = ask(*words, given=given)

    said = " ".join(refused.output.split())
    assert refused.exit_code == 2
    assert told in said
    assert "02079460000" not in said
    assert not warehouse.path.exists()
