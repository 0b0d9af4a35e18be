"""A step, a way into a journey, a condition, in the words of the file that they came from."""

from __future__ import annotations

from datetime import time, timedelta

from sqlglot import exp

from tidegate.queries import DIALECT
from tidegate.spec.journey_objects import (
    ApproveStep,
    BranchStep,
    Change,
    EndStep,
    Entry,
    EventStep,
    ListMove,
    SendStep,
    SetStep,
    SplitStep,
    Step,
    SyncStep,
    Until,
    WaitStep,
    WebhookStep,
)
from tidegate.spec.objects import Window

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def kind(step: Step) -> str:
    """What sort of step it is: `send`, `wait`, `if`, `ways`, `split`, ..."""
    match step:
        case SendStep():
            return "send"
        case WaitStep():
            return "wait"
        case BranchStep():
            return "if" if len(step.ways) <= 2 else "ways"
        case SplitStep():
            return "split"
        case SyncStep():
            return "sync"
        case SetStep():
            return "set"
        case EventStep():
            return "event"
        case WebhookStep():
            return "webhook"
        case ApproveStep():
            return "approve"
        case EndStep():
            return "end"
        case _:
            return "step"


def does(step: Step) -> str:
    """What a step does, in a few words; `send nurture_intro by email`."""
    match step:
        case SendStep():
            return f"send {step.send.message} by {', '.join(step.send.by)}"
        case WaitStep():
            return wait(step)
        case BranchStep() if len(step.ways) <= 2:
            return f"if {condition(step.ways[0].when)}"
        case BranchStep():
            return "the first that is true of " + ", ".join(way.name for way in step.ways)
        case SplitStep():
            return "split " + ", ".join(f"{way.name} {_share(way.share)}" for way in step.ways)
        case SyncStep():
            return ", ".join(move(one) for one in step.moves)
        case SetStep():
            parts = [("set", list(step.traits)), ("tag", list(step.tags)), ("untag", list(step.untags))]
            return ", ".join(f"{verb} {', '.join(names)}" for verb, names in parts if names)
        case EventStep():
            return f"event {step.name}"
        case WebhookStep():
            return f"ask {step.send.message} by {', '.join(step.send.by)}, up to {span(step.up_to)}"
        case ApproveStep():
            return f"{step.question} (up to {span(step.up_to)})"
        case _:
            return kind(step)


def wait(step: WaitStep) -> str:
    """`wait 3 days, until 09:00`, `wait for opened('x'), up to 2 days`."""
    if not step.outcomes:
        return f"wait {until(step.until)}"
    heard = " or ".join(condition(way.when) for way in step.outcomes)
    limit = until(step.until)
    return f"wait for {heard}, {'up to ' if step.until.duration is not None else ''}{limit}"


def until(end: Until) -> str:
    """What ends a wait that does not listen."""
    at = f", at {clock(end.at)}" if end.at is not None else ""
    if end.best_time:
        return "until the person's best time"
    if end.slot:
        return "until " + " or ".join(window(one) for one in end.slot)
    if end.moment is not None:
        shift = f" {'-' if end.offset < timedelta() else '+'} {span(abs(end.offset))}" if end.offset else ""
        return f"until {condition(end.moment)}{shift}{at}"
    if end.days is not None:
        return f"{end.days} {'day' if end.days == 1 else 'days'}{at}"
    return span(end.duration) if end.duration is not None else ""


def entry(way_in: Entry) -> str:
    """How people come in: `enter new_leads`, `event cart_added`, `7 days before people.renews_on`."""
    about = f"{way_in.model}.{way_in.column}" if way_in.column else (way_in.model or way_in.name or "")
    match way_in.kind:
        case "change":
            return f"change of {about}{_change(way_in.change)}"
        case "date":
            yearly = "every year, " if way_in.yearly else ""
            at = f", at {clock(way_in.at)}" if way_in.at is not None else ""
            if not way_in.offset:
                return f"{yearly}on {about}{at}"
            side = "before" if way_in.offset < timedelta() else "after"
            return f"{yearly}{span(abs(way_in.offset))} {side} {about}{at}"
        case "schedule":
            return f"schedule {way_in.cron} for {way_in.model}"
        case "list":
            return f"list {way_in.file}"
        case "end":
            reasons = f" ({', '.join(way_in.reasons)})" if way_in.reasons else ""
            return f"end of {way_in.name}{reasons}"
        case _:
            return f"{way_in.kind} {about}"


def move(one: ListMove) -> str:
    """`add to VIPs at meta_ads`, `move from Leads to VIPs at meta_ads`."""
    if one.add and one.remove:
        return f"move from {one.remove} to {one.add} at {one.to}"
    return f"add to {one.add} at {one.to}" if one.add else f"remove from {one.remove} at {one.to}"


def condition(tree: exp.Expr | None) -> str:
    """A predicate or value as SQL, on one line, as it was written: without quotes that nothing needs."""
    if tree is None:
        return "else"
    plain = tree.copy()
    for name in plain.find_all(exp.Identifier):
        if name.this.isidentifier():
            name.set("quoted", False)
    return plain.sql(DIALECT, normalize_functions=False)


def span(length: timedelta) -> str:
    """A length of time: `2 days`, `1 hour 30 minutes`.

    >>> span(timedelta(hours=36))
    '1 day 12 hours'
    """
    seconds = int(length.total_seconds())
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def clock(moment: time) -> str:
    return moment.strftime("%H:%M")


def window(one: Window) -> str:
    """`09:00-20:00 on mon..fri`; a window that closes when it opens is that minute."""
    opens, closes = _minute(one.opens), _minute(one.closes)
    day = opens if one.opens == one.closes else f"{opens}-{closes}"
    return day if len(one.days) == 7 else f"{day} on {_days(sorted(one.days))}"


def _minute(minutes: int) -> str:
    return "24:00" if minutes == 1440 else f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _days(days: list[int]) -> str:
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{_DAYS[days[0] - 1]}..{_DAYS[days[-1] - 1]}"
    return ", ".join(_DAYS[day - 1] for day in days)


def _share(share: float) -> str:
    return f"{share * 100:.4g}%"


def _change(change: Change | None) -> str:
    if change is None:
        return ""
    before = f" from {condition(change.before)}" if change.before is not None else ""
    after = f" to {condition(change.after)}" if change.after is not None else ""
    by = f" by {change.by:+g}" if change.by is not None else ""
    return before + after + by
