"""From a journey's file to a `Journey`: everything that can be checked without the models' columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from sqlglot import exp

from tidegate import registry
from tidegate.errors import SpecError
from tidegate.spec import entering, journey_graph, journey_steps, models_folder
from tidegate.spec.destinations import Destinations
from tidegate.spec.documents import Document, Path_, parse_yaml
from tidegate.spec.expressions import DIALECT
from tidegate.spec.findings import Findings
from tidegate.spec.guard_keys import GuardKeys, guard
from tidegate.spec.journey_file import CompleteKeys, GoalKeys, JourneyFile
from tidegate.spec.journey_flattening import Flattening
from tidegate.spec.journey_meaning import with_hash
from tidegate.spec.journey_moves import moves
from tidegate.spec.journey_objects import Entry, ExitRule, Goal, Journey, ListMove
from tidegate.spec.journey_writing import Writing
from tidegate.spec.objects import Project
from tidegate.spec.surroundings import Surroundings
from tidegate.spec.validation import check

_OF_MEMBERS = ("min_members",)


def read(document: Document, source: str, around: Surroundings, found: Findings, root: Path) -> Journey | None:
    """The journey, or None where its file is too broken; what is wrong goes to `found`.

    `source` is the file's text.
    """
    checked = check(JourneyFile, document)
    found.problems.extend(checked.problems)
    value = document.value if isinstance(document.value, dict) else {}
    writing = Writing(document, around, found, root)
    nodes = journey_steps.read(value["steps"], ("steps",), writing) if isinstance(value.get("steps"), list) else []
    journey_steps.name(nodes, writing)
    if checked.model is None:
        return None
    return _Reader(checked.model, writing).journey(nodes, source)


def reread(source: str, project: Project) -> Journey:
    """A journey from a file's text as it once was, against the project as it is now. Raises SpecError."""
    found = Findings()
    name = "journeys/a version of a journey"
    document = parse_yaml(source, name)
    if isinstance(document.value, dict) and isinstance(document.value.get("journey"), str):
        known = project.journeys.get(document.value["journey"])
        name = known.file if known is not None else f"journeys/{document.value['journey']}.yml"
        document = Document(name, document.value, document.lines)
    journey = read(document, source, _surroundings(project), found, project.root)
    if found.problems:
        raise SpecError(found.problems)
    assert journey is not None
    return journey


def _surroundings(project: Project) -> Surroundings:
    connectors = {name: registry.load(spec.connector, project.root) for name, spec in project.destinations.items()}
    return Surroundings(
        models=models_folder.names(project.root),
        messages=project.messages,
        doubtful_messages=frozenset(),
        destinations=Destinations(project.target, project.destinations, connectors, project.sandbox),
    )


class _Reader:
    def __init__(self, written: JourneyFile, writing: Writing) -> None:
        self.written = written
        self.writing = writing

    def journey(self, nodes: Sequence[journey_steps.Node], source: str) -> Journey | None:
        written, writing = self.written, self.writing
        entry = entering.read(written.enter, writing)
        steps = tuple(Flattening(written, writing).flat(nodes))
        if entry is None:
            return None
        journey = Journey(
            name=written.journey,
            file=writing.document.file,
            entry=entry,
            steps=steps,
            exits=tuple(self._exits()),
            goal=self._goal(written.goal) if written.goal is not None else None,
            on_segment_exit=self._on_segment_exit(entry),
            on_complete=tuple(self._on_complete(written.on_complete)),
            status=written.status,
            in_flight=written.in_flight,
            redirects=dict(written.redirects),
            holdout=written.holdout,
            guard=guard(self._guard(written.guard), writing.around.guard),
            description=written.description or "",
            source=source,
            line=entry.line,
        )
        if writing.complete:
            journey_graph.check(journey, writing)
        return with_hash(journey)

    def _exits(self) -> Iterator[ExitRule]:
        written = self.written.exit
        several = isinstance(written, tuple)
        for at, keys in enumerate(written if isinstance(written, tuple) else (written,)):
            path: Path_ = ("exit", at, "when") if several else ("exit", "when")
            tree = self.writing.predicate(keys.when, path)
            if tree is not None:
                yield ExitRule(tree, self.writing.document.line(path))

    def _goal(self, keys: GoalKeys) -> Goal | None:
        path: Path_ = ("goal",)
        if (keys.did is None) == (keys.when is None):
            both = keys.when is not None
            text = "`did` is there as well; choose one" if both else "says neither `did` (an event) nor `when`"
            self.writing.problem((*path, "when") if both else path, text)
            return None
        if keys.where is not None and keys.did is None:
            self.writing.problem(
                (*path, "where"), "goes with `did`; write it into the predicate: did('x', where => ...)"
            )
        tree = self._did(keys) if keys.did is not None else self.writing.predicate(keys.when or "", (*path, "when"))
        if tree is None:
            return None
        line = self.writing.document.line(("goal",))
        return Goal(tree, within=keys.within, leaves=keys.then == "exit", line=line)

    def _did(self, keys: GoalKeys) -> exp.Expr | None:
        event = exp.Literal.string(keys.did).sql(DIALECT)
        if keys.where is None:
            return self.writing.predicate(f"did({event})", ("goal", "did"))
        where = self.writing.expression(keys.where, ("goal", "where"))
        if where is None:
            return None
        return self.writing.predicate(f"did({event}, where => {where.sql(DIALECT)})", ("goal", "where"))

    def _on_segment_exit(self, entry: Entry) -> Literal["exit", "continue"]:
        if self.written.on_segment_exit == "exit" and entry.kind not in entering.BY_SEGMENT:
            text = (
                f"who came in by `{entry.kind}` is in no segment, and so leaves none; write continue, or an `exit` rule"
            )
            self.writing.problem(("on_segment_exit",), text)
        return self.written.on_segment_exit

    def _on_complete(self, written: Sequence[CompleteKeys]) -> Iterator[ListMove]:
        for at, keys in enumerate(written):
            yield from moves(keys.sync, ("on_complete", at, "sync"), self.writing)

    def _guard(self, written: GuardKeys | None) -> GuardKeys | None:
        """Nobody is a member of a journey, so a share of its members says nothing; those of its lists are some."""
        if written is None:
            return None
        for key in _OF_MEMBERS:
            if key in written.model_fields_set:
                self.writing.problem(("guard", key), "does not go with a journey, which has no members")
        if written.max_enter is not None and written.max_enter.share is not None:
            text = "a journey has no members to take a share of; write a number"
            self.writing.problem(("guard", "max_enter"), text)
        return written
