"""What people did, and what became of their messages: whom it holds for, and when it came true."""

from collections.abc import Iterator

import pytest

from tests.journeys.asked import Asked, asked
from tests.journeys.world import World


@pytest.fixture
def asks(world: World) -> Iterator[Asked]:
    with asked(world) as found:
        yield found


def test_what_somebody_did_counts_once_it_happened_and_not_before_they_were_asked_about(asks: Asked) -> None:
    for person, time in (("early", "07:59"), ("edge", "08:00"), ("ada", "08:01"), ("last", "12:00"), ("late", "12:01")):
        asks.walks(person, entered="08:00", at="12:00")
        asks.world.does(person, "bought", at=time)

    assert asks.people("did('bought')") == {"ada", "last"}
    assert asks.people("not did('bought')") == {"early", "edge", "late"}


def test_a_time_limit_takes_the_place_of_the_window(asks: Asked) -> None:
    for person, time in (("edge", "11:00"), ("ada", "11:01"), ("late", "12:01")):
        asks.walks(person, entered="11:30", at="12:00")
        asks.world.does(person, "bought", at=time)

    assert asks.people("did('bought', within => interval '1 hour')") == {"ada"}


def test_since_when_it_counts_can_be_chosen(asks: Asked) -> None:
    for person, time in (("ever", "07:00"), ("entry", "09:00"), ("step", "11:00")):
        asks.walks(person, entered="08:00", since="10:00", at="12:00")
        asks.world.does(person, "bought", at=time)

    assert asks.people("did('bought', since => 'ever')") == {"ever", "entry", "step"}
    assert asks.people("did('bought', since => 'entry')") == {"entry", "step"}
    assert asks.people("did('bought', since => 'step')") == {"step"}
    assert asks.people("did('bought')") == {"step"}


def test_how_often_is_counted_within_the_window(asks: Asked) -> None:
    for person, times in (("once", ["09:00"]), ("twice", ["09:00", "12:00"]), ("before", ["07:00", "09:00"])):
        asks.walks(person)
        for time in times:
            asks.world.does(person, "bought", at=time)

    assert asks.people("did('bought', at_least => 2)") == {"twice"}
    assert asks.people("did('bought', at_least => 2, since => 'ever')") == {"twice", "before"}


def test_an_event_may_have_to_fit_what_somebody_entered_with_and_who_they_are(asks: Asked) -> None:
    for person, sku in (("ada", "mug"), ("grace", "cup")):
        asks.walks(person, sku="mug")
        asks.world.does(person, "bought", at="09:00", sku=sku, amount=20)
    asks.world.person("ada", country="DE")
    asks.world.person("grace", country="FR")

    assert asks.people("did('bought', where => event.properties->>'sku' = entry.sku)") == {"ada"}
    assert asks.people("did('bought', where => event.properties->>'sku' <> entry.sku)") == {"grace"}
    assert asks.people("did('bought', where => (event.properties->>'amount')::int > 30)") == set()
    assert asks.people("did('bought', where => (event.properties->>'amount')::int > 10)") == {"ada", "grace"}
    assert asks.people("did('bought', where => person.country = 'FR' and entry.sku = 'mug')") == {"grace"}
    assert asks.people("did('bought', at_least => 2, where => event.properties->>'sku' = entry.sku)") == set()


def test_somebody_who_walks_twice_is_asked_for_each_walk(asks: Asked) -> None:
    first = asks.walks("ada", entered="08:00", at="09:00", sku="mug")
    second = asks.walks("ada", entered="10:00", at="12:00", sku="cup")
    asks.world.does("ada", "bought", at="11:00", sku="cup")

    assert first != second
    assert asks.instances("did('bought')") == {second}


def test_events_that_journeys_emit_count_like_any_other(asks: Asked) -> None:
    for person in ("ours", "theirs", "now", "new_here", "later"):
        asks.walks(person)
    asks.emits("ours", "finished", at="09:00", run="12:00", amount=3)
    asks.emits("theirs", "finished", at="09:00", run="11:59", journey="other", amount=3)
    asks.emits("new_here", "finished", at="09:00", run="12:00", journey="other", amount=3)
    asks.emits_now("now", "finished", at="12:00", amount=3)
    asks.emits_now("later", "finished", at="12:01", amount=3)
    asks.world.does("ours", "started", at="09:00", amount=3)

    # What another journey emits in this run is heard of in the next, whichever of the two comes first.
    assert asks.people("did('finished')") == {"ours", "theirs", "now"}
    fitting = "did('{}', where => event.properties->>'amount' = '3' and event.customer_id = person.customer_id)"
    assert asks.people(fitting.format("finished")) == {"ours", "theirs", "now"}
    assert asks.people(fitting.format("started")) == {"ours"}


def test_events_may_be_a_view_that_answers_once(asks: Asked) -> None:
    asks.connection.execute("create sequence looked")
    asks.relations["events_view"] = (
        "select * replace (case when nextval('looked') > 1 then name || '!' else name end as name) from main.events"
    )
    asks.walks("ada")
    asks.world.does("ada", "bought", at="09:00")

    assert asks.people("did('bought') and did('bought', at_least => 1, since => 'ever')") == {"ada"}


def test_what_happens_all_the_time_is_read_where_it_lies(asks: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.journeys.predicates import happened

    monkeypatch.setattr(happened, "SELDOM", 1)
    asks.walks("ada")
    asks.walks("grace")
    for time in ("09:00", "10:00"):
        asks.world.does("ada", "visited", at=time)
    asks.world.does("grace", "bought", at="09:00")

    assert asks.people("did('visited', at_least => 2)") == {"ada"}
    assert asks.people("did('bought') or did('visited')") == {"ada", "grace"}
    assert asks.people("did('never')") == set()


def test_a_message_is_opened_from_when_it_was_sent_to_when_it_is_asked(asks: Asked) -> None:
    for person, time in (("ada", "09:30"), ("edge", "12:00"), ("late", "12:01")):
        asks.walks(person, entered="08:00", since="11:00", at="12:00")
        asks.reports(asks.message(person, "hello"), "opened", time)
    asks.walks("grace")
    asks.message("grace", "hello")
    asks.reports(asks.message("grace", "goodbye"), "opened", "09:30")

    assert asks.people("opened('hello')") == {"ada", "edge"}
    assert asks.people("not opened('hello')") == {"late", "grace"}
    assert asks.people("clicked('hello')") == set()


@pytest.mark.parametrize("fate", ["delivered", "clicked", "bounced", "complained", "unsubscribed", "replied"])
def test_every_fate_of_a_message_can_be_asked_for(asks: Asked, fate: str) -> None:
    asks.walks("ada")
    asks.walks("grace")
    asks.reports(asks.message("ada", "hello"), fate, "10:00")
    asks.reports(asks.message("grace", "hello"), "opened", "10:00")

    assert asks.people(f"{fate}('hello')") == {"ada"}


def test_sent_is_what_went(asks: Asked) -> None:
    for person, state, time in (
        ("ada", "accepted", "09:00"),
        ("later", "accepted", "12:01"),
        ("held", "planned", "09:00"),
        ("refused", "skipped", "09:00"),
        ("doubtful", "unknown", "09:00"),
    ):
        asks.walks(person)
        asks.message(person, "hello", state, time)

    assert asks.people("sent('hello')") == {"ada"}


def test_messages_of_other_journeys_and_walks_are_not_ones_own(asks: Asked) -> None:
    first, second = asks.walks("ada"), asks.walks("ada")
    asks.walks("grace")
    asks.reports(asks.message("ada", "hello"), "opened", "10:00")
    asks.reports(asks.message("grace", "hello", journey="other"), "opened", "10:00")

    assert second not in asks.instances("opened('hello')")
    assert asks.instances("opened('hello')") == {first}


def test_an_answer_is_read_as_far_as_somebody_has_come(asks: Asked) -> None:
    for person, score, time in (("ada", 90, "10:00"), ("grace", 10, "10:00"), ("late", 99, "12:01")):
        asks.walks(person)
        asks.answers(asks.message(person, "score_lead"), {"score": score, "why": {"tier": "gold"}}, time)
    asks.walks("nobody")

    assert asks.people("answer('score_lead', '$.score')::int > 50") == {"ada"}
    assert asks.people("answer('score_lead', '$.why.tier') = 'gold'") == {"ada", "grace"}
    assert asks.people("answer('score_lead', '$.score') is null") == {"late", "nobody"}


def test_waits_hear_of_the_first_thing_that_happened(asks: Asked) -> None:
    for person in ("ada", "grace", "nobody"):
        asks.walks(person, entered="08:00", since="09:00", at="12:00")
    for time in ("08:30", "11:00", "10:00", "12:01"):
        asks.world.does("ada", "bought", at=time)
    asks.world.does("grace", "visited", at="09:00")
    asks.world.does("grace", "visited", at="12:00")

    assert asks.when("did('bought')") == {"ada": (0, "10:00")}
    assert asks.when("did('bought')", "did('visited')") == {"ada": (0, "10:00"), "grace": (1, "12:00")}
    assert asks.when("did('bought', at_least => 2)") == {"ada": (0, "11:00")}
    assert asks.when("did('bought', since => 'entry')") == {"ada": (0, "09:00")}


def test_of_several_outcomes_the_earliest_wins_and_then_the_first_in_the_file(asks: Asked) -> None:
    for person in ("ada", "grace"):
        asks.walks(person)
    asks.world.does("ada", "bought", at="10:00")
    asks.world.does("ada", "visited", at="09:00")
    asks.world.does("grace", "bought", at="10:00")
    asks.world.does("grace", "visited", at="10:00")

    assert asks.when("did('bought')", "did('visited')") == {"ada": (1, "09:00"), "grace": (0, "10:00")}


def test_what_was_opened_before_the_wait_began_is_heard_at_once(asks: Asked) -> None:
    for person, time in (("ada", "09:00"), ("grace", "11:00"), ("late", "12:01")):
        asks.walks(person, entered="08:00", since="10:00", at="12:00")
        asks.reports(asks.message(person, "hello"), "opened", time)

    assert asks.when("opened('hello')") == {"ada": (0, "10:00"), "grace": (0, "11:00")}


def test_a_time_limit_is_met_when_the_last_one_fits_into_it(asks: Asked) -> None:
    for person, times in (
        ("ada", ["08:00", "09:30", "10:15", "10:45"]),
        ("before", ["07:30", "07:45"]),
        ("spread", ["08:00", "09:00", "10:00", "11:00"]),
    ):
        asks.walks(person, entered="08:00", since="08:10", at="12:00")
        for time in times:
            asks.world.does(person, "visited", at=time)

    twice = "did('visited', at_least => 2, within => interval '1 hour')"
    assert asks.when(twice) == {"ada": (0, "10:15"), "before": (0, "08:10")}
    once = "did('visited', within => interval '1 hour')"
    assert asks.when(once) == {"ada": (0, "08:10"), "before": (0, "08:10"), "spread": (0, "08:10")}


def test_both_are_true_from_the_later_moment_and_either_from_the_earlier(asks: Asked) -> None:
    for person in ("ada", "grace"):
        asks.walks(person)
        asks.world.does(person, "bought", at="10:00")
    asks.world.does("ada", "visited", at="11:00")
    asks.world.person("ada", country="DE")

    assert asks.when("did('bought') and did('visited')") == {"ada": (0, "11:00")}
    assert asks.when("did('bought') or did('visited')") == {"ada": (0, "10:00"), "grace": (0, "10:00")}
    assert asks.when("(did('visited') and person.country = 'DE')") == {"ada": (0, "11:00")}
    assert asks.when("did('bought') and not did('visited')") == {"grace": (0, "10:00")}


def test_what_people_are_is_known_as_of_the_run_alone(asks: Asked) -> None:
    asks.walks("ada", at="12:00")
    asks.walks("late", at="11:00")  # their time ran out an hour ago
    for person in ("ada", "late"):
        asks.world.person(person, country="DE")
        asks.world.does(person, "bought", at="10:00")

    assert asks.when("person.country = 'DE'") == {"ada": (0, "12:00")}
    assert asks.when("did('bought') or person.country = 'DE'") == {"ada": (0, "10:00"), "late": (0, "10:00")}
    assert asks.when("not did('visited')") == {"ada": (0, "12:00")}


def test_nobody_is_asked_where_nobody_is(asks: Asked) -> None:
    assert asks.holds("did('bought')") == {}
    assert asks.when("did('bought')") == {}
    assert asks.values("person.email") == {}


def test_before_entry_everything_counts(asks: Asked) -> None:
    asks.walks("ada", at="12:00")
    asks.rows[0][2] = asks.rows[0][3] = "-infinity"
    asks.world.does("ada", "bought", at="2020-01-01 00:00")

    assert asks.instances("did('bought') and did('bought', since => 'entry')") == {1}
