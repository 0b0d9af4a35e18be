"""Nobody is written to by a journey between ten in the evening and six, wherever they live."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.journeys.world import World
from tidegate.spec.objects import Window

FOLLOWED = """
journey: nurture
enter: {on: occur ref('leads')}
steps:
  - {send: intro, by: email}
  - wait: {for: opened('intro'), up_to: 2 hours}
    then: [{send: more, by: email}]
    else: [{send: text, by: sms}]
"""


@pytest.mark.parametrize(
    ("zone", "told", "goes"),
    [
        ("Europe/London", "2026-03-03 21:59", "2026-03-03 21:59"),
        ("Europe/London", "2026-03-03 22:00", "2026-03-04 06:00"),
        ("Europe/London", "2026-03-04 00:00", "2026-03-04 06:00"),
        ("Europe/London", "2026-03-04 05:59", "2026-03-04 06:00"),
        ("Europe/London", "2026-03-04 06:00", "2026-03-04 06:00"),
        # Half-hour zones: ten in the evening in Kolkata, a quarter past in Kathmandu.
        ("Asia/Kolkata", "2026-03-03 16:30", "2026-03-04 00:30"),
        ("Asia/Kathmandu", "2026-03-03 16:30", "2026-03-04 00:15"),
        # Clocks go forward in New York in the night of 8 March 2026, and back in that of 1 November.
        ("America/New_York", "2026-03-07 03:00", "2026-03-07 11:00"),
        ("America/New_York", "2026-03-08 03:30", "2026-03-08 10:00"),
        ("America/New_York", "2026-11-01 03:30", "2026-11-01 11:00"),
        # A zone that there is not: the project's.
        ("Mars/Olympus", "2026-03-03 23:00", "2026-03-04 06:00"),
    ],
)
def test_what_is_sent_at_night_goes_in_the_morning_and_is_waited_for_from_then(
    world: World, zone: str, told: str, goes: str
) -> None:
    world.settings["quiet_hours"] = {"email": (Window(22 * 60, 30 * 60),)}
    world.person("ada", time_zone=zone)
    world.trigger("leads")
    world.journey(FOLLOWED)
    world.run("2026-03-02 10:00")
    begins, morning = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (told, goes))
    world.occurs("leads", "ada", begins)

    world.run(begins)
    at_once = begins == morning
    assert world.sent("ada") == (["intro"] if at_once else [])
    ((held_until,),) = world.rows("select held_until from tidegate.outbox")
    assert held_until == (None if at_once else morning)
    world.run(morning)
    assert world.sent("ada") == ["intro"]

    world.run(morning.replace(minute=59))
    assert world.stands("ada") == "wait"
    world.opens("ada", "intro", morning.replace(hour=morning.hour + 1))
    world.run(morning.replace(hour=morning.hour + 1))
    assert world.path("ada")[-1] == ("more", "then")
