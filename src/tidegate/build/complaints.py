"""What dbt and the warehouse say is wrong, as problems with a file, a line where it can be told, and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tidegate.errors import Problem, SpecError
from tidegate.spec.documents import read_yaml, shown
from tidegate.spec.models_folder import names
from tidegate.spec.nearest import hint

_IN_BRACKETS = re.compile(r"\((?P<file>[^()\n]+\.(?:sql|py|csv|ya?ml))\)")
_NAMED = re.compile(r"(?P<file>[^\s'\"()]+\.(?:sql|py|csv|ya?ml))")
_MISSING = re.compile(r"depends on a (?P<kind>node|source) named '(?P<name>[^']+)' which was not found")
_HEADER = re.compile(r"^(?:\w+ )*Error(?: in .*)?$")
_LINE = re.compile(r"^\s*LINE \d+: (?P<excerpt>.*)$", re.MULTILINE)
_AT_LINE = re.compile(r"\bline (?P<line>\d+)")
_QUOTED = re.compile(r"[\"'`](?P<name>\w+)[\"'`]")


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
            f"no model `{name}`; {hint(name, names(root))}"
            if missing["kind"] == "node"
            else f"no source `{name}`; declare it in a yml under `sources:`"
        )
        return SpecError(Problem(file, line_of(path, [name.split(".")[-1]]), "", text))
    at = _AT_LINE.search(words)
    return SpecError(Problem(file, int(at["line"]) if at else 0, "", _said(words) or type(fault).__name__))


def of_model(words: str, file: str, root: Path) -> str:
    """Why one model could not be built, in a line: the file, the line in it, and the warehouse's own words."""
    said = _said(words)
    excerpt = _LINE.search(words)
    wanted = [excerpt["excerpt"].removeprefix("...").removesuffix("...").strip()] if excerpt else []
    line = line_of(root / file, [*wanted, *(match["name"] for match in _QUOTED.finditer(said))])
    return str(Problem(file, line, "", said))


def line_of(path: Path | None, wanted: Iterable[str]) -> int:
    """The line that holds the first of `wanted` which stands on exactly one line; 0 where there is none."""
    if path is None or not path.is_file():
        return 0
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for text in wanted:
        pattern = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)") if text else None
        found = [number for number, line in enumerate(lines, 1) if pattern and pattern.search(line)]
        if len(found) == 1:
            return found[0]
    return 0


def _file(words: str, root: Path) -> Path | None:
    for match in [*_IN_BRACKETS.finditer(words), *_NAMED.finditer(words)]:
        named = match["file"].strip()
        # dbt names some files from the folder of the models.
        for path in (root / named, root / "models" / named):
            if path.is_file():
                return path
    return None


def _said(words: str) -> str:
    """dbt's message without its headers, excerpts and rulers, in one line."""
    kept: list[str] = []
    for line in words.splitlines():
        line = line.strip()
        if line.startswith(("LINE ", "----", "Raw Error", "compiled code at")):
            break
        if line and not set(line) <= {"^", " "} and not _HEADER.match(line):
            kept.append(line)
    return " ".join(kept)
