"""Reads the YAML that people write, keeping the line of every key and list item."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tidegate.errors import Problem, SpecError

Path_ = tuple[str | int, ...]
_MOST_VALUES = 100_000
_FENCE = "---"


@dataclass(frozen=True, slots=True)
class Document:
    """A file's value as plain dicts, lists and scalars. `file` is relative to the project's root."""

    file: str
    value: Any
    lines: dict[Path_, int] = field(default_factory=dict)

    def call(self, path: Path_, name: str) -> None:
        """From now on what is at `path` has its lines under this name, too."""
        depth = len(path)
        inside = {at: line for at, line in self.lines.items() if at[:depth] == path}
        self.lines.update({(*path[:-1], name, *at[depth:]): line for at, line in inside.items()})

    def line(self, path: Path_) -> int:
        """The line of a key or item, or of the nearest one around it that is there."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def value_at(self, path: Path_) -> Any:
        value = self.value
        for part in path:
            value = value[part]
        return value

    def problem(self, path: Path_, text: str) -> Problem:
        return Problem(self.file, self.line(path), dotted(path), text)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A file that starts with YAML between two lines of `---`. `body_line` is the body's first line."""

    front: Document
    body: str
    body_line: int


def dotted(path: Path_) -> str:
    """
    >>> dotted(("sync", 0, "lst"))
    'sync[0].lst'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def shown(path: Path, root: Path) -> str:
    """How a file is called in errors: relative to the project where it is inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def read_text(path: Path, file: str) -> str:
    """Raises SpecError when the file cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        line = path.read_bytes()[: fault.start].count(b"\n") + 1
        raise SpecError(Problem(file, line, "", "is not UTF-8 text; save it as UTF-8")) from fault
    except OSError as fault:
        raise SpecError(Problem(file, 0, "", f"cannot be read: {fault.strerror}")) from fault


def read_yaml(path: Path, root: Path) -> Document:
    """Raises SpecError, with the line, for what is not YAML."""
    file = shown(path, root)
    return parse_yaml(read_text(path, file), file)


def read_front_matter(path: Path, root: Path) -> FrontMatter:
    """The front matter may be left out; its value is then an empty dict."""
    file = shown(path, root)
    text = read_text(path, file)
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return FrontMatter(Document(file, {}), text, 1)
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise SpecError(Problem(file, 1, "", "the front matter has no end; close it with a line of `---`"))
    # The empty first line stands for the fence, so that lines are counted as in the file.
    front = parse_yaml("\n".join(["", *lines[1:end]]), file)
    if front.value is None:
        front = Document(file, {}, front.lines)
    return FrontMatter(front, "\n".join(lines[end + 1 :]), end + 2)


def parse_yaml(text: str, file: str) -> Document:
    """The value of one YAML document; None when there is nothing in it."""
    yaml = YAML(typ="rt", pure=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = yaml.load(text)
    except DuplicateKeyError as fault:
        raise SpecError(_duplicate(fault, text, file)) from fault
    except MarkedYAMLError as fault:
        raise SpecError(_broken(fault, file)) from fault
    except (YAMLError, ValueError) as fault:
        # Characters that YAML forbids, and values such as the 31st of February, come without a mark.
        raise SpecError(Problem(file, 0, "", f"is not YAML: {str(fault).splitlines()[0]}")) from fault
    lines: dict[Path_, int] = {}
    return Document(file, _Plain(file, lines).value(tree, (), 1), lines)


class _Plain:
    """Turns ruamel's tree, which remembers comments and style, into plain values."""

    def __init__(self, file: str, lines: dict[Path_, int]) -> None:
        self.file = file
        self.lines = lines
        self.inside: set[int] = set()

    def value(self, node: Any, path: Path_, line: int) -> Any:
        self.lines[path] = line
        if len(self.lines) > _MOST_VALUES:
            raise SpecError(Problem(self.file, line, "", "holds too many values; are there aliases of aliases?"))
        if isinstance(node, CommentedMap):
            return self._within(node, path, line, self._mapping)
        if isinstance(node, CommentedSeq):
            return self._within(node, path, line, self._sequence)
        if isinstance(node, TaggedScalar):
            raise SpecError(Problem(self.file, line, dotted(path), f"the tag `{node.tag.value}` means nothing here"))
        if node is None or isinstance(node, bool):
            return node
        for plain in (int, float, str):
            if isinstance(node, plain):
                return plain(node)
        if isinstance(node, datetime.datetime):
            return node.isoformat(sep=" ")
        if isinstance(node, datetime.date):
            return node.isoformat()
        raise SpecError(Problem(self.file, line, dotted(path), "put this value in quotes"))

    def _within(self, node: Any, path: Path_, line: int, convert: Any) -> Any:
        if id(node) in self.inside:
            raise SpecError(Problem(self.file, line, dotted(path), "this alias refers to what it is in"))
        self.inside.add(id(node))
        try:
            return convert(node, path, line)
        finally:
            self.inside.discard(id(node))

    def _mapping(self, node: CommentedMap, path: Path_, line: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.items():
            at = node.lc.data[key][0] + 1 if key in (node.lc.data or {}) else line
            if isinstance(key, (CommentedMap, CommentedSeq, tuple)) or not isinstance(key, (str, int, float, bool)):
                text = "a value that starts with `{{` or `[` must be in quotes"
                raise SpecError(Problem(self.file, at, dotted(path), text))
            name = str(key)
            found[name] = self.value(value, (*path, name), at)
        return found

    def _sequence(self, node: CommentedSeq, path: Path_, line: int) -> list[Any]:
        marks = node.lc.data or {}
        return [
            self.value(item, (*path, index), marks[index][0] + 1 if index in marks else line)
            for index, item in enumerate(node)
        ]


def _duplicate(fault: DuplicateKeyError, text: str, file: str) -> Problem:
    assert fault.problem_mark is not None
    line: int = fault.problem_mark.line
    key = text.split("\n")[line].strip().lstrip("{- ").split(":")[0].strip("\"' ")
    return Problem(file, line + 1, "", f"`{key}` is here a second time; keep one of the two")


def _broken(fault: MarkedYAMLError, file: str) -> Problem:
    mark = fault.problem_mark or fault.context_mark
    words = " ".join(part for part in (fault.context, fault.problem) if part)
    # The scanner often notices a missing bracket or quote lines after where it was opened.
    opened = fault.context_mark
    since = f" (it starts on line {opened.line + 1})" if opened and mark and opened.line != mark.line else ""
    fix = next((fix for sign, fix in _FIXES.items() if sign in words), "")
    return Problem(file, mark.line + 1 if mark else 0, "", f"is not YAML: {words}{since}{fix}")


_FIXES = {
    "mapping values are not allowed": "; put a text with a colon in it in quotes",
    "character '\\t'": "; indent with spaces in place of the tab",
    "but found '<scalar>'": "; within quotes use quotes of the other kind",
    "but found '<block": "; indent what belongs together alike, and start each item of a list with `- `",
}
