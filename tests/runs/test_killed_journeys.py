"""A run that is killed anywhere while people walk: the next one leaves them where they would have been, told once.

One shop is lived through undisturbed. Another has each of its runs killed, and run again as of the same moment.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.runs.shop import Shop
from tests.runs.test_killed import in_a_process_of_its_own

FOLLOWED = """
journey: followed
enter: {on: occur ref('ordered')}
steps:
  - {send: hello, by: email}
  - wait: 10 minutes
  - webhook: score_lead
    by: customer_care
    up_to: 1 day
    else: [{tag: unscored}]
  - if: answer('score_lead', '$.score') = '87'
    then: [{tag: vip}, {sync: {to: ads, list: Best}}, {event: followed_up}, {send: told, by: email}]
    else: [{send: sorry, by: sms}]
"""
BUYERS = ("ada", "grace", "edith", "joan")
#: what happens before the tick is committed, and right after
AROUND_A_TICK = ("journey applied", "decision uncommitted", "decision committed")
#: where nothing is under way, so that nothing is in doubt afterwards
HARMLESS = (
    "run begun",
    "landed",
    "built",
    "checked",
    *AROUND_A_TICK,
    "journal created",
    "claim committed",
    "before call",
    "settle uncommitted",
    "settle committed",
    "destination delivered",
    "run finished",
)
#: where a call is under way: what came of it is not known
UNDER_WAY = ("call started", "call returned", "outcome written")
#: what is kept of people
KEPT = (
    "answers",
    "assignments",
    "decisions",
    "delivered",
    "emitted",
    "instances",
    "journey_versions",
    "list_members",
    "occurrences",
    "outbox",
    "owed",
    "stays",
    "steps",
    "traits",
)
#: of which run, and when by the wall's clock; how a destination was reached
OF_RUNS = ("recorded_at", "accepted_at", "submitted_at", "provider_id", "attempts", "claim")


def found(shop: Shop) -> None:
    shop.edit(
        "tidegate.yml",
        "  dev: {destinations: sandbox}\n",
        "  dev:\n    destinations: sandbox\n    behave: {answers: {customer_care: {score: 87}}}\n",
    )
    shop.edit(
        "tidegate.yml",
        "      exports:",
        '      customer_care: {connector: webhook, url: "https://care.example/", secret: "${HOOK}"}\n      exports:',
    )
    shop.write("journeys/followed.yml", FOLLOWED)
    shop.write("messages/score_lead/webhook.json", '---\ntopic: transactional\n---\n{"email": "{{ person.email }}"}\n')
    for name in ("hello", "told"):
        email = shop.root.joinpath("messages/thanks/email.mjml").read_text()
        subject = f"{name}, {{{{ person.customer_id }}}}"
        shop.write(f"messages/{name}/email.mjml", email.replace("Order {{ entry.occurrence_id }}", subject))
    shop.write("messages/sorry/sms.txt", "---\ntopic: transactional\n---\nSorry, {{ person.customer_id }}\n")
    shop.knows(*BUYERS, "zoe")
    shop.buys("zoe", amount=10)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Shop(tmp_path_factory.mktemp("followed") / "founded").found()
    found(shop)
    return shop.root


@contextmanager
def lives(founded: Path, root: Path, kills: Iterable[Iterable[str]]) -> Iterator[Shop]:
    """Baseline; then everybody orders, and there are four runs, each killed at these checkpoints, one after the other,
    before it is let through."""
    shop = Shop(founded).copied(root)
    with in_a_process_of_its_own(shop):
        ran(shop, timedelta(hours=1), ())
        shop.buys(*BUYERS, ago=timedelta(minutes=-5))
        for stages in kills:
            ran(shop, timedelta(minutes=15), stages)
        yield shop


def ran(shop: Shop, later: timedelta, stages: Iterable[str]) -> None:
    shop.now += later
    for stage in stages:
        ended = shop.command("run", "--as-of", shop.now.isoformat(), environment={"TIDEGATE_KILL_AT": stage})
        # A run with nothing to deliver does not come to the stages of a delivery.
        assert ended.returncode in (-signal.SIGKILL, 0), ended.stderr
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shop.environment.items():
            patch.setenv(name, value)
        shop.run(later=timedelta())


def kept(shop: Shop) -> dict[str, list[tuple[object, ...]]]:
    """The state without what tells one run from another."""
    columns = shop.rows("select table_name, column_name from duckdb_columns() where schema_name = 'tidegate'")
    found = {}
    for table in KEPT:
        told = [name for of, name in columns if of == table and not name.endswith("run") and name != "run_id"]
        names = ", ".join(f'"{name}"' for name in told if name not in OF_RUNS)
        found[table] = shop.rows(f"select {names} from tidegate.{table} order by all")  # noqa: S608
    return found


@pytest.fixture(scope="module")
def twin(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What is kept, and was received, where nothing is killed."""
    with lives(founded, tmp_path_factory.mktemp("twin") / "shop", [()] * 4) as shop:
        assert shop.rows("select distinct exit_reason from tidegate.instances") == [("completed",)]
        assert len(shop.rows("select distinct person from tidegate.traits where name = 'vip'")) == len(BUYERS)
        return {"kept": kept(shop), "received": shop.received()}


def is_like(shop: Shop, twin: dict[str, object]) -> None:
    assert set(shop.received().values()) == {1}
    assert shop.received() == twin["received"]
    ours, theirs = kept(shop), twin["kept"]
    assert isinstance(theirs, dict)
    for table in theirs:
        assert ours[table] == theirs[table], table


@pytest.mark.timeout(900)
def test_killed_around_each_tick_everybody_is_where_they_would_have_been(
    founded: Path, twin: dict[str, object], tmp_path: Path
) -> None:
    kills = [[stage] for stage in AROUND_A_TICK]
    with lives(founded, tmp_path / "shop", [*kills, ()]) as shop:
        is_like(shop, twin)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("stage", HARMLESS)
def test_killed_in_every_run_at_the_same_place(
    founded: Path, twin: dict[str, object], tmp_path: Path, stage: str
) -> None:
    with lives(founded, tmp_path / "shop", [[f"{stage}:{nth}" for nth in (1, 2)]] * 4) as shop:
        is_like(shop, twin)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("stage", UNDER_WAY)
def test_killed_in_a_call_nobody_is_told_twice_and_everybody_goes_on(
    founded: Path, twin: dict[str, object], tmp_path: Path, stage: str
) -> None:
    with lives(founded, tmp_path / "shop", [[stage]] * 4 + [()]) as shop:
        assert set(shop.received().values()) == {1}
        assert shop.received().keys() <= twin["received"].keys()  # type: ignore[attr-defined]
        assert shop.rows("select distinct status from tidegate.instances") == [("ended",)]
        states = {state for (state,) in shop.rows("select distinct state from tidegate.outbox")}
        assert states <= {"accepted", "unknown"}
