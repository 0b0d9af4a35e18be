"""What people do with the messages of a run, as the next run sees it: from the sandbox, through files, to the gate."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from tests.runs.shop import Shop
from tidegate.sandbox import reported
from tidegate.sandbox.behaviour import Behaviour, tell
from tidegate.sandbox.store import Store


@pytest.fixture
def greeted(shop: Shop) -> Shop:
    """Ada and grace have been welcomed, and thanked for their orders."""
    shop.buys("ada", "grace")
    shop.run()
    assert len(shop.received()) == 4
    return shop


def does(shop: Shop, kind: Any, to: str, **more: Any) -> None:
    """Somebody does this with the welcome that they got."""
    with closing(Store(shop.home / "sandbox")) as store:
        [row] = [row for row in store.read("messages", "page", **NEWEST, count=99) if welcomes(row, to)]
        store.write(lambda connection: reported.record(connection, row["id"], kind, **more)).result()


NEWEST = {"channel": None, "day": None, "before": 2**62}


def welcomes(row: Any, to: str) -> bool:
    return bool(row["recipient"] == f"{to}@example.com" and row["subject"].startswith("Welcome"))


def told(shop: Shop) -> set[tuple[Any, ...]]:
    return set(shop.rows("select kind, person, message_key from tidegate.feedback"))


def test_what_is_done_on_the_sandboxs_page_is_told_by_the_next_run(greeted: Shop) -> None:
    does(greeted, "opened", "ada")
    does(greeted, "clicked", "ada", url="https://corner.example.com/u/ada")
    [key] = [key for key in greeted.outbox() if key.startswith("vips:ada:")]
    report = greeted.run()

    assert [(one.source, one.rows) for one in report.landed if one.rows] == [("feedback", 2)]
    assert told(greeted) == {("opened", "ada", key), ("clicked", "ada", key)}
    story = json.loads(greeted.says("person", "ada", "--json").out)["moments"]
    assert [(one["what"], one["message"], one["reason"]) for one in story if one["what"] in ("opened", "clicked")] == [
        ("opened", "welcome", None),
        ("clicked", "welcome", "https://corner.example.com/u/ada"),
    ]
    status = json.loads(greeted.says("status", "--json").out)
    assert {(one["kind"], one["channel"], one["events"]) for one in status["feedback"]} == {
        ("opened", "email", 1),
        ("clicked", "email", 1),
    }


def test_the_run_that_hears_of_a_bounce_does_not_write_there_again(greeted: Shop) -> None:
    does(greeted, "bounced", "ada", permanent=True)
    greeted.buys("ada", "grace")
    before = greeted.received()
    greeted.run()
    assert {to for _, to in (greeted.received() - before)} == {"grace@example.com"}
    reasons = greeted.rows("select reason from tidegate.outbox where person = 'ada' and state = 'skipped'")
    assert reasons == [("suppressed",)]


def test_who_unsubscribes_gets_nothing_more_that_needs_consent(greeted: Shop) -> None:
    does(greeted, "unsubscribed", "ada")
    greeted.write("models/segments/vips.sql", "select customer_id, 1 as spend from {{ ref('people') }} where false\n")
    greeted.run()
    consents = greeted.rows("select person, channel, topic, given, source from tidegate.consents")
    assert consents == [("ada", "email", None, False, "feedback")]


def test_a_plan_takes_what_was_landed_into_account_and_says_what_was_not(greeted: Shop) -> None:
    does(greeted, "bounced", "ada", permanent=True)
    greeted.buys("ada", "grace")
    assert "2 new event files" in greeted.says("plan").err
    assert greeted.says("land").code == 0
    planned = json.loads(greeted.says("plan", "--json", "--rows").out)
    assert {
        (row["kind"], row["person"])
        for row in planned["rows"]
        if row["subject"] == "ordered" and row["kind"] != "enter"
    } == {
        ("message", "grace"),
        ("withheld", "ada"),
    }
    assert greeted.rows("select count(*) from tidegate.suppressions") == [(0,)]


def test_people_who_behave_by_themselves_are_heard_of_once_the_clock_is_there(shop: Shop) -> None:
    with closing(Store(shop.home / "sandbox")) as store:
        store.write(lambda connection: tell(connection, Behaviour(opens=1.0, clicks=1.0, seed=7))).result()
    shop.buys("ada", "grace")
    shop.run()
    shop.run(later=timedelta(seconds=0))
    assert told(shop) == set()
    shop.run(later=timedelta(days=4))
    kinds = shop.rows("select kind, count(distinct message_key) from tidegate.feedback group by kind order by kind")
    assert kinds == [("clicked", 2), ("delivered", 4), ("opened", 4)]
    late = "select count(*) from tidegate.feedback where happened_at > (select max(as_of) from tidegate.runs)"
    assert shop.rows(late) == [(0,)]


@pytest.mark.parametrize(
    "at",
    [
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("feedback landing", "feedback landed")),
        "decision uncommitted",
    ],
)
def test_a_run_killed_after_it_heard_of_something_neither_forgets_it_nor_counts_it_twice(
    greeted: Shop, at: str
) -> None:
    does(greeted, "bounced", "ada", permanent=True)
    does(greeted, "unsubscribed", "grace")
    (greeted.home / "feedback" / "other.jsonl").write_text('no event\n{"event_id": "7"')
    greeted.now += timedelta(hours=1)
    killed = greeted.command("run", "--as-of", greeted.now.isoformat(), environment={"TIDEGATE_KILL_AT": at})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    greeted.run()
    greeted.run()
    assert greeted.rows("select kind, person from tidegate.feedback order by kind") == [
        ("bounced", "ada"),
        ("unsubscribed", "grace"),
    ]
    assert greeted.rows("select reason from tidegate.suppressions") == [("bounced",)]
    assert greeted.rows("select person, given from tidegate.consents") == [("grace", False)]
    assert greeted.rows("select line, reason from tidegate.refused_lines") == [(1, "is not JSON")]
    aside = list((greeted.home / "refused" / "feedback").iterdir())
    assert [path.read_text() for path in aside] == ["no event\n"]
    said = greeted.says("status").out
    assert "1 line of" in said.replace("\n", " ")
    assert "ends in the middle of a line" in " ".join(said.split())
    os.remove(aside[0])
    assert "said nothing usable" not in " ".join(greeted.says("status").out.split())


def test_mail_that_may_have_gone_has_gone_once_somebody_opens_it(shop: Shop) -> None:
    shop.misbehaves(connector="smtp", kind="close", accept=1)
    shop.buys("ada")
    shop.run()
    unknown = [key for key, state in shop.outbox().items() if state == "unknown"]
    assert unknown
    with closing(Store(shop.home / "sandbox")) as store:
        rows = store.read("messages", "page", **NEWEST, count=99)
        for row in rows:
            store.write(lambda connection, row=row: reported.record(connection, row["id"], "opened")).result()  # type: ignore[misc]
    shop.behaves()
    shop.run()
    opened = {key for _, _, key in told(shop)}
    states = shop.outbox()
    assert {states[key] for key in unknown if key in opened} == {"accepted"}
    assert opened & set(unknown)


def test_a_target_may_say_how_people_behave(shop: Shop) -> None:
    settings = shop.root / "tidegate.yml"
    text = settings.read_text().replace("destinations: sandbox", "destinations: sandbox, behave: {opens: 99%}", 1)
    settings.write_text(text)
    shop.buys("ada", "grace")
    shop.run()

    shop.run(later=timedelta(days=4))

    assert {person for kind, person, _ in told(shop) if kind == "opened"} == {"ada", "grace"}
