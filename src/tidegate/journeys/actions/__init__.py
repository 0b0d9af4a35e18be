"""What steps do beside sending: lists, traits and tags, events; and the answers that webhooks and people give."""

from __future__ import annotations

from tidegate.journeys.actions.acting import act, apply, complete
from tidegate.journeys.actions.answering import answers, approvals

__all__ = ["act", "answers", "apply", "approvals", "complete"]
