"""What a wait is for: the key `wait`, from its words to an `Until` and its outcomes."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlglot import exp

from tidegate.spec import moments, quantities
from tidegate.spec.documents import Path_
from tidegate.spec.journey_objects import Until
from tidegate.spec.journey_steps_file import WaitKeys
from tidegate.spec.journey_writing import Writing
from tidegate.spec.objects import Window

#: what no outcome can be called: keys of the step, and the turn of those whose time ran out
_TAKEN = ("id", "wait", "else", "timed_out")
_LISTENING = ("up_to", "since", "reset")
_NO_TIME = Until(duration=timedelta(0))


class Waits:
    """One wait, as written. What is wrong goes to the file's findings."""

    def __init__(self, written: timedelta | WaitKeys, path: Path_, writing: Writing) -> None:
        self.keys = WaitKeys() if isinstance(written, timedelta) else written
        self.duration = written if isinstance(written, timedelta) else None
        self.path = path
        self.writing = writing
        for_ = self.keys.for_
        self.listens = isinstance(for_, dict) or (for_ is not None and not quantities.is_duration(for_))

    def outcomes(self) -> dict[str, exp.Expr]:
        """What is waited for, by the name of the way that it leads to; empty where it is a time."""
        for_ = self.keys.for_
        if not self.listens or for_ is None:
            return {}
        path: Path_ = (*self.path, "for")
        if isinstance(for_, str):
            return {"then": self.writing.predicate(for_, path) or exp.false()}
        for name in for_:
            if name in _TAKEN:
                self._problem((*path, name), f"an outcome cannot be called `{name}`, which means something else here")
        return {name: self.writing.predicate(sql, (*path, name)) or exp.false() for name, sql in for_.items()}

    def since(self) -> Literal["step", "entry"]:
        return self.keys.since or "step"

    def reset(self) -> exp.Expr | None:
        if self.keys.reset is None:
            return None
        return self.writing.predicate(self.keys.reset, (*self.path, "reset"))

    def until(self) -> Until:
        """When it ends, whatever happens."""
        keys = self.keys
        if self.duration is not None:
            return Until(duration=self.duration)
        if (keys.for_ is None) == (keys.until is None):
            both = keys.until is not None
            text = "`for` is there as well; write two waits" if both else "says neither `for` nor `until`"
            tell = self._problem if both else self.writing.missing
            tell((*self.path, "until") if both else self.path, text)
            return _NO_TIME
        if self.listens:
            return self._limit()
        for key in _LISTENING:
            if getattr(keys, key) is not None:
                self._problem((*self.path, key), "goes with a wait for something that may happen, not for a time")
        if keys.until is not None:
            return self._moment(keys.until)
        self._only_of_until("past")
        return self._length(str(keys.for_))

    def _problem(self, path: Path_, text: str) -> None:
        self.writing.problem(path, text)

    def _limit(self) -> Until:
        for key in ("at", "past"):
            self._only_of_until(key)
        if self.keys.up_to is None:
            self.writing.missing(
                (*self.path, "up_to"), "is missing: this may never happen; say how long to wait, such as up_to: 2 days"
            )
            return _NO_TIME
        return Until(duration=self.keys.up_to)

    def _length(self, text: str) -> Until:
        try:
            length = quantities.duration(text)
        except ValueError as fault:
            self._problem((*self.path, "for"), str(fault))
            return _NO_TIME
        if self.keys.at is None:
            return Until(duration=length)
        days = moments.whole_days(length)
        if days is None:
            self._problem((*self.path, "for"), "goes with `at` in whole days only, such as `3 days`")
        return Until(days=days, at=self.keys.at)

    def _moment(self, written: tuple[str, ...]) -> Until:
        path: Path_ = (*self.path, "until")
        past = self.keys.past or "continue"
        if any(map(moments.is_slot, written)) or len(written) > 1:
            for key in ("at", "past"):
                self._only_of_until(key)
            return Until(slot=tuple(filter(None, (self._slot(one, path) for one in written))))
        (text,) = written
        if text.strip() == "best_time":
            for key in ("at", "past"):
                self._only_of_until(key)
            return Until(best_time=True)
        try:
            sql, offset = moments.moved(text)
        except ValueError as fault:
            self._problem(path, str(fault))
            return _NO_TIME
        return Until(moment=self.writing.predicate(sql, path), at=self.keys.at, offset=offset, past=past)

    def _slot(self, text: str, path: Path_) -> Window | None:
        try:
            return moments.slot(text)
        except ValueError as fault:
            self._problem(path, str(fault))
            return None

    def _only_of_until(self, key: str) -> None:
        if getattr(self.keys, key) is not None:
            goes = "whole days or a date" if key == "at" else "a date"
            self._problem((*self.path, key), f"goes with a wait for {goes}; leave it out")
