"""Lists that are another at the platform than those which were filled: somebody deleted or renamed them there, and a
call found a namesake or made one. Nobody is on such a list but those who were put there since.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from tidegate import queries


class ListIds:
    """What one destination calls its lists, as its connector comes upon them in one delivery."""

    def __init__(self, destination: str) -> None:
        self.anew: set[str] = set()
        """Lists whose people have to be put there once more."""
        self._destination = destination
        self._found: dict[str, str] = {}

    def found(self, name: str, platform_id: str) -> None:
        self._found[name] = platform_id

    def settle(self, connection: duckdb.DuckDBPyConnection, lists: Iterable[str]) -> None:
        """Remember the ids of these lists and forget who was on the ones before them, within the caller's
        transaction: before anybody is entered whom a call has put on the new ones."""
        found = {name: self._found[name] for name in lists if name in self._found}
        if not found:
            return
        where = {"destination": self._destination}
        known = dict(connection.execute(queries.text("delivery/list_ids"), where).fetchall())
        for name, platform_id in found.items():
            if name not in known or known[name] == platform_id:
                continue
            if known[name] is not None:
                connection.execute(queries.text("delivery/empty_list"), {**where, "list": name})
                self.anew.add(name)
            renamed = {**where, "list": name, "platform_id": platform_id}
            connection.execute(queries.text("delivery/name_list"), renamed)

    @property
    def said(self) -> str:
        """For the operator; '' where every list is the one that it was."""
        if not self.anew:
            return ""
        named = ", ".join(f"`{name}`" for name in sorted(self.anew))
        one = len(self.anew) == 1
        return (
            f"{'the list' if one else 'the lists'} {named} had been deleted or renamed there and "
            f"{'is' if one else 'are'} made anew; the next run puts everybody on {'it' if one else 'them'} again"
        )
