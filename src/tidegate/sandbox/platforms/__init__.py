"""The platforms that the sandbox plays, one a file, found by the name of the connector that calls them."""

from __future__ import annotations

import importlib
import re
from functools import cache
from importlib.resources import files

from tidegate.sandbox.emulation import Emulation

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def names() -> tuple[str, ...]:
    """The connectors whose platform is played, sorted."""
    found = (file.name.removesuffix(".py") for file in files(__package__).iterdir() if file.name.endswith(".py"))
    return tuple(sorted(name for name in found if _NAME.fullmatch(name)))


@cache
def find(name: str) -> Emulation | None:
    """The platform that the connector `name` calls; imported when it is first asked for."""
    if name not in names():
        return None
    module = importlib.import_module(f"{__package__}.{name}")
    known = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Emulation)
        and kind.__module__ == module.__name__
        and getattr(kind, "connector", None) == name
    ]
    if len(known) != 1:
        raise TypeError(f"{module.__name__} must hold one Emulation whose connector is {name!r}; has {len(known)}")
    return known[0]()
