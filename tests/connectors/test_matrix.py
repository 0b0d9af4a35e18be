"""The matrix and the pages say of each connector what its code says."""

from __future__ import annotations

import re

import pytest

from tidegate import registry
from tidegate.connector import Connector
from tidegate.testing import matrix

from .conftest import ROOT

NAMES = [path.stem for path in sorted((ROOT / "connectors").glob("*.py"))]
PAGES = matrix.pages(ROOT)


def settings_of(kind: type[Connector]) -> list[str]:
    return [field.alias or name for name, field in kind.Settings.model_fields.items()]


def test_every_connector_has_a_page_and_every_page_a_connector() -> None:
    assert list(PAGES) == NAMES


def test_the_matrix_says_what_the_code_says() -> None:
    """`make matrix` writes it anew."""
    said = (ROOT / "connectors" / "MATRIX.csv").read_text(encoding="utf-8")

    assert said == matrix.as_csv(matrix.rows(ROOT))


def test_the_index_shows_every_connector_once_as_the_matrix_has_it() -> None:
    index = (ROOT / "docs" / "connectors" / "README.md").read_text(encoding="utf-8")
    _, within, _ = matrix.between(index)

    assert within.strip() == matrix.as_page(matrix.rows(ROOT), matrix.titles(ROOT)).strip()
    assert sorted(re.findall(r"^\| \[(\w+)\]\(\1\.md\): \S", within, re.MULTILINE)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_page_tells_every_setting_and_every_identifier(name: str) -> None:
    kind = registry.load(name, ROOT)
    told = set(re.findall(r"`([a-z_]+)`", PAGES[name]))

    assert set(settings_of(kind)) <= told
    if any(identifier.hash for identifier in kind.identifiers.values()):
        assert set(kind.identifiers) <= told


@pytest.mark.parametrize("name", NAMES)
def test_the_example_on_the_page_is_one_that_works(name: str) -> None:
    found = list(matrix.examples(PAGES[name]))

    assert found
    for spec in found:
        assert spec.connector == name
        assert isinstance(matrix.connector(spec, ROOT), Connector)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_begins_with_the_name_and_what_it_is(name: str) -> None:
    assert re.match(rf"# {name}: [a-zA-Z-][^\n]+[^.\n]\n\n[A-Z]", PAGES[name])


def test_twilios_codes_are_all_on_its_page() -> None:
    source = (ROOT / "connectors" / "twilio.py").read_text(encoding="utf-8")
    codes = set(re.findall(r"\b[236]\d{4}\b", source))

    assert codes <= set(re.findall(r"\b[236]\d{4}\b", PAGES["twilio"]))


def test_tables_and_files_of_ones_own_are_emptied_by_null_and_the_settings_page_names_them() -> None:
    emptied = {name for name in NAMES if registry.load(name, ROOT).overwrites_with_null}
    [told] = re.findall(
        r"For tables and files of your own \(([^)]*)\)", (ROOT / "docs" / "files.md").read_text("utf-8")
    )

    assert emptied == set(re.findall(r"`(\w+)`", told))
