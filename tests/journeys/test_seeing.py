"""What is seen of a journey: everybody is somewhere, once, and the numbers say where."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.walked import NOON, Walked, lived, nurturing, project
from tidegate.journeys.seeing.looking import look
from tidegate.journeys.seeing.overview import overview
from tidegate.journeys.seeing.recipients import recipients, standing
from tidegate.journeys.seeing.seen import JourneySeen, StepSeen
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse in which five leads have lived, only to look at."""
    warehouse = Warehouse(tmp_path_factory.mktemp("lived") / "warehouse.duckdb")
    lived(warehouse)
    return warehouse


@pytest.fixture(scope="module")
def seen(told: Warehouse) -> JourneySeen:
    return look(told, project(nurturing()), "lead_nurturing", days=True)


def at(seen: JourneySeen, step: str) -> StepSeen:
    return next(one for one in (*seen.steps, *seen.gone) if one.step == step)


def test_everybody_who_entered_is_inside_or_has_ended(seen: JourneySeen) -> None:
    assert (seen.entered, seen.inside, dict(seen.ended)) == (5, 2, {"goal": 1, "completed": 2})


def test_whoever_came_to_a_step_stands_there_passed_it_or_left_there(seen: JourneySeen) -> None:
    assert [(one.step, one.reached, one.here, one.passed, dict(one.left)) for one in seen.steps] == [
        ("intro", 5, 0, 5, {}),
        ("wait", 5, 2, 3, {}),
        ("if", 3, 0, 3, {}),
        ("second", 1, 0, 0, {"goal": 1}),
        ("if_2", 2, 0, 2, {}),
        ("text", 1, 0, 1, {}),
        ("unreached", 1, 0, 1, {}),
        ("end", 2, 0, 2, {}),
    ]


def test_a_step_was_carried_out_first_and_last_when_runs_did_it(seen: JourneySeen) -> None:
    assert (at(seen, "intro").first, at(seen, "intro").last) == (NOON, NOON + timedelta(hours=48))


def test_people_count_once_however_often_they_opened(warehouse: Warehouse) -> None:
    walked = lived(warehouse)
    walked.write(
        "feedback",
        event_id="again",
        kind="opened",
        happened_at=walked.at(5),
        message_key="lead_nurturing:ada:1:intro:1",
        person="ada",
        run_id="",
        landed_at=walked.at(5),
    )

    send = at(look(warehouse, project(nurturing()), "lead_nurturing"), "intro").send

    assert send is not None
    assert (send.delivered, send.opened, send.clicked) == (3, 2, 1)


def test_every_message_is_sent_waits_or_does_not_go_for_a_reason(seen: JourneySeen) -> None:
    intro, text = at(seen, "intro").send, at(seen, "text").send

    assert intro is not None
    assert text is not None
    assert (intro.planned, intro.sent, intro.waiting, intro.rejected, intro.held) == (5, 3, 1, 1, {"quiet_hours": 1})
    assert (text.planned, text.sent, text.withheld) == (1, 0, {"no_consent": 1})


def test_a_goal_counts_for_the_steps_that_went_before_it_and_for_no_other(warehouse: Warehouse) -> None:
    walked = Walked(warehouse)
    walked.publish(1, nurturing())
    walked.walks("ada", ("intro", None, 0), ("wait", None, 0), ("if", "heard", 5), goal=4)

    seen = look(warehouse, project(nurturing()), "lead_nurturing")

    assert seen.goals == 1
    assert [(one.step, one.goals) for one in seen.steps if one.reached] == [("intro", 1), ("wait", 1), ("if", 0)]


def test_what_a_late_run_did_after_the_goal_gets_no_credit_for_it(warehouse: Warehouse) -> None:
    walked = Walked(warehouse)
    walked.publish(1, nurturing())
    walked.walks("ada", ("intro", None, 0), goal=4)
    with warehouse.session() as connection:
        connection.execute("update tidegate.steps set run_id = $run", {"run": walked.run(6)})

    assert at(look(warehouse, project(nurturing()), "lead_nurturing"), "intro").goals == 0


def test_it_is_told_which_way_people_went(seen: JourneySeen) -> None:
    assert [(turn.source, turn.turn, turn.target, turn.walks) for turn in seen.turns] == [
        ("", "", "intro", 5),
        ("intro", "", "wait", 5),
        ("wait", "heard", "if", 1),
        ("wait", "timed_out", "if", 2),
        ("if", "then", "second", 1),
        ("if", "else", "if_2", 2),
        ("second", "", "end", 0),
        ("if_2", "then", "text", 1),
        ("if_2", "else", "unreached", 1),
        ("text", "", "end", 1),
        ("unreached", "", "end", 1),
    ]


def test_who_was_not_let_in_is_counted_by_reason(seen: JourneySeen) -> None:
    assert seen.refused == {"condition": 1, "never": 1}


def test_days_add_up_to_all(seen: JourneySeen) -> None:
    assert [(day.day.isoformat(), day.entered, day.sent, day.ended, day.goals) for day in seen.days] == [
        ("2026-03-02", 3, 3, 0, 0),
        ("2026-03-03", 1, 1, 1, 1),
        ("2026-03-04", 1, 0, 2, 0),
    ]
    assert sum(day.entered for day in seen.days) == seen.entered


def test_one_version_is_seen_alone(warehouse: Warehouse) -> None:
    walked = lived(warehouse)
    newer = nurturing(hash="h2", description="shorter")
    walked.publish(2, newer, 50)
    walked.walks("rosalind", ("intro", None, 51), version=2)

    both = look(warehouse, project(newer), "lead_nurturing")
    new = look(warehouse, project(newer), "lead_nurturing", version=2)

    assert (both.entered, new.entered) == (6, 1)
    assert [(one.version, one.entered, one.inside) for one in both.versions] == [(1, 5, 2), (2, 1, 1)]
    assert [(one.step, one.reached) for one in new.steps if one.reached] == [("intro", 1)]


def test_steps_that_only_an_earlier_version_had_keep_their_people(told: Warehouse) -> None:
    shorter = nurturing(hash="h2")
    shorter = replace(shorter, steps=tuple(one for one in shorter.steps if one.id != "unreached"))

    seen = look(told, project(shorter), "lead_nurturing")

    assert [(one.step, one.reached) for one in seen.gone] == [("unreached", 1)]
    assert seen.edited


def test_a_journey_that_nobody_has_is_no_journey(warehouse: Warehouse) -> None:
    with pytest.raises(KeyError):
        look(warehouse, project(nurturing()), "winback")
    lived(warehouse)
    with pytest.raises(KeyError):
        look(warehouse, project(nurturing()), "winback")
    with pytest.raises(LookupError):
        look(warehouse, project(nurturing()), "lead_nurturing", version=7)


def test_before_anything_ran_the_graph_is_there_and_nobody_on_it(warehouse: Warehouse) -> None:
    seen = look(warehouse, project(nurturing()), "lead_nurturing")

    assert (seen.entered, len(seen.steps), seen.version) == (0, 8, None)
    assert not warehouse.path.exists()


def test_recipients_are_told_with_what_became_of_their_message(told: Warehouse) -> None:
    found = {one.person: one for one in recipients(told, "lead_nurturing", "intro")}

    assert {who: one.state for who, one in found.items()} == {
        "ada": "sent",
        "grace": "sent",
        "edith": "sent",
        "mary": "held",
        "joan": "rejected",
    }
    assert found["ada"].opened_at == NOON + timedelta(hours=2)
    assert (found["mary"].reason, found["mary"].held_until) == ("quiet_hours", NOON + timedelta(hours=56))
    assert found["joan"].reason == "mailbox_full"
    assert all(one.address is None for one in found.values())


def test_recipients_by_a_channel_are_those_alone(told: Warehouse) -> None:
    assert [one.person for one in recipients(told, "lead_nurturing", "text", by="sms")] == ["grace"]
    assert recipients(told, "lead_nurturing", "text", by="email") == []


def test_addresses_are_shown_only_from_an_address_book(warehouse: Warehouse) -> None:
    lived(warehouse)
    with warehouse.session() as connection:
        connection.execute("create table main.people as select 'ada' as customer_id, 'ada@example.com' as email")
    book = ModelColumns("people", '"main"."people"', {})

    found = recipients(warehouse, "lead_nurturing", "intro", people=book, key="customer_id")

    assert {one.person: one.address for one in found if one.address} == {"ada": "ada@example.com"}


def test_who_stands_at_a_wait_is_told_with_the_deadline(told: Warehouse) -> None:
    assert [(one.person, one.deadline) for one in standing(told, "lead_nurturing", "wait")] == [
        ("edith", NOON + timedelta(hours=72)),
        ("mary", NOON + timedelta(hours=96)),
    ]


def test_all_journeys_are_listed_also_those_whose_file_is_gone(told: Warehouse) -> None:
    winback = replace(nurturing(), name="winback", status="draft")

    found = overview(told, project(winback))

    assert [(one.journey, one.status, one.version, one.inside, one.entered, one.goals) for one in found] == [
        ("lead_nurturing", "without file", 1, 2, 5, 1),
        ("winback", "draft", None, 0, 0, 0),
    ]
