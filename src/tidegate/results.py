"""What each stage of a run says it did. Plain data: the terminal, JSON and Prefect show the same objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AudienceVerdict = Literal["applied", "approved", "blocked", "contract", "failed"]
JourneyVerdict = Literal["applied", "approved", "blocked", "contract", "failed", "draft"]


@dataclass(frozen=True, slots=True)
class Landed:
    """`files` and `rows` newly loaded; `known` files had been loaded before; `refused` lines were kept aside."""

    source: str
    files: int
    rows: int
    known: int
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ContractResult:
    """`examples` are keys, never other values."""

    model: str
    contract: str
    column: str | None
    passed: bool
    failing_rows: int = 0
    detail: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudienceDecision:
    """What a run makes of one audience. Of its messages, by reason: `withheld` counts those that do not go at all,
    `held` those that may not go yet."""

    audience: str
    verdict: AudienceVerdict
    reason: str = ""
    cause: Literal["data", "definition", "baseline"] = "data"
    entered: int = 0
    left: int = 0
    members: int = 0
    planned: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JourneyDecision:
    """What a run makes of one journey.

    `refused` counts those who did not enter, by reason; `moves` people by (from, to), where '' is outside, for every
    step that they went, of which there may be several; `moved` people who were inside and went at least one; `ended`
    by reason; `planned` messages by step; `standing` people by step, after the run.
    """

    journey: str
    verdict: JourneyVerdict
    reason: str = ""
    version: int = 1
    cause: Literal["data", "definition", "baseline"] = "data"
    entered: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    moves: Mapping[tuple[str, str], int] = field(default_factory=dict)
    moved: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)
    standing: Mapping[str, int] = field(default_factory=dict)
    inside: int = 0
    planned: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # such as what a new version does to those inside


@dataclass(frozen=True, slots=True)
class ListDecision:
    """What is to be done to one list or object of a destination. `refused` rows wait for their next try.

    `blocked` is the owner that does not move, or else a sentence.
    """

    destination: str
    list: str
    owners: tuple[str, ...]
    add: int = 0
    update: int = 0
    remove: int = 0
    refused: int = 0
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """A destination that tidegate.yml has no more, though `people` are on its `lists`, or `owed` rows wait for it."""

    destination: str
    lists: tuple[str, ...]
    people: int
    owed: int


@dataclass(frozen=True, slots=True)
class Asked:
    """People who wait at a journey's step for a person's word; the first of them wait no longer than `until`."""

    journey: str
    step: str
    question: str
    people: int
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Steps 4 to 9 of a run, decided in one transaction. `ready` counts messages to send by destination,
    `ready_of` those of each audience and journey; `notes` are sentences about what the gate made do with."""

    audiences: tuple[AudienceDecision, ...] = ()
    lists: tuple[ListDecision, ...] = ()
    ready: Mapping[str, int] = field(default_factory=dict)
    ready_of: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    journeys: tuple[JourneyDecision, ...] = ()
    asked: tuple[Asked, ...] = ()
    absent: tuple[Absent, ...] = ()


def by_destination(ready_of: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Messages to send by destination, of all audiences and journeys together."""
    total: Counter[str] = Counter()
    for ready in ready_of.values():
        total.update(ready)
    return dict(total)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one destination did with what it was given. `owed` will be taken up by the next run; `pending` rows
    the destination has taken and judges later."""

    destination: str
    accepted: int = 0
    rejected: int = 0
    owed: int = 0
    unknown: int = 0
    pending: int = 0
    calls: int = 0
    seconds: float = 0.0
    problem: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.problem)


@dataclass(frozen=True, slots=True)
class Report:
    """A finished run. `status`: finished, or failed where a destination failed."""

    run_id: str
    kind: str
    as_of: datetime
    status: Literal["finished", "failed"]
    landed: tuple[Landed, ...] = ()
    contracts: tuple[ContractResult, ...] = ()
    decision: Decision = Decision()
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One person in a plan: `enter` or `leave` an audience, `enter`, `go on` in or `end` a journey, or are `refused` by
    it; a `message`, one `withheld`, or a `list` row.

    `address` is empty unless personal data was asked for.
    """

    kind: Literal["enter", "leave", "go on", "end", "refused", "message", "withheld", "list"]
    subject: str  # the audience or journey; for list rows the destination and list
    person: str
    detail: str = ""
    cause: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What a run would do now. `notes` are sentences about what the plan could not see.

    `ahead` is what journeys would do next, by `ahead_until` (None: nobody looked), by the time alone: see
    `tidegate.journeys.seeing.ahead`.
    """

    as_of: datetime
    contracts: tuple[ContractResult, ...]
    decision: Decision
    rows: tuple[PlanRow, ...] = ()
    notes: tuple[str, ...] = ()
    ahead: tuple[JourneyDecision, ...] = ()
    ahead_until: datetime | None = None
