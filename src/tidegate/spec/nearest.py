"""Guesses what somebody meant, for the end of an error's sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 12


def closest(word: str, known: Iterable[str], *, alike: float = 0.65) -> str | None:
    """The one name that `word` was probably meant to be; `alike`: how much it has to look like it, of 1."""
    lowered = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), list(lowered), n=1, cutoff=alike)
    return lowered[near[0]] if near else None


def hint(word: str, known: Iterable[str], *, otherwise: str = "there is", alike: float = 0.65) -> str:
    """`did you mean ...?`, or what there is to choose from.

    >>> hint("lst", ["to", "list"])
    'did you mean `list`?'
    >>> hint("colour", ["to", "list"])
    'there are list, to'
    """
    names = sorted(set(known))
    near = closest(word, names, alike=alike)
    if near is not None:
        return f"did you mean `{near}`?"
    return _listing(names, otherwise)


def several(word: str, known: Iterable[str]) -> str:
    """The few names that look like `word`, else all of them: for columns, where guessing one would mislead.

    >>> several("last_order", ["email", "last_ordered_at", "last_seen_at"])
    'there are last_ordered_at, last_seen_at'
    """
    names = list(known)
    near = difflib.get_close_matches(word.casefold(), names, n=4, cutoff=0.5)
    if len(near) == 1:
        return f"did you mean `{near[0]}`?"
    return _listing(sorted(near) or sorted(names), "there is")


def _listing(names: list[str], otherwise: str) -> str:
    if not names:
        return f"{otherwise} none"
    if len(names) == 1:
        return f"{otherwise} {names[0]}" if otherwise != "there is" else f"there is only {names[0]}"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"there are {', '.join(names[:_SHOWN])}{more}"
