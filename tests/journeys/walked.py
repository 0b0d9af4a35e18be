"""A journey that people have walked through, written down as the state keeps it: for what is seen of journeys.

It is the lead nurturing of the documentation: an e-mail, two days to open it, another e-mail or a text, the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlglot import exp

from tidegate.spec.journey_objects import (
    Again,
    BranchStep,
    EndStep,
    Entry,
    ExitRule,
    Goal,
    Journey,
    SendStep,
    SplitStep,
    Step,
    SyncStep,
    Until,
    WaitStep,
    Way,
)
from tidegate.spec.journey_objects import ListMove as Move
from tidegate.spec.objects import DestinationSpec, Project, Send
from tidegate.warehouse import Warehouse

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPENED = exp.Anonymous(this="opened", expressions=[exp.Literal.string("intro")])
ORDERED = exp.Anonymous(this="did", expressions=[exp.Literal.string("order_completed")])


def nurturing(**changes: object) -> Journey:
    """intro -> wait -> if -> (second | text or unreached) -> end."""

    def send(id: str, by: tuple[str, ...], path: str, line: int, next: str | None) -> SendStep:
        return SendStep(
            id=id, path=path, line=line, next=next, send=Send(id, by, line), expires_after=timedelta(hours=24)
        )

    reachable = exp.Anonymous(this="reachable", expressions=[exp.Literal.string("sms")])
    steps: tuple[Step, ...] = (
        send("intro", ("email", "sms"), "steps[0]", 8, "wait"),
        WaitStep(
            id="wait",
            path="steps[1]",
            line=9,
            next="if",
            until=Until(duration=timedelta(days=2)),
            outcomes=(Way("heard", "if", OPENED),),
        ),
        BranchStep(id="if", path="steps[2]", line=10, ways=(Way("then", "second", OPENED), Way("else", "if_2", None))),
        send("second", ("email",), "steps[2].then[0]", 12, "end"),
        BranchStep(
            id="if_2",
            path="steps[2].else[0]",
            line=14,
            ways=(Way("then", "text", reachable), Way("else", "unreached", None)),
        ),
        send("text", ("sms",), "steps[2].else[0].then[0]", 15, "end"),
        SyncStep(
            id="unreached",
            path="steps[2].else[0].else[0]",
            line=16,
            next="end",
            moves=(Move("meta_ads", "Unreached leads", None),),
        ),
        EndStep(id="end", path="steps[3]", line=17),
    )
    journey = Journey(
        name="lead_nurturing",
        file="journeys/lead_nurturing.yml",
        entry=Entry("enter", model="new_leads", again=Again("never")),
        steps=steps,
        exits=(ExitRule(ORDERED),),
        goal=Goal(ORDERED, timedelta(days=30)),
        description="From a lead to a first order",
        hash="h1",
        source="journey: lead_nurturing",
    )
    return replace(journey, **changes)  # type: ignore[arg-type]


def split(*arms: str) -> SplitStep:
    ways = tuple(Way(arm, None, share=1 / len(arms)) for arm in arms)
    return SplitStep(id="split", path="steps[0]", line=5, ways=ways)


def project(*journeys: Journey) -> Project:
    return Project(
        root=Path(),
        name="shop",
        key="customer_id",
        people="people",
        time_zone="Europe/London",
        target="dev",
        sandbox=False,
        clock=None,
        consent={},
        landings=(),
        destinations={name: DestinationSpec(name, "file", {}) for name in ("email", "sms", "meta_ads")},
        audiences={},
        messages={},
        journeys={one.name: one for one in journeys},
    )


@dataclass
class Walked:
    """The state, in the words of who walks. Hours count from noon."""

    warehouse: Warehouse
    journey: str = "lead_nurturing"
    instances: int = 0

    def write(self, table: str, **values: object) -> None:
        columns = [exp.to_identifier(name, quoted=True) for name in values]
        into = exp.Schema(this=exp.to_table(f"tidegate.{table}"), expressions=columns)
        insert = exp.insert(exp.values([tuple(exp.Placeholder(this=name) for name in values)]), into)
        with self.warehouse.session() as connection:
            connection.execute(insert.sql("duckdb"), values)

    def at(self, hours: float) -> datetime:
        return NOON + timedelta(hours=hours)

    def run(self, hours: float) -> str:
        """A run at that hour."""
        name = f"run-{hours:06.1f}"
        with self.warehouse.session() as connection:
            known = connection.execute("select 1 from tidegate.runs where run_id = ?", [name]).fetchone()
        if known is None:
            self.write(
                "runs",
                run_id=name,
                kind="run",
                target="dev",
                as_of=self.at(hours),
                version="0",
                status="finished",
                started_at=self.at(hours),
            )
        return name

    def publish(self, version: int, journey: Journey, hours: float = 0) -> None:
        self.write(
            "journey_versions",
            journey=journey.name,
            version=version,
            hash=journey.hash,
            source=journey.source,
            first_run=self.run(hours),
            published_at=self.at(hours),
        )

    def walks(
        self,
        person: str,
        *path: tuple[str, str | None, float],
        version: int = 1,
        ended: tuple[str, float] | None = None,
        goal: float | None = None,
        deadline: float | None = None,
    ) -> int:
        """`path` is (step, turn, hour) in order; `ended` is (reason, hour)."""
        self.instances += 1
        step, _, since = path[-1]
        self.write(
            "instances",
            instance=self.instances,
            journey=self.journey,
            person=person,
            entry_key="",
            rotation=1,
            version=version,
            status="ended" if ended else "active",
            step=step,
            entered_at=self.at(path[0][2]),
            step_entered_at=self.at(since),
            deadline=self.at(deadline) if deadline is not None else None,
            context="{}",
            exit_reason=ended[0] if ended else None,
            ended_at=self.at(ended[1]) if ended else None,
            goal_at=self.at(goal) if goal is not None else None,
            entered_run=self.run(path[0][2]),
            moved_run=self.run(ended[1] if ended else since),
        )
        for number, (step, turn, hours) in enumerate(path, 1):
            self.write(
                "steps",
                instance=self.instances,
                journey=self.journey,
                person=person,
                step=step,
                reached_at=self.at(hours),
                turn=turn,
                number=number,
                run_id=self.run(hours),
            )
        return self.instances

    def message(
        self,
        instance: int,
        person: str,
        step: str,
        hours: float,
        *,
        state: str = "accepted",
        channel: str | None = "email",
        reason: str | None = None,
        held_until: float | None = None,
        reported: Mapping[str, float] | None = None,
    ) -> None:
        """A message of a step; `reported` is what the person did with it, and when."""
        key = f"{self.journey}:{person}:1:{step}:1"
        settled = state in ("accepted", "skipped", "rejected", "unknown")
        self.write(
            "outbox",
            message_key=key,
            source=self.journey,
            person=person,
            entry="1",
            step=step,
            visit=1,
            message=step,
            channels='["email", "sms"]',
            channel=channel,
            destination=channel,
            context="{}",
            due_at=self.at(hours),
            expires_at=self.at(hours + 24),
            priority=0,
            state=state,
            reason=reason,
            attempts=1,
            planned_run=self.run(hours),
            planned_at=self.at(hours),
            settled_run=self.run(hours) if settled else None,
            settled_at=self.at(hours) if settled else None,
            held_until=self.at(held_until) if held_until is not None else None,
            instance=instance,
        )
        for kind, when in (reported or {}).items():
            self.write(
                "feedback",
                event_id=f"{key}-{kind}",
                kind=kind,
                happened_at=self.at(when),
                destination=channel,
                channel=channel,
                message_key=key,
                person=person,
                run_id="",
                landed_at=self.at(when),
            )

    def refused(self, person: str, reason: str, hours: float = 0) -> None:
        self.write(
            "occurrences",
            audience=self.journey,
            occurrence_id=person,
            person=person,
            occurred_at=self.at(hours),
            disposition=reason,
            run_id=self.run(hours),
        )


def lived(warehouse: Warehouse) -> Walked:
    """Five leads: ada opened and ordered, grace did not open and got a text, edith waits, mary waits since a second
    version, joan is not reached. Two more were not let in."""
    walked = Walked(warehouse)
    walked.publish(1, nurturing())
    ada = walked.walks(
        "ada",
        ("intro", None, 0),
        ("wait", None, 0),
        ("if", "heard", 3),
        ("second", "then", 3),
        ended=("goal", 30),
        goal=30,
    )
    walked.message(ada, "ada", "intro", 0, reported={"delivered": 0.1, "opened": 2, "clicked": 2.5})
    walked.message(ada, "ada", "second", 3, reported={"delivered": 3.1})
    grace = walked.walks(
        "grace",
        ("intro", None, 0),
        ("wait", None, 0),
        ("if", "timed_out", 48),
        ("if_2", "else", 48),
        ("text", "then", 48),
        ("end", None, 48),
        ended=("completed", 48),
    )
    walked.message(grace, "grace", "intro", 0, reported={"delivered": 0.1})
    walked.message(grace, "grace", "text", 48, channel="sms", state="skipped", reason="no_consent")
    edith = walked.walks("edith", ("intro", None, 24), ("wait", None, 24), deadline=72)
    walked.message(edith, "edith", "intro", 24, reported={"delivered": 24.1, "opened": 25})
    mary = walked.walks("mary", ("intro", None, 48), ("wait", None, 48), deadline=96)
    walked.message(mary, "mary", "intro", 48, state="planned", reason="quiet_hours", held_until=56)
    joan = walked.walks(
        "joan",
        ("intro", None, 0),
        ("wait", None, 0),
        ("if", "timed_out", 48),
        ("if_2", "else", 48),
        ("unreached", "else", 48),
        ("end", None, 48),
        ended=("completed", 48),
    )
    walked.message(joan, "joan", "intro", 0, state="rejected", channel="email", reason="mailbox_full")
    walked.refused("ida", "condition")
    walked.refused("lise", "never", 24)
    return walked
