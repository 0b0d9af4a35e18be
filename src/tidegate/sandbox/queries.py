"""The store's SQL: `sql/TOPIC.sql`, several short queries a file, each after a line `-- name: ...`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def text(topic: str) -> str:
    """The file `sql/TOPIC.sql` as written."""
    return files(__package__).joinpath("sql", f"{topic}.sql").read_text(encoding="utf-8")


@cache
def _queries(topic: str) -> dict[str, str]:
    pieces = _NAME.split(text(topic))
    return {name: body.strip().rstrip(";") for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def query(topic: str, name: str) -> str:
    """The query called `name` in `sql/TOPIC.sql`.

    >>> query("store", "clock")
    'select at from clock'
    """
    return _queries(topic)[name]


def statements(topic: str) -> list[str]:
    """The statements of a file that is run as a whole."""
    bare = re.sub(r"--[^\n]*", "", text(topic))
    return [statement.strip() for statement in bare.split(";") if statement.strip()]
