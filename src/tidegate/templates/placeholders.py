"""Hides Jinja from the tools that only know markup, and puts it back after them.

Each `{{ ... }}` and `{% ... %}` becomes a word that no markup tool has an opinion on. Comments are dropped.
"""

from __future__ import annotations

import hashlib
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass, field

from tidegate.templates.environment import environment

_BEGIN = ("variable_begin", "block_begin", "comment_begin", "raw_begin", "raw_end")
_END = ("variable_end", "block_end", "comment_end", "raw_begin", "raw_end")


@dataclass(slots=True)
class Hidden:
    """`text` with words in place of Jinja; `original` and `lines` (from 1) by word."""

    word: re.Pattern[str]
    text: str = ""
    original: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    #: positions in `text` whose line in the original is known, ascending
    anchors: list[tuple[int, int]] = field(default_factory=list)

    def restore(self, text: str) -> str:
        return self.word.sub(lambda found: self.original[found[0]], text)

    def is_statement(self, word: str) -> bool:
        return self.original[word].startswith("{%")

    def line_at(self, position: int) -> int:
        """The line of the original that a position in `text` is on."""
        index = bisect_right(self.anchors, (position, sys.maxsize)) - 1
        start, line = self.anchors[index] if index >= 0 else (0, 1)
        return line + self.text.count("\n", start, position)


def hide(source: str) -> Hidden:
    """Raises jinja2.TemplateSyntaxError where Jinja itself is broken."""
    mark = f"jinja{hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()[:8]}n"
    hidden = Hidden(re.compile(rf"{mark}\d+x"))
    pieces: list[str] = []
    length = begun = 0
    inside: list[str] | None = None
    for line, kind, value in environment(html=True).lex(source):
        if kind in _BEGIN:
            inside, begun = [], line
        if inside is not None:
            inside.append(value)
        else:
            hidden.anchors.append((length, line))
            pieces.append(value)
            length += len(value)
        if inside is not None and kind in _END:
            if kind != "comment_end":
                word = f"{mark}{len(hidden.original)}x"
                hidden.original[word] = "".join(inside)
                hidden.lines[word] = begun
                hidden.anchors.append((length, begun))
                pieces.append(word)
                length += len(word)
            inside = None
    hidden.text = "".join(pieces)
    return hidden
