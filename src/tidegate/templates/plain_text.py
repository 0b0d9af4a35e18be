"""The plain text of an HTML template: read from start to end, so that Jinja's statements keep their order.

(Libraries that build a tree first move what stands between the rows of a table, and loops with it.)
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tidegate.templates.placeholders import Hidden, hide

#: how many line breaks an element stands between
_BREAKS = {
    **dict.fromkeys(
        [
            "address",
            "article",
            "aside",
            "center",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
            "figure",
            "footer",
            "form",
            "header",
        ],
        1,
    ),
    **dict.fromkeys(["hr", "li", "main", "nav", "section", "tbody", "tfoot", "thead", "tr"], 1),
    **dict.fromkeys(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"], 2),
}
_UNSEEN = frozenset(["head", "style", "script", "title", "template", "noscript"])
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_CONDITIONAL = re.compile(r"<!--\[if[^>]*mso[^>]*\]>(?!<!-->).*?<!\[endif\]-->|<!--.*?-->", re.DOTALL)
_SPACES = re.compile(r"[\s\u00a0\u200c\u034f]+")


def from_html(source: str) -> str:
    """A Jinja template of plain text from one of HTML; links follow their words in brackets."""
    hidden = hide(_CONDITIONAL.sub("", source))
    reader = _Reader(hidden)
    reader.feed(hidden.text)
    reader.close()
    return hidden.restore("".join(reader.pieces).strip() + "\n")


class _Reader(HTMLParser):
    def __init__(self, hidden: Hidden) -> None:
        super().__init__(convert_charrefs=True)
        self.hidden = hidden
        self.pieces: list[str] = []
        self.breaks = 0
        self.unseen: list[str] = []
        self.links: list[tuple[str, int]] = []
        self.tables: list[bool] = []
        self.verbatim = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if self.unseen or tag in _UNSEEN or _is_hidden(given.get("style", "")):
            if tag not in _VOID:
                self.unseen.append(tag)
            return
        if tag == "table":
            self.tables.append(given.get("role") == "presentation")
        self._break(tag)
        if tag == "br":
            self._write("\n")
        elif tag == "li":
            self._write("- ")
        elif tag == "hr":
            self._write("---")
            self._break(tag)
        elif tag == "img" and given.get("alt", "").strip():
            self._write(given["alt"])
        elif tag == "a":
            self.links.append((given.get("href", "").strip(), len(self.pieces)))
        elif tag == "pre":
            self.verbatim += 1

    def handle_endtag(self, tag: str) -> None:
        if self.unseen:
            if tag in self.unseen:
                while self.unseen.pop() != tag:
                    pass
            return
        if tag == "a" and self.links:
            self._end_link(*self.links.pop())
        elif tag == "pre":
            self.verbatim = max(self.verbatim - 1, 0)
        self._break(tag)
        if tag == "table" and self.tables:
            self.tables.pop()

    def handle_data(self, data: str) -> None:
        if self.unseen:
            # An `if` without its `endif` is no template, and a `set` may be needed further down.
            for word in self.hidden.word.findall(data):
                if self.hidden.is_statement(word):
                    self.pieces.append(word)
        elif self.verbatim:
            self._write(data)
        else:
            flowing = _SPACES.sub(" ", data)
            if self.breaks or not self.pieces or self.pieces[-1].endswith(("\n", " ")):
                flowing = flowing.lstrip(" ")
            if flowing:
                self._write(flowing)

    def _end_link(self, address: str, start: int) -> None:
        label = "".join(self.pieces[start:]).strip()
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        if shown and not shown.startswith("#") and shown != label:
            self._write(f" ({shown})" if label else shown)

    def _break(self, tag: str) -> None:
        if tag in ("td", "th"):
            # The cells of a layout stand below each other, those of a table side by side.
            if self.tables and self.tables[-1]:
                self.breaks = max(self.breaks, 2)
            elif not self.breaks and self.pieces and not self.pieces[-1].endswith(" "):
                self.pieces.append("  ")
        else:
            self.breaks = max(self.breaks, _BREAKS.get(tag, 0))

    def _write(self, text: str) -> None:
        if self.breaks and self.pieces:
            self.pieces[-1] = self.pieces[-1].rstrip(" ")
            self.pieces.append("\n" * self.breaks)
        self.breaks = 0
        self.pieces.append(text)


def _is_hidden(style: str) -> bool:
    return "display:none" in style.replace(" ", "").lower()
