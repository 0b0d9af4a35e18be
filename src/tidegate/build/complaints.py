"""What dbt and the warehouse say is wrong, as problems with a file, a line where it can be told, and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tidegate.build import wording
from tidegate.errors import Problem, SpecError
from tidegate.spec.documents import read_yaml, shown
from tidegate.spec.models_folder import names
from tidegate.spec.nearest import hint

_IN_BRACKETS = re.compile(r"\((?P<file>[^()\n]+\.(?:sql|py|csv|ya?ml))\)")
_NAMED = re.compile(r"(?P<file>[^\s'\"()]+\.(?:sql|py|csv|ya?ml))")
_MISSING = re.compile(r"depends on a (?P<kind>node|source) named '(?P<name>[^']+)' which was not found")
_OF_NOTHING = re.compile(r"matching node for patch with name '(?P<name>[^']+)'")
_LINE = re.compile(r"^\s*LINE \d+: (?P<excerpt>.*)$", re.MULTILINE)
_AT_LINE = re.compile(r"\bline (?P<line>\d+)")
_QUOTED = re.compile(r"[\"'`](?P<name>\w+)[\"'`]")
_MACRO = re.compile(r"\{%-?\s*macro\s+(?P<name>\w+)")


def of_project(fault: BaseException, root: Path) -> SpecError:
    """What dbt could not parse."""
    words = str(fault)
    path = _file(words, root)
    # dbt does not always say where; it was in one of the models or their yml.
    file = shown(path, root) if path else "models"
    if path is not None and path.suffix in (".yml", ".yaml"):
        try:
            read_yaml(path, root)
        except SpecError as better:
            return better
    missing = _MISSING.search(words)
    if missing:
        name = missing["name"]
        text = (
            _no_model(name, root)
            if missing["kind"] == "node"
            else f"no source `{name}`; declare it in a yml under `sources:`"
        )
        return SpecError(Problem(file, line_of(path, [name.split(".")[-1]]), "", text))
    described = _OF_NOTHING.search(words)
    if described:
        name = described["name"]
        return SpecError(Problem(file, line_of(path, [f"name: {name}"], first=True), "name", _no_model(name, root)))
    at = _AT_LINE.search(words)
    return SpecError(Problem(file, int(at["line"]) if at else 0, "", wording.said(words) or type(fault).__name__))


def _no_model(name: str, root: Path) -> str:
    return f"no model `{name}`; {hint(name, names(root))}"


def of_model(words: str, file: str, root: Path) -> str:
    """Why one model could not be built, in a line: the file, the line in it, and what is wrong."""
    wanted = [match["name"] for match in _QUOTED.finditer(words)]
    if name := wording.subject(words):
        return str(Problem(file, line_of(root / file, [name], first=True), "", wording.said(words, _macros(root))))
    excerpt = _LINE.search(words)
    if excerpt and wording.is_about_syntax(words):
        wanted.insert(0, excerpt["excerpt"].removeprefix("...").removesuffix("...").strip())
    return str(Problem(file, line_of(root / file, wanted), "", wording.said(words)))


def line_of(path: Path | None, wanted: Iterable[str], *, first: bool = False) -> int:
    """The line that holds the first of `wanted` which stands on exactly one line; 0 where there is none.

    With `first`, the first line of several will do.
    """
    if path is None or not path.is_file():
        return 0
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for text in wanted:
        pattern = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)") if text else None
        found = [number for number, line in enumerate(lines, 1) if pattern and pattern.search(line)]
        if len(found) == 1 or (first and found):
            return found[0]
    return 0


def _macros(root: Path) -> list[str]:
    files = (root / "macros").rglob("*.sql")
    return [match["name"] for path in files for match in _MACRO.finditer(path.read_text(encoding="utf-8"))]


def _file(words: str, root: Path) -> Path | None:
    for match in [*_IN_BRACKETS.finditer(words), *_NAMED.finditer(words)]:
        named = match["file"].strip()
        # dbt names some files from the folder of the models.
        for path in (root / named, root / "models" / named):
            if path.is_file():
                return path
    return None
