# ruff: noqa: E501 -- a table of mistakes is read by the line

from __future__ import annotations

from collections.abc import Callable

import pytest

from tidegate.errors import SpecError
from tidegate.spec.columns import check_columns, problems_by_audience
from tidegate.spec.objects import ModelColumns

PEOPLE = {
    "customer_id": "BIGINT",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "first_name": "VARCHAR",
    "accepts_email": "BOOLEAN",
    "last_ordered_at": "TIMESTAMP WITH TIME ZONE",
    "last_seen_at": "TIMESTAMP WITH TIME ZONE",
}
VIPS = {"customer_id": "BIGINT", "spend_365d": "DECIMAL(18,2)", "email": "VARCHAR"}
CANCELLED = {
    "occurrence_id": "VARCHAR",
    "customer_id": "BIGINT",
    "occurred_at": "TIMESTAMP WITH TIME ZONE",
    "value": "DECIMAL(18,2)",
}
TRIGGER = "audience: order_cancelled\nwhen: ref('order_cancelled')\nif: entry.value > 50\nsend: sorry\nby: email\n"
Built = dict[str, ModelColumns]


def built(**changes: dict[str, str] | None) -> Built:
    """The models' columns; None leaves a model out."""
    columns = {"people": PEOPLE, "vips": VIPS, "order_cancelled": CANCELLED, **changes}
    return {name: ModelColumns(name, f'"main"."{name}"', found) for name, found in columns.items() if found is not None}


def without(columns: dict[str, str], *names: str) -> dict[str, str]:
    return {name: kind for name, kind in columns.items() if name not in names}


def mail(subject: str, body: str = "Hello") -> str:
    return (
        f'---\nsubject: "{subject}"\n---\n<mjml><mj-body><mj-section><mj-column>\n<mj-text>{body}</mj-text>\n'
        "</mj-column></mj-section></mj-body></mjml>\n"
    )


@pytest.fixture
def complaints(shop) -> Callable[..., list[str]]:
    """What a person is told once the models' columns are known."""
    shop.write("audiences/c.yml", TRIGGER)
    shop.write("messages/sorry/email.mjml", mail("Sorry"))

    def told(**changes: dict[str, str] | None) -> list[str]:
        try:
            check_columns(shop.load(), built(**changes))
        except SpecError as fault:
            return str(fault).splitlines()
        return []

    return told


def test_every_column_gets_its_table(shop, complaints):
    shop.change("tidegate.yml", "project: shop", "consent: {email: accepts_email}\nproject: shop")
    shop.change("audiences/vips.yml", "{email: email}", "{email: email, phone: person.PHONE}")

    project = check_columns(shop.load(), built())

    match = project.audiences["vips"].sync[0].match
    assert {name: tree.sql("duckdb") for name, tree in match.items()} == {
        "email": 'entry."email"',
        "phone": 'person."phone"',
    }
    assert project.audiences["order_cancelled"].condition.sql("duckdb") == 'entry."value" > 50'
    assert project.consent["email"].sql("duckdb") == 'person."accepts_email"'


def test_a_segment_without_the_key_column_is_told(complaints):
    assert complaints(vips=without(VIPS, "customer_id")) == [
        "audiences/vips.yml:2: who: no column `customer_id` in vips, the project's key; there are email, spend_365d"
    ]


def test_a_trigger_needs_an_id_and_a_time_for_each_occurrence(complaints):
    told = complaints(order_cancelled=without(CANCELLED, "occurrence_id", "occurred_at"))

    assert [line.split(";")[0] for line in told] == [
        "audiences/c.yml:2: when: no column `occurred_at` in order_cancelled, which every trigger needs",
        "audiences/c.yml:2: when: no column `occurrence_id` in order_cancelled, which every trigger needs",
    ]
    assert complaints(order_cancelled={**CANCELLED, "occurred_at": "VARCHAR"}) == [
        "audiences/c.yml:2: when: `occurred_at` in order_cancelled is VARCHAR; make it a timestamp"
    ]


def test_people_without_the_key_concern_everybody_and_are_told_once(complaints):
    (told,) = complaints(people=without(PEOPLE, "customer_id"))

    assert told.startswith("tidegate.yml:2: key: no column `customer_id` in people; there are ")


def test_people_without_an_address_cannot_be_written_to(complaints):
    told = complaints(people=without(PEOPLE, "email"))

    assert told[0].startswith(
        "audiences/c.yml:4: by: no column `email` in people, where the address for email should be"
    )
    assert told[1].startswith("audiences/vips.yml:8: on_enter[0].by: no column `email` in people")


def test_a_model_that_could_not_be_built_is_told_for_its_audience(complaints):
    assert complaints(vips=None) == ["audiences/vips.yml:2: who: the model `vips` was not built; is it disabled?"]
    assert complaints(people=None) == ["tidegate.yml:3: people: the model `people` was not built; is it disabled?"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("audiences/c.yml", "entry.value", "person.last_order",
         "audiences/c.yml:3: if: no column `last_order` in people; there are last_ordered_at, last_seen_at"),
        ("audiences/c.yml", "entry.value > 50", "entry.value", "audiences/c.yml:3: if: is DECIMAL(18,2), not true or false"),
        ("audiences/c.yml", "> 50", "> first_name || [1]", "audiences/c.yml:3: if: "),
        ("audiences/vips.yml", "{email: email}", "{email: emial}", "audiences/vips.yml:6: sync[0].match.email: no column `emial` in vips or people"),
        ("tidegate.yml", "project: shop", "project: shop\nconsent: {email: agrees}", "tidegate.yml:2: consent.email: no column `agrees` in people"),
        ("tidegate.yml", "project: shop", "project: shop\nconsent: {email: first_name}", "consent.email: is VARCHAR, not true or false"),
        ("tidegate.yml", "project: shop", "project: shop\nconsent: {email: {if: accepts_email, since: last_seen}}", "tidegate.yml:2: consent.email.since: no column `last_seen` in people"),
        ("tidegate.yml", "project: shop", "project: shop\nconsent: {email: {if: accepts_email, since: first_name}}", "consent.email.since: is VARCHAR; make it a timestamp"),
        ("tidegate.yml", "project: shop", "project: shop\nconsent: {email: entry.x}", "consent.email: no table `entry` here"),
        ("tidegate.yml", "project: shop", "project: shop\nunsubscribe_url: 'https://x/{{ person.id }}'",
         "tidegate.yml:2: unsubscribe_url: no column `id` in people"),
    ],
)  # fmt: skip
def test_an_expression_is_held_against_the_real_columns(shop, complaints, file: str, old: str, new: str, told: str):
    shop.change(file, old, new)

    found = complaints()

    assert len(found) == 1, found
    assert told in found[0]


@pytest.mark.parametrize(
    ("subject", "body", "told"),
    [
        ("Hi {{ person.frist_name }}", "x", "email.mjml:2: subject: no column `frist_name` in people; did you mean `first_name`?"),
        ("Hi", "{{ entry.valeu }}", "email.mjml:5: no column `valeu` in order_cancelled; did you mean `value`?"),
        ("Hi", "\n{% if person['nmae'] %}x{% endif %}", "email.mjml:6: no column `nmae` in people"),
        ("Hi", "{% for x in entry.things %}{{ x }}{% endfor %}", "email.mjml:5: no column `things` in order_cancelled"),
        ("Hi", "{{ person }}", "email.mjml:5: `person` is a row; say which of its columns, such as person.customer_id"),
        ("Hi", "{{ entry[person.first_name] }}", "email.mjml:5: which column of `entry` is meant cannot be told"),
    ],
)  # fmt: skip
def test_a_message_variable_that_does_not_exist_is_told_before_anybody_is_written_to(
    shop, complaints, subject: str, body: str, told: str
):
    shop.write("messages/sorry/email.mjml", mail(subject, body))

    found = complaints()

    assert len(found) == 1, found
    assert told in found[0]


def test_names_that_a_template_sets_itself_are_its_own(shop, complaints):
    body = "{% set greeting = 'Hi' %}{% for word in greeting %}{{ word }}{{ loop.index }}{% endfor %}{{ entry.value }}"
    shop.write("messages/sorry/email.mjml", mail("Sorry", body))

    assert complaints() == []


def test_translations_and_the_text_beside_are_checked_too(shop, complaints):
    shop.write("messages/sorry/email.pl.mjml", mail("Przykro nam", "{{ person.imie }}"))
    shop.write("messages/sorry/email.txt", "Sorry,\n{{ person.name }}\n")

    found = complaints()

    assert found[0].startswith("messages/sorry/email.pl.mjml:5: no column `imie` in people")
    assert found[1].startswith("messages/sorry/email.txt:2: no column `name` in people")
    assert len(found) == 2


def test_who_leaves_has_only_the_times_of_the_stay(shop, complaints):
    shop.write("messages/bye/email.mjml", mail("Bye", "since {{ entry.entered_at | date }}: {{ entry.spend_365d }}"))
    shop.change("audiences/vips.yml", "on_enter:", "on_exit:\n  - {send: bye, by: email}\non_enter:")

    assert complaints() == [
        "messages/bye/email.mjml:5: no column `spend_365d` in a leaving; there are entered_at, left_at"
    ]


def test_what_is_set_on_leaving_cannot_come_from_the_segment(shop, complaints):
    shop.write(
        "audiences/objects.yml",
        "audience: objects\nwho: ref('vips')\nsync:\n  - to: exports\n    object: x\n    match: {email: email}\n"
        "    on_leave: {set: {name: first_name, spend: spend_365d}}\n",
    )

    (told,) = complaints()

    assert told.startswith("audiences/objects.yml:7: sync[0].on_leave.set.spend: no column `spend_365d` in people")


def test_one_wrong_audience_does_not_stop_the_others(shop, complaints):
    shop.write("messages/sorry/email.mjml", mail("Sorry", "{{ entry.nothing }}"))

    project, problems = problems_by_audience(shop.load(), built())

    assert list(problems) == ["order_cancelled"]
    assert project.audiences["vips"].sync[0].match["email"].sql("duckdb") == 'entry."email"'
    assert project.audiences["order_cancelled"].condition.sql() == "entry.value > 50", "stays as it was"


def test_the_same_message_may_be_right_in_one_audience_and_wrong_in_another(shop, complaints):
    shop.write("messages/sorry/email.mjml", mail("Sorry", "{{ entry.value }}"))
    shop.change("audiences/vips.yml", "send: welcome", "send: sorry")

    _, problems = problems_by_audience(shop.load(), built())

    assert list(problems) == ["vips"]
    assert "no column `value` in vips" in str(problems["vips"][0])


def test_consent_concerns_those_who_use_the_channel(shop, complaints):
    shop.change("tidegate.yml", "project: shop", "consent: {ads: nonsense}\nproject: shop")

    _, problems = problems_by_audience(shop.load(), built())

    assert list(problems) == ["vips"], "only vips has a list at an ad platform"


CONNECTOR = """\
from tidegate.connector import Connector, ConnectorSettings


class Settings(ConnectorSettings):
    base_url: str = ""


class Mine(Connector):
    channel = "{channel}"
    modes = frozenset({{"send"}})
    Settings = Settings
"""
FRONTS = {"push": "title: x", "web_push": "title: x", "crm": "campaign: x"}


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("push", "push_token"),
        ("web_push", "web_push_subscription"),
        ("telegram", "telegram_chat_id"),
        ("whatsapp", "phone"),
        ("chat", None),
        ("crm", None),
    ],
)
def test_a_channel_finds_its_address_in_people_or_says_where_it_should_be(
    shop, complaints, channel: str, address: str | None
):
    shop.write("connectors/mine.py", CONNECTOR.format(channel=channel))
    shop.change("tidegate.yml", "      email:", "      mine: {connector: mine}\n      email:")
    shop.change("audiences/vips.yml", "by: email", f"by: {channel}")
    ending, body = ("json", "{}") if channel == "crm" else ("txt", "Hi {{ person.first_name }}")
    shop.write(f"messages/welcome/{channel}.{ending}", f"---\n{FRONTS.get(channel, 'topic: news')}\n---\n{body}")

    told = complaints(people=without(PEOPLE, "phone"))

    if address is None:
        assert told == []
    else:
        [line] = told
        where = f"no column `{address}` in people, where the address for {channel} should be"
        assert line.startswith(f"audiences/vips.yml:8: on_enter[0].by: {where}")
        assert complaints(people={**PEOPLE, address: "VARCHAR"}) == []


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ("title: '{{ person.frist_name }}'", "push.txt:2: title: no column `frist_name` in people; did you mean `first_name`?"),
        ("title: x\nurl: '{{ entry.spend }}'", "push.txt:3: url: no column `spend` in vips"),
        ("title: x\ndata:\n  a: x\n  b: '{{ person.nmae }}'", "push.txt:5: data.b: no column `nmae` in people"),
    ],
)  # fmt: skip
def test_a_template_anywhere_in_the_front_matter_is_held_against_the_columns(shop, complaints, front: str, told: str):
    shop.write("connectors/mine.py", CONNECTOR.format(channel="push"))
    shop.change("tidegate.yml", "      email:", "      mine: {connector: mine}\n      email:")
    shop.change("audiences/vips.yml", "by: email", "by: push")
    shop.write("messages/welcome/push.txt", f"---\n{front}\n---\nHi")

    [line] = complaints(people={**PEOPLE, "push_token": "VARCHAR"})

    assert told in line
