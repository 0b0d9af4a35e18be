"""The templates of a content file, each with the place where it stands, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError

from tidegate.errors import Problem, SpecError
from tidegate.spec.documents import dotted, parse_yaml
from tidegate.spec.nearest import closest, hint, several
from tidegate.spec.objects import Content, MessageSpec
from tidegate.templates.content import HEADERS, STRUCTURES, html_source, strings
from tidegate.templates.environment import environment
from tidegate.templates.mjml import MarkupError
from tidegate.templates.variables import ANSWERS, PLAIN, ROWS, ForbiddenError, Variable, used

_FILTER = re.compile(r"No (filter|test) named '(\w+)'")


@dataclass(frozen=True, slots=True)
class Template:
    """`line` is the file's line on which `source` starts; `key` is empty for the body."""

    source: str
    file: str
    line: int
    key: str = ""

    def problem(self, line: int, text: str) -> Problem:
        return Problem(self.file, self.line + line - 1, self.key, text)


def templates(content: Content) -> Iterator[Template]:
    """Every template of a content: of the front matter, the body, the text beside it."""
    for key in HEADERS:
        if key in content.front:
            yield Template(str(content.front[key]), content.file, content.lines.get(key, 1), key)
    for key in STRUCTURES:
        for path, text in strings(content.front.get(key), (key,)):
            yield Template(text, content.file, content.lines.get(dotted(path), 1), dotted(path))
    if content.extension == "json":
        yield from _leaves(content)
    else:
        yield Template(content.body, content.file, content.body_line)
    if content.text is not None:
        yield Template(content.text, content.text_file, content.text_line)


def _leaves(content: Content) -> Iterator[Template]:
    """The texts of a JSON body; it is YAML as well, and so has lines."""
    try:
        document = parse_yaml(content.body, content.file)
    except SpecError:
        return  # said when it is read as JSON
    for path, text in strings(document.value):
        yield Template(text, content.file, content.body_line + document.line(path) - 1)


def syntax(template: Template) -> list[Problem]:
    """Jinja that cannot be read, filters that do not exist, names that no message has."""
    try:
        variables = used(template.source)
    except TemplateSyntaxError as fault:
        return [template.problem(fault.lineno, _words(fault))]
    except ForbiddenError as fault:
        return [template.problem(fault.line, fault.text)]
    return [
        template.problem(variable.line, f"no variable `{variable.name}`; {_meant(variable.name)}")
        for variable in variables
        if variable.name not in (*ROWS, ANSWERS, *PLAIN)
    ]


def _meant(name: str) -> str:
    near = closest(name, (*ROWS, *PLAIN))
    if near is not None:
        return f"did you mean `{near}`?"
    return f"a column is written person.{name} or entry.{name}; there are also {', '.join(sorted(PLAIN))}"


def without_entry(template: Template) -> list[Problem]:
    """Where a template that belongs to no audience uses `entry`."""
    try:
        variables = used(template.source)
    except (TemplateSyntaxError, ForbiddenError):
        return []  # said by `syntax`
    text = "`entry` has no place here; there are the columns of `person`"
    return [template.problem(variable.line, text) for variable in variables if variable.name == "entry"]


def without_way_out(messages: Mapping[str, MessageSpec], project_has: bool) -> list[Problem]:
    """Where `unsubscribe_url` is used and nothing says what it is."""
    text = "nothing says what `unsubscribe_url` is; put it into tidegate.yml or into this file's front matter"
    return [
        template.problem(variable.line, text)
        for message in messages.values()
        for content in message.contents.values()
        if not project_has and "unsubscribe_url" not in content.front
        for template in templates(content)
        for variable in used(template.source)
        if variable.name == "unsubscribe_url"
    ]


def _words(fault: TemplateSyntaxError) -> str:
    message = fault.message or "cannot be read"
    missing = _FILTER.search(message)
    if missing:
        made = environment(html=False)
        offered = made.filters if missing[1] == "filter" else made.tests
        return f"no {missing[1]} `{missing[2]}`; {hint(missing[2], offered)}"
    return f"is not a template: {message[0].lower()}{message[1:]}"


def markup(content: Content) -> list[Problem]:
    """MJML that cannot be compiled."""
    if content.channel != "email":
        return []
    try:
        html_source(content.body, content.extension)
    except MarkupError as fault:
        return [Problem(content.file, content.body_line + fault.line - 1, "", fault.told(content.body_line))]
    return []


def column_problems(template: Template, scopes: Mapping[str, tuple[str, Mapping[str, str]]]) -> list[Problem]:
    """Columns that a template uses and a row has not. `scopes`: for each row, what it is called and its columns."""
    return [
        template.problem(variable.line, text)
        for variable in used(template.source)
        if variable.name in scopes and (text := _fault(variable, *scopes[variable.name]))
    ]


def answer_problems(template: Template, steps: Sequence[str] | None) -> list[Problem]:
    """Answers that a template uses and that are not there. `steps` are the webhook steps of the journey whose message
    it is, as far as they come before it; None where it is no journey's."""
    return [
        template.problem(variable.line, text)
        for variable in used(template.source)
        if variable.name == ANSWERS and (text := _no_answer(variable, steps))
    ]


def _no_answer(variable: Variable, steps: Sequence[str] | None) -> str | None:
    if steps is None:
        return "`step` has no place here: only a journey has webhook steps whose answers can be told"
    if not variable.column:
        return "`step` holds answers; say which step's, and what of it, such as step.score_lead.score"
    if variable.column in steps:
        return None
    there = several(variable.column, steps) if steps else "there is none in the journey"
    return f"no webhook step `{variable.column}` before this message; {there}"


def _fault(variable: Variable, called: str, columns: Mapping[str, str]) -> str | None:
    if variable.column is None:
        some = next(iter(columns), "x")
        return f"`{variable.name}` is a row; say which of its columns, such as {variable.name}.{some}"
    if variable.column == "":
        return f"which column of `{variable.name}` is meant cannot be told before sending; write {variable.name}.x"
    if variable.column in columns:
        return None
    return f"no column `{variable.column}` in {called}; {several(variable.column, columns)}"
