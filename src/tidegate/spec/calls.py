"""The functions that predicates know beside SQL's own, and what one call of them says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlglot import exp

from tidegate.spec import quantities
from tidegate.spec.nearest import hint

DIALECT = "duckdb"
Since = Literal["ever", "entry", "step"]
SINCE: tuple[Since, ...] = ("ever", "entry", "step")
#: what is asked of a message that a step sent
FATES = ("sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed", "replied")
#: functions whose answer is a text; the others' is true or false
TEXTS = ("trait", "answer")


@dataclass(frozen=True, slots=True)
class Call:
    """`about` is the first argument: a segment, event, step, channel, tag or trait. `more`: topic, or path.

    The rest is of `did`: `within` takes the place of the window of time that is asked about, `since` of its beginning.
    """

    name: str
    about: str
    more: str | None = None
    within: timedelta | None = None
    since: Since | None = None
    where: exp.Expr | None = None
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class _Form:
    """`takes` says what each argument is; those from `needed` on may be left out."""

    takes: tuple[str, ...]
    example: str
    needed: int = 1


_FORMS: Mapping[str, _Form] = {
    "in_segment": _Form(("a segment",), "in_segment('vip_customers')"),
    "did": _Form(("an event",), "did('order_completed')"),
    **{name: _Form(("a step",), f"{name}('welcome')") for name in FATES},
    "reachable": _Form(("a channel",), "reachable('sms')"),
    "consented": _Form(("a channel", "a topic"), "consented('email', 'offers')"),
    "has_tag": _Form(("a tag",), "has_tag('vip')"),
    "trait": _Form(("a trait",), "trait('offer')"),
    "answer": _Form(("a step", "a path"), "answer('score_lead', '$.score')", needed=2),
}
FUNCTIONS = frozenset(_FORMS)


def is_call(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in FUNCTIONS


def read(node: exp.Expr) -> tuple[Call, list[str]]:
    """What a call says, as far as it can be understood, and what is wrong with how it is written."""
    name = str(node.this).lower()
    form, faults = _FORMS[name], list[str]()
    plain = [one for one in node.expressions if not isinstance(one, (exp.Kwarg, exp.PropertyEQ))]
    named = [one for one in node.expressions if isinstance(one, (exp.Kwarg, exp.PropertyEQ))]
    if not form.needed <= len(plain) <= len(form.takes):
        by_name = "; the others have names, such as within => interval '7 days'" if name == "did" and plain else ""
        faults.append(f"{name}() takes {' and '.join(form.takes)}{by_name}; write {form.example}")
    texts = [_text(one) for one in plain[: len(form.takes)]]
    for what, given, text in zip(form.takes, plain, texts, strict=False):
        if text is None:
            faults.append(_not_a_text(name, form, what, given))
    path = texts[1] if name == "answer" and len(texts) > 1 else None
    if path is not None and not path.startswith("$"):
        faults.append(f"answer(): `{path}` is not a path into the answer; write one such as '$.score'")
    about = texts[0] if texts and texts[0] is not None else ""
    call = Call(name, about, texts[1] if len(texts) > 1 else None)
    return (_did(call, named, faults) if name == "did" else _unnamed(call, named, faults)), faults


def _not_a_text(name: str, form: _Form, what: str, given: exp.Expr) -> str:
    if isinstance(given, exp.Column) and len(given.parts) == 1:
        return f"{name}(): {what} is written in quotes: '{given.name}'"
    return f"{name}() takes {what} by its name, in quotes; write {form.example}"


def _text(node: exp.Expr) -> str | None:
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string and node.this else None


def _unnamed(call: Call, named: Sequence[exp.Expr], faults: list[str]) -> Call:
    faults.extend(f"{call.name}() has no `{_name(one)}`; only did() has arguments with names" for one in named)
    return call


def _name(node: exp.Expr) -> str:
    return str(node.this.name).lower()


def _did(call: Call, named: Sequence[exp.Expr], faults: list[str]) -> Call:
    readers: Mapping[str, Callable[[exp.Expr], object]] = {
        "within": _within,
        "since": _since,
        "where": _where,
        "at_least": _at_least,
    }
    given: dict[str, object] = {}
    for node in named:
        name = _name(node)
        if name not in readers:
            faults.append(f"did() has no `{name}`; {hint(name, readers)}")
        elif name in given:
            faults.append(f"did() has `{name}` twice; keep one")
        else:
            given[name] = None
            try:
                given[name] = readers[name](node.expression)
            except ValueError as fault:
                faults.append(f"did(): {name}: {fault}")
    if given.get("within") and given.get("since"):
        faults.append("did() has both `within` and `since`, which say from when on; keep one")
    return Call(
        call.name,
        call.about,
        None,
        given.get("within"),  # type: ignore[arg-type]
        given.get("since"),  # type: ignore[arg-type]
        given.get("where"),  # type: ignore[arg-type]
        given.get("at_least") or 1,  # type: ignore[arg-type]
    )


def _within(node: exp.Expr) -> timedelta:
    if isinstance(node, exp.Interval):
        inner, unit = node.this, node.args.get("unit")
        inner = inner.this if isinstance(inner, exp.Paren) else inner
        if isinstance(inner, exp.Literal):
            return quantities.duration(f"{inner.this} {unit.name.lower()}" if unit is not None else str(inner.this))
    text = _text(node)
    if text is not None:
        return quantities.duration(text)
    raise ValueError("write a length of time, such as interval '7 days'")


def _since(node: exp.Expr) -> Since:
    text = (_text(node) or node.name).lower()
    for one in SINCE:
        if text == one and isinstance(node, exp.Literal):
            return one
    raise ValueError("write 'ever', 'entry' or 'step'")


def _where(node: exp.Expr) -> exp.Expr:
    for one in node.find_all(exp.Anonymous):
        if is_call(one):
            raise ValueError(f"{str(one.this).lower()}() has no place in here; write it beside did(), with `and`")
    return node


def _at_least(node: exp.Expr) -> int:
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit() and int(node.this) > 0:
        return int(node.this)
    raise ValueError("write how many times: a whole number from 1")
