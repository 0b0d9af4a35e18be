"""What may stand in a predicate, and what is said where it may not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from tidegate.errors import SpecError
from tidegate.spec import predicates
from tidegate.spec.binding import Binder
from tidegate.spec.calls import FATES, FUNCTIONS
from tidegate.spec.predicates import Around

SCOPES = {
    "entry": {"sku": "VARCHAR", "value": "DOUBLE"},
    "person": {"customer_id": "VARCHAR", "country": "VARCHAR", "email": "VARCHAR"},
    "event": {"customer_id": "VARCHAR", "name": "VARCHAR", "occurred_at": "TIMESTAMPTZ", "properties": "JSON"},
}
AROUND = Around(
    steps={"nurture_intro": "send", "wait": "wait", "score_lead": "webhook"},
    later=("nurture_2",),
    models={"people": SCOPES["person"], "events": SCOPES["event"], "vips": {"customer_id": "VARCHAR"}, "days": {}},
    key="customer_id",
    topics=("offers", "news"),
)


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    with duckdb.connect() as connection:
        yield Binder(connection)


def said(written: str, around: Around = AROUND, binder: Binder | None = None) -> list[str]:
    """Everything that is wrong with a predicate, as far as it is looked at."""
    try:
        tree = predicates.parse(written, "journeys/welcome.yml", 7, "steps[2].if")
        found = predicates.check(tree, around)
        tree = predicates.qualify(tree, SCOPES, {"entry": "leads", "person": "people", "event": "events"})
        found += predicates.unbound(tree, SCOPES, binder) if binder is not None else []
    except SpecError as fault:
        found = [*fault.problems]
    place = "journeys/welcome.yml:7: steps[2].if: "
    assert all(str(one).startswith(place) for one in found)
    return [str(one).removeprefix(place) for one in found]


@pytest.mark.parametrize(
    "written",
    [
        "did('order_completed')",
        "did('x', within => interval '7 days', where => event.properties->>'sku' = entry.sku, at_least => 2)",
        "DID('x', within := '12 hours') or not Opened('nurture_intro')",
        "did('x', since => 'ever') and country = 'DE' and entry.value > 50",
        "in_segment('vips') and consented('email', 'offers') and not reachable('telegram') is null",
        "case when has_tag('vip') then trait('offer') else 'none' end = 'spring'",
        "answer('score_lead', '$.score')::int > 50 or sent('score_lead')",
        *(f"{fate}('nurture_intro')" for fate in FATES),
    ],
)
def test_what_may_be_asked(written: str, binder: Binder) -> None:
    people = {**SCOPES["person"], "telegram_chat_id": "VARCHAR"}
    around = replace(AROUND, models={**(AROUND.models or {}), "people": people})

    assert said(written, around, binder) == []


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("opened('nurture_intr')", "no step `nurture_intr` before this one; did you mean `nurture_intro`?"),
        ("opened('nurture_2')", "no step `nurture_2` before this one: `nurture_2` comes later"),
        ("opened('wait')", "`wait` (wait) sends no message; there are nurture_intro, score_lead"),
        ("clicked('score_lead')", "nothing is reported of a webhook but that it went"),
        ("answer('nurture_intro', '$.x') = 'a'", "`nurture_intro` (send) is given no answer; there is only score_lead"),
        ("answer('score_lead', 'x')", "`x` is not a path into the answer; write one such as '$.score'"),
        ("answer('score_lead')", "answer() takes a step and a path; write answer('score_lead', '$.score')"),
        ("in_segment('vip')", "no model `vip`; did you mean `vips`?"),
        ("in_segment('days')", "no column `customer_id` in it, the project's key"),
        ("reachable('emial')", "no channel `emial`; did you mean `email`?"),
        ("reachable('sms')", "no column `phone` in people, where the address for sms should be"),
        ("consented('email', 'offer')", "no message has the topic `offer`; did you mean `offers`?"),
        ("did(bought)", "an event is written in quotes: 'bought'"),
        ("did('x', 'y')", "did() takes an event; the others have names, such as within => interval '7 days'"),
        ("did('x', withn => 3)", "did() has no `withn`; did you mean `within`?"),
        ("did('x', within => 7)", "within: write a length of time, such as interval '7 days'"),
        ("did('x', within => interval '1 month')", "within: a month has no fixed length; write days"),
        ("did('x', within => interval '1 day', since => 'ever')", "both `within` and `since`"),
        ("did('x', since => 'step')", "'step' is from when a wait began; here write 'entry' or 'ever'"),
        ("did('x', since => 'yesterday')", "since: write 'ever', 'entry' or 'step'"),
        ("did('x', at_least => 0)", "at_least: write how many times: a whole number from 1"),
        ("did('x', at_least => 2, at_least => 3)", "did() has `at_least` twice; keep one"),
        ("did('x', where => did('y'))", "where: did() has no place in here; write it beside did(), with `and`"),
        ("did('x', where => event.sku = 'a')", "properties is written event.properties->>'name'"),
        ("did('x', where => event.name)", "where: is VARCHAR, not true or false; compare it with something"),
        ("event.name = 'x'", "no table `event` here"),
        ("opened('nurture_intro', since => 'entry')", "opened() has no `since`; only did() has arguments with names"),
        ("has_tag(3)", "has_tag() takes a tag by its name, in quotes; write has_tag('vip')"),
        ("opend('nurture_intro')", "no function `opend`; did you mean `opened`?"),
        ("trait('offer')", "is VARCHAR, not true or false; compare it with something"),
        ("did('x') and last_order > 3", "no column `last_order` in leads or people"),
    ],
)
def test_what_is_wrong_is_said_with_how_to_mend_it(written: str, words: str, binder: Binder) -> None:
    found = said(written, AROUND, binder)

    assert len(found) == 1
    assert words in found[0]


def test_everything_wrong_is_said_at_once() -> None:
    assert len(said("did('x', withn => 3, at_least => 0) or opened(intro)")) == 3
    assert len(said("opened('nurture_intr') or reachable('emial')")) == 2
    assert len(said("did('x', where => event.sku = 'a' and entry.size > 3) or age > 3")) == 3


def test_the_documentation_tells_of_every_function_with_an_example_that_is_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "predicates.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    examples = [one.split("--")[0].strip() for block in blocks for one in block.splitlines() if one.strip()]
    trees = [predicates.parse(one, "docs/predicates.md", 0, one) for one in examples]

    assert {call.name for tree in trees for call in predicates.calls(tree)} == FUNCTIONS


def test_did_needs_a_model_of_events() -> None:
    without = Around(models={"people": SCOPES["person"]}, key="customer_id")
    bare = Around(models={"events": {"name": "VARCHAR"}}, key="customer_id")

    assert said("did('x')", without) == [
        "did() reads the model `events`, and there is none: one row an event, see docs/predicates.md"
    ]
    assert [one.partition(" in ")[0] for one in said("did('x')", bare)] == [
        "did(): no column `customer_id`",
        "did(): no column `occurred_at`",
    ]


def test_nobody_can_be_asked_about_messages_before_they_entered() -> None:
    entering = Around(later=("nurture_intro",))

    assert said("opened('nurture_intro')", entering) == [
        "opened('nurture_intro'): nobody has taken a step here yet: `nurture_intro` comes later"
    ]


def test_a_step_is_something_to_count_from_in_a_wait_alone() -> None:
    assert said("did('x', since => 'step')", Around(waits=True)) == []


def test_what_a_call_says_survives_being_qualified() -> None:
    written = (
        "did('x', within => interval '1 week', where => properties->>'sku' = sku and country = 'DE', at_least => 2)"
    )
    tree = predicates.parse(written, "f", 1, "if")
    (call,) = predicates.calls(predicates.qualify(tree, SCOPES))

    assert (call.about, call.within, call.at_least) == ("x", timedelta(days=7), 2)
    assert call.where is not None
    named = {(column.table, column.name) for column in call.where.find_all(exp.Column)}
    assert named == {("event", "properties"), ("entry", "sku"), ("person", "country")}


def test_the_steps_that_a_predicate_asks_about_are_known() -> None:
    tree = predicates.parse("opened('a') or answer('b', '$')::int = 3 or did('c')", "f", 1, "if")

    assert predicates.steps_named(tree) == {"a", "b"}
    assert predicates.events_named(tree) == {"c"}
