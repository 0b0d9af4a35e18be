"""Every check of the gate, in order; quiet hours, caps and throttles have files of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlglot import exp

from tests.decision.world import START, World, column, of, welcome
from tidegate import suppression
from tidegate.decision.permission import recheck
from tidegate.spec.objects import Guard, Send
from tidegate.suppression import Reason, Suppression

YESTERDAY = START
ANYBODY = Guard(None, None)
AGREES = {"email": column("person", "agrees"), "sms": column("person", "agrees")}


@pytest.fixture
def world(world: World) -> World:
    """An audience that welcomes by e-mail, and that everybody enters from its second run on."""
    world.audience(welcome(on_enter=(Send("welcome", ("mail",)),), guard=ANYBODY))
    world.decide()
    return world


def suppress(world: World, channel: str, address: str, reason: Reason = "bounced") -> None:
    with world.warehouse.session() as connection:
        suppression.suppress(connection, [Suppression(channel, address, reason, START)])


def withheld(world: World, *names: str) -> dict[str, int]:
    """Who is in the segment now, and what is not sent to them."""
    world.in_segment("vips", *names)
    return dict(of(world.decide(), "vips").withheld)


def test_whoever_was_erased_is_told_nothing_by_any_channel(world: World) -> None:
    world.topics["welcome"] = "transactional"
    suppress(world, suppression.PERSON, "ada", "erased")

    assert withheld(world, "ada", "grace") == {"erased": 1}
    assert set(world.planned()) == {"vips:grace:1:on_enter.welcome:1"}


def test_an_address_is_suppressed_however_it_is_written(world: World) -> None:
    suppress(world, "email", " Ada@Example.COM ")
    world.person("ada", email="ada@example.com")

    assert withheld(world, "ada", "grace") == {"suppressed": 1}


def test_another_person_with_the_same_address_is_suppressed_too(world: World) -> None:
    suppress(world, "email", "ada@example.com")
    world.person("grace", email="ada@example.com")

    assert withheld(world, "grace") == {"suppressed": 1}


def test_a_new_address_is_not_suppressed(world: World) -> None:
    suppress(world, "email", "ada@example.com")
    world.person("ada", email="ada@example.org")

    assert withheld(world, "ada") == {}


def test_a_suppression_is_of_one_channel(world: World) -> None:
    world.audience(welcome(on_enter=(Send("welcome", ("mail", "texts")),)))
    suppress(world, "email", "ada@example.com")

    assert withheld(world, "ada") == {}
    assert world.planned() == {"vips:ada:1:on_enter.welcome:1": "texts"}


def test_a_text_is_suppressed_by_its_number_without_the_marks(world: World) -> None:
    world.audience(welcome(on_enter=(Send("welcome", ("texts",)),)))
    suppress(world, "sms", "+44 (20) 7946-0000")

    assert withheld(world, "ada") == {"suppressed": 1}


@pytest.mark.parametrize(
    ("reason", "stopped"), [("bounced", True), ("erased", True), ("complained", False), ("opted_out", False)]
)
def test_a_receipt_is_stopped_only_by_an_address_that_does_not_work_or_was_erased(
    world: World, reason: Reason, stopped: bool
) -> None:
    world.topics["welcome"] = "transactional"
    suppress(world, "email", "ada@example.com", reason)

    assert bool(withheld(world, "ada")) is stopped


def test_a_suppression_that_was_lifted_counts_no_more(world: World) -> None:
    suppress(world, "email", "ada@example.com")
    with world.warehouse.session() as connection:
        assert suppression.lift(connection, "email", "ADA@example.com", at=START) == 1
        assert suppression.reasons(connection, "email", "ada@example.com") == []

    assert withheld(world, "ada") == {}
    assert world.rows("select lifted_at is not null from tidegate.suppressions") == [(True,)]


def test_suppressing_twice_is_suppressing_once(world: World) -> None:
    suppress(world, "email", "ada@example.com")
    suppress(world, "email", "ada@example.com ")
    suppress(world, "email", "ada@example.com", "complained")

    assert world.rows("select reason from tidegate.suppressions order by reason") == [("bounced",), ("complained",)]


def test_an_address_cannot_be_read_from_its_hash_nor_looked_up_in_another_warehouse(world: World) -> None:
    suppress(world, "email", "ada@example.com")
    ((kept,),) = world.rows("select address_hash from tidegate.suppressions")
    ((bare,), (known,)) = world.rows(
        "select sha256('email:ada@example.com') union all select tidegate.address_hash('email', 'ada@example.com')"
    )

    assert kept == known != bare
    assert "ada@" not in str(world.rows("select * from tidegate.suppressions"))


def test_models_may_ask_who_is_suppressed(world: World) -> None:
    assert world.rows("select tidegate.is_suppressed('email', 'ada@example.com')") != [(True,)]
    suppress(world, "email", "ada@example.com")

    assert world.rows(
        "select customer_id, tidegate.is_suppressed('email', customer_id || '@example.com') from "
        "(values ('ada'), ('grace')) as t(customer_id) order by all"
    ) == [("ada", True), ("grace", False)]


def test_consent_withdrawn_overnight_wins_over_a_column_that_says_yes(world: World) -> None:
    world.settings["consent"] = AGREES
    world.consents("ada", "email", False, at=YESTERDAY)

    assert withheld(world, "ada", "grace") == {"no_consent": 1}


def test_a_withdrawal_counts_where_the_files_ask_for_no_consent(world: World) -> None:
    world.consents("ada", "email", False, at=YESTERDAY)

    assert withheld(world, "ada") == {"no_consent": 1}


def test_a_withdrawal_counts_from_its_time_on(world: World) -> None:
    world.consents("ada", "email", False, at=START + timedelta(days=1, seconds=1))

    assert withheld(world, "ada") == {}


def test_the_latest_word_counts(world: World) -> None:
    world.consents("ada", "email", False, at=START - timedelta(days=2))
    world.consents("ada", "email", True, at=START - timedelta(days=1))
    world.consents("grace", "email", True, at=START - timedelta(days=2))
    world.consents("grace", "email", False, at=START - timedelta(days=1))
    world.consents("edith", "email", True, at=START)
    world.consents("edith", "email", False, at=START)

    assert withheld(world, "ada", "grace", "edith") == {"no_consent": 2}
    assert set(world.planned()) == {"vips:ada:1:on_enter.welcome:1"}


def test_a_withdrawal_is_of_its_channel_and_topic(world: World) -> None:
    world.consents("ada", "sms", False, at=YESTERDAY)
    world.consents("grace", "email", False, topic="reminders", at=YESTERDAY)
    world.consents("edith", "email", False, topic="offers", at=YESTERDAY)

    assert withheld(world, "ada", "grace", "edith") == {"no_consent": 1}
    assert "vips:edith:1:on_enter.welcome:1" not in world.planned()


def test_a_no_of_the_column_stands_against_a_record_as_nobody_knows_which_is_the_newer(world: World) -> None:
    world.settings["consent"] = AGREES
    world.consents("ada", "email", True, at=YESTERDAY)
    world.person("ada", agrees=False)

    assert withheld(world, "ada") == {"no_consent": 1}


def test_a_record_speaks_where_the_column_does_not_know(world: World) -> None:
    world.settings["consent"] = AGREES
    world.consents("ada", "email", True, at=YESTERDAY)
    world.person("ada", "grace", agrees=None)

    assert withheld(world, "ada", "grace") == {"no_consent": 1}
    assert set(world.planned()) == {"vips:ada:1:on_enter.welcome:1"}


@pytest.mark.parametrize(
    ("agrees", "since", "given", "goes"),
    [
        (False, -1, True, True),  # said no in the shop, then yes in the form
        (False, 1, True, False),  # yes in the form, then no in the shop
        (False, None, True, True),  # a no that was never said
        (True, 1, False, True),  # said no, then yes in the shop
        (True, -1, False, False),
        (True, None, False, False),
    ],
)
def test_where_the_column_has_a_date_the_newer_word_counts(
    world: World, agrees: bool, since: int | None, given: bool, goes: bool
) -> None:
    world.settings["consent"] = AGREES
    world.settings["consent_since"] = {"email": column("person", "agrees_since")}
    world.consents("ada", "email", given, at=START)
    at = START + timedelta(hours=since) if since else None
    world.person("ada", agrees=agrees, agrees_since=at)

    assert bool(withheld(world, "ada")) is not goes


def test_a_receipt_needs_no_consent_even_where_it_was_withdrawn(world: World) -> None:
    world.topics["welcome"] = "transactional"
    world.consents("ada", "email", False, at=YESTERDAY)

    assert withheld(world, "ada") == {}


def test_the_reason_is_the_first_check_that_failed(world: World) -> None:
    world.settings["consent"] = AGREES
    suppress(world, "email", "ada@example.com")
    world.person("ada", agrees=False)
    world.person("grace", email=None, agrees=False)
    world.person("edith", email=None)

    assert withheld(world, "ada", "grace", "edith") == {"suppressed": 1, "no_consent": 1, "unreachable": 1}


def people(world: World, count: int) -> list[str]:
    names = [f"p{number:03}" for number in range(count)]
    world.person(*names)
    return names


def test_a_share_of_people_is_held_out_the_same_ones_every_time(world: World) -> None:
    world.settings["holdout"] = 0.2
    names = people(world, 200)

    first = withheld(world, *names)
    world.topics["farewell"] = "offers"
    world.audience(welcome("others", on_enter=(Send("farewell", ("mail",)),), guard=ANYBODY))
    world.decide(after=timedelta(hours=1))
    world.in_segment("others", *names)
    second = dict(of(world.decide(), "others").withheld)

    assert 20 <= first["holdout"] <= 60
    assert second == first
    arms = dict(world.rows("select arm, count(*) from tidegate.assignments group by arm"))
    assert arms == {"held_out": first["holdout"], "treated": 200 - first["holdout"]}


def test_the_arm_at_first_exposure_stays_whatever_the_share_becomes(world: World) -> None:
    names = people(world, 50)
    world.settings["holdout"] = 0.5
    before = withheld(world, *names)
    world.settings["holdout"] = 0.99
    world.audience(welcome("others", on_enter=(Send("farewell", ("mail",)),), guard=ANYBODY))
    world.decide(after=timedelta(hours=1))
    world.in_segment("others", *names)

    after = dict(of(world.decide(), "others").withheld)

    assert after == before


def test_who_was_not_exposed_has_no_arm(world: World) -> None:
    world.settings["holdout"] = 0.5
    world.person("ada", email=None)

    withheld(world, "ada", "grace")

    assert world.rows("select person from tidegate.assignments") == [("grace",)]


def test_an_audience_holds_out_by_itself(world: World) -> None:
    names = people(world, 100)
    world.audience(welcome(on_enter=(Send("welcome", ("mail",)),), holdout=0.5, guard=ANYBODY))
    world.audience(welcome("others", on_enter=(Send("farewell", ("mail",)),), guard=ANYBODY))
    world.decide(after=timedelta(hours=1))
    world.in_segment("others", *names)
    world.in_segment("vips", *names)

    decision = world.decide()

    assert 30 <= of(decision, "vips").withheld["holdout"] <= 70
    assert of(decision, "others").withheld == {}
    assert of(decision, "vips").members == 100


def test_a_receipt_goes_to_the_held_out_too_and_puts_nobody_in_an_arm(world: World) -> None:
    world.settings["holdout"] = 0.99
    world.topics["welcome"] = "transactional"

    assert withheld(world, *people(world, 20)) == {}
    assert world.rows("select * from tidegate.assignments") == []


def test_a_team_is_told_of_the_held_out_too(world: World) -> None:
    world.settings["holdout"] = 0.99
    world.audience(welcome(on_enter=(Send("welcome", ("team",)),), guard=ANYBODY, backfill=True))
    world.in_segment("vips", *(f"p{number}" for number in range(20)))

    decision = world.decide()

    assert of(decision, "vips").withheld == {}
    assert len(world.planned()) == 20
    assert world.rows("select * from tidegate.assignments") == []


def test_a_plan_puts_nobody_in_an_arm(world: World) -> None:
    world.settings["holdout"] = 0.5
    world.in_segment("vips", "ada")
    world.decide(commit=False)

    assert world.rows("select * from tidegate.assignments") == []


def claim(world: World) -> None:
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.outbox set state = 'claimed', claim = 'c1' where state = 'ready'")


def asked_again(world: World) -> list[tuple[str, str]]:
    facts = world.facts()
    ((run_id,),) = world.rows("select max(run_id) from tidegate.runs")
    ask = recheck(world.project, facts.people, "email", run_id=str(run_id), as_of=world.as_of)
    with world.warehouse.session() as connection:
        return list(ask(connection, "c1"))


def test_who_withdraws_while_others_are_written_to_is_not_written_to(world: World) -> None:
    withheld(world, "ada", "grace", "edith", "mary")
    claim(world)
    assert asked_again(world) == []

    world.consents("ada", "email", False, at=datetime.now(UTC))
    suppress(world, "email", "grace@example.com", "complained")
    suppress(world, suppression.PERSON, "edith", "erased")

    assert dict(asked_again(world)) == {
        "vips:ada:1:on_enter.welcome:1": "no_consent",
        "vips:grace:1:on_enter.welcome:1": "suppressed",
        "vips:edith:1:on_enter.welcome:1": "erased",
    }


def test_a_consent_of_the_files_is_asked_again_too(world: World) -> None:
    withheld(world, "ada", "grace")
    claim(world)
    world.consent = {"email": exp.EQ(this=column("person", "customer_id"), expression=exp.Literal.string("ada"))}
    world.consents("mary", "email", False, at=datetime.now(UTC))

    assert asked_again(world) == [("vips:grace:1:on_enter.welcome:1", "no_consent")]


def in_doubt(world: World, *persons: str) -> None:
    """What is ready for them may have gone by mail, which knows it again: it is planned once more."""
    for person in persons:
        world.rows(
            "insert into tidegate.attempts (message_key, destination, claim, attempt, rows, run_id, claimed_at, "
            "settled_at, outcome) select message_key, 'mail', 'c', 1, 1, 'r', now(), now(), 'unknown' "
            "from tidegate.outbox where person = $person",
            person=person,
        )
        world.rows(
            "update tidegate.outbox set state = 'planned', attempts = 1, expires_at = expires_at + interval 9 days "
            "where person = $person",
            person=person,
        )


def test_what_may_have_gone_by_one_way_goes_by_no_other(world: World) -> None:
    world.audience(welcome(on_enter=(Send("welcome", ("mail", "texts")),), guard=ANYBODY))
    world.person("ada", "grace", phone="+447700900123")
    world.in_segment("vips", "ada", "grace")
    world.decide()
    in_doubt(world, "ada", "grace")
    world.person("ada", email=None)

    world.decide()

    assert world.planned() == {"vips:grace:1:on_enter.welcome:1": "mail"}
    assert set(world.planned("unknown")) == {"vips:ada:1:on_enter.welcome:1"}


def test_what_may_have_gone_and_may_go_no_more_is_not_said_to_be_withheld(world: World) -> None:
    world.in_segment("vips", "ada", "grace")
    world.decide()
    in_doubt(world, "ada", "grace")
    suppress(world, "email", "ada@example.com")

    world.decide()

    assert set(world.planned()) == {"vips:grace:1:on_enter.welcome:1"}
    assert set(world.planned("unknown")) == {"vips:ada:1:on_enter.welcome:1"}
