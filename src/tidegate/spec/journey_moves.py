"""Lists that a journey puts people on or takes them off: `sync` in a step, and in `on_complete`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidegate.spec.documents import Path_
from tidegate.spec.journey_objects import Journey, ListMove, SendStep, SyncStep, WebhookStep
from tidegate.spec.journey_steps_file import MoveKeys
from tidegate.spec.journey_writing import Writing


def moves(written: MoveKeys | Sequence[MoveKeys], path: Path_, writing: Writing) -> tuple[ListMove, ...]:
    """Every one of them; what is wrong goes to the file's findings."""
    if isinstance(written, MoveKeys):
        return (_move(written, path, writing),)
    return tuple(_move(keys, (*path, at), writing) for at, keys in enumerate(written))


def everywhere(journey: Journey) -> Iterator[tuple[ListMove, str]]:
    """Every move of a journey, with the key that it stands under."""
    for step in journey.steps:
        if isinstance(step, SyncStep):
            yield from ((move, f"{step.path}.sync") for move in step.moves)
    for at, move in enumerate(journey.on_complete):
        yield move, f"on_complete[{at}].sync"


def destinations_of(journey: Journey) -> set[str]:
    """Those that it sends by, or keeps lists at."""
    by = {name for step in journey.steps if isinstance(step, SendStep | WebhookStep) for name in step.send.by}
    return by | {move.to for move, _ in everywhere(journey)}


def _move(keys: MoveKeys, path: Path_, writing: Writing) -> ListMove:
    if keys.list is None and keys.remove is None:
        writing.missing(
            (*path, "list"), "is missing; name the `list` to put people on, or the one to `remove` them from"
        )
    if keys.list is not None and keys.list == keys.remove:
        writing.problem((*path, "remove"), f"`{keys.list}` is put on and taken off at once; write one of the two")
    key = "list" if keys.list is not None else "remove"
    writing.sending.destination(keys.to, "list", path, key=key, identifiers=keys.match)
    return ListMove(
        to=keys.to,
        add=keys.list,
        remove=keys.remove,
        match=writing.columns(keys.match, (*path, "match")),
        line=writing.document.line(path),
    )
