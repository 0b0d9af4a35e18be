"""When waits end."""

from tidegate.journeys.waits.reckoning import deadlines

__all__ = ["deadlines"]
