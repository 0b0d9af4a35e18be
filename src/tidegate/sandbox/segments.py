"""How many text messages a text takes: GSM 03.38's alphabet packs 160 letters into one, everything else 70."""

from __future__ import annotations

import math

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """The number of parts, at least 1. Letters of the extension table count twice in GSM-7."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        length, single, joined = sum(2 if letter in _EXTENDED else 1 for letter in text), 160, 153
    else:
        length, single, joined = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else math.ceil(length / joined)
