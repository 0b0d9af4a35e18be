"""JSON Schemas of the files, for editors that complete and check while one writes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.feedback.format import ConsentLine, FeedbackLine
from tidegate.spec.audience_file import AudienceFile
from tidegate.spec.journey_file import JourneyFile
from tidegate.spec.journey_steps_file import ANY_STEP, KINDS
from tidegate.spec.message_file import (
    ChatFront,
    CrmFront,
    EmailFront,
    MessageFront,
    PushFront,
    TelegramFront,
    WhatsAppFront,
)
from tidegate.spec.settings_file import SettingsFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "tidegate.schema.json": (SettingsFile, "tidegate.yml"),
    "audience.schema.json": (AudienceFile, "audiences/*.yml"),
    "journey.schema.json": (JourneyFile, "journeys/*.yml"),
    "email.schema.json": (EmailFront, "The front matter of messages/*/email.mjml and email.html"),
    "push.schema.json": (PushFront, "The front matter of messages/*/push.txt and web_push.txt"),
    "whatsapp.schema.json": (WhatsAppFront, "The front matter of messages/*/whatsapp.txt"),
    "telegram.schema.json": (TelegramFront, "The front matter of messages/*/telegram.txt"),
    "chat.schema.json": (ChatFront, "The front matter of messages/*/chat.txt"),
    "crm.schema.json": (CrmFront, "The front matter of messages/*/crm.json"),
    "feedback.schema.json": (FeedbackLine, "A line of a file of feedback, feedback/*.jsonl"),
    "consents.schema.json": (ConsentLine, "A line of a file of consents, consents/*.jsonl"),
    "message.schema.json": (MessageFront, "The front matter of other messages"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """By file name: a JSON Schema (draft 2020-12) of each kind of file."""
    return {file: _schema(model, title) for file, (model, title) in _FILES.items()}


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    made = model.model_json_schema(by_alias=True)
    if model is JourneyFile:
        made["$defs"] = {**made["$defs"], **_steps()}
    _tidy(made)
    return {"$schema": _DIALECT, **made, "title": title}


def _steps() -> dict[str, Any]:
    """The definitions of every kind of step, and of any."""
    kinds = list(dict.fromkeys(KINDS.values()))
    found: dict[str, Any] = {}
    for kind in kinds:
        made = kind.model_json_schema(by_alias=True)
        found |= {**made.pop("$defs", {}), kind.__name__: made}
    any_of = [{"const": "end"}, *({"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds)]
    return {**found, "Step": {"anyOf": any_of, "description": "A step: `end`, or a key with its value."}}


def _tidy(node: Any) -> None:
    """Editors show titles before descriptions, and pydantic's titles only repeat the key."""
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            for each in properties.values():
                each.pop("title", None)
                if each.get("default", ...) is None:
                    each.pop("default")
        if node.get("items") == ANY_STEP:
            node["items"] = {"$ref": "#/$defs/Step"}
        for item in node.values():
            _tidy(item)
    elif isinstance(node, list):
        for item in node:
            _tidy(item)
