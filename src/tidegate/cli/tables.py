"""Results as tables for a person."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from tidegate.brief import brief
from tidegate.cli import journey_decisions, terminal
from tidegate.cli.terminal import Justify
from tidegate.cli.totals import Totals
from tidegate.decision.absent import in_words
from tidegate.results import (
    AudienceDecision,
    ContractResult,
    Decision,
    Delivery,
    Landed,
    ListDecision,
    PlanResult,
    Report,
)

RIGHT: Justify = "right"

_STYLES = {"blocked": "yellow", "contract": "yellow", "failed": "red", "approved": "green"}

_ADVICE = {
    "contract": (
        "A contract in the model's yml does not hold, so what stands on the model waits. Mend the model or the data; "
        "where the change is right, edit the contract."
    ),
    "blocked": (
        "A blocked audience or journey waits for a word: where its movement is right, `tidegate approve NAME` once a "
        "run was blocked; else mend the model."
    ),
}
_CAUSES = {
    "definition": "the model was edited; lists follow, nobody is written to or enters a journey because of it",
    "baseline": "the first look at an audience or journey; lists are filled, nobody is written to or enters",
}


def landed(console: Console, loaded: Sequence[Landed]) -> None:
    """Which files were loaded, by the table they went into."""
    refused = any(one.refused for one in loaded)
    terminal.table(
        console,
        [
            "landed in",
            ("new files", RIGHT),
            ("rows", RIGHT),
            ("known files", RIGHT),
            *([("refused lines", RIGHT)] if refused else []),
        ],
        [(one.source, one.files, one.rows, one.known, *([one.refused] if refused else [])) for one in loaded],
    )


def report(console: Console, done: Report) -> None:
    """A whole run."""
    console.print(Text.assemble(("Run ", ""), (done.run_id, "bold"), f" as of {terminal.time(done.as_of)}"))
    console.print()
    if any(one.files for one in done.landed):
        landed(console, done.landed)
    contracts(console, done.contracts)
    decision(console, done.decision)
    deliveries(console, done.deliveries)
    absent(console, done.decision)
    if any(one.failed or one.rejected for one in done.deliveries):
        console.print("What was asked and answered: `tidegate requests --failed`. What waits: `tidegate status`.")
        console.print()


def plan(console: Console, planned: PlanResult, *, with_rows: bool, details: bool = False) -> None:
    """What a run would do, and with `with_rows` to whom; with `details`, every way that people go in journeys."""
    console.print(f"A run as of {terminal.time(planned.as_of)} would do this. Nothing was changed.")
    console.print()
    contracts(console, planned.contracts)
    decision(console, planned.decision)
    absent(console, planned.decision)
    for one in planned.decision.journeys if details else ():
        journey_decisions.detail(console, one)
    if planned.ahead_until is not None:
        journey_decisions.ahead(console, planned.as_of, planned.ahead_until, planned.ahead)
    if not with_rows:
        return
    addressed = any(row.address for row in planned.rows)
    terminal.table(
        console,
        ["what", "audience, journey or list", "person", "detail", "cause", *(["address"] if addressed else [])],
        [
            (row.kind, row.subject, row.person, row.detail, row.cause, *([row.address] if addressed else []))
            for row in planned.rows
        ],
        title=terminal.count_of(len(planned.rows), "row"),
    )


def totals(console: Console, added_up: Totals) -> None:
    """What a replay comes to."""
    console.print(
        f"{terminal.count_of(added_up.runs, 'run')}, "
        f"from {terminal.time(added_up.first)} to {terminal.time(added_up.last)}"
    )
    console.print()
    terminal.table(
        console,
        [
            "audience",
            ("entered", RIGHT),
            ("left", RIGHT),
            ("members", RIGHT),
            ("messages", RIGHT),
            "of these withheld",
            "last verdict",
        ],
        [
            (
                one.audience,
                one.entered,
                one.left,
                one.members,
                one.planned,
                terminal.counts(one.withheld),
                verdict(one.verdict),
            )
            for one in added_up.audiences
        ],
    )
    journey_decisions.journeys(console, added_up.journeys)
    journey_decisions.remarks(console, added_up.journeys)
    deliveries(console, added_up.destinations)


def decision(console: Console, decided: Decision) -> None:
    """What was decided, or would be: audiences, lists, messages ready to go, and why not."""
    if decided.audiences or not decided.journeys:
        audiences(console, decided.audiences)
    journey_decisions.journeys(console, decided.journeys)
    lists(console, decided.lists)
    if decided.ready:
        terminal.table(console, ["messages to send by", ("ready", RIGHT)], sorted(decided.ready.items()))
    remarks(console, decided)


def lists(console: Console, decided: Sequence[ListDecision]) -> None:
    """One line a list or object of a destination."""
    if not decided:
        return
    terminal.table(
        console,
        ["list", "at", ("add", RIGHT), ("update", RIGHT), ("remove", RIGHT), ("refused", RIGHT), "owners"],
        [
            (one.list, one.destination, one.add, one.update, one.remove, one.refused, _owners(one.owners, one.blocked))
            for one in decided
        ],
    )


def audiences(console: Console, decided: Sequence[AudienceDecision]) -> None:
    """One line an audience."""
    held = any(one.held for one in decided)
    terminal.table(
        console,
        [
            "audience",
            "verdict",
            "cause",
            ("enter", RIGHT),
            ("leave", RIGHT),
            ("members", RIGHT),
            ("messages", RIGHT),
            "of these withheld",
            *(["held"] if held else []),
        ],
        [
            (
                one.audience,
                verdict(one.verdict),
                one.cause,
                one.entered,
                one.left,
                one.members,
                one.planned,
                terminal.counts(one.withheld),
                *([terminal.counts(one.held)] if held else []),
            )
            for one in decided
        ],
    )


def remarks(console: Console, decided: Decision) -> None:
    """In words: why audiences and lists did not act, what to do about it, and what the causes mean."""
    said = bool(decided.notes)
    for note in decided.notes:
        console.print(f"{note}.")
    said = journey_decisions.remarks(console, decided.journeys) or said
    for asks in decided.asked:
        people = f"{asks.people:,} {'person waits' if asks.people == 1 else 'people wait'} at {asks.step}"
        how = f"`tidegate approve {asks.journey} --step {asks.step}`"
        console.print(Text.assemble((asks.journey, "bold"), f': {people} for an answer to "{asks.question}": {how}'))
        said = True
    for one in decided.audiences:
        if one.reason and one.verdict != "applied":
            console.print(Text.assemble((one.audience, "bold"), ": ", verdict(one.verdict), f": {one.reason}"))
            said = True
    for held in decided.lists:
        if held.blocked:
            place = f"{held.list} at {held.destination}"
            why = f"does not move while {held.blocked} does not" if held.blocked in held.owners else held.blocked
            console.print(Text.assemble((place, "bold"), f": {why}"))
            said = True
    verdicts = {*(one.verdict for one in decided.audiences), *(one.verdict for one in decided.journeys)}
    for word, advice in _ADVICE.items():
        if word in verdicts:
            console.print(advice)
            said = True
    causes = {
        *(one.cause for one in decided.audiences if one.entered or one.left),
        *(one.cause for one in decided.journeys if one.cause != "data" and one.refused),
    }
    for word, meaning in _CAUSES.items():
        if word in causes:
            console.print(f"cause `{word}`: {meaning} (unless its file says `backfill: true`).")
            said = True
    if said:
        console.print()


def absent(console: Console, decided: Decision) -> None:
    """Destinations that are gone, and what to do about each."""
    for one in decided.absent:
        console.print(f"{in_words(one)}.")
    if decided.absent:
        console.print()


def deliveries(console: Console, done: Sequence[Delivery]) -> None:
    """One line a destination."""
    if not done:
        console.print("Nothing was to be sent.")
        console.print()
        return
    terminal.table(
        console,
        [
            "destination",
            ("accepted", RIGHT),
            ("refused", RIGHT),
            ("owed", RIGHT),
            ("judged later", RIGHT),
            ("unknown", RIGHT),
            ("calls", RIGHT),
            ("seconds", RIGHT),
            "problem",
        ],
        [
            (
                one.destination,
                one.accepted,
                one.rejected,
                one.owed,
                one.pending,
                one.unknown,
                one.calls,
                one.seconds,
                Text(brief(one.problem), style="red"),
            )
            for one in done
        ],
    )


def contracts(console: Console, results: Sequence[ContractResult]) -> None:
    """The contracts that failed, with a few keys; a line where all hold."""
    broken = [result for result in results if not result.passed]
    if not broken:
        if results:
            console.print(f"{terminal.count_of(len(results), 'contract')}: all hold.")
            console.print()
        return
    terminal.table(
        console,
        ["model", "contract", "column", ("failing rows", RIGHT), "for example", "detail"],
        [
            (one.model, one.contract, one.column, one.failing_rows, ", ".join(one.examples), one.detail)
            for one in broken
        ],
        title=f"{terminal.count_of(len(broken), 'contract')} of {len(results):,} failed",
    )


def verdict(word: str) -> Text:
    """A verdict in its colour."""
    return Text(word, style=_STYLES.get(word, ""))


def _owners(owners: Sequence[str], blocked: str) -> Text:
    return Text.assemble(", ".join(owners) or "nobody", (" (held)", "yellow") if blocked else "")
