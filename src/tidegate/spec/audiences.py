"""From an audience's file to an `Audience`: everything that can be checked without the models' columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from sqlglot import exp

from tidegate.spec import expressions
from tidegate.spec.audience_file import AudienceFile, OnLeaveKeys, SendKeys, SyncKeys
from tidegate.spec.documents import Document, Path_, dotted
from tidegate.spec.findings import Findings
from tidegate.spec.guard_keys import GuardKeys, guard
from tidegate.spec.nearest import hint
from tidegate.spec.objects import Audience, OnLeave, Send, Sync
from tidegate.spec.sending import Sending
from tidegate.spec.surroundings import Surroundings
from tidegate.spec.validation import check
from tidegate.spec.written import Written

_ITEMS: Mapping[str, type[Written]] = {"sync": SyncKeys, "on_enter": SendKeys, "on_exit": SendKeys}
_ONLY_SEGMENT = ("sync", "on_enter", "on_exit")
_ONLY_MEMBERS = ("max_leave", "min_members", "leeway")
_ONLY_TRIGGER = ("if", "send", "by", "not_older_than")


def read(document: Document, around: Surroundings, found: Findings) -> Audience | None:
    """The audience, or None where its file is too broken; what is wrong goes to `found`."""
    checked = check(AudienceFile, document)
    found.problems.extend(checked.problems)
    written = checked.model or _sound_parts(document)
    if written is None:
        return None
    return _Reader(document, written, around, found, bool(checked.wrong) or checked.model is None).audience()


def _sound_parts(document: Document) -> AudienceFile | None:
    """The file without the items of its lists that are wrong: None stands in the place of each."""
    if not isinstance(document.value, dict):
        return None
    rest = check(AudienceFile, document, without=_ITEMS).model
    if rest is None:
        return None
    items = {
        key: tuple(check(kind, document, (key, at)).model for at in range(len(listed)))
        for key, kind in _ITEMS.items()
        if isinstance(listed := document.value.get(key), list)
    }
    return rest.model_copy(update=items)


class _Reader:
    def __init__(
        self, document: Document, written: AudienceFile, around: Surroundings, found: Findings, faulty: bool
    ) -> None:
        self.document = document
        self.written = written
        self.around = around
        self.found = found
        # With a misspelt key, a missing one is most likely the same mistake.
        self.faulty = faulty
        self.sending = Sending(document, around, found)

    def audience(self) -> Audience | None:
        written = self.written
        if not self._kind_is_clear():
            return None
        self._check_model("who", written.who)
        self._check_model("when", written.when)
        syncs = [self._sync(keys, ("sync", at)) for at, keys in enumerate(written.sync) if keys is not None]
        sync = tuple(filter(None, syncs))
        self._check_lists_differ(sync)
        return Audience(
            name=written.audience,
            file=self.document.file,
            who=written.who,
            when=written.when,
            condition=self._expression(written.if_, ("if",)) if written.if_ is not None else None,
            sync=sync,
            on_enter=self._sends("on_enter", written.on_enter),
            on_exit=self._sends("on_exit", written.on_exit),
            sends=self._trigger_sends(),
            not_older_than=written.not_older_than or timedelta(days=1),
            expires_after=written.expires_after or timedelta(hours=24),
            priority=written.priority,
            backfill=written.backfill,
            holdout=written.holdout,
            guard=guard(written.guard, self.around.guard),
            line=self.document.line(("who" if written.who else "when",)),
        )

    def _problem(self, path: Path_, text: str) -> None:
        self.found.add(self.document, path, text)

    def _kind_is_clear(self) -> bool:
        written = self.written
        if written.who and written.when:
            self._problem(("when",), "an audience has `who` (a segment) or `when` (a trigger), not both")
            return False
        if not written.who and not written.when:
            if not self.faulty:
                self._problem((), "says neither `who` (a segment) nor `when` (a trigger)")
            return False
        kind, others = ("who", _ONLY_TRIGGER) if written.who else ("when", _ONLY_SEGMENT)
        for key in others:
            if key in self.document.value:
                self._problem((key,), f"does not go with `{kind}`{_INSTEAD.get((kind, key), '')}")
        if written.when and written.guard:
            self._check_guard_of_trigger(written.guard)
        return True

    def _check_guard_of_trigger(self, written: GuardKeys) -> None:
        for key in _ONLY_MEMBERS:
            if key in written.model_fields_set:
                self._problem(("guard", key), "does not go with `when`: a trigger has no members")
        if written.max_enter is not None and written.max_enter.share is not None:
            self._problem(("guard", "max_enter"), "a trigger has no members to take a share of; write a number")

    def _check_model(self, key: str, model: str | None) -> None:
        if model is not None and model not in self.around.models:
            near = hint(model, self.around.models)
            near = near if near.startswith("did you") else "there is no such file under models/"
            self._problem((key,), f"no model `{model}`; {near}")

    def _expression(self, sql: str, path: Path_) -> exp.Expr | None:
        with self.found.gather():
            return expressions.parse(sql, self.document.file, self.document.line(path), dotted(path))
        return None

    def _expressions(self, written: Mapping[str, str], path: Path_) -> dict[str, exp.Expr]:
        trees = {name: self._expression(sql, (*path, name)) for name, sql in written.items()}
        return {name: tree for name, tree in trees.items() if tree is not None}

    def _trigger_sends(self) -> tuple[Send, ...]:
        written = self.written
        if written.when is None:
            return ()
        if written.send is None or written.by is None:
            for key, other in (("send", "by"), ("by", "send")):
                if key not in self.document.value and not self.faulty:
                    why = f"`{other}` is there" if other in self.document.value else "a trigger sends a message"
                    self._problem((key,), f"is missing; {why}")
            return ()
        return self._sends("", (SendKeys(send=written.send, by=written.by),))

    def _sends(self, key: str, written: tuple[SendKeys, ...]) -> tuple[Send, ...]:
        sends: list[Send] = []
        for at, keys in enumerate(written):
            if keys is None:
                continue
            path: Path_ = (key, at) if key else ()
            if any(send.message == keys.send for send in sends):
                self._problem((*path, "send"), f"`{keys.send}` is sent once already; it would be told twice")
            message = self.sending.message(keys.send, (*path, "send"))
            by = tuple(filter(None, (self.sending.by(word, message, (*path, "by")) for word in keys.by)))
            sends.append(Send(keys.send, tuple(dict.fromkeys(by)), self.document.line((*path, "send"))))
        return tuple(sends)

    def _sync(self, keys: SyncKeys, path: Path_) -> Sync | None:
        if (keys.list is None) == (keys.object is None):
            both = keys.list is not None
            if both or not self.faulty:
                text = "is there beside `list`; choose one" if both else "is missing; name a `list` or an `object`"
                self._problem((*path, "object" if both else "list"), text)
            return None
        mode: Literal["list", "object"] = "list" if keys.list is not None else "object"
        self.sending.destination(keys.to, mode, path, key=mode, identifiers=keys.match, write=keys.write or "upsert")
        on_leave, values = self._on_leave(keys, mode, path)
        if mode == "list":
            self._only_of_objects(keys, path)
        if mode == "list" and keys.set:
            self._problem((*path, "set"), "a list holds no fields; write `object` in place of `list`")
        name = keys.list or keys.object
        assert name is not None
        return Sync(
            to=keys.to,
            mode=mode,
            name=name,
            match=self._expressions(keys.match, (*path, "match")),
            set=self._expressions(keys.set, (*path, "set")),
            on_leave=on_leave,
            on_leave_set=values,
            write=keys.write or "upsert",
            overwrite_with_null=self._nulls(keys),
            on_delete=keys.on_delete,
            line=self.document.line(path),
        )

    def _only_of_objects(self, keys: SyncKeys, path: Path_) -> None:
        for name in ("write", "overwrite_with_null"):
            if getattr(keys, name) is not None:
                self._problem((*path, name), "goes with `object`: a list holds no fields; leave it out")

    def _nulls(self, keys: SyncKeys) -> bool:
        known = self.around.destinations
        if keys.overwrite_with_null is not None or known is None or keys.to not in known.connectors:
            return bool(keys.overwrite_with_null)
        return known.connectors[keys.to].overwrites_with_null

    def _on_leave(self, keys: SyncKeys, mode: str, path: Path_) -> tuple[OnLeave, dict[str, exp.Expr]]:
        if isinstance(keys.on_leave, OnLeaveKeys):
            if mode == "list":
                self._problem((*path, "on_leave"), "a list holds no fields to set; write remove or keep")
            return "set", self._expressions(keys.on_leave.set, (*path, "on_leave", "set"))
        return keys.on_leave or ("remove" if mode == "list" else "keep"), {}

    def _check_lists_differ(self, syncs: tuple[Sync, ...]) -> None:
        seen: set[tuple[str, str]] = set()
        for at, sync in enumerate(syncs):
            if (sync.to, sync.name) in seen:
                self._problem(("sync", at), f"`{sync.name}` of `{sync.to}` is synced above already")
            seen.add((sync.to, sync.name))


_INSTEAD = {
    ("who", "if"): "; put the condition in the segment's model",
    ("who", "send"): "; write it under `on_enter` or `on_exit`",
    ("who", "by"): "; write it under `on_enter` or `on_exit`, beside `send`",
    ("who", "not_older_than"): ", which has no occurrences that could be old",
    ("when", "sync"): ", because nobody stays in a trigger; sync a segment",
    ("when", "on_enter"): "; write `send` and `by`",
    ("when", "on_exit"): ", because nobody leaves a trigger",
}
