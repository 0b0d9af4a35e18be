"""Steps in words, and the graph for Mermaid and Markdown: what files say is shown as it is, whatever it looks like."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
import sqlglot

from tests.journeys.walked import Walked, lived, nurturing, project, split
from tidegate.journeys.seeing import words
from tidegate.journeys.seeing.graph import graph
from tidegate.journeys.seeing.looking import look
from tidegate.journeys.seeing.markdown import markdown
from tidegate.journeys.seeing.mermaid import mermaid
from tidegate.journeys.seeing.seen import JourneySeen
from tidegate.spec.journey_objects import Change, Entry, ListMove, SetStep, Until, WaitStep, Way
from tidegate.spec.objects import Window
from tidegate.warehouse import Warehouse

WEEKDAYS = frozenset(range(1, 6))
BIRTHDAY = sqlglot.parse_one('"person"."birthday"', read="duckdb")
NASTY = '1. "end"<b> & `code` **bold** #35; {a} [b] (c) |d|; --> %% é 你好'

#: What stands in a line of the flowchart: a node, an arrow, a class.
LINES = re.compile(
    r"""flowchart\ TD
    | \ {4}\w+(\[|\(\[|\(\(|\{\{)"[^"<>&`|{}\[\]]*(<br/>[^"<>&`|{}\[\]]*)*"(\]|\]\)|\)\)|\}\})
    | \ {4}\w+\ -->(\|"[^"<>&`|{}\[\]]*"\|)?\ \w+
    | \ {4}(classDef\ \w+\ [\w:,\#]+|class\ [\w,]+\ \w+)""",
    re.VERBOSE,
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> JourneySeen:
    warehouse = Warehouse(tmp_path_factory.mktemp("lived") / "warehouse.duckdb")
    lived(warehouse)
    return look(warehouse, project(nurturing()), "lead_nurturing")


def wait(**changes: object) -> WaitStep:
    step = WaitStep(id="wait", path="steps[1]", line=3, next=None, until=Until(duration=timedelta(days=2)))
    return replace(step, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (Until(duration=timedelta(hours=36)), "1 day 12 hours"),
        (Until(duration=timedelta(weeks=2)), "14 days"),
        (Until(duration=timedelta(days=10)), "10 days"),
        (Until(days=3, at=time(9)), "3 days, at 09:00"),
        (Until(slot=(Window(540, 1200, WEEKDAYS),)), "until 09:00-20:00 on mon..fri"),
        (Until(slot=(Window(480, 480, frozenset({1})),)), "until 08:00 on mon"),
        (Until(slot=(Window(1320, 1800),)), "until 22:00-06:00"),
        (Until(moment=BIRTHDAY, offset=timedelta(days=-7), at=time(10)), "until person.birthday - 7 days, at 10:00"),
        (Until(best_time=True), "until the person's best time"),
    ],
)
def test_what_ends_a_wait_is_said_as_the_file_says_it(until: Until, said: str) -> None:
    assert words.until(until) == said


def test_a_wait_that_listens_says_for_what_and_how_long() -> None:
    heard = sqlglot.parse_one("did('ordered')", read="duckdb")

    assert words.does(wait(outcomes=(Way("bought", None, heard),))) == "wait for did('ordered'), up to 2 days"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Entry("enter", model="leads"), "enter leads"),
        (Entry("event", name="cart_added"), "event cart_added"),
        (Entry("change", model="people", column="tier", change=Change(by=-10)), "change of people.tier by -10"),
        (
            Entry("date", model="people", column="birthday", offset=timedelta(days=-7), at=time(9), yearly=True),
            "every year, 7 days before people.birthday, at 09:00",
        ),
        (Entry("schedule", model="leads", cron="0 9 * * mon"), "schedule 0 9 * * mon for leads"),
        (Entry("list", file="audiences/vips.csv"), "list audiences/vips.csv"),
        (Entry("end", name="welcome", reasons=("completed", "goal")), "end of welcome (completed, goal)"),
    ],
)
def test_how_people_come_in_is_said_in_a_few_words(entry: Entry, said: str) -> None:
    assert words.entry(entry) == said


def test_lists_tags_and_shares_are_named() -> None:
    step = SetStep(id="set", path="steps[0]", line=1, traits={"offer": BIRTHDAY}, tags=("vip",), untags=("lead",))

    assert words.move(ListMove("meta_ads", "VIPs", "Leads")) == "move from Leads to VIPs at meta_ads"
    assert words.does(step) == "set offer, tag vip, untag lead"
    assert words.does(split("a", "b", "c")) == "split a 33.33%, b 33.33%, c 33.33%"


def test_steps_lie_as_deep_as_their_paths_and_name_the_path_that_they_begin() -> None:
    nodes = [(node.step, node.depth, node.under) for node in graph(nurturing()).nodes]

    assert nodes == [
        ("intro", 0, ""),
        ("wait", 0, ""),
        ("if", 0, ""),
        ("second", 1, "then"),
        ("if_2", 1, "else"),
        ("text", 2, "then"),
        ("unreached", 2, "else"),
        ("end", 0, ""),
    ]


def test_every_line_of_a_flowchart_is_a_node_an_arrow_or_a_class(seen: JourneySeen) -> None:
    for line in mermaid(seen).splitlines():
        assert LINES.fullmatch(line), line


def test_names_from_files_mean_nothing_to_mermaid(seen: JourneySeen) -> None:
    nasty = replace(seen, entry=NASTY, steps=tuple(replace(one, step=f"{one.step} {NASTY}") for one in seen.steps))
    drawn = mermaid(replace(nasty, turns=()))

    for line in drawn.splitlines():
        assert LINES.fullmatch(line), line
    assert "#34;end#34;#60;b#62; #38; #96;code#96;" in drawn
    assert "é 你好" in mermaid(replace(seen, entry="é 你好"))
    assert "..." in mermaid(replace(seen, entry="long " * 30))


def test_two_dollars_begin_no_formula(seen: JourneySeen) -> None:
    drawn = mermaid(replace(seen, entry="$$x$$"))

    assert "#36; #36;x#36; #36;" in drawn


def test_a_page_of_markdown_has_the_graph_and_everybody_by_number_only(seen: JourneySeen) -> None:
    page = markdown(replace(seen, description="A | B <script>"))

    assert "```mermaid\nflowchart TD\n" in page
    assert "5 entered: 2 inside, 3 ended (completed 2, goal 1)." in page
    assert "A \\| B \\<script\\>" in page
    assert "| wait | wait for opened('intro'), up to 2 days | 2 | 3 |" in page
    assert not re.search("ada|grace|edith|joan", page)
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.count("|") - line.count("\\|") for line in tables} == {9}


def test_an_old_version_is_drawn_from_what_was_published(tmp_path: Path) -> None:
    walked = Walked(Warehouse(tmp_path / "warehouse.duckdb"))
    walked.publish(1, nurturing(hash="unreadable", source="steps: ["))
    walked.walks("ada", ("intro", None, 0))

    seen = look(walked.warehouse, project(nurturing()), "lead_nurturing", version=1)

    assert seen.steps == ()
    assert [(one.step, one.here) for one in seen.gone] == [("intro", 1)]
    assert seen.problems[0].startswith("version 1 cannot be read any more: ")
