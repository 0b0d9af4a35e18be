"""A new project is the working shop, from a checkout and from a wheel alike."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tidegate import starter
from tidegate.cli.commands import tidegate

ROOT = Path(__file__).parent.parent


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_new_project_holds_what_the_repositorys_top_level_holds(tmp_path: Path) -> None:
    made = starter.copy(tmp_path / "shop")

    expected = {
        f"{name}/{file}" if file else name
        for name in starter.CONTENTS
        for file in (files(ROOT / name) if (ROOT / name).is_dir() else [""])
    }
    assert {path.as_posix() for path in made} == expected
    assert "tidegate.yml" in expected
    assert not any(name.startswith("connectors/") for name in expected)


def test_a_folder_that_is_not_empty_is_left_as_it_is_and_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "photos").mkdir()

    result = CliRunner().invoke(tidegate, ["init", str(tmp_path)])

    assert result.exit_code == 2
    assert "not empty: notes.txt, photos" in result.stderr
    assert files(tmp_path) == {"notes.txt"}


def test_many_files_in_the_way_are_counted_rather_than_listed(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.txt").touch()

    result = CliRunner().invoke(tidegate, ["init", str(tmp_path)])

    assert "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more" in result.stderr


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "shop").touch()

    result = CliRunner().invoke(tidegate, ["init", str(tmp_path / "shop")])

    assert result.exit_code == 2
    assert "is a file" in result.stderr


def test_a_new_project_says_what_to_do_next(tmp_path: Path) -> None:
    result = CliRunner().invoke(tidegate, ["init", str(tmp_path / "my shop")])

    assert result.exit_code == 0
    assert f"cd '{tmp_path}/my shop'" in result.stdout
    assert "tidegate plan" in result.stdout


def test_a_shipped_connector_is_copied_out_once(tmp_path: Path) -> None:
    (tmp_path / "tidegate.yml").write_text("project: shop\n")

    first = CliRunner().invoke(tidegate, ["eject", "webhook", "--project", str(tmp_path)])
    second = CliRunner().invoke(tidegate, ["eject", "webhook", "--project", str(tmp_path)])

    assert first.exit_code == 0
    assert (tmp_path / "connectors" / "webhook.py").read_bytes() == (ROOT / "connectors" / "webhook.py").read_bytes()
    assert second.exit_code == 2
    assert "is there already" in second.stderr


def test_a_connector_that_is_not_shipped_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "tidegate.yml").write_text("project: shop\n")

    result = CliRunner().invoke(tidegate, ["eject", "webhok", "--project", str(tmp_path)])

    assert result.exit_code == 2
    assert "did you mean `webhook`" in result.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip would: a folder to put on the path."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegate", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


def test_the_wheel_carries_the_starter_and_the_connectors_and_nothing_else_of_the_repository(installed: Path) -> None:
    packed = files(installed / "tidegate" / "starter_files")

    assert {name.split("/")[0] for name in packed} == set(starter.SHIPPED)
    for name in ("models", "connectors", "data", "flows"):
        assert {file.removeprefix(f"{name}/") for file in packed if file.startswith(f"{name}/")} == files(ROOT / name)
    assert {path.name.split("-")[0] for path in installed.iterdir()} == {"tidegate"}
    assert (installed / "tidegate" / "py.typed").is_file()
    assert (installed / "tidegate" / "sql" / "migrations" / "0001_state.sql").is_file()


def test_from_the_wheel_a_new_project_is_made_and_found_sound(installed: Path, tmp_path: Path) -> None:
    made = run(installed, tmp_path, "init", "shop")
    checked = run(installed, tmp_path / "shop", "check")

    assert made.returncode == 0, made.stderr
    assert (tmp_path / "shop" / ".gitignore").is_file()
    assert not (tmp_path / "shop" / "connectors").exists()
    assert checked.returncode == 0, checked.stderr
    assert "All is well" in checked.stdout
