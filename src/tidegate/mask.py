"""What another party said, fit to be kept: short, and without personal data or secrets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from tidegate.redact import redact

LONGEST = 200

# National numbers carry no plus; ISO dates look like them and are spared.
_NUMBER = re.compile(r"(?<![\w.])(?!\d{4}-\d\d-\d\d)\(?\d(?:[ ().-]{0,2}\d){7,}(?!\w)")
# API keys, session ids, hashes: long and made of letters and digits. Words are long but have no digits.
_TOKEN = re.compile(r"(?<![\w+/=-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}")
_ASSIGNED = re.compile(
    r"""(?ix) \b (access_token|auth_token|api_?key|token|secret|password|signature|authorization)
        (["']?\s*[:=]\s*["']?) [^\s"'&,;}]+"""
)
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_TAGS = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")


def mask(text: str, hide: Iterable[str] = ()) -> str:
    """`text` without e-mail addresses, telephone numbers and tokens, nor any string of `hide`; at most 200 characters.

    >>> mask("550 <ada@example.com> unknown")
    '550 <(address)> unknown'
    """
    # Long texts are cut first so that a hostile reply of megabytes costs nothing.
    text = text[: 20 * LONGEST]
    for secret in hide:
        if len(secret) >= 4:
            text = text.replace(secret, "(secret)")
    text = _ASSIGNED.sub(r"\1\2(secret)", redact(text))
    text = _NUMBER.sub("(number)", _TOKEN.sub("(token)", text))
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def words(page: str) -> str:
    """The words of an HTML page: its title where it has one, else its text."""
    title = _TITLE.search(page)
    return html.unescape(title.group(1) if title and title.group(1).strip() else _TAGS.sub(" ", page))
