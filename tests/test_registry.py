"""Connectors are found by file: the project's own first, and a broken one says where it is broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tidegate import registry
from tidegate.errors import SpecError

GOOD = """
from __future__ import annotations
from pydantic import SecretStr
from tidegate.connector import Connector, ConnectorSettings

class Settings(ConnectorSettings):
    token: SecretStr

class Pigeon(Connector):
    channel = "chat"
    modes = frozenset({"send"})
    Settings = Settings
"""


def write(root: Path, name: str, text: str) -> Path:
    (root / "connectors").mkdir(exist_ok=True)
    path = root / "connectors" / f"{name}.py"
    path.write_text(text)
    return path


def test_a_project_has_the_shipped_connectors_and_its_own(tmp_path: Path) -> None:
    write(tmp_path, "pigeon", GOOD)
    write(tmp_path, "_private", "raise ImportError")
    shipped = {"file", "meta_custom_audiences", "smtp", "twilio", "webhook"}
    assert shipped | {"pigeon"} <= set(registry.names(tmp_path))
    assert "_private" not in registry.names(tmp_path)
    kind = registry.load("pigeon", tmp_path)
    assert kind.Settings.model_validate({"token": "t"})


def test_a_projects_own_file_wins_over_the_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, "smtp", GOOD)
    assert registry.load("smtp", tmp_path).__name__ == "Pigeon"


def test_two_projects_do_not_share_a_connector(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "pigeon", GOOD.replace("Pigeon", name.title()))
    assert [registry.load("pigeon", tmp_path / name).__name__ for name in ("one", "two", "one")] == [
        "One",
        "Two",
        "One",
    ]


def test_the_same_file_is_one_class_until_it_is_edited(tmp_path: Path) -> None:
    path = write(tmp_path, "pigeon", GOOD)
    first = registry.load("pigeon", tmp_path)
    assert registry.load("pigeon", tmp_path) is first
    path.write_text(GOOD.replace("Pigeon", "Dove"))
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
    assert registry.load("pigeon", tmp_path).__name__ == "Dove"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("smpt", "did you mean `smtp`?"), ("zzz", "there are "), ("../smtp", "no connector"), ("os.path", "no connector")],
)
def test_an_unknown_connector_is_answered_with_the_nearest(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(SpecError) as raised:
        registry.load(name, tmp_path, line=12, key="destinations.email.connector")
    assert str(raised.value).startswith("tidegate.yml:12: destinations.email.connector: ")
    assert hint in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\ndef broken(:\n", "connectors/pigeon.py:2: not valid Python"),
        ("x = 1\n\nimport no_such_module\n", "connectors/pigeon.py:3: cannot be loaded: ModuleNotFoundError"),
        ("x = 1\n", "connectors/pigeon.py: must hold one class"),
        (GOOD + GOOD[GOOD.index("class Pigeon") :].replace("Pigeon", "Dove"), "has Pigeon, Dove"),
        (GOOD.replace('    channel = "chat"\n', ""), "connectors/pigeon.py: Pigeon: does not say its channel"),
    ],
)
def test_a_broken_file_says_where_and_why(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "pigeon", text)
    with pytest.raises(SpecError) as raised:
        registry.load("pigeon", tmp_path)
    assert expected in str(raised.value)
