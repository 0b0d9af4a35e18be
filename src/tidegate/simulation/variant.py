"""One journey's simulation: a state of its own, and runs in it that decide like any run and deliver to nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import __version__, queries
from tidegate.build import Built, describe
from tidegate.channels import TELLING
from tidegate.connector import Connector
from tidegate.decision.decide import Definition, Facts, decide
from tidegate.errors import Problem
from tidegate.facts import unfit_of
from tidegate.journeys.seeing.looking import look
from tidegate.simulation.results import Assumptions, Simulated
from tidegate.simulation.scratch import Scratch
from tidegate.spec.columns import problems_by_audience
from tidegate.spec.journey_objects import ApproveStep, Journey
from tidegate.spec.objects import ModelColumns, Project
from tidegate.story import story
from tidegate.warehouse import transaction

#: who looks at a text is not known to anybody
_OPENED = [channel for channel in TELLING if channel not in ("sms", "crm")]
_CLICKED = [channel for channel in TELLING if channel != "crm"]


class Variant:
    """`project` has one journey and nothing else. `path` is the warehouse's file."""

    def __init__(
        self, path: Path, project: Project, connectors: Mapping[str, type[Connector]], assumptions: Assumptions
    ) -> None:
        self._scratch = Scratch(path)
        self._project = project
        self._connectors = connectors
        self._assumptions = assumptions
        self._last: datetime | None = None
        self._people: ModelColumns | None = None
        self._qualified: tuple[dict[str, ModelColumns], Project, dict[str, list[Problem]]] | None = None
        self._problems: Counter[str] = Counter()

    @property
    def _journey(self) -> Journey:
        (journey,) = self._project.journeys.values()
        return journey

    def close(self) -> None:
        self._scratch.close()

    def run(self, built: Built, run_id: str, as_of: datetime) -> None:
        """Decide as of this clock on models that were built for it, and take what is ready for delivered."""
        with self._scratch.session() as connection:
            facts = self._facts(connection, built, run_id, as_of)
            with transaction(connection):
                self._begin(connection, run_id, as_of)
                decision = decide(connection, facts)
                self._settle(connection, run_id, as_of)
        for one in decision.journeys:
            if one.verdict not in ("applied", "approved"):
                self._problems[one.reason] += 1
        self._last = as_of

    def result(self, people: Sequence[str]) -> Simulated:
        """What became of it, and the stories of the people with these keys."""
        seen = look(self._scratch, self._project, self._journey.name, days=True)
        sends = [step.send for step in (*seen.steps, *seen.gone) if step.send is not None]
        withheld: Counter[str] = Counter()
        for send in sends:
            withheld.update(send.withheld)
        key = self._project.key
        return Simulated(
            file=self._journey.file,
            seen=seen,
            planned=sum(send.planned for send in sends),
            sent=sum(send.sent for send in sends),
            withheld=dict(withheld.most_common()),
            problems=dict(self._problems),
            stories=tuple(
                story(self._scratch, person, people=self._people, key=key, project=self._project) for person in people
            ),
        )

    def _facts(self, connection: duckdb.DuckDBPyConnection, built: Built, run_id: str, as_of: datetime) -> Facts:
        built = describe(connection, built)
        models = built.model_columns()
        self._people = models[self._project.people]
        qualified, problems = self._held_against(models)
        return Facts(
            project=qualified,
            models=models,
            definitions={name: Definition(one.definition, one.definition_hash) for name, one in built.models.items()},
            connectors=self._connectors,
            unfit=unfit_of(self._project, built, (), problems),
            run_id=run_id,
            as_of=as_of,
        )

    def _held_against(self, models: dict[str, ModelColumns]) -> tuple[Project, dict[str, list[Problem]]]:
        """Columns are mostly the same at each clock."""
        if self._qualified is None or self._qualified[0] != models:
            self._qualified = (models, *problems_by_audience(self._project, models))
        return self._qualified[1:]

    def _begin(self, connection: duckdb.DuckDBPyConnection, run_id: str, as_of: datetime) -> None:
        run = {"run_id": run_id, "kind": "simulation", "target": self._project.target, "as_of": as_of}
        connection.execute(queries.text("runs/start"), {**run, "version": __version__, "started_at": datetime.now(UTC)})
        for query, table in (
            ("remember_key", "address_key"),
            ("remember_consents", "consents"),
            ("remember_suppressions", "suppressions"),
        ):
            recorded = exp.select("*").from_(exp.table_(table, db="tidegate", catalog=self._scratch.path.stem))
            window = {} if query == "remember_key" else {"after": self._last, "as_of": as_of}
            connection.execute(queries.bind(f"simulation/{query}", recorded=recorded), window)

    def _settle(self, connection: duckdb.DuckDBPyConnection, run_id: str, as_of: datetime) -> None:
        run = {"run_id": run_id, "as_of": as_of}
        connection.execute(queries.text("simulation/settle"), run)
        connection.execute(queries.text("simulation/answer"), run)
        assumed = self._assumptions
        connection.execute(
            queries.text("simulation/react"),
            {
                **run,
                "seed": str(assumed.seed),
                "opens": assumed.opens,
                "clicks": assumed.clicks,
                "opened_by": _OPENED,
                "clicked_by": _CLICKED,
            },
        )
        steps = [step.id for step in self._journey.steps if isinstance(step, ApproveStep)]
        if steps:
            connection.execute(
                queries.text("simulation/approve"), {"journey": self._journey.name, "steps": steps, "as_of": as_of}
            )
        connection.execute(
            queries.text("runs/finish"),
            {"run_id": run_id, "status": "finished", "finished_at": datetime.now(UTC), "problem": None},
        )
