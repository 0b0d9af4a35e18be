"""What holds for every recipe, and for all of them side by side."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from tests.recipes.story import Story
from tidegate import recipes, starter
from tidegate.cli.commands import tidegate
from tidegate.recipes import Recipe

ROOT = Path(__file__).parents[2]
LIBRARY = recipes.library()
EVERY = pytest.mark.parametrize("recipe", LIBRARY.values(), ids=lambda recipe: recipe.name)
YAML_ = YAML(typ="safe")


def texts(recipe: Recipe, pattern: str) -> dict[Path, str]:
    return {file: (recipe.folder / file).read_text(encoding="utf-8") for file in recipe.files if file.match(pattern)}


def test_the_shop_with_every_recipe_added_by_hand_is_found_sound(tmp_path: Path) -> None:
    place = str(tmp_path / "shop")
    assert CliRunner().invoke(tidegate, ["init", place]).exit_code == 0
    for name in LIBRARY:
        added = CliRunner().invoke(tidegate, ["recipe", "add", name, "--project", place])
        assert added.exit_code == 0, added.output

    checked = CliRunner().invoke(tidegate, ["check", "--project", place])

    assert checked.exit_code == 0, checked.output
    assert "All is well" in checked.output


@EVERY
def test_a_recipe_stands_on_the_shop_and_itself_alone(recipe: Recipe) -> None:
    own = {file.stem for file in recipe.files if file.suffix == ".sql"}
    shop = {file.stem for file in (starter.folder() / "models").rglob("*.sql")}
    said = "\n".join([*texts(recipe, "*.sql").values(), *texts(recipe, "*.yml").values()])

    assert set(re.findall(r"ref\('([a-z_0-9]+)'", said)) <= own | shop
    assert set(re.findall(r"in_segment\('([a-z_0-9]+)'", said)) <= own | shop
    sent = set(re.findall(r"(?:send|webhook): ([a-z_0-9]+)", "\n".join(texts(recipe, "journeys/*.yml").values())))
    assert sent == {file.parent.name for file in recipe.files if file.parts[0] == "messages"}


def test_no_two_recipes_have_a_file_in_common_nor_one_with_the_shop() -> None:
    files = Counter(file for recipe in LIBRARY.values() for file in recipe.files)
    models = Counter(file.stem for file in files if file.suffix == ".sql")
    shop = {file.stem for file in (starter.folder() / "models").rglob("*.sql")}

    assert [file for file, count in files.items() if count > 1] == []
    assert [file for file in files if (starter.folder() / file).exists()] == []
    assert [name for name, count in models.items() if count > 1] == []
    assert not set(models) & shop


@EVERY
def test_its_files_and_names_begin_with_its_name(recipe: Recipe) -> None:
    assert recipe.name == recipe.folder.name
    for file in recipe.files:
        named = file.parent.name if file.parts[0] == "messages" else file.stem
        assert named.startswith(recipe.name), file
    assert (Path("journeys") / f"{recipe.name}.yml") in recipe.files or any(
        file.parts[0] == "journeys" for file in recipe.files
    )


@EVERY
def test_it_tells_when_to_use_it_when_not_what_to_adapt_and_how_it_is_measured(recipe: Recipe) -> None:
    assert recipe.explanation.startswith(f"# {recipe.name}\n")
    for words in ("**When to use it.**", "**When not.**", "**What to adapt.**", "**How it is measured.**"):
        assert words in recipe.explanation
    assert len(recipe.explanation.split()) < 400
    assert "\n" not in recipe.summary
    assert recipe.needs


@EVERY
def test_every_e_mail_that_is_not_owed_says_how_to_get_no_more(recipe: Recipe) -> None:
    for file, text in texts(recipe, "email*.mjml").items():
        assert re.search(r"^topic: [a-z_]+$", text, re.MULTILINE), file
        assert ("topic: transactional" in text) != ("{{ unsubscribe_url }}" in text), file
    for file, text in texts(recipe, "sms*.txt").items():
        assert "topic: transactional" in text or "STOP" in text, file


@EVERY
def test_every_model_of_its_says_its_grain_and_its_tests_are_named_as_sentences(recipe: Recipe) -> None:
    tests = []
    for file in recipe.files:
        if file.suffix != ".sql" or file.parts[0] != "models":
            continue
        said = YAML_.load((recipe.folder / file.with_suffix(".yml")).read_text(encoding="utf-8"))
        (model,) = said["models"]
        assert model["name"] == file.stem
        assert model["description"].startswith("One row per "), file
        tests += said.get("unit_tests", [])
    assert all(len(test["name"].split("_")) > 3 for test in tests)
    assert tests or not any(file.suffix == ".sql" for file in recipe.files)


@EVERY
def test_values_that_are_made_up_say_so(recipe: Recipe) -> None:
    for file, text in texts(recipe, "models/**/*.sql").items():
        if "synthetic_number" in text:
            words = text + (recipe.folder / file.with_suffix(".yml")).read_text(encoding="utf-8")
            assert "synthetic" in words.replace("synthetic_number", "").lower(), file


def test_the_index_names_every_recipe_and_no_other() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[([a-z_]+)\]\(\.\./recipes/[a-z_]+/README\.md\) \| (.*) \|$", page, re.MULTILINE))

    assert rows == {recipe.name: recipe.summary for recipe in LIBRARY.values()}
    assert "(recipes.md)" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def test_in_the_stories_no_journey_failed_or_was_blocked(story: Story, late_story: Story) -> None:
    for told in (story, late_story):
        odd = told.read("select journey, verdict, reason from tidegate.journey_runs where verdict <> 'applied'")
        assert odd.rows() == []


def test_the_models_say_at_their_edges_and_on_the_data_what_their_tests_expect(story: Story, late_story: Story) -> None:
    outcome = story.tested() | late_story.tested()

    assert len([name for name in outcome if name.startswith("unit_test.")]) > 15
    assert len(outcome) > 60
    assert {name: said for name, said in outcome.items() if not said.startswith("pass")} == {}
