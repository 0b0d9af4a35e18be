"""The results of contracts, kept as rows."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from tidegate import queries
from tidegate.results import ContractResult


def save_results(connection: duckdb.DuckDBPyConnection, run_id: str, results: Sequence[ContractResult]) -> None:
    """Add the results to `tidegate.contract_results`. Examples, which are keys, become part of `detail`."""
    if not results:
        return
    connection.executemany(
        queries.bind("contracts/insert_result"),
        [
            {
                "run_id": run_id,
                "model": result.model,
                "contract": result.contract,
                "column_name": result.column,
                "passed": result.passed,
                "failing_rows": result.failing_rows,
                "detail": described(result) or None,
            }
            for result in results
        ],
    )


def described(result: ContractResult) -> str:
    """One line on what was found: counts, and keys of rows that break the contract."""
    if not result.examples:
        return result.detail
    examples = f"for example {', '.join(result.examples)}"
    return f"{result.detail}, {examples}" if result.detail else examples


def previous_counts(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """By model and contract, the rows that a `rows_within` counted in the last finished run in which it held."""
    rows = connection.execute(queries.bind("contracts/previous_counts")).fetchall()
    return {(model, contract): count for model, contract, count in rows}
