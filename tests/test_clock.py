"""Which clocks a run may take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tidegate.clock import clock
from tidegate.errors import SpecError
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse

NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


def project(*, sandbox: bool = False, clock: datetime | None = None) -> Project:
    return Project(
        root=Path(),
        name="shop",
        key="customer_id",
        people="people",
        time_zone="Europe/London",
        target="prod",
        sandbox=sandbox,
        clock=clock,
        consent={},
        landings=(),
        destinations={},
        audiences={},
        messages={},
    )


def test_a_mistyped_year_does_not_shut_out_the_runs_until_then(warehouse: Warehouse) -> None:
    with pytest.raises(SpecError, match="has not come yet"):
        clock(project(), warehouse, NEXT_YEAR)


def test_a_machine_whose_clock_is_a_little_ahead_may_run(warehouse: Warehouse) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)

    assert clock(project(), warehouse, soon) == soon


def test_the_sandbox_may_look_ahead(warehouse: Warehouse) -> None:
    assert clock(project(sandbox=True), warehouse, NEXT_YEAR) == NEXT_YEAR


def test_a_project_with_its_own_clock_may_look_ahead(warehouse: Warehouse) -> None:
    assert clock(project(clock=NEXT_YEAR), warehouse, None) == NEXT_YEAR


def test_a_clock_before_the_last_runs_is_refused_without_telling_anyone_to_give_up_the_state(
    warehouse: Warehouse,
) -> None:
    with warehouse.session() as connection:
        connection.execute(
            "insert into tidegate.runs (run_id, kind, target, as_of, version, status, started_at, decided_at)"
            " values ('r1', 'run', 'prod', '2011-12-09 12:00+00', '0', 'finished', now(), now())"
        )

    with pytest.raises(SpecError, match="time does not run backwards") as refused:
        clock(project(), warehouse, datetime(2011, 12, 1, tzinfo=UTC))
    assert "move" not in str(refused.value)
