"""Whoever withdrew their consent to a channel, by a record, is on none of its lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.decision.world import World, column, synced
from tidegate.spec.objects import Guard


@pytest.fixture
def listed(world: World) -> World:
    """Ada and Bob are on an ad platform's list."""
    world.audience(synced(guard=Guard(max_leave=None)))
    world.in_segment("vips", "ada", "bob")
    world.decide()
    world.accept_everything_owed()
    return world


def says(
    world: World, person: str, *, given: bool, at: datetime, channel: str = "ads", topic: str | None = None
) -> None:
    world.rows(
        "insert into tidegate.consents (consent_id, person, channel, topic, given, happened_at, run_id, landed_at) "
        "values (uuid()::varchar, $person, $channel, $topic, $given, $at, 'r', $at)",
        person=person,
        channel=channel,
        topic=topic,
        given=given,
        at=at,
    )


def test_a_withdrawal_takes_the_person_off(listed: World) -> None:
    says(listed, "ada", given=False, at=listed.as_of)

    listed.decide()

    assert listed.owed() == {("ada", "remove", "due")}


def test_consent_given_again_puts_them_back(listed: World) -> None:
    says(listed, "ada", given=False, at=listed.as_of)
    listed.decide()
    listed.rows("delete from tidegate.delivered where person = 'ada'")
    listed.rows("delete from tidegate.owed")
    says(listed, "ada", given=True, at=listed.as_of + timedelta(hours=1))

    listed.decide()

    assert listed.owed() == {("ada", "add", "due")}


@pytest.mark.parametrize(
    "other", [{"channel": "email"}, {"topic": "offers"}, {"at": datetime(2031, 1, 1).astimezone()}], ids=str
)
def test_a_withdrawal_of_something_else_or_of_the_future_does_not(listed: World, other: dict[str, object]) -> None:
    says(listed, "ada", **{"given": False, "at": listed.as_of, **other})  # type: ignore[arg-type]

    listed.decide()

    assert listed.owed() == set()


def test_of_a_yes_and_a_no_at_the_same_time_the_no_counts(listed: World) -> None:
    says(listed, "ada", given=True, at=listed.as_of)
    says(listed, "ada", given=False, at=listed.as_of)

    listed.decide()

    assert listed.owed() == {("ada", "remove", "due")}


@pytest.mark.parametrize(("since", "goes"), [("2011-09-01", True), ("2011-12-01", False), (None, True)])
def test_a_newer_word_in_the_data_outweighs_an_older_record(world: World, since: str | None, goes: bool) -> None:
    world.consent["ads"] = column("person", "agrees")
    world.settings["consent_since"] = {"ads": column("person", "phone")}
    world.audience(synced(guard=Guard(max_leave=None)))
    world.person("ada", phone=since)
    world.in_segment("vips", "ada", "bob")
    world.decide()
    world.accept_everything_owed()
    says(world, "ada", given=False, at=world.as_of)

    world.decide()

    assert world.owed() == ({("ada", "remove", "due")} if goes else set())


def test_a_record_of_consent_puts_nobody_on_against_the_condition(world: World) -> None:
    world.consent["ads"] = column("person", "agrees")
    audience = synced()
    world.audience(replace(audience, guard=Guard(max_leave=None)))
    world.person("ada", agrees=False)
    world.in_segment("vips", "ada")
    says(world, "ada", given=True, at=world.as_of)

    world.decide()

    assert world.owed() == set()
