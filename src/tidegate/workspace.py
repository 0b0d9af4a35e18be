"""A project opened for running: its warehouse, the run's lock, its destinations ready to be called."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tidegate import build, credentials, registry
from tidegate.connector import Connector
from tidegate.errors import Problem, SpecError
from tidegate.run_lock import RunLock
from tidegate.spec.objects import Project
from tidegate.spec.project import load
from tidegate.underway import Underway
from tidegate.warehouse import Warehouse

if TYPE_CHECKING:
    from tidegate.sandbox import RunningSandbox, Sandbox

log = logging.getLogger("tidegate")

#: Workspaces whose lock is never let go: a lock that nobody refers to would be.
_kept: list[Workspace] = []


@dataclass(frozen=True, slots=True)
class Opened:
    """A project and its warehouse, for whoever only reads."""

    project: Project
    warehouse: Warehouse


def look(root: Path, target: str | None = None) -> Opened:
    """Load a project without taking its lock. Raises SpecError with everything that is wrong in its files."""
    project = load(root, target)
    return Opened(project, Warehouse(build.warehouse_path(project.root, project.target)))


class Workspace:
    """Holds the run's lock from entering to leaving; with the sandbox as target, its servers run meanwhile.

    `wait` is how many seconds to wait for another run to finish. Whoever `sends` nothing needs no secrets and no
    sandbox. Raises SpecError with everything wrong in the files and every secret that is missing, WarehouseError
    where another run holds the lock.
    """

    def __init__(self, root: Path, target: str | None = None, *, wait: float = 0.0, sends: bool = True) -> None:
        opened = look(root, target)
        self.project = opened.project
        self.warehouse = opened.warehouse
        self._lock = RunLock(self.warehouse.home)
        self._wait = wait
        self._sends = sends
        self.sandbox: Sandbox | RunningSandbox | None = None
        self.underway = Underway()

    @property
    def connectors(self) -> Mapping[str, type[Connector]]:
        """The connector's class of each destination."""
        project = self.project
        return {name: registry.load(spec.connector, project.root) for name, spec in project.destinations.items()}

    def __enter__(self) -> Self:
        self._lock.acquire(self._wait)
        try:
            if self._sends and self.project.sandbox:
                self._start_sandbox()
            if self._sends:
                self._prove_credentials()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End deliveries under way, stop the sandbox's servers and let the next run begin. May be called twice.

        While a delivery that does not end goes on, so does the lock: until this process ends.
        """
        if not self.underway.end():
            if self not in _kept:
                _kept.append(self)
                log.error("a delivery does not end; no other run begins until process %s has ended", os.getpid())
            return
        if self.sandbox is not None:
            self.sandbox.__exit__(None, None, None)
            self.sandbox = None
        self.warehouse.release()
        self._lock.release()

    def connector(self, destination: str) -> Connector:
        """A destination's connector with its settings and secrets; in the sandbox, with the sandbox's."""
        from tidegate.sandbox import settings_for

        spec = self.project.destinations[destination]
        kind = registry.load(spec.connector, self.project.root)
        if self.sandbox is not None:
            return kind(kind.Settings.model_validate(settings_for(spec, kind, self.sandbox.endpoints)))
        return kind(credentials.resolve(spec, kind, os.environ, root=self.project.root))

    def set_clock(self, as_of: datetime) -> None:
        """Tell the sandbox what time the run believes it is."""
        if self.sandbox is not None:
            self.sandbox.set_clock(as_of)

    def _start_sandbox(self) -> None:
        from tidegate.sandbox import sandbox_for

        self.sandbox = sandbox_for(self.warehouse.home / "sandbox").__enter__()
        if self.project.behave:
            self.sandbox.behave(self.project.behave)

    def _prove_credentials(self) -> None:
        problems: list[Problem] = []
        for destination in sorted(used_destinations(self.project)):
            try:
                self.connector(destination)
            except SpecError as fault:
                problems.extend(fault.problems)
        if problems:
            raise SpecError(problems)


def used_destinations(project: Project) -> set[str]:
    """The destinations that some audience sends or syncs to."""
    used = set()
    for audience in project.audiences.values():
        used |= {sync.to for sync in audience.sync}
        used |= {name for send in (*audience.sends, *audience.on_enter, *audience.on_exit) for name in send.by}
    return used
