"""The checker of requests is itself checked: it refuses nonsense and lets a right request pass."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.connectors.conftest import SPECS
from tidegate.testing import Asked, RequestChecker

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.3",
    "security": [{"basic": []}],
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "post": {
                "operationId": "change",
                "parameters": [
                    {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "X-Id", "in": "header", "required": True, "schema": {"type": "string", "minLength": 3}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
            },
        },
        "/forms": {
            "put": {
                "operationId": "form",
                "security": [],
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "count": {"type": "integer", "minimum": 1},
                                    "tag": {"type": "array", "items": {"type": "string"}},
                                    "inside": {"type": "string"},
                                },
                            }
                        }
                    }
                },
            }
        },
    },
    "components": {
        "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        "schemas": {
            "Named": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "nullable": True}},
            },
            "Thing": {
                "allOf": [
                    {"$ref": "#/components/schemas/Open"},
                    {"type": "object", "properties": {"size": {"type": "integer", "enum": [1, 2]}}},
                ]
            },
            "Open": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
                "additionalProperties": True,
            },
        },
    },
}
RIGHT = Asked(
    "POST",
    "/things/7",
    {"dry": "true"},
    {"content-type": "application/json", "authorization": "Basic " + base64.b64encode(b"a:b").decode(), "x-id": "abc"},
    b'{"name": "x", "size": 1}',
)
FORM = Asked("PUT", "/forms", {}, {"content-type": "application/x-www-form-urlencoded"}, b"")


def problems(asked: Asked, **texts: str) -> str:
    return "; ".join(RequestChecker(DESCRIPTION, texts=texts).problems(asked))


def test_a_right_request_passes() -> None:
    assert problems(RIGHT) == ""
    checker = RequestChecker(DESCRIPTION)
    checker(RIGHT)
    assert checker.checked == ["change"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"path": "/thing/7"}, "no such operation"),
        ({"method": "GET"}, "no such operation"),
        ({"path": "/things/seven"}, "path parameter id"),
        ({"query": {"dry": "perhaps"}}, "query parameter dry"),
        ({"query": {"dri": "true"}}, "no query parameter dri"),
        ({"headers": {k: v for k, v in RIGHT.headers.items() if k != "x-id"}}, "header parameter X-Id is missing"),
        ({"headers": {**RIGHT.headers, "x-id": "a"}}, "header parameter X-Id"),
        ({"headers": {**RIGHT.headers, "authorization": "Bearer x"}}, "not authorized"),
        ({"headers": {**RIGHT.headers, "authorization": "Basic ???"}}, "not authorized"),
        ({"headers": {**RIGHT.headers, "content-type": "text/plain"}}, "media type text/plain"),
        ({"body": b""}, "the body is missing"),
        ({"body": b"{"}, "the body is not"),
        ({"body": b"[]"}, "body: "),
        ({"body": b'{"size": 1}'}, '"name" is a required'),
        ({"body": b'{"name": "x", "size": 3}'}, "body[size]"),
        ({"body": b'{"name": 5}'}, "body[name]"),
    ],
)
def test_each_kind_of_nonsense_is_found(change: dict[str, Any], expected: str) -> None:
    assert expected in problems(replace(RIGHT, **change))
    with pytest.raises(AssertionError):
        RequestChecker(DESCRIPTION)(replace(RIGHT, **change))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert problems(replace(RIGHT, path="/things/x", query={"y": "1"}, headers={}, body=b"{}")).count(";") >= 3


def test_forms_are_read_as_what_they_describe() -> None:
    assert problems(replace(FORM, body=b"count=3&tag=a&tag=b")) == ""
    assert "body[count]" in problems(replace(FORM, body=b"count=0"))
    assert "body[count]" in problems(replace(FORM, body=b"count=three"))
    assert "unevaluated" in problems(replace(FORM, body=b"cuont=3")).lower()
    assert "twice" in problems(replace(FORM, body=b"count=3&count=4"))


def test_json_within_a_form_field_is_held_to_its_schema() -> None:
    body = urlencode({"inside": json.dumps({"name": None})}).encode()
    assert problems(replace(FORM, body=body), inside="Named") == ""
    for inside, expected in ((json.dumps({"nmae": "x"}), "body.inside"), ("{", "not JSON text")):
        wrong = replace(FORM, body=urlencode({"inside": inside}).encode())
        assert expected in problems(wrong, inside="Named")


TWILIO = Asked(
    "POST",
    f"/2010-04-01/Accounts/AC{'0a' * 16}/Messages.json",
    {},
    {"content-type": "application/x-www-form-urlencoded", "authorization": RIGHT.headers["authorization"]},
    b"To=%2B12025550100&From=%2B12025550101&Body=hello",
)
META = Asked(
    "POST",
    "/v25.0/123/users",
    {},
    {"content-type": "application/x-www-form-urlencoded", "authorization": "Bearer x"},
    urlencode({"payload": json.dumps({"schema": ["EMAIL"], "data": [["a" * 64]]})}).encode(),
)
WEBHOOK = Asked(
    "POST",
    "/webhook",
    {},
    {"content-type": "application/json", "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,YQ=="},
    b'{"type": "a.b", "timestamp": "2026-03-01T09:30:00Z", "data": {}}',
)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("twilio.json", TWILIO, TWILIO.body.replace(b"Body", b"Boddy")),
        ("twilio.json", TWILIO, TWILIO.body + b"&ValidityPeriod=soon"),
        ("meta_marketing.json", META, META.body.replace(b"EMAIL", b"MAIL")),
        ("meta_marketing.json", META, META.body.replace(b"payload", b"paylode")),
        ("standard_webhooks.json", WEBHOOK, WEBHOOK.body.replace(b"type", b"kind")),
        ("standard_webhooks.json", WEBHOOK, WEBHOOK.body.replace(b"2026-03-01T", b"yesterday ")),
    ],
)
def test_the_platforms_descriptions_refuse_nonsense_and_let_a_right_request_pass(
    name: str, right: Asked, wrong: bytes
) -> None:
    if not (SPECS / name).is_file():
        pytest.skip(f"no API description {name}; name its folder in TIDEGATE_SPECS")
    checker = RequestChecker.load(SPECS / name, texts={"payload": "AudiencePayload"})
    assert list(checker.problems(right)) == []
    assert list(checker.problems(replace(right, body=wrong)))
    assert list(checker.problems(replace(right, path="/nowhere")))


def test_what_others_are_made_of_takes_no_spare_names_where_it_stands_alone() -> None:
    described = json.loads(json.dumps(DESCRIPTION))
    whole = {"allOf": [{"$ref": "#/components/schemas/Named"}, {"type": "object", "properties": {"files": {}}}]}
    alone = {"$ref": "#/components/schemas/Named"}
    content = {"application/json": {"schema": alone}, "application/merge-patch+json": {"schema": whole}}
    described["paths"]["/names"] = {"put": {"security": [], "requestBody": {"content": content}}}
    checker = RequestChecker(described)

    def wrong(media: str, **body: Any) -> list[str]:
        return list(checker.problems(Asked("PUT", "/names", {}, {"content-type": media}, json.dumps(body).encode())))

    assert wrong("application/json", name="Ada") == []
    assert wrong("application/json", name="Ada", files=1)
    assert wrong("application/merge-patch+json", name="Ada", files=1) == []
    assert wrong("application/merge-patch+json", name="Ada", file=1)
