"""Predicates as joins: whom a condition holds for, when it began to hold, and what a value is, for everybody at once.

See docs/predicates.md for what each function means.
"""

from tidegate.journeys.predicates.moments import moments
from tidegate.journeys.predicates.truth import first_true, value

__all__ = ["first_true", "moments", "value"]
