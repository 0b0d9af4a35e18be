"""The steps of a journey's file, read one by one, as a tree: each with its keys and the paths inside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from tidegate.spec.documents import Path_
from tidegate.spec.journey_steps_file import KINDS, StepKeys
from tidegate.spec.journey_writing import Writing
from tidegate.spec.nearest import closest, hint
from tidegate.spec.quantities import is_duration
from tidegate.spec.validation import check, keys_of

_ALIKE = 0.7
_AS_WRITTEN = "a step is a key with its value, such as `send: welcome`"


@dataclass(slots=True)
class Node:
    """A step as written. `paths` are the steps inside it, by the way that leads to them."""

    kind: str
    keys: BaseModel
    path: Path_
    id: str = ""
    paths: dict[str, list[Node]] = field(default_factory=dict)

    def walk(self) -> Iterator[Node]:
        """Itself and everything inside, as written."""
        yield self
        for inside in self.paths.values():
            for node in inside:
                yield from node.walk()


def read(value: Any, path: Path_, writing: Writing) -> list[Node]:
    """The steps of a list. Those that cannot be read are left out, and told."""
    if not isinstance(value, (list, tuple)):
        writing.problem(path, "should be a list; start each item with `- `")
        return []
    if not value:
        writing.problem(path, "is empty; leave the key out, or put something in it")
    nodes = [_step(one, (*path, at), writing) for at, one in enumerate(value)]
    writing.complete &= None not in nodes
    return [node for node in nodes if node is not None]


def every(nodes: Sequence[Node]) -> Iterator[Node]:
    """All steps, in the order in which they are written."""
    for node in nodes:
        yield from node.walk()


def name(nodes: Sequence[Node], writing: Writing) -> None:
    """Gives each step its id: the one it has been given, its message's name, or its kind with a number.

    The number counts all steps of the kind, so that to name one of them does not rename the others.
    """
    counted: dict[str, int] = {}
    known: dict[str, Node] = {}
    for node in every(nodes):
        counted[node.kind] = counted.get(node.kind, 0) + 1
        given = getattr(node.keys, "id", None)
        message = getattr(node.keys, node.kind) if node.kind in ("send", "webhook") else None
        number = counted[node.kind]
        node.id = given or message or (node.kind if number == 1 else f"{node.kind}_{number}")
        before = known.setdefault(node.id, node)
        if before is not node:
            line = writing.document.line(before.path)
            if message and not given:
                text = f"`{message}` is the name of the step on line {line} already; give this one an `id` of its own"
                writing.problem((*node.path, node.kind), text)
            else:
                key = (*node.path, "id") if given else node.path
                writing.problem(key, f"`{node.id}` is the step on line {line} already; choose another `id`")


def _step(value: Any, path: Path_, writing: Writing) -> Node | None:
    if value == "end":
        return Node("end", KINDS["end"].model_validate({"end": None}), path)
    if not isinstance(value, dict):
        near = isinstance(value, str) and closest(value, ["end"])
        writing.problem(path, f"is no step; {'did you mean `end`?' if near else _AS_WRITTEN}")
        return None
    kind = _kind(value, path, writing)
    if kind is None:
        return None
    model = KINDS[kind]
    ways = _ways(kind, value)
    paths = {}
    for key in value:
        if key in ways:
            paths[key] = read(value[key], (*path, key), writing)
        elif _is_stray(kind, key, value):
            writing.problem((*path, key), _stray(kind, key, ways))
        elif key == "ways":
            paths |= _ways_of_ways(value[key], (*path, key), writing)
    told = [key for key in value if key in ways or _is_stray(kind, key, value)]
    checked = check(model, writing.document, path, without=told)
    writing.found.problems.extend(checked.problems)
    if checked.problems:
        writing.blame(path)
        writing.complete &= not paths
    if checked.model is None:
        return None
    return Node("set" if kind in ("tag", "untag") else kind, checked.model, path, paths=paths)


def _kind(value: dict[str, Any], path: Path_, writing: Writing) -> str | None:
    kinds = [key for key in value if key in KINDS]
    if not kinds:
        near = next((key for key in value if closest(key, KINDS, alike=_ALIKE)), None)
        if near is not None:
            writing.problem((*path, near), f"no such step; {hint(near, KINDS, alike=_ALIKE)}")
        else:
            writing.problem(path, f"is no step; {hint(next(iter(value), ''), KINDS, alike=1)}")
        return None
    different = {id(KINDS[kind]): kind for kind in kinds}
    if len(different) > 1:
        first, second = list(different.values())[:2]
        writing.problem((*path, second), f"`{first}` and `{second}` are two steps; begin each with `- `")
        return None
    return kinds[0]


def _ways(kind: str, value: dict[str, Any]) -> list[str]:
    """The keys under which paths may stand."""
    if kind == "split":
        return list(value["split"]) if isinstance(value["split"], dict) else []
    if kind == "wait":
        listens = value["wait"].get("for") if isinstance(value["wait"], dict) else None
        if isinstance(listens, dict):
            return [*listens, "else"]
        return ["then", "else"] if isinstance(listens, str) and not is_duration(listens) else []
    return [key for key in ("then", "else") if key in keys_of(KINDS[kind])]


def _is_stray(kind: str, key: str, value: dict[str, Any]) -> bool:
    """Whether this is a path to which nothing leads."""
    can = kind in ("split", "wait") and isinstance(value[kind], (dict, str))
    return can and key not in _ways(kind, value) and key not in keys_of(StepKeys) and isinstance(value[key], list)


def _stray(kind: str, key: str, ways: list[str]) -> str:
    if kind == "split":
        return f"nothing leads here: no arm `{key}`; {hint(key, ways)}"
    if not ways:
        return "nothing leads here: this wait is for a time, and then everybody goes on"
    if ways == ["then", "else"]:
        return f"nothing leads here: a wait for one thing has `then` and `else`, not `{key}`"
    return f"nothing leads here: no outcome `{key}`; {hint(key, ways)}"


def _ways_of_ways(value: Any, path: Path_, writing: Writing) -> dict[str, list[Node]]:
    return {
        f"way_{at + 1}": read(way["then"], (*path, at, "then"), writing)
        for at, way in enumerate(value if isinstance(value, list) else [])
        if isinstance(way, dict) and isinstance(way.get("then"), list)
    }
