"""Holds the files against the models' real columns: expressions are given their tables, messages their variables.

Problems are told by audience, so that a run can go on with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import duckdb
from sqlglot import exp

from tidegate import registry
from tidegate.channels import CHANNELS
from tidegate.errors import Problem, SpecError
from tidegate.spec import templating
from tidegate.spec.binding import Binder
from tidegate.spec.expressions import place, qualify
from tidegate.spec.nearest import several
from tidegate.spec.objects import Audience, ModelColumns, Project, Send, Sync

#: what `entry` holds for somebody who left: the segment has no row of theirs any more
ON_EXIT: Mapping[str, str] = {"entered_at": "TIMESTAMP WITH TIME ZONE", "left_at": "TIMESTAMP WITH TIME ZONE"}
_TRIGGER = ("occurrence_id", "occurred_at")


def check_columns(project: Project, models: Mapping[str, ModelColumns]) -> Project:
    """The project with every expression qualified. Raises SpecError with all that any audience has wrong."""
    qualified, problems = problems_by_audience(project, models)
    found = [problem for audience in problems.values() for problem in audience]
    if found:
        raise SpecError(found)
    return qualified


def problems_by_audience(
    project: Project, models: Mapping[str, ModelColumns]
) -> tuple[Project, dict[str, list[Problem]]]:
    """The project with expressions qualified, and for each audience that cannot be used what is wrong.

    An audience with problems stays as it was. What is wrong with the people model or with a channel's
    consent is told for each audience that it concerns.
    """
    connection = duckdb.connect()
    try:
        checker = _Checker(project, models, Binder(connection))
        consent = {channel: tree for channel in project.consent if (tree := checker.consent(channel)) is not None}
        since = {channel: tree for channel in project.consent_since if (tree := checker.since(channel)) is not None}
        audiences: dict[str, Audience] = {}
        problems: dict[str, list[Problem]] = {}
        for name, audience in project.audiences.items():
            audiences[name], found = checker.audience(audience)
            if found:
                problems[name] = sorted(set(found))
        qualified = replace(
            project,
            audiences=audiences,
            consent={**project.consent, **consent},
            consent_since={**project.consent_since, **since},
        )
        return qualified, problems
    finally:
        connection.close()


def _key_kind(type_: str) -> str:
    """Keys are compared as text, where 1 and 1.0 would be two people."""
    name = type_.upper().partition("(")[0]
    if name.endswith(("INT", "INTEGER")):
        return "number"
    return "text" if name in ("VARCHAR", "TEXT", "UUID") else "other"


@dataclass(frozen=True, slots=True)
class _Scopes:
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


class _Checker:
    def __init__(self, project: Project, models: Mapping[str, ModelColumns], binder: Binder) -> None:
        self.project = project
        self.models = models
        self.binder = binder
        self.people: Mapping[str, str] = models[project.people].columns if project.people in models else {}
        self.of_people = self._people_problems()
        self.of_consent: dict[str, list[Problem]] = {}

    def _people_problems(self) -> list[Problem]:
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

    def consent(self, channel: str) -> exp.Expr | None:
        if self.of_people:
            return None
        scopes = _Scopes(None, "", self.people, self.project.people)
        found: list[Problem] = []
        tree = self._expression(self.project.consent[channel], scopes, found, condition=True)
        self.of_consent[channel] = found
        return tree

    def since(self, channel: str) -> exp.Expr | None:
        """Comes after the channel's `consent`."""
        if self.of_people:
            return None
        scopes = _Scopes(None, "", self.people, self.project.people)
        return self._expression(self.project.consent_since[channel], scopes, self.of_consent[channel], moment=True)

    def audience(self, audience: Audience) -> tuple[Audience, list[Problem]]:
        """The audience qualified, or as it was with what is wrong."""
        if self.of_people:
            return audience, self.of_people
        key = "who" if audience.who else "when"
        if audience.model not in self.models:
            return audience, [
                Problem(
                    audience.file, audience.line, key, f"the model `{audience.model}` was not built; is it disabled?"
                )
            ]
        columns = self.models[audience.model].columns
        found = list(self._model_problems(audience, key, columns))
        scopes = _Scopes(columns, audience.model, self.people, self.project.people)
        condition = audience.condition
        if condition is not None:
            condition = self._expression(condition, scopes, found, condition=True)
        sync = tuple(self._sync(one, scopes, found) for one in audience.sync)
        for channel in sorted(self._channels(audience)):
            found.extend(self.of_consent.get(channel, ()))
        self._messages(audience, scopes, found)
        return (audience, found) if found else (replace(audience, condition=condition, sync=sync), found)

    def _model_problems(self, audience: Audience, key: str, columns: Mapping[str, str]) -> Iterator[Problem]:
        needed = {self.project.key: "the project's key"}
        if audience.when:
            needed |= dict.fromkeys(_TRIGGER, "which every trigger needs")
        for column, why in needed.items():
            if column not in columns:
                text = f"no column `{column}` in {audience.model}, {why}; {several(column, columns)}"
                yield Problem(audience.file, audience.line, key, text)
        mine, theirs = columns.get(self.project.key), self.people.get(self.project.key)
        if mine and theirs and _key_kind(mine) != _key_kind(theirs):
            text = f"`{self.project.key}` is {mine} in {audience.model} and {theirs} in {self.project.people}"
            yield Problem(
                audience.file, audience.line, key, f"{text}; cast one, so that the same person is the same key"
            )
        elif mine and _key_kind(mine) == "other":
            text = f"`{self.project.key}` in {audience.model} is {mine}; a key is a whole number or a text"
            yield Problem(audience.file, audience.line, key, text)
        kind = columns.get("occurred_at", "")
        if audience.when and kind and not kind.upper().startswith(("TIMESTAMP", "DATE")):
            text = f"`occurred_at` in {audience.model} is {kind}; make it a timestamp"
            yield Problem(audience.file, audience.line, key, text)

    def _expression(
        self,
        tree: exp.Expr,
        scopes: _Scopes,
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

    def _sync(self, sync: Sync, scopes: _Scopes, found: list[Problem]) -> Sync:
        def each(trees: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
            return {name: self._expression(tree, scopes, found) for name, tree in trees.items()}

        # Who has left has no row in the segment any more, so there is no `entry` to take values from.
        left = replace(scopes, entry=None)
        on_leave_set = {name: self._expression(tree, left, found) for name, tree in sync.on_leave_set.items()}
        return replace(sync, match=each(sync.match), set=each(sync.set), on_leave_set=on_leave_set)

    def _channel(self, destination: str) -> str:
        spec = self.project.destinations[destination]
        return registry.load(spec.connector, self.project.root).channel_of(spec.settings)

    def _channels(self, audience: Audience) -> set[str]:
        sends = (*audience.on_enter, *audience.on_exit, *audience.sends)
        return {self._channel(name) for send in sends for name in send.by} | {
            self._channel(sync.to) for sync in audience.sync
        }

    def _messages(self, audience: Audience, scopes: _Scopes, found: list[Problem]) -> None:
        left = replace(scopes, entry=ON_EXIT, entry_name="a leaving")
        uses = (
            ("on_enter", audience.on_enter, scopes),
            ("on_exit", audience.on_exit, left),
            ("", audience.sends, scopes),
        )
        for key, sends, rows in uses:
            for at, send in enumerate(sends):
                where = f"{key}[{at}].by" if key else "by"
                for channel in dict.fromkeys(self._channel(name) for name in send.by):
                    found.extend(self._address_problems(audience, send, channel, where))
                    found.extend(self._variable_problems(send.message, channel, rows))

    def _address_problems(self, audience: Audience, send: Send, channel: str, key: str) -> Iterator[Problem]:
        address = CHANNELS[channel].address
        if address and address not in self.people:
            text = f"no column `{address}` in {self.project.people}, where the address for {channel} should be"
            yield Problem(audience.file, send.line, key, f"{text}; {several(address, self.people)}")

    def _variable_problems(self, message: str, channel: str, scopes: _Scopes) -> Iterator[Problem]:
        rows = {name: (scopes.names[name], columns) for name, columns in scopes.columns.items()}
        spec = self.project.messages.get(message)  # none: its file is broken, and told of already
        for (written_for, _), content in spec.contents.items() if spec else ():
            if written_for == channel:
                for template in templating.templates(content):
                    yield from templating.column_problems(template, rows)
        address = self.project.unsubscribe_url
        if channel == "email" and address is not None:
            line = self.project.lines.get("unsubscribe_url", 0)
            whole = templating.Template(address, self.project.file, line, "unsubscribe_url")
            yield from templating.column_problems(whole, {"person": rows["person"]})


def _not_built(model: str) -> str:
    return f"the model `{model}` was not built; is it disabled?"
