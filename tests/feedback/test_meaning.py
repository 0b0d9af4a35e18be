"""What feedback and consents change: who they are of, and who is not written to any more."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.feedback.papers import Desk, consent, event


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Ada, and bob and bea, who share an address; a message to each."""
    desk.knows("ada", phone="+12025550123")
    desk.knows("bob", "family@example.com")
    desk.knows("bea", "family@example.com")
    for person in ("ada", "bob", "bea"):
        desk.sent(f"vips:{person}", person, id=f"<{person}@mail.example.com>")
    return desk


FORGET = (
    "delete from tidegate.feedback",
    "delete from tidegate.consents",
    "delete from tidegate.suppressions",
    "delete from tidegate.line_files",
)


def states(desk: Desk) -> dict[str, str]:
    return dict(desk.rows("select message_key, state from tidegate.outbox"))


def test_an_event_finds_its_message_by_key_and_by_the_platforms_id(shop: Desk) -> None:
    shop.file(
        "feedback/a.jsonl",
        event("1", message_key="vips:ada"),
        event("2", provider_id="bob@mail.example.com"),
        event("3", provider_id="<bea@mail.example.com>", destination="mail"),
        event("4", provider_id="<bea@mail.example.com>", destination="other"),
        event("5", message_key="of somebody else", provider_id="ada@mail.example.com"),
    )
    shop.runs_once()
    assert shop.events() == {
        ("1", "opened", "ada", "vips:ada"),
        ("2", "opened", "bob", "vips:bob"),
        ("3", "opened", "bea", "vips:bea"),
        ("4", "opened", None, None),
        ("5", "opened", "ada", "vips:ada"),
    }
    assert set(shop.rows("select destination, channel from tidegate.feedback where person is not null")) == {
        ("mail", "email")
    }


def test_an_id_that_two_messages_have_says_nothing(shop: Desk) -> None:
    shop.sent("a", "ada", id="7", by="mail")
    shop.sent("b", "bob", id="7", by="second")
    shop.file("feedback/a.jsonl", event("1", provider_id="7"), event("2", provider_id="7", destination="second"))
    shop.runs_once()
    assert shop.events() == {("1", "opened", None, None), ("2", "opened", "bob", "b")}


@pytest.mark.parametrize("kind", ["delivered", "opened", "clicked", "replied", "bounced"])
def test_a_message_that_may_have_gone_has_gone_if_somebody_answers_it(shop: Desk, kind: str) -> None:
    shop.sent("doubt", "ada", state="unknown")
    shop.sent("planned", "ada", state="planned")
    shop.file("feedback/a.jsonl", event("1", kind, message_key="doubt"), event("2", kind, message_key="planned"))
    shop.runs_once()
    assert (states(shop)["doubt"], states(shop)["planned"]) == ("accepted", "planned")


def test_an_address_that_bounced_for_good_or_complained_is_suppressed_by_its_channel(shop: Desk) -> None:
    shop.file(
        "feedback/a.jsonl",
        event("1", "bounced", permanent=True, message_key="vips:ada"),
        event("2", "bounced", permanent=False, message_key="vips:bob"),
        event("3", "bounced", message_key="vips:bob"),
        event("4", "complained", channel="email", address="Nobody@Example.com"),
        event("5", "bounced", permanent=True, channel="sms", address="+1 (202) 555-0199"),
    )
    shop.runs_once()
    assert shop.suppressed("email", "ada@example.com") == ["bounced"]
    assert shop.suppressed("sms", "+12025550123") == []
    assert shop.suppressed("email", "family@example.com") == []
    assert shop.suppressed("email", "nobody@example.com") == ["complained"]
    assert shop.suppressed("sms", "+12025550199") == ["bounced"]


def test_the_address_that_an_event_names_is_the_one_that_counts(shop: Desk) -> None:
    """Ada has moved to a new address since."""
    shop.file(
        "feedback/a.jsonl",
        event("1", "bounced", permanent=True, message_key="vips:ada", channel="email", address="old@example.com"),
    )
    shop.runs_once()
    assert shop.suppressed("email", "old@example.com") == ["bounced"]
    assert shop.suppressed("email", "ada@example.com") == []


def test_a_suppression_that_was_lifted_is_not_put_back_by_the_same_event(shop: Desk) -> None:
    shop.file("feedback/a.jsonl", event("1", "complained", message_key="vips:ada"))
    shop.runs_once()
    shop.tells("update tidegate.suppressions set lifted_at = now()")
    shop.file("feedback/b.jsonl", event("1", "complained", message_key="vips:ada"))
    shop.runs_once()
    assert shop.rows("select count(*) from tidegate.suppressions where lifted_at is null") == [(0,)]


def test_who_unsubscribes_withdraws_consent_for_the_topic_or_for_all(shop: Desk) -> None:
    shop.file(
        "feedback/a.jsonl",
        event("1", "unsubscribed", message_key="vips:ada", topic="offers"),
        event("2", "unsubscribed", channel="email", address="FAMILY@example.com"),
    )
    shop.runs_once()
    assert shop.consents() == {
        ("ada", "email", "offers", False, "feedback"),
        ("bob", "email", None, False, "feedback"),
        ("bea", "email", None, False, "feedback"),
    }


def test_deciding_again_changes_nothing(shop: Desk) -> None:
    shop.file("feedback/a.jsonl", event("1", "unsubscribed", message_key="vips:ada"), event("2", "complained"))
    shop.file("feedback/b.jsonl", event("3", "complained", channel="email", address="family@example.com"))
    shop.file("consents/a.jsonl", consent("1", address="family@example.com"))
    shop.runs_once()
    tables = ("feedback", "consents", "suppressions", "outbox")
    before = [shop.table(name) for name in tables]
    shop.decides()
    assert [shop.table(name) for name in tables] == before


def test_a_consent_by_address_is_of_everybody_who_has_it(shop: Desk) -> None:
    shop.file("consents/a.jsonl", consent("1", address="Family@example.com"), consent("2", person="ada", given=False))
    shop.runs_once()
    assert shop.consents() == {
        ("bob", "email", None, True, None),
        ("bea", "email", None, True, None),
        ("ada", "email", None, False, None),
    }


def test_a_person_may_come_later_than_their_consent_and_their_no(shop: Desk) -> None:
    shop.file("consents/a.jsonl", consent("1", address="carl@example.com"))
    shop.file("feedback/a.jsonl", event("1", "unsubscribed", channel="email", address="dora@example.com"))
    shop.runs_once()
    assert shop.consents() == {(None, "email", None, True, None)}
    assert shop.events() == {("1", "unsubscribed", None, None)}
    shop.knows("carl")
    shop.knows("dora")
    shop.decides()
    assert shop.consents() == {("carl", "email", None, True, None), ("dora", "email", None, False, "feedback")}


def test_a_no_of_nobody_known_is_not_lost_when_it_is_given_up(shop: Desk) -> None:
    shop.file("feedback/a.jsonl", event("1", "unsubscribed", channel="email", address="dora@example.com"), event("2"))
    shop.runs_once()
    assert shop.suppressed("email", "dora@example.com") == []
    long_ago = datetime.now(UTC) - timedelta(days=31)
    shop.tells("update tidegate.feedback set landed_at = ?", [long_ago])
    shop.decides()
    assert shop.suppressed("email", "dora@example.com") == ["opted_out"]
    assert shop.rows("select count(*) from tidegate.feedback where applied_run is null") == [(0,)]


def test_a_campaigns_recipient_is_known_by_the_projects_key(shop: Desk) -> None:
    shop.file("feedback/a.jsonl", event("1", "clicked", channel="crm", address="ada"))
    shop.runs_once()
    assert shop.events() == {("1", "clicked", "ada", None)}


def test_whatever_the_order_the_end_is_the_same(shop: Desk) -> None:
    events = [
        event("1", "unsubscribed", message_key="vips:ada"),
        event("2", "complained", channel="email", address="family@example.com"),
        event("3", "bounced", provider_id="bob@mail.example.com", permanent=True),
        event("4", "opened", message_key="vips:ada"),
        event("5", "clicked", provider_id="nobody's"),
    ]
    ends = set()
    for seed in range(3):
        for forget in FORGET:
            shop.tells(forget)
        random.Random(seed).shuffle(events)
        for number, one in enumerate(events):
            shop.file(f"feedback/{seed}-{number}.jsonl", one)
            if number % 2 == seed % 2:
                shop.runs_once()
        shop.runs_once()
        for path in (shop.warehouse.home / "feedback").iterdir():
            path.unlink()
        addresses = ("ada@example.com", "family@example.com")
        suppressed = tuple(tuple(shop.suppressed("email", address)) for address in addresses)
        ends.add((frozenset(shop.events()), frozenset(shop.consents()), suppressed))
    assert len(ends) == 1
