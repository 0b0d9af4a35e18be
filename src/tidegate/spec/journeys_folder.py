"""Every journey of a project, and what two of its files say that does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.errors import Problem, SpecError
from tidegate.spec import journeys
from tidegate.spec.documents import Document, parse_yaml, read_text, shown
from tidegate.spec.findings import Findings
from tidegate.spec.journey_moves import everywhere
from tidegate.spec.journey_objects import Journey
from tidegate.spec.nearest import hint
from tidegate.spec.objects import Audience
from tidegate.spec.surroundings import Surroundings


@dataclass(slots=True)
class _Files:
    """By the journey's name: the file, also where it is too broken to be one, and what was read of it."""

    documents: dict[str, Document] = field(default_factory=dict)
    read: dict[str, Journey] = field(default_factory=dict)


def read_all(
    root: Path, around: Surroundings, audiences: Mapping[str, Audience], found: Findings
) -> dict[str, Journey]:
    """By name; what is wrong goes to `found`. `audiences` are those that could be read."""
    files = _Files()
    folder = root / "journeys"
    for path in sorted((*folder.rglob("*.yml"), *folder.rglob("*.yaml"))):
        with found.gather():
            try:
                _read(path, root, around, files, found)
            except RecursionError as fault:
                text = "is nested too deeply; let one journey begin where another ends"
                raise SpecError(Problem(shown(path, root), 0, "", text)) from fault
    for name, journey in files.read.items():
        document = files.documents[name]
        if name in audiences:
            text = f"`{name}` is the audience in {audiences[name].file}; the two share their names, so choose another"
            found.add(document, ("journey",), text)
        _check_lists(journey, audiences, found)
        _check_end(journey, document, files, found)
    return files.read


def _read(path: Path, root: Path, around: Surroundings, files: _Files, found: Findings) -> None:
    file = shown(path, root)
    source = read_text(path, file)
    document = parse_yaml(source, file)
    name = document.value.get("journey") if isinstance(document.value, dict) else None
    known = files.documents.setdefault(name, document) if isinstance(name, str) else document
    if known is not document:
        found.add(document, ("journey",), f"`{name}` is in {known.file} already; choose another name")
    journey = journeys.read(document, source, around, found, root)
    if journey is not None:
        files.documents.setdefault(journey.name, document)  # its name stands under a misspelt key
        files.read.setdefault(journey.name, journey)


def _check_end(journey: Journey, document: Document, files: _Files, found: Findings) -> None:
    """Whether the journey that people come from is there, and has a beginning itself."""
    if journey.entry.kind != "end":
        return
    before, seen = journey.entry.name or "", [journey.name]
    if before not in files.documents:
        others = [name for name in files.documents if name != journey.name]
        found.add(document, ("enter", "on"), f"no journey `{before}`; {hint(before, others)}")
        return
    while before not in seen:
        seen.append(before)
        other = files.read.get(before)
        if other is None or other.entry.kind != "end":
            return
        before = other.entry.name or ""
    if before == journey.name:
        round_ = " and ".join(f"`{name}`" for name in seen)
        text = f"{round_} begin by each other's end" if len(seen) > 1 else "a journey cannot begin by its own end"
        found.add(document, ("enter", "on"), f"{text}: nobody would be the first")


def _check_lists(journey: Journey, audiences: Mapping[str, Audience], found: Findings) -> None:
    """What an audience keeps as objects is no list."""
    objects = {
        (sync.to, sync.name): audience.file
        for audience in audiences.values()
        for sync in audience.sync
        if sync.mode == "object"
    }
    for move, key in everywhere(journey):
        for name in filter(None, (move.add, move.remove)):
            file = objects.get((move.to, name))
            if file is not None:
                text = f"`{name}` of `{move.to}` is an object in {file}"
                found.problems.append(Problem(journey.file, move.line, key, text))
