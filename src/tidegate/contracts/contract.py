"""A promise that a model makes about its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

Kind = Literal["not_null", "unique", "not_after_as_of", "well_formed", "fresh", "rows_within", "no_rows", "expectation"]

#: Contracts about each row, so that a share of the rows may break them; the others are about the whole table.
ROW_WISE: frozenset[str] = frozenset({"not_null", "unique", "not_after_as_of", "well_formed", "no_rows", "expectation"})


@dataclass(frozen=True, slots=True)
class Contract:
    """One entry of a model's `config: meta: contract:`.

    `name` is shown in results and unique within the model. `mostly` is the share of rows that must keep the
    promise. `file` is relative to the project, `line` counts from 1 (0: unknown). What only some kinds have:
    `form` is "email" or "phone" (well_formed); `within` an age (fresh); `share` a fraction (rows_within);
    `query` SQL with `{model}` and `{as_of}` (no_rows); `expectation` and `kwargs` as Great Expectations has
    them (expectation).
    """

    model: str
    kind: Kind
    name: str
    column: str | None = None
    mostly: float = 1.0
    form: str = ""
    within: timedelta = timedelta()
    share: float = 0.0
    query: str = ""
    expectation: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0
