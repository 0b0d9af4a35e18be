"""Journeys as trees of a few kinds of steps, for tests that make them up: as YAML, and for the reference to walk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

DAY = timedelta(days=1)


# --- predicates ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Did:
    name: str
    within: timedelta | None = None
    since: str | None = None  # entry, ever
    at_least: int = 1

    @property
    def sql(self) -> str:
        given = [f"'{self.name}'"]
        given += [f"within => interval '{minutes(self.within)}'"] if self.within else []
        given += [f"since => '{self.since}'"] if self.since else []
        given += [f"at_least => {self.at_least}"] if self.at_least > 1 else []
        return f"did({', '.join(given)})"


@dataclass(frozen=True)
class Fate:
    kind: str  # sent, opened, clicked
    step: str

    @property
    def sql(self) -> str:
        return f"{self.kind}('{self.step}')"


@dataclass(frozen=True)
class Tagged:
    name: str

    @property
    def sql(self) -> str:
        return f"has_tag('{self.name}')"


@dataclass(frozen=True)
class In:
    country: str

    @property
    def sql(self) -> str:
        return f"person.country = '{self.country}'"


@dataclass(frozen=True)
class Not:
    one: Predicate

    @property
    def sql(self) -> str:
        return f"not ({self.one.sql})"


@dataclass(frozen=True)
class And:
    left: Predicate
    right: Predicate

    @property
    def sql(self) -> str:
        return f"({self.left.sql} and {self.right.sql})"


@dataclass(frozen=True)
class Or:
    left: Predicate
    right: Predicate

    @property
    def sql(self) -> str:
        return f"({self.left.sql} or {self.right.sql})"


Predicate = Did | Fate | Tagged | In | Not | And | Or


def calls(tree: Predicate) -> Iterator[Predicate]:
    """What it is made of."""
    match tree:
        case Not():
            yield from calls(tree.one)
        case And() | Or():
            yield from calls(tree.left)
            yield from calls(tree.right)
        case _:
            yield tree


# --- steps --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Send:
    id: str
    expires_after: timedelta = DAY


@dataclass(frozen=True)
class Wait:
    id: str
    length: timedelta


@dataclass(frozen=True)
class Days:
    id: str
    days: int
    hour: int


@dataclass(frozen=True)
class Listen:
    """`else` in `paths` is for those whose time ran out; an outcome without a path goes on."""

    id: str
    outcomes: Mapping[str, Predicate]
    up_to: timedelta
    since: str = "step"
    reset: Predicate | None = None
    paths: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class If:
    """With one way it is `if`, called `then`; with several `ways`."""

    id: str
    ways: Mapping[str, tuple[Predicate, Path]]
    otherwise: Path = ()


@dataclass(frozen=True)
class Split:
    id: str
    shares: Mapping[str, int]
    paths: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Tag:
    id: str
    name: str
    on: bool = True


@dataclass(frozen=True)
class Emit:
    id: str
    name: str


@dataclass(frozen=True)
class End:
    id: str


Step = Send | Wait | Days | Listen | If | Split | Tag | Emit | End
Path = tuple[Step, ...]


@dataclass(frozen=True)
class Goal:
    when: Predicate
    within: timedelta | None = None
    leaves: bool = True


@dataclass(frozen=True)
class Journey:
    """`again` is never, every or per; people enter by occurrences of `orders`, whose key is `order_id`."""

    name: str
    steps: Path
    exits: tuple[Predicate, ...] = ()
    goal: Goal | None = None
    condition: Predicate | None = None
    again: str = "never"
    every: timedelta | None = None
    not_older_than: timedelta = DAY
    in_flight: str = "pin"
    redirects: Mapping[str, str] = field(default_factory=dict)

    @property
    def yaml(self) -> dict[str, Any]:
        enter: dict[str, Any] = {
            "on": "occur ref('orders')",
            "again": {"every": f"every {minutes(self.every)}", "per": "per order_id"}.get(self.again, "never"),
            "not_older_than": minutes(self.not_older_than),
        }
        if self.condition is not None:
            enter["if"] = self.condition.sql
        found: dict[str, Any] = {"journey": self.name, "enter": enter, "in_flight": self.in_flight}
        if self.redirects:
            found["redirects"] = dict(self.redirects)
        if self.exits:
            found["exit"] = [{"when": rule.sql} for rule in self.exits]
        if self.goal is not None:
            found["goal"] = {"when": self.goal.when.sql, "then": "exit" if self.goal.leaves else "continue"}
            if self.goal.within is not None:
                found["goal"]["within"] = minutes(self.goal.within)
        return {**found, "steps": [_yaml(step) for step in self.steps]}


def every_step(steps: Path) -> Iterator[Step]:
    for step in steps:
        yield step
        for inside in paths_of(step):
            yield from every_step(inside)


def paths_of(step: Step) -> list[Path]:
    match step:
        case Listen() | Split():
            return [*step.paths.values()]
        case If():
            return [*(path for _, path in step.ways.values()), step.otherwise]
        case _:
            return []


def minutes(length: timedelta | None) -> str:
    return f"{int((length or timedelta()).total_seconds() // 60)} minutes"


def _yaml(step: Step) -> dict[str, Any]:
    found = {"id": step.id, **_written(step)}
    return found


def _path(steps: Path) -> list[dict[str, Any]]:
    return [_yaml(step) for step in steps]


def _written(step: Step) -> dict[str, Any]:
    match step:
        case Send():
            return {"send": step.id, "by": "email", "expires_after": minutes(step.expires_after)}
        case Wait():
            return {"wait": minutes(step.length)}
        case Days():
            return {"wait": {"for": f"{step.days} days", "at": f"{step.hour:02}:00"}}
        case Listen():
            single = [*step.outcomes] == ["then"]
            heard = {name: tree.sql for name, tree in step.outcomes.items()}
            wait: dict[str, Any] = {
                "for": heard["then"] if single else heard,
                "up_to": minutes(step.up_to),
                "since": step.since,
            }
            if step.reset is not None:
                wait["reset"] = step.reset.sql
            return {"wait": wait, **{way: _path(path) for way, path in step.paths.items() if path}}
        case If():
            otherwise = {"else": _path(step.otherwise)} if step.otherwise else {}
            if [*step.ways] == ["then"]:
                tree, path = step.ways["then"]
                return {"if": tree.sql, **({"then": _path(path)} if path else {}), **otherwise}
            ways = [{"if": tree.sql, "then": _path(path)} for tree, path in step.ways.values()]
            return {"ways": ways, **otherwise}
        case Split():
            shares = {arm: f"{share}%" for arm, share in step.shares.items()}
            return {"split": shares, **{arm: _path(path) for arm, path in step.paths.items() if path}}
        case Tag():
            return {"tag" if step.on else "untag": step.name}
        case Emit():
            return {"event": step.name}
        case End():
            return {"end": None}
