"""Holds GraphQL calls to a schema (SDL): the document is valid, its variables are what it declares, nothing is spare.

Needs `graphql-core`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegate.sandbox.asked import Asked
from tidegate.testing.example_bodies import Response
from tidegate.testing.openapi import Mismatch

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLOutputType, OperationDefinitionNode, SelectionSetNode

_DEEPEST = 8
_KEYS = {"query", "variables", "operationName", "extensions"}


class GraphqlChecker:
    """Call it with each request; the counterpart of `RequestChecker`.

    `more` extends the schema (SDL). `path` is where it is asked, a pattern: `/admin/api/*/graphql.json`.
    """

    def __init__(self, sdl: str, more: str = "", *, path: str = "*") -> None:
        from graphql import build_schema, extend_schema, parse

        schema = build_schema(sdl)
        self._schema = extend_schema(schema, parse(more)) if more else schema
        self._path = path
        self.checked: list[str] = []

    @classmethod
    def load(cls, path: Path) -> GraphqlChecker:
        return cls(path.read_text(encoding="utf-8"))

    def __call__(self, asked: Asked) -> None:
        """Raises Mismatch."""
        problems = list(self.problems(asked))
        if problems:
            raise Mismatch(f"{asked.method} {asked.path}: " + "; ".join(problems))

    def problems(self, asked: Asked) -> Iterator[str]:
        from graphql import validate

        if not fnmatchcase(asked.path, self._path):
            yield f"GraphQL is asked at {self._path}"
        media = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        if asked.method != "POST" or media != "application/json":
            yield f"GraphQL is asked by POST with JSON, not by {asked.method} with {media or 'nothing'}"
            return
        try:
            body = asked.json()
            document = _document(body)
            operation = _operation(document)
        except ValueError as fault:
            yield str(fault)
            return
        yield from (f"no key {key} in a GraphQL call" for key in sorted(set(body) - _KEYS))
        wrong = validate(self._schema, document)
        if wrong:
            yield from (error.message for error in wrong)
            return
        self.checked.append(self.operation(asked))
        yield from self._variables(operation, body.get("variables") or {})

    def operation(self, asked: Asked) -> str:
        """The fields that a request asks for, as `mutation tagsAdd`; empty where it is no GraphQL."""
        try:
            operation = _operation(_document(asked.json()))
        except ValueError:
            return ""
        fields = sorted(getattr(one, "name").value for one in operation.selection_set.selections)  # noqa: B009
        return f"{operation.operation.value} {' '.join(fields)}"

    def responses(self, asked: Asked) -> list[Response]:
        """Answers with everything filled in and with all that may be null; errors instead of either."""
        operation = _operation(_document(asked.json()))
        root = self._schema.get_root_type(operation.operation)
        assert root is not None
        filled = {"data": self._object(root, operation.selection_set, whole=True)}
        bare = {"data": self._object(root, operation.selection_set, whole=False)}
        codes = ("THROTTLED", "ACCESS_DENIED", "SHOP_INACTIVE", "INTERNAL_SERVER_ERROR", "MAX_COST_EXCEEDED")
        failing = [{"errors": [{"message": "no", "extensions": {"code": code}}]} for code in codes]
        broken = [{"data": None}, {"errors": []}, {"errors": "Not Found"}, {"data": {}, "errors": [{"message": "no"}]}]
        media = "application/json"
        found = [Response(200, media, body) for body in (filled, bare, *failing, *broken)]
        return [*found, *(Response(status, media, {"errors": "no"}) for status in (400, 402, 404, 423, 430, 500, 503))]

    def _variables(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Iterator[str]:
        from graphql.execution.values import get_variable_values

        declared = operation.variable_definitions or ()
        yield from (f"no variable ${name}" for name in set(given) - {one.variable.name.value for one in declared})
        found = get_variable_values(self._schema, declared, dict(given))
        if isinstance(found, list):
            yield from (error.message for error in found)

    def _object(self, kind: Any, selected: SelectionSetNode, *, whole: bool, depth: int = 0) -> dict[str, Any]:
        from graphql import FieldNode, InlineFragmentNode

        found: dict[str, Any] = {}
        for one in selected.selections:
            if isinstance(one, InlineFragmentNode):
                inner = self._schema.type_map[one.type_condition.name.value] if one.type_condition else kind
                found |= self._object(inner, one.selection_set, whole=whole, depth=depth)
            elif isinstance(one, FieldNode):
                name = one.alias.value if one.alias else one.name.value
                if one.name.value == "__typename":
                    found[name] = kind.name
                    continue
                field = kind.fields[one.name.value]
                found[name] = self._value(field.type, one.selection_set, whole=whole, depth=depth + 1)
        return found

    def _value(self, kind: GraphQLOutputType, selected: SelectionSetNode | None, *, whole: bool, depth: int) -> Any:
        from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull

        if isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        elif not whole or depth > _DEEPEST:
            return None
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type, selected, whole=whole, depth=depth + 1)] if whole else []
        if selected is not None:
            return self._object(kind, selected, whole=whole, depth=depth)
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        known = {"Int": 1, "Float": 1.0, "Boolean": whole, "ID": "gid://shopify/Customer/1"}
        return known.get(str(kind), "text")


def _document(body: Any) -> DocumentNode:
    """Raises ValueError."""
    from graphql import GraphQLSyntaxError, parse

    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise ValueError("the body holds no query")
    try:
        return parse(body["query"])
    except GraphQLSyntaxError as fault:
        raise ValueError(fault.message) from None


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    """Raises ValueError."""
    from graphql import OperationDefinitionNode

    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(found) != 1:
        raise ValueError(f"one operation a call, not {len(found)}")
    return found[0]
