"""What a run looks like in Prefect, when all goes well and when it does not."""

from __future__ import annotations

import socket
from base64 import b64encode
from datetime import UTC, datetime

from flows.activate import activate
from flows.approve import Decision, approve
from flows.replay import replay


def test_a_run_is_a_table_of_contents_and_its_results_are_tables(shop, seen, stored):
    run = seen(activate(shop.root, return_state=True))

    assert run.state.is_completed(), run.state.message
    stages = list(run.tasks)
    assert stages[:4] == ["land", "build", "check", "decide"]
    assert set(stages[4:-1]) == {"deliver ads", "deliver exports"}
    assert stages[-1] == "report"
    assert set(run.tasks.values()) == {"Completed"}

    (vips,) = [row for row in run.tables["audiences"] if row["audience"] == "vips"]
    assert (vips["verdict"], vips["cause"], vips["entered"], vips["sent"]) == ("applied", "baseline", 2, 0)
    ads, exports = run.tables["destinations"]
    assert (ads["destination"], ads["add"], ads["accepted"], ads["problem"]) == ("ads", 2, 2, "")
    assert (exports["destination"], exports["accepted"]) == ("exports", 2)
    assert {row["what"] for row in run.tables["guard-verdicts"]} == {"vips", "ordered"}
    assert "2 entered, 0 left, 4 messages and rows accepted" in run.state.message
    assert stored() == [], "a run, with its secrets, was written to disk"


def test_a_broken_promise_of_the_data_is_told_by_key_and_without_an_address(shop, seen):
    shop.write(
        "models/people.yml",
        "models: [{name: people, config: {meta: {contract: [{unique: customer_id}, {well_formed: {email: email}}]}}}]",
    )
    shop.knows("nobody", email="nobody at all@")

    run = seen(activate(shop.root, return_state=True))

    assert [(row["contract"], row["holds"], row["for example"]) for row in run.tables["contracts"]] == [
        ("well_formed: email email", "NO", "nobody"),
        ("unique: customer_id", "yes", ""),
    ]
    assert "vips takes no part: contract `well_formed: email email` of people failed" in run.state.message
    told = f"{run.tables} {run.logs} {run.state.message}"
    assert "@example.com" not in told
    assert "nobody at all" not in told


def test_a_destination_that_is_down_fails_the_run_after_the_others_were_served(shop, seen, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + b64encode(b"not a secret, just a test's").decode())
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        shop.edit(
            "tidegate.yml",
            "    destinations: sandbox\n",
            "    destinations:\n"
            f'      exports: {{connector: file, folder: "{shop.root}/exports", format: csv}}\n'
            f'      ads: {{connector: webhook, url: "http://127.0.0.1:{nobody_listens.getsockname()[1]}/", '
            'secret: "${HOOK_SECRET}"}\n',
        )
        for name in ("vips", "ordered"):
            (shop.root / "audiences" / f"{name}.yml").unlink()
        shop.write(
            "audiences/vips.yml",
            "audience: vips\nwho: ref('vips')\nsync:\n"
            "  - {to: ads, list: VIPs, match: {email: email}}\n"
            "  - {to: exports, object: vips, match: {email: email}}\n",
        )

        run = seen(activate(shop.root, return_state=True))

    assert run.state.is_failed()
    assert run.tasks["deliver ads"] == "Failed"
    assert run.tasks["deliver exports"] == run.tasks["report"] == "Completed"
    assert "ada@example.com" in next((shop.root / "exports").rglob("*.csv")).read_text()
    assert "ads: " in run.state.message
    assert "2 rows stay owed, the next run takes them up" in run.state.message
    (ads,) = [row for row in run.tables["destinations"] if row["destination"] == "ads"]
    assert ads["owed"] == 2


def test_a_guards_block_is_seen_and_a_persons_word_lifts_it(shop, seen):
    activate(shop.root, return_state=True)
    shop.edit("audiences/vips.yml", "guard: {max_enter: 1000, max_leave: 100%}", "guard: {max_enter: 0}")
    shop.edit("tidegate.yml", "clock: 2024-03-01 08:00", "clock: 2024-03-01 09:00")
    shop.buys("edith")

    blocked = seen(activate(shop.root, return_state=True))
    too_soon = approve("ordered", Decision.approve, why="a slip", project=shop.root, return_state=True)
    said = approve("vips", Decision.approve, why="one is fine", who="hedy", project=shop.root, return_state=True)
    after = seen(activate(shop.root, return_state=True))

    assert (blocked.state.name, blocked.state.is_completed()) == ("Blocked", True)
    assert "vips is blocked and waits for the flow `approve`: " in blocked.state.message
    assert [row["verdict"] for row in blocked.tables["guard-verdicts"] if row["what"] == "vips"] == ["blocked"]
    assert too_soon.is_failed()
    assert "there is nothing to approve" in too_soon.message
    assert said.message == "vips: approved 1 to enter and 1 message; the next run carries it out"
    assert [(row["verdict"], row["entered"]) for row in after.tables["audiences"] if row["audience"] == "vips"] == [
        ("approved", 1)
    ]
    assert shop.rows("select who, why from tidegate.approvals") == [("hedy", "one is fine")]


def test_people_whom_a_journey_asks_about_are_seen_and_approved_by_their_keys(shop, seen):
    shop.write(
        "journeys/asking.yml",
        "journey: asking\nenter: {on: in ref('vips'), backfill: true}\n"
        "steps:\n  - approve: Are they good?\n    id: good\n  - sync: {to: ads, list: Good}\n",
    )

    asking = seen(activate(shop.root, return_state=True))
    wrong = approve("asking", Decision.approve, why="a slip", step="god", project=shop.root, return_state=True)
    said = approve(
        "asking", Decision.approve, why="she is", step="good", people=["ada"], project=shop.root, return_state=True
    )
    after = seen(activate(shop.root, return_state=True))

    (row,) = asking.tables["asked"]
    assert (row["journey"], row["step"], row["question"], row["people"]) == ("asking", "good", "Are they good?", 2)
    assert "asking: 2 people wait at `good` for the flow `approve`: Are they good?" in asking.state.message
    assert wrong.is_failed()
    assert "did you mean `good`?" in wrong.message
    assert said.message == "asking: approved 1 person at `good`; the next run lets them go on"
    assert [row["people"] for row in after.tables["asked"]] == [1]
    assert shop.rows("select person from tidegate.delivered where list = 'Good'") == [("ada",)]


def test_a_mistake_in_a_file_is_told_in_a_sentence_and_lets_the_next_run_begin(shop, seen):
    shop.edit("audiences/vips.yml", "sync:", "snyc:")
    wrong = seen(activate(shop.root, return_state=True))
    shop.edit("audiences/vips.yml", "snyc:", "sync:")
    people = (shop.root / "models/people.sql").read_text()
    shop.write("models/people.sql", "select nothing from nowhere")
    broken = seen(activate(shop.root, return_state=True))
    shop.write("models/people.sql", people)

    right = activate(shop.root, return_state=True)

    assert wrong.state.is_failed()
    assert "audiences/vips.yml:3: snyc: " in wrong.state.message
    assert "did you mean `sync`?" in wrong.state.message
    assert broken.state.is_failed()
    assert "people" in broken.state.message
    assert "report" not in broken.tasks
    assert not any("Traceback" in line for line in [*wrong.logs, *broken.logs])
    assert [status for (status,) in shop.rows("select status from tidegate.runs order by started_at")][:1] == ["failed"]
    assert right.is_completed(), right.message


def test_a_replay_shows_each_of_its_runs(shop, seen):
    start, end = datetime(2024, 3, 1, 8, tzinfo=UTC), datetime(2024, 3, 2, 8, tzinfo=UTC)

    run = seen(replay(start, end, "12 hours", project=shop.root, return_state=True))
    wrong = replay(start, end, "often", project=shop.root, return_state=True)

    assert run.state.is_completed(), run.state.message
    assert list(run.tasks) == [
        f"run as of {clock}" for clock in ("2024-03-01 08:00", "2024-03-01 20:00", "2024-03-02 08:00")
    ]
    assert [(row["audience"], row["members"]) for row in run.tables["replay"] if row["audience"] == "vips"] == [
        ("vips", 2)
    ]
    assert wrong.is_failed()
    assert "every: " in wrong.message
