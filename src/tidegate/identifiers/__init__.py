"""Identifiers as platforms want them: normalised, hashed, by the column.

platforms   what each platform matches people by, and where it says so
rulebook    what becomes of a value before it is hashed or sent
normalise   the rules and the hash, over whole columns
phones      telephone numbers in E.164
countries   names and codes of countries
states      codes of the states of the USA
page        docs/identifiers.md
"""

from typing import TYPE_CHECKING, Any

from tidegate.identifiers.platforms import PLATFORMS, UNHASHED

if TYPE_CHECKING:
    from tidegate.identifiers.normalise import as_sent, rules

__all__ = ["PLATFORMS", "UNHASHED", "as_sent", "rules"]


def __getattr__(name: str) -> Any:
    # Connectors come here for the table, whenever a project is loaded; the engines are for those who count.
    if name in ("as_sent", "rules"):
        from tidegate.identifiers import normalise

        return getattr(normalise, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
