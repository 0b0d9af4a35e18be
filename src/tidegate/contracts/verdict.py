"""What a contract's answer means, in words that hold no values of rows but keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

from tidegate.contracts.contract import Contract
from tidegate.redact import redact
from tidegate.results import ContractResult

_QUOTED = re.compile(r"'[^']*'")


def judged(
    contract: Contract, answer: Any, examples: tuple[str, ...], before: int | None, as_of: datetime
) -> ContractResult:
    """The result for an answer of Great Expectations (an ExpectationValidationResult)."""
    reason = _exception(answer.exception_info)
    if reason:
        return unevaluated(contract, reason)
    found: Mapping[str, Any] = answer.result or {}
    failing = _failing(contract, found)
    return ContractResult(
        model=contract.model,
        contract=contract.name,
        column=contract.column,
        passed=bool(answer.success),
        failing_rows=failing,
        detail=_detail(contract, found, failing, before, as_of),
        examples=() if answer.success else examples,
    )


def unevaluated(contract: Contract, reason: object) -> ContractResult:
    """A contract that could not be evaluated has failed: nobody knows whether the promise is kept."""
    text = next((line.strip() for line in str(reason).splitlines() if line.strip()), type(reason).__name__)
    return ContractResult(
        model=contract.model,
        contract=contract.name,
        column=contract.column,
        passed=False,
        detail=f"could not be evaluated: {redact(_QUOTED.sub('(value)', text))[:300]}",
    )


def missing(column: str, columns: Collection[str]) -> str:
    """Why a column cannot be looked at, and which was meant."""
    near = get_close_matches(column, columns, n=1, cutoff=0.6)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(columns))}"
    return f"no column `{column}`; {hint}"


def _exception(info: Mapping[str, Any] | None) -> str:
    """The first exception's message; Great Expectations nests them by metric, or does not."""
    if not info:
        return ""
    if info.get("raised_exception") or isinstance(info.get("exception_message"), str):
        return str(info.get("exception_message") or "it raised an exception")
    for part in info.values():
        if isinstance(part, Mapping):
            message = _exception(part)
            if message:
                return message
    return ""


def _failing(contract: Contract, found: Mapping[str, Any]) -> int:
    count = found.get("unexpected_count")
    if count is None and contract.kind == "no_rows":
        count = found.get("observed_value")
    return int(count or 0)


def _detail(contract: Contract, found: Mapping[str, Any], failing: int, before: int | None, as_of: datetime) -> str:
    observed = found.get("observed_value")
    if contract.kind == "rows_within":
        # The number comes first: `contracts/previous_counts.sql` reads it from here.
        compared = f"{before} when it last held" if before is not None else "nothing to compare with yet"
        return f"{observed} rows, {compared}"
    if contract.kind == "fresh":
        if not isinstance(observed, datetime | date):
            return "there are no rows"
        return f"the newest is of {_minute(observed)}, the run is of {_minute(as_of)}"
    if failing:
        of = f" of {found['element_count']}" if found.get("element_count") else ""
        return f"{failing}{of} rows"
    # A smallest or largest address is an address: only what cannot be one is shown.
    if isinstance(observed, bool | int | float | datetime | date):
        return f"observed {observed}"
    return ""


def _minute(moment: date) -> str:
    if isinstance(moment, datetime):
        aware = moment.astimezone(UTC) if moment.tzinfo else moment
        return aware.strftime("%Y-%m-%d %H:%M UTC")
    return moment.isoformat()
