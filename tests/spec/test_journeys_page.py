"""docs/journeys.md tells of every key of a journey, and its examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from tests.spec.test_journey_columns import HUMAN, built
from tests.spec.written_journeys import furnish
from tests.spec.written_project import WELCOME, Written
from tidegate.spec.columns import check_columns
from tidegate.spec.journey_file import EnterKeys, GoalKeys, JourneyFile
from tidegate.spec.journey_steps_file import KINDS, WaitKeys
from tidegate.spec.validation import keys_of

PAGE = (Path(__file__).parent.parent.parent / "docs" / "journeys.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TABLES: dict[str, type[BaseModel]] = {
    "The file": JourneyFile,
    "Coming in": EnterKeys,
    "Leaving": GoalKeys,
    "Steps": WaitKeys,
}
PUSH = '{connector: fcm, project: x, service_account_key: "${FCM_KEY}"}'
SHOP = {**HUMAN, "push_token": "VARCHAR"}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/journeys.md has no section on {title}"
    return found[1]


def a_journey(example: str) -> str:
    """A whole file around an example of a part of one."""
    if "journey:" in example.split("\n")[0]:
        return example
    way_in = "" if example.startswith("enter:") else "enter: {on: enter ref('new_leads')}\n"
    said = example if not example.startswith("steps:") else ""
    steps = example.removeprefix("steps:\n") if example.startswith("steps:") else "  - wait: 1 day\n"
    before = "  - {send: nurture_intro, by: email}\n" if "opened('nurture_intro')" in steps else ""
    return f"journey: example\n{way_in}{said}steps:\n{before}{steps}"


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_told_and_no_other(title: str):
    told = set(re.findall(r"^\| `(\w+)` \|", section(title).partition("| step |")[2] or section(title), re.MULTILINE))
    kinds = set(KINDS) if title == "Steps" else set()

    assert told - kinds == set(keys_of(TABLES[title]))


def test_every_kind_of_step_is_told():
    table = section("Steps").partition("###")[0]

    assert all(f"`{kind}`" in table for kind in KINDS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.strip().split("\n")[-1].strip())
def test_the_examples_of_the_page_are_right(shop: Written, example: str):
    furnish(shop)
    shop.change("tidegate.yml", "      exports:", f"      push: {PUSH}\n      exports:")
    shop.write("messages/check_your_inbox/push.txt", "---\ntitle: Look\n---\nHave you seen our mail?\n")
    shop.write("messages/welcome/email.mjml", WELCOME)
    shop.write("journeys/example.yml", a_journey(example))

    assert shop.complaints() == []
    project = check_columns(shop.load(), built(people=SHOP))
    assert len(project.journeys) == 1
