"""Reads messages/NAME/CHANNEL[.LANGUAGE].EXT and checks all that does not depend on where a message is used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tidegate.errors import Problem, SpecError
from tidegate.spec import templating
from tidegate.spec.documents import FrontMatter, dotted, read_front_matter
from tidegate.spec.findings import Findings
from tidegate.spec.message_file import FRONTS
from tidegate.spec.nearest import closest
from tidegate.spec.objects import Content, MessageSpec
from tidegate.spec.validation import check
from tidegate.templates.content import strings
from tidegate.templates.filters import known_language

_FILE = re.compile(
    r"(?P<channel>[A-Za-z_]+)(?:\.(?P<language>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*))?\.(?P<ending>[a-z]+)"
)
_ENDINGS = {
    "email": ("mjml", "html"),
    **dict.fromkeys(("sms", "whatsapp", "push", "web_push", "telegram", "chat"), ("txt",)),
    "crm": ("json",),
    "webhook": ("json",),
}
_TOLD = ("mjml", "html", "txt", "json")
_KEPT = (str, dict, list)
DEFAULT_TOPIC = "marketing"


@dataclass(frozen=True, slots=True)
class Messages:
    """`doubtful` are folders whose files are broken: who uses them is not told that they do not exist."""

    by_name: Mapping[str, MessageSpec]
    doubtful: frozenset[str]


def read_all(root: Path, found: Findings) -> Messages:
    """Every message of a project; what is wrong goes to `found`."""
    by_name: dict[str, MessageSpec] = {}
    doubtful: set[str] = set()
    top = root / "messages"
    for folder in sorted(path for path in top.glob("*") if path.is_dir() and path.name[0] not in "._"):
        before = len(found.problems)
        message = _message(folder, root, found)
        if message is not None:
            by_name[folder.name] = message
        if len(found.problems) > before:
            doubtful.add(folder.name)
    for stray in sorted(path for path in top.glob("*.*") if path.suffix.lstrip(".") in _TOLD):
        found.problems.append(Problem(f"messages/{stray.name}", 0, "", "belongs in a folder with the message's name"))
    return Messages(by_name, frozenset(doubtful))


def _message(folder: Path, root: Path, found: Findings) -> MessageSpec | None:
    contents: dict[tuple[str, str | None], Content] = {}
    topics: dict[str, Content] = {}
    texts: list[tuple[Path, str | None]] = []
    there: set[tuple[str, str | None]] = set()  # the broken ones too
    for path in sorted(folder.iterdir()):
        place = _place(path, root, found)
        if place is None:
            continue
        channel, language, ending = place
        if channel == "email" and ending == "txt":
            texts.append((path, language))
            continue
        if (channel, language) in there:
            text = f"{path.stem} is there with another ending; keep one of the two"
            found.problems.append(Problem(path.relative_to(root).as_posix(), 0, "", text))
            continue
        there.add((channel, language))
        with found.gather():
            content = _content(path, root, channel, language, ending, found)
            if content is None:
                continue
            contents[channel, language] = content
            if content.front.get("topic"):
                topics.setdefault(str(content.front["topic"]), content)
    for path, language in texts:
        if ("email", language) in there and ("email", language) not in contents:
            continue
        with found.gather():
            _add_text(path, root, language, contents)
    if len(topics) > 1:
        (first, _), (second, content) = list(topics.items())[:2]
        text = f"`{second}` here and `{first}` in another file of the message; a message has one topic"
        found.problems.append(Problem(content.file, content.lines.get("topic", 1), "topic", text))
    _check_defaults(folder, root, there, contents, found)
    if not contents:
        return None
    return MessageSpec(folder.name, next(iter(topics), DEFAULT_TOPIC), contents)


def _place(path: Path, root: Path, found: Findings) -> tuple[str, str | None, str] | None:
    """Channel, language and ending; None for what is not content, such as a picture or a note."""
    ending = path.suffix.lstrip(".")
    if not path.is_file() or path.name.startswith(".") or ending not in _TOLD:
        return None
    file = path.relative_to(root).as_posix()
    parts = _FILE.fullmatch(path.name)
    channel = parts["channel"] if parts else path.name.split(".")[0]
    if channel not in _ENDINGS:
        near = closest(channel, _ENDINGS)
        fix = f"did you mean {near}.{ending}?" if near else f"a message's files are called {_called()}"
        found.problems.append(Problem(file, 0, "", f"no channel `{channel}`; {fix}"))
        return None
    if parts is None:
        text = f"a file is called CHANNEL.LANGUAGE.ENDING, such as {channel}.pt-BR.{ending}"
        found.problems.append(Problem(file, 0, "", text))
        return None
    if ending not in (*_ENDINGS[channel], *(("txt",) if channel == "email" else ())):
        right = " or ".join(f"{channel}.{one}" for one in _ENDINGS[channel])
        found.problems.append(Problem(file, 0, "", f"content for {channel} is written in {right}"))
        return None
    language = parts["language"].replace("_", "-") if parts["language"] else None
    if language is not None and not known_language(language):
        found.problems.append(
            Problem(file, 0, "", f"no language `{language}`; write its code, such as `pl` or `pt-BR`")
        )
        return None
    return channel, language, ending


def _called() -> str:
    return ", ".join(f"{channel}.{ending}" for channel, endings in _ENDINGS.items() for ending in endings)


def _content(
    path: Path, root: Path, channel: str, language: str | None, ending: str, found: Findings
) -> Content | None:
    read = read_front_matter(path, root)
    file = read.front.file
    if not isinstance(read.front.value, dict):
        raise SpecError(Problem(file, 2, "", "the front matter should be keys with values"))
    checked = check(FRONTS[channel], read.front)
    found.problems.extend(checked.problems)
    front: dict[str, Any] = {key: value for key, value in read.front.value.items() if isinstance(value, _KEPT)}
    lines = {str(key): read.front.line((key,)) for key in read.front.value}
    lines |= {dotted(path): read.front.line(path) for path, _ in strings(front)}
    if not read.body.strip() and "template" not in front:
        raise SpecError(Problem(file, read.body_line, "", "has no content after its front matter"))
    content = Content(file, channel, language, ending, front, read.body, read.body_line, lines)
    problems = _template_problems(content)
    found.problems.extend(problems)
    return None if problems or checked.model is None else content


def _template_problems(content: Content) -> list[Problem]:
    """Jinja, MJML and JSON that cannot be read."""
    problems = [problem for template in templating.templates(content) for problem in templating.syntax(template)]
    if problems:
        return problems
    if content.extension == "json":
        return _json_problems(content)
    return templating.markup(content)


def _json_problems(content: Content) -> list[Problem]:
    try:
        value = json.loads(content.body)
    except json.JSONDecodeError as fault:
        line = content.body_line + fault.lineno - 1
        return [Problem(content.file, line, "", f"is not JSON: {fault.msg[0].lower()}{fault.msg[1:]}")]
    if content.channel == "crm" and not isinstance(value, dict):
        text = 'should be the properties of the message, by name: {"name": ...}'
        return [Problem(content.file, content.body_line, "", text)]
    return []


def _add_text(path: Path, root: Path, language: str | None, contents: dict[tuple[str, str | None], Content]) -> None:
    read: FrontMatter = read_front_matter(path, root)
    file = read.front.file
    content = contents.get(("email", language))
    if content is None:
        tag = f".{language}" if language else ""
        text = f"is the plain text of an e-mail; email{tag}.mjml or email{tag}.html must be beside it"
        raise SpecError(Problem(file, 0, "", text))
    if read.front.value:
        raise SpecError(Problem(file, 1, "", f"the front matter belongs in {Path(content.file).name}"))
    if not read.body.strip():
        raise SpecError(Problem(file, read.body_line, "", "is empty; without the file, the text is made from the HTML"))
    changed = replace(content, text=read.body, text_file=file, text_line=read.body_line)
    text_template = next(one for one in templating.templates(changed) if one.file == file)
    problems = templating.syntax(text_template)
    if problems:
        raise SpecError(problems)
    contents["email", language] = changed


def _check_defaults(
    folder: Path,
    root: Path,
    there: set[tuple[str, str | None]],
    contents: Mapping[tuple[str, str | None], Content],
    found: Findings,
) -> None:
    for (channel, language), content in contents.items():
        if language is not None and (channel, None) not in there:
            text = f"is a translation; {channel}.{content.extension} must be beside it, for all other languages"
            found.problems.append(Problem(content.file, 0, "", text))
    if not there and not any(problem.file.startswith(f"messages/{folder.name}/") for problem in found.problems):
        file = folder.relative_to(root).as_posix()
        found.problems.append(Problem(file, 0, "", f"has no content; a message's files are called {_called()}"))
