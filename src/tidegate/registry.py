"""Finds connectors by file: `connectors/NAME.py` in the project, else the one that ships with Tidegate.

A file holds one class derived from `tidegate.connector.Connector`; its name does not matter.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

from tidegate import starter
from tidegate.connector import Connector
from tidegate.errors import Problem, SpecError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_loaded: dict[Path, tuple[int, type[Connector]]] = {}


def names(root: Path) -> tuple[str, ...]:
    """Every connector that a project at `root` can use, its own and the shipped ones, sorted."""
    return tuple(
        sorted({path.stem for folder in _folders(root) for path in folder.glob("*.py") if _is_name(path.stem)})
    )


def find(name: str, root: Path) -> Path | None:
    """The file that `name` is loaded from; the project's own wins."""
    if not _is_name(name):
        return None
    return next((path for folder in _folders(root) if (path := folder / f"{name}.py").is_file()), None)


def load(
    name: str, root: Path, *, file: str = "tidegate.yml", line: int = 0, key: str = "connector"
) -> type[Connector]:
    """The connector class `name` of a project at `root`. `file`, `line` and `key` say where it is asked for.

    A file that changed is loaded anew. Raises SpecError: no such connector (with the nearest name), or a
    file that cannot be imported, holds no connector or several, or one that declares too little.
    """
    path = find(name, root)
    if path is None:
        raise SpecError(Problem(file, line, key, _no_such(name, root)))
    path = path.resolve()
    changed = path.stat().st_mtime_ns
    known = _loaded.get(path)
    if known is None or known[0] != changed:
        known = (changed, _connector_in(_import(path, root), path, root))
        _loaded[path] = known
    return known[1]


def _folders(root: Path) -> tuple[Path, ...]:
    return (root / "connectors", starter.folder() / "connectors")


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _no_such(name: str, root: Path) -> str:
    known = names(root)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
    return f"no connector `{name}`; {hint}"


def _shown(path: Path, root: Path) -> str:
    resolved = root.resolve()
    return path.relative_to(resolved).as_posix() if path.is_relative_to(resolved) else str(path)


def _import(path: Path, root: Path) -> ModuleType:
    # The path is part of the name so that two projects in one process never share a connector.
    private = f"_tidegate_connector_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(private, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module  # pydantic looks annotations up here
    try:
        spec.loader.exec_module(module)
    except SyntaxError as fault:
        del sys.modules[private]
        problem = Problem(_shown(path, root), fault.lineno or 0, "", f"not valid Python: {fault.msg}")
        raise SpecError(problem) from fault
    except Exception as fault:
        del sys.modules[private]
        lines = [frame.lineno for frame in traceback.extract_tb(fault.__traceback__) if frame.filename == str(path)]
        text = f"cannot be loaded: {type(fault).__name__}: {fault}".splitlines()[0]
        raise SpecError(Problem(_shown(path, root), (lines or [0])[-1] or 0, "", text)) from fault
    return module


def _connector_in(module: ModuleType, path: Path, root: Path) -> type[Connector]:
    shown = _shown(path, root)
    found = [
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Connector) and member.__module__ == module.__name__
    ]
    leaves = [one for one in found if not any(one is not other and issubclass(other, one) for other in found)]
    if len(leaves) != 1:
        has = ", ".join(one.__name__ for one in leaves) or "none"
        raise SpecError(
            Problem(shown, 0, "", f"must hold one class derived from tidegate.connector.Connector; has {has}")
        )
    missing = [name for name in ("channel", "modes") if not hasattr(leaves[0], name)]
    if missing:
        raise SpecError(Problem(shown, 0, leaves[0].__name__, f"does not say its {' and its '.join(missing)}"))
    return leaves[0]
