"""What an operator does about rows that a destination will not take, and about lists that nobody wants any more."""

from __future__ import annotations

import json

from tests.runs.shop import Shop, hashed


def test_what_is_owed_is_told_by_reason_then_by_person_and_never_by_address(shop: Shop) -> None:
    shop.knows("ada", "bob")
    shop.buys("ada", "bob")
    shop.misbehaves(kind="refuse", connector="meta_custom_audiences", match=next(iter(hashed("bob@example.com"))))
    shop.run()

    counted = shop.says("owed")
    named = shop.says("owed", "--destination", "ads", "--rows")
    told = json.loads(shop.says("owed", "--rows", "--json").out)

    assert "invalid_entries" in counted.out
    assert "bob" not in counted.out
    assert "bob" in named.out
    assert "ada" not in named.out
    assert "@" not in named.out
    assert [(one["person"], one["state"], one["reason"]) for one in told] == [("bob", "refused", "invalid_entries")]


def test_a_refused_row_waits_for_days_unless_it_is_retried(shop: Shop) -> None:
    shop.knows("ada", "bob")
    shop.buys("ada", "bob")
    shop.misbehaves(kind="refuse", connector="meta_custom_audiences", match=next(iter(hashed("bob@example.com"))))
    shop.run()
    shop.behaves()
    shop.run()
    assert not hashed("bob@example.com") & shop.on_ad_list()

    said = shop.says("retry", "ads", "--reason", "invalid_entries")
    shop.run()

    assert said.out == "1 row is due at ads; `tidegate run` sends them.\n"
    assert hashed("bob@example.com") <= shop.on_ad_list()
    assert shop.says("retry", "ads").out == "No row is refused.\n"
    assert shop.says("owed").out == "Nothing is owed.\n"
    assert shop.says("owed", "--reason", "invalid_entries").out == "Nothing like that is owed.\n"
    assert shop.says("retry", "ads", "--list", "VIP").out == "No row like that is refused.\n"


def test_a_destination_that_is_not_there_is_answered_with_the_nearest(shop: Shop) -> None:
    assert "did you mean `ads`" in shop.says("retry", "adds").err
    assert "did you mean `ads`" in shop.says("owed", "--destination", "adds").err


def test_a_deleted_audience_is_asked_about_and_then_its_list_is_emptied(shop: Shop) -> None:
    shop.knows("ada")
    shop.buys("ada")
    shop.run()
    assert "audiences/vips.yml keeps `VIPs` of ads" in shop.says("release", "ads", "VIPs", "--remove").err
    (shop.root / "audiences" / "vips.yml").unlink()

    asked = shop.says("plan")
    shop.run()
    assert hashed("ada@example.com") <= shop.on_ad_list()
    assert "tidegate release ads 'VIPs' --keep` or `--remove`" in " ".join(asked.out.split())

    assert "choose: --keep" in shop.says("release", "ads", "VIPs").err
    assert "is known of a list `VIP`" in shop.says("release", "ads", "VIP", "--remove").err
    assert shop.says("release", "ads", "VIPs", "--remove").out == "`VIPs` of ads is emptied by the next run.\n"
    shop.run()
    assert shop.on_ad_list() == set()


def test_who_was_on_a_list_that_somebody_deleted_is_put_there_again(shop: Shop) -> None:
    shop.knows("ada", "bob", "cleo")
    shop.buys("ada", "bob")
    shop.run()
    assert hashed("ada@example.com", "bob@example.com") <= shop.on_ad_list()
    shop.deletes_ad_lists()

    shop.buys("cleo")
    report = shop.run()
    told = [found.problem for found in report.deliveries if found.destination == "ads"]
    assert told == [
        "ads: the list `VIPs` had been deleted or renamed there and is made anew; "
        "the next run puts everybody on it again"
    ]
    assert not hashed("ada@example.com") & shop.on_ad_list()

    shop.run()
    assert hashed("ada@example.com", "bob@example.com", "cleo@example.com") <= shop.on_ad_list()


def test_a_destination_that_left_tidegate_yml_is_told_of_until_it_is_forgotten(shop: Shop) -> None:
    shop.knows("ada")
    shop.buys("ada")
    shop.run()
    shop.edit(
        "tidegate.yml",
        '      ads: {connector: meta_custom_audiences, ad_account: act_1, access_token: "${META}"}\n',
        "",
    )
    shop.edit("audiences/vips.yml", "  - to: ads\n    list: VIPs\n    match: {email: email, phone: phone}\n", "")

    for command in ("plan", "run", "status"):
        said = shop.says(command).out
        assert (
            said.count("tidegate.yml has no destination `ads` for this target any more: 1 person stays on `VIPs`.") == 1
        )
        assert said.count("`tidegate release ads --keep`") == 1
        assert "VIPs --" not in said
    assert "nobody can be taken off" in shop.says("release", "ads", "VIPs", "--remove").err
    assert "nothing is known of a destination `adds`" in shop.says("release", "adds", "--keep").err
    assert "which list of exports?" in shop.says("release", "exports", "--keep").err

    assert (
        shop.says("release", "ads", "--keep").out == "The next run forgets the list of ads; whoever is there stays.\n"
    )
    shop.run()
    assert "ads" not in shop.says("status").out


def test_how_rows_are_written_is_checked_against_what_the_destination_can(shop: Shop) -> None:
    shop.edit("audiences/vips.yml", "set: {spend: spend}", "set: {spend: spend}\n    write: create")
    shop.edit("audiences/vips.yml", "list: VIPs", "list: VIPs\n    overwrite_with_null: true")

    told = shop.tells("check", code=2)

    assert any("`exports` (file) cannot create only; write `upsert`" in line for line in told)
    assert any("a list holds no fields" in line for line in told)
