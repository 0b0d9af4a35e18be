"""What `tidegate status` reads off the state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tidegate import run
from tidegate.results import Absent
from tidegate.spec.objects import Audience, DestinationSpec, Project, Sync
from tidegate.status import status
from tidegate.warehouse import Warehouse

NOON = datetime(2011, 12, 9, 12, tzinfo=UTC)


class State:
    """A warehouse's state, written row by row in the words of the domain."""

    def __init__(self, path: Path) -> None:
        self.warehouse = Warehouse(path)

    def write(self, sql: str, **values: object) -> None:
        with self.warehouse.session() as connection:
            connection.execute(sql, values)

    def run(self, run_id: str, *, as_of: datetime = NOON, status: str = "finished", problem: str | None = None) -> None:
        self.write(
            "insert into tidegate.runs (run_id, kind, target, as_of, version, status, started_at, problem)"
            " values ($run_id, 'run', 'dev', $as_of, '0', $status, $as_of, $problem)",
            run_id=run_id,
            as_of=as_of,
            status=status,
            problem=problem,
        )

    def audience(self, name: str, run_id: str, verdict: str = "applied", reason: str = "", entered: int = 0) -> None:
        self.write(
            'insert into tidegate.audience_runs (run_id, audience, kind, cause, verdict, reason, entered, "left",'
            " removed, messages, members, planned, withheld) values ($run_id, $name, 'who', 'data', $verdict, $reason,"
            " $entered, 0, 0, 0, 10, 0, 0)",
            name=name,
            run_id=run_id,
            verdict=verdict,
            reason=reason,
            entered=entered,
        )

    def owes(self, destination: str, person: str, *, state: str = "due", reason: str = "throttled") -> None:
        self.write(
            "insert into tidegate.owed (destination, list, person, operation, identity, identifiers, traits, state,"
            " in_doubt, reason, attempts, next_try, run_id) values ($destination, 'VIP', $person, 'add', '', '{}',"
            " '{}', $state, false, $reason, 1, $next_try, 'r1')",
            destination=destination,
            person=person,
            state=state,
            reason=reason,
            next_try=NOON + timedelta(minutes=5),
        )


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "warehouse.duckdb")


def test_before_anything_ran_it_says_how_to_begin_and_makes_no_file(state: State) -> None:
    seen = status(state.warehouse)

    assert seen.runs == ()
    assert "tidegate plan" in seen.next_steps[0]
    assert not state.warehouse.path.exists()


def test_when_nothing_waits_all_is_well(state: State) -> None:
    state.run("r1")
    state.audience("vip", "r1", entered=3)

    seen = status(state.warehouse)

    assert [(run.run_id, run.status, run.as_of) for run in seen.runs] == [("r1", "finished", NOON)]
    assert [(audience.audience, audience.entered) for audience in seen.audiences] == [("vip", 3)]
    assert seen.next_steps == ("All is well: nothing is owed, unknown or blocked.",)


def test_the_newest_run_comes_first_and_only_as_many_as_asked_for(state: State) -> None:
    for day in range(4):
        state.run(f"r{day}", as_of=NOON + timedelta(days=day))

    assert [run.run_id for run in status(state.warehouse, runs=2).runs] == ["r3", "r2"]


def test_an_audience_is_shown_as_its_latest_run_left_it(state: State) -> None:
    state.run("r1")
    state.audience("vip", "r1", "blocked", "too many enter", 900)
    state.run("r2", as_of=NOON + timedelta(days=1))
    state.audience("vip", "r2", "applied", entered=2)

    seen = status(state.warehouse)

    assert [audience.entered for audience in seen.audiences] == [2]
    assert seen.blocked == ()


def test_a_blocked_audience_waits_for_a_person_and_says_which_command_answers(state: State) -> None:
    state.run("r1")
    state.audience("vip", "r1", "blocked", "900 enter, the limit is 20", 900)

    seen = status(state.warehouse)

    assert [(stop.audience, stop.entered, stop.answer) for stop in seen.blocked] == [("vip", 900, None)]
    assert "tidegate approve vip" in seen.next_steps[0]
    assert "900 enter, the limit is 20" in seen.next_steps[0]


def test_an_approval_not_used_yet_is_shown_and_the_next_run_announced(state: State) -> None:
    state.run("r1")
    state.audience("vip", "r1", "blocked", "too many", 900)
    state.write("insert into tidegate.approvals (audience, blocked_run, decision, entered, \"left\", removed, messages,"
                " who, decided_at) values ('vip', 'r1', 'approve', 900, 0, 0, 0, 'grace', now())")  # fmt: skip

    seen = status(state.warehouse)

    assert seen.blocked[0].answer == "approve"
    assert "approved by grace, the next run lets it through" in seen.next_steps[0]


def test_owed_rows_are_counted_by_destination_and_reason(state: State) -> None:
    state.run("r1")
    state.owes("meta_ads", "ada")
    state.owes("meta_ads", "grace")
    state.owes("meta_ads", "mary", state="refused", reason="invalid_email")

    seen = status(state.warehouse)

    assert [(owed.state, owed.reason, owed.rows) for owed in seen.owed] == [
        ("due", "throttled", 2),
        ("refused", "invalid_email", 1),
    ]
    assert "meta_ads is owed 2 list rows; a run from 2011-12-09T12:05:00Z on takes them up." in seen.next_steps
    assert any(
        step.startswith("meta_ads does not take 1 list row (invalid_email); offered again from 2011-12-09T12:05:00Z on")
        for step in seen.next_steps
    )


def test_a_row_that_cannot_be_sent_as_it_is_has_no_next_try(state: State) -> None:
    state.run("r1", as_of=NOON + timedelta(days=1))
    state.owes("meta_ads", "mary", state="refused", reason="no_identifier")

    assert status(state.warehouse).next_steps == (
        "1 list row of meta_ads has no identifier that can be used (no_identifier); it waits for other values. "
        "Whose: `tidegate owed --reason no_identifier --rows`.",
    )


def test_rows_without_an_identifier_are_told_once_for_all_destinations_and_not_as_refused_there(state: State) -> None:
    state.run("r1")
    state.owes("meta_ads", "ada", state="refused", reason="no_identifier")
    state.owes("hubspot", "ada", state="refused", reason="no_identifier")
    state.owes("hubspot", "mary", state="refused", reason="unknown_field")

    refused, nameless = status(state.warehouse).next_steps

    assert refused.startswith("hubspot does not take 1 list row (unknown_field); offered again from ")
    assert refused.endswith("Why: `tidegate owed --destination hubspot --rows`.")
    assert nameless.startswith("2 list rows of hubspot, meta_ads have no identifier that can be used")


def test_only_the_failures_of_the_last_checked_run_are_told(state: State) -> None:
    state.run("r1")
    state.run("r2", as_of=NOON + timedelta(days=1))
    for run_id, model, passed in (("r1", "people", False), ("r2", "people", True), ("r2", "events", False)):
        state.write(
            "insert into tidegate.contract_results (run_id, model, contract, passed, failing_rows, detail)"
            " values ($run_id, $model, 'unique', $passed, 3, '')",
            run_id=run_id,
            model=model,
            passed=passed,
        )

    seen = status(state.warehouse)

    assert [broken.model for broken in seen.contracts] == ["events"]
    assert "Contracts failed on events: what depends on them waits until they hold." in seen.next_steps


@pytest.mark.parametrize("left_as", ["started", "decided"])
def test_a_run_that_did_not_finish_is_named(state: State, left_as: str) -> None:
    state.run("r1", status=left_as)

    assert status(state.warehouse).next_steps[0].startswith("Run r1 has not finished")


def test_a_failed_run_says_why(state: State) -> None:
    state.run("r1", status="failed", problem="meta_ads: the token has expired")

    assert status(state.warehouse).next_steps[0] == "Run r1 failed: meta_ads: the token has expired"


def test_a_run_that_somebody_interrupted_is_told_as_that_and_not_as_a_fault(state: State) -> None:
    state.run("r1", status="failed", problem=run.reason(KeyboardInterrupt()))

    assert status(state.warehouse).next_steps == (
        "Run r1 failed: it was interrupted; the next run settles what was under way",
    )


def test_each_destination_at_which_a_run_failed_has_a_line_in_which_json_is_only_its_sentences(state: State) -> None:
    json = (
        '{"type": "https://docs.example.com/errors/", "title": "Too Many Requests", "status": 429, '
        '"detail": "You have exceeded the limit of 10 simultaneous connections.", "instance": "(…'
    )
    state.run(
        "r1",
        status="failed",
        problem=f"mailchimp: throttled (HTTP 429 {json}); it asks for a pause of 10 minutes; 113 rows stay owed\n"
        'airtable: unavailable (HTTP 503 {"message": "Service Unavailable"}); 9 calls failed in a row',
    )

    assert status(state.warehouse).next_steps == (
        "Run r1 failed: mailchimp: throttled (HTTP 429 Too Many Requests: You have exceeded the limit of 10 "
        "simultaneous connections.); it asks for a pause of 10 minutes; 113 rows stay owed",
        "Run r1 failed: airtable: unavailable (HTTP 503 Service Unavailable); 9 calls failed in a row",
    )


def test_a_problem_that_is_long_without_json_is_cut_and_still_says_what_becomes_of_the_rows(state: State) -> None:
    state.run("r1", status="failed", problem=f"crm: refused ({'word ' * 100}); 113 rows stay owed")

    (told,) = status(state.warehouse).next_steps

    assert len(told) < 330
    assert told.startswith("Run r1 failed: crm: refused (word ")
    assert told.endswith("; 113 rows stay owed")


def test_a_list_that_no_audience_owns_is_told(state: State) -> None:
    state.run("r1")
    state.owes("meta_ads", "ada", state="held")
    project = Project(
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
        destinations={"meta_ads": DestinationSpec("meta_ads", "meta_custom_audiences", {})},
        audiences={},
        messages={},
    )
    sync = Sync(to="meta_ads", mode="list", name="VIP", match={})
    owner = Audience(name="vip", file="audiences/vip.yml", who="vip", sync=(sync,))

    alone = status(state.warehouse, project=project)
    owned = status(state.warehouse, project=replace(project, audiences={"vip": owner}))

    assert [(one.destination, one.list, one.people, one.owed) for one in alone.ownerless] == [("meta_ads", "VIP", 0, 1)]
    assert alone.next_steps == (
        "Nobody owns VIP at meta_ads any more: the 0 on it stay, nothing is sent, until "
        "`tidegate release meta_ads VIP` with --keep or --remove.",
    )
    assert owned.ownerless == ()
    assert owned.next_steps == ("meta_ads: 1 list row held until their list is approved.",)

    state.write(
        "insert into tidegate.lists (destination, list, mode, keyed_by, scheme, run_id) "
        "values ('meta_ads', 'VIP', 'list', 'identifiers', '1', 'r1')"
    )
    gone = status(state.warehouse, project=replace(project, destinations={}))

    assert (gone.ownerless, gone.absent) == ((), (Absent("meta_ads", ("VIP",), 0, 1),))
    assert gone.next_steps == (
        "tidegate.yml has no destination `meta_ads` for this target any more: 0 people stay on `VIP`, and 1 row that "
        "it is owed waits. Put it back, or forget what is known there: `tidegate release meta_ads --keep`.",
    )


def test_a_block_by_removals_alone_says_how_many_would_go(state: State) -> None:
    state.run("r1")
    state.audience("vip", "r1", "blocked", "too many would go")
    state.write("update tidegate.audience_runs set removed = 60")

    assert status(state.warehouse).next_steps[0].startswith("vip: 60 to go from lists (too many would go)")


def test_what_the_gate_holds_and_skips_is_counted_by_reason(state: State) -> None:
    state.run("r1")
    for key, (message_state, reason, hours) in enumerate(
        [
            ("planned", "quiet_hours", 8),
            ("planned", "quiet_hours", 3),
            ("skipped", "holdout", 0),
            ("skipped", "cap", -200),
        ]
    ):
        state.write(
            "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, context,"
            " due_at, expires_at, priority, state, reason, held_until, attempts, planned_run, planned_at, settled_at)"
            " values ($key, 'vip', 'p', '1', 's', 1, 'offer', '[]', '{}', $now, $now, 0, $state, $reason,"
            " case $state when 'planned' then $until::timestamptz end, 0, 'r1', $now,"
            " case $state when 'skipped' then $until::timestamptz end)",
            key=str(key),
            state=message_state,
            reason=reason,
            now=NOON,
            until=NOON + timedelta(hours=hours),
        )

    seen = status(state.warehouse)

    assert [(one.verdict, one.reason, one.messages, one.people) for one in seen.withheld] == [
        ("hold", "quiet_hours", 2, 1),
        ("skip", "holdout", 1, 1),
    ]
    assert seen.withheld[0].until == NOON + timedelta(hours=3)
    assert "2 messages are held (quiet_hours); the first may go from 2011-12-09T15:00:00Z on." in seen.next_steps


def test_messages_that_a_destination_refused_are_told_for_a_week(state: State) -> None:
    state.run("r1")
    for key, days in (("new", 1), ("newer", 0), ("old", 8)):
        state.write(
            "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, channel,"
            " destination, context, due_at, expires_at, priority, state, reason, attempts, planned_run, planned_at,"
            " settled_at) values ($key, 'vip', 'p', '1', 's', 1, 'offer', '[]', 'email', 'mail', '{}', $now, $now, 0,"
            " 'rejected', 'smtp_550', 1, 'r1', $now, $at)",
            key=key,
            now=NOON,
            at=NOON - timedelta(days=days),
        )

    seen = status(state.warehouse)

    assert [(one.state, one.reason, one.messages) for one in seen.messages] == [("rejected", "smtp_550", 2)]
    assert seen.next_steps == (
        "mail refused 2 messages for good in the last seven days (smtp_550): "
        "`tidegate requests --destination mail --failed`.",
    )


def test_a_message_in_doubt_is_told_with_where_to_look_for_what_broke(state: State) -> None:
    state.run("r1")
    state.write(
        "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, channel,"
        " destination, context, due_at, expires_at, priority, state, reason, attempts, planned_run, planned_at,"
        " settled_at) values ('k', 'vip', 'p', '1', 's', 1, 'offer', '[]', 'chat', 'sales', '{}', $now, $now, 0,"
        " 'unknown', 'cut_off', 1, 'r1', $now, $now)",
        now=NOON,
    )

    assert status(state.warehouse).next_steps == (
        "1 message may or may not have arrived. It is never sent again by itself. "
        "What broke: `tidegate requests --destination sales --failed`.",
    )


def test_a_message_that_is_not_due_yet_waits_for_a_run_from_then_on(state: State) -> None:
    state.run("r1")
    state.write(
        "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, channel,"
        " destination, context, due_at, expires_at, priority, state, reason, attempts, planned_run, planned_at)"
        " values ('k', 'vip', 'p', '1', 's', 1, 'offer', '[]', 'crm', 'crm', '{}', $due, $end, 0, 'planned',"
        " 'cut_off', 1, 'r1', $now)",
        now=NOON,
        due=NOON + timedelta(minutes=1),
        end=NOON + timedelta(days=1),
    )

    assert status(state.warehouse).next_steps == (
        "1 message is planned and has not gone yet; a run from 2011-12-09T12:01:00Z on looks at it.",
    )


def test_rows_that_a_platform_judges_later_are_told(state: State) -> None:
    state.run("r1")
    state.owes("crm", "p1", state="submitted", reason="")

    assert status(state.warehouse).next_steps == ("crm has taken 1 list row and judges later; every run asks again.",)
