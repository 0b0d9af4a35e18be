"""Compiles MJML to HTML once, with its Jinja kept for later.

The compiler (mrml) says little about where it stumbled, so the markup is looked at first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import mjml

from tidegate.spec.nearest import hint
from tidegate.templates.placeholders import Hidden, hide

#: elements whose children are elements: Jinja statements among them go through `mj-raw`
_STRUCTURE = ("mj-body", "mj-section", "mj-column", "mj-wrapper", "mj-group", "mj-hero", "mj-head")
#: elements that take certain elements and nothing else, not even `mj-raw`
_CLOSED = ("mjml", "mj-social", "mj-navbar", "mj-accordion", "mj-accordion-element", "mj-carousel", "mj-attributes")
_OTHERS = (
    "mj-accordion-text mj-accordion-title mj-all mj-breakpoint mj-button mj-carousel-image mj-class mj-divider "
    "mj-font mj-image mj-include mj-navbar-link mj-preview mj-raw mj-social-element mj-spacer mj-style mj-table "
    "mj-text mj-title"
)
_ELEMENTS = frozenset((*_STRUCTURE, *_CLOSED, *_OTHERS.split()))
_CONTENT = "mj-text mj-button mj-image mj-table mj-divider mj-spacer mj-social mj-navbar mj-accordion mj-carousel"
#: where elements belong; the compiler takes them anywhere and makes e-mails of it that no program shows well
_PARENTS: dict[str, tuple[str, ...]] = {
    "mj-head": ("mjml",),
    "mj-body": ("mjml",),
    "mj-wrapper": ("mj-body",),
    "mj-section": ("mj-body", "mj-wrapper"),
    "mj-hero": ("mj-body", "mj-wrapper"),
    "mj-group": ("mj-section",),
    "mj-column": ("mj-section", "mj-group"),
    **dict.fromkeys(_CONTENT.split(), ("mj-column", "mj-hero")),
}
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_MARKUP = re.compile(
    r"<!--.*?-->"
    r"|<(?P<close>/?)(?P<name>[a-zA-Z][\w:-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(?P<empty>/?)>"
    r"|(?P<stray><)",
    re.DOTALL,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_BARE = re.compile(r"([\w-]+)\s*=\s*[^\s\"'>]")
_POSITION = re.compile(r" at position (\d+):\d+")


class MarkupError(Exception):
    """The markup is broken on a line (from 1) of the template; `opened` is another line that it speaks of."""

    def __init__(self, line: int, text: str, opened: int | None = None) -> None:
        super().__init__(text)
        self.line = line
        self.text = text
        self.opened = opened

    def told(self, first_line: int) -> str:
        """The text, with lines counted in a file where the template starts on `first_line`."""
        return self.text if self.opened is None else f"{self.text} of line {self.opened + first_line - 1}"


def to_html(source: str) -> str:
    """The HTML template of an MJML template. Raises MarkupError, or jinja2.TemplateSyntaxError."""
    hidden = hide(source)
    prepared = _prepared(hidden)
    try:
        compiled = mjml.mjml2html(prepared, disable_comments=True)
    except ValueError as fault:
        raise _from_compiler(str(fault), hidden, prepared) from fault
    kept = set(hidden.word.findall(compiled))
    for word, original in hidden.original.items():
        if word not in kept:
            text = f"`{original}` would be lost here; put it into a text or into an attribute's value"
            raise MarkupError(hidden.lines[word], text)
    return hidden.restore(compiled)


def _prepared(hidden: Hidden) -> str:
    """The markup with statements between elements wrapped, so that the compiler lets them through."""
    pieces: list[str] = []
    opened: list[tuple[str, int]] = []
    at = 0
    for start, end, name, kind in _tags(hidden):
        pieces.append(_text(hidden, at, start, opened[-1][0] if opened else ""))
        at = end
        pieces.append(hidden.text[start:end])
        if kind in ("open", "empty"):
            _check_tag(hidden, start, end, name, opened[-1][0] if opened else "")
        if kind == "open":
            opened.append((name, start))
        elif kind == "close":
            _close(hidden, opened, name, start)
    if "<mj-body" not in hidden.text.lower():
        raise MarkupError(1, "is not MJML: it needs <mjml> and in it <mj-body>")
    if opened:
        name, start = opened[-1]
        raise MarkupError(hidden.line_at(start), f"<{name}> is not closed; it needs </{name}>")
    return "".join(pieces) + hidden.text[at:]


def _tags(hidden: Hidden) -> Iterator[tuple[int, int, str, str]]:
    for found in _MARKUP.finditer(hidden.text):
        line = hidden.line_at(found.start())
        if found["stray"]:
            raise MarkupError(line, "a `<` that starts no tag; write &lt;")
        name = (found["name"] or "").lower()
        if not name:
            yield found.start(), found.end(), name, "comment"
            continue
        if name.startswith("mj") and name not in _ELEMENTS:
            raise MarkupError(line, f"no element <{name}>; {hint(name, _ELEMENTS)}")
        if name == "mj-include":
            raise MarkupError(line, "<mj-include> is not available; write the content here")
        kind = "close" if found["close"] else "empty" if found["empty"] or name in _VOID else "open"
        yield found.start(), found.end(), name, kind


def _check_tag(hidden: Hidden, start: int, end: int, name: str, parent: str) -> None:
    line = hidden.line_at(start)
    places = _PARENTS.get(name)
    # Inside mj-attributes an element's name stands for its defaults.
    if places and parent not in (*places, "mj-attributes"):
        where = f"directly in <{parent}>" if parent else "by itself"
        raise MarkupError(line, f"<{name}> {where}; it belongs in <{'> or <'.join(places)}>")
    unquoted = _QUOTED.sub('""', hidden.text[start:end])
    between = hidden.word.search(unquoted)
    if between:
        text = f"`{hidden.original[between[0]]}` has no place between attributes; put it inside a value's quotes"
        raise MarkupError(line, text)
    bare = _BARE.search(unquoted)
    if bare:
        raise MarkupError(line, f"the value of `{bare[1]}` needs quotes")


def _close(hidden: Hidden, opened: list[tuple[str, int]], name: str, start: int) -> None:
    line = hidden.line_at(start)
    if not opened:
        raise MarkupError(line, f"</{name}> closes nothing")
    last, begun = opened.pop()
    if last != name:
        text = f"</{name}> comes before </{last}>, which closes the <{last}>"
        raise MarkupError(line, text, opened=hidden.line_at(begun))


def _text(hidden: Hidden, start: int, end: int, parent: str) -> str:
    text = hidden.text[start:end]
    if parent not in _STRUCTURE and parent not in _CLOSED:
        return text
    for found in hidden.word.finditer(text):
        original, line = hidden.original[found[0]], hidden.lines[found[0]]
        if parent in _CLOSED:
            raise MarkupError(line, f"`{original}` has no place directly in <{parent}>; put it around the whole of it")
        if not hidden.is_statement(found[0]):
            raise MarkupError(line, f"`{original}` has no place directly in <{parent}>; put it into an <mj-text>")
    stray = hidden.word.sub("", text).strip()
    if stray:
        at = hidden.line_at(start + text.index(stray.split()[0]))
        raise MarkupError(at, f"text directly in <{parent}>; put it into an <mj-text>")
    return hidden.word.sub(lambda found: f"<mj-raw>{found[0]}</mj-raw>", text)


def _from_compiler(words: str, hidden: Hidden, prepared: str) -> MarkupError:
    position = _POSITION.search(words)
    line = 1
    if position:
        # mrml counts bytes.
        before = prepared.encode()[: int(position[1])].decode(errors="ignore")
        line = hidden.line_at(len(before.replace("<mj-raw>", "").replace("</mj-raw>", "")))
    said = _POSITION.sub("", words).replace(" in root template", "")
    return MarkupError(line, f"MJML cannot be compiled: {said}")
