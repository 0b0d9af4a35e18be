"""What people are: the columns of `person` and `entry`, segments, tags and traits, what the gate says of them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.journeys.asked import Asked, asked
from tests.journeys.world import World
from tidegate.spec import expressions


@pytest.fixture
def asks(world: World) -> Iterator[Asked]:
    with asked(world) as found:
        yield found


def test_columns_of_the_person_and_of_the_entry_are_of_their_own_types(asks: Asked) -> None:
    asks.walks("ada", amount=9.5, sku="mug", seen_at="2026-03-01T10:00:00+01:00", tags=["a", "b"])
    asks.walks("grace", amount=10, sku="9", seen_at="2026-03-01 10:00:00+00", tags=[])
    asks.walks("broken", amount="a lot", seen_at="yesterday", tags="x")
    asks.world.person("ada", country="DE", age=36)
    asks.world.person("grace", country="FR")

    assert asks.people("entry.amount < 10") == {"ada"}
    assert asks.people("amount >= 9.5 and person.country in ('DE', 'FR')") == {"ada", "grace"}
    assert asks.people("seen_at < timestamptz '2026-03-01 10:00:00+00'") == {"ada"}
    assert asks.people("'a' = any(entry.tags)") == {"ada"}
    assert asks.values("entry.seen_at") == {
        "ada": datetime(2026, 3, 1, 9, tzinfo=UTC),
        "grace": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "broken": None,
    }
    assert asks.values("entry.sku || ' of ' || person.country") == {
        "ada": "mug of DE",
        "grace": "9 of FR",
        "broken": None,
    }


def test_null_is_false_whichever_way_it_is_asked(asks: Asked) -> None:
    asks.walks("ada")
    asks.walks("grace")
    asks.world.person("grace", age=36)

    assert asks.people("person.age > 30") == {"grace"}
    assert asks.people("not (person.age > 30)") == set()
    assert asks.holds("person.age > 40", "person.age is null", "person.age > 30") == {"ada": 1, "grace": 2}


def test_somebody_of_whom_the_people_model_says_nothing_still_walks(asks: Asked) -> None:
    asks.walks("ada")
    asks.walks("gone", amount=3)
    del asks.world.people["gone"]

    assert asks.people("person.email is null") == {"gone"}
    assert asks.values("entry.amount") == {"ada": None, "gone": 3.0}


def test_the_first_predicate_that_holds_is_the_way(asks: Asked) -> None:
    for person, country in (("ada", "DE"), ("grace", "FR"), ("joan", "GB")):
        asks.walks(person)
        asks.world.person(person, country=country)
    asks.world.does("ada", "bought", at="09:00")
    asks.world.does("grace", "bought", at="09:00")

    assert asks.holds("person.country = 'DE'", "did('bought')") == {"ada": 0, "grace": 1}
    assert asks.holds("did('bought')", "person.country = 'DE'", "true") == {"ada": 0, "grace": 0, "joan": 2}
    assert asks.holds("did('visited')", "did('bought') and person.country = 'FR'") == {"grace": 1}


def test_segments_are_as_they_are_now(asks: Asked) -> None:
    asks.walks("ada")
    asks.walks("grace")
    asks.world.joins("vips", "ada")
    asks.world.joins("lapsed", "grace", "joan")

    assert asks.people("in_segment('vips')") == {"ada"}
    assert asks.people("not in_segment('vips')") == {"grace"}
    assert asks.people("in_segment('vips') or in_segment('lapsed')") == {"ada", "grace"}
    assert asks.people("in_segment('vips') and in_segment('lapsed')") == set()


def test_the_tag_that_was_put_on_or_taken_off_last_counts(asks: Asked) -> None:
    for person in ("ada", "off", "again", "other"):
        asks.walks(person)
    asks.wears("ada", "vip", True)
    asks.wears("off", "vip", True, at="09:00")
    asks.wears("off", "vip", None, at="10:00")
    asks.wears("again", "vip", None, at="10:00", journey="other")
    asks.wears("again", "vip", True, at="11:00")
    asks.wears("other", "VIP", True)

    assert asks.people("has_tag('vip')") == {"ada", "again"}
    assert asks.people("not has_tag('vip')") == {"off", "other"}


def test_what_another_journey_sets_in_this_run_counts_from_the_next_one_on(asks: Asked) -> None:
    for person in ("ours", "theirs", "now", "taken_off"):
        asks.walks(person)
    asks.wears("ours", "vip", True, at="12:00")
    asks.wears("theirs", "vip", True, at="12:00", journey="other")
    asks.wears_now("now", "vip", True)
    asks.wears("taken_off", "vip", True, at="12:00")
    asks.wears_now("taken_off", "vip", True, position=0)
    asks.wears_now("taken_off", "vip", None, position=1)

    assert asks.people("has_tag('vip')") == {"ours", "now"}


def test_a_trait_is_a_text(asks: Asked) -> None:
    for person in ("ada", "grace", "joan"):
        asks.walks(person)
    asks.wears("ada", "offer", "spring", kind="trait")
    asks.wears("grace", "offer", 30, kind="trait")
    asks.wears("joan", "offer", "x", kind="tag")

    assert asks.people("trait('offer') = 'spring'") == {"ada"}
    assert asks.people("try_cast(trait('offer') as int) > 20") == {"grace"}
    assert asks.values("coalesce(trait('offer'), 'none')") == {"ada": "spring", "grace": "30", "joan": "none"}
    assert asks.people("trait('offer') is null") == {"joan"}


def test_who_can_be_reached_has_a_valid_address_that_is_not_suppressed(asks: Asked) -> None:
    for person in ("ada", "invalid", "without", "suppressed", "erased"):
        asks.walks(person)
    asks.world.person("invalid", email="invalid(at)example.com")
    asks.world.person("without", email=None)
    asks.suppressed("email", "suppressed@example.com")
    asks.suppressed("person", "erased", "erased")

    assert asks.people("reachable('email')") == {"ada"}
    assert asks.people("not reachable('email') and reachable('sms')") == {"invalid", "without", "suppressed"}


def test_consent_is_what_the_gate_says_of_it(asks: Asked) -> None:
    for person in ("ada", "never", "withdrew", "one_topic", "gave"):
        asks.walks(person)
        asks.world.person(person, agrees=None if person == "gave" else person != "never")
    asks.world.settings["consent"] = {"email": expressions.parse("person.agrees", "tidegate.yml", 1, "consent")}
    for person, given, topic in (("withdrew", False, None), ("one_topic", False, "offers"), ("gave", True, None)):
        asks.connection.execute(
            "insert into tidegate.consents (consent_id, person, channel, topic, given, happened_at, run_id, landed_at) "
            "values (uuid(), ?, 'email', ?, ?, ?, '', now())",
            [person, topic, given, asks.world.moment("09:00")],
        )

    assert asks.people("consented('email')") == {"ada", "one_topic", "gave"}
    assert asks.people("consented('email', 'offers')") == {"ada", "gave"}
    assert asks.people("consented('email', 'news') and not consented('email', 'offers')") == {"one_topic"}
    assert asks.people("consented('sms')") == {"ada", "never", "withdrew", "one_topic", "gave"}


def test_the_gate_is_asked_only_of_those_who_did_their_part(asks: Asked) -> None:
    for person in ("ada", "grace"):
        asks.walks(person)
    asks.world.does("ada", "bought", at="09:00")

    assert asks.people("did('bought') and reachable('email')") == {"ada"}
    assert asks.connection.execute("select person from wants").fetchall() == [("ada",)]


def test_functions_may_stand_anywhere_in_sql(asks: Asked) -> None:
    for person in ("ada", "grace"):
        asks.walks(person)
        asks.world.person(person, country="DE")
    asks.world.does("ada", "bought", at="09:00")
    asks.wears("grace", "offer", "spring", kind="trait")

    assert asks.people("case when did('bought') then person.country = 'DE' else trait('offer') = 'x' end") == {"ada"}
    assert asks.people("did('bought') = has_tag('x')") == {"grace"}
    assert asks.people("(did('bought')::int + (trait('offer') is not null)::int) = 1") == {"ada", "grace"}
    assert asks.values("did('bought')") == {"ada": True, "grace": False}
