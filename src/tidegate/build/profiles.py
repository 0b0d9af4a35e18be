"""dbt's profiles.yml: where the warehouse is named, once, for dbt and for Tidegate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from ruamel.yaml import YAML

from tidegate.errors import Problem, SpecError
from tidegate.spec.documents import Document, Path_, read_yaml
from tidegate.spec.nearest import hint


@dataclass(frozen=True, slots=True)
class Output:
    """One output of the project's profile, as written: what is Jinja in it is not rendered."""

    profile: str
    target: str
    settings: Mapping[str, Any]
    document: Document

    @property
    def at(self) -> Path_:
        return (self.profile, "outputs", self.target)

    @property
    def schema(self) -> str:
        return str(self.rendered("schema", "main"))

    def path(self, root: Path) -> Path:
        """The DuckDB file; see `warehouse_path`."""
        kind = self.settings.get("type")
        if kind != "duckdb":
            text = f"`{kind}` is not supported yet; the warehouse is a DuckDB file (type: duckdb)"
            raise SpecError(self.document.problem((*self.at, "type"), text))
        path = self.rendered("path")
        if not path or path == ":memory:" or "://" in path or path.startswith("md:"):
            text = "must name a file, such as `.tidegate/dev/warehouse.duckdb`: runs remember what was sent in it"
            raise SpecError(self.document.problem((*self.at, "path"), text))
        return (root / Path(path).expanduser()).absolute()

    def rendered(self, key: str, default: str | None = None) -> str | None:
        """The value of a key with its `env_var()` resolved. Raises SpecError when a variable is not set."""
        value = self.settings.get(key, default)
        if not isinstance(value, str):
            return default
        environment = SandboxedEnvironment(undefined=StrictUndefined)
        try:
            return environment.from_string(value).render(env_var=_env_var)
        except (TemplateError, _Unset) as fault:
            raise SpecError(self.document.problem((*self.at, key), str(fault))) from None


class _Unset(Exception):
    pass


def _env_var(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise _Unset(f"the environment has no {name}; set it, or give a default: env_var('{name}', '...')")
    return value


def targets(root: Path) -> list[str]:
    """The outputs of the project's profile, in their order. Raises SpecError when there are none."""
    profile, document = _profile(root)
    return list(document.value[profile]["outputs"])


def warehouse_path(root: Path, target: str) -> Path:
    """The DuckDB file of a target, absolute; a relative path is meant from the project's folder.

    Raises SpecError when the profile or the target is missing or names no DuckDB file.
    """
    return output(root, target).path(root)


def output(root: Path, target: str) -> Output:
    """The output of a target. Raises SpecError when it is not there."""
    profile, document = _profile(root)
    outputs = document.value[profile]["outputs"]
    if target not in outputs:
        text = f"no output `{target}`; {hint(target, outputs)}"
        raise SpecError(document.problem((profile, "outputs"), text))
    settings = outputs[target]
    if not isinstance(settings, dict):
        raise SpecError(
            document.problem((profile, "outputs", target), "should be keys with values, such as `type: duckdb`")
        )
    return Output(profile, target, settings, document)


def derive(found: Output, folder: Path, path: Path, schema: str) -> None:
    """Write a profiles.yml with only this output, its file absolute and its schema the one given.

    The other keys stay as written, so that what comes from the environment is not put into a file.
    """
    settings = {**found.settings, "path": str(path), "schema": schema}
    text = {found.profile: {"target": found.target, "outputs": {found.target: settings}}}
    stream = StringIO()
    YAML(typ="safe").dump(text, stream)
    written = folder / "profiles.yml"
    if not written.is_file() or written.read_text(encoding="utf-8") != stream.getvalue():
        folder.mkdir(parents=True, exist_ok=True)
        written.write_text(stream.getvalue(), encoding="utf-8")


def _profile(root: Path) -> tuple[str, Document]:
    project = root / "dbt_project.yml"
    if not project.is_file():
        raise SpecError(Problem("dbt_project.yml", 0, "", "is missing; `tidegate init` makes a project that has one"))
    said = read_yaml(project, root)
    name = said.value.get("profile") if isinstance(said.value, dict) else None
    if not isinstance(name, str):
        raise SpecError(said.problem(("profile",), "is missing: the profile in profiles.yml that names the warehouse"))
    looked = [root, *([Path(named)] if (named := os.environ.get("DBT_PROFILES_DIR")) else []), Path.home() / ".dbt"]
    path = next((folder / "profiles.yml" for folder in looked if (folder / "profiles.yml").is_file()), None)
    if path is None:
        where = ", ".join(str(folder) for folder in looked)
        raise SpecError(Problem("profiles.yml", 0, "", f"is missing: it names the warehouse; looked in {where}"))
    document = read_yaml(path, root)
    profiles = document.value if isinstance(document.value, dict) else {}
    if name not in profiles:
        raise SpecError(
            document.problem((), f"no profile `{name}`, which dbt_project.yml names; {hint(name, profiles)}")
        )
    outputs = profiles[name].get("outputs") if isinstance(profiles[name], dict) else None
    if not isinstance(outputs, dict) or not outputs:
        raise SpecError(document.problem((name, "outputs"), "there are none; name a warehouse for each target"))
    return name, document
