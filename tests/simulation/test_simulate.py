"""Simulating a journey of a whole project: files, dbt, the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.runs.shop import Shop
from tidegate import simulation, workspace
from tidegate.journeys.seeing.looking import look

AGAIN = """
journey: again
enter: {on: occur ref('ordered'), again: per occurrence_id}
goal: {did: order, within: 10 days}
steps:
  - wait: 20 hours
  - send: nudge
    by: email
  - wait: {for: opened('nudge'), up_to: 10 hours}
    else: [{send: nudge_by_text, by: sms}]
  - split: {a: 50%, b: 50%}
    a: [{tag: lucky}]
"""
EVENTS = """
select event_id, customer_id, name, occurred_at, null::varchar as properties
from {{ source('raw', 'events') }}
where occurred_at <= {{ as_of() }}
"""
PEOPLE = ("ada", "grace", "edith", "joan", "mary", "hedy")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Six people who order in the days to come; whatever is asked of this shop, its state stays as it is."""
    shop = Shop(tmp_path_factory.mktemp("simulated") / "shop").found()
    shop.write("models/events.sql", EVENTS)
    shop.write("journeys/again.yml", AGAIN)
    for name in ("nudge", "nudge_by_text"):
        email = shop.root.joinpath("messages/thanks/email.mjml").read_text().replace("transactional", "offers")
        shop.write(f"messages/{name}/email.mjml", email)
        shop.write(f"messages/{name}/sms.txt", "---\ntopic: offers\n---\nCome back!\n")
    for number, person in enumerate(PEOPLE):
        shop.knows(person, agrees=person != "mary")
        shop.buys(person, ago=timedelta(hours=-9 - 2 * number))
    shop.buys("grace", ago=timedelta(hours=-50))
    assert shop.says("land").code == 0
    return shop


def simulated(shop: Shop, *more: str) -> Any:
    words = ("simulate", "again", "--from", "2024-03-01T12:00", "--to", "2024-03-03T18:00", "--every", "18h", "--json")
    said = shop.says(*words, *more)
    assert said.code == 0, said.err
    return json.loads(said.out)


def sends(simulation: Any) -> dict[str, Any]:
    return {step["step"]: step["send"] for step in simulation["simulated"][0]["seen"]["steps"]}


def test_a_simulation_finds_what_the_runs_do(shop: Shop, tmp_path: Path) -> None:
    lived = shop.copied(tmp_path / "lived")
    clock = datetime(2024, 3, 1, 12, tzinfo=UTC)
    while clock <= datetime(2024, 3, 4, tzinfo=UTC):
        lived.now = clock
        lived.run(later=timedelta())
        clock += timedelta(hours=10)
    opened = workspace.look(lived.root)

    found = simulation.simulate(
        shop.root,
        "again",
        start=datetime(2024, 3, 1, 12, tzinfo=UTC),
        end=datetime(2024, 3, 4, tzinfo=UTC),
        every=timedelta(hours=10),
    )

    (ours,) = found.simulated
    theirs = look(opened.warehouse, opened.project, "again", days=True)
    assert ours.seen.entered >= 6
    assert ours.sent >= 8
    for part in ("entered", "inside", "goals", "ended", "refused", "turns", "days", "first_entered", "last_entered"):
        assert getattr(ours.seen, part) == getattr(theirs, part), part
    told = ("step", "reached", "here", "passed", "left", "goals", "first", "last")
    assert [[getattr(step, name) for name in told] for step in ours.seen.steps] == [
        [getattr(step, name) for name in told] for step in theirs.steps
    ]
    assert ours.withheld == {"no_consent": 2}


def test_nothing_of_the_state_changes_and_nothing_is_sent(shop: Shop) -> None:
    before = shop.everything()

    simulated(shop)

    assert shop.everything() == before
    assert shop.rows("select schema_name from information_schema.schemata where schema_name like 'tidegate_s%'") == []
    assert not (shop.home / "sandbox").exists()


def test_the_same_assumptions_have_the_same_outcome_and_others_another(shop: Shop) -> None:
    nobody = simulated(shop)
    everybody = simulated(shop, "--opens", "100%", "--clicks", "100%")

    assert everybody == simulated(shop, "--opens", "100%", "--clicks", "100%")
    texts = [
        {step["step"]: step["send"] for step in one["simulated"][0]["seen"]["steps"]} for one in (nobody, everybody)
    ]
    assert texts[0]["nudge"]["opened"] == 0
    assert texts[0]["nudge_by_text"]["planned"] > 0
    assert texts[1]["nudge"]["opened"] == texts[1]["nudge"]["sent"] > 0
    assert texts[1]["nudge_by_text"]["planned"] < texts[0]["nudge_by_text"]["planned"]


def test_a_variant_is_simulated_beside_it_and_single_people_are_told_of(shop: Shop, tmp_path: Path) -> None:
    sooner = tmp_path / "sooner.yml"
    sooner.write_text(AGAIN.replace("wait: 20 hours", "wait: 2 hours"))
    words = ("--against", str(sooner), "--people", "ada", "--opens", "40%", "--clicks", "10%")

    said = shop.says("simulate", "again", "--from", "2024-03-01T12:00", "--to", "2024-03-03", "--every", "12h", *words)

    assert said.code == 0, said.err
    assert "Assumed: 40% of the messages are opened and 10% clicked" in said.out
    assert "sooner.yml" in said.out
    assert "nudge by email" in said.out  # of ada's path


def test_a_draft_is_simulated_as_if_it_were_active(shop: Shop, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yml"
    draft.write_text(AGAIN + "status: draft\n")

    first, second = simulated(shop, "--against", str(draft))["simulated"]

    assert second["seen"]["entered"] == first["seen"]["entered"] > 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("agian",), "no journey `agian`; did you mean `again`?"),
        (("again", "--opens", "ten"), "`ten` is no share; write one such as 40%"),
        (("again", "--clicks", "10%"), "who clicks has opened; --clicks is more than --opens"),
        (("again", "--to", "2024-02-01"), "--to 2024-02-01T00:00:00Z is before --from 2024-03-01T00:00:00Z"),
        (("again", "--against", "nowhere.yml"), "nowhere.yml: cannot be read"),
    ],
)
def test_a_mistake_in_the_command_is_told_with_its_mending(shop: Shop, words: tuple[str, ...], told: str) -> None:
    said = shop.says("simulate", "--from", "2024-03-01", "--to", "2024-03-02", *words)

    assert said.code == 2
    assert told in said.err


def test_a_variant_that_is_wrong_is_told_by_its_own_file_and_line(shop: Shop, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(AGAIN.replace("opened('nudge')", "opened('nuge')"))

    said = shop.says("simulate", "again", "--from", "2024-03-01", "--to", "2024-03-02", "--against", str(wrong))

    assert said.code == 2
    assert "wrong.yml:9: steps[2].wait.for: opened('nuge')" in said.err
    assert "did you mean `nudge`?" in said.err
