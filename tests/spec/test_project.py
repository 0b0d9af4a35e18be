from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tidegate.errors import SpecError
from tidegate.spec.objects import Guard, Landing, Limit, Send


def test_a_sound_project_is_loaded_whole(shop):
    project = shop.load()

    assert (project.name, project.key, project.people, project.target) == ("shop", "customer_id", "people", "dev")
    assert project.root == shop.root
    vips = project.audiences["vips"]
    assert vips.who == "vips"
    assert vips.on_enter == (Send("welcome", ("email",), line=8),)
    assert (vips.sync[0].to, vips.sync[0].mode, vips.sync[0].name) == ("meta_ads", "list", "VIP customers")
    assert vips.sync[0].match["email"].sql() == "email"
    assert vips.not_older_than == timedelta(days=1)
    assert project.messages["welcome"].topic == "marketing"


def test_everything_wrong_in_all_files_is_told_at_once(shop):
    shop.change("tidegate.yml", "Europe/London", "Europe/Londn")
    shop.change("audiences/vips.yml", "list: VIP", "lst: VIP")
    shop.write("audiences/winback.yml", "audience: winback\nwho: ref('lapsd')\nguard: {max_leave: 120%}\n")
    shop.change("messages/welcome/email.mjml", "Hello", "Hello {{ persn.first_name }}")

    *others, settings = shop.complaints()

    assert others == [
        "audiences/vips.yml:5: sync[0].lst: no such key; did you mean `list`?",
        "audiences/winback.yml:2: who: no model `lapsd`; there is no such file under models/",
        "audiences/winback.yml:3: guard.max_leave: 120% is more than everyone",
        "messages/welcome/email.mjml:4: no variable `persn`; did you mean `person`?",
    ]
    assert settings.startswith("tidegate.yml:4: time_zone: no time zone `Europe/Londn`; did you mean `Europe/London`?")
    assert "Europe/London" in settings


def test_a_folder_without_settings_is_told_how_to_start(shop):
    shop.remove("tidegate.yml")

    (told,) = shop.complaints()

    assert told.startswith("tidegate.yml: is not in ")
    assert "tidegate init" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("project: shop\n", "", "tidegate.yml:1: project: is missing: The project's name"),
        ("key: customer_id", "kye: customer_id", "tidegate.yml:2: kye: no such key; did you mean `key`?"),
        ("ref('people')", "people", "tidegate.yml:3: people: write ref('people')"),
        ("ref('people')", "ref('peopel')", "tidegate.yml:3: people: no model `peopel`; did you mean `people`?"),
        ("ref('people')", "ref('zzz')", "no model `zzz`; there is no such file under models/"),
        ("project: shop", "project: [shop]", "tidegate.yml:1: project: should be text"),
        ("project: shop", "project: 7", "tidegate.yml:1: project: should be text; put it in quotes"),
        ("key: customer_id", "key: ''", "tidegate.yml:2: key: is empty"),
        ("project: shop", "journeys: []\nproject: shop", "tidegate.yml:1: journeys: no such key"),
        ("project: shop", "language: english\nproject: shop", "tidegate.yml:1: language: no language `english`"),
        (
            "project: shop",
            "consent: {emial: x}\nproject: shop",
            "consent.emial: no channel `emial`; did you mean `email`?",
        ),
        ("project: shop", "consent: {email: 'x >'}\nproject: shop", "consent.email: is not SQL"),
        ("project: shop", "land: [{files: a, into: a.b.c}]\nproject: shop", "land[0].into: `a.b.c` is not a table"),
        ("project: shop", "land: [{files: a, into: tidegate.x}]\nproject: shop", "holds the engine's own state"),
        ("project: shop", "unsubscribe_url: '{{ entry.x }}'\nproject: shop", "`entry` has no place here"),
        (
            "project: shop",
            "unsubscribe_url: '{{ x'\nproject: shop",
            "tidegate.yml:1: unsubscribe_url: is not a template",
        ),
        (
            "destinations: sandbox",
            "destinations: snadbox",
            "destinations: `snadbox` is not known; did you mean `sandbox`?",
        ),
        (
            "destinations: sandbox",
            "clock: tomorrow\n    destinations: sandbox",
            "targets.dev.clock: `tomorrow` is not a time",
        ),
        ("connector: smtp", "connector: smpt", "email.connector: no connector `smpt`; did you mean `smtp`?"),
        ("connector: smtp", "conector: smtp", "email.connector: is missing; is `conector` meant to be it?"),
        ("host:", "hots:", "tidegate.yml:10: targets.prod.destinations.email.hots: no such key; did you mean `host`?"),
        ("host:", "per_second: fast, host:", "email.per_second: should be a number"),
        (
            "host:",
            "port: abc, host:",
            "tidegate.yml:10: targets.prod.destinations.email.port: should be a whole number",
        ),
        ("host:", "tls: startls, host:", "email.tls: `startls` is not known; did you mean `starttls`?"),
        (
            'auth_token: "${TWILIO_TOKEN}", ',
            "",
            "tidegate.yml:11: targets.prod.destinations.sms.auth_token: is missing",
        ),
        ('"${TWILIO_TOKEN}"', "hunter2", "sms.auth_token: a secret must not be in a file; write `${NAME}`"),
        ("ad_account: act_1", "ad_account: '1'", "meta_ads.ad_account: should look like"),
    ],
)
def test_a_mistake_in_the_settings_is_told_with_line_key_and_fix(shop, old: str, new: str, told: str):
    shop.change("tidegate.yml", old, new)

    complaints = shop.complaints()

    assert any(told in line for line in complaints), complaints
    assert not any("hunter2" in line for line in complaints), "a secret is never shown"


def test_the_settings_being_broken_hides_nothing_wrong_elsewhere(shop):
    shop.write("tidegate.yml", "project: [\n")
    shop.change("audiences/vips.yml", "who:", "hwo:")

    complaints = shop.complaints()

    assert any(line.startswith("tidegate.yml:") for line in complaints)
    assert "audiences/vips.yml:2: hwo: no such key; did you mean `who`?" in complaints
    assert len(complaints) == 2, "what may only follow from those two is not told"


def test_what_the_settings_may_say_besides(shop):
    shop.change(
        "tidegate.yml",
        "time_zone: Europe/London",
        """time_zone: Europe/London
language: pl
unsubscribe_url: "https://example.com/bye?c={{ person.customer_id }}"
consent: {email: accepts_email, ads: person.accepts_ads}
land:
  - {files: "data/*.parquet", into: raw.lines}
  - {files: "data/*.jsonl", into: raw.events, unique: [source, id]}
guard: {max_leave: 10%, leeway: 5}""",
    )
    shop.change("tidegate.yml", "  dev:\n", "  dev:\n    clock: 2011-12-09 12:00\n")

    project = shop.load()

    assert project.clock == datetime(2011, 12, 9, 12, tzinfo=UTC)
    assert shop.load("prod").clock is None
    assert project.language == "pl"
    assert project.landings == (
        Landing("data/*.parquet", "raw.lines", (), line=9),
        Landing("data/*.jsonl", "raw.events", ("source", "id"), line=10),
    )
    assert {channel: tree.sql() for channel, tree in project.consent.items()} == {
        "email": "accepts_email",
        "ads": "person.accepts_ads",
    }
    assert project.audiences["vips"].guard == Guard(max_leave=Limit(share=0.1), leeway=5)


def test_an_audiences_guard_wins_over_the_projects_key_by_key(shop):
    shop.change("tidegate.yml", "project: shop", "guard: {max_leave: 10%, min_members: 3}\nproject: shop")
    shop.change("audiences/vips.yml", "audience: vips", "guard: {max_leave: none, max_messages: 9}\naudience: vips")

    assert shop.load().audiences["vips"].guard == Guard(max_leave=None, min_members=3, max_messages=9)


def test_nobody_reaches_production_without_naming_it(shop):
    assert shop.load().target == "dev"
    assert shop.load("prod").target == "prod"
    shop.change("tidegate.yml", "  dev:\n    destinations: sandbox\n", "")
    assert shop.load().target == "prod", "the only one needs no name"
    shop.change("tidegate.yml", "  prod:\n", "  staging: {destinations: sandbox}\n  prod:\n")
    assert shop.complaints() == [
        "tidegate.yml:5: targets: which of staging, prod? name one with --target, or call one `dev`"
    ]
    assert shop.complaints("prodd") == ["tidegate.yml:5: targets: no target `prodd`; did you mean `prod`?"]


def test_the_sandbox_stands_in_for_the_destinations_of_the_other_targets(shop):
    dev, prod = shop.load(), shop.load("prod")

    assert dev.sandbox
    assert not prod.sandbox
    assert dev.destinations == prod.destinations
    assert dev.destinations["email"].connector == "smtp"
    assert dev.destinations["email"].settings["host"] == "${SMTP_HOST}", "nothing is resolved here"


def test_pace_and_concurrency_are_the_deliverys_and_not_the_connectors(shop):
    shop.change("tidegate.yml", "{connector: smtp,", "{connector: smtp, per_second: 50, concurrency: 2,")

    email = shop.load().destinations["email"]

    assert (email.per_second, email.concurrency) == (50, 2)
    assert set(email.settings) == {"host", "from"}


def test_one_name_is_one_connector_in_all_targets(shop):
    text = (shop.root / "tidegate.yml").read_text()
    extra = '  staging:\n    destinations:\n      email: {connector: webhook, url: "${U}", secret: "${S}"}\n'
    shop.write("tidegate.yml", text + extra)

    told = "`smtp` on line 10; the sandbox can stand in for one of them only"
    assert any(told in line for line in shop.complaints())
    assert shop.complaints("prod") == []


def test_a_project_may_bring_its_own_connector_and_its_mistakes_are_told(shop):
    shop.write(
        "connectors/pigeon.py",
        """
        from tidegate.connector import Connector, ConnectorSettings
        class Settings(ConnectorSettings):
            loft: str
        class Pigeon(Connector):
            channel = "sms"
            modes = frozenset({"send"})
            Settings = Settings
        """,
    )
    shop.change("tidegate.yml", "      sms: ", "      pigeon: {connector: pigeon, lotf: north}\n      sms: ")

    (told,) = shop.complaints()

    assert told.endswith("targets.prod.destinations.pigeon.lotf: no such key; did you mean `loft`?")


def test_an_error_carries_its_problems_for_machines_too(shop):
    shop.change("audiences/vips.yml", "by: email", "by: emial")

    with pytest.raises(SpecError) as caught:
        shop.load()

    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("audiences/vips.yml", 9, "on_enter[0].by")
    assert caught.value.exit_code == 2


def test_people_in_the_sandbox_behave_as_the_target_says(shop):
    shop.change("tidegate.yml", "destinations: sandbox", "destinations: sandbox\n    behave: {opens: 40%, seed: 7}")

    assert shop.load().behave == {"opens": 0.4, "seed": 7}


def test_nobody_is_told_how_real_people_behave(shop):
    shop.change("tidegate.yml", "  prod:\n", "  prod:\n    behave: {opens: 40%}\n")

    (told,) = shop.complaints()

    assert told == "tidegate.yml:9: targets.prod.behave: real people behave as they like; it is for the sandbox"
