from datetime import timedelta

import pytest
from sqlglot import exp

from tests.decision.world import Texts, World, column, of, welcome
from tidegate.spec.objects import Audience, Guard, Limit, Send


def trigger(**changes: object) -> Audience:
    return Audience(  # type: ignore[arg-type]
        **{
            "name": "ordered",
            "file": "audiences/ordered.yml",
            "when": "ordered",
            "sends": (Send("thanks", ("mail", "texts")),),
            **changes,
        }
    )


def test_an_occurrence_is_acted_on_once(world: World) -> None:
    world.audience(trigger())
    world.decide()
    world.as_of += timedelta(days=1)
    world.occurs("ordered", "o1", "ada")

    decision = world.decide(after=timedelta())
    again = world.decide(after=timedelta(minutes=5))

    assert of(decision, "ordered").entered == 1
    assert of(again, "ordered").entered == 0
    assert world.planned() == {"ordered:ada:o1:on_occurrence.thanks:1": "mail"}


def test_occurrences_before_the_first_look_are_recorded_not_acted_on(world: World) -> None:
    world.audience(trigger())
    world.occurs("ordered", "o1", "ada", ago=timedelta(hours=1))

    world.decide()

    assert world.planned() == {}
    assert world.rows("select disposition from tidegate.occurrences") == [("baseline",)]


def test_an_occurrence_seen_too_late_is_recorded_not_acted_on(world: World) -> None:
    world.audience(trigger(not_older_than=timedelta(days=1)))
    world.decide()
    world.occurs("ordered", "late", "ada", ago=timedelta(days=2))

    world.decide()

    assert world.rows("select disposition from tidegate.occurrences") == [("too_old",)]


def test_a_condition_that_is_null_is_false(world: World) -> None:
    world.audience(trigger(condition=column("person", "agrees")))
    world.decide()
    for name, agrees in (("ada", True), ("grace", False), ("edith", None)):
        world.person(name, agrees=agrees)
        world.occurs("ordered", f"o-{name}", name, ago=timedelta(hours=-23))

    world.decide()

    assert dict(world.rows("select person, disposition from tidegate.occurrences")) == {
        "ada": "acted",
        "grace": "condition",
        "edith": "condition",
    }


def test_an_edited_trigger_acts_on_what_is_new_only(world: World) -> None:
    world.audience(trigger())
    world.decide()
    world.definitions["ordered"] = "v2"
    world.occurs("ordered", "older", "ada", ago=timedelta(hours=2))
    world.occurs("ordered", "newer", "ada", ago=timedelta(hours=-2))

    world.decide()

    assert dict(world.rows("select occurrence_id, disposition from tidegate.occurrences")) == {
        "older": "definition",
        "newer": "acted",
    }


def test_a_repeated_occurrence_id_never_acts(world: World) -> None:
    world.audience(trigger())
    world.decide()
    world.occurs("ordered", "o1", "ada")
    world.occurs("ordered", "o1", "grace")

    decision = world.decide()

    assert of(decision, "ordered").verdict == "failed"
    assert "occurrence_id is not unique" in of(decision, "ordered").reason


def test_the_first_channel_that_reaches_the_person_is_used(world: World) -> None:
    world.audience(welcome())
    world.decide()
    world.person("ada", email=None)
    world.in_segment("vips", "ada")

    world.decide()

    assert world.planned() == {"vips:ada:1:on_enter.welcome:1": "texts"}


def test_whom_no_channel_reaches_is_a_row_with_a_reason(world: World) -> None:
    world.audience(welcome())
    world.decide()
    world.person("ada", email="nowhere", phone="12")
    world.in_segment("vips", "ada")

    decision = world.decide()

    assert of(decision, "vips").withheld == {"unreachable": 1}
    assert world.rows("select verdict, reason from tidegate.decisions") == [("skip", "unreachable")]


def test_consent_is_asked_for_each_channel(world: World) -> None:
    world.consent = {"email": column("person", "agrees"), "sms": column("person", "agrees")}
    world.audience(welcome())
    world.decide()
    world.person("ada", agrees=False)
    world.in_segment("vips", "ada", "grace")

    decision = world.decide()

    assert of(decision, "vips").withheld == {"no_consent": 1}
    assert world.planned() == {"vips:grace:1:on_enter.welcome:1": "mail"}


def test_consent_is_that_of_the_channel_a_destinations_settings_say(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Texts, "channel_of", classmethod(lambda cls, settings: "whatsapp"))
    world.consent = {"sms": exp.true(), "whatsapp": column("person", "agrees"), "email": exp.false()}
    world.audience(welcome())
    world.decide()
    world.person("ada", agrees=False)
    world.in_segment("vips", "ada", "grace")

    decision = world.decide()

    assert of(decision, "vips").withheld == {"no_consent": 1}
    assert world.planned() == {"vips:grace:1:on_enter.welcome:1": "texts"}


def test_a_receipt_asks_for_no_consent(world: World) -> None:
    world.consent = {"email": column("person", "agrees")}
    world.topics["welcome"] = "transactional"
    world.audience(welcome())
    world.decide()
    world.person("ada", agrees=False)
    world.in_segment("vips", "ada")

    world.decide()

    assert world.planned() == {"vips:ada:1:on_enter.welcome:1": "mail"}


def test_whoever_left_before_the_welcome_could_go_gets_none(world: World) -> None:
    world.audience(welcome(guard=Guard(max_leave=Limit(share=1.0))))
    world.decide()
    world.in_segment("vips", "ada")
    world.decide()
    world.in_segment("vips")

    decision = world.decide(after=timedelta(hours=1))

    assert of(decision, "vips").withheld == {"left_segment": 1}


def test_a_message_that_could_not_go_for_a_day_expires(world: World) -> None:
    world.audience(welcome())
    world.decide()
    world.in_segment("vips", "ada")
    world.decide()

    decision = world.decide(after=timedelta(days=1))

    assert of(decision, "vips").withheld == {"expired": 1}


def test_leaving_is_written_about_too(world: World) -> None:
    audience = welcome(on_enter=(), on_exit=(Send("farewell", ("mail",)),), guard=Guard(max_leave=None))
    world.audience(audience)
    world.in_segment("vips", "ada")
    world.decide()
    world.in_segment("vips")

    world.decide()

    assert world.planned() == {"vips:ada:1:on_exit.farewell:1": "mail"}


def test_messages_of_a_blocked_audience_wait(world: World) -> None:
    world.audience(welcome(guard=Guard(max_messages=1)))
    world.decide()
    world.in_segment("vips", "ada")
    world.decide()
    world.in_segment("vips", "ada", "grace", "edith")

    decision = world.decide(after=timedelta(hours=1))

    assert of(decision, "vips").verdict == "blocked"
    assert world.planned() == {}
    assert set(world.planned("planned")) == {"vips:ada:1:on_enter.welcome:1"}
