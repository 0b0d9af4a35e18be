"""Who comes into a journey: candidates of every kind, and for each that does not enter the reason.

See docs/entries.md for the kinds of entries and the reasons.
"""

from tidegate.journeys.entries.definition import definition
from tidegate.journeys.entries.finding import find
from tidegate.journeys.entries.recording import record

__all__ = ["definition", "find", "record"]
