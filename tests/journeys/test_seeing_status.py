"""What of journeys wants a person, in `tidegate status`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.walked import Walked, nurturing, project
from tidegate.spec.journey_objects import ApproveStep
from tidegate.status import status
from tidegate.warehouse import Warehouse

COUPON = replace(
    nurturing(),
    name="coupon",
    steps=(
        ApproveStep(
            id="approve", path="steps[0]", line=4, question="A coupon?", up_to=timedelta(days=3), rejected=None
        ),
    ),
)


@pytest.fixture
def walked(tmp_path: Path) -> Walked:
    return Walked(Warehouse(tmp_path / "warehouse.duckdb"), "coupon")


def ran(walked: Walked, hours: float, verdict: str = "applied", reason: str | None = None, **counts: int) -> None:
    known = dict.fromkeys(("entered", "refused", "moved", "ended", "inside", "planned", "withheld", "messages"), 0)
    walked.write(
        "journey_runs",
        run_id=walked.run(hours),
        journey=walked.journey,
        version=1,
        verdict=verdict,
        reason=reason,
        **{**known, **counts},
    )


def test_a_journey_is_shown_as_its_latest_run_left_it(walked: Walked) -> None:
    ran(walked, 0, entered=900)
    ran(walked, 1, entered=2, inside=7)

    seen = status(walked.warehouse, project=project(COUPON))

    assert [(one.journey, one.entered, one.inside) for one in seen.journeys] == [("coupon", 2, 7)]
    assert seen.next_steps == ("All is well: nothing is owed, unknown or blocked.",)


def test_a_blocked_journey_waits_for_a_person_and_says_which_command_answers(walked: Walked) -> None:
    ran(walked, 0, "blocked", "900 would enter, more than max_enter 500", entered=900)

    seen = status(walked.warehouse, project=project(COUPON))

    assert [(stop.audience, stop.kind, stop.entered) for stop in seen.blocked] == [("coupon", "journey", 900)]
    assert "`tidegate plan coupon --rows`, then `tidegate approve coupon`" in seen.next_steps[0]


def test_a_journey_that_did_not_act_says_why(walked: Walked) -> None:
    ran(walked, 0, "failed", "no column `lst`")

    assert status(walked.warehouse).next_steps == ("coupon did not act: no column `lst`",)


def test_people_who_wait_for_a_word_are_told_with_the_question(walked: Walked) -> None:
    walked.publish(1, COUPON)
    walked.walks("ada", ("approve", None, 1))
    walked.walks("grace", ("approve", None, 2))
    ran(walked, 2)

    seen = status(walked.warehouse, project=project(COUPON))

    assert [(one.step, one.people, one.since) for one in seen.asked] == [("approve", 2, walked.at(1))]
    assert seen.next_steps[0].startswith(
        '2 people in coupon wait at approve for an answer to "A coupon?", the first since 2026-03-02T13:00:00Z.'
    )


def test_whoever_was_answered_waits_for_no_word_any_more(walked: Walked) -> None:
    walked.publish(1, COUPON)
    instance = walked.walks("ada", ("approve", None, 1))
    walked.write(
        "step_approvals",
        journey="coupon",
        step="approve",
        instance=instance,
        person="ada",
        decision="approve",
        decided_at=walked.at(1),
        recorded_at=walked.at(1),
    )

    assert status(walked.warehouse, project=project(COUPON)).asked == ()


def test_a_journey_whose_file_is_gone_keeps_its_people_and_is_named(walked: Walked) -> None:
    walked.publish(1, COUPON)
    walked.walks("ada", ("approve", None, 1))
    walked.walks("grace", ("approve", None, 1), ended=("rule", 2))
    ran(walked, 2)

    seen = status(walked.warehouse, project=project())

    assert [(one.journey, one.people) for one in seen.forsaken] == [("coupon", 1)]
    assert "coupon has no file any more, and 1 person inside" in seen.next_steps[0]
