"""Feedback and consents from files: each event once, whatever is lost on the way is said."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tests.feedback.papers import Desk, consent, event
from tidegate.feedback.format import ConsentLine, FeedbackLine


def test_an_event_counts_once_however_often_it_comes(desk: Desk) -> None:
    desk.file("feedback/a.jsonl", event("1"), event("2"), event("1"))
    assert desk.lands()["feedback"].rows == 2
    assert (desk.lands()["feedback"].files, desk.lands()["feedback"].known) == (0, 1)
    desk.file("feedback/b.jsonl", event("2"), event("3"))
    assert desk.lands()["feedback"].rows == 1
    assert {id for id, *_ in desk.events()} == {"1", "2", "3"}


def test_a_file_that_grows_is_read_on_from_where_it_was(desk: Desk) -> None:
    path = desk.file("feedback/a.jsonl", event("1"), '{"event_id": "2", "ki', end="")
    assert desk.lands()["feedback"].rows == 1
    assert desk.rows("select lines, unfinished from tidegate.line_files") == [(1, True)]
    with path.open("a") as stream:
        stream.write('nd": "opened", "happened_at": "2026-11-22T09:00:00Z", "message_key": "k"}\n')
    assert desk.lands()["feedback"].rows == 1
    assert desk.rows("select lines, unfinished from tidegate.line_files") == [(2, False)]
    assert desk.refused() == []


def test_a_file_that_was_rotated_is_read_from_its_beginning(desk: Desk) -> None:
    desk.file("feedback/a.jsonl", event("1"), event("2"), event("3"))
    desk.lands()
    desk.file("feedback/a.jsonl", event("4"))
    assert desk.lands()["feedback"].rows == 1
    assert len(desk.events()) == 4


def test_broken_lines_are_refused_by_number_kept_aside_and_the_others_landed(desk: Desk) -> None:
    desk.file("feedback/a.jsonl", event("1"), {"event_id": "2", "kind": "opend"}, "", "no json", "[1]", event("6"))
    landed = desk.lands()["feedback"]
    assert (landed.rows, landed.refused) == (2, 3)
    [(file, second, why), (_, fourth, nonsense), (_, fifth, no_object)] = desk.refused()
    assert (file, second, fourth, fifth) == ("dev.tidegate/feedback/a.jsonl", 2, 4, 5)
    for word in ("`kind` is none of delivered, opened", "`happened_at` is missing", "names no message"):
        assert word in why
    assert (nonsense, no_object) == ("is not JSON", "is not a JSON object, {...}")

    [aside] = (desk.warehouse.home / "refused" / "feedback").iterdir()
    assert aside.read_text().splitlines()[1:] == ["no json", "[1]"]


def test_a_line_mended_where_it_stands_is_landed_and_not_told_of_any_more(desk: Desk) -> None:
    desk.file("feedback/a.jsonl", event("1"), {**event("2"), "kind": "opend"}, event("3"))
    desk.lands()
    desk.file("feedback/a.jsonl", event("1"), event("2"), event("3"))
    assert desk.lands()["feedback"].rows == 1
    assert desk.refused() == []
    assert list((desk.warehouse.home / "refused" / "feedback").iterdir()) == []


def test_lines_kept_aside_can_be_mended_and_moved_back(desk: Desk) -> None:
    desk.file("feedback/a.jsonl", event("1"), {**event("2"), "kind": "opend"})
    desk.lands()
    [aside] = (desk.warehouse.home / "refused" / "feedback").iterdir()
    aside.write_text(aside.read_text().replace("opend", "opened"))
    shutil.move(aside, desk.warehouse.home / "feedback")
    assert desk.lands()["feedback"].rows == 1
    assert len(desk.events()) == 2


def test_files_of_one_name_in_two_folders_are_kept_apart(desk: Desk) -> None:
    for folder in ("x", "y"):
        (desk.root / folder).mkdir()
        (desk.root / folder / "a.jsonl").write_text(f"nonsense of {folder}\n")
    desk.lands("x/*.jsonl", "y/*.jsonl")
    kept = {path.read_text() for path in (desk.warehouse.home / "refused" / "feedback").iterdir()}
    assert kept == {"nonsense of x\n", "nonsense of y\n"}


def test_no_address_is_stored(desk: Desk) -> None:
    desk.file(
        "feedback/a.jsonl",
        event("1", "bounced", channel="email", address="Ada@Example.com", detail="550 <ada@example.com> unknown"),
        event("2", "clicked", url="https://shop.example.com/u?mail=ada@example.com"),
        event("3", "clicked", url="https://shop.example.com/u?mail=ada%40example.com"),
        event("4", "clicked", url="https://shop.example.com/lamps?page=2"),
    )
    desk.file("consents/a.jsonl", consent("1", address="ada@example.com"))
    desk.lands()
    tables = ("feedback", "consents", "line_files", "refused_lines")
    everything = str([desk.table(name) for name in tables]).lower()
    assert "ada@" not in everything
    assert "ada%40" not in everything
    assert ("https://shop.example.com/lamps?page=2",) in desk.rows("select url from tidegate.feedback")
    same = "select address_hash = tidegate.address_hash('email', 'ada@example.com') from tidegate.feedback limit 1"
    assert desk.rows(same) == [(True,)]


def test_consents_are_landed(desk: Desk) -> None:
    desk.file(
        "consents/a.jsonl",
        consent("1", person="ada", topic="offers", source="form", wording="Send me offers"),
        consent("2", person=7, given=False),
        consent("3"),
        {**consent("4", person="ada"), "given": "yes"},
        {**consent("5", person="ada"), "channel": "pigeon"},
    )
    landed = desk.lands()["consents"]
    assert (landed.rows, landed.refused) == (2, 3)
    assert desk.consents() == {("ada", "email", "offers", True, "form"), ("7", "email", None, False, None)}


def test_csv_and_parquet_files_may_say_the_same(desk: Desk) -> None:
    heading = "event_id,kind,happened_at,channel,address,permanent,message_key"
    rows = ["1,bounced,2026-11-22 09:00,sms,+12025550123,true,", "2,opened,2026-11-22 09:00:00+01,,,,k2", "3,x,,,,,"]
    (desk.root / "a.csv").write_text("\n".join([heading, *rows]) + "\n")
    made = "select '9' event_id, 'opened' kind, timestamptz '2026-11-22 09:00+00' happened_at, 'k9' message_key"
    duckdb.execute(f"copy ({made}) to '{desk.root / 'b.parquet'}'")
    landed = desk.lands("*.csv", "*.parquet")["feedback"]
    assert (landed.rows, landed.refused) == (3, 1)
    [bounce] = desk.rows("select permanent, channel, address_hash from tidegate.feedback where event_id = '1'")
    assert bounce[:2] == (True, "sms")
    hashed = "select tidegate.address_hash('sms', '+1 202 555 0123')"
    assert desk.rows(hashed) == [(bounce[2],)], "a plus is part of a number"
    assert desk.refused()[0][:2] == ("a.csv", 3)


def test_a_file_that_cannot_be_read_stops_nothing(desk: Desk) -> None:
    (desk.root / "a.csv").write_text('event_id,kind\n1,"opened\n')
    desk.file("feedback/b.jsonl", event("1"))
    landed = desk.lands("*.csv")["feedback"]
    assert (landed.rows, landed.refused) == (1, 1)
    [(file, line, why)] = desk.refused()
    assert (file, line) == ("a.csv", None)
    assert "quote" in why
    assert desk.lands("*.csv")["feedback"].known == 2, "it is said once, until the file changes"


@pytest.fixture(scope="module")
def old_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One for all examples of a property: what it holds is another's."""
    return Desk(tmp_path_factory.mktemp("desk"))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), max_size=10), st.randoms())
def test_whatever_the_order_of_files_and_runs_the_same_events_are_there(
    old_desk: Desk, told: list[tuple[int, str]], chance: random.Random
) -> None:
    desk, example = old_desk, str(next(EXAMPLES))
    for number, name in told:
        path = desk.warehouse.home / "feedback" / f"{example}{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write(json.dumps(event(f"{example}-{number}")) + "\n")
        if chance.random() < 0.2:
            desk.lands()
    desk.lands()
    found = [
        id
        for (id,) in desk.rows(
            "select event_id from tidegate.feedback where starts_with(event_id, ? || '-')", [example]
        )
    ]
    assert sorted(found) == sorted({f"{example}-{number}" for number, _ in told})
    for path in (desk.warehouse.home / "feedback").glob("*"):
        path.unlink()


EXAMPLES = itertools.count()
TEXTS = st.sampled_from(["ada", "", "email", "2026-11-22T09:00:00Z", "2026-11-22 09:00", "soon", "opened", "x" * 300])
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.lists(TEXTS, max_size=1))
KEYS = sorted({*FeedbackLine.model_fields, *ConsentLine.model_fields})


@pytest.mark.parametrize(("name", "model"), [("feedback", FeedbackLine), ("consents", ConsentLine)])
@settings(max_examples=8, deadline=None)
@given(changes=st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2), min_size=1, max_size=40))
def test_a_line_that_the_schema_allows_is_landed_and_no_other(
    old_desk: Desk, name: str, model: type[BaseModel], changes: list[dict[str, Any]]
) -> None:
    desk, file = old_desk, f"{name}/{next(EXAMPLES)}.jsonl"
    sound = event("0", channel="email") if name == "feedback" else consent("0", person="ada")
    id = "event_id" if name == "feedback" else "consent_id"
    lines = [{**sound, id: str(number), **change} for number, change in enumerate(changes)]
    path = desk.file(file, *lines)
    desk.lands()
    refused = {line - 1 for name, line, _ in desk.refused() if name.endswith(file)}
    assert refused == {number for number, line in enumerate(lines) if not _allowed(model, line)}
    path.unlink()


def _allowed(model: type[BaseModel], line: dict[str, Any]) -> bool:
    """As the JSON Schema has it: the model, and what it says about which keys come together."""
    given = {key: value for key, value in line.items() if value is not None and (value != "" or key == "permanent")}
    try:
        model.model_validate_json(json.dumps(given), strict=True)
    except ValidationError:
        return False
    if model is ConsentLine:
        return bool({"person", "address"} & given.keys())
    if "address" in given and "channel" not in given:
        return False
    return bool({"message_key", "provider_id", "address"} & given.keys())
