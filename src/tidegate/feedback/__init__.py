"""What people did with messages, and what they consented to: read from files, and taken into account."""

from __future__ import annotations

from tidegate.feedback.landing import Source, land, sources, waiting

__all__ = ["Source", "land", "sources", "waiting"]
