"""What webhooks answered, as templates read it: `{{ step.score_lead.score }}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class Answer(dict[str, Any]):
    """A JSON object in which whatever is not there is NULL: it takes a `default`, and is false in a condition."""

    def __missing__(self, key: str) -> None:
        return None


class Answers(dict[str, Answer]):
    """Answers by webhook step. A step that got none has one without anything in it: which steps there are was found
    out when the files were checked."""

    def __missing__(self, key: str) -> Answer:
        return Answer()


def read(bodies: Mapping[str, str]) -> Answers:
    """From the JSON objects that were kept, by step."""
    return Answers({step: json.loads(body, object_hook=Answer) for step, body in bodies.items()})
