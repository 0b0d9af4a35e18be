"""Caps, quiet hours, holdouts, throttles and dated consent: read, and refused with line, key and fix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.spec.written_project import Written
from tidegate.spec import quantities
from tidegate.spec.objects import Cap, Throttle, Window
from tidegate.spec.project import load

GATE = """\
caps:
  - {channel: any, max: 5, per: 7 days}
  - {channel: sms, max: 2, per: 1 day}
quiet_hours:
  sms: "21:00-08:00"
  push: ["22:00-08:00 on mon..fri", "00:00-24:00 on sat, sun"]
holdout: 5%
consent:
  email: {if: agrees, since: agrees_at}
  sms: agrees
project: shop
"""


def test_the_gates_settings_are_read(shop: Written):
    shop.change("tidegate.yml", "project: shop\n", GATE)
    shop.change("tidegate.yml", "connector: smtp,", 'connector: smtp, throttle: "10,000 per hour",')
    shop.change("audiences/vips.yml", "who:", "holdout: 10%\nwho:")

    project = load(shop.root, "prod")

    assert project.caps == (Cap("any", 5, timedelta(days=7)), Cap("sms", 2, timedelta(days=1)))
    assert project.quiet_hours == {
        "sms": (Window(21 * 60, 32 * 60),),
        "push": (
            Window(22 * 60, 32 * 60, frozenset({1, 2, 3, 4, 5})),
            Window(0, 24 * 60, frozenset({6, 7})),
        ),
    }
    assert (project.holdout, project.audiences["vips"].holdout) == (0.05, 0.1)
    assert project.destinations["email"].throttle == Throttle(10_000, timedelta(hours=1))
    assert {name: tree.sql() for name, tree in project.consent.items()} == {"email": "agrees", "sms": "agrees"}
    assert project.consent_since["email"].sql() == "agrees_at"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max: 5", "mx: 5", "tidegate.yml:2: caps[0].mx: no such key; did you mean `max`?"),
        ("max: 5", "max: 0", "tidegate.yml:2: caps[0].max: "),
        ("per: 7 days", "per: 1 month", "tidegate.yml:2: caps[0].per: a month has no fixed length"),
        (
            "channel: sms",
            "channel: smss",
            "tidegate.yml:3: caps[1].channel: no channel `smss` that messages go by; did",
        ),
        ('  sms: "21', '  ads: "21', "tidegate.yml:5: quiet_hours.ads: no channel `ads` that messages go by; "),
        ("21:00-08:00", "21-8", "tidegate.yml:5: quiet_hours.sms: write from when to when, such as `21:00-08:00`"),
        ("21:00-08:00", "25:00-08:00", "tidegate.yml:5: quiet_hours.sms: write from when to when"),
        ("21:00-08:00", "21:00-21:00", "quiet_hours.sms: `21:00-21:00` begins when it ends; a whole day is"),
        ("21:00-08:00", "00:00-24:00", "tidegate.yml:5: quiet_hours.sms: leaves no time of the week"),
        ("on mon..fri", "on mon..fry", "tidegate.yml:6: quiet_hours.push: `fry` is not a day; did you mean `fri`?"),
        ("holdout: 5%", "holdout: 0.05", "tidegate.yml:7: holdout: write a share of people, such as `5%`"),
        ("holdout: 5%", "holdout: 100%", "tidegate.yml:7: holdout: `100%` would be everybody"),
        (
            "since: agrees_at",
            "sinc: agrees_at",
            "tidegate.yml:9: consent.email.sinc: no such key; did you mean `since`?",
        ),
        ("since: agrees_at", "since: now()", "tidegate.yml:9: consent.email.since: now()"),
        ("  sms: agrees", "  smss: agrees", "tidegate.yml:10: consent.smss: no channel `smss`; did you mean `sms`?"),
    ],
)
def test_a_mistake_is_told_with_line_key_and_fix(shop: Written, old: str, new: str, told: str):
    shop.change("tidegate.yml", "project: shop\n", GATE)
    shop.change("tidegate.yml", old, new)

    complaints = shop.complaints()

    assert any(told in line for line in complaints), complaints


@pytest.mark.parametrize("written", ["lots per hour", "10", "0 per hour", "10 per month"])
def test_a_throttle_is_a_number_of_messages_in_a_time(shop: Written, written: str):
    shop.change("tidegate.yml", "connector: smtp,", f'connector: smtp, throttle: "{written}",')

    assert any("destinations.email.throttle:" in line for line in shop.complaints())


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("on sat", {6}),
        ("on sat..mon", {6, 7, 1}),
        ("on Mon, wednesday", {1, 3}),
        ("on mon..fri, sun", {1, 2, 3, 4, 5, 7}),
        ("", {1, 2, 3, 4, 5, 6, 7}),
    ],
)
def test_days_are_named_one_by_one_or_from_to(written: str, days: set[int]):
    assert quantities.window(f"9:30-17:00 {written}".strip()) == Window(570, 1020, frozenset(days))


def test_windows_that_touch_are_one_stretch_of_the_week():
    found = quantities.windows(["22:00-02:00 on sun", "02:00-03:00 on mon", "23:00-24:00 on sun"])

    assert quantities.quiet_minutes(found) == [(0, 180), (6 * 1440 + 1320, 7 * 1440)]
