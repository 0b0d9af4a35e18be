"""Looks up what a file says is sent, and by whom: messages and their content, destinations and channels."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.channels import CHANNELS
from tidegate.connector import Mode
from tidegate.spec.destinations import Destinations
from tidegate.spec.documents import Document, Path_
from tidegate.spec.findings import Findings
from tidegate.spec.nearest import closest, hint
from tidegate.spec.objects import MessageSpec, Write
from tidegate.spec.surroundings import Surroundings

_OFFERS = {"send": "sends messages", "list": "keeps lists", "object": "keeps objects"}


class Sending:
    """Of one file; what is wrong goes to `found`."""

    def __init__(self, document: Document, around: Surroundings, found: Findings) -> None:
        self.document = document
        self.around = around
        self.found = found

    def message(self, name: str, path: Path_) -> MessageSpec | None:
        message = self.around.messages.get(name)
        if message is None and name not in self.around.doubtful_messages:
            near = closest(name, self.around.messages)
            fix = f"did you mean `{near}`?" if near else f"write its content into the folder messages/{name}/"
            self._problem(path, f"no message `{name}`; {fix}")
        return message

    def by(self, word: str, message: MessageSpec | None, path: Path_) -> str | None:
        """The destination that a name or a channel stands for."""
        known = self.around.destinations
        if known is None or word in known.doubtful:
            return None
        name = word
        if word not in known.specs:
            serving = known.of_channel(word)
            if len(serving) > 1:
                self.found.add(
                    self.document, path, f"`{word}` is what {' and '.join(serving)} send by; name one of them"
                )
                return None
            if not serving:
                if known.doubtful:
                    return None  # one of those may serve the channel
                channels = {known.channel(name) for name, kind in known.connectors.items() if "send" in kind.modes}
                self.found.add(
                    self.document, path, self.no_destination(word, known, "no destination or channel", channels)
                )
                return None
            name = serving[0]
        kind = known.connectors[name]
        if "send" not in kind.modes:
            self._problem(path, f"`{name}` ({known.specs[name].connector}) does not send messages")
            return None
        sends_by = known.channel(name)
        if sends_by not in CHANNELS:
            self.found.add(
                self.document, path, f"`{name}` sends by {sends_by}; there are messages for {', '.join(CHANNELS)} only"
            )
            return None
        told = message is None or message.name in self.around.doubtful_messages
        if message is not None and not told and not any(channel == sends_by for channel, _ in message.contents):
            has = ", ".join(sorted({channel for channel, _ in message.contents}))
            self.found.add(
                self.document, path, f"message `{message.name}` has no content for {sends_by}, only for {has}"
            )
        return name

    def no_destination(
        self, word: str, known: Destinations, none: str = "no destination", more: Iterable[str] = ()
    ) -> str:
        if not known.specs:
            why = " (the sandbox stands in for those of the other targets)" if known.sandbox else ""
            return f"target `{known.target}` has no destinations{why}"
        return f"{none} `{word}`; {hint(word, {*known.specs, *more})}"

    def destination(
        self,
        name: str,
        mode: Mode,
        path: Path_,
        *,
        key: str,
        identifiers: Iterable[str],
        write: Write = "upsert",
    ) -> None:
        """Whether a list or an object can be kept there; `path` is of its keys, `key` names it among them."""
        known = self.around.destinations
        if known is None or name in known.doubtful:
            return
        if name not in known.specs:
            self._problem((*path, "to"), self.no_destination(name, known))
            return
        kind = known.connectors[name]
        called = f"`{name}` ({known.specs[name].connector})"
        if mode not in kind.modes:
            can = " and ".join(sorted(_OFFERS[offered] for offered in kind.modes))
            self._problem((*path, key), f"{called} has no {mode}s; it {can}")
            return
        if mode == "object" and write not in kind.writes:
            can = " or ".join(f"`{one}`" for one in sorted(kind.writes))
            self._problem((*path, "write"), f"{called} cannot {write} only; write {can}")
        for one in identifiers:
            if one not in kind.identifiers:
                text = f"{called} does not know people by `{one}`; {hint(one, kind.identifiers)}"
                self._problem((*path, "match", one), text)

    def _problem(self, path: Path_, text: str) -> None:
        self.found.add(self.document, path, text)
