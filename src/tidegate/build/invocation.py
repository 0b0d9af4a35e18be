"""dbt in this process. The one module that imports it, and only when something is built.

Parsing is what dbt spends its time on. So the parsed project is kept for as long as none of its files changes, and
on disk (dbt's partial parsing) for the next process.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.build.clock import VARIABLE
from tidegate.errors import SpecError
from tidegate.spec.documents import read_yaml

# dbt keeps flags, adapters and its connection in module globals.
_ONE_AT_A_TIME = threading.RLock()
_FOLDERS = {
    "model-paths": "models",
    "macro-paths": "macros",
    "seed-paths": "seeds",
    "snapshot-paths": "snapshots",
    "test-paths": "tests",
    "analysis-paths": "analyses",
    "packages-install-path": "dbt_packages",
}
_FILES = ("dbt_project.yml", "packages.yml", "dependencies.yml", "package-lock.yml", "selectors.yml", "vars.yml")


@dataclass(frozen=True, slots=True)
class Invocation:
    """Where dbt works: the project, and a folder for the derived profile and what it parsed."""

    root: Path
    target: str
    folder: Path

    def arguments(self) -> list[str]:
        return [
            *("--project-dir", str(self.root), "--profiles-dir", str(self.folder), "--target", self.target),
            *("--target-path", str(self.folder / "target"), "--log-path", str(self.folder)),
            # No log: what went wrong is in the results, and formatting what nobody reads costs a tenth of a build.
            *("--quiet", "--no-print", "--no-use-colors", "--log-level", "none", "--log-level-file", "none"),
            *("--no-version-check", "--no-send-anonymous-usage-stats", "--no-write-json"),
            # A yml about a model that is not there: its contracts would guard nothing, and nobody would know.
            *("--warn-error-options", '{"error": ["NoNodeForYamlKey"]}'),
        ]


@dataclass(frozen=True, slots=True)
class _Parsed:
    fingerprint: object
    manifest: Any


_parsed: dict[Invocation, _Parsed] = {}


def parse(invocation: Invocation) -> Any:
    """dbt's manifest of the project. Raises dbt's own exception for what it cannot parse."""
    with _quiet(), _ONE_AT_A_TIME:
        seen = _fingerprint(invocation)
        known = _parsed.get(invocation)
        if known is not None and known.fingerprint == (seen, _environment(known.manifest)):
            _forget_compiled(known.manifest)
            return known.manifest
        _parsed.pop(invocation, None)
        answer = _invoke(["parse", *invocation.arguments()], None)
        if answer.exception is not None:
            raise answer.exception
        manifest = answer.result
        _parsed[invocation] = _Parsed((seen, _environment(manifest)), manifest)
        return manifest


def run(
    invocation: Invocation, manifest: Any, clock: str, *, select: Sequence[str] = (), empty: bool = False
) -> list[Any]:
    """Build the models (and seeds and snapshots, where there are any), without their tests.

    `select` names models; what they stand on is built with them. Returns dbt's results; raises dbt's own exception
    when it could not begin. The warehouse's file is released at the end, whatever happened.
    """
    arguments = ["run"]
    if any(node.resource_type in ("seed", "snapshot") for node in manifest.nodes.values()):
        arguments = ["build", "--resource-type", "model", "--resource-type", "seed", "--resource-type", "snapshot"]
    arguments += invocation.arguments()
    if select:
        arguments += ["--select", *(f"+{name}" for name in select)]
    if empty:
        arguments.append("--empty")
    with _quiet(), _ONE_AT_A_TIME, _clock(clock):
        answer = _invoke(arguments, manifest)
    if answer.result is None and answer.exception is not None:
        raise answer.exception
    return list(answer.result or [])


def _invoke(arguments: list[str], manifest: Any) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folder = Path.cwd()
    try:
        return dbtRunner(manifest=manifest).invoke(arguments)
    finally:
        os.chdir(folder)  # dbt moves into the project
        manager: Any = DuckDBConnectionManager
        environment = manager._ENV
        manager.close_all_connections()
        if environment is not None:
            # Without this the file stays locked until Python collects the object.
            environment.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """dbt's own use of deprecated modules is nothing that a user could mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _clock(clock: str) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = clock
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _fingerprint(invocation: Invocation) -> object:
    """Every file that dbt may read while it parses, with its size and time."""
    root = invocation.root
    try:
        said = read_yaml(root / "dbt_project.yml", root).value
    except SpecError:
        said = None  # dbt says what is wrong with it
    said = said if isinstance(said, dict) else {}
    files = [root / name for name in _FILES] + [invocation.folder / "profiles.yml"]
    for key, default in _FOLDERS.items():
        folders = said.get(key, default)
        for folder in folders if isinstance(folders, list) else [folders]:
            for place, _, names in os.walk(root / str(folder)):
                files.extend(Path(place, name) for name in names)
    found = []
    for path in files:
        try:
            facts = path.stat()
        except OSError:
            continue
        found.append((str(path), facts.st_size, facts.st_mtime_ns))
    return tuple(sorted(found))


def _environment(manifest: Any) -> object:
    """What the project read from the environment while it was parsed. The clock is read later, each time."""
    return tuple((name, os.environ.get(name)) for name in sorted(manifest.env_vars) if name != VARIABLE)


def _forget_compiled(manifest: Any) -> None:
    """A manifest remembers what an earlier run compiled, and would not put ephemeral models in a second time."""
    for node in manifest.nodes.values():
        if getattr(node, "compiled", False):
            node.compiled = False
            node.compiled_code = None
            node.extra_ctes_injected = False
            node.extra_ctes = []
            node._pre_injected_sql = None
