"""What people write wrongly: `check` finds it before anything runs, and a run stops what it must and no more."""

from __future__ import annotations

import pytest

from tests.runs.shop import Shop, emails, hashed
from tidegate.errors import SpecError

VIPS = "models/segments/vips.sql"
ORDERED = "models/triggers/ordered.sql"

#: file, what stands there, what somebody wrote instead, and what `check` says of it
MISTAKES = {
    "a key misspelt": (
        "audiences/vips.yml",
        "    list: VIPs",
        "    lst: VIPs",
        "audiences/vips.yml:5: sync[0].lst: no such key; did you mean `list`?",
    ),
    "a key of the settings misspelt": (
        "tidegate.yml",
        "time_zone:",
        "timezone:",
        "tidegate.yml:4: timezone: no such key; did you mean `time_zone`?",
    ),
    "a bracket not closed": (
        "audiences/vips.yml",
        "phone: phone}",
        "phone: phone",
        "audiences/vips.yml:7: is not YAML: while parsing a flow mapping expected ',' or '}', but got ':' "
        "(it starts on line 6)",
    ),
    "a segment that does not exist": (
        "audiences/vips.yml",
        "ref('vips')",
        "ref('vipps')",
        "audiences/vips.yml:2: who: no model `vipps`; did you mean `vips`?",
    ),
    "a message that does not exist": (
        "audiences/vips.yml",
        "send: welcome",
        "send: welcom",
        "audiences/vips.yml:13: on_enter[0].send: no message `welcom`; did you mean `welcome`?",
    ),
    "a destination that does not exist": (
        "audiences/vips.yml",
        "to: ads",
        "to: adds",
        "audiences/vips.yml:4: sync[0].to: no destination `adds`; did you mean `ads`?",
    ),
    "a column of the mapping that does not exist": (
        "audiences/vips.yml",
        "phone: phone}",
        "phone: telephone}",
        "audiences/vips.yml:6: sync[0].match.phone: no column `telephone` in vips or people; did you mean `phone`?",
    ),
    "a condition on a column that does not exist": (
        "audiences/ordered.yml",
        "entry.amount",
        "entry.amout",
        "audiences/ordered.yml:3: if: no column `amout` in ordered; did you mean `amount`?",
    ),
    "a condition that is not SQL": (
        "audiences/ordered.yml",
        "entry.amount > 0",
        "entry.amount >",
        "audiences/ordered.yml:3: if: is not SQL: something is missing at `>`",
    ),
    "a message's column that does not exist": (
        "messages/welcome/email.mjml",
        "entry.spend",
        "entry.spent",
        "messages/welcome/email.mjml:6: no column `spent` in vips; did you mean `spend`?",
    ),
    "a message's variable that does not exist": (
        "messages/goodbye/sms.txt",
        "person.customer_id",
        "first_name",
        "messages/goodbye/sms.txt:4: no variable `first_name`; a column is written person.first_name or "
        "entry.first_name; there are also channel, language, message, project, time_zone, unsubscribe_url",
    ),
    "a message's tag misspelt": (
        "messages/thanks/email.mjml",
        "<mj-text>",
        "<mj-txt>",
        "messages/thanks/email.mjml:5: no element <mj-txt>; did you mean `mj-text`?",
    ),
    "consent by a column that does not exist": (
        "tidegate.yml",
        "email: agrees",
        "email: agreed",
        "tidegate.yml:6: consent.email: no column `agreed` in people; did you mean `agrees`?",
    ),
    "a time zone misspelt": (
        "tidegate.yml",
        "Europe/London",
        "Europe/Londn",
        "tidegate.yml:4: time_zone: no time zone `Europe/Londn`; did you mean `Europe/London`?",
    ),
    "a connector that does not exist": (
        "tidegate.yml",
        "connector: smtp,",
        "connector: smpt,",
        "tidegate.yml:14: targets.prod.destinations.email.connector: no connector `smpt`; did you mean `smtp`?",
    ),
    "a segment without the key": (
        VIPS,
        "select\n    customer_id,",
        "select\n    customer_id as customer,",
        "audiences/vips.yml:2: who: no column `customer_id` in vips, the project's key; did you mean `customer`?",
    ),
    "people without the key": (
        "models/people.sql",
        "    customer_id,",
        "    customer_id as customer,",
        "tidegate.yml:2: key: no column `customer_id` in people; did you mean `customer`?",
    ),
    "SQL that does not parse": (
        VIPS,
        "select\n",
        "selct\n",
        'models/segments/vips.sql:1: is not SQL: syntax error at or near "selct"',
    ),
    "SQL with a column that does not exist": (
        VIPS,
        "sum(amount) as",
        "sum(amont) as",
        "models/segments/vips.sql:3: no column `amont`; did you mean `amount`?",
    ),
    "SQL with a function that does not exist": (
        VIPS,
        "sum(amount) as",
        "summ(amount) as",
        "models/segments/vips.sql:3: no function `summ`; did you mean `sum`?",
    ),
    "SQL with a macro that does not exist": (
        VIPS,
        "as_of()",
        "asof()",
        "models/segments/vips.sql:5: no macro or variable `asof`; did you mean `as_of`?",
    ),
    "SQL with a bracket too few": (
        VIPS,
        "as_of() }}",
        "as_of( }}",
        "models/segments/vips.sql:5: unexpected '}', expected ')'",
    ),
    "SQL on a model that does not exist": (
        VIPS,
        "source('raw', 'events')",
        "ref('event')",
        "models/segments/vips.sql:4: no model `event`; there are ordered, people, vips",
    ),
    "SQL on a source that does not exist": (
        VIPS,
        "source('raw', 'events')",
        "source('raw', 'event')",
        "models/segments/vips.sql:4: no source `raw.event`; declare it in a yml under `sources:`",
    ),
}


SECRETS = [
    "tidegate.yml:14: destinations.email.host: the environment variable SMTP_HOST is not set; "
    "set it with `export SMTP_HOST=...`",
    "tidegate.yml:15: destinations.sms.account_sid: the environment variable SID is not set; "
    "set it with `export SID=...`",
    "tidegate.yml:15: destinations.sms.auth_token: the environment variable TOKEN is not set; "
    "set it with `export TOKEN=...`",
    "tidegate.yml:16: destinations.ads.access_token: the environment variable META is not set; "
    "set it with `export META=...`",
]


@pytest.fixture
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SMTP_HOST", "SID", "TOKEN", "META"):
        monkeypatch.delenv(name, raising=False)


#: these do not stand in each other's way, and are tried together
TOGETHER = (
    "a message that does not exist",
    "a destination that does not exist",
    "a condition on a column that does not exist",
    "a message's tag misspelt",
    "a time zone misspelt",
    "a connector that does not exist",
    "SQL with a function that does not exist",
)


@pytest.mark.parametrize("mistake", sorted(MISTAKES.keys() - set(TOGETHER)))
def test_check_finds(shop: Shop, mistake: str) -> None:
    file, right, wrong, told = MISTAKES[mistake]
    shop.edit(file, right, wrong)

    assert shop.tells("check", code=2) == [told]


@pytest.mark.usefixtures("no_secrets")
def test_check_finds_all_of_it_at_once(shop: Shop) -> None:
    for mistake in TOGETHER:
        shop.edit(*MISTAKES[mistake][:3])
    shop.write("models/segments/old.sql", "selct 1 from {{ ref('people') }}\n")
    shop.write("models/segments/older.sql", "select * from {{ ref('old') }}\n")

    told = shop.tells("check", "--target", "prod", code=2)

    assert told == sorted(
        [
            *[MISTAKES[mistake][3] for mistake in TOGETHER],
            'models/segments/old.sql:1: is not SQL: syntax error at or near "selct"',
            *SECRETS[1:],  # the first is that of the connector that does not exist
        ],
        key=_place,
    )


def _place(line: str) -> tuple[str, int]:
    file, number, _ = line.split(":", 2)
    return file, int(number)


def test_two_files_with_the_same_audience_are_both_named(shop: Shop) -> None:
    shop.write("audiences/vips_again.yml", (shop.root / "audiences/vips.yml").read_text())

    told = "audiences/vips_again.yml:1: audience: `vips` is in audiences/vips.yml already; choose another name"
    assert shop.tells("check", code=2) == [told]
    assert shop.tells("run", code=2) == [told]


def test_a_run_does_not_begin_with_a_file_that_cannot_be_read(shop: Shop) -> None:
    shop.edit(*MISTAKES["a key misspelt"][:3])
    before = shop.rows("from tidegate.runs")

    with pytest.raises(SpecError, match="did you mean `list`"):
        shop.run()

    assert shop.rows("from tidegate.runs") == before


def test_a_plan_says_the_same_as_check(shop: Shop) -> None:
    file, right, wrong, told = MISTAKES["a key misspelt"]
    shop.edit(file, right, wrong)

    assert shop.tells("plan", code=2) == [told]


@pytest.mark.usefixtures("no_secrets")
def test_every_missing_secret_is_told_before_a_run_to_production_begins(shop: Shop) -> None:
    assert shop.tells("check", "--target", "prod", code=2) == SECRETS
    assert shop.tells("run", "--target", "prod", code=2) == SECRETS


@pytest.mark.usefixtures("no_secrets")
def test_whoever_only_looks_at_production_needs_no_secrets(shop: Shop) -> None:
    assert shop.says("land", "--target", "prod").code == 0
    assert shop.says("plan", "--target", "prod").code == 0


def test_a_secret_that_is_there_is_never_repeated(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.corner.example.com")
    monkeypatch.setenv("SID", "S3CRET-SID")
    monkeypatch.setenv("TOKEN", "S3CRET-TOKEN")
    monkeypatch.delenv("META", raising=False)

    said = shop.says("run", "--target", "prod")

    assert said.code == 2
    assert "META" in said.err
    assert "S3CRET" not in said.out + said.err


#: what a model gives that cannot be acted upon, and the reason that the audience does not move
BAD_ROWS = {
    "a null key": (
        VIPS,
        "select customer_id, 1 as spend from {{ ref('people') }} union all select null, 3",
        "audiences/vips.yml:2: who: ref('vips'): 1 row has no customer_id; leave out such rows in the model",
    ),
    "an empty key": (
        VIPS,
        "select customer_id, 1 as spend from {{ ref('people') }} union all select ' ', 3",
        "audiences/vips.yml:2: who: ref('vips'): 1 row has no customer_id; leave out such rows in the model",
    ),
    "the same key again": (
        VIPS,
        "select customer_id, spend from {{ ref('people') }} cross join (values (1), (2)) as twice (spend)",
        "audiences/vips.yml:2: who: ref('vips'): customer_id is not unique: ada (2 times), edith (2 times), "
        "grace (2 times); a segment has one row for each person",
    ),
    "no key at all": (
        VIPS,
        "select customer_id as customer, 1 as spend from {{ ref('people') }}",
        "audiences/vips.yml:2: who: no column `customer_id` in vips, the project's key; did you mean `customer`?",
    ),
    "SQL that does not parse": (
        VIPS,
        "selct customer_id",
        'models/segments/vips.sql:1: is not SQL: syntax error at or near "selct"',
    ),
    "a value that does not convert": (
        VIPS,
        "select customer_id, cast(email as integer) as spend from {{ ref('people') }}",
        "models/segments/vips.sql:1: could not convert string (value) to INT32 when casting from source column email",
    ),
    "a value that does not convert, in a view": (
        VIPS,
        "{{ config(materialized='view') }} select customer_id, cast(email as int) as spend from {{ ref('people') }}",
        "audiences/vips.yml:2: who: ref('vips'): a row cannot be worked out: could not convert string (value) to INT32 "
        "when casting from source column email",
    ),
}


@pytest.mark.parametrize("rows", BAD_ROWS)
def test_a_segment_stands_still_and_the_others_go_on_when_it_gives(shop: Shop, rows: str) -> None:
    file, sql, reason = BAD_ROWS[rows]
    shop.buys("grace")
    shop.run()
    shop.write(file, sql)
    shop.buys("ada", amount=5)

    report = shop.run()

    verdicts = {one.audience: (one.verdict, one.reason, one.members) for one in report.decision.audiences}
    assert verdicts["vips"] == ("failed", reason, 1)
    assert verdicts["ordered"][0] == "applied"
    assert shop.on_ad_list() == hashed(*emails(["grace"]))
    assert ("Order ada-3", "ada@example.com") in shop.received()
    assert "@example.com" not in reason


def test_a_run_ends_with_5_for_rows_that_cannot_be_acted_upon_and_so_does_its_plan(shop: Shop) -> None:
    shop.write(*BAD_ROWS["a null key"][:2])

    for command in ("plan", "run"):
        said = shop.says(command)
        assert said.code == 5
        assert f"vips: failed: {BAD_ROWS['a null key'][2]}" in said.out


def test_a_mended_segment_goes_on_where_it_stood(shop: Shop) -> None:
    right = (shop.root / VIPS).read_text()
    shop.write(*BAD_ROWS["the same key again"][:2])
    shop.buys("ada")
    shop.run()
    shop.write(VIPS, right)

    shop.run()

    assert shop.received()["Welcome, ada", "ada@example.com"] == 1
    assert shop.on_ad_list() == hashed(*emails(["ada"]))


def test_occurrences_without_an_id_a_person_or_a_time_are_told_by_what_names_them(shop: Shop) -> None:
    shop.write(
        ORDERED,
        "select case when customer_id <> 'ada' then customer_id end as occurrence_id, "
        "case when customer_id <> 'grace' then customer_id end as customer_id, "
        "case when customer_id <> 'edith' then {{ as_of() }} end as occurred_at, 1 as amount from {{ ref('people') }}",
    )

    report = shop.run()

    ordered = next(one for one in report.decision.audiences if one.audience == "ordered")
    assert ordered.reason.splitlines() == [
        "audiences/ordered.yml:2: when: ref('ordered'): 1 row has no customer_id, such as that of occurrence_id grace; "
        "leave out such rows",
        "audiences/ordered.yml:2: when: ref('ordered'): 1 row has no occurred_at, such as that of occurrence_id edith; "
        "leave out such rows",
        "audiences/ordered.yml:2: when: ref('ordered'): 1 row has no occurrence_id, such as that of customer_id ada; "
        "leave out such rows",
    ]


def test_an_occurrence_that_comes_twice_is_told_by_its_id(shop: Shop) -> None:
    shop.write(
        ORDERED,
        "select 'x' as occurrence_id, customer_id, {{ as_of() }} as occurred_at, 1 as amount from {{ ref('people') }}",
    )

    report = shop.run()

    ordered = next(one for one in report.decision.audiences if one.audience == "ordered")
    assert ordered.verdict == "failed"
    assert ordered.reason.endswith(
        "occurrence_id is not unique: x (3 times); a trigger has one row for each occurrence"
    )


def test_an_address_book_with_somebody_twice_stops_the_run_with_their_keys(shop: Shop) -> None:
    columns = "select customer_id, email, phone, agrees, 'en' as language from {{ source('raw', 'customers') }}"
    shop.write("models/people.sql", " union all ".join([columns, columns]))
    shop.buys("grace", "ada", amount=5)

    assert shop.tells("run", code=5) == [
        "people has several rows for ada, grace; it must have one row for each person, told by customer_id"
    ]
    assert shop.received() == {}


def test_an_address_book_that_cannot_be_built_stops_the_run_with_the_line(shop: Shop) -> None:
    shop.edit("models/people.sql", "arg_max(email", "arg_mx(email")

    assert shop.tells("run", code=2) == [
        "tidegate.yml:3: people: ref('people') could not be built: "
        "models/people.sql:3: no function `arg_mx`; did you mean `arg_max`?"
    ]


def test_an_address_book_without_the_key_stops_the_run_as_check_said(shop: Shop) -> None:
    file, right, wrong, told = MISTAKES["people without the key"]
    shop.edit(file, right, wrong)

    assert shop.tells("run", code=2) == [told]


def test_a_model_that_is_disabled_is_not_taken_for_an_empty_one(shop: Shop) -> None:
    shop.buys("grace")
    shop.run()
    shop.write(VIPS, "{{ config(enabled=false) }} " + (shop.root / VIPS).read_text())

    told = "audiences/vips.yml:2: who: the model `vips` was not built; is it disabled?"
    assert shop.tells("check", code=2) == [told]
    report = shop.run()

    assert next(one.verdict for one in report.decision.audiences if one.audience == "vips") == "failed"
    assert shop.on_ad_list() == hashed(*emails(["grace"]))
