"""Great Expectations' own site about the contracts, built on demand. Loaded only then."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import great_expectations
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult, RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)

from tidegate.contracts.validation import Evidence

PAGE = Path("gx", "uncommitted", "data_docs", "local_site", "index.html")


def build(folder: Path, evidence: Sequence[Evidence], as_of: datetime) -> Path:
    """Add a run's evidence to the site under `folder` and return its front page. The site shows counts, no rows."""
    folder.mkdir(parents=True, exist_ok=True)
    context = great_expectations.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = {"globally": False}
    run = RunIdentifier(run_name=as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"), run_time=datetime.now(UTC))
    for model in evidence:
        suite = ExpectationSuite(name=model.model, expectations=list(model.expectations))
        context.suites.add_or_update(suite)
        held = sum(bool(answer.success) for answer in model.found)
        context.validation_results_store.set(
            ValidationResultIdentifier(
                expectation_suite_identifier=ExpectationSuiteIdentifier(name=model.model),
                run_id=run,
                batch_identifier=uuid.uuid4().hex,
            ),
            ExpectationSuiteValidationResult(
                suite_name=model.model,
                success=held == len(model.found),
                results=list(model.found),
                statistics={
                    "evaluated_expectations": len(model.found),
                    "successful_expectations": held,
                    "unsuccessful_expectations": len(model.found) - held,
                    "success_percent": 100 * held / len(model.found),
                },
                meta={"run_id": run, "active_batch_definition": {"data_asset_name": model.model}},
            ),
        )
    context.build_data_docs()
    return folder / PAGE
