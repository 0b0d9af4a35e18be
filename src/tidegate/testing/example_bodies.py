"""Bodies that a description's schema allows: one with everything in it, one with as little as may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DEEPEST = 6
_FORMATS = {
    "date-time": "2026-03-01T09:30:00Z",
    "date": "2026-03-01",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "7d444840-9dc0-11d1-b245-5ffdce74fad2",
    "byte": "AAAA",
    "int64": "1",
}


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is JSON-ready, or text where `media` is not JSON."""

    status: int
    media: str
    body: Any


def responses(operation: Mapping[str, Any], description: Mapping[str, Any]) -> Iterator[Response]:
    """Every response that an operation lists; a range (4XX) by its first status, `default` as 400 and 500."""
    for name, response in operation.get("responses", {}).items():
        content = _resolved(response, description).get("content") or {"": {}}
        for status in _statuses(str(name)):
            for media, inside in content.items():
                yield from (Response(status, media, body) for body in bodies(inside, description))


def bodies(inside: Mapping[str, Any], description: Mapping[str, Any]) -> list[Any]:
    """Of a media type: its example where it has one, and the two made from its schema."""
    found = [] if inside.get("example") is None else [inside["example"]]
    found += [_resolved(one, description).get("value") for one in inside.get("examples", {}).values()]
    if "schema" in inside:
        found += [example(inside["schema"], description, whole=whole) for whole in (True, False)]
    unique: list[Any] = []
    for body in found or [""]:
        if body is not None and body not in unique:
            unique.append(body)
    return unique


def example(schema: Mapping[str, Any], description: Mapping[str, Any], *, whole: bool, depth: int = 0) -> Any:
    """A value of the schema. `whole`: with every property and an item in every list, else with what is required."""
    schema = _plain(schema, description)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return next((value for value in schema["enum"] if value is not None), None)
    for choice in ("oneOf", "anyOf"):
        if schema.get(choice) and "properties" not in schema:
            return example(schema[choice][0], description, whole=whole, depth=depth)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    match kind or ("object" if "properties" in schema else None):
        case "object":
            return _object(schema, description, whole=whole, depth=depth)
        case "array":
            many = max(schema.get("minItems", 0), int(whole))
            if depth >= _DEEPEST:
                many = 0
            return [example(schema.get("items", {}), description, whole=whole, depth=depth + 1)] * many
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return whole
        case "null":
            return None
        case "string":
            text = _FORMATS.get(schema.get("format", ""), "text")
            return text.ljust(schema.get("minLength", 0), "t")[: schema.get("maxLength")]
    return "text"


def _object(schema: Mapping[str, Any], description: Mapping[str, Any], *, whole: bool, depth: int) -> dict[str, Any]:
    required = schema.get("required", [])
    found = {}
    for name, inside in schema.get("properties", {}).items():
        if name in required or (whole and depth < _DEEPEST):
            # what requires itself would never end
            found[name] = None if depth > 2 * _DEEPEST else example(inside, description, whole=whole, depth=depth + 1)
    return found


def _plain(schema: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without references, the parts of an allOf made one."""
    schema = _resolved(schema, description)
    if "allOf" not in schema:
        return schema
    own = {key: value for key, value in schema.items() if key != "allOf"}
    parts = [own, *(_plain(part, description) for part in schema["allOf"])]
    one: dict[str, Any] = {}
    for part in parts:
        properties = {**one.get("properties", {}), **part.get("properties", {})}
        required = [*one.get("required", []), *part.get("required", [])]
        one = {**one, **part, **({"properties": properties, "required": required} if properties else {})}
    return one


def _resolved(value: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        _, _, section, name = value["$ref"].split("/")
        value = description["components"][section][name]
    return value


def _statuses(name: str) -> tuple[int, ...]:
    if name == "default":
        return (400, 500)
    return (int(name.upper().replace("X", "0")),)
