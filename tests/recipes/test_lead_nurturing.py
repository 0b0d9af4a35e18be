"""Every lead is followed by the way that reaches them, and let go once they have ordered."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.story import TICKS, Story

J = "lead_nurturing"


@pytest.fixture(scope="module")
def leads(story: Story) -> pl.DataFrame:
    return story.walks(J)


def opened(story: Story, message: str) -> dict[int, datetime]:
    rows = story.read(
        """
        select outbox.person::integer as customer_id, min(feedback.happened_at) as at
        from tidegate.outbox inner join tidegate.feedback using (message_key)
        where source = 'lead_nurturing' and step = $message and kind = 'opened'
        group by 1
        """,
        message=message,
    )
    return dict(rows.iter_rows())


def test_leads_are_those_who_asked_and_have_not_ordered_since(
    story: Story, leads: pl.DataFrame, ordered_at: dict[int, list[datetime]]
) -> None:
    asked = dict(story.read("select customer_id, requested_at from shop.lead_nurturing_requests").iter_rows())

    assert leads.height > 25
    for person, entered in leads.select("customer_id", "entered_at").iter_rows():
        assert entered - timedelta(days=30) < asked[person] <= entered
        assert not [at for at in ordered_at.get(person, []) if asked[person] < at <= entered]


def test_whoever_orders_leaves_in_the_middle_of_it_and_gets_nothing_more(
    story: Story, leads: pl.DataFrame, ordered_at: dict[int, list[datetime]]
) -> None:
    messages = story.messages(J)
    won = 0
    for walk in leads.iter_rows(named=True):
        person, until = walk["customer_id"], walk["ended_at"] or TICKS[-1]
        orders = [at for at in ordered_at.get(person, []) if walk["entered_at"] < at <= until]
        if orders:
            seen = min(tick for tick in TICKS if tick >= orders[0])
            assert walk["exit_reason"] == "goal"
            assert messages.filter((pl.col("customer_id") == person) & (pl.col("planned_at") >= seen)).is_empty()
            won += 1
        else:
            assert walk["exit_reason"] != "goal"
    assert won > 3


def test_whoever_opened_within_two_days_gets_two_more_e_mails_the_last_in_two_versions(story: Story) -> None:
    intro = story.sent(J, "lead_nurturing_intro")
    reads = opened(story, "lead_nurturing_intro")
    sent = dict(intro.select("customer_id", "settled_at").iter_rows())
    in_time = {
        person for person, at in reads.items() if person in sent and at <= sent[person] + timedelta(days=2)
    } & set(sent)
    ideas = story.reached(J, "lead_nurturing_ideas")
    last = [story.reached(J, name) for name in ("lead_nurturing_sample", "lead_nurturing_story")]

    assert len(ideas) > 8
    assert ideas <= in_time
    assert all(last)
    assert not last[0] & last[1]
    assert last[0] | last[1] <= ideas
    left_by_ordering = set(story.walks(J).filter(exit_reason="goal")["customer_id"])
    still_waiting = set(story.walks(J).filter(status="active")["customer_id"])
    assert in_time - ideas <= left_by_ordering | still_waiting


def test_whoever_did_not_open_gets_a_text_where_there_is_a_number_and_an_ad_where_there_is_none(story: Story) -> None:
    people = story.read("select customer_id, phone, sms_consent from shop.people")
    may_be_texted = set(people.filter(pl.col("phone").is_not_null() & pl.col("sms_consent"))["customer_id"])
    texted = story.reached(J, "lead_nurturing_text")
    unreached = story.reached(J, "unreached_without_number")

    assert texted
    assert texted <= may_be_texted
    assert len(unreached) > 5
    assert not unreached & may_be_texted
    assert not (texted | unreached) & story.reached(J, "lead_nurturing_ideas")
    assert story.reached(J, "ideas_after_text") <= texted


def test_the_last_word_goes_by_the_way_that_worked(story: Story) -> None:
    read_mail = set(opened(story, "ideas_after_text")) | set(opened(story, "lead_nurturing_intro"))
    by_mail, by_text = story.reached(J, "last_word_by_mail"), story.reached(J, "last_word_by_text")
    neither = story.reached(J, "unreached_by_either")

    assert by_mail | by_text | neither
    assert by_mail <= read_mail
    assert not neither & (by_mail | by_text)
    assert set(story.messages(J).filter(step="last_word_by_text", state="accepted")["channel"]) <= {"sms"}
    assert set(story.messages(J).filter(step="last_word_by_mail", state="accepted")["channel"]) <= {"email"}


def test_the_ad_list_holds_whom_nothing_reached_and_who_may_be_shown_ads(story: Story) -> None:
    wanted = story.reached(J, "unreached_without_number") | story.reached(J, "unreached_by_either")
    people = story.read("select customer_id, ads_consent, email, phone from shop.people")
    addressed = people.filter(
        pl.col("ads_consent")
        & (pl.col("email").str.strip_chars().str.contains("^[^ (]+@[^ ]+$") | pl.col("phone").is_not_null())
    )
    held = story.read("select person::integer as customer_id from tidegate.delivered where list = 'Unreached leads'")

    assert held.height > 3
    assert set(held["customer_id"]) == wanted & set(addressed["customer_id"])
