"""Whatever the events and the clocks: caps, throttles and quiet hours hold, and ticking twice is ticking once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.test_quiet_hours import is_quiet
from tests.decision.world import Mail, Texts
from tidegate import migrations, queries
from tidegate.decision import gate
from tidegate.spec.objects import Audience, Cap, DestinationSpec, MessageSpec, ModelColumns, Project, Throttle
from tidegate.spec.quantities import windows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CAPS = (Cap("any", 2, 2 * DAY), Cap("email", 1, DAY), Cap("sms", 1, 30 * HOUR), Cap("sms", 2, 3 * DAY))
THROTTLE = Throttle(2, 3 * HOUR)
NIGHT = windows(["21:00-08:00", "00:00-24:00 on sun"])
ZONES = {"ada": "Asia/Kathmandu", "grace": "America/New_York", "edith": "Europe/London"}
COLUMNS = {"customer_id": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR", "time_zone": "VARCHAR"}
PROJECT = Project(
    root=Path(),
    name="shop",
    key="customer_id",
    people="people",
    time_zone="UTC",
    target="dev",
    sandbox=False,
    clock=None,
    consent={},
    landings=(),
    destinations={
        "mail": DestinationSpec("mail", "mail", {}, throttle=THROTTLE),
        "texts": DestinationSpec("texts", "texts", {}),
    },
    audiences={"offers": Audience("offers", "audiences/offers.yml", who="people")},
    messages={"offer": MessageSpec("offer", "offers", {}), "receipt": MessageSpec("receipt", "transactional", {})},
    caps=CAPS,
    quiet_hours={"sms": NIGHT},
)

PLANNED = st.tuples(
    st.sampled_from(sorted(ZONES)),
    st.sampled_from(["mail", "texts"]),
    st.sampled_from(["offer", "offer", "offer", "receipt"]),
    st.integers(0, 2),  # priority
    st.integers(1, 72),  # hours until it expires
)
#: minutes to the next run; what was planned until then; what becomes of what it sends
RUNS = st.lists(
    st.tuples(
        st.integers(1, 30 * 60),
        st.lists(PLANNED, max_size=6),
        st.sampled_from(["accepted", "accepted", "unknown", "rejected", "lost"]),
    ),
    min_size=3,
    max_size=10,
)


class Outbox:
    """A warehouse in memory with nothing but people and planned messages."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        migrations.apply(self.connection)
        self.connection.execute(
            "create table people (customer_id varchar, email varchar, phone varchar, time_zone varchar)"
        )
        for name, zone in ZONES.items():
            row = [name, f"{name}@example.com", "+442079460000", zone]
            self.connection.execute("insert into people values (?, ?, ?, ?)", row)
        self.count = 0

    def plan(self, now: datetime, person: str, by: str, message: str, priority: int, hours: int) -> None:
        self.count += 1
        self.connection.execute(
            "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, context, "
            "due_at, expires_at, priority, state, attempts, planned_run, planned_at) "
            "values (?, 'offers', ?, '1', 'on_occurrence', 1, ?, ?, '{}', ?, ?, ?, 'planned', 0, 'r', ?)",
            [f"k{self.count:04}", person, message, f'["{by}"]', now, now + hours * HOUR, priority, now],
        )

    def tick(self, now: datetime) -> list[tuple[object, ...]]:
        """A run's gate; returns everything that it leaves behind."""
        for statement in queries.statements("decide/working_tables"):
            self.connection.execute(statement)
        self.connection.execute(queries.text("decide/reopen"))
        self.connection.execute(queries.text("decide/know_audiences"), {"audiences": ["offers"]})
        people = ModelColumns("people", '"main"."people"', COLUMNS)
        channels = {"mail": Mail.channel, "texts": Texts.channel}
        gate.judge(self.connection, PROJECT, people, channels, (), as_of=now, run_id="r")
        return [
            *self.rows("select message_key, state, reason, held_until from tidegate.outbox order by all"),
            *self.rows("select message_key, verdict, reason, until from tidegate.decisions order by all"),
        ]

    def deliver(self, now: datetime, fate: str) -> None:
        self.connection.execute(
            "update tidegate.outbox set state = $fate, settled_at = $now where state = 'ready'",
            {"fate": fate, "now": now},
        )

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.connection.execute(sql).fetchall()


@settings(max_examples=8, deadline=None)
@given(runs=RUNS)
def test_caps_throttles_and_quiet_hours_hold_whatever_happens(
    runs: list[tuple[int, list[tuple[str, str, str, int, int]], str]],
) -> None:
    outbox = Outbox()
    now = datetime(2026, 10, 30, tzinfo=UTC)  # clocks in New York go back on the third day
    for minutes, planned, fate in runs:
        now += timedelta(minutes=minutes)
        for one in planned:
            outbox.plan(now, *one)

        once = outbox.tick(now)

        assert outbox.tick(now) == once
        texts = outbox.rows(
            "select person from tidegate.outbox where state = 'ready' and channel = 'sms' and message <> 'receipt'"
        )
        assert not any(is_quiet(ZONES[str(person)], NIGHT, now) for (person,) in texts)
        assert (
            outbox.rows("select 1 from tidegate.outbox where reason <> 'throttle' and held_until >= expires_at") == []
        )
        if fate != "lost":
            outbox.deliver(now, fate)
    sent: list[tuple[str, str, datetime]] = outbox.rows(  # type: ignore[assignment]
        "select person, channel, settled_at from tidegate.outbox "
        "where state in ('accepted', 'unknown') and message <> 'receipt'"
    )
    for cap in CAPS:
        for person in ZONES:
            holds(cap.most, cap.per, [at for who, by, at in sent if who == person and cap.channel in ("any", by)])
    mailed: list[tuple[datetime]] = outbox.rows(  # type: ignore[assignment]
        "select settled_at from tidegate.outbox "
        "where channel = 'email' and state in ('accepted', 'unknown', 'rejected')"
    )
    holds(THROTTLE.most, THROTTLE.per, [at for (at,) in mailed])


def holds(most: int, per: timedelta, times: Sequence[datetime]) -> None:
    for at in times:
        assert sum(at - per < one <= at for one in times) <= most, sorted(times)
