"""The key `guard`, in an audience and as a default for all of them in tidegate.yml."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from tidegate.spec.objects import Guard
from tidegate.spec.written import Count, EnterLimit, LeaveLimit, Written


class GuardKeys(Written):
    """Limits that block an audience before anything of it is sent."""

    max_enter: EnterLimit = Field(
        default=None, description="How many may enter in one run: a share of the members before it, or a number."
    )
    max_leave: LeaveLimit = Field(
        default=None,
        description="How many may leave in one run: a share of the members before it, or a number. Of a journey: how "
        "many may go, without a step taking them off, from a list that only journeys put people on.",
    )
    max_messages: Count = Field(default=None, description="How many messages one run may plan.")
    min_members: int = Field(default=0, ge=0, description="An audience with fewer members than this is blocked.")
    leeway: int = Field(
        default=20, ge=0, description="So many people may always enter or leave, whatever the shares say."
    )


def guard(written: GuardKeys | None, default: Guard) -> Guard:
    """`default` with what was written in its place."""
    if written is None:
        return default
    given: dict[str, Any] = {name: getattr(written, name) for name in written.model_fields_set}
    return replace(default, **given)
