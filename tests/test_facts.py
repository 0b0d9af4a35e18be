"""Which journeys take no part in a decision, and why; of audiences, tests/runs tells by whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.test_journey_columns import built as models
from tests.spec.written_journeys import LEADS, furnish
from tests.spec.written_project import Written
from tidegate.build import Built
from tidegate.build.built import BuiltModel
from tidegate.errors import Problem
from tidegate.facts import unfit_of
from tidegate.results import ContractResult
from tidegate.spec.objects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shop = furnish(Written(tmp_path))
    shop.write("journeys/leads.yml", LEADS.replace("reachable('sms')", "in_segment('vips')"))
    shop.write("journeys/quiet.yml", "journey: quiet\nenter: {on: occur ref('order_cancelled')}\nsteps: [end]\n")
    return shop.load()


def built(*failed: str) -> Built:
    """All models of the project but those that failed; `new_leads` stands on `raw_leads`."""
    upstream = {"new_leads": frozenset({"raw_leads"})}
    made = {
        name: BuiltModel(name, model.relation, "", "", upstream.get(name, frozenset()), model.columns)
        for name, model in models().items()
        if name not in failed
    }
    return Built(made, {name: f"models/{name}.sql:3: no such table" for name in failed}, {})


@pytest.mark.parametrize("model", ["new_leads", "events", "vips"])
def test_a_journey_whose_model_failed_takes_no_part_and_says_why(project: Project, model: str) -> None:
    unfit = unfit_of(project, built(model), (), {})

    assert unfit["lead_nurturing"] == ("failed", f"models/{model}.sql:3: no such table")
    assert "quiet" not in unfit


def test_a_broken_contract_stops_the_journeys_that_stand_on_its_model(project: Project) -> None:
    broken = ContractResult("raw_leads", "no lead twice", "customer_id", passed=False, detail="2 rows")

    unfit = unfit_of(project, built(), [broken], {})

    assert unfit == {"lead_nurturing": ("contract", "contract `no lead twice` of raw_leads failed: 2 rows")}


def test_a_journey_that_does_not_fit_its_columns_says_what_is_wrong(project: Project) -> None:
    problem = Problem("journeys/quiet.yml", 2, "enter.if", "no column `x`")

    unfit = unfit_of(project, built(), (), {"quiet": [problem]})

    assert unfit == {"quiet": ("failed", "journeys/quiet.yml:2: enter.if: no column `x`")}
