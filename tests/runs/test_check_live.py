"""`tidegate check --live`: credentials proved and rows judged by the platforms; nobody gets anything."""

from __future__ import annotations

import json
from typing import Any

from tests.runs.shop import Shop
from tidegate.requested import requested
from tidegate.warehouse import Warehouse


def asked(shop: Shop, *words: str, code: int = 0) -> dict[tuple[str, str], dict[str, Any]]:
    said = shop.says("check", "--live", "--json", *words)
    assert said.code == code, said.out + said.err
    findings = json.loads(said.out)["live"]["findings"]
    return {(one["destination"], one["what"]): one for one in findings}


def test_every_destination_is_proved_and_asked_about_the_people_of_today(shop: Shop) -> None:
    shop.buys("ada", "grace")
    shop.run()
    before, received, listed = shop.everything(), shop.received(), shop.on_ad_list()

    found = asked(shop)

    assert {what for _, what in found} >= {"credentials", "vips: message welcome", "ordered: message thanks"}
    assert {destination for destination, _ in found} == {"ads", "email", "exports", "sms"}
    assert [one for one in found.values() if one["passed"] is False] == []
    welcome = found["email", "vips: message welcome"]
    assert (welcome["passed"], welcome["asked"], welcome["accepted"]) == (True, 2, 2)
    assert welcome["said"] == "would take 2 of 2"
    after = shop.everything()
    for log in ("requests", "requests_by_hour"):
        before.pop(log), after.pop(log)
    assert (after, shop.received(), shop.on_ad_list()) == (before, received, listed)


def test_the_table_says_it_in_words(shop: Shop) -> None:
    said = shop.says("check", "--live", "--destination", "ads")

    assert said.code == 0
    assert "The files are well." in said.out
    (line,) = [line for line in said.out.splitlines() if line.startswith("ads")]
    assert line.split()[:4] == ["ads", "meta_custom_audiences", "credentials", "passed"]
    assert "act_1 can be read" in line


def test_a_platform_that_does_not_know_the_credentials_ends_it_with_four(shop: Shop) -> None:
    shop.misbehaves(kind="error", status=401, code=190, connector="meta_custom_audiences")

    found = asked(shop, code=4)

    assert found["ads", "credentials"]["passed"] is False
    assert found["ads", "credentials"]["said"].startswith("unauthorized (")
    assert "check `access_token` of `ads` in tidegate.yml" in found["ads", "credentials"]["said"]
    assert found["email", "credentials"]["passed"] is True
    seen = requested(Warehouse(shop.warehouse), destination="ads", failed=True).requests
    assert [(one.run_id, one.status) for one in seen] == [("check", 401)]


def test_a_platform_that_would_take_nobody_has_failed_and_says_why(shop: Shop) -> None:
    shop.buys("ada", "grace")
    shop.run()
    shop.misbehaves(kind="refuse", match="*@example.com", connector="smtp")

    found = asked(shop, "--destination", "email", code=4)

    welcome = found["email", "vips: message welcome"]
    assert (welcome["passed"], welcome["asked"], welcome["accepted"]) == (False, 2, 0)
    assert "would take 0 of 2; 2 rejected: smtp_" in welcome["said"]
    assert "@example.com" not in str(found)


def test_who_would_be_taken_and_who_not_is_counted(shop: Shop) -> None:
    shop.buys("ada", "grace")
    shop.run()
    shop.misbehaves(kind="refuse", match="ada@*", connector="smtp")

    welcome = asked(shop, "--destination", "email")["email", "vips: message welcome"]

    assert (welcome["passed"], welcome["accepted"]) == (True, 1)
    assert "would take 1 of 2; 1 rejected" in welcome["said"]


def test_nobody_is_asked_about_who_did_not_consent(shop: Shop) -> None:
    shop.knows("ada", agrees=False)
    shop.buys("ada")
    shop.run()

    welcome = asked(shop, "--destination", "email")["email", "vips: message welcome"]

    assert (welcome["passed"], welcome["said"]) == (None, "there is nobody to ask about today")


def test_a_destination_that_is_not_there_is_told(shop: Shop) -> None:
    said = shop.says("check", "--live", "--destination", "emial")

    assert said.code == 2
    assert "did you mean `email`?" in said.err


def test_whom_to_ask_without_asking_is_a_mistake(shop: Shop) -> None:
    assert shop.says("check", "--destination", "email").code == 2


def test_requests_are_shown_with_what_was_said(shop: Shop) -> None:
    shop.misbehaves(kind="throttle", times=1, after=0.1, connector="meta_custom_audiences")
    shop.buys("ada")
    shop.run()

    said = shop.says("requests", "--destination", "ads")

    assert said.code == 0
    assert [line for line in said.out.splitlines() if "POST" in line and "/users" in line]
    assert "requests in the last 24 hours, 1 of them failed" in said.out
    failed = json.loads(shop.says("requests", "--failed", "--json").out)["requests"]
    assert [one["destination"] for one in failed] == ["ads"]
    assert "@example.com" not in said.out + json.dumps(failed)
    assert shop.says("requests", "--destination", "nowhere").code == 2


MIRROR = '''
import json
from collections.abc import Sequence

from tidegate.connector import Connector, ConnectorSettings, Identifier, Outcome, Row, Target


class Settings(ConnectorSettings):
    base_url: str = "https://mirror.example.com"


class Mirror(Connector):
    """Says what it was shown."""

    channel = "ads"
    modes = frozenset({"object"})
    identifiers = {"email": Identifier("email", "sha256"), "phone": Identifier("phone_digits")}
    can_validate = True
    Settings = Settings

    async def validate_rows(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        shown = [f"{target.mode} {target.name} {sorted(row.identifiers)} {json.dumps(row.traits)}" for row in rows]
        return [Outcome.rejected("shown", text) for text in sorted(shown)]
'''


def test_rows_are_shown_as_they_would_be_sent(shop: Shop) -> None:
    shop.write("connectors/mirror.py", MIRROR)
    shop.edit(
        "tidegate.yml", "exports: {connector: file, folder: exports, format: csv}", "exports: {connector: mirror}"
    )
    shop.edit("audiences/vips.yml", "match: {email: email}\n", "match: {email: email, phone: phone}\n")
    shop.edit("audiences/vips.yml", "set: {spend: spend}", "set: {spend: spend, since: person.language}")
    shop.buys("ada")
    assert shop.says("land").code == 0

    found = asked(shop, "--destination", "exports", code=4)

    assert found["exports", "credentials"]["passed"] is None
    vips = found["exports", "vips: object vips"]
    assert (vips["asked"], vips["passed"]) == (1, False)
    assert 'object vips [\'email\', \'phone\'] {"since": "en", "spend": 160}' in vips["said"]
