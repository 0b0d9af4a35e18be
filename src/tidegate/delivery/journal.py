"""What a claim's calls have come to, on the local disk, while the warehouse is closed.

One file a claim, one JSON object a line, only ever appended to:

    {"claim": ..., "kind": "messages", "destination": ..., "run": ..., "boot": ..., "repeatable": false, "keys": [...]}
    {"up_to": 500}                             so many keys, in their order, may be in calls from now on
    {"call": 1, "from": 0, "to": 100}          written before the call is made; or "at": places of keys
    {"call": 1, "all": ["accepted"]}           or "outcomes": one for each key, in their order

(Earlier versions wrote the keys into the line of each call, and none into the first.)

A line is handed to the operating system at once, so it survives the death of the process. Outcomes are synced
to disk in groups, before they count; lines that reach further are synced before the calls that they are for, of
messages alone (rows may be repeated). So after a loss of power, which the machine's boot id tells, a message that was
within reach and has no outcome may have been sent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson

from tidegate.checkpoints import checkpoint
from tidegate.connector import Outcome
from tidegate.delivery.verdicts import same
from tidegate.errors import WarehouseError

Kind = Literal["messages", "rows"]

#: messages that are within reach at most before their calls: as many are unknown after a loss of power
_REACH = 500

_FIELDS = ("verdict", "reason", "detail", "provider_id", "after", "job", "answer")


@dataclass(frozen=True, slots=True)
class Header:
    """`lists` are numbered by the keys of rows. `repeatable`: a call that may have happened may be made again."""

    claim: str
    kind: Kind
    destination: str
    run: str
    boot: str | None
    repeatable: bool
    lists: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, claim: str, kind: Kind, destination: str, run: str, *, repeatable: bool, lists: tuple[str, ...] = ()
    ) -> Header:
        """The header of a journal that is written now, on this machine."""
        return cls(claim, kind, destination, run, boot_id(), repeatable, lists)


class Journal:
    """The journal of one claim, while its calls are made. Lines are written by one thread; any may sync."""

    def __init__(self, path: Path, descriptor: int, kind: Kind) -> None:
        self.path = path
        self._reach: int | None = 0 if kind == "messages" else None
        self._announced = self._furthest = 0
        self._descriptor: int | None = descriptor
        self.unsynced = False
        self._broken: OSError | None = None
        self._syncing = threading.Lock()

    @classmethod
    def create(cls, folder: Path, header: Header, keys: Sequence[str]) -> Journal:
        """Make it known on disk, name and all, before the claim is committed. `keys` are what the claim's rows are
        called, in the order of their places. Raises WarehouseError."""
        path = folder / f"{header.claim}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Keys of people are nobody else's business.
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
            journal = cls(path, descriptor, header.kind)
            try:
                journal._put(orjson.dumps({**asdict(header), "keys": keys}) + b"\n")
                os.fsync(descriptor)
                _sync_folder(folder)
            except OSError:
                journal.delete()
                raise
        except OSError as fault:
            raise WarehouseError(f"{path}: {fault.strerror or type(fault).__name__}") from fault
        return journal

    def started(self, call: int, places: Sequence[int]) -> None:
        """Raises OSError when it cannot be written: then the call must not be made."""
        if self._reach is not None:
            self._furthest = max(self._furthest, places[-1])
            if self._furthest >= self._reach:
                self.reach_out()
                self.sync()
        if isinstance(places, range):
            self._write(f'{{"call":{call},"from":{places.start},"to":{places.stop}}}')
        else:
            self._write(f'{{"call":{call},"at":[{",".join(map(str, places))}]}}')

    @property
    def runs_short(self) -> bool:
        """Whether little is left within reach: better brought to disk now than when a call has to wait for it."""
        return self._reach is not None and self._furthest + _REACH // 2 >= self._announced

    def reach_out(self) -> None:
        """Bring more within reach, from the next sync on. Raises OSError."""
        self._announced = self._furthest + _REACH
        self._write(f'{{"up_to":{self._announced}}}')
        self.unsynced = True

    def judged(self, call: int, outcomes: Sequence[Outcome]) -> None:
        """Raises OSError when it cannot be written: what is only in memory is lost if the process dies."""
        first = outcomes[0]
        if same(outcomes) or all(outcome == first for outcome in outcomes):
            self._write(f'{{"call":{call},"all":{_short(first)}}}')
        else:
            self._write(f'{{"call":{call},"outcomes":[{",".join(map(_short, outcomes))}]}}')
        self.unsynced = True

    def sync(self) -> None:
        """Bring the outcomes written so far to disk."""
        with self._syncing:
            if self.unsynced and self._descriptor is not None:
                self.unsynced = False
                announced = self._announced
                os.fsync(self._descriptor)
                if self._reach is not None:
                    self._reach = max(self._reach, announced)

    def delete(self) -> None:
        """What it says is in the warehouse, or never happened."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        with self._syncing:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _write(self, line: str) -> None:
        self._put(f"{line}\n".encode())

    def _put(self, data: bytes) -> None:
        if self._broken is not None:
            raise self._broken
        if self._descriptor is None:
            raise OSError(f"{self.path} is closed")
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as fault:
            # Half a line may be there; another after it would be read as part of it.
            self._broken = fault
            raise


@dataclass(slots=True)
class Account:
    """What a journal tells: the last word on each key whose call was started.

    `open` keys have a started call without outcome. `doubted` keys were once in doubt, whatever came after.
    `up_to` so many keys were within reach. `whole` is False where another than the last line is torn.
    """

    header: Header | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)
    up_to: int = 0
    whole: bool = True

    def may_have_started(self, place: int) -> bool:
        """Whether a key without a line, at this place among the claim's keys, may have been in a call."""
        if self.header is None or not self.whole:
            return True
        if self.header.boot is not None and self.header.boot == boot_id():
            return False  # the machine was running all the time: no line is missing
        return self.header.kind == "rows" or place < self.up_to


def read(path: Path) -> Account:
    """The account of a journal, however its writer ended. Raises OSError."""
    account = Account()
    keys: list[str] = []
    calls: dict[int, list[str]] = {}
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line's end was torn while it was written
    checkpoint("journal read")
    for position, text in enumerate(lines):
        try:
            _take(account, keys, calls, json.loads(text), position)
        except (ValueError, TypeError, KeyError, IndexError):
            account.whole = False
    return account


def _take(account: Account, keys: list[str], calls: dict[int, list[str]], line: dict[str, Any], position: int) -> None:
    if position == 0:
        keys += line.pop("keys", [])
        account.header = Header(**{**line, "lists": tuple(line["lists"])})
    elif "up_to" in line:
        account.up_to = line["up_to"]
    elif "all" not in line and "outcomes" not in line:
        calls[line["call"]] = called = _called(keys, line)
        account.open.update(called)
    else:
        called = calls[line["call"]]
        said = [line["all"]] * len(called) if "all" in line else line["outcomes"]
        for key, short in zip(called, said, strict=True):
            outcome = Outcome(**dict(zip(_FIELDS, short, strict=False)))
            account.outcomes[key] = outcome
            account.open.discard(key)
            if outcome.verdict == "unknown":
                account.doubted.add(key)


def _called(keys: list[str], line: dict[str, Any]) -> list[str]:
    """The keys of a started call. Raises IndexError, KeyError."""
    if "keys" in line:
        called: list[str] = line["keys"]
        return called
    places = range(line["from"], line["to"]) if "from" in line else line["at"]
    return [keys[place] for place in places]


def _short(outcome: Outcome) -> str:
    if outcome.verdict == "accepted" and outcome.provider_id is None and outcome.answer is None:
        return '["accepted"]'
    values = [getattr(outcome, name) for name in _FIELDS]
    while values[-1] is None or values[-1] == "":
        values.pop()
    try:
        return orjson.dumps(values).decode()
    except TypeError:  # half of a surrogate pair, from a platform that garbles what it says
        return json.dumps(values)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # folders cannot be synced there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def boot_id() -> str | None:
    """What changes whenever the machine starts; None where the system does not tell."""
    try:
        if sys.platform == "darwin":
            told = subprocess.run(["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, check=True)
            return told.stdout.decode().strip() or None
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None
