"""The commands on the shop that ships: a few days of its autumn, told as one story."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate import starter
from tidegate.cli.commands import tidegate


class Shop:
    """A new project, and its command line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        starter.copy(root)

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(tidegate, [*words, "--project", str(self.root)])

    def json(self, *words: str) -> dict:
        result = self(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop on the morning of 3 October 2011, two days after its baseline."""
    shop = Shop(tmp_path_factory.mktemp("shops") / "shop")
    replayed = shop("replay", "--from", "2011-10-01", "--to", "2011-10-03", "--every", "1d")
    assert replayed.exit_code == 0, replayed.output
    assert "3 runs, from 2011-10-01T00:00:00Z to 2011-10-03T00:00:00Z" in replayed.stdout
    assert "run 3 of 3: 2011-10-03" in replayed.stderr
    return shop


def test_a_plan_is_what_the_run_after_it_does(shop: Shop) -> None:
    planned = shop.json("plan", "--as-of", "2011-10-04")
    done = shop.json("run", "--as-of", "2011-10-04")

    assert done["decision"] == planned["decision"]
    assert sum(audience["entered"] for audience in planned["decision"]["audiences"]) > 0


def test_running_again_with_nothing_new_changes_nothing_and_calls_nobody(shop: Shop) -> None:
    again = shop.json("run", "--as-of", "2011-10-04")

    assert again["deliveries"] == []
    assert {(one["entered"], one["left"], one["planned"]) for one in again["decision"]["audiences"]} == {(0, 0, 0)}


def test_a_plan_with_rows_lists_keys_and_addresses_only_when_asked(shop: Shop) -> None:
    listed = shop("plan", "--rows", "--as-of", "2011-10-05")
    with_addresses = shop("plan", "--rows", "--pii", "--as-of", "2011-10-05")

    assert listed.exit_code == 0
    assert "@" not in listed.stdout
    assert "@example" in with_addresses.stdout


def test_addresses_without_people_are_no_question(shop: Shop) -> None:
    result = shop("plan", "--pii")

    assert result.exit_code == 2
    assert "give both" in result.stderr


def test_an_audience_that_is_not_there_is_answered_with_the_nearest(shop: Shop) -> None:
    result = shop("plan", "--audience", "vip_customer", "--as-of", "2011-10-05")

    assert result.exit_code == 2
    assert "did you mean `vip_customers`" in result.stderr


def test_a_plan_for_one_audience_tells_of_no_other(shop: Shop) -> None:
    planned = shop.json("plan", "--audience", "vip_customers", "--rows", "--as-of", "2011-10-05")

    decision = planned["decision"]
    [vips] = decision["audiences"]
    assert vips["audience"] == "vip_customers"
    assert decision["ready"] == {"email": vips["planned"] - sum(vips["withheld"].values()) - sum(vips["held"].values())}
    assert {row["subject"] for row in planned["rows"]} <= {
        "vip_customers",
        "meta_ads: VIP customers",
        "hubspot: contact",
    }


def test_time_does_not_run_backwards(shop: Shop) -> None:
    result = shop("run", "--as-of", "2011-09-01")

    assert result.exit_code == 2
    assert "time does not run backwards" in result.stderr


def test_the_status_says_what_the_last_runs_did(shop: Shop) -> None:
    seen = shop("status")

    assert seen.exit_code == 0
    assert "vip_customers" in seen.stdout
    assert "finished" in seen.stdout
    assert "list rows" in seen.stdout


def test_a_persons_story_has_no_address(shop: Shop) -> None:
    rows = shop.json("plan", "--rows", "--audience", "vip_customers", "--as-of", "2011-10-05")["rows"]
    told = shop("person", rows[-1]["person"])

    assert told.exit_code == 0
    assert "vip_customers" in told.stdout
    assert "@" not in told.stdout


def test_somebody_who_is_not_known_is_answered_with_the_nearest_keys(shop: Shop) -> None:
    result = shop("person", "123477")

    assert result.exit_code == 2
    assert "12347" in result.stderr


def test_an_audience_that_is_not_blocked_needs_no_approval(shop: Shop) -> None:
    result = shop("approve", "vip_customers")

    assert result.exit_code == 3
    assert "there is nothing to approve" in result.stderr


def test_landing_again_loads_nothing(shop: Shop) -> None:
    loaded = shop.json("land")

    # The shop's people in the sandbox have written feedback meanwhile; that was landed, too.
    assert {one["source"]: one["files"] for one in loaded} == {"raw.invoice_lines": 0, "feedback": 0}


def test_an_edited_segment_shows_as_the_cause_and_a_blocked_audience_waits_for_a_person(shop: Shop) -> None:
    model = shop.root / "models" / "segments" / "customers_in_germany.sql"
    model.write_text(model.read_text().replace("'DE'", "'GB'"))

    planned = shop("plan", "--as-of", "2011-10-05", "--audience", "customers_in_germany", "--json")
    blocked = shop("run", "--as-of", "2011-10-05")
    answered = shop("approve", "customers_in_germany", "--why", "we meant to")
    waiting = shop("status")
    done = shop("run", "--as-of", "2011-10-06")

    [audience] = json.loads(planned.stdout)["decision"]["audiences"]
    assert (audience["cause"], audience["verdict"]) == ("definition", "blocked")
    assert planned.exit_code == 3
    assert blocked.exit_code == 3
    assert answered.exit_code == 0
    assert "approved by" in waiting.stdout
    assert done.exit_code == 0
    assert "approved" in done.stdout


def test_a_misspelt_key_is_told_with_its_line_and_the_right_one(shop: Shop) -> None:
    file = shop.root / "audiences" / "vip_customers.yml"
    written = file.read_text()
    file.write_text(written.replace("guard:", "gaurd:") + ("" if "guard:" in written else "gaurd: {}\n"))

    results = [shop(command) for command in ("check", "plan", "run", "status")]
    file.write_text(written)

    for result in results:
        assert result.exit_code == 2
        assert "audiences/vip_customers.yml:" in result.stderr
        assert "did you mean `guard`" in result.stderr
