"""In the instant before a claim it is asked once more who may not be written to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.world import PEOPLE, World
from tidegate import queries, suppression
from tidegate.decision.permission import Recheck, recheck
from tidegate.spec.objects import DestinationSpec, MessageSpec, Project
from tidegate.suppression import Suppression


def asked_again(world: World) -> Recheck:
    project = Project(
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
        destinations={"wire": DestinationSpec("wire", "wire", {})},
        audiences={},
        messages={"welcome": MessageSpec("welcome", "offers", {})},
    )
    return recheck(project, PEOPLE, "email", run_id=world.run_id, as_of=world.now)


@pytest.fixture
def world(world: World) -> World:
    """A run that has decided, and lets a message go to each of forty people."""
    with world.warehouse.session() as connection:
        run = {"run_id": world.run_id, "kind": "run", "target": "dev", "as_of": world.now, "version": "0"}
        connection.execute(queries.text("runs/start"), {**run, "started_at": datetime.now(UTC)})
        decided = {"run_id": world.run_id, "watermark": None, "decided_at": datetime.now(UTC) - timedelta(minutes=1)}
        connection.execute(queries.text("decide/mark_decided"), decided)
    world.messages(world.people(40))
    return world


def withdraw(world: World, *people: str) -> None:
    for person in people:
        world.query(
            "insert into tidegate.consents (consent_id, person, channel, given, happened_at, run_id, landed_at) "
            "values (uuid(), ?, 'email', false, now(), 'r', now())",
            [person],
        )


def withheld(world: World) -> dict[str, str]:
    return dict(world.query("select split_part(message_key, ':', 2), reason from tidegate.decisions order by all"))


def test_who_unsubscribed_since_the_run_decided_is_not_written_to(world: World) -> None:
    withdraw(world, "3")
    with world.warehouse.session() as connection:
        suppression.suppress(
            connection,
            [
                Suppression("email", "P4@example.com", "bounced", datetime.now(UTC)),
                Suppression(suppression.PERSON, "5", "erased", datetime.now(UTC)),
            ],
        )

    delivery = world.deliver(recheck=asked_again(world))

    assert delivery.accepted == 37
    assert withheld(world) == {"3": "no_consent", "4": "suppressed", "5": "erased"}
    assert world.query("select state, claim, settled_run from tidegate.outbox where person = '3'") == [
        ("skipped", None, world.run_id)
    ]
    assert not any(key.split(":")[1] in ("3", "4", "5") for key in world.platform.received)


def test_a_claim_of_which_nobody_is_left_does_not_end_the_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.delivery.messages import Outbox

    monkeypatch.setattr(Outbox, "sizes", (10, 10))
    withdraw(world, *(str(number) for number in range(1, 41) if number % 4))

    delivery = world.deliver(recheck=asked_again(world))

    assert delivery.accepted == 10
    assert len(withheld(world)) == 30


def test_nothing_is_asked_where_nothing_was_recorded(world: World) -> None:
    plain = asked_again(world)
    found: list[Any] = []

    def listened(connection: Any, claim: str) -> Any:
        found.append(plain(connection, claim))
        assert connection.execute(
            "select count(*) from information_schema.tables where table_name = 'fitness'"
        ).fetchall() == [(0,)]
        return found[-1]

    assert world.deliver(recheck=listened).accepted == 40
    assert set(map(tuple, found)) == {()}
