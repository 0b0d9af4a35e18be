"""Asks every destination whether it would take what it is to be given; changes nothing there and sends nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tidegate import build as builder
from tidegate import queries
from tidegate.clock import clock as choose_clock
from tidegate.connector import Connector, Outcome
from tidegate.delivery.breaker import Breaker, mending
from tidegate.delivery.request_log import RequestLog
from tidegate.errors import DestinationError, Unsupported
from tidegate.facts import gather
from tidegate.live_samples import Sample, samples
from tidegate.run import new_id
from tidegate.workspace import Workspace

SCRATCH = "tidegate_check"
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
#: seconds that one question may take
_PATIENCE = 120.0
_AT_ONCE = 8
#: what the log of requests has for a run's id
_RUN = "check"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a destination said to one question. `what`: "credentials", or an audience and its list or message.

    `passed` is None where it could not be asked. `accepted` of `asked` rows or messages would be taken.
    """

    destination: str
    connector: str
    what: str
    passed: bool | None
    said: str
    asked: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """`notes` are sentences about what could not be looked at."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return any(finding.passed is False for finding in self.findings)


def check_live(root: Path, target: str | None = None, only: Iterable[str] = ()) -> LiveCheck:
    """Prove the credentials of every destination (or of `only` these), and have platforms that can validate judge
    some rows and messages of the audiences that use them.

    The models are built in a scratch schema for that. Raises SpecError, WarehouseError (also while a run is under
    way).
    """
    with Workspace(root, target) as workspace:
        names = sorted(set(only) or workspace.project.destinations)
        connectors = {name: workspace.connector(name) for name in names}
        asking = {name: type(one) for name, one in connectors.items() if one.can_validate}
        found, notes = _samples(workspace, asking)
        logs = {name: RequestLog(name, _RUN) for name in names}
        findings = asyncio.run(_ask_all(workspace, connectors, found, logs))
        with workspace.warehouse.session() as connection:
            for log in logs.values():
                log.write(connection)
    return LiveCheck(findings, notes)


def _samples(workspace: Workspace, asking: dict[str, type[Connector]]) -> tuple[list[Sample], tuple[str, ...]]:
    project, warehouse = workspace.project, workspace.warehouse
    if not asking:
        return [], ()
    with warehouse.session() as connection:
        landed = connection.execute(queries.text("plan/anything_landed")).fetchone()
    if not landed or not landed[0]:
        return [], ("nothing has been loaded yet, so there are no rows to ask about; `tidegate land` loads them",)
    clock = choose_clock(project, warehouse, None)
    try:
        warehouse.release()  # dbt opens the file in its own way
        built = builder.build(project.root, project.target, clock, scratch=SCRATCH)
        _, facts = gather(workspace, built, run_id=new_id(clock), as_of=clock)
        with warehouse.session() as connection:
            found = list(samples(connection, facts, asking))
    finally:
        with warehouse.session() as connection:
            builder.drop_scratch(connection, SCRATCH)
    notes = tuple(f"audience {name} was left out: {why.splitlines()[0]}" for name, (_, why) in facts.unfit.items())
    return found, notes


async def _ask_all(
    workspace: Workspace,
    connectors: dict[str, Connector],
    found: Sequence[Sample],
    logs: dict[str, RequestLog],
) -> tuple[Finding, ...]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(name: str) -> list[Finding]:
        spec = workspace.project.destinations[name]
        own = [sample for sample in found if sample.destination == name]
        async with turns:
            return await _Asking(name, spec.connector, connectors[name], logs[name]).all(own)

    return tuple(finding for findings in await asyncio.gather(*map(ask, connectors)) for finding in findings)


class _Asking:
    """The questions to one destination."""

    def __init__(self, name: str, kind: str, connector: Connector, log: RequestLog) -> None:
        self._name = name
        self._kind = kind
        self._connector = connector
        self._log = log
        self._breaker = Breaker(1, mending(connector, name))

    async def all(self, found: Sequence[Sample]) -> list[Finding]:
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=jar) as session:
            try:
                with self._log.watch():
                    first = await self._prove(session)
                if first.passed is False:
                    return [first]
                return [first, *[await self._validate(sample) for sample in found]]
            finally:
                with suppress(Exception):  # a check has nothing to lose by then
                    await self._connector.close()

    async def _prove(self, session: aiohttp.ClientSession) -> Finding:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._connector.open(session)
                said = await self._connector.prove()
        except Unsupported as fault:
            return self._finding("credentials", None, fault.reason)
        except Exception as fault:
            return self._finding("credentials", False, self._words(fault))
        return self._finding("credentials", True, said)

    async def _validate(self, sample: Sample) -> Finding:
        asked: Sequence[object] = sample.rows or sample.messages
        if not asked:
            return self._finding(sample.what, None, "there is nobody to ask about today")
        try:
            with self._log.watch(len(asked)) as watched:
                async with asyncio.timeout(_PATIENCE):
                    if sample.target is not None:
                        outcomes = await self._connector.validate_rows(sample.target, sample.rows)
                    else:
                        outcomes = await self._connector.validate(sample.messages)
                watched.outcomes = outcomes
        except Unsupported as fault:
            return self._finding(sample.what, None, fault.reason)
        except DestinationError as fault:
            return self._finding(sample.what, False, self._words(fault), len(asked))
        except Exception as fault:
            return self._finding(sample.what, False, type(fault).__name__, len(asked))
        return self._judged(sample.what, outcomes)

    def _judged(self, what: str, outcomes: Sequence[Outcome]) -> Finding:
        """A platform that takes none of them has something against us; one that takes some, against the others."""
        accepted = sum(outcome.verdict in ("accepted", "pending") for outcome in outcomes)
        wrong = Counter(
            f"{one.verdict}: {one.reason}" + (f" ({one.detail})" if one.detail else "")
            for one in outcomes
            if one.verdict not in ("accepted", "pending")
        )
        said = "; ".join([f"would take {accepted} of {len(outcomes)}", *(f"{n} {text}" for text, n in wrong.items())])
        return self._finding(what, accepted > 0, said, len(outcomes), accepted)

    def _words(self, fault: Exception) -> str:
        return (
            f"timeout (no answer within {_PATIENCE:g} s)"
            if isinstance(fault, TimeoutError)
            else self._breaker.told(fault)
        )

    def _finding(self, what: str, passed: bool | None, said: str, asked: int = 0, accepted: int = 0) -> Finding:
        return Finding(self._name, self._kind, what, passed, said, asked, accepted)
