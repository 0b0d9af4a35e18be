"""Contracts, put to Great Expectations on the warehouse's own connection. Loaded only when contracts are validated."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
from great_expectations.core.batch import Batch
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine import SqlAlchemyExecutionEngine, sqlalchemy_execution_engine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.validator import Validator
from sqlglot import exp

from tidegate import queries
from tidegate.contracts import dialect
from tidegate.contracts.contract import Contract
from tidegate.contracts.expectations import expectation
from tidegate.contracts.verdict import judged, missing, unevaluated
from tidegate.results import ContractResult

# What names a row where it is not the person: a trigger's occurrence, an event.
_ROW_NAMES = ("occurrence_id", "event_id")
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
# More than the three that are shown, as duplicates name the same key twice.
_EXAMPLES = 12

# Failures come back as results; the library's warnings about an unknown dialect say nothing to a user.
logging.getLogger("great_expectations").setLevel(logging.CRITICAL)


class _Dialect(str):
    """Great Expectations compares members of its enum with strings, and reads their `.value`."""

    @property
    def value(self) -> str:
        return str(self)


# Otherwise it closes the connection before it reads the result, and DuckDB's rows are lost with it.
sqlalchemy_execution_engine._PERSISTED_CONNECTION_DIALECTS = (
    *sqlalchemy_execution_engine._PERSISTED_CONNECTION_DIALECTS,
    _Dialect("duckdb"),
)


class _Quiet(Validator):  # type: ignore[misc]
    def _determine_progress_bars(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What Great Expectations found for one model; it holds no values of rows."""

    model: str
    expectations: tuple[Expectation, ...]
    found: tuple[ExpectationValidationResult, ...]


@dataclass(frozen=True, slots=True)
class _Model:
    name: str
    table: exp.Table
    columns: Mapping[str, str]
    key: str | None


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    contracts: Sequence[Contract],
    relations: Mapping[str, str],
    as_of: datetime,
    key: str,
    previous: Mapping[tuple[str, str], int],
) -> tuple[list[ContractResult], list[Evidence]]:
    """The result of each contract, in their order, and what they rest on. See `tidegate.contracts.validate`."""
    cursor = connection.cursor()
    cursor.execute("set timezone = 'UTC'")
    engine = dialect.engine(cursor)
    runner = SqlAlchemyExecutionEngine(engine=engine, create_temp_table=False)
    results: dict[tuple[str, str], ContractResult] = {}
    evidence: list[Evidence] = []
    try:
        for name in dict.fromkeys(contract.model for contract in contracts):
            mine = [contract for contract in contracts if contract.model == name]
            model = _model(cursor, name, relations.get(name), key)
            asked: dict[str, tuple[Contract, Expectation]] = {}
            for contract in mine:
                try:
                    asked[contract.name] = contract, _expectation(contract, model, as_of, relations, previous)
                except Exception as error:  # a contract that cannot be put must block, whatever the reason is
                    results[name, contract.name] = unevaluated(contract, error)
            if model is None or not asked:
                continue
            found = _ask(runner, model, [question for _, question in asked.values()])
            evidence.append(Evidence(name, tuple(question for _, question in asked.values()), tuple(found.values())))
            broken = [asked[label][1] for label, answer in found.items() if not answer.success]
            examples = _examples(runner, model, broken)
            for label, (contract, _) in asked.items():
                before = previous.get((name, label))
                results[name, label] = judged(contract, found[label], examples.get(label, ()), before, as_of)
    finally:
        if runner._connection is not None:
            runner._connection.close()
        engine.dispose()
    return [results[contract.model, contract.name] for contract in contracts], evidence


def _model(cursor: duckdb.DuckDBPyConnection, name: str, relation: str | None, key: str) -> _Model | None:
    if relation is None:
        return None
    table = queries.relation(relation)
    columns = {
        column: str(data_type)
        for column, data_type, _ in cursor.execute(
            queries.text("contracts/columns"),
            {"database": table.catalog or None, "schema": table.db or "main", "relation": table.name},
        ).fetchall()
    }
    row_name = next((column for column in (*_ROW_NAMES, key) if column in columns), None)
    return _Model(name, table, columns, row_name) if columns else None


def _expectation(
    contract: Contract,
    model: _Model | None,
    as_of: datetime,
    relations: Mapping[str, str],
    previous: Mapping[tuple[str, str], int],
) -> Expectation:
    if model is None:
        raise ValueError(f"the model `{contract.model}` is not in the warehouse")
    if contract.column is not None and contract.column not in model.columns:
        raise ValueError(missing(contract.column, model.columns))
    before = previous.get((contract.model, contract.name))
    return expectation(contract, model.table, model.columns, as_of, relations, before, model.key)


def _ask(
    runner: SqlAlchemyExecutionEngine,
    model: _Model,
    questions: Sequence[Expectation],
    result_format: Mapping[str, Any] = _COUNTS,
) -> dict[str, ExpectationValidationResult]:
    """The answers by contract. All questions share few queries, so one that fails may take others with it:
    those are asked again by themselves."""
    answers = _graph(runner, model, questions, result_format)
    if len(questions) > 1:
        for question in questions:
            label = question.meta["contract"]
            if label not in answers or _raised(answers[label]):
                answers.update(_graph(runner, model, [question], result_format))
    return answers


def _graph(
    runner: SqlAlchemyExecutionEngine,
    model: _Model,
    questions: Sequence[Expectation],
    result_format: Mapping[str, Any],
) -> dict[str, ExpectationValidationResult]:
    schema = ".".join(part for part in (model.table.catalog, model.table.db or "main") if part)
    data = SqlAlchemyBatchData(
        execution_engine=runner,
        table_name=model.table.name,
        schema_name=schema,
        use_quoted_name=True,
        source_table_name=model.table.name,
        source_schema_name=schema,
    )
    validator = _Quiet(execution_engine=runner, batches=[Batch(data=data)])
    answers = validator.graph_validate(
        [question.configuration for question in questions],
        runtime_configuration={"result_format": dict(result_format), "catch_exceptions": True},
    )
    return {answer.expectation_config.meta["contract"]: answer for answer in answers}


def _raised(answer: ExpectationValidationResult) -> bool:
    told: Iterable[Any] = (answer.exception_info or {}).values()
    return bool((answer.exception_info or {}).get("raised_exception")) or any(
        isinstance(part, Mapping) and part.get("raised_exception") for part in told
    )


def _examples(
    runner: SqlAlchemyExecutionEngine, model: _Model, broken: Sequence[Expectation]
) -> dict[str, tuple[str, ...]]:
    """Up to three keys of rows that break each contract; only for those that are about rows."""
    key = model.key
    if key is None or not broken:
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    wanted = {
        "result_format": "SUMMARY",
        "partial_unexpected_count": _EXAMPLES,
        "unexpected_index_column_names": [key],
        "return_unexpected_index_query": False,
    }
    by_query = [question for question in broken if hasattr(question, "unexpected_rows_query")]
    by_column = [question for question in broken if hasattr(question, "map_metric") and question not in by_query]
    answers: dict[str, ExpectationValidationResult] = {}
    if by_column:
        answers |= _ask(runner, model, by_column, wanted)
    if by_query:
        answers |= _ask(runner, model, by_query, {"result_format": "COMPLETE"})
    for label, answer in answers.items():
        result = answer.result or {}
        rows = result.get("partial_unexpected_index_list") or (result.get("details") or {}).get("unexpected_rows") or []
        found = dict.fromkeys("null" if row[key] is None else str(row[key]) for row in rows if key in row)
        keys[label] = tuple(sorted(found)[:3])
    return keys
