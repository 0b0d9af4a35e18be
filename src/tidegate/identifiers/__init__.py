"""Identifiers as platforms want them: normalised, hashed, by the column.

normalise   the rules, and which of them a platform's identifier takes
phones      telephone numbers in E.164
countries   names and codes of countries
states      codes of the states of the USA
"""

from tidegate.identifiers.normalise import as_sent, rules

__all__ = ["as_sent", "rules"]
