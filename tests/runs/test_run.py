from datetime import timedelta

import pytest

from tests.runs.shop import Shop, emails, hashed
from tidegate import plan as planning
from tidegate.errors import SpecError


def test_a_new_vip_is_welcomed_once_and_put_on_the_list(shop: Shop) -> None:
    shop.buys("ada")

    shop.run()
    shop.run()

    assert shop.received() == {
        ("Order ada-2", "ada@example.com"): 1,
        ("Welcome, ada", "ada@example.com"): 1,
    }
    assert shop.on_ad_list() == hashed(*emails(["ada"]))


def test_running_again_with_nothing_new_changes_nothing_and_calls_nobody(shop: Shop) -> None:
    shop.buys("ada", "grace")
    shop.knows("edith", email="not an address")
    shop.buys("edith")
    shop.run()
    before, calls = shop.everything(), shop.calls()

    report = shop.run()

    assert report.deliveries == ()
    assert shop.everything() == before
    assert shop.calls() == calls


def test_a_plan_is_what_the_run_after_it_does(shop: Shop) -> None:
    shop.buys("ada", "grace")
    shop.knows("edith", email="nowhere")
    shop.buys("edith")
    shop.command("land")
    at = shop.now + timedelta(hours=1)
    before = shop.everything()

    plan = planning.plan(shop.root, as_of=at, rows=True)

    assert shop.everything() == before
    report = shop.run()
    assert plan.decision == report.decision
    told = {row.person: row.detail for row in plan.rows if row.kind == "message" and row.subject == "vips"}
    assert told == {"ada": "welcome by email", "grace": "welcome by email", "edith": "welcome by sms"}


def test_a_plan_says_that_files_wait_to_be_loaded(shop: Shop) -> None:
    shop.buys("ada")

    plan = planning.plan(shop.root, as_of=shop.now + timedelta(hours=1))

    assert plan.notes == ("a run would load 1 new event file (events_0003.csv) first; `tidegate land` loads them now",)


def test_an_edit_shows_whom_it_brings_in_and_writes_to_nobody(shop: Shop) -> None:
    shop.buys("grace", amount=60)
    shop.run()
    shop.edit("models/segments/vips.sql", ">= 100", ">= 50")

    plan = planning.plan(shop.root, as_of=shop.now + timedelta(hours=1), rows=True)
    shop.run()

    moved = [(row.kind, row.person, row.cause) for row in plan.rows if row.subject == "vips"]
    assert moved == [("enter", "grace", "definition")]
    assert ("Welcome, grace", "grace@example.com") not in shop.received()
    assert shop.on_ad_list() == hashed(*emails(["grace"]))


def test_a_changed_address_is_removed_as_it_was_delivered(shop: Shop) -> None:
    shop.buys("ada")
    shop.run()
    shop.knows("ada", email="ada@example.org")

    shop.run()

    assert shop.on_ad_list() == hashed("ada@example.org")


def test_whoever_withdraws_consent_leaves_the_ad_list_and_gets_no_offers(shop: Shop) -> None:
    shop.buys("ada")
    shop.run()
    shop.knows("ada", "grace", agrees=False)
    shop.buys("grace")

    report = shop.run()

    assert shop.on_ad_list() == set()
    vips = next(one for one in report.decision.audiences if one.audience == "vips")
    assert vips.withheld == {"no_consent": 1}
    assert ("Order grace-4", "grace@example.com") in shop.received()  # a receipt asks for no consent


def test_time_does_not_run_backwards(shop: Shop) -> None:
    with pytest.raises(SpecError, match="time does not run backwards"):
        shop.run(later=timedelta(days=-3))


def test_a_changed_address_stays_one_row_of_a_file(shop: Shop) -> None:
    shop.buys("ada")
    shop.run()
    shop.knows("ada", email="ada@example.org")

    shop.run()

    exported = next((shop.home / "sandbox" / "files").rglob("vips.csv")).read_text().splitlines()
    assert len(exported) == 2
    assert "ada@example.org" in exported[1]


def test_a_new_telephone_number_takes_nobody_off_the_ad_list(shop: Shop) -> None:
    shop.buys("ada")
    shop.run()
    shop.knows("ada", phone="+12025550177")

    shop.run()
    shop.run()

    assert shop.on_ad_list() == hashed("ada@example.com")


def test_whoever_shares_an_address_stays_when_the_other_leaves(shop: Shop) -> None:
    shop.knows("grace", email="ada@example.com", phone="+12025550188")
    shop.buys("ada", "grace")
    shop.run()
    shop.knows("grace", email="ada@example.com", phone="+12025550188", agrees=False)

    shop.run()

    assert shop.on_ad_list() == hashed("ada@example.com")
