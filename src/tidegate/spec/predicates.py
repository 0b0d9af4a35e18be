"""Predicates: SQL over `person` and `entry` plus functions about what people did and what they are.

The functions stay in the tree as they are written: see `tidegate.spec.calls` for what one says, docs/predicates.md for
what each means, and `tidegate.journeys.predicates` for how they become joins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from sqlglot import exp

from tidegate.channels import CHANNELS
from tidegate.connector import Channel
from tidegate.errors import Problem, SpecError
from tidegate.spec import expressions
from tidegate.spec.binding import Binder
from tidegate.spec.calls import FATES, FUNCTIONS, TEXTS, Call, is_call, read
from tidegate.spec.expressions import place
from tidegate.spec.nearest import closest, hint, several

EVENTS = "events"
"""The model that did() reads."""
_OF_EVENTS = ("name", "occurred_at")
#: steps by which a message goes whose fate can be asked about
_SENDING = ("send", "webhook")


@dataclass(frozen=True, slots=True)
class Around:
    """What a predicate can speak of, where it stands.

    `steps`: the kind (`send`, `webhook`, `wait`, ...) of every step that people may have taken before, by its id;
    `later` are the ids of the others. `models` are the models' columns by name; None: not known yet, so that nothing
    is said of them. `waits`: whether this is what a wait is for, counted from its step.
    """

    steps: Mapping[str, str] = field(default_factory=dict)
    later: Collection[str] = ()
    models: Mapping[str, Mapping[str, Any]] | None = None
    people: str = "people"
    key: str = ""
    topics: Collection[str] | None = None
    waits: bool = False


def parse(text: str, file: str, line: int, key: str) -> exp.Expr:
    """A predicate, or a value, as written. Raises SpecError with everything wrong in how its functions are called."""
    tree = expressions.parse(text, file, line, key, besides=FUNCTIONS)
    faults = [fault for node in _outermost(tree) for fault in read(node)[1]]
    if faults:
        raise SpecError(Problem(file, line, key, fault) for fault in faults)
    return tree


def calls(tree: exp.Expr) -> tuple[Call, ...]:
    """The calls of a tree that `parse` accepted, in the order in which they are written."""
    return tuple(read(node)[0] for node in _outermost(tree))


def steps_named(tree: exp.Expr) -> frozenset[str]:
    """The steps whose messages or answers the tree asks about."""
    return frozenset(call.about for call in calls(tree) if call.name in FATES or call.name == "answer")


def events_named(tree: exp.Expr) -> frozenset[str]:
    return frozenset(call.about for call in calls(tree) if call.name == "did")


def _outermost(tree: exp.Expr) -> list[exp.Expr]:
    """The nodes that are calls. None lies within another: see `calls.read`."""
    return [node for node in tree.dfs() if is_call(node)]


def qualify(
    tree: exp.Expr, scopes: Mapping[str, Mapping[str, Any]], models: Mapping[str, str] | None = None
) -> exp.Expr:
    """A copy in which every column is `entry.x` or `person.x`, and `event.x` too inside of `where`.

    `scopes` and `models` as for `expressions.qualify`; the scope `event` is that of `where` alone, and its bare columns
    are looked for there first. Raises SpecError with every column that is in none.
    """
    file, line, key = place(tree)
    outside = {name: columns for name, columns in scopes.items() if name != "event"}
    inside = {"event": scopes["event"], **outside} if "event" in scopes else outside
    whole = tree.copy()
    wheres, problems = list[exp.Expr](), list[Problem]()
    for node in _outermost(whole):
        for argument in node.expressions:
            if isinstance(argument, (exp.Kwarg, exp.PropertyEQ)) and argument.this.name.lower() == "where":
                where = argument.expression
                where.meta.update(tree.meta)
                try:
                    wheres.append(expressions.qualify(where, inside, models))
                except SpecError as fault:
                    problems.extend(_properties_hint(one, scopes) for one in fault.problems)
                    wheres.append(where)
                where.replace(exp.Placeholder())
    try:
        qualified = expressions.qualify(whole, outside, models)
    except SpecError as fault:
        problems.extend(fault.problems)
        qualified = whole
    if problems:
        raise SpecError(Problem(file, line, key, problem.text) for problem in problems)
    for placeholder, where in zip(list(_wheres(qualified)), wheres, strict=True):
        placeholder.replace(where)
    return qualified


def _wheres(tree: exp.Expr) -> Iterator[exp.Expr]:
    for node in _outermost(tree):
        for argument in node.expressions:
            if isinstance(argument, (exp.Kwarg, exp.PropertyEQ)) and argument.this.name.lower() == "where":
                yield argument.expression


def _properties_hint(problem: Problem, scopes: Mapping[str, Mapping[str, Any]]) -> Problem:
    if "properties" not in scopes.get("event", {}) or not problem.text.startswith("no column"):
        return problem
    text = f"{problem.text}; what is inside of properties is written event.properties->>'name'"
    return Problem(problem.file, problem.line, problem.key, text)


def check(tree: exp.Expr, around: Around) -> list[Problem]:
    """What the functions in a tree ask of that is not there."""
    file, line, key = place(tree)
    return [Problem(file, line, key, text) for call in calls(tree) for text in _unknown(call, around)]


def unbound(
    tree: exp.Expr,
    scopes: Mapping[str, Mapping[str, str]],
    binder: Binder,
    *,
    condition: bool = True,
    moment: bool = False,
) -> list[Problem]:
    """What the engine does not understand of a qualified tree. `scopes` as for `qualify`, with the columns' types."""
    file, line, key = place(tree)
    outside = {name: columns for name, columns in scopes.items() if name != "event"}
    whole = exp.Paren(this=tree.copy())
    faults = []
    for node in _outermost(whole):
        call = read(node)[0]
        if call.where is not None:
            inside = {**outside, **({"event": scopes["event"]} if "event" in scopes else {})}
            fault = binder.fault(call.where, inside, condition=True)
            faults.append(f"did(): where: {fault}" if fault else None)
        node.replace(exp.cast(exp.null(), "varchar" if call.name in TEXTS else "boolean"))
    faults.append(binder.fault(whole, outside, condition=condition, moment=moment))
    return [Problem(file, line, key, fault) for fault in faults if fault]


def _unknown(call: Call, around: Around) -> Iterator[str]:
    if call.name in FATES or call.name == "answer":
        yield from _step(call, around)
    elif call.name == "in_segment":
        yield from _segment(call, around)
    elif call.name == "did":
        yield from _event(call, around)
    elif call.name in ("reachable", "consented"):
        yield from _channel(call, around)


def _step(call: Call, around: Around) -> Iterator[str]:
    kind, step = around.steps.get(call.about), call.about
    written = f"{call.name}('{step}')"
    wanted = ("webhook",) if call.name == "answer" else _SENDING
    if kind is not None and kind not in wanted:
        has = "is given no answer" if call.name == "answer" else "sends no message"
        yield f"{written}: `{step}` ({kind}) {has}; {hint(step, _of_kinds(around, wanted))}"
    elif kind == "webhook" and call.name not in ("sent", "answer"):
        yield f"{written}: nothing is reported of a webhook but that it went; write sent('{step}') or answer(...)"
    elif kind is None:
        where = "nobody has taken a step here yet" if not around.steps else f"no step `{step}` before this one"
        if step in around.later:
            yield f"{written}: {where}: `{step}` comes later"
        elif not around.steps:
            near = closest(step, around.later)
            yield f"{written}: {where}{f' (`{near}` comes later)' if near else ''}"
        else:
            near = closest(step, [*around.steps, *around.later])
            fix = f"`{near}` comes later" if near in around.later else hint(step, _of_kinds(around, wanted))
            yield f"{written}: {where}; {fix}"


def _of_kinds(around: Around, wanted: Collection[str]) -> list[str]:
    return [name for name, kind in around.steps.items() if kind in wanted]


def _segment(call: Call, around: Around) -> Iterator[str]:
    if around.models is None:
        return
    columns = around.models.get(call.about)
    if columns is None:
        fitting = [name for name, one in around.models.items() if around.key in one and name != EVENTS]
        yield f"in_segment('{call.about}'): no model `{call.about}`; {hint(call.about, fitting)}"
    elif around.key and around.key not in columns:
        yield f"in_segment('{call.about}'): no column `{around.key}` in it, the project's key"


def _event(call: Call, around: Around) -> Iterator[str]:
    if call.since == "step" and not around.waits:
        yield "did(): since: 'step' is from when a wait began; here write 'entry' or 'ever', or leave it out"
    if around.models is None:
        return
    columns = around.models.get(EVENTS)
    if columns is None:
        yield f"did() reads the model `{EVENTS}`, and there is none: one row an event, see docs/predicates.md"
        return
    for needed in (*((around.key,) if around.key else ()), *_OF_EVENTS):
        if needed not in columns:
            yield f"did(): no column `{needed}` in {EVENTS}; {several(needed, columns)}"


def _channel(call: Call, around: Around) -> Iterator[str]:
    channels = get_args(Channel)
    if call.about not in channels:
        yield f"{call.name}('{call.about}'): no channel `{call.about}`; {hint(call.about, channels)}"
        return
    spec = CHANNELS.get(call.about)
    people = around.models.get(around.people) if around.models is not None else None
    address = spec.address if spec is not None else ""
    if call.name == "reachable" and address and people is not None and address not in people:
        text = f"no column `{address}` in {around.people}, where the address for {call.about} should be"
        yield f"reachable('{call.about}'): {text}; {several(address, people)}"
    if call.more is not None and around.topics is not None and call.more not in around.topics:
        written = f"consented('{call.about}', '{call.more}')"
        yield f"{written}: no message has the topic `{call.more}`; {hint(call.more, around.topics)}"
