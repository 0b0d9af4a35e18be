"""What Great Expectations is asked for each contract.

Loaded only when contracts are validated: importing Great Expectations takes seconds.
"""

from __future__ import annotations

import os

# Before the import, which reads it: nothing about a project leaves the machine.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, ClassVar

import great_expectations.expectations as gxe
import sqlalchemy
from great_expectations.compatibility import pydantic
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from sqlglot import exp

from tidegate.contracts.contract import Contract
from tidegate.contracts.query import bound
from tidegate.queries import DIALECT

# An address as browsers check it (HTML, "valid e-mail address"), with a dot in its domain and any script's letters.
# Labels may be of any length here: counting to 63 over all scripts makes DuckDB's matcher a thousand times slower.
_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?"
_EMAIL = rf"[\p{{L}}\p{{N}}.!#$%&'*+/=?^_`{{|}}~-]+@(?:{_LABEL}\.)+{_LABEL}"
# E.164: a plus, a country code that does not begin with 0, at most 15 digits; how they are grouped is free.
_PHONE = r"\+[1-9](?:[ ().-]{0,2}[0-9]){6,14}"
PATTERNS = {"email": _EMAIL, "phone": _PHONE}


class ColumnValuesWellFormed(ColumnMapMetricProvider):  # type: ignore[misc]
    """Whether the whole value matches; Great Expectations' own regex metric does not know DuckDB."""

    condition_metric_name = "column_values.well_formed"
    condition_value_keys = ("form",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(cls, column: Any, form: str, **_: Any) -> Any:
        return sqlalchemy.func.regexp_full_match(column, PATTERNS[form])


class ExpectColumnValuesToBeWellFormed(ColumnMapExpectation):  # type: ignore[misc]
    """Expect each value to look like an e-mail address or an international telephone number."""

    form: str
    map_metric = "column_values.well_formed"
    success_keys = ("form", "mostly")


class NoRows(gxe.UnexpectedRowsExpectation):  # type: ignore[misc]
    """Expect a query to find no rows, or few: at most the share of the table that `mostly` leaves."""

    mostly: float = 1.0
    metric_dependencies: ClassVar[tuple[str, ...]] = (
        *gxe.UnexpectedRowsExpectation.metric_dependencies,
        "table.row_count",
    )
    success_keys: ClassVar[tuple[str, ...]] = ("unexpected_rows_query", "mostly")

    @pydantic.validator("unexpected_rows_query")  # type: ignore[untyped-decorator]
    def _validate_query(cls, query: Any) -> Any:
        """Instead of the inherited one, which prints a line for each query without `{batch}`."""
        return query

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        answer: dict[str, Any] = super()._validate(metrics, runtime_configuration, execution_engine)
        broken = metrics["unexpected_rows_query.row_count"]
        # Rounded: 1 - 0.9 is a little less than 0.1, and the tenth row of a hundred must not decide on that.
        return {**answer, "success": broken <= round((1 - self.mostly) * metrics["table.row_count"], 6)}


def expectation(
    contract: Contract,
    own: exp.Table,
    columns: Mapping[str, str],
    as_of: datetime,
    relations: Mapping[str, str],
    rows_before: int | None,
    key: str | None,
) -> Expectation:
    """The expectation for a contract of the relation `own`, whose `columns` have DuckDB's types.

    Raises ValueError, with the reason, for a contract that cannot be put to Great Expectations.
    """
    kwargs: dict[str, Any] = {"description": contract.name, "meta": {"contract": contract.name}}
    if contract.mostly < 1:
        kwargs["mostly"] = contract.mostly
    column = contract.column
    match contract.kind:
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=column, **kwargs)
        case "unique":
            return gxe.ExpectColumnValuesToBeUnique(column=column, **kwargs)
        case "not_after_as_of":
            return gxe.ExpectColumnValuesToBeBetween(
                column=column, max_value=_clock(as_of, columns[str(column)]), **kwargs
            )
        case "well_formed":
            return ExpectColumnValuesToBeWellFormed(column=column, form=contract.form, **kwargs)
        case "fresh":
            oldest = _clock(as_of - contract.within, columns[str(column)])
            return gxe.ExpectColumnMaxToBeBetween(column=column, min_value=oldest, **kwargs)
        case "rows_within":
            low, high = band(rows_before, contract.share)
            return gxe.ExpectTableRowCountToBeBetween(min_value=low, max_value=high, **kwargs)
        case "no_rows":
            return NoRows(unexpected_rows_query=_rows_query(contract, own, as_of, relations, key), **kwargs)
        case "expectation":
            return _named(contract, kwargs)


def band(rows_before: int | None, share: float) -> tuple[int, int | None]:
    """The fewest and the most rows that are within `share` of those before; without any before, all are."""
    if not rows_before:
        return 0, None
    return max(0, round(rows_before * (1 - share))), round(rows_before * (1 + share))


def _named(contract: Contract, kwargs: dict[str, Any]) -> Expectation:
    name = "".join(part.capitalize() for part in contract.expectation.split("_"))
    found = getattr(gxe, name, None)
    if found is None:
        raise ValueError(f"Great Expectations has no expectation `{contract.expectation}`")
    given = {**contract.kwargs, **kwargs}
    unknown = sorted(set(given) - set(found.__fields__))
    if unknown:
        raise ValueError(f"`{contract.expectation}` has no argument `{unknown[0]}`")
    return found(**given)


def _clock(moment: datetime, data_type: str) -> datetime:
    """The moment as a value that compares with a column of the type; columns without a zone hold UTC."""
    moment = moment.astimezone(UTC)
    if data_type == "DATE":
        return datetime.combine(moment.date(), time())
    return moment if "TIME ZONE" in data_type else moment.replace(tzinfo=None)


def _rows_query(
    contract: Contract, own: exp.Table, as_of: datetime, relations: Mapping[str, str], key: str | None
) -> str:
    """The contract's query, cut down to the key: no other value is to leave the warehouse."""
    query = bound(contract.query, own, as_of, relations)
    column = exp.column(key, quoted=True) if key else exp.Literal.number(1).as_("broken")
    text = exp.select(column).from_(query.subquery("broken_rows")).sql(DIALECT)
    # Escaped twice over: braces for Great Expectations' formatting, colons for SQLAlchemy's parameters.
    return text.replace("{", "{{").replace("}", "}}").replace(":", "\\:")
