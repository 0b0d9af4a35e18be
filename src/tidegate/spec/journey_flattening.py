"""From the tree of steps as written to the flat graph that is walked: where each way out of a step leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypedDict

from sqlglot import exp

from tidegate.spec.documents import Path_, dotted
from tidegate.spec.journey_file import JourneyFile
from tidegate.spec.journey_moves import moves
from tidegate.spec.journey_objects import (
    ApproveStep,
    BranchStep,
    EndStep,
    EventStep,
    SendStep,
    SetStep,
    SplitStep,
    Step,
    SyncStep,
    WaitStep,
    Way,
    WebhookStep,
)
from tidegate.spec.journey_steps import Node
from tidegate.spec.journey_steps_file import (
    ApproveStepKeys,
    EventStepKeys,
    IfStepKeys,
    SendStepKeys,
    SetStepKeys,
    SplitStepKeys,
    SyncStepKeys,
    WaitStepKeys,
    WaysStepKeys,
    WebhookStepKeys,
)
from tidegate.spec.journey_waits import Waits
from tidegate.spec.journey_writing import Writing
from tidegate.spec.objects import Send

_EXPIRES_AFTER = timedelta(hours=24)
_ANSWERED_WITHIN = timedelta(hours=1)
_APPROVED_WITHIN = timedelta(days=3)
_WHOLE = 1e-9


class _Place(TypedDict):
    id: str
    path: str
    line: int
    next: str | None


class _Message(TypedDict):
    expires_after: timedelta
    priority: int


class Flattening:
    """Of one journey, whose steps have their ids."""

    def __init__(self, written: JourneyFile, writing: Writing) -> None:
        self.expires_after = written.expires_after or _EXPIRES_AFTER
        self.priority = written.priority
        self.writing = writing

    def flat(self, nodes: Sequence[Node], after: str | None = None) -> Iterator[Step]:
        """The steps as they are written, an order in which nobody goes back. `after` is what follows the last."""
        for at, node in enumerate(nodes):
            following = nodes[at + 1].id if at + 1 < len(nodes) else after
            yield self._step(node, following)
            for inside in node.paths.values():
                yield from self.flat(inside, following)

    def _step(self, node: Node, following: str | None) -> Step:
        place = _Place(id=node.id, path=dotted(node.path), line=self.writing.document.line(node.path), next=following)
        keys = node.keys
        if isinstance(keys, SendStepKeys):
            send = self._send(keys.send, keys.by, node.path, "send")
            return SendStep(send=send, **self._message(keys), **place)
        if isinstance(keys, WebhookStepKeys):
            return self._webhook(node, keys, place)
        if isinstance(keys, WaitStepKeys):
            return self._wait(node, keys, place)
        if isinstance(keys, IfStepKeys | WaysStepKeys):
            return self._branch(node, keys, place)
        if isinstance(keys, SplitStepKeys):
            return self._split(node, keys, place)
        if isinstance(keys, SyncStepKeys):
            return SyncStep(moves=moves(keys.sync, (*node.path, "sync"), self.writing), **place)
        if isinstance(keys, SetStepKeys):
            return self._set(node, keys, place)
        if isinstance(keys, EventStepKeys):
            properties = self.writing.values(keys.with_, (*node.path, "with"))
            return EventStep(name=keys.event, properties=properties, **place)
        if isinstance(keys, ApproveStepKeys):
            rejected = self._target(node, "else", None)
            return ApproveStep(question=keys.approve, up_to=keys.up_to or _APPROVED_WITHIN, rejected=rejected, **place)
        place["next"] = None
        return EndStep(**place)

    def _target(self, node: Node, way: str, following: str | None) -> str | None:
        inside = node.paths.get(way)
        return inside[0].id if inside else following

    def _message(self, keys: SendStepKeys | WebhookStepKeys) -> _Message:
        return _Message(
            expires_after=keys.expires_after or self.expires_after,
            priority=self.priority if keys.priority is None else keys.priority,
        )

    def _send(self, message: str, by: Sequence[str], path: Path_, key: str) -> Send:
        sending = self.writing.sending
        found = sending.message(message, (*path, key))
        names = (sending.by(word, found, (*path, "by")) for word in by)
        return Send(message, tuple(dict.fromkeys(filter(None, names))), self.writing.document.line((*path, key)))

    def _webhook(self, node: Node, keys: WebhookStepKeys, place: _Place) -> WebhookStep:
        send = self._send(keys.webhook, keys.by, node.path, "webhook")
        known = self.writing.around.destinations
        for name in send.by:
            if known is not None and known.channel(name) != "webhook":
                text = (
                    f"`{name}` sends by {known.channel(name)} and is given no answer; write `send`, or name a webhook"
                )
                self.writing.problem((*node.path, "by"), text)
        return WebhookStep(
            send=send,
            up_to=keys.up_to or _ANSWERED_WITHIN,
            failed=self._target(node, "else", place["next"]),
            **self._message(keys),
            **place,
        )

    def _wait(self, node: Node, keys: WaitStepKeys, place: _Place) -> WaitStep:
        waits = Waits(keys.wait, (*node.path, "wait"), self.writing)
        outcomes = tuple(
            Way(name, self._target(node, name, place["next"]), tree) for name, tree in waits.outcomes().items()
        )
        place["next"] = self._target(node, "else", place["next"])
        return WaitStep(until=waits.until(), outcomes=outcomes, since=waits.since(), reset=waits.reset(), **place)

    def _branch(self, node: Node, keys: IfStepKeys | WaysStepKeys, place: _Place) -> BranchStep:
        following = place["next"]
        if isinstance(keys, IfStepKeys):
            conditions = {"then": (keys.if_, (*node.path, "if"))}
            if not node.paths:
                self.writing.missing(node.path, "goes nowhere else either way; write `then`, `else` or both")
        else:
            conditions = {
                f"way_{at + 1}": (way.if_, (*node.path, "ways", at, "if")) for at, way in enumerate(keys.ways)
            }
        ways = [
            Way(name, self._target(node, name, following), self.writing.predicate(sql, path) or exp.false())
            for name, (sql, path) in conditions.items()
        ]
        place["next"] = None
        return BranchStep(ways=(*ways, Way("else", self._target(node, "else", following))), **place)

    def _split(self, node: Node, keys: SplitStepKeys, place: _Place) -> SplitStep:
        path: Path_ = (*node.path, "split")
        total = sum(keys.split.values())
        if len(keys.split) < 2:
            self.writing.missing(path, "has to have two arms at the least, such as {a: 50%, b: 50%}")
        elif abs(total - 1) > _WHOLE:
            self.writing.missing(path, f"adds up to {total:.4%}, not to 100%".replace(".0000%", "%"))
        for taken in {"id", "split"} & keys.split.keys():
            self.writing.problem((*path, taken), f"an arm cannot be called `{taken}`, which is a key of the step")
        following = place["next"]
        place["next"] = None
        ways = (Way(arm, self._target(node, arm, following), share=share) for arm, share in keys.split.items())
        return SplitStep(ways=tuple(ways), **place)

    def _set(self, node: Node, keys: SetStepKeys, place: _Place) -> SetStep:
        tags, untags = keys.tag or (), keys.untag or ()
        for tag in (tag for tag in untags if tag in tags):
            self.writing.problem(
                (*node.path, "untag"), f"`{tag}` is put on and taken off at once; write one of the two"
            )
        traits = self.writing.values(keys.set or {}, (*node.path, "set"))
        return SetStep(traits=traits, tags=tags, untags=untags, **place)


def leads_to(step: Step) -> list[tuple[str, str | None]]:
    """Every way out of a step: the turn, and the step it leads to; None is the end of the journey."""
    if isinstance(step, BranchStep | SplitStep):
        return [(way.name, way.target) for way in step.ways]
    if isinstance(step, WaitStep) and step.outcomes:
        return [*((way.name, way.target) for way in step.outcomes), ("timed_out", step.next)]
    if isinstance(step, WebhookStep):
        return [("answered", step.next), ("failed", step.failed)]
    if isinstance(step, ApproveStep):
        return [("approved", step.next), ("rejected", step.rejected)]
    return [("", step.next)]
