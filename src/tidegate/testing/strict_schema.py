"""OpenAPI's schemas as JSON Schema, closed: an object that lists its properties takes no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_CHOICES = ("anyOf", "oneOf")


def strict(schema: Any, *, part: bool = False, parts: frozenset[str] = frozenset()) -> Any:
    """The schema in the words of JSON Schema 2020-12, closed. `part`: of an allOf, whose whole is closed instead.

    `parts` names those that are left open as parts: where one of them stands alone it is a whole, and closed there.
    """
    if isinstance(schema, list):
        return [strict(one, parts=parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and not part and schema["$ref"].rpartition("/")[2] in parts:
        return {**schema, "unevaluatedProperties": False}
    found = {
        key: [strict(one, part=True, parts=parts) for one in value]
        if key == "allOf" or (part and key in _CHOICES)
        else strict(value, parts=parts)
        for key, value in schema.items()
        if key not in ("example", "examples", "nullable", "discriminator", "xml", "externalDocs")
    }
    for bound in ("Minimum", "Maximum"):
        if found.get(f"exclusive{bound}") is True:
            found[f"exclusive{bound}"] = found.pop(bound.lower())
        elif found.get(f"exclusive{bound}") is False:
            del found[f"exclusive{bound}"]
    if isinstance(schema.get("type"), str) or "allOf" in schema:
        is_open = "additionalProperties" in schema or "unevaluatedProperties" in schema
        if (schema.get("properties") or "allOf" in schema) and not is_open and not part:
            found["unevaluatedProperties"] = False
        if schema.get("nullable") and isinstance(schema.get("type"), str):
            found["type"] = [schema["type"], "null"]
            if "enum" in found and None not in found["enum"]:
                found["enum"] = [*found["enum"], None]
    return found


def closable(schemas: Mapping[str, Any], parts: frozenset[str]) -> frozenset[str]:
    """Of the parts, those that list their properties and are not open to others."""
    return frozenset(name for name in parts if strict(schemas.get(name)) != strict(schemas.get(name), part=True))


def made_of(description: Mapping[str, Any]) -> frozenset[str]:
    """Names of the schemas that an allOf refers to, and of those that one of these may be."""
    schemas: Mapping[str, Any] = description.get("components", {}).get("schemas", {})
    found: set[str] = set()
    left = list(_parts(description))
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            own = schemas.get(name, {})
            left += [one["$ref"].rpartition("/")[2] for key in _CHOICES for one in own.get(key, ()) if "$ref" in one]
    return frozenset(found)


def _parts(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("allOf"), list):
            yield from (part["$ref"].rpartition("/")[2] for part in schema["allOf"] if "$ref" in part)
        schema = list(schema.values())
    if isinstance(schema, list):
        for one in schema:
            yield from _parts(one)
