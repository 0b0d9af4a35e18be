"""Before somebody has confirmed they get nothing but the request to."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.welcome_series import agreed_before, habit, signed_up
from tests.recipes.story import TICKS, Story

J = "welcome_series"
SERIES = ("welcome_series_hello", "welcome_series_favourites", "welcome_series_offer")


@pytest.fixture(scope="module")
def consents(story: Story) -> dict[int, datetime]:
    rows = story.read(
        "select person::integer, min(happened_at) from tidegate.consents "
        "where given and topic = 'newsletter' group by 1"
    )
    return dict(rows.iter_rows())


@pytest.fixture(scope="module")
def asked(story: Story) -> set[int]:
    return set(story.sent(J, "welcome_series_confirm")["customer_id"])


def test_everybody_who_signed_up_enters_at_the_moment_they_did(story: Story) -> None:
    walks = story.walks(J)

    assert dict(zip(walks["customer_id"], walks["entered_at"], strict=True)) == signed_up()


def test_only_who_has_not_agreed_before_is_asked_to_confirm(story: Story) -> None:
    confirm = story.messages(J, "welcome_series_confirm")

    assert set(confirm["customer_id"]) == {person for person in signed_up() if not agreed_before(person)}
    assert confirm["customer_id"].is_unique().all()


def test_nothing_but_the_request_goes_before_consent_is_given(
    story: Story, asked: set[int], consents: dict[int, datetime]
) -> None:
    series = story.messages(J).filter(pl.col("message").is_in(SERIES))
    early = [
        row["customer_id"]
        for row in series.iter_rows(named=True)
        if not agreed_before(row["customer_id"])
        and (row["customer_id"] not in consents or row["planned_at"] < consents[row["customer_id"]])
    ]

    assert early == []
    assert len(asked) > 25
    assert {habit(person) for person in set(series["customer_id"]) & asked} == {"at once", "after the reminder"}


def test_the_reminder_goes_once_and_only_to_those_who_did_not_confirm_in_two_days(
    story: Story, asked: set[int]
) -> None:
    again = story.sent(J, "welcome_series_confirm_again")

    assert again["customer_id"].is_unique().all()
    assert set(again["customer_id"]) == {person for person in asked if habit(person) != "at once"}


def test_who_confirms_too_late_or_never_hears_nothing_more(story: Story, asked: set[int]) -> None:
    silent = {person for person in asked if habit(person) in ("too late", "never")}
    messages = story.messages(J).filter(pl.col("customer_id").is_in(silent))

    assert len(silent) > 8
    assert set(messages["message"]) == {"welcome_series_confirm", "welcome_series_confirm_again"}
    walks = story.walks(J).filter(pl.col("customer_id").is_in(silent))
    assert set(walks["step"]) == {"end"}


def test_the_series_keeps_its_distances(story: Story) -> None:
    when = {name: dict(story.sent(J, name).select("customer_id", "settled_at").iter_rows()) for name in SERIES}

    assert all(when.values())
    for earlier, later, days in ((SERIES[0], SERIES[1], 3), (SERIES[1], SERIES[2], 5)):
        for person, at in when[later].items():
            if person in when[earlier]:
                assert at - when[earlier][person] >= timedelta(days=days) - timedelta(hours=2)


def test_who_has_ordered_meanwhile_gets_no_offer_for_a_first_order(
    story: Story, ordered_at: dict[int, list[datetime]]
) -> None:
    offered = dict(story.messages(J, "welcome_series_offer").select("customer_id", "due_at").iter_rows())
    ordered = {
        person: [at for at in ordered_at.get(person, []) if signed_up()[person] < at <= TICKS[-1]]
        for person in signed_up()
    }

    assert len(offered) > 20
    assert any(ordered.values())
    for person, due in offered.items():
        assert not [at for at in ordered[person] if at <= due]
