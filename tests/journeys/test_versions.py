"""A journey's file changes while people are inside: what becomes of them, and what is said about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.world import World

FIRST = """
journey: nurture
enter: {on: enter ref('leads'), again: after leaving}
status: active
in_flight: pin
steps:
  - send: hello
    by: email
  - {id: rest, wait: 24 hours}
  - send: second
    by: email
"""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def longer(in_flight: str, **keys: str) -> str:
    """Another version: the same steps, but the wait is twice as long, and another message follows."""
    written = FIRST.replace("24 hours", "48 hours").replace("send: second", "send: better")
    return _with(written.replace("in_flight: pin", f"in_flight: {in_flight}"), **keys)


def renamed(in_flight: str, **keys: str) -> str:
    """Another version: the wait has another name, and is an hour."""
    written = FIRST.replace("id: rest, wait: 24 hours", "id: pause, wait: 1 hour")
    return _with(written.replace("in_flight: pin", f"in_flight: {in_flight}"), **keys)


def _with(written: str, **keys: str) -> str:
    for key, value in keys.items():
        written = written.replace("status: active", f"status: active\n{key}: {value}")
    return written


@pytest.fixture
def shop(world: World) -> World:
    """Ada and Grace have been waiting since ten o'clock."""
    world.segment("leads")
    world.journey(FIRST)
    world.run()
    world.joins("leads", "ada", "grace")
    world.run(after=HOUR)
    assert (world.stands("ada"), world.sent("ada")) == ("rest", ["hello"])
    return world


def version_of(world: World, person: str) -> object:
    return world.rows("select max_by(version, instance) from tidegate.instances where person = $person", person=person)[
        0
    ][0]


def published(world: World) -> list[object]:
    return [number for (number,) in world.rows("select version from tidegate.journey_versions order by version")]


class TestPublishing:
    def test_the_first_run_of_a_journey_is_of_version_1(self, shop: World) -> None:
        assert published(shop) == [1]
        assert shop.of("nurture").version == 1
        ((source, hash_),) = shop.rows("select source, hash from tidegate.journey_versions")
        assert (source, hash_) == (FIRST, shop.journeys["nurture"].hash)

    def test_an_edited_meaning_is_a_new_version(self, shop: World) -> None:
        shop.journey(longer("pin"))

        shop.run(after=HOUR)

        assert published(shop) == [1, 2]
        assert shop.of("nurture").version == 2

    def test_comments_a_pause_and_what_becomes_of_those_inside_are_none(self, shop: World) -> None:
        shop.journey("# by hand\n" + FIRST.replace("status: active", "status: sends_paused").replace("pin", "migrate"))

        shop.run(after=HOUR)

        assert published(shop) == [1]
        assert shop.of("nurture").notes == ()

    def test_going_back_is_a_version_as_well(self, shop: World) -> None:
        for written in (longer("pin"), FIRST):
            shop.journey(written)
            shop.run(after=HOUR)

        assert published(shop) == [1, 2, 3]

    def test_a_plan_publishes_nothing(self, shop: World) -> None:
        shop.journey(longer("pin"))

        planned = shop.plan(after=HOUR)

        assert shop.of("nurture", planned).version == 2
        assert published(shop) == [1]

    def test_a_draft_is_not_published_and_those_inside_finish_what_they_began(self, shop: World) -> None:
        shop.journey(longer("exit").replace("status: active", "status: draft"))

        shop.run(after=DAY)

        assert published(shop) == [1]
        assert shop.sent("ada") == ["hello", "second"]

    def test_a_blocked_journey_does_not_publish(self, shop: World) -> None:
        shop.journey(longer("migrate", guard="{max_enter: 1}"))
        shop.joins("leads", "mary", "joan", "emmy", *(f"lead-{number}" for number in range(30)))

        shop.run(after=HOUR)

        assert shop.of("nurture").verdict == "blocked"
        assert published(shop) == [1]
        assert version_of(shop, "ada") == 1


class TestPin:
    def test_those_inside_finish_the_version_they_began_and_others_walk_the_new_one(self, shop: World) -> None:
        shop.journey(longer("pin"))
        shop.joins("leads", "mary")

        shop.run(after=HOUR)
        assert shop.of("nurture").notes == ("version 2: 2 people inside: 2 finish version 1",)
        shop.run(after=DAY)
        assert shop.of("nurture").notes == ()
        shop.run(after=DAY)

        assert shop.sent("ada") == ["hello", "second"]
        assert shop.sent("mary") == ["hello", "better"]
        assert (version_of(shop, "ada"), version_of(shop, "mary")) == (1, 2)

    def test_several_old_versions_are_walked_side_by_side(self, shop: World) -> None:
        shop.journey(longer("pin"))
        shop.joins("leads", "mary")
        shop.run(after=HOUR)
        shop.journey(renamed("pin"))
        shop.joins("leads", "joan")

        shop.run(after=HOUR)
        assert shop.of("nurture").notes == ("version 3: 3 people inside: 1 finish version 2, 2 finish version 1",)
        assert [shop.stands(name) for name in ("ada", "mary", "joan")] == ["rest", "rest", "pause"]
        shop.run(after=DAY)
        shop.run(after=DAY)

        assert [shop.sent(name)[-1] for name in ("ada", "mary", "joan")] == ["second", "better", "second"]

    def test_a_version_whose_message_is_gone_keeps_its_people_where_they_are_and_says_why(self, shop: World) -> None:
        shop.journey(longer("pin"))
        del shop.messages["second"]
        shop.joins("leads", "mary")

        shop.run(after=DAY)

        assert shop.stands("ada") == "rest"
        (_, still) = shop.of("nurture").notes
        assert still.startswith("version 1: 2 people stay where they are, because the file as it was does not fit")
        assert "`second`" in still
        assert still.endswith("write `in_flight: migrate` or `in_flight: exit` in journeys/nurture.yml")
        assert shop.sent("mary") == ["hello"]
        shop.message("second")
        shop.run(after=HOUR)
        assert shop.sent("ada") == ["hello", "second"]

    def test_a_version_whose_column_is_gone_keeps_its_people_as_well(self, shop: World) -> None:
        shop.joins("leads", "joan", score=3)
        shop.journey(
            FIRST.replace("24 hours}", "24 hours}\n  - if: entry.score > 1\n    then: [{send: extra, by: email}]")
        )
        shop.run(after=HOUR)
        shop.leaves("leads", "joan")
        shop.journey(FIRST)

        shop.run(after=DAY)

        assert shop.stands("joan") == "rest"
        assert any("score" in note for note in shop.of("nurture").notes)
        assert shop.sent("ada") == ["hello", "second"]


class TestMigrate:
    def test_time_served_in_a_wait_counts(self, shop: World) -> None:
        shop.journey(longer("migrate"))

        shop.run(after=HOUR)
        assert shop.of("nurture").notes == ("version 2: 2 people inside: move over to it: 2 stay at `rest`",)
        assert version_of(shop, "ada") == 2
        shop.run(after=45 * HOUR)
        assert shop.stands("ada") == "rest"
        shop.run(after=2 * HOUR)

        assert shop.sent("ada") == ["hello", "better"]
        assert (
            shop.path("ada") == [("hello", None), ("rest", None), ("second", None)] or shop.path("ada")[1][0] == "rest"
        )

    def test_whose_time_would_have_been_up_goes_on_at_once(self, shop: World) -> None:
        shop.run(after=3 * HOUR)
        shop.journey(FIRST.replace("24 hours", "2 hours").replace("pin", "migrate"))

        shop.run(after=timedelta())

        assert shop.sent("ada") == ["hello", "second"]

    def test_a_redirect_into_a_wait_begins_it_anew(self, shop: World) -> None:
        shop.run(after=12 * HOUR)
        shop.journey(renamed("migrate", redirects="{rest: pause}"))

        shop.run(after=HOUR)
        notes = shop.of("nurture").notes
        assert notes == ("version 2: 2 people inside: move over to it: 2 go from `rest` to `pause`",)
        assert (shop.stands("ada"), shop.sent("ada")) == ("pause", ["hello"])
        assert ("pause", "redirected") in shop.path("ada")
        shop.run(after=timedelta(minutes=59))
        assert shop.stands("ada") == "pause"
        shop.run(after=timedelta(minutes=1))

        assert shop.sent("ada") == ["hello", "second"]

    def test_a_redirect_to_a_message_sends_it(self, shop: World) -> None:
        shop.journey(renamed("migrate", redirects="{rest: second}"))

        shop.run(after=HOUR)

        assert shop.sent("ada") == ["hello", "second"]
        assert shop.ended("ada") == "completed"

    def test_a_step_that_is_gone_needs_a_redirect(self, shop: World) -> None:
        shop.journey(renamed("migrate"))

        shop.run(after=2 * DAY)

        made = shop.of("nurture")
        assert made.verdict == "failed"
        assert made.reason == (
            "journeys/nurture.yml:5: redirects: 2 people of version 1 stand at `rest`, which is no step any more; "
            "write where they go on, `rest: STEP`: there are hello, pause, second"
        )
        assert shop.stands("ada") == "rest"
        assert published(shop) == [1]

    def test_who_stands_elsewhere_needs_none(self, shop: World) -> None:
        shop.run(after=DAY)
        assert shop.ended("ada") == "completed"
        shop.journey(renamed("migrate"))
        shop.joins("leads", "mary")

        shop.run(after=HOUR)

        assert shop.of("nurture").verdict == "applied"
        assert shop.stands("mary") == "pause"

    def test_a_step_that_became_another_kind_is_come_to_anew(self, shop: World) -> None:
        shop.journey(
            FIRST.replace("{id: rest, wait: 24 hours}", "{id: rest, set: {seen: \"'yes'\"}}").replace("pin", "migrate")
        )

        shop.run(after=HOUR)

        assert shop.sent("ada") == ["hello", "second"]
        assert shop.rows("select person, name from tidegate.traits order by person") == [
            ("ada", "seen"),
            ("grace", "seen"),
        ]

    def test_ticking_again_moves_nobody_over_twice(self, shop: World) -> None:
        shop.journey(renamed("migrate", redirects="{rest: pause}"))
        shop.run(after=HOUR)
        before = shop.state()

        shop.run(after=timedelta())

        assert shop.state() == before


class TestDrainAndExit:
    def test_nobody_enters_until_the_old_version_is_empty(self, shop: World) -> None:
        shop.journey(longer("drain"))
        shop.joins("leads", "mary")

        shop.run(after=HOUR)
        assert shop.of("nurture").notes == (
            "version 2: 2 people inside: 2 finish version 1; nobody enters until they have",
        )
        assert shop.refused() == {"draining": {"mary"}}
        shop.run(after=DAY)
        shop.joins("leads", "joan")
        shop.run(after=HOUR)

        assert shop.sent("ada") == ["hello", "second"]
        assert (shop.walks("mary"), shop.walks("joan")) == (0, 1)
        assert version_of(shop, "joan") == 2

    def test_those_inside_leave_and_get_nothing_more(self, shop: World) -> None:
        shop.journey(longer("exit"))
        shop.joins("leads", "mary")

        shop.run(after=DAY)

        assert shop.of("nurture").notes == ("version 2: 2 people inside: leave",)
        assert (shop.ended("ada"), shop.sent("ada")) == ("migrated", ["hello"])
        assert shop.stands("mary") == "rest"

    def test_a_message_that_waits_in_the_gate_goes_with_them(self, world: World) -> None:
        world.segment("leads")
        world.settings["quiet_hours"] = {"email": _nights()}
        world.journey(FIRST)
        world.run()
        world.joins("leads", "ada")
        world.run("22:00")
        assert ("ada", "hello") in world.messages_in("planned")
        world.journey(longer("exit"))

        world.run("23:00")

        assert world.messages_in("skipped") == {("ada", "hello"): "exited"}


class TestPausesAndEnds:
    def test_stopped_lets_everybody_leave_whatever_version_they_walk(self, shop: World) -> None:
        shop.journey(longer("pin"))
        shop.joins("leads", "mary")
        shop.run(after=HOUR)
        shop.journey(longer("pin").replace("status: active", "status: stopped"))
        shop.joins("leads", "joan")

        shop.run(after=HOUR)

        assert shop.of("nurture").notes == ("version 2: 3 people inside: leave: it is stopped",)
        assert {shop.ended(name) for name in ("ada", "grace", "mary")} == {"stopped"}
        assert shop.refused() == {"stopped": {"joan"}}

    def test_paused_entries_let_nobody_in_and_the_others_go_on(self, shop: World) -> None:
        shop.journey(FIRST.replace("status: active", "status: entries_paused"))
        shop.joins("leads", "mary")

        shop.run(after=DAY)

        assert shop.refused() == {"entries_paused": {"mary"}}
        assert shop.sent("ada") == ["hello", "second"]

    def test_a_pause_of_the_file_holds_for_those_in_older_versions_too(self, shop: World) -> None:
        shop.journey(longer("pin").replace("status: active", "status: sends_paused"))

        shop.run(after=DAY)
        assert shop.sent("ada") == ["hello"]
        assert shop.messages_in("planned").keys() >= {("ada", "second")}
        shop.journey(longer("pin"))
        shop.run(after=HOUR)

        assert shop.sent("ada") == ["hello", "second"]

    def test_without_its_file_nobody_moves_and_it_is_said(self, shop: World) -> None:
        written = shop.journeys.pop("nurture")

        decision = shop.run(after=DAY)

        assert decision.journeys == ()
        assert decision.notes == (
            "journey nurture: there is no such file any more; 2 people inside, of whom nobody moves and nothing is "
            "sent; bring the file back, with `status: stopped` to let them leave",
        )
        assert shop.stands("ada") == "rest"
        shop.journey(written)
        assert shop.run(after=HOUR).notes == ()
        assert shop.sent("ada") == ["hello", "second"]


def _nights() -> object:
    from tidegate.spec.quantities import windows

    return windows("21:00-08:00")
