"""Takes addresses out of text that others wrote, before it is kept or shown."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^\s<>\"'(),:;=\[\]{}]+@[^\s<>\"'(),:;=\[\]{}]+")
# International telephone numbers: a plus and at least eight digits, however they are grouped.
_PHONE = re.compile(r"\+\d(?:[ ().-]?\d){7,14}")
# Hashes of identifiers are personal data too: they can be matched.
_HASH = re.compile(r"\b[0-9a-fA-F]{64}\b")
_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")


def redact(text: str) -> str:
    """`text` without e-mail addresses, telephone numbers, hashed identifiers, URLs' queries and credentials.

    >>> redact("550 no such user <ada@example.com>")
    '550 no such user <(address)>'
    """
    text = _QUERY.sub(r"\1?(...)", text)
    text = _BEARER.sub(r"\1 (secret)", text)
    text = _EMAIL.sub("(address)", text)
    text = _PHONE.sub("(number)", text)
    return _HASH.sub("(hash)", text)
