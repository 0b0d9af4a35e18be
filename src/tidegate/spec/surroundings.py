"""What the files of audiences and journeys may refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.spec.destinations import Destinations
from tidegate.spec.objects import Guard, MessageSpec


@dataclass(frozen=True, slots=True)
class Surroundings:
    """None: could not be read, so nothing is said about it."""

    models: frozenset[str]
    messages: Mapping[str, MessageSpec]
    doubtful_messages: frozenset[str]
    destinations: Destinations | None
    guard: Guard = field(default_factory=Guard)
