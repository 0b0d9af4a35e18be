"""A person's story tells their walks: every turn with its reason, and what the steps left behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.walked import NOON, Walked, lived, nurturing, project
from tidegate.cli.person import subject
from tidegate.story import Moment, story
from tidegate.warehouse import Warehouse


@pytest.fixture
def walked(tmp_path: Path) -> Walked:
    walked = lived(Warehouse(tmp_path / "warehouse.duckdb"))
    walked.write(
        "journey_runs",
        run_id=walked.run(0),
        journey="lead_nurturing",
        version=1,
        verdict="applied",
        **dict.fromkeys(("entered", "refused", "moved", "ended", "inside", "planned", "withheld"), 0),
    )
    return walked


def told(walked: Walked, person: str) -> list[tuple[float, str, str, str | None]]:
    moments = story(walked.warehouse, person, project=project(nurturing())).moments
    return [((one.at - NOON) / timedelta(hours=1), one.what, subject(one), one.reason) for one in moments]


def of_journey(walked: Walked, person: str, *what: str) -> list[Moment]:
    moments = story(walked.warehouse, person, project=project(nurturing())).moments
    return [one for one in moments if one.what in what]


def test_a_walk_is_told_from_its_entry_to_its_end_with_every_turn_and_why(walked: Walked) -> None:
    assert told(walked, "grace") == [
        (0, "entered", "lead_nurturing", "enter new_leads"),
        (0, "came to", "intro (lead_nurturing)", None),
        (0, "came to", "wait (lead_nurturing)", None),
        (0, "planned", "intro (lead_nurturing)", None),
        (0.1, "delivered", "intro by email (lead_nurturing)", None),
        (48, "came to", "if (lead_nurturing)", "timed out"),
        (48, "came to", "if_2 (lead_nurturing)", "else"),
        (48, "came to", "text (lead_nurturing)", "then: reachable('sms')"),
        (48, "came to", "end (lead_nurturing)", None),
        (48, "ended", "end (lead_nurturing)", "completed"),
        (48, "planned", "text (lead_nurturing)", None),
    ]


def test_what_was_heard_in_a_wait_is_told_in_the_files_words(walked: Walked) -> None:
    reasons = [(one.message, one.reason) for one in of_journey(walked, "ada", "came to")]

    assert reasons == [
        ("intro", None),
        ("wait", None),
        ("if", "heard: opened('intro')"),
        ("second", "then: opened('intro')"),
    ]


def test_a_goal_and_the_end_that_it_made_are_told(walked: Walked) -> None:
    assert [(one.what, one.message, one.reason) for one in of_journey(walked, "ada", "goal", "ended")] == [
        ("goal", None, None),
        ("ended", "second", "goal"),
    ]


def test_whoever_waits_is_told_until_when(walked: Walked) -> None:
    waits = [(one.message, one.until) for one in of_journey(walked, "edith", "came to")]

    assert waits == [("intro", None), ("wait", NOON + timedelta(hours=72))]


def test_an_exit_by_a_rule_names_the_rule(walked: Walked) -> None:
    walked.walks("rosalind", ("intro", None, 0), ended=("rule", 5))

    assert [one.reason for one in of_journey(walked, "rosalind", "ended")] == ["rule: did('order_completed')"]


def test_whoever_was_not_let_in_is_told_why(walked: Walked) -> None:
    assert told(walked, "ida") == [(0, "not let in", "lead_nurturing", "condition")]


def test_the_segment_that_lets_people_in_is_no_audience_that_they_entered(walked: Walked) -> None:
    for person, cause in (("edith", "data"), ("maria", "baseline")):
        walked.write(
            "stays",
            audience="lead_nurturing",
            person=person,
            stay=1,
            entered_at=walked.at(24),
            entered_run=walked.run(24),
            enter_cause=cause,
        )

    assert [what for _, what, *_ in told(walked, "edith")][:2] == ["entered", "came to"]
    assert told(walked, "maria") == [(24, "not let in", "lead_nurturing", "baseline")]


def test_what_steps_left_behind_is_told_where_they_did_it(walked: Walked) -> None:
    step = {"journey": "lead_nurturing", "step": "unreached", "run_id": walked.run(48)}
    for kind, name, value in (("tag", "cold", "true"), ("tag", "warm", None), ("trait", "mail", '"joan@example.com"')):
        walked.write(
            "traits", person="joan", kind=kind, name=name, value=value, set_at=walked.at(48), instance=5, **step
        )
    walked.write(
        "emitted",
        event_id="1",
        person="joan",
        name="gone_cold",
        occurred_at=walked.at(48),
        emitted_at=walked.at(48),
        properties="{}",
        **step,
    )
    walked.write(
        "list_members",
        destination="meta_ads",
        list="Unreached leads",
        person="joan",
        journey="lead_nurturing",
        step="unreached",
        added_at=walked.at(48),
        added_run=walked.run(48),
        removed_at=walked.at(72),
        removed_run=walked.run(72),
    )

    found = [row for row in told(walked, "joan") if row[1] not in ("came to", "planned", "entered")]

    assert found == [
        (48, "emitted", "unreached (lead_nurturing)", "gone_cold"),
        (48, "set", "unreached (lead_nurturing)", 'mail = "(address)"'),
        (48, "tagged", "unreached (lead_nurturing)", "cold"),
        (48, "untagged", "unreached (lead_nurturing)", "warm"),
        (48, "ended", "end (lead_nurturing)", "completed"),
        (48, "onto list", "Unreached leads at meta_ads", "lead_nurturing: unreached"),
        (72, "off list", "Unreached leads at meta_ads", "lead_nurturing: unreached"),
    ]


def test_a_word_on_somebody_who_waited_for_it_is_part_of_their_story(walked: Walked) -> None:
    walked.write(
        "step_approvals",
        journey="lead_nurturing",
        step="wait",
        instance=3,
        person="edith",
        decision="approve",
        why="they are fine",
        who="grace",
        decided_at=walked.at(50),
        recorded_at=walked.at(50),
    )

    assert [(one.message, one.reason) for one in of_journey(walked, "edith", "approved")] == [
        ("wait", "grace: they are fine")
    ]


def test_without_the_files_a_walk_is_told_by_the_names_of_its_turns(walked: Walked) -> None:
    moments = story(walked.warehouse, "ada").moments

    assert [one.reason for one in moments if one.what == "came to"] == [None, None, "heard", "then"]
