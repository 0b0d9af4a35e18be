"""What a platform said, as short as a person reads it in a line."""

from __future__ import annotations

import re

_LONGEST = 300
#: of it the end, which says what becomes of the rows
_END = 120
#: in parentheses as problems have it, up to their end; it may have been cut short in the middle
_JSON = re.compile(r"[{\[]\s*[{\"].*?(?=\)(?:;|$)|$)")
_TEXT = re.compile(r':\s*"((?:[^"\\]|\\.)*)(?:"|$)')


def brief(said: str) -> str:
    """`said` in one line, where JSON gives way to the sentences in it.

    >>> brief('mail: throttled (HTTP 429 {"type": "x:y", "title": "Too many", "status": 429}); 3 rows stay owed')
    'mail: throttled (HTTP 429 Too many); 3 rows stay owed'
    """
    found = _JSON.sub(_sentences, " ".join(said.split()))
    if len(found) <= _LONGEST:
        return found
    return f"{found[: _LONGEST - _END - 1].rstrip()}…{found[-_END:]}"


def _sentences(json: re.Match[str]) -> str:
    """The texts of several words; where there is none, what stands there."""
    told = dict.fromkeys(text for text in _TEXT.findall(json[0]) if " " in text)
    return ": ".join(told) or json[0]
