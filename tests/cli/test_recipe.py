"""Recipes are listed, explained and copied out, and nothing of the user's is ever overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate import recipes
from tidegate.cli.commands import tidegate


def says(*words: str) -> Result:
    return CliRunner().invoke(tidegate, ["recipe", *words])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One whose people are called members."""
    (tmp_path / "tidegate.yml").write_text(
        "project: club\nkey: member_id\npeople: ref('people')\ntargets: {dev: {destinations: sandbox}}\n"
    )
    return tmp_path


def test_the_list_has_every_recipe_with_a_line_of_what_it_does() -> None:
    told = says("list")
    listed = json.loads(says("list", "--json").stdout)

    assert told.exit_code == 0
    assert {one["recipe"]: one["summary"] for one in listed} == {
        name: recipe.summary for name, recipe in recipes.library().items()
    }
    assert all(f"  {name} " in told.stdout for name in recipes.library())


def test_a_recipe_tells_when_to_use_it_what_it_needs_and_its_files() -> None:
    told = says("show", "abandoned_cart").stdout

    assert "**When not.**" in told
    assert "cart_item_added" in told
    assert "abandoned_cart_stock" in told
    assert "  journeys/abandoned_cart.yml\n" in told


def test_files_come_with_the_projects_own_key(project: Path) -> None:
    added = says("add", "lead_nurturing", "--project", str(project))
    segment = (project / "models" / "segments" / "lead_nurturing_new_leads.sql").read_text()

    assert added.exit_code == 0, added.output
    assert "member_id" in segment
    assert not any("customer_id" in path.read_text() for path in project.rglob("*") if path.is_file())
    assert f"Copied {len(recipes.library()['lead_nurturing'].files)} files" in added.stdout


def test_where_one_file_is_there_already_nothing_is_copied(project: Path) -> None:
    mine = project / "messages" / "nps_ask" / "email.mjml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")

    added = says("add", "nps", "--project", str(project))

    assert added.exit_code == 2
    assert "messages/nps_ask/email.mjml: there already; nothing was copied" in added.stderr
    assert mine.read_text() == "mine"
    assert not (project / "journeys").exists()


def test_a_recipe_that_is_not_there_is_answered_with_the_nearest(project: Path) -> None:
    added = says("add", "abandoned_card", "--project", str(project))

    assert added.exit_code == 2
    assert "did you mean `abandoned_cart`" in added.stderr
