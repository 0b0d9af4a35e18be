"""Contracts: what models promise about their rows, checked by Great Expectations before anything is sent.

They are written in each model's yml, under `config: meta: contract:`; docs/contracts.md describes them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.contracts.reading import parse
from tidegate.contracts.record import described, previous_counts, save_results
from tidegate.errors import ContractError
from tidegate.results import ContractResult

__all__ = ["Contract", "described", "parse", "previous_counts", "save_results", "validate"]


def validate(
    connection: duckdb.DuckDBPyConnection,
    contracts: Sequence[Contract],
    relations: Mapping[str, str],
    *,
    as_of: datetime,
    key: str,
    previous: Mapping[tuple[str, str], int] | None = None,
    docs: Path | None = None,
) -> list[ContractResult]:
    """One result for each contract, in their order.

    `relations` are the models' relations as dbt quotes them, by model; `as_of` (with a zone) is the run's clock;
    `key` is the project's key column; `previous` comes from `previous_counts`. With `docs`, Great Expectations'
    Data Docs are built in that folder, which takes seconds.

    The queries run on the connection's database but not in its transaction: what it has not committed is not
    seen, and nothing is left behind. A contract that cannot be evaluated has failed, with the reason. Raises
    ContractError when Great Expectations is not installed.
    """
    if not contracts:
        return []
    with warnings.catch_warnings():
        # Great Expectations' own use of deprecated modules; nothing that a user could mend.
        warnings.simplefilter("ignore")
        try:
            from tidegate.contracts import validation
        except ModuleNotFoundError as error:
            raise ContractError(
                f"the models have contracts, and what checks them is not installed ({error.name}): "
                "pip install 'tidegate[contracts]'"
            ) from None
        results, evidence = validation.evaluate(connection, contracts, relations, as_of, key, previous or {})
        if docs is not None:
            from tidegate.contracts import docs as data_docs

            data_docs.build(docs, evidence, as_of)
    return results
