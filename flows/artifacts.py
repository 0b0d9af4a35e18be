"""What a run did, as tables in Prefect's pages: counts and keys, never an address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tidegate.cli.totals import Totals
from tidegate.decision.absent import in_words
from tidegate.journeys.seeing.looking import look
from tidegate.journeys.seeing.markdown import markdown
from tidegate.redact import redact
from tidegate.results import ContractResult, Decision, Report
from tidegate.run import Run


def audiences(report: Report, sent: Mapping[str, int]) -> None:
    """Who entered and left, and what became of the messages. `sent` counts by audience."""
    create_table_artifact(
        key="audiences",
        description=f"Run `{report.run_id}`, as of {report.as_of:%Y-%m-%d %H:%M} UTC",
        table=[
            {
                "audience": one.audience,
                "verdict": one.verdict,
                "cause": one.cause,
                "entered": one.entered,
                "left": one.left,
                "members": one.members,
                "planned": one.planned,
                "sent": sent.get(one.audience, 0),
                "withheld": _reasons(one.withheld),
                "held": _reasons(one.held),
            }
            for one in report.decision.audiences
        ],
    )


def journeys(run: Run) -> None:
    """A table of what was made of every journey, and of each that anybody entered, moved in or left a page: the graph
    with everybody in it."""
    decided = run.decision.journeys
    if not decided:
        return
    create_table_artifact(
        key="journeys",
        description=f"Run `{run.run_id}`, as of {run.as_of:%Y-%m-%d %H:%M} UTC",
        table=[
            {
                "journey": one.journey,
                "verdict": one.verdict,
                "cause": one.cause,
                "entered": one.entered,
                "not let in": _reasons(one.refused),
                "went on": one.moved,
                "ended": _reasons(one.ended),
                "inside": one.inside,
                "planned": sum(one.planned.values()),
                "withheld": _reasons(one.withheld),
                "held": _reasons(one.held),
            }
            for one in decided
        ],
    )
    for one in decided:
        if one.moves or one.ended:
            create_markdown_artifact(
                key=f"journey-{_key(one.journey)}",
                description=f"Run `{run.run_id}`",
                markdown=redact(markdown(look(run.warehouse, run.project, one.journey))),
            )


def asked(run_id: str, decision: Decision) -> None:
    """Who waits for a person's word; nothing where nobody does."""
    if not decision.asked:
        return
    create_table_artifact(
        key="asked",
        description=f"Run `{run_id}`. They wait for the deployment `approve`, with the journey and the step",
        table=[
            {
                "journey": one.journey,
                "step": one.step,
                "question": redact(one.question),
                "people": one.people,
                "until": f"{one.until:%Y-%m-%d %H:%M} UTC" if one.until else "",
            }
            for one in decision.asked
        ],
    )


def destinations(report: Report) -> None:
    """What each destination was to be given, and what it took."""
    moves = {name: [0, 0, 0] for name in {one.destination for one in report.decision.lists}}
    for one in report.decision.lists:
        moves[one.destination] = [
            sum(pair) for pair in zip(moves[one.destination], (one.add, one.update, one.remove), strict=True)
        ]
    delivered = {one.destination: one for one in report.deliveries}
    table = []
    for name in sorted(moves.keys() | report.decision.ready.keys() | delivered.keys()):
        add, update, remove = moves.get(name, (0, 0, 0))
        done = delivered.get(name)
        table.append(
            {
                "destination": name,
                "messages": report.decision.ready.get(name, 0),
                "add": add,
                "update": update,
                "remove": remove,
                "accepted": done.accepted if done else 0,
                "refused": done.rejected if done else 0,
                "owed": done.owed if done else 0,
                "judged later": done.pending if done else 0,
                "unknown": done.unknown if done else 0,
                "problem": redact(done.problem) if done else "",
            }
        )
    create_table_artifact(key="destinations", description=f"Run `{report.run_id}`", table=table)


def guards(run_id: str, decision: Decision) -> None:
    """What each guard said: of audiences and journeys, of the lists that wait with them, and of destinations that are
    gone."""
    rows = [
        {"what": one.audience, "verdict": one.verdict, "entered": one.entered, "left": one.left, "why": one.reason}
        for one in decision.audiences
    ]
    rows += [
        {
            "what": one.journey,
            "verdict": one.verdict,
            "entered": one.entered,
            "left": sum(one.ended.values()),
            "why": one.reason,
        }
        for one in decision.journeys
    ]
    rows += [
        {
            "what": f"{one.destination}: {one.list}",
            "verdict": "held",
            "entered": one.add,
            "left": one.remove,
            "why": f"waits with {one.blocked}" if one.blocked in one.owners else one.blocked,
        }
        for one in decision.lists
        if one.blocked
    ]
    rows += [
        {"what": one.destination, "verdict": "gone", "entered": 0, "left": 0, "why": in_words(one)}
        for one in decision.absent
    ]
    rows.sort(key=lambda row: row["verdict"] not in ("blocked", "held", "gone"))
    create_table_artifact(
        key="guard-verdicts",
        description=f"Run `{run_id}`. A blocked audience or journey waits for the deployment `approve`",
        table=[{**row, "why": redact(str(row["why"]))} for row in rows],
    )


def contracts(run_id: str, results: Sequence[ContractResult]) -> None:
    """Each contract's result, the broken ones first, with a few keys of the rows that break it."""
    create_table_artifact(
        key="contracts",
        description=f"Run `{run_id}`",
        table=[
            {
                "model": one.model,
                "contract": one.contract,
                "holds": "yes" if one.passed else "NO",
                "failing rows": one.failing_rows,
                "detail": one.detail,
                "for example": ", ".join(one.examples),
            }
            for one in sorted(results, key=lambda result: result.passed)
        ],
    )


def replayed(totals: Totals) -> None:
    """What a whole stretch of time came to."""
    create_table_artifact(
        key="replay",
        description=f"{totals.runs} runs, {totals.first:%Y-%m-%d} to {totals.last:%Y-%m-%d}",
        table=[
            {
                "audience": one.audience,
                "entered": one.entered,
                "left": one.left,
                "members": one.members,
                "planned": one.planned,
                "withheld": _reasons(one.withheld),
            }
            for one in totals.audiences
        ],
    )
    create_table_artifact(
        key="replay-destinations",
        description=f"{totals.runs} runs",
        table=[
            {
                "destination": one.destination,
                "accepted": one.accepted,
                "refused": one.rejected,
                "owed": one.owed,
                "judged later": one.pending,
                "unknown": one.unknown,
            }
            for one in totals.destinations
        ],
    )


def _key(name: str) -> str:
    """Prefect's keys are lower case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _reasons(withheld: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(withheld.items()))
