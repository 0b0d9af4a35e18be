"""docs/files.md tells of every key, and its examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from tidegate.spec.audience_file import AudienceFile, OnLeaveKeys, SendKeys, SyncKeys
from tidegate.spec.documents import parse_yaml
from tidegate.spec.guard_keys import GuardKeys
from tidegate.spec.journey_file import JourneyFile
from tidegate.spec.message_file import FRONTS
from tidegate.spec.settings_file import CapKeys, ConsentKeys, DestinationKeys, LandKeys, SettingsFile, TargetKeys
from tidegate.spec.validation import check, keys_of
from tidegate.templates import filters
from tidegate.templates.variables import PLAIN

PAGE = (Path(__file__).parent.parent.parent / "docs" / "files.md").read_text(encoding="utf-8")
SECTIONS: dict[str, tuple[type[BaseModel], ...]] = {
    "tidegate.yml": (SettingsFile, CapKeys, ConsentKeys, LandKeys, TargetKeys, DestinationKeys),
    "audiences/*.yml": (AudienceFile, SyncKeys, SendKeys, OnLeaveKeys, GuardKeys),
    "messages/": tuple(dict.fromkeys(FRONTS.values())),
}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/files.md has no section on {title}"
    return found[1]


def told(title: str) -> set[str]:
    """The keys that have a line in a table."""
    return set(re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE))


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_is_told_and_no_other(title: str):
    keys = {key for model in SECTIONS[title] for key in keys_of(model)}
    others = {"unsubscribe_url"} if title == "messages/" else set()

    assert keys <= told(title)
    assert told(title) <= keys | others


@pytest.mark.parametrize("model", [model for models in SECTIONS.values() for model in models], ids=lambda m: m.__name__)
def test_every_required_key_is_told_to_be(model: type[BaseModel]):
    for name, info in model.model_fields.items():
        if info.is_required() and model not in (SendKeys, OnLeaveKeys):
            assert re.search(rf"^\| `{info.alias or name}` \|.*Required\. \|$", PAGE, re.MULTILINE), name


def test_every_filter_and_name_of_templates_is_told():
    assert all(f"\\| {name}" in PAGE for name in filters.OFFERED)
    assert all(f"`{name}`" in section("messages/") for name in PLAIN)


@pytest.mark.parametrize("title", ["tidegate.yml", "audiences/*.yml", "journeys/*.yml"])
def test_the_examples_of_the_page_are_right(title: str):
    examples = re.findall(r"```yaml\n(.*?)```", section(title), re.DOTALL)
    models: dict[str, type[BaseModel]] = {"tidegate.yml": SettingsFile, "audiences/*.yml": AudienceFile}
    model = models.get(title, JourneyFile)

    assert examples
    for example in examples:
        assert check(model, parse_yaml(example, "example.yml")).problems == []
