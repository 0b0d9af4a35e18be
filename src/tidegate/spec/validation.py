"""Turns what pydantic says about a document into problems with file, line, key and the way to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tidegate.errors import Problem
from tidegate.spec.documents import Document, Path_
from tidegate.spec.nearest import closest, hint

Model = TypeVar("Model", bound=BaseModel)

_ALIKE = 0.7  # of few words, one that is hardly like what was written is not worth guessing
_EXPECTED = {
    "string_type": "text",
    "list_type": "a list; start each item with `- `",
    "tuple_type": "a list; start each item with `- `",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


@dataclass(frozen=True, slots=True)
class Checked(Generic[Model]):
    """`model` is there too when it can do without what was wrong, so that the rest can be checked at once.

    `wrong` are the keys that were left out for that, or taken for what they are probably meant to be.
    """

    model: Model | None
    problems: list[Problem]
    wrong: tuple[Path_, ...] = ()


def check(
    model: type[Model], document: Document, above: Path_ = (), *, without: Collection[str] = ()
) -> Checked[Model]:
    """The document, or what is in it at `above`, as `model`, or everything that is wrong with it.

    `without` are keys that are read elsewhere.
    """
    value = document.value_at(above)
    if without:
        value = {key: item for key, item in value.items() if key not in without}
    if value is None and not above:
        return Checked(None, [Problem(document.file, 0, "", "is empty")])
    try:
        return Checked(model.model_validate(value), [])
    except ValidationError as fault:
        errors = fault.errors(include_url=False)
    problems = translate(errors, model, document, above=above)
    wrong = tuple(_path(error["loc"], value) for error in errors if error["type"] != "missing")
    meant = _meant(errors, model, value)
    for renamed in (meant, {}) if meant else ({},):
        try:
            sound = model.model_validate(_without(value, wrong, renamed))
        except ValidationError:
            continue
        for path, name in renamed.items():
            document.call((*above, *path), name)
        return Checked(sound, problems, wrong)
    return Checked(None, problems, wrong)


def _meant(errors: Iterable[ErrorDetails], model: type[BaseModel], value: Any) -> dict[Path_, str]:
    """The keys that misspelt ones are probably meant to be, where those are not there."""
    paths = [_path(error["loc"], value) for error in errors if error["type"] == "extra_forbidden"]
    guesses = {path: closest(str(path[-1]), _keys(model, path[:-1])) for path in paths}
    return {path: name for path, name in guesses.items() if name and not _is_there((*path[:-1], name), value)}


def translate(
    errors: Iterable[ErrorDetails],
    model: type[BaseModel],
    document: Document,
    *,
    above: Path_ = (),
    more_keys: Iterable[str] = (),
) -> list[Problem]:
    """Pydantic's errors in our words.

    `above` is where in the document the model starts, `more_keys` what may stand there besides its own.
    """
    inner = document.value_at(above)
    told: list[tuple[Path_, str]] = []
    guessed: set[Path_] = set()
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # pydantic does not count items that are wrong, which are told by themselves
        path = _path(error["loc"], inner, keep_last=error["type"] == "missing")
        if error["type"] == "extra_forbidden":
            keys = [*_keys(model, path[:-1]), *(more_keys if len(path) == 1 else ())]
            told.append((path, f"no such key; {hint(str(path[-1]), keys)}"))
            meant = closest(str(path[-1]), keys)
            guessed |= {(*path[:-1], meant)} if meant else set()
        else:
            told.append((path, _text(model, error, path)))
    # A misspelt key is told once, where it is, and not a second time as the one that is missing.
    missing = {path for path in guessed if not _is_there(path, inner)}
    return [document.problem((*above, *path), text) for path, text in told if path not in missing]


def _is_there(path: Path_, value: Any) -> bool:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _text(model: type[BaseModel], error: ErrorDetails, path: Path_) -> str:
    kind, given = error["type"], error["input"]
    if kind == "missing":
        meant = closest(str(path[-1]), _strangers(model, path[:-1], given))
        if meant is not None:
            return f"is missing; is `{meant}` meant to be it?"
        said = _description(model, path)
        return f"is missing: {said}" if said else "is missing"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "literal_error":
        allowed = [word.strip().strip("'") for word in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        if not isinstance(given, str):
            return _wanted(allowed)
        return f"`{given}` is not known; {hint(given, allowed, alike=_ALIKE)}"
    if kind in _EXPECTED:
        if given is None:
            return f"is empty; it should be {_EXPECTED[kind]}"
        quote = "; put it in quotes" if kind == "string_type" and isinstance(given, (int, float, bool)) else ""
        return f"should be {_EXPECTED[kind]}{quote}"
    if kind in ("too_short", "string_too_short"):
        return "is empty; leave the key out, or put something in it"
    if kind == "string_pattern_mismatch":
        return f"should look like {error['ctx']['pattern']}"
    said = error["msg"].replace("Input should be", "should be")
    return said[0].lower() + said[1:]


def _wanted(allowed: list[str]) -> str:
    return f"should be {' or '.join(allowed)}"


def _path(location: Iterable[str | int], value: Any, keep_last: bool = False) -> Path_:
    """Where in the document an error is: pydantic's location less the names of union branches."""
    parts = list(location)
    path: list[str | int] = []
    for index, part in enumerate(parts):
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            value = value[part]
            path.append(part)
        elif keep_last and index == len(parts) - 1:
            path.append(part)
    return tuple(path)


def _without(value: Any, paths: Iterable[Path_], renamed: Mapping[Path_, str]) -> Any:
    drop = set(paths) - set(renamed)

    def copy(node: Any, path: Path_) -> Any:
        if isinstance(node, dict):
            return {
                renamed.get((*path, key), key): copy(item, (*path, key))
                for key, item in node.items()
                if (*path, key) not in drop
            }
        if isinstance(node, list):
            return [copy(item, (*path, index)) for index, item in enumerate(node)]
        return node

    return copy(value, ())


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Every pydantic model that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys as they are written in a file."""
    return [info.alias or name for name, info in model.model_fields.items()]


def _models_at(model: type[BaseModel], path: Path_) -> list[type[BaseModel]]:
    here = [model]
    for part in path:
        deeper = [
            inner
            for one in here
            for name, info in one.model_fields.items()
            if (info.alias or name) == part
            for inner in models_in(info.annotation)
        ]
        here = deeper or here
    return here


def _keys(model: type[BaseModel], path: Path_) -> list[str]:
    return [key for one in _models_at(model, path) for key in keys_of(one)]


def _strangers(model: type[BaseModel], path: Path_, given: Any) -> list[str]:
    known = set(_keys(model, path))
    return [key for key in given if key not in known] if isinstance(given, dict) else []


def _description(model: type[BaseModel], path: Path_) -> str:
    for one in _models_at(model, path[:-1]):
        for name, info in one.model_fields.items():
            if (info.alias or name) == path[-1] and info.description:
                return info.description.split(". ")[0].rstrip(".")
    return ""
