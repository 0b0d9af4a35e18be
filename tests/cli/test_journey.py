"""`tidegate journey`, `plan JOURNEY`, `person` and `status` on a small project in which people walk."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tests.runs.shop import Shop

WELCOME = """
journey: welcome_series
description: After the first order
enter: {on: enter ref('vips'), again: never}
steps:
  - {send: hello, by: email}
  - wait: 6 hours
  - if: opened('hello')
    then: [{send: thanks_for_reading, by: email}]
    else: [{send: reminder, by: sms}]
  - wait: 2 days
"""
MAIL = """---
subject: "Hello, {{ person.customer_id }}"
topic: offers
---
<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello. <a href="{{ unsubscribe_url }}">No more mail</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """ada and grace have entered; grace has been there for longer, and was sent a reminder."""
    shop = Shop(tmp_path_factory.mktemp("walked") / "corner").found()
    for audience in ("vips", "ordered"):
        (shop.root / "audiences" / f"{audience}.yml").unlink()
    shop.write("journeys/welcome_series.yml", WELCOME)
    shop.write("messages/hello/email.mjml", MAIL)
    shop.write("messages/thanks_for_reading/email.mjml", MAIL)
    shop.write("messages/reminder/sms.txt", "---\ntopic: offers\n---\nHello.\n")
    shop.knows("ada", "grace", "edith")
    shop.buys("ada", amount=10)
    shop.run()
    shop.buys("grace")
    shop.run()
    shop.buys("ada")
    shop.run(later=timedelta(hours=7))
    return shop


def test_all_journeys_are_listed(shop: Shop) -> None:
    said = shop.says("journey")

    assert said.code == 0
    assert said.out.splitlines()[1].split()[:6] == ["welcome_series", "active", "1", "2", "2", "0"]


def test_a_journey_is_shown_step_by_step_with_its_messages(shop: Shop) -> None:
    said = shop.says("journey", "welcome_series")

    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert ["2", "entered:", "2", "inside,", "0", "ended"] in lines
    (hello,) = [line for line in said.out.splitlines() if "send hello by email" in line]
    assert "  0       2" in hello
    assert "else: reminder" in said.out
    assert ["hello", "2", "2", "0", "0", "0"] in lines


def test_json_has_everything_that_the_table_has_and_the_turns(shop: Shop) -> None:
    seen = json.loads(shop.says("journey", "welcome_series", "--by-day", "--json").out)

    assert [(step["step"], step["here"], step["passed"]) for step in seen["steps"]][:2] == [
        ("hello", 0, 2),
        ("wait", 1, 1),
    ]
    assert {"source": "if", "target": "reminder", "turn": "else", "when": "", "walks": 1} in seen["turns"]
    assert sum(day["entered"] for day in seen["days"]) == 2


def test_the_graph_is_printed_for_mermaid_and_nothing_else(shop: Shop) -> None:
    said = shop.says("journey", "welcome_series", "--mermaid")

    assert said.out.startswith("flowchart TD\n")
    assert 's1["hello<br/>send hello by email<br/>2 passed<br/>2 sent, 0 opened, 0 clicked"]' in said.out


def test_recipients_are_listed_by_key_and_by_address_only_when_asked(shop: Shop) -> None:
    without = shop.says("journey", "welcome_series", "--step", "hello", "--by", "email")
    with_addresses = shop.says("journey", "welcome_series", "--step", "hello", "--pii")

    assert [line.split()[:3] for line in without.out.splitlines()[2:4]] == [
        ["ada", "sent", "email"],
        ["grace", "sent", "email"],
    ]
    assert "@" not in without.out
    assert "grace@example.com" in with_addresses.out


def test_who_stands_at_a_wait_is_listed(shop: Shop) -> None:
    said = shop.says("journey", "welcome_series", "--step", "wait_2")

    assert said.out.splitlines()[2].split()[0] == "grace"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("welcome_serie",), "no journey `welcome_serie`; did you mean `welcome_series`?"),
        (
            ("welcome_series", "--step", "remindr"),
            "no step `remindr` in welcome_series; did you mean `reminder`?",
        ),
        (
            ("welcome_series", "--step", "hello", "--by", "emial"),
            "no channel or destination `emial`; did you mean `email`?",
        ),
        (("welcome_series", "--version", "3"), "welcome_series has no version 3; there is only 1"),
        (("--step", "hello"), "name the journey; without a name all of them are listed"),
        (("welcome_series", "--pii"), "--pii shows the addresses of a step's recipients; name it with --step"),
        (("welcome_series", "--step", "wait", "--by", "email"), "`wait` sends nothing (wait 6 hours)"),
    ],
)
def test_a_slip_is_told_with_what_was_probably_meant(shop: Shop, words: tuple[str, ...], told: str) -> None:
    said = shop.says("journey", *words)

    assert said.code == 2
    assert told in said.err


def test_a_persons_story_tells_their_walk(shop: Shop) -> None:
    said = shop.says("person", "grace")

    told = [" ".join(line.split()[1:]) for line in said.out.splitlines()[2:]]
    assert "entered welcome_series enter vips" in told
    assert any(line.startswith("came to reminder (welcome_series) else") for line in told)
    assert any(line.startswith("sent reminder by sms (welcome_series)") for line in told)


def test_a_plan_of_a_journey_tells_its_ways_and_what_comes_after(shop: Shop) -> None:
    shop.buys("edith")
    said = shop.says("plan", "welcome_series", "--rows")
    one = shop.says("plan", "welcome_seris")

    assert said.code == 0, said.err
    lines = [line.split() for line in said.out.splitlines()]
    assert ["hello", "wait", "1"] not in lines, "edith's order is not loaded yet"
    assert f"After it, by {(shop.now + timedelta(days=1)):%Y-%m-%dT%H:%M:%SZ}" in said.out
    assert ["welcome_series", "0", "1", "reminder", "1"] in lines
    assert "no journey `welcome_seris`; did you mean `welcome_series`?" in one.err


def test_the_sandbox_knows_which_step_a_message_is_from(shop: Shop) -> None:
    with closing(sqlite3.connect(shop.home / "sandbox" / "sandbox.sqlite")) as connection:
        found = connection.execute(
            "select messages.channel, origins.origin from messages join origins using (provider_id) order by 2, 1"
        ).fetchall()

    assert found == [
        ("email", "welcome_series: hello"),
        ("email", "welcome_series: hello"),
        ("sms", "welcome_series: reminder"),
    ]


def test_status_tells_of_journeys(shop: Shop) -> None:
    said = shop.says("status")

    assert any(line.split()[:3] == ["welcome_series", "applied", "2"] for line in said.out.splitlines())
