"""Tidegate: marketing automation out of a data warehouse."""

__version__ = "0.1.0"
