"""The destinations of a target: connectors found, settings' keys and values checked, secrets not yet resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from tidegate import registry
from tidegate.connector import Channel, Connector
from tidegate.errors import SpecError
from tidegate.spec.documents import Document, Path_, dotted
from tidegate.spec.findings import Findings
from tidegate.spec.nearest import hint
from tidegate.spec.objects import DestinationSpec
from tidegate.spec.settings_file import DestinationKeys, SettingsFile, TargetKeys
from tidegate.spec.validation import keys_of, translate

_UNRESOLVED = re.compile(r"\$\{|^\s*secret:")


@dataclass(frozen=True, slots=True)
class Destinations:
    """Those of one target, with their connectors' classes; `sandbox` when the sandbox stands in for them.

    `doubtful` are names whose connector could not be loaded: what uses them is not blamed for it.
    """

    target: str
    specs: Mapping[str, DestinationSpec]
    connectors: Mapping[str, type[Connector]]
    sandbox: bool
    doubtful: frozenset[str] = frozenset()

    def of_channel(self, channel: str) -> list[str]:
        """Names of the destinations that send on a channel."""
        return [
            name for name, kind in self.connectors.items() if self.channel(name) == channel and "send" in kind.modes
        ]

    def channel(self, name: str) -> Channel:
        """What a destination sends by."""
        return self.connectors[name].channel_of(self.specs[name].settings)


def choose_target(settings: SettingsFile, document: Document, asked: str | None, found: Findings) -> str | None:
    """The target asked for, else `dev`, else the only one: a run never goes to production because nobody said where."""
    names = list(settings.targets)
    if asked is not None:
        if asked in settings.targets:
            return asked
        found.add(document, ("targets",), f"no target `{asked}`; {hint(asked, names)}")
        return None
    if "dev" in settings.targets:
        return "dev"
    if len(names) == 1:
        return names[0]
    found.add(document, ("targets",), f"which of {', '.join(names)}? name one with --target, or call one `dev`")
    return None


def load(settings: SettingsFile, document: Document, target: str, root: Path, found: Findings) -> Destinations:
    """Checks the destinations of every target and returns those of `target`."""
    loaded = {name: _accounts(name, keys, document, root, found) for name, keys in settings.targets.items()}
    for name, keys in settings.targets.items():
        if keys.behave is not None and keys.destinations != "sandbox":
            found.add(document, ("targets", name, "behave"), "real people behave as they like; it is for the sandbox")
    if settings.targets[target].destinations != "sandbox":
        return loaded[target]
    specs: dict[str, DestinationSpec] = {}
    connectors: dict[str, type[Connector]] = {}
    doubtful: set[str] = set()
    for other in loaded.values():
        for name, spec in other.specs.items():
            known = specs.setdefault(name, spec)
            if known.connector != spec.connector:
                text = f"is `{known.connector}` on line {known.line}; the sandbox can stand in for one of them only"
                found.add(document, ("targets", other.target, "destinations", name, "connector"), text)
            if name in other.connectors:
                connectors.setdefault(name, other.connectors[name])
        doubtful |= other.doubtful
    return Destinations(target, specs, connectors, sandbox=True, doubtful=frozenset(doubtful))


def _accounts(target: str, keys: TargetKeys, document: Document, root: Path, found: Findings) -> Destinations:
    if keys.destinations == "sandbox":
        return Destinations(target, {}, {}, sandbox=True)
    specs: dict[str, DestinationSpec] = {}
    connectors: dict[str, type[Connector]] = {}
    doubtful: set[str] = set()
    for name, account in keys.destinations.items():
        path: Path_ = ("targets", target, "destinations", name)
        settings = dict(account.model_extra or {})
        specs[name] = DestinationSpec(
            name,
            account.connector,
            settings,
            account.per_second,
            account.concurrency,
            document.line(path),
            account.per_day,
            account.throttle,
            {key: document.line((*path, key)) for key in settings},
        )
        try:
            at = (*path, "connector")
            kind = registry.load(account.connector, root, file=document.file, line=document.line(at), key=dotted(at))
        except SpecError as fault:
            found.problems.extend(fault.problems)
            doubtful.add(name)
            continue
        connectors[name] = kind
        _check_settings(settings, kind, document, path, found)
    return Destinations(target, specs, connectors, sandbox=False, doubtful=frozenset(doubtful))


def _check_settings(
    settings: Mapping[str, Any], kind: type[Connector], document: Document, path: Path_, found: Findings
) -> None:
    """Keys, and those values that stand in the file; a value from the environment is checked when it is there."""
    literal_secrets = [key for key in _secret_keys(kind.Settings) if _is_literal(settings.get(key))]
    for key in literal_secrets:
        found.add(
            document, (*path, key), "a secret must not be in a file; write `${NAME}` and set it in the environment"
        )
    unresolved = {key for key, value in settings.items() if _holds_unresolved(value)}
    try:
        kind.Settings.model_validate(dict(settings))
    except ValidationError as fault:
        errors = [error for error in fault.errors(include_url=False) if not _may_resolve(error, unresolved)]
        more = keys_of(DestinationKeys)
        found.problems.extend(translate(errors, kind.Settings, document, above=path, more_keys=more))


def _may_resolve(error: ErrorDetails, unresolved: set[str]) -> bool:
    """Whether an error may be gone once the environment has given its values."""
    if error["type"] in ("extra_forbidden", "missing"):
        return False
    return error["loc"][0] in unresolved if error["loc"] else bool(unresolved)


def _secret_keys(settings: type[BaseModel]) -> Iterator[str]:
    for name, info in settings.model_fields.items():
        if any(issubclass(one, (SecretStr, SecretBytes)) for one in _types_in(info.annotation)):
            yield info.alias or name


def _types_in(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _types_in(part)


def _is_literal(value: Any) -> bool:
    return isinstance(value, (str, int)) and not _holds_unresolved(value)


def _holds_unresolved(value: Any) -> bool:
    if isinstance(value, str):
        return _UNRESOLVED.search(value) is not None
    if isinstance(value, dict):
        return any(_holds_unresolved(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_unresolved(item) for item in value)
    return False
