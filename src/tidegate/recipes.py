"""Recipes: models, a journey and its messages that work, to copy into a project and edit.

A recipe is a folder of `recipes/`: recipe.yml (what it is and what it needs), README.md (when to use it), and files
laid out as in a project. They call the key `customer_id`, as the shop does; in a project with another key they are
copied with that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from tidegate import starter
from tidegate.errors import SpecError
from tidegate.spec.documents import read_yaml
from tidegate.spec.validation import check
from tidegate.spec.written import Written

KEY = "customer_id"
_OWN = ("recipe.yml", "README.md")
_TEXTS = (".sql", ".yml", ".csv", ".mjml", ".html", ".txt", ".json", ".md")


class _Needs(Written):
    events: dict[str, str] = Field(default_factory=dict)
    people: dict[str, str] = Field(default_factory=dict)
    models: dict[str, str] = Field(default_factory=dict)
    destinations: dict[str, str] = Field(default_factory=dict)


class _RecipeFile(Written):
    recipe: str
    summary: str
    needs: _Needs = Field(default_factory=_Needs)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`needs` are by kind (events, people, models, destinations): a name and what it should be. `files` are relative
    to the folder."""

    name: str
    summary: str
    explanation: str
    needs: Mapping[str, Mapping[str, str]]
    folder: Path
    files: tuple[Path, ...]


def library() -> dict[str, Recipe]:
    """All that are shipped, by name. Raises SpecError for one that is written wrongly."""
    root = starter.folder() / "recipes"
    found = [_read(path.parent, root) for path in sorted(root.glob("*/recipe.yml"))]
    return {recipe.name: recipe for recipe in found}


def in_the_way(recipe: Recipe, project: Path) -> list[Path]:
    """Those of its files that the project has already, relative to it."""
    return [file for file in recipe.files if (project / file).exists()]


def add(recipe: Recipe, project: Path, key: str) -> list[Path]:
    """Copy its files into the project, whose key is `key`; returns them, relative to it.

    Raises FileExistsError, with what is in the way as its arguments, before anything is written.
    """
    there = in_the_way(recipe, project)
    if there:
        raise FileExistsError(*there)
    for file in recipe.files:
        target = project / file
        target.parent.mkdir(parents=True, exist_ok=True)
        source = recipe.folder / file
        if file.suffix in _TEXTS:
            target.write_text(re.sub(rf"\b{KEY}\b", key, source.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            target.write_bytes(source.read_bytes())
    return list(recipe.files)


def _read(folder: Path, root: Path) -> Recipe:
    document = read_yaml(folder / "recipe.yml", root)
    checked = check(_RecipeFile, document)
    if checked.problems or checked.model is None:
        raise SpecError(checked.problems)
    files = [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() not in _OWN and "__pycache__" not in path.parts
    ]
    return Recipe(
        name=checked.model.recipe,
        summary=checked.model.summary,
        explanation=(folder / "README.md").read_text(encoding="utf-8"),
        needs={kind: dict(named) for kind, named in checked.model.needs if named},
        folder=folder,
        files=tuple(files),
    )
