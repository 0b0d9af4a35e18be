"""The lists of an account by the name that they have in the files, for platforms that know them by an id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar

from tidegate.errors import Retryable

Create = Callable[[str], Awaitable[str]]

#: who is told of every list that is come upon, by its name and the platform's id; None where nobody is
noticing: ContextVar[Callable[[str, str], None] | None] = ContextVar("tidegate_noticing", default=None)


def come_upon(name: str, platform_id: str) -> None:
    """Tell by what id the platform knows the list `name` now. A list that has another id than when it was filled was
    made anew, and everybody is put on it again. For connectors that find their lists by other means than these."""
    notice = noticing.get()
    if notice is not None:
        notice(name, platform_id)


class NamedLists:
    """`every` asks the platform for all lists (ids by name), `create` for a new one (its id).

    Asked once; whoever finds that a list is gone says so, and the next one asks again. `fold` makes one of the names
    that the platform does not tell apart; `every` gives them folded.
    """

    def __init__(
        self,
        every: Callable[[], Awaitable[Mapping[str, str]]],
        create: Create,
        *,
        fold: Callable[[str], str] = str,
    ) -> None:
        self._every = every
        self._create = create
        self._fold = fold
        self._ids: dict[str, str] | None = None
        self._looking = asyncio.Lock()

    async def id(self, name: str, *, create: bool) -> str | None:
        """The id of the list `name`, created where there is none and `create` is true."""
        async with self._looking:
            if self._ids is None:
                self._ids = dict(await self._every())
            folded = self._fold(name)
            if folded not in self._ids and create:
                # Should the reply be lost, the list is there and must not be created a second time.
                known, self._ids = self._ids, None
                self._ids = {**known, folded: await self._create(name)}
            found = self._ids.get(folded)
            if found is not None:
                come_upon(name, found)
            return found

    def forget(self) -> None:
        self._ids = None

    def gone(self, name: str) -> Retryable:
        """What befalls rows whose list turns out to be deleted."""
        self.forget()
        return _gone(name)


class FoundLists:
    """The same where the platform finds a list by its name: `find` asks for one, None where there is none."""

    def __init__(self, find: Callable[[str], Awaitable[str | None]], create: Create) -> None:
        self._find = find
        self._create = create
        self._ids: dict[str, str] = {}
        self._looking = asyncio.Lock()

    async def id(self, name: str, *, create: bool) -> str | None:
        async with self._looking:
            if name not in self._ids:
                found = await self._find(name)
                if found is None and create:
                    found = await self._create(name)
                if found is None:
                    return None
                self._ids[name] = found
            come_upon(name, self._ids[name])
            return self._ids[name]

    def forget(self, name: str) -> None:
        self._ids.pop(name, None)

    def gone(self, name: str) -> Retryable:
        self.forget(name)
        return _gone(name)


def _gone(name: str) -> Retryable:
    return Retryable("list_gone", f"the list `{name}` was deleted; the next call finds out")


def oldest(lists: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Ids by name, of pairs of name and id. Where several have one name, the oldest is ours: it has the lowest id."""
    found: dict[str, str] = {}
    for name, list_id in lists:
        found[name] = min(found.get(name, list_id), list_id, key=_age)
    return found


def _age(list_id: str) -> tuple[int, str]:
    return len(list_id), list_id  # as numbers compare, without trusting that they are
