"""Misbehaviour to order: what the sandbox's servers may be told to do wrong, when, and how often.

A fault is kept in the store, so it binds every process that serves from it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tidegate.sandbox.queries import query
from tidegate.sandbox.store import Store

Kind = Literal["refuse", "throttle", "error", "hang", "close", "garbage", "html", "cut"]
Place = Literal["connect", "mail", "rcpt", "data", "dot"]
T = TypeVar("T")


class Fault(BaseModel):
    """One kind of misbehaviour.

    refuse    the rows chosen are refused, the others accepted
    throttle  too many requests: try again in `after` seconds
    error     answers `status` (500)
    hang      accepts `accept` rows, then says nothing for `hold` seconds
    close     accepts `accept` rows, then closes the connection without an answer
    garbage   accepts `accept` rows, then answers 200 and bytes that mean nothing
    html      accepts `accept` rows, then answers `status` (502) and a page, as proxies do
    cut       accepts `accept` rows, then breaks off in the middle of the answer

    `connector` names whom it strikes (None: all). A call is struck when one of its rows is chosen: by `match`
    (a pattern over addresses such as `*@example.com`), by `every` (each n-th row), by `share` (of addresses,
    always the same ones for one `seed`); a call without rows only where nothing is chosen by. The first `skip`
    calls pass, then `times` calls are struck (None: until cleared). `accept` is a number of rows, or "all".
    `at` says where in an SMTP dialogue it strikes; `code` is the platform's own error code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    connector: str | None = None
    times: int | None = Field(default=None, ge=1)
    skip: int = Field(default=0, ge=0)
    match: str | None = None
    every: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0
    status: int | None = Field(default=None, ge=200, le=599)
    after: float = Field(default=1.0, ge=0)
    hold: float = Field(default=60.0, ge=0)
    accept: int | Literal["all"] = 0
    at: Place | None = None
    code: int | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if sum(value is not None for value in (self.match, self.every, self.share)) > 1:
            raise ValueError("choose rows by one of match, every and share")
        return self

    @property
    def choosy(self) -> bool:
        return self.match is not None or self.every is not None or self.share is not None

    def accepted(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of a struck call that are accepted nevertheless."""
        return rows if self.accept == "all" else rows[: self.accept]


Addresses = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls one call: rows refused (their positions), or the whole call by `fault`."""

    fault: Fault | None = None
    refused: dict[int, Fault] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.fault.kind if self.fault else "refuse" if self.refused else ""


UNHARMED = Strike()


def set_fault(store: Store, fault: Fault) -> int:
    """From now on, until spent or cleared. Returns its number."""
    return store.write(lambda connection: add_fault(connection, fault)).result()


def add_fault(connection: sqlite3.Connection, fault: Fault) -> int:
    """`set_fault`, within a `Store.write`."""
    values = {
        "connector": fault.connector or "",
        "fault": fault.model_dump_json(exclude_defaults=True),
        "times": fault.times,
        "skip": fault.skip,
    }
    number = connection.execute(query("faults", "add"), values).lastrowid
    assert number is not None
    return number


def clear(store: Store, connector: str | None = None) -> None:
    """No more faults, or none for this connector."""
    store.write(lambda connection: clear_faults(connection, connector)).result()


def clear_faults(connection: sqlite3.Connection, connector: str | None) -> None:
    """`clear`, within a `Store.write`."""
    connection.execute(query("faults", "clear"), {"connector": connector})


def active(store: Store) -> list[dict[str, Any]]:
    """The faults that still strike, each with its number and how many calls are left to it."""
    return [
        {"id": row["id"], "left": row["left_over"], "to_skip": row["to_skip"], **json.loads(row["fault"])}
        for row in store.read("faults", "all")
    ]


def may_strike(store: Store, connector: str) -> bool:
    """Whether any fault is set for the connector: a look that costs microseconds, for the usual case."""
    return any(row["connector"] in ("", connector) for row in store.read("faults", "all"))


def strike(
    connection: sqlite3.Connection,
    connector: str,
    rows: Sequence[Addresses],
    meant: Callable[[Fault], bool] = lambda fault: fault.at is None,
) -> Strike:
    """What befalls a call with these rows (the addresses of each); within a `Store.write`.

    `meant` says which faults strike at this place of a dialogue.

    Of several faults that would strike the whole call, the oldest does; refusals add up.
    """
    refused: dict[int, Fault] = {}
    kept = [(row, Fault.model_validate_json(row["fault"])) for row in connection.execute(query("faults", "all"))]
    if not kept:
        return UNHARMED
    # what befalls the whole call comes first: a platform that is down judges no rows
    for row, fault in sorted(kept, key=lambda pair: (pair[1].kind == "refuse", pair[0]["id"])):
        if row["connector"] not in ("", connector) or not meant(fault):
            continue
        chosen = _chosen(connection, row["id"], fault, rows)
        if not chosen and (fault.choosy or fault.kind == "refuse"):
            continue
        if row["to_skip"]:
            connection.execute(query("faults", "pass"), {"id": row["id"]})
            continue
        connection.execute(query("faults", "spend"), {"id": row["id"]})
        if fault.kind != "refuse":
            connection.execute(query("faults", "remove_spent"))
            return Strike(fault)
        refused.update({position: fault for position in chosen if position not in refused})
    connection.execute(query("faults", "remove_spent"))
    return Strike(refused=refused) if refused else UNHARMED


def _chosen(connection: sqlite3.Connection, number: int, fault: Fault, rows: Sequence[Addresses]) -> list[int]:
    if fault.every is not None:
        seen = connection.execute(query("faults", "count_rows"), {"id": number, "rows": len(rows)}).fetchone()["seen"]
        return [position for position in range(len(rows)) if (seen - len(rows) + position + 1) % fault.every == 0]
    if fault.match is not None:
        pattern = fault.match.lower()
        return [n for n, row in enumerate(rows) if any(fnmatchcase(address.lower(), pattern) for address in row)]
    if fault.share is not None:
        return [n for n, row in enumerate(rows) if any(_draw(fault.seed, address) < fault.share for address in row[:1])]
    return list(range(len(rows)))


def _draw(seed: int, address: str) -> float:
    digest = hashlib.sha256(f"{seed}:{address.lower()}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
