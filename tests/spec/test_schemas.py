from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tidegate.spec.documents import parse_yaml, read_front_matter, read_yaml
from tidegate.spec.schemas import schemas

ROOT = Path(__file__).parent.parent.parent

WAY_IN = "journey: a\nenter: {on: enter ref('x')}\n"


def mistakes(schema: str, value: Any) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(schemas()[schema]).iter_errors(value)]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_schema_is_one_and_says_what_every_key_is_for(name: str):
    schema = schemas()[name]

    jsonschema_rs.meta.validate(schema)
    json.dumps(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        for key, described in part.get("properties", {}).items():
            assert described.get("description"), f"{name} says nothing about {key}"


@pytest.mark.parametrize("path", sorted((ROOT / "audiences").glob("*.yml")), ids=lambda path: path.stem)
def test_an_editor_has_no_complaint_about_the_shops_audiences(path: Path):
    assert mistakes("audience.schema.json", read_yaml(path, ROOT).value) == []


@pytest.mark.parametrize("path", sorted((ROOT / "journeys").glob("*.yml")), ids=lambda path: path.stem)
def test_an_editor_has_no_complaint_about_the_shops_journeys(path: Path):
    assert mistakes("journey.schema.json", read_yaml(path, ROOT).value) == []


def test_an_editor_knows_every_kind_of_step():
    steps = """
    - send: a
      by: [email, sms]
      id: first
    - wait: 1 day
    - wait: {for: opened('first'), up_to: 2 days}
      then: [{wait: {until: best_time}}]
      else: [end]
    - wait: {for: {bought: did('order_completed'), read: opened('first')}, up_to: 2 days}
      bought: [{set: {offer: "'spring'"}, tag: vip}]
    - {if: true, then: [{untag: [a, b]}]}
    - ways: [{if: true, then: [end]}, {if: false}]
      else: [end]
    - split: {a: 50%, b: 50%}
      b: [{sync: {to: ads, list: x}}, {sync: [{to: ads, list: y, remove: x}]}]
    - event: done
      with: {amount: 3}
    - webhook: score
      else: [end]
    - approve: Really?
      up_to: 1 day
    - end:
    """

    assert mistakes("journey.schema.json", parse_yaml(WAY_IN + "steps:" + steps, "a.yml").value) == []


@pytest.mark.parametrize(
    "step",
    [
        "sned: a",
        "send: a",
        "{send: a, by: email, bye: now}",
        "wait: soon",
        "{wait: 1 day, then: end}",
        "{id: nothing}",
        "ned",
        "{if: true, then: []}",
        "{if: true, then: [{sned: a}]}",
        "split: {a: 0.5}",
    ],
)
def test_an_editor_marks_a_step_that_is_none(step: str):
    assert mistakes("journey.schema.json", parse_yaml(f"{WAY_IN}steps:\n- {step}", "a.yml").value) != []


def test_an_editor_has_no_complaint_about_the_shops_settings():
    assert mistakes("tidegate.schema.json", read_yaml(ROOT / "tidegate.yml", ROOT).value) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "messages").glob("*/email*.mjml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_an_editor_has_no_complaint_about_the_shops_emails(path: Path):
    assert mistakes("email.schema.json", read_front_matter(path, ROOT).front.value) == []


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("audience.schema.json", "audience: a\nwhu: ref('x')"),
        ("audience.schema.json", "audience: a\nwho: x"),
        ("audience.schema.json", "audience: a\nwho: ref('x')\nnot_older_than: soon"),
        ("audience.schema.json", "audience: a\nwho: ref('x')\nguard: {max_leave: 0.5}"),
        ("audience.schema.json", "audience: a\nwho: ref('x')\nsync: [{to: x, list: y, match: {}}]"),
        (
            "audience.schema.json",
            "audience: a\nwho: ref('x')\nsync: [{to: x, list: y, match: {a: b}, on_leave: forget}]",
        ),
        ("audience.schema.json", "audience: a\nwho: ref('x')\non_enter: [{send: x, by: []}]"),
        ("tidegate.schema.json", "project: a\nkey: b\npeople: ref('p')\ntargets: {dev: {destinations: snadbox}}"),
        ("tidegate.schema.json", "project: a\nkey: b\npeople: ref('p')\ntargets: {}"),
        ("email.schema.json", "topic: x"),
        ("message.schema.json", "subject: x"),
        ("push.schema.json", "url: x"),
        ("push.schema.json", "title: x\ndata: {a: 1}"),
        ("whatsapp.schema.json", "template: x\nparameters: {a: 1}"),
        ("telegram.schema.json", "title: x"),
        ("chat.schema.json", "image: x"),
        ("crm.schema.json", "topic: x"),
    ],
)
def test_an_editor_marks_what_tidegate_would_refuse(schema: str, text: str):
    assert mistakes(schema, parse_yaml(text, "a.yml").value) != []


@pytest.mark.parametrize(
    "text",
    [
        "guard: {max_enter: 500, max_leave: 20%, max_messages: none}",
        "by: email\nsend: x",
        "by: [email, sms]\nsend: x",
        "sync: [{to: x, object: y, match: {a: b}, set: {a: 1, b: true, c: null}, on_leave: {set: {a: null}}}]",
        "not_older_than: 1 day 6 hours",
    ],
)
def test_an_editor_accepts_every_way_of_writing_a_value(text: str):
    assert mistakes("audience.schema.json", parse_yaml(f"audience: a\nwho: ref('x')\n{text}", "a.yml").value) == []


@pytest.mark.parametrize("parameters", ["[a, b]", "{first: a}"])
def test_an_editor_accepts_parameters_in_their_order_and_by_name(parameters: str):
    value = parse_yaml(f"template: x\nparameters: {parameters}", "a.yml").value

    assert mistakes("whatsapp.schema.json", value) == []
