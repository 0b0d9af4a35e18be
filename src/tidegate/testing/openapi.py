"""Holds requests to a platform's OpenAPI description: path, parameters, authorization, media type, body.

Strict: an object whose properties are listed takes no others, so a misspelt field is found.
Needs `jsonschema-rs`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tidegate.sandbox.asked import Asked
from tidegate.testing.example_bodies import Response, responses
from tidegate.testing.read_bodies import coerced, read_body
from tidegate.testing.strict_schema import closable, made_of, strict

_PART = re.compile(r"\{([^{}]+)\}")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


class Mismatch(AssertionError):
    """The request is not one that the description allows; the text lists everything that is wrong."""


class RequestChecker:
    """Call it with each request. `texts` names form fields that hold JSON, and the schema of what is in them.

    `base` is the part of the path before those of the description (a proxy's prefix).
    """

    def __init__(
        self, description: Mapping[str, Any], *, texts: Mapping[str, str] | None = None, base: str = ""
    ) -> None:
        self._description = description
        self._texts = dict(texts or {})
        self._base = base
        # What others are made of is not closed itself: the whole is.
        parts = made_of(description)
        schemas = _section(description, "schemas")
        self._parts = closable(schemas, parts)
        closed = {name: strict(one, part=name in parts, parts=self._parts) for name, one in schemas.items()}
        self._components = {"schemas": closed}
        self._validators: dict[str, Any] = {}
        self._operations = list(_operations(description))
        self.checked: list[str] = []

    @classmethod
    def load(cls, path: Path, *, texts: Mapping[str, str] | None = None, base: str = "") -> RequestChecker:
        return cls(json.loads(path.read_text(encoding="utf-8")), texts=texts, base=base)

    def __call__(self, asked: Asked) -> None:
        """Raises Mismatch."""
        problems = list(self.problems(asked))
        if problems:
            raise Mismatch(f"{asked.method} {asked.path}: " + "; ".join(problems))

    def operation(self, asked: Asked) -> str:
        """The operation that a request is of, as `POST /contacts/{id}`; empty where there is none."""
        found = self._find(asked)
        return str(found[0]["x-name"]) if found else ""

    def signs(self, asked: Asked) -> bool:
        """Whether the operation of a request asks for authorization in a header."""
        found = self._find(asked)
        wanted = found[0].get("security", self._description.get("security", [])) if found else []
        schemes = [self._schemes()[name] for one in wanted for name in one]
        return bool(wanted) and all(wanted) and all(scheme.get("in") != "query" for scheme in schemes)

    def responses(self, asked: Asked) -> list[Response]:
        """Every response that the operation of a request lists, with a body."""
        found = self._find(asked)
        return list(responses(found[0], self._description)) if found else []

    def problems(self, asked: Asked) -> Iterator[str]:
        found = self._find(asked)
        if found is None:
            yield "no such operation"
            return
        operation, parts = found
        self.checked.append(operation.get("operationId", f"{asked.method} {asked.path}"))
        yield from self._wrong(operation, parts, asked)

    def _wrong(self, operation: Mapping[str, Any], parts: dict[str, str], asked: Asked) -> Iterator[str]:
        yield from self._parameters(operation, parts, asked)
        yield from self._authorization(operation, asked)
        yield from self._body(operation, asked)

    def _find(self, asked: Asked) -> tuple[Mapping[str, Any], dict[str, str]] | None:
        """The operation that is meant: of several whose path is the same but for its parameters, one that fits."""
        path = asked.path.removeprefix(self._base)
        found: list[tuple[Mapping[str, Any], dict[str, str]]] = []
        for method, pattern, operation in self._operations:
            match = pattern.fullmatch(path) if method == asked.method.lower() else None
            if match:
                values = (unquote(value) for value in match.groups())
                found.append((operation, dict(zip(operation["x-parts"], values, strict=True))))
        if len(found) > 1:
            return next((one for one in found if next(self._wrong(*one, asked), None) is None), found[0])
        return found[0] if found else None

    def _parameters(self, operation: Mapping[str, Any], parts: dict[str, str], asked: Asked) -> Iterator[str]:
        given = {"path": parts, "query": dict(asked.query), "header": dict(asked.headers), "cookie": {}}
        listed: set[str] = set()
        for parameter in operation["parameters"]:
            place, name = parameter["in"], parameter["name"]
            listed.add(name)
            value = given[place].get(name.lower() if place == "header" else name)
            if value is None and parameter.get("required"):
                yield f"{place} parameter {name} is missing"
            elif value is not None:
                schema = parameter.get("schema", {})
                plain = self._plain(schema)
                if place == "query" and plain.get("type") == "array":
                    # `style: form`: exploded (the default) the name is repeated, else one text with commas.
                    texts = asked.every(name) if parameter.get("explode", True) else value.split(",")
                    items = self._plain(plain.get("items", {}))
                    found: Any = [coerced(text, items) for text in texts]
                else:
                    found = coerced(value, plain)
                yield from self._against(schema, found, f"{place} parameter {name}")
        listed |= {scheme["name"] for scheme in self._schemes().values() if scheme.get("in") == "query"}
        for name in set(asked.query) - listed:
            yield f"no query parameter {name} is described"

    def _authorization(self, operation: Mapping[str, Any], asked: Asked) -> Iterator[str]:
        wanted = operation.get("security", self._description.get("security", []))
        if wanted and not any(all(self._signed(name, asked) for name in one) for one in wanted):
            yield f"not authorized by any of {sorted(name for one in wanted for name in one)}"

    def _signed(self, name: str, asked: Asked) -> bool:
        scheme = self._schemes()[name]
        if scheme["type"] == "apiKey":
            name = scheme["name"]
            return bool(asked.query.get(name) if scheme["in"] == "query" else asked.headers.get(name.lower()))
        kind, _, value = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() != scheme.get("scheme", "bearer").lower() or not value:
            return False
        if kind.lower() != "basic":
            return True
        try:
            return b":" in base64.b64decode(value, validate=True)
        except binascii.Error:
            return False

    def _schemes(self) -> Mapping[str, Any]:
        return _section(self._description, "securitySchemes")

    def _body(self, operation: Mapping[str, Any], asked: Asked) -> Iterator[str]:
        described = operation.get("requestBody")
        if described is None:
            if asked.body:
                yield "takes no body"
            return
        if not asked.body:
            if described.get("required"):
                yield "the body is missing"
            return
        media = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media not in described["content"]:
            yield f"media type {media or 'none'}; it takes {', '.join(described['content'])}"
            return
        schema = described["content"][media].get("schema", {})
        try:
            value = read_body(asked, media, schema, self._plain)
        except ValueError as fault:
            yield f"the body is not {media}: {fault}"
            return
        yield from self._against(schema, value, "body")
        for name, component in self._texts.items():
            if isinstance(value, dict) and name in value and media.endswith("urlencoded"):
                try:
                    inside = json.loads(value[name])
                except ValueError:
                    yield f"body.{name} is not JSON text"
                    continue
                yield from self._against({"$ref": f"#/components/schemas/{component}"}, inside, f"body.{name}")

    def _plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = _section(self._description, "schemas")[schema["$ref"].rpartition("/")[2]]
        return schema

    def _against(self, schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
        import jsonschema_rs

        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**strict(schema, parts=self._parts), "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        for error in self._validators[key].iter_errors(value):
            yield f"{where}{''.join(f'[{step}]' for step in error.instance_path)}: {error.message[:300]}"


def _operations(description: Mapping[str, Any]) -> Iterator[tuple[str, re.Pattern[str], dict[str, Any]]]:
    for template, item in description["paths"].items():
        # A parameter's name may be no name for a group: `{Phone-Number-ID}`.
        pattern = re.compile("([^/]+)".join(re.escape(text) for text in _PART.split(template)[::2]))
        parts = _PART.findall(template)
        for method in METHODS:
            if method in item:
                parameters = [*item.get("parameters", []), *item[method].get("parameters", [])]
                known = [_resolved(one, description) for one in parameters]
                body = item[method].get("requestBody")
                operation = {**item[method], "parameters": known, "x-name": f"{method.upper()} {template}"}
                operation["x-parts"] = parts
                if body is not None:
                    operation["requestBody"] = _resolved(body, description)
                yield method, pattern, operation


def _resolved(value: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        _, _, section, name = value["$ref"].split("/")
        value = description["components"][section][name]
    return value


def _section(description: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = description.get("components", {}).get(name, {})
    return found
