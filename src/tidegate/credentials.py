"""Settings with their secrets filled in: `${NAME}` from the environment, `secret:name` from a Prefect block."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tidegate.connector import Connector, ConnectorSettings
from tidegate.errors import Problem, SpecError
from tidegate.mask import mask
from tidegate.spec.objects import DestinationSpec

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLOCK = "secret:"


def resolve(
    spec: DestinationSpec,
    connector: type[Connector],
    environ: Mapping[str, str],
    *,
    root: Path | None = None,
    file: str = "tidegate.yml",
) -> ConnectorSettings:
    """The validated settings of a destination, for `connector(settings)`.

    `environ` is looked in for `${NAME}`, which may stand within a longer text; `secret:name` is a whole value
    and names a Prefect Secret block. Paths in the settings are relative to `root`. Raises SpecError with
    everything that is missing or wrong; no value is ever part of its text.
    """
    problems: list[Problem] = []
    filled = {
        key: _fill(value, key, lambda at, text: problems.append(_problem(spec, file, at, text)), environ)
        for key, value in spec.settings.items()
    }
    if problems:
        raise SpecError(problems)
    try:
        settings = connector.Settings.model_validate(filled)
    except ValidationError as fault:
        secrets = [text for text in _texts(filled) if text not in set(_texts(dict(spec.settings)))]
        raise SpecError(
            _problem(
                spec, file, ".".join(map(str, error["loc"])), mask(_sentence(error["type"], error["msg"]), secrets)
            )
            for error in fault.errors(include_url=False, include_context=False, include_input=False)
        ) from None
    return settings if root is None else _rooted(settings, root)


def _problem(spec: DestinationSpec, file: str, key: str, text: str) -> Problem:
    line = spec.lines.get(key.split(".")[0], spec.line)
    return Problem(file, line, f"destinations.{spec.name}.{key}" if key else f"destinations.{spec.name}", text)


def _fill(value: Any, key: str, complain: Callable[[str, str], None], environ: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _fill(item, f"{key}.{name}", complain, environ) for name, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, f"{key}.{index}", complain, environ) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if value.strip().startswith(_BLOCK):
        return _from_block(value.strip()[len(_BLOCK) :].strip(), key, complain)

    def variable(match: re.Match[str]) -> str:
        name = match.group(1)
        if not _NAME.fullmatch(name):
            complain(key, f"`${{{name}}}` does not name an environment variable")
        elif not environ.get(name):
            state = "is empty" if name in environ else "is not set"
            complain(key, f"the environment variable {name} {state}; set it with `export {name}=...`")
        return environ.get(name, "")

    return _VARIABLE.sub(variable, value)


def _from_block(name: str, key: str, complain: Callable[[str, str], None]) -> str:
    if not name:
        complain(key, "`secret:` needs the name of a Prefect Secret block after it")
        return ""
    try:
        # In a thread of its own, since inside a running event loop Prefect would hand back a coroutine.
        with ThreadPoolExecutor(1) as thread:
            return str(thread.submit(_load_block, name).result())
    except ImportError:
        complain(key, f"`secret:{name}` needs Prefect; install it with `pip install 'tidegate[prefect]'`")
    except ValueError:
        where = "in the Prefect UI under Blocks, or with `Secret(value=...).save(...)`"
        complain(key, f"there is no Prefect Secret block `{name}`; create it {where}")
    except Exception as fault:
        complain(key, f"the Prefect Secret block `{name}` cannot be read: {type(fault).__name__}")
    return ""


def _load_block(name: str) -> Any:
    from prefect.blocks.system import Secret

    block: Any = Secret.load(name)
    return block.get()


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "no such setting of this connector"
    return message[:1].lower() + message[1:]


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def _rooted(settings: ConnectorSettings, root: Path) -> ConnectorSettings:
    found = {name: value for name, value in settings if isinstance(value, Path) and not value.is_absolute()}
    return settings.model_copy(update={name: root / path for name, path in found.items()}) if found else settings
