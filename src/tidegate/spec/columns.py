"""Holds the files against the models' real columns: expressions are given their tables, messages their variables.

Problems are told by audience and journey, so that a run can go on with the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb
from sqlglot import exp

from tidegate.errors import Problem, SpecError
from tidegate.spec import journey_columns
from tidegate.spec.binding import Binder
from tidegate.spec.fit import ON_EXIT, Fit, Scopes
from tidegate.spec.journey_moves import destinations_of
from tidegate.spec.journey_objects import Journey
from tidegate.spec.objects import Audience, ModelColumns, Project, Sync


def check_columns(project: Project, models: Mapping[str, ModelColumns]) -> Project:
    """The project with every expression qualified. Raises SpecError with all that an audience or journey has wrong."""
    qualified, problems = problems_by_audience(project, models)
    found = [problem for audience in problems.values() for problem in audience]
    if found:
        raise SpecError(found)
    return qualified


def problems_by_audience(
    project: Project, models: Mapping[str, ModelColumns]
) -> tuple[Project, dict[str, list[Problem]]]:
    """The project with expressions qualified, and for each audience or journey that cannot be used what is wrong.

    One with problems stays as it was. What is wrong with the people model or with a channel's consent is told for
    each that it concerns.
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
        journeys: dict[str, Journey] = {}
        for name, journey in project.journeys.items():
            journeys[name], found = checker.journey(journey)
            if found:
                problems[name] = sorted(set(found))
        qualified = replace(
            project,
            audiences=audiences,
            journeys=journeys,
            consent={**project.consent, **consent},
            consent_since={**project.consent_since, **since},
        )
        return qualified, problems
    finally:
        connection.close()


class _Checker:
    def __init__(self, project: Project, models: Mapping[str, ModelColumns], binder: Binder) -> None:
        self.project = project
        self.fit = Fit(project, models, binder)
        self.of_people = self.fit.people_problems()
        self.of_consent: dict[str, list[Problem]] = {}

    def consent(self, channel: str) -> exp.Expr | None:
        if self.of_people:
            return None
        scopes = Scopes(None, "", self.fit.people, self.project.people)
        found: list[Problem] = []
        tree = self.fit.expression(self.project.consent[channel], scopes, found, condition=True)
        self.of_consent[channel] = found
        return tree

    def since(self, channel: str) -> exp.Expr | None:
        """Comes after the channel's `consent`."""
        if self.of_people:
            return None
        scopes = Scopes(None, "", self.fit.people, self.project.people)
        return self.fit.expression(self.project.consent_since[channel], scopes, self.of_consent[channel], moment=True)

    def audience(self, audience: Audience) -> tuple[Audience, list[Problem]]:
        """The audience qualified, or as it was with what is wrong."""
        if self.of_people:
            return audience, self.of_people
        key = "who" if audience.who else "when"
        found = list(
            self.fit.model_problems(
                audience.model, audience.file, audience.line, key, occurrences=audience.when is not None
            )
        )
        if audience.model not in self.fit.models:
            return audience, found
        columns = self.fit.models[audience.model].columns
        scopes = Scopes(columns, audience.model, self.fit.people, self.project.people)
        condition = audience.condition
        if condition is not None:
            condition = self.fit.expression(condition, scopes, found, condition=True)
        sync = tuple(self._sync(one, scopes, found) for one in audience.sync)
        for channel in sorted(self._channels(audience)):
            found.extend(self.of_consent.get(channel, ()))
        self._messages(audience, scopes, found)
        return (audience, found) if found else (replace(audience, condition=condition, sync=sync), found)

    def journey(self, journey: Journey) -> tuple[Journey, list[Problem]]:
        """The journey qualified, or as it was with what is wrong."""
        qualified, found = journey_columns.qualify(journey, self.project, self.fit.models, self.fit.binder)
        for channel in sorted(set(map(self.fit.channel, destinations_of(journey)))):
            found.extend(self.of_consent.get(channel, ()))
        return (journey, found) if found else (qualified, found)

    def _sync(self, sync: Sync, scopes: Scopes, found: list[Problem]) -> Sync:
        def each(trees: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
            return {name: self.fit.expression(tree, scopes, found) for name, tree in trees.items()}

        # Who has left has no row in the segment any more, so there is no `entry` to take values from.
        left = replace(scopes, entry=None)
        on_leave_set = {name: self.fit.expression(tree, left, found) for name, tree in sync.on_leave_set.items()}
        return replace(sync, match=each(sync.match), set=each(sync.set), on_leave_set=on_leave_set)

    def _channels(self, audience: Audience) -> set[str]:
        sends = (*audience.on_enter, *audience.on_exit, *audience.sends)
        return {self.fit.channel(name) for send in sends for name in send.by} | {
            self.fit.channel(sync.to) for sync in audience.sync
        }

    def _messages(self, audience: Audience, scopes: Scopes, found: list[Problem]) -> None:
        left = replace(scopes, entry=ON_EXIT, entry_name="a leaving")
        uses = (
            ("on_enter", audience.on_enter, scopes),
            ("on_exit", audience.on_exit, left),
            ("", audience.sends, scopes),
        )
        for key, sends, rows in uses:
            for at, send in enumerate(sends):
                where = f"{key}[{at}].by" if key else "by"
                found.extend(self.fit.message_problems(send, rows, audience.file, where))
