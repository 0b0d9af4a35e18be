"""A message's content, compiled: once for each file, then rendered for many people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.nodes import Output, TemplateData

from tidegate.errors import TidegateError
from tidegate.redact import redact
from tidegate.spec.objects import Content
from tidegate.templates import mjml, plain_text
from tidegate.templates.environment import Null, environment

Values = Mapping[str, Any]
Render = Callable[[dict[str, Any]], Any]
#: keys of the front matter that are templates of one line each, and those that hold several texts
HEADERS = (
    "subject",
    "from",
    "reply_to",
    "unsubscribe_url",
    "title",
    "url",
    "image",
    "template",
    "language",
    "campaign",
)
STRUCTURES = ("parameters", "data")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


class RenderError(TidegateError):
    """A message cannot be made for this person. Its text holds names of columns, never their values."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """For each key of the channel's content, how it is rendered."""

    parts: Mapping[str, Render]


def compiled(content: Content) -> Compiled:
    """Raises MarkupError or jinja2.TemplateSyntaxError; the spec reports those with file and line."""
    parts: dict[str, Render] = {}
    for key in HEADERS:
        if key in content.front:
            parts[key] = header(str(content.front[key]))
    for key in STRUCTURES:
        if key in content.front:
            parts[key] = _texts(content.front[key])
    if content.channel == "email":
        source = html_source(content.body, content.extension)
        parts["html"] = _whole(source, html=True)
        text = content.text if content.text is not None else plain_text.from_html(source)
        parts["text"] = _plain(text)
    elif content.extension == "json":
        parts["properties" if content.channel == "crm" else "body"] = _structure(json.loads(content.body))
    else:
        parts["text"] = _plain(content.body)
    return Compiled(parts)


@lru_cache(maxsize=1024)
def html_source(body: str, extension: str) -> str:
    """The HTML template of an e-mail's body, MJML compiled."""
    return mjml.to_html(body) if extension == "mjml" else body


def strings(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a JSON value, and where it is."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))


def rendered(render: Render, values: dict[str, Any], where: str) -> Any:
    """Raises RenderError without a word of what the row holds."""
    try:
        return render(values)
    except (UndefinedError, SecurityError) as fault:
        # A name may have been looked up by a value: `entry[person.email]`.
        raise RenderError(f"{where}: {redact(str(fault.message))}") from None
    except Exception as fault:
        # What Python says often quotes the value, which may be personal.
        raise RenderError(f"{where}: {_WORDS.get(type(fault), type(fault).__name__)}") from None


_WORDS: dict[type[Exception], str] = {
    TypeError: "a value is of a type that the template cannot use so",
    ValueError: "a value is not what the template expects",
    ZeroDivisionError: "a division by zero",
    OverflowError: "a number or text too large for a message",
    RecursionError: "templates nested without end",
}


def scope(values: Values) -> dict[str, Any]:
    """The values of one message, with the functions that templates may call: made once for all of its parts."""
    return {**environment(html=False).globals, **values}


def _whole(source: str, *, html: bool) -> Render:
    """`Template.render` without copying all values and globals for each part of each message."""
    template = environment(html).from_string(source)
    root, context, join = template.root_render_func, template.new_context, "".join

    def render(values: dict[str, Any]) -> str:
        return join(root(context(values, shared=True)))

    return render


def header(source: str) -> Render:
    """A text of one line, such as a subject or an address."""
    whole = _whole(source, html=False)

    def render(values: dict[str, Any]) -> str:
        # A line break in a header would start another header.
        return " ".join(_CONTROL.sub(" ", whole(values)).split())

    return render


def _plain(source: str) -> Render:
    whole = _whole(source, html=False)

    def render(values: dict[str, Any]) -> str:
        text: str = whole(values)
        if "\n\n\n" in text or " \n" in text:
            text = _EMPTY_LINES.sub("\n\n", text)
        return text.strip()

    return render


def _texts(value: Any) -> Render:
    """A list of one-line texts, or texts by name. They stay texts, whatever type a column has."""
    if isinstance(value, dict):
        members = {str(key): header(str(item)) for key, item in value.items()}
        return lambda values: {key: render(values) for key, render in members.items()}
    items = [header(str(item)) for item in value]
    return lambda values: [render(values) for render in items]


def _structure(value: Any) -> Render:
    """JSON rendered leaf by leaf, so that no value can break out of its place."""
    if isinstance(value, dict):
        members = {key: _structure(item) for key, item in value.items()}
        return lambda values: {key: render(values) for key, render in members.items()}
    if isinstance(value, list):
        items = [_structure(item) for item in value]
        return lambda values: [render(values) for render in items]
    if isinstance(value, str):
        single = _single_expression(value)
        return _native(single) if single is not None else _whole(value, html=False)
    return lambda values: value


def _single_expression(source: str) -> str | None:
    """What stands in a text that is `{{ ... }}` and nothing else: such a value keeps its type."""
    stripped = source.strip()
    body = environment(html=False).parse(stripped).body
    if len(body) != 1 or not isinstance(body[0], Output) or len(body[0].nodes) != 1:
        return None
    if isinstance(body[0].nodes[0], TemplateData):
        return None
    return stripped[2:-2].strip("-+ \n\t")


def _native(expression: str) -> Render:
    evaluate = environment(html=False).compile_expression(expression, undefined_to_none=False)

    def render(values: dict[str, Any]) -> Any:
        found = evaluate(values)
        if isinstance(found, Null):
            return None
        if isinstance(found, Undefined):
            str(found)  # raises what is wrong
        return _json_ready(found)

    return render


def _json_ready(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_ready(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
