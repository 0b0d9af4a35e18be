"""Holds what a file asks of the models against their real columns: for audiences and journeys alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tidegate import registry
from tidegate.channels import CHANNELS
from tidegate.errors import Problem, SpecError
from tidegate.spec import templating
from tidegate.spec.binding import Binder
from tidegate.spec.expressions import DIALECT, place, qualify
from tidegate.spec.nearest import several
from tidegate.spec.objects import ModelColumns, Project, Send

#: what `entry` holds for somebody who left: the segment has no row of theirs any more
ON_EXIT: Mapping[str, str] = {"entered_at": "TIMESTAMP WITH TIME ZONE", "left_at": "TIMESTAMP WITH TIME ZONE"}
_TRIGGER = ("occurrence_id", "occurred_at")


def key_kind(type_: str) -> str:
    """Keys are compared as text, where 1 and 1.0 would be two people."""
    name = type_.upper().partition("(")[0]
    if name.endswith(("INT", "INTEGER")):
        return "number"
    return "text" if name in ("VARCHAR", "TEXT", "UUID") else "other"


def is_time(type_: str) -> bool:
    """A timestamp, or a date."""
    return type_.upper().startswith(("TIMESTAMP", "DATE"))


def is_number(type_: str) -> bool:
    kind = exp.DataType.build(type_, dialect=DIALECT)
    return kind.is_type(*exp.DataType.NUMERIC_TYPES)


@dataclass(frozen=True, slots=True)
class Scopes:
    """The rows an expression or template may use: `entry` may be missing."""

    entry: Mapping[str, str] | None
    entry_name: str
    person: Mapping[str, str]
    person_name: str

    @property
    def columns(self) -> dict[str, Mapping[str, str]]:
        return {**({"entry": self.entry} if self.entry is not None else {}), "person": self.person}

    @property
    def names(self) -> dict[str, str]:
        return {"entry": self.entry_name, "person": self.person_name}


class Fit:
    """Of one project, as its models are built."""

    def __init__(self, project: Project, models: Mapping[str, ModelColumns], binder: Binder) -> None:
        self.project = project
        self.models = models
        self.binder = binder
        self.people: Mapping[str, str] = models[project.people].columns if project.people in models else {}

    def people_problems(self) -> list[Problem]:
        project = self.project
        line = project.lines.get("people", 0)
        if project.people not in self.models:
            return [
                Problem(project.file, line, "people", f"the model `{project.people}` was not built; is it disabled?")
            ]
        if project.key not in self.people:
            text = f"no column `{project.key}` in {project.people}; {several(project.key, self.people)}"
            return [Problem(project.file, project.lines.get("key", 0), "key", text)]
        return []

    def model_problems(
        self, model: str, file: str, line: int, key: str, *, occurrences: bool = False
    ) -> Iterator[Problem]:
        """What the model that a file names at `key` lacks: of a trigger, `occurrences`."""
        if model not in self.models:
            yield Problem(file, line, key, f"the model `{model}` was not built; is it disabled?")
            return
        columns = self.models[model].columns
        needed = {self.project.key: "the project's key"}
        if occurrences:
            needed |= dict.fromkeys(_TRIGGER, "which every trigger needs")
        for column, why in needed.items():
            if column not in columns:
                text = f"no column `{column}` in {model}, {why}; {several(column, columns)}"
                yield Problem(file, line, key, text)
        mine, theirs = columns.get(self.project.key), self.people.get(self.project.key)
        if mine and theirs and key_kind(mine) != key_kind(theirs):
            text = f"`{self.project.key}` is {mine} in {model} and {theirs} in {self.project.people}"
            yield Problem(file, line, key, f"{text}; cast one, so that the same person is the same key")
        elif mine and key_kind(mine) == "other":
            text = f"`{self.project.key}` in {model} is {mine}; a key is a whole number or a text"
            yield Problem(file, line, key, text)
        kind = columns.get("occurred_at", "")
        if occurrences and kind and not is_time(kind):
            yield Problem(file, line, key, f"`occurred_at` in {model} is {kind}; make it a timestamp")

    def expression(
        self,
        tree: exp.Expr,
        scopes: Scopes,
        found: list[Problem],
        *,
        condition: bool = False,
        moment: bool = False,
    ) -> exp.Expr:
        file, line, key = place(tree)
        try:
            qualified = qualify(tree, scopes.columns, scopes.names)
        except SpecError as fault:
            found.extend(fault.problems)
            return tree
        fault_ = self.binder.fault(qualified, scopes.columns, condition=condition, moment=moment)
        if fault_ is not None:
            found.append(Problem(file, line, key, fault_))
        return qualified

    def channel(self, destination: str) -> str:
        spec = self.project.destinations[destination]
        return registry.load(spec.connector, self.project.root).channel_of(spec.settings)

    def message_problems(
        self, send: Send, scopes: Scopes, file: str, key: str, answered: Sequence[str] | None = None
    ) -> Iterator[Problem]:
        """Of each channel that it may go by: addresses that nobody has, and columns that the rows have not.

        `answered` are the journey's webhook steps that come before it; None where it is no journey's.
        """
        for channel in dict.fromkeys(map(self.channel, send.by)):
            yield from self._address_problems(send, channel, file, key)
            yield from self._variable_problems(send.message, channel, scopes, answered)

    def _address_problems(self, send: Send, channel: str, file: str, key: str) -> Iterator[Problem]:
        address = CHANNELS[channel].address
        if address and address not in self.people:
            text = f"no column `{address}` in {self.project.people}, where the address for {channel} should be"
            yield Problem(file, send.line, key, f"{text}; {several(address, self.people)}")

    def _variable_problems(
        self, message: str, channel: str, scopes: Scopes, answered: Sequence[str] | None
    ) -> Iterator[Problem]:
        rows = {name: (scopes.names[name], columns) for name, columns in scopes.columns.items()}
        spec = self.project.messages.get(message)  # none: its file is broken, and told of already
        for (written_for, _), content in spec.contents.items() if spec else ():
            if written_for == channel:
                for template in templating.templates(content):
                    yield from templating.column_problems(template, rows)
                    yield from templating.answer_problems(template, answered)
        address = self.project.unsubscribe_url
        if channel == "email" and address is not None:
            line = self.project.lines.get("unsubscribe_url", 0)
            whole = templating.Template(address, self.project.file, line, "unsubscribe_url")
            yield from templating.column_problems(whole, {"person": rows["person"]})
