"""Loads a project: all of its files, and all that is wrong with them at once. Needs no warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from tidegate.errors import Problem, SpecError
from tidegate.spec import audiences, destinations, gate_settings, journeys_folder, messages, models_folder, templating
from tidegate.spec.destinations import Destinations
from tidegate.spec.documents import Document, read_yaml
from tidegate.spec.findings import Findings
from tidegate.spec.gate_settings import GateSettings
from tidegate.spec.guard_keys import guard
from tidegate.spec.journey_moves import destinations_of
from tidegate.spec.nearest import closest, hint
from tidegate.spec.objects import Audience, Guard, Landing, MessageSpec, Project
from tidegate.spec.settings_file import SettingsFile
from tidegate.spec.surroundings import Surroundings
from tidegate.spec.validation import check
from tidegate.templates.filters import known_language

SETTINGS = "tidegate.yml"


@dataclass(frozen=True, slots=True)
class Read:
    """A project as far as it could be read, and what is wrong with it.

    `project` is None where tidegate.yml is too broken to go by. Audiences and journeys whose own file has a problem are
    left out.
    """

    project: Project | None
    problems: tuple[Problem, ...]


def load(root: Path, target: str | None = None) -> Project:
    """The project at `root` for one target: `dev` unless named, or the only one.

    Expressions are parsed, their columns not yet looked up: see `tidegate.spec.columns`. Secrets stay
    unresolved. Raises SpecError with every problem of every file.
    """
    found = read(root, target)
    if found.problems:
        raise SpecError(found.problems)
    assert found.project is not None
    return found.project


def read(root: Path, target: str | None = None) -> Read:
    """The same as far as it goes, for whoever looks for more that is wrong. Raises SpecError only without any file."""
    root = root.resolve()
    found = Findings()
    settings, document = _settings(root, found)
    models = models_folder.names(root)
    known = None
    chosen = None
    if settings is not None:
        _check_settings(settings, document, models, found)
        chosen = destinations.choose_target(settings, document, target, found)
        known = destinations.load(settings, document, chosen, root, found) if chosen is not None else None
    gate = gate_settings.read(settings, document, found)
    read_messages = messages.read_all(root, found)
    if settings is not None:
        found.problems.extend(templating.without_way_out(read_messages.by_name, settings.unsubscribe_url is not None))
    around = Surroundings(
        models,
        read_messages.by_name,
        read_messages.doubtful,
        known,
        guard(settings.guard, Guard()) if settings is not None else Guard(),
    )
    read_audiences = _audiences(root, around, found)
    read_journeys = journeys_folder.read_all(root, around, read_audiences, found)
    if settings is None or known is None:
        return Read(None, tuple(found.problems))
    broken = {problem.file for problem in found.problems}
    sound = {
        name: audience
        for name, audience in read_audiences.items()
        if audience.file not in broken and known.doubtful.isdisjoint(_destinations_of(audience))
    }
    walked = {
        name: journey
        for name, journey in read_journeys.items()
        if journey.file not in broken and known.doubtful.isdisjoint(destinations_of(journey))
    }
    project = _project(root, settings, document, known, gate, sound, read_messages.by_name)
    return Read(replace(project, journeys=walked), tuple(found.problems))


def _destinations_of(audience: Audience) -> set[str]:
    sends = (*audience.on_enter, *audience.on_exit, *audience.sends)
    return {sync.to for sync in audience.sync} | {name for send in sends for name in send.by}


def _project(
    root: Path,
    settings: SettingsFile,
    document: Document,
    known: Destinations,
    gate: GateSettings,
    read_audiences: Mapping[str, Audience],
    read_messages: Mapping[str, MessageSpec],
) -> Project:
    landings = tuple(
        Landing(keys.files, keys.into, keys.unique, document.line(("land", at)))
        for at, keys in enumerate(settings.land)
    )
    behave = settings.targets[known.target].behave
    return Project(
        root=root,
        name=settings.project,
        key=settings.key,
        people=settings.people,
        time_zone=settings.time_zone,
        target=known.target,
        sandbox=known.sandbox,
        clock=settings.targets[known.target].clock,
        consent=gate.consent,
        consent_since=gate.since,
        caps=gate.caps,
        quiet_hours=gate.quiet_hours,
        holdout=gate.holdout,
        landings=landings,
        destinations=known.specs,
        audiences=read_audiences,
        messages=read_messages,
        language=settings.language,
        unsubscribe_url=settings.unsubscribe_url,
        file=document.file,
        lines={str(key): document.line((key,)) for key in document.value},
        feedback=settings.feedback.files if settings.feedback is not None else (),
        consents=settings.consents.files if settings.consents is not None else (),
        behave=behave.model_dump(exclude_none=True) if behave is not None else {},
    )


def _settings(root: Path, found: Findings) -> tuple[SettingsFile | None, Document]:
    path = root / SETTINGS
    if not path.is_file():
        raise SpecError(Problem(SETTINGS, 0, "", f"is not in {root}; `tidegate init DIR` starts a project"))
    with found.gather():
        document = read_yaml(path, root)
        checked = check(SettingsFile, document)
        found.problems.extend(checked.problems)
        return checked.model, document
    return None, Document(SETTINGS, {})


def _check_settings(settings: SettingsFile, document: Document, models: frozenset[str], found: Findings) -> None:
    if settings.people not in models:
        near = hint(settings.people, models)
        near = near if near.startswith("did you") else "there is no such file under models/"
        found.add(document, ("people",), f"no model `{settings.people}`; {near}")
    if not _is_time_zone(settings.time_zone):
        zone = closest(settings.time_zone, available_timezones())
        fix = f"did you mean `{zone}`?" if zone else "write one as in `Europe/London`"
        found.add(document, ("time_zone",), f"no time zone `{settings.time_zone}`; {fix}")
    if not known_language(settings.language):
        found.add(
            document, ("language",), f"no language `{settings.language}`; write its code, such as `en` or `pt-BR`"
        )
    if settings.unsubscribe_url is not None:
        line = document.line(("unsubscribe_url",))
        template = templating.Template(settings.unsubscribe_url, document.file, line, "unsubscribe_url")
        found.problems.extend(templating.syntax(template))
        found.problems.extend(templating.without_entry(template))
    for at, keys in enumerate(settings.land):
        parts = keys.into.split(".")
        if len(parts) > 2 or not all(part.isidentifier() for part in parts):
            found.add(
                document, ("land", at, "into"), f"`{keys.into}` is not a table; write a name such as `raw.orders`"
            )
        if len(parts) == 2 and parts[0] == "tidegate":
            found.add(
                document, ("land", at, "into"), "the schema `tidegate` holds the engine's own state; choose another"
            )


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _audiences(root: Path, around: Surroundings, found: Findings) -> dict[str, Audience]:
    read: dict[str, Audience] = {}
    named: dict[str, Document] = {}
    lists: dict[tuple[str, str], tuple[str, Audience]] = {}
    folder = root / "audiences"
    for path in sorted((*folder.rglob("*.yml"), *folder.rglob("*.yaml"))):
        with found.gather():
            document = read_yaml(path, root)
            name = document.value.get("audience") if isinstance(document.value, dict) else None
            if isinstance(name, str) and name in named:
                found.add(document, ("audience",), f"`{name}` is in {named[name].file} already; choose another name")
            elif isinstance(name, str):
                named[name] = document
            audience = audiences.read(document, around, found)
            if audience is not None:
                read.setdefault(audience.name, audience)
                _check_owners(audience, document, lists, found)
    return read


def _check_owners(
    audience: Audience, document: Document, lists: dict[tuple[str, str], tuple[str, Audience]], found: Findings
) -> None:
    """A list may have several owners, but they must agree on what it is."""
    for at, sync in enumerate(audience.sync):
        mode, owner = lists.setdefault((sync.to, sync.name), (sync.mode, audience))
        if mode != sync.mode:
            text = f"`{sync.name}` of `{sync.to}` is a{'n object' if mode == 'object' else ' list'} in {owner.file}"
            found.add(document, ("sync", at, sync.mode), text)
            continue
        theirs = next((one for one in owner.sync if (one.to, one.name) == (sync.to, sync.name)), sync)
        for key in ("write", "overwrite_with_null", "on_leave", "on_leave_set", "on_delete"):
            if getattr(sync, key) != getattr(theirs, key):
                # One of them would have it against what the other's file says, up to taking people off.
                text = f"differs from {owner.file}, which keeps `{sync.name}` of `{sync.to}`, too; write the same"
                found.add(document, ("sync", at, key.removesuffix("_set")), text)
