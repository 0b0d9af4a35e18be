from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import State, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.settings import PREFECT_HOME, PREFECT_SERVER_ANALYTICS_ENABLED, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from tests.runs.shop import Shop

CLOCK = "    clock: 2024-03-01 08:00\n"


@pytest.fixture(scope="package")
def prefect() -> Iterator[None]:
    """A real Prefect server, on this machine and for these tests alone."""
    with (
        temporary_settings({PREFECT_SERVER_ANALYTICS_ENABLED: False}),
        prefect_test_harness(server_startup_timeout=120),
    ):
        yield


@pytest.fixture
def shop(prefect: None, tmp_path: Path) -> Shop:
    """A small project. Its clock stands still, until a test moves it."""
    shop = Shop(tmp_path / "shop").found()
    shop.edit("tidegate.yml", "  dev: {destinations: sandbox}\n", f"  dev:\n    destinations: sandbox\n{CLOCK}")
    shop.knows("ada", "grace", "edith")
    shop.buys("ada", "grace")
    return shop


@dataclass(frozen=True)
class Seen:
    """A flow run as Prefect's pages show it."""

    state: State
    tasks: dict[str, str]
    tables: dict[str, list[dict[str, Any]]]
    logs: list[str]
    pages: dict[str, str]


@pytest.fixture
def seen(prefect: None) -> Callable[[State], Seen]:
    def look(state: State) -> Seen:
        run_id = state.state_details.flow_run_id
        assert isinstance(run_id, UUID)
        this = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        with get_client(sync_client=True) as client:
            tasks = client.read_task_runs(flow_run_filter=this)
            tables = client.read_artifacts(
                artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
            )
            logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])), limit=200)
        return Seen(
            state,
            {task.name: task.state_name or "" for task in sorted(tasks, key=lambda task: task.expected_start_time)},
            {table.key: json.loads(table.data) for table in tables if table.type == "table"},
            [log.message for log in logs],
            {page.key: page.data for page in tables if page.type == "markdown"},
        )

    return look


@pytest.fixture
def stored(prefect: None) -> Callable[[], list[Path]]:
    """The results that Prefect keeps on disk."""
    return lambda: [path for path in (PREFECT_HOME.value() / "storage").rglob("*") if path.is_file()]
