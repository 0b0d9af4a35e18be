"""Rows that a platform has taken and judges later: asked about until it has, in this run and in later ones.

Asking changes nothing there, so it needs no claim and no journal: whoever dies while asking has lost nothing.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import duckdb

from tidegate import queries
from tidegate.checkpoints import checkpoint
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.delivery import rows
from tidegate.delivery.calls import Caller
from tidegate.delivery.clerk import Clerk
from tidegate.delivery.portion import Claims
from tidegate.errors import Unsupported
from tidegate.warehouse import transaction

#: seconds that a run waits for a platform to judge what it was given
PATIENCE = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
#: answers that may fail to come, one after the other: what else the destination is owed must not wait for them
_IN_VAIN = 3

_LOST = Outcome.retry("job_lost")


@dataclass(frozen=True, slots=True)
class Job:
    """Rows that were answered with the same job: those to put on a list, or (`removing`) to take off it."""

    list: str
    job: str
    removing: bool
    mode: str
    write: str
    lost: bool

    @property
    def target(self) -> Target:
        return Target("object" if self.mode == "object" else "list", self.list, self.write)  # type: ignore[arg-type]


class Jobs:
    """The jobs of one destination in one run."""

    def __init__(
        self, destination: str, caller: Caller, claims: Claims, clerk: Clerk, *, run_id: str, as_of: datetime
    ) -> None:
        self.unanswered = False
        """Whether the platform did not say, when it was asked last."""
        self._destination = destination
        self._caller = caller
        self._claims = claims
        self._clerk = clerk
        self._run_id = run_id
        self._as_of = as_of

    async def settle(self, patience: float) -> Counter[str]:
        """Ask about every job, again and again for up to `patience` seconds; verdicts of the rows that were judged.

        What a job did not do is left for the next run: of its people nothing was decided in this one. They may have
        left or withdrawn their consent since the job was made, and the list may be blocked.
        """
        judged: Counter[str] = Counter()
        deadline = time.monotonic() + patience
        pause = _FIRST_PAUSE
        in_vain = 0
        while not self._caller.stopped and (open_jobs := await self._clerk.do(self._open)):
            wishes = []
            # In no order, so that those of which nothing is told are not always the first.
            for job in sorted(open_jobs, key=lambda job: (job.removing, random.random())):
                wishes.append(await self._ask(job, judged))
                in_vain = in_vain + 1 if self.unanswered else 0
                if in_vain == _IN_VAIN:
                    return judged
            left = [wish for wish in wishes if wish is not None]
            if not left:
                break
            pause = max(pause, min(left))
            if time.monotonic() + pause > deadline:
                break
            await self._caller.nap(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return judged

    async def waiting(self) -> int:
        """Rows that are not judged yet."""
        return await self._clerk.do(self._waiting)

    async def _ask(self, job: Job, judged: Counter[str]) -> float | None:
        """Seconds after which the job wants to be asked about again, None where it is over."""
        found = await self._clerk.do(partial(self._rows, job))
        carried = rows.as_rows([row[0] for row in found], [row[2] for row in found], [row[3] for row in found])
        outcomes = await self._told(job, carried)
        self.unanswered = outcomes is None
        if outcomes is None:
            return _FIRST_PAUSE
        if job.lost:
            outcomes = [_LOST if outcome.verdict == "pending" else outcome for outcome in outcomes]
        over = [place for place, outcome in enumerate(outcomes) if outcome.verdict != "pending"]
        if over:
            people = [found[place] for place in over]
            await self._clerk.do(partial(self._settle, job, people, [outcomes[place] for place in over]))
            judged.update(outcomes[place].verdict for place in over)
        if len(over) == len(outcomes):
            return None
        return max((outcome.after or 0.0 for outcome in outcomes if outcome.verdict == "pending"), default=0.0)

    async def _told(self, job: Job, carried: Sequence[Row]) -> list[Outcome] | None:
        async def poll(connector: Connector, items: Sequence[Row]) -> list[Outcome]:
            return await connector.poll(job.job, job.target, items, removing=job.removing)

        outcomes, fault = await self._caller.inquire(poll, carried)
        if isinstance(fault, Unsupported):
            return [_LOST] * len(carried)  # the connector has no jobs any more: it was exchanged for another
        if job.lost and fault is not None and getattr(fault, "reason", "") != "not_started":
            return [_LOST] * len(carried)  # it was asked in vain for days
        return outcomes if fault is None else None

    def _open(self, connection: duckdb.DuckDBPyConnection) -> list[Job]:
        found = connection.execute(queries.text("delivery/submitted_jobs"), {"destination": self._destination})
        return [Job(*row) for row in found.fetchall()]

    def _rows(self, job: Job, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
        which = {"destination": self._destination, "list": job.list, "job": job.job, "removing": job.removing}
        return connection.execute(queries.text("delivery/job_rows"), which).fetchall()

    def _waiting(self, connection: duckdb.DuckDBPyConnection) -> int:
        row = connection.execute(queries.text("delivery/submitted"), {"destination": self._destination}).fetchone()
        assert row is not None
        return int(row[0])

    def _settle(
        self,
        job: Job,
        people: Sequence[tuple[str, str, str, str]],
        outcomes: Sequence[Outcome],
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        claim = next(self._claims)
        # Whatever is submitted a second time may have been done the first time.
        doubted = [outcome.verdict in ("retry", "unknown") for outcome in outcomes]
        persons, identities = [one[0] for one in people], [one[1] for one in people]
        judged = rows.judged([job.list] * len(people), persons, identities, outcomes, doubted)
        with transaction(connection):
            connection.register("judged", judged)
            which = {"destination": self._destination, "claim": claim, "job": job.job, "removing": job.removing}
            connection.execute(queries.text("delivery/claim_job"), which)
            connection.unregister("judged")
            opening = {"claim": claim, "run_id": self._run_id}
            connection.execute(queries.text("delivery/open_row_attempts"), opening)
            rows.apply(connection, claim, judged, len(people), run_id=self._run_id, as_of=self._as_of)
            checkpoint("job uncommitted")
        checkpoint("job settled")
