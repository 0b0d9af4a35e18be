"""What a person reads at the end of a plan or a run."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from tidegate.cli import outcome, status, tables
from tidegate.results import AudienceDecision, Decision, Delivery, ListDecision, Report
from tidegate.status import OwedRows, RunSeen, Status

NOON = datetime(2011, 12, 9, 12, tzinfo=UTC)


def told(*audiences: AudienceDecision) -> str:
    stream = io.StringIO()
    tables.decision(Console(file=stream, width=300), Decision(audiences, (), {}))
    return stream.getvalue()


def test_who_waits_for_an_approval_is_told_how_to_give_it() -> None:
    said = told(AudienceDecision("vip", "blocked", reason="9 of 10 would leave"))

    assert "vip: blocked: 9 of 10 would leave" in said
    assert "tidegate approve NAME" in said


def test_a_list_that_nobody_owns_is_told_and_is_no_failure() -> None:
    ownerless = Decision((), (ListDecision("ads", "VIPs", (), blocked="no audience owns this list any more"),), {})
    stream = io.StringIO()

    tables.decision(Console(file=stream, width=300), ownerless)

    assert "VIPs at ads: no audience owns this list any more" in stream.getvalue()
    assert outcome.exit_code(ownerless) == 0


def test_who_meets_a_broken_contract_is_told_that_it_can_be_edited() -> None:
    said = told(AudienceDecision("vip", "contract", reason="too few rows"))

    assert "edit the contract" in said
    assert "approve" not in said


def test_a_first_look_says_how_people_would_be_written_to_all_the_same() -> None:
    said = told(AudienceDecision("vip", "applied", cause="baseline", entered=5, planned=5))

    assert "unless its file says `backfill: true`" in said


def test_a_row_refused_for_good_is_not_promised_a_time() -> None:
    run = RunSeen("r1", "run", "dev", NOON, "finished", NOON, NOON, None)
    stream = io.StringIO()

    def owed(reason: str, state: str, hours: int) -> OwedRows:
        return OwedRows("ads", "VIP", state, False, reason, 1, NOON + timedelta(hours=hours))

    rows = (owed("no_identifier", "refused", -24), owed("invalid", "refused", 48), owed("throttled", "due", 0))
    status._show(Console(file=stream, width=300), Status((run,), (), (), rows, (), (), ("All is well.",)))

    by_reason = {line.split()[3]: line for line in stream.getvalue().splitlines() if line.startswith("ads")}
    assert "2011-12-08" not in by_reason["no_identifier"]
    assert "2011-12-11T12:00:00Z" in by_reason["invalid"]
    assert "2011-12-09T12:00:00Z" in by_reason["throttled"]


def test_where_something_was_refused_it_says_where_to_look() -> None:
    def read(delivery: Delivery) -> str:
        stream = io.StringIO()
        done = Report("r1", "run", NOON, "finished", deliveries=(delivery,))
        tables.report(Console(file=stream, width=300), done)
        return stream.getvalue()

    assert "`tidegate requests --failed`" in read(Delivery("mail", accepted=3, rejected=1))
    assert "`tidegate requests --failed`" in read(Delivery("mail", owed=3, problem="mail: unavailable"))
    assert "requests" not in read(Delivery("mail", accepted=3))
