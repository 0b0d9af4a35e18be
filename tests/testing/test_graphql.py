"""GraphQL calls are held to the schema: what it does not know does not pass, what it allows does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tidegate.testing import Asked, GraphqlChecker
from tidegate.testing.openapi import Mismatch

SDL = """
enum Size { SMALL LARGE }
input BadgeInput { size: Size! tags: [String!] }
type UserError { field: [String!] message: String! }
type Badge { id: ID! size: Size owner: Person }
type Person { id: ID! badges: [Badge!]! name: String }
type BadgePayload { badge: Badge userErrors: [UserError!]! }
type Query { person(id: ID!): Person }
type Mutation { badgeCreate(input: BadgeInput!): BadgePayload }
"""
CREATE = """mutation Create($input: BadgeInput!) {
  badgeCreate(input: $input) { badge { id size owner { name } } userErrors { field message } }
}"""


def asked(query: str = CREATE, variables: Any = None, **more: Any) -> Asked:
    body = {"query": query, **({} if variables is None else {"variables": variables}), **more}
    return Asked("POST", "/graphql.json", {}, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.fixture
def checker() -> GraphqlChecker:
    return GraphqlChecker(SDL, path="/graphql.json")


def test_a_right_call_passes(checker: GraphqlChecker) -> None:
    checker(asked(variables={"input": {"size": "SMALL", "tags": ["a"]}}))
    checker(asked("query ($id: ID!) { person(id: $id) { badges { id } } }", {"id": "7"}))
    assert checker.checked == ["mutation badgeCreate", "query person"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (asked(variables={"input": {"tags": ["a"]}}), "size"),
        (asked(variables={"input": {"size": "HUGE"}}), "HUGE"),
        (asked(variables={"input": {"size": "SMALL", "colour": "red"}}), "colour"),
        (asked(variables={}), "non-null type"),
        (asked(variables={"input": {"size": "SMALL"}, "spare": 1}), r"no variable \$spare"),
        (asked("{ person(id: 1) { age } }"), "age"),
        (asked("{ person { id } }"), "id"),
        (asked("{ person(id: 1) { id }"), "Syntax Error"),
        (asked("{ person(id: 1) { id } }", extra=1), "no key extra"),
        (asked("query A { person(id: 1) { id } } query B { person(id: 1) { id } }"), "one operation"),
        (Asked("POST", "/graphql.json", {}, {"content-type": "application/json"}, b"{}"), "no query"),
        (Asked("GET", "/graphql.json", {}, {}, b""), "by POST"),
        (replace(asked(variables={"input": {"size": "SMALL"}}), path="/graphql"), "asked at /graphql.json"),
    ],
)
def test_nonsense_does_not(checker: GraphqlChecker, wrong: Asked, words: str) -> None:
    with pytest.raises(Mismatch, match=words):
        checker(wrong)


def test_its_answers_are_shaped_as_was_asked(checker: GraphqlChecker) -> None:
    whole, bare, *others = checker.responses(asked(variables={"input": {"size": "SMALL"}}))
    assert whole.body["data"]["badgeCreate"] == {
        "badge": {"id": "gid://shopify/Customer/1", "size": "SMALL", "owner": {"name": "text"}},
        "userErrors": [{"field": ["text"], "message": "text"}],
    }
    assert bare.body == {"data": {"badgeCreate": None}}
    assert {answer.status for answer in others} >= {200, 400, 500}


def test_shopifys_schema_is_one_that_can_be_asked(pytestconfig: pytest.Config) -> None:
    from tidegate.testing.descriptions import folder

    path: Path = folder(pytestconfig.rootpath) / "shopify.graphql"
    if not path.is_file():
        pytest.skip("no API description shopify.graphql; name its folder in TIDEGATE_SPECS")
    checker = GraphqlChecker.load(path)
    query = "mutation ($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { userErrors { message } } }"
    checker(asked(query, {"id": "gid://shopify/Customer/1", "tags": ["vip"]}))
    with pytest.raises(Mismatch, match="tagAdd"):
        checker(asked(query.replace("tagsAdd", "tagAdd"), {"id": "gid://shopify/Customer/1", "tags": ["vip"]}))
