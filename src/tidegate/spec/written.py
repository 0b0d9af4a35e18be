"""The types of values in the files: what may be written, and what it becomes."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from tidegate.spec import moments, quantities
from tidegate.spec.objects import Limit, Throttle, Window


class Written(BaseModel):
    """What all parts of the files have in common: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_by_name=False)


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _not_empty(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("is empty; leave the key out, or name something")
    twice = {item for item in value if value.count(item) > 1}
    if twice:
        raise ValueError(f"names `{sorted(twice)[0]}` twice")
    return value


def _sql(value: Any) -> Any:
    """YAML turns `3`, `true` and `null` into values; as SQL they are what was written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return value


def _name(value: str) -> str:
    if not value or not value[0].isalnum() or not all(letter.isalnum() or letter in "_-" for letter in value):
        raise ValueError(f"`{value}` is not a name; use letters, digits and `_`")
    return value


Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": r"^\w[\w-]*$"})]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many),
    AfterValidator(_not_empty),
    WithJsonSchema(
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
    ),
]
_SQL_SCHEMA = {"type": ["string", "number", "boolean", "null"], "description": "A SQL expression."}
Sql = Annotated[str, BeforeValidator(_sql), WithJsonSchema(_SQL_SCHEMA)]
#: the same where it may be left out, and where `null` is not as if it were
SqlOrNothing = Annotated[str | None, BeforeValidator(_sql), WithJsonSchema(_SQL_SCHEMA)]
Ref = Annotated[
    str,
    BeforeValidator(quantities.model_name),
    WithJsonSchema({"type": "string", "pattern": quantities.REF_PATTERN, "examples": ["ref('vip_customers')"]}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(quantities.duration),
    WithJsonSchema({"type": "string", "pattern": quantities.DURATION_PATTERN, "examples": ["24 hours", "7 days"]}),
]
Offset = Annotated[
    timedelta,
    BeforeValidator(moments.signed),
    WithJsonSchema({"type": "string", "pattern": moments.SIGNED_PATTERN, "examples": ["-7 days", "2 hours"]}),
]
Clock = Annotated[
    time,
    BeforeValidator(moments.clock),
    WithJsonSchema({"type": "string", "pattern": moments.CLOCK_PATTERN, "examples": ["09:00"]}),
]
_LIMIT_SCHEMA = {
    "oneOf": [
        {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"},
        {"type": "integer", "minimum": 0},
        {"const": "none"},
    ],
    "examples": ["20%", 500, "none"],
}
EnterLimit = Annotated[Limit | None, BeforeValidator(quantities.limit), WithJsonSchema(_LIMIT_SCHEMA)]
LeaveLimit = Annotated[Limit | None, BeforeValidator(quantities.share_of_members), WithJsonSchema(_LIMIT_SCHEMA)]
Count = Annotated[
    int | None,
    BeforeValidator(quantities.count),
    WithJsonSchema({"oneOf": [{"type": "integer", "minimum": 0}, {"const": "none"}]}),
]
Share = Annotated[
    float,
    BeforeValidator(quantities.share),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$", "examples": ["5%"]}),
]
Pace = Annotated[
    Throttle,
    BeforeValidator(quantities.throttle),
    WithJsonSchema({"type": "string", "pattern": quantities.THROTTLE_PATTERN, "examples": ["10,000 per hour"]}),
]
_WINDOW_SCHEMA = {
    "type": "string",
    "pattern": quantities.WINDOW_PATTERN,
    "examples": ["21:00-08:00", "22:00-08:00 on mon..fri", "00:00-24:00 on sun"],
}
Windows = Annotated[
    tuple[Window, ...],
    BeforeValidator(quantities.windows),
    WithJsonSchema({"oneOf": [_WINDOW_SCHEMA, {"type": "array", "items": _WINDOW_SCHEMA, "minItems": 1}]}),
]
