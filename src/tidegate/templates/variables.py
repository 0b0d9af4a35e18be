"""Which variables a template uses, and on which line: so that a wrong one is found before anybody is written to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import TemplateAssertionError, nodes
from jinja2.meta import find_undeclared_variables

from tidegate.templates.environment import environment

#: rows, whose columns depend on where the message is used
ROWS = ("person", "entry")
#: answers of webhooks, by the journey's step that asked
ANSWERS = "step"
#: what is always there
PLAIN = ("message", "channel", "language", "time_zone", "project", "unsubscribe_url")


@dataclass(frozen=True, slots=True)
class Variable:
    """`person.first_name` is ("person", "first_name"); a bare name has no column. `line` counts from 1."""

    name: str
    column: str | None
    line: int


class ForbiddenError(Exception):
    """Something that Jinja has and messages do not."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


_FORBIDDEN: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Include, "`include` is not available; write the content here"),
    (nodes.Extends, "`extends` is not available; write the content here"),
    (nodes.Import, "`import` is not available; write a macro here"),
    (nodes.FromImport, "`import` is not available; write a macro here"),
)


@lru_cache(maxsize=1024)
def used(source: str) -> tuple[Variable, ...]:
    """Raises jinja2.TemplateSyntaxError, for unknown filters too, and ForbiddenError."""
    made = environment(html=False)
    tree = made.parse(source)
    for kind, text in _FORBIDDEN:
        for node in tree.find_all(kind):
            raise ForbiddenError(node.lineno, text)
    for kind, offered in ((nodes.Filter, made.filters), (nodes.Test, made.tests)):
        # Jinja itself leaves those inside an `if` until somebody's message is rendered.
        for node in tree.find_all(kind):
            if node.name not in offered:
                raise TemplateAssertionError(f"No {kind.__name__.lower()} named {node.name!r}", node.lineno)
    outer = find_undeclared_variables(tree)
    return tuple(variable for variable in _walk(tree) if variable.name in outer and variable.name not in made.globals)


def _walk(node: nodes.Node) -> Iterator[Variable]:
    column = _column(node)
    if column is not None:
        yield column
        if isinstance(node, nodes.Getitem):
            yield from _walk(node.arg)
        return
    if isinstance(node, nodes.Name) and node.ctx == "load":
        yield Variable(node.name, None, node.lineno)
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _column(node: nodes.Node) -> Variable | None:
    """`person.x`, `person["x"]` and `step.x`; which column `person[x]` is cannot be known here."""
    if not isinstance(node, (nodes.Getattr, nodes.Getitem)) or not isinstance(node.node, nodes.Name):
        return None
    name = node.node.name
    if name not in ROWS and name != ANSWERS:
        return None
    if isinstance(node, nodes.Getattr):
        return Variable(name, node.attr, node.lineno)
    if isinstance(node.arg, nodes.Const):
        return Variable(name, str(node.arg.value), node.lineno)
    return Variable(name, "", node.lineno)
