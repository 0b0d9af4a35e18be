"""Secrets: found where they should be, asked for all at once, and never said aloud."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tidegate import credentials, registry
from tidegate.errors import SpecError
from tidegate.spec import project
from tidegate.spec.objects import DestinationSpec

ROOT = Path(__file__).parents[1]
Smtp = registry.load("smtp", ROOT)


def email(**settings: Any) -> DestinationSpec:
    return DestinationSpec("email", "smtp", {"from": "hello@example.com", **settings}, line=7)


def said(raised: pytest.ExceptionInfo[SpecError]) -> list[str]:
    return [str(problem) for problem in raised.value.problems]


def test_variables_are_filled_in_also_within_a_text_and_read_as_what_they_are() -> None:
    spec = email(host="smtp.${REGION}.example.com", port="${PORT}", password="${PASSWORD}", username="shop")
    found = credentials.resolve(spec, Smtp, {"REGION": "eu", "PORT": "2525", "PASSWORD": "p$w{d}"})
    assert (found.host, found.port) == ("smtp.eu.example.com", 2525)  # type: ignore[attr-defined]
    assert found.password.get_secret_value() == "p$w{d}"  # type: ignore[attr-defined]


def test_every_missing_variable_is_named_at_once_and_how_to_set_it() -> None:
    with pytest.raises(SpecError) as raised:
        credentials.resolve(
            email(host="${SMTP_HOST}", username="${SMTP_USER}", password="${SMTP-PW}"), Smtp, {"SMTP_USER": ""}
        )
    at = "tidegate.yml:7: destinations.email"
    unset, empty = ("the environment variable SMTP_HOST is not set", "the environment variable SMTP_USER is empty")
    assert said(raised) == [
        f"{at}.host: {unset}; set it with `export SMTP_HOST=...`",
        f"{at}.password: `${{SMTP-PW}}` does not name an environment variable",
        f"{at}.username: {empty}; set it with `export SMTP_USER=...`",
    ]


def test_a_missing_secret_is_told_at_the_line_of_its_key(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "people.sql").write_text("select 1 as customer_id")
    (tmp_path / "tidegate.yml").write_text(
        "project: shop\nkey: customer_id\npeople: ref('people')\ntargets:\n  prod:\n    destinations:\n"
        "      email:\n        connector: smtp\n        from: a@example.com\n        host: ${SMTP_HOST}\n"
    )
    with pytest.raises(SpecError) as raised:
        credentials.resolve(project.load(tmp_path).destinations["email"], Smtp, {})
    assert [(problem.line, problem.key) for problem in raised.value.problems] == [(10, "destinations.email.host")]


def test_a_wrong_value_is_named_by_its_key_and_never_shown() -> None:
    with pytest.raises(SpecError) as raised:
        credentials.resolve(email(host="h", port="${PORT}", colour="x"), Smtp, {"PORT": "hunter2-secret"})
    assert [problem.key for problem in raised.value.problems] == [
        "destinations.email.colour",
        "destinations.email.port",
    ]
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_setting_that_is_missing_says_so() -> None:
    with pytest.raises(SpecError) as raised:
        credentials.resolve(email(), Smtp, {})
    assert said(raised) == ["tidegate.yml:7: destinations.email.host: is missing"]


def test_paths_are_relative_to_the_project(tmp_path: Path) -> None:
    spec = DestinationSpec("exports", "file", {"folder": "out/lists"})
    found = credentials.resolve(spec, registry.load("file", ROOT), {}, root=tmp_path)
    assert found.folder == tmp_path / "out/lists"  # type: ignore[attr-defined]


class Blocks:
    """Stands in for the Prefect server, which is a process of its own; its client is what is imitated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, known: dict[str, str]) -> None:
        system = types.ModuleType("prefect.blocks.system")

        class Secret:
            def __init__(self, value: str) -> None:
                self.value = value

            @classmethod
            def load(cls, name: str) -> Secret:
                if name not in known:
                    raise ValueError(f"Unable to find block document named {name}")
                return cls(known[name])

            def get(self) -> str:
                return self.value

        system.Secret = Secret  # type: ignore[attr-defined]
        for name in ("prefect", "prefect.blocks"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        monkeypatch.setitem(sys.modules, "prefect.blocks.system", system)


def test_a_secret_block_is_read_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    Blocks(monkeypatch, {"smtp-password": "from the block"})
    found = credentials.resolve(email(host="h", password="secret:smtp-password"), Smtp, {})
    assert found.password.get_secret_value() == "from the block"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "text"), [("secret:", "needs the name"), ("secret:nope", "no Prefect Secret block `nope`")]
)
def test_a_block_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, value: str, text: str) -> None:
    Blocks(monkeypatch, {})
    with pytest.raises(SpecError, match=text):
        credentials.resolve(email(host="h", password=value), Smtp, {})


def test_without_prefect_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect", None)
    monkeypatch.setitem(sys.modules, "prefect.blocks.system", None)
    with pytest.raises(SpecError, match=r"pip install 'tidegate\[prefect\]'"):
        credentials.resolve(email(host="h", password="secret:x"), Smtp, {})
