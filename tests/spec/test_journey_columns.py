# ruff: noqa: E501 -- a table of mistakes is read by the line

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from tests.spec.test_columns import CANCELLED, PEOPLE, VIPS, mail, without
from tests.spec.written_journeys import LEADS, furnish
from tests.spec.written_project import Written
from tidegate.errors import SpecError
from tidegate.spec.binding import Binder
from tidegate.spec.columns import check_columns, problems_by_audience
from tidegate.spec.entry_columns import header
from tidegate.spec.journey_columns import entry_columns, qualify
from tidegate.spec.journey_models import models_of
from tidegate.spec.journey_objects import BranchStep, EventStep, Journey, SetStep, SyncStep, WaitStep
from tidegate.spec.objects import ModelColumns

MOMENT = "TIMESTAMP WITH TIME ZONE"
LEAD = {"customer_id": "BIGINT", "source": "VARCHAR", "budget": "DECIMAL(18,2)"}
EVENTS = {
    "event_id": "VARCHAR",
    "customer_id": "BIGINT",
    "name": "VARCHAR",
    "occurred_at": MOMENT,
    "properties": "JSON",
}
HUMAN = {**PEOPLE, "country": "VARCHAR", "birthday": "DATE", "tier": "VARCHAR", "points": "INTEGER"}
ON = "on: enter ref('new_leads')"
END = "  - end\n"
Built = dict[str, ModelColumns]


def built(**changes: dict[str, str] | None) -> Built:
    """The models' columns; None leaves a model out."""
    columns = {
        "people": HUMAN,
        "vips": VIPS,
        "order_cancelled": CANCELLED,
        "new_leads": LEAD,
        "events": EVENTS,
        **changes,
    }
    return {name: ModelColumns(name, f'"main"."{name}"', found) for name, found in columns.items() if found is not None}


@pytest.fixture
def leads(shop: Written) -> Written:
    furnish(shop).write("journeys/leads.yml", LEADS)
    return shop


@pytest.fixture
def complaints(leads) -> Callable[..., list[str]]:
    """What a person is told once the models' columns are known."""

    def told(**changes: dict[str, str] | None) -> list[str]:
        try:
            check_columns(leads.load(), built(**changes))
        except SpecError as fault:
            return str(fault).splitlines()
        return []

    return told


def qualified(shop: Written) -> Journey:
    return check_columns(shop.load(), built()).journeys["lead_nurturing"]


def sql(tree: object) -> str:
    return tree.sql("duckdb", normalize_functions=False)  # type: ignore[attr-defined]


# --- columns get their tables -----------------------------------------------------------------------------------


def test_every_column_of_a_journey_gets_its_table(leads):
    leads.change(
        "journeys/leads.yml",
        END,
        """\
  - wait: {until: birthday - 7 days, past: continue}
  - wait: {for: "did('order_completed', where => name <> 'x' and budget > 3)", up_to: 1 day}
  - if: country = 'DE' and BUDGET > person.points
    then: [{set: {offer: "coalesce(trait('offer'), source)"}}]
  - event: finished
    with: {budget: entry.budget}
  - sync: {to: meta_ads, list: Done, match: {email: lower(email)}}
""",
    )
    leads.change("journeys/leads.yml", "if: consented('email')", "if: consented('email') and source is not null")

    journey = qualified(leads)

    assert journey.entry.condition is not None
    assert sql(journey.entry.condition) == "consented('email') AND NOT entry.\"source\" IS NULL"
    until, listening = journey.step("wait_2"), journey.step("wait_3")
    assert isinstance(until, WaitStep)
    assert until.until.moment is not None
    assert sql(until.until.moment) == 'person."birthday"'
    assert isinstance(listening, WaitStep)
    (way,) = listening.outcomes
    assert way.when is not None
    assert sql(way.when) == "did('order_completed', where => event.\"name\" <> 'x' AND entry.\"budget\" > 3)"
    branch = journey.step("if_3")
    assert isinstance(branch, BranchStep)
    assert branch.ways[0].when is not None
    assert sql(branch.ways[0].when) == 'person."country" = \'DE\' AND entry."budget" > person."points"'
    set_ = journey.step("set")
    assert isinstance(set_, SetStep)
    assert sql(set_.traits["offer"]) == "COALESCE(trait('offer'), entry.\"source\")"
    event, sync = journey.step("event"), journey.step("sync_2")
    assert isinstance(event, EventStep)
    assert sql(event.properties["budget"]) == 'entry."budget"'
    assert isinstance(sync, SyncStep)
    assert sql(sync.moves[0].match["email"]) == 'LOWER(person."email")'


def test_where_of_an_event_is_over_the_event(leads):
    leads.change("journeys/leads.yml", ON, "on: event 'order_completed'\n  where: properties->>'sku' is not null")

    where = qualified(leads).entry.where

    assert where is not None
    assert sql(where) == "NOT (event.\"properties\" ->> '$.sku') IS NULL"


def test_to_qualify_does_not_change_what_a_file_means(leads):
    before = leads.load().journeys["lead_nurturing"]

    assert qualified(leads).hash == before.hash


@pytest.mark.parametrize(
    ("enter", "columns"),
    [
        (ON, LEAD),
        ("on: in ref('new_leads')", LEAD),
        ("on: exit ref('new_leads')", {"entered_at": MOMENT, "left_at": MOMENT}),
        ("on: occur ref('order_cancelled')", CANCELLED),
        ("on: event 'order_completed'", EVENTS),
        ("on: schedule '0 9 * * mon'\n  for: ref('vips')", VIPS),
        ("on: date ref('people').birthday", {**HUMAN, "due_at": MOMENT}),
        ("on: change ref('people').points", {**HUMAN, "old": "INTEGER", "new": "INTEGER", "changed_at": MOMENT}),
        ("on: list 'audiences/guests.csv'", {"customer_id": "VARCHAR", "table number": "VARCHAR"}),
        ("on: end 'other'", {"journey": "VARCHAR", "exit_reason": "VARCHAR", "ended_at": MOMENT}),
    ],
)  # fmt: skip
def test_entry_holds_what_people_came_in_by(leads, enter: str, columns: dict[str, str]):
    leads.write("journeys/other.yml", "journey: other\nenter: {on: event 'x'}\nsteps: [end]\n")
    leads.write("audiences/guests.csv", '\ufeffcustomer_id;"table number"\n1;4\n')
    leads.change("journeys/leads.yml", ON, enter)
    project = leads.load()
    journey = project.journeys["lead_nurturing"]

    assert entry_columns(journey, project, built()) == columns
    assert entry_columns(journey.entry, project, built()) == columns
    assert check_columns(project, built()).journeys["lead_nurturing"].entry.kind == journey.entry.kind


def test_a_list_that_cannot_be_read_has_no_columns(tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "empty.csv").write_text("")

    assert header(tmp_path / "picture.csv") == header(tmp_path / "empty.csv") == header(tmp_path / "none.csv") == []


# --- what does not fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("if: consented('email')", "if: last_order > 3", "leads.yml:4: enter.if: no column `last_order` in new_leads or people; there are last_ordered_at, last_seen_at"),
        ("if: consented('email')", "if: entry.bugdet > 3", "leads.yml:4: enter.if: no column `bugdet` in new_leads; did you mean `budget`?"),
        ("if: consented('email')", "if: budget", "leads.yml:4: enter.if: is DECIMAL(18,2), not true or false"),
        ("if: consented('email')", "if: in_segment('vip')", "leads.yml:4: enter.if: in_segment('vip'): no model `vip`; did you mean `vips`?"),
        ("if: consented('email')", "if: in_segment('events') and consented('email', 'marketing')", ""),
        ("if: consented('email')", "if: consented('email', 'offers')", "leads.yml:4: enter.if: consented('email', 'offers'): no message has the topic `offers`"),
        ("when: did('order_completed')", "when: person.birthday > 3", "leads.yml:7: exit.when: "),
        ("when: did('order_completed')", "when: did('order_completed', where => event.amount > 3)", "leads.yml:7: exit.when: no column `amount` in events"),
        ("when: did('order_completed')", "when: did('order_completed', where => event.name)", "leads.yml:7: exit.when: did(): where: is VARCHAR, not true or false"),
        ("within: 30 days", "where: event.amount > 3", "leads.yml:8: goal.where: no column `amount` in events"),
        ("if: reachable('sms')", "if: phon is not null", "leads.yml:18: steps[2].else[0].if: no column `phon` in new_leads or people; there are phone, points"),
        ("for: opened('nurture_intro')", "for: trait('offer')", "leads.yml:12: steps[1].wait.for: is VARCHAR, not true or false"),
        ("wait: {for: opened('nurture_intro'), up_to: 2 days}", "wait: {until: person.birthdate}", "leads.yml:12: steps[1].wait.until: no column `birthdate` in people; there are birthday, first_name"),
        ("wait: {for: opened('nurture_intro'), up_to: 2 days}", "wait: {until: person.country}", "leads.yml:12: steps[1].wait.until: is VARCHAR; make it a timestamp"),
        ("up_to: 2 days", "up_to: 2 days, reset: country", "leads.yml:12: steps[1].wait.reset: is VARCHAR, not true or false"),
        (END, "  - set: {offer: person.offer}\n", "leads.yml:24: steps[4].set.offer: no column `offer` in people"),
        (END, "  - event: x\n    with: {a: nothing}\n", "leads.yml:25: steps[4].with.a: no column `nothing` in new_leads or people"),
        ("list: Unreached leads", "list: A, match: {email: entry.email}", "leads.yml:20: steps[2].else[0].else[0].sync.match.email: no table `entry` here"),
        ("again: never", "again: per order_id", "leads.yml:5: enter.again: no column `order_id` in new_leads"),
        # how people come in
        (ON, "on: change ref('people').teir", "leads.yml:3: enter.on: no column `teir` in people; did you mean `tier`?"),
        (ON, "on: change ref('people').tier\n  by: 3", "leads.yml:4: enter.by: `tier` in people is VARCHAR, not a number that rises or falls"),
        (ON, "on: change ref('people').points\n  to: \"'many'\"", "leads.yml:4: enter.to: 'many' is no value of `points`, which is INTEGER"),
        (ON, "on: date ref('people').country", "leads.yml:3: enter.on: `country` in people is VARCHAR, not a date; cast it in the model"),
        (ON, "on: occur ref('vips')", "leads.yml:3: enter.on: no column `occurrence_id` in vips, which every trigger needs"),
        (ON, "on: event 'x'\n  where: event.amount > 3", "leads.yml:4: enter.where: no column `amount` in events"),
        (ON, "on: event 'x'\n  where: event.name", "leads.yml:4: enter.where: is VARCHAR, not true or false"),
        (f"{ON}\n  if: consented('email')\n  again: never", "on: exit ref('new_leads')\n  again: per source", "leads.yml:4: enter.again: no column `source` in a leaving; there are entered_at, left_at"),
        (ON, "on: list 'audiences/names.csv'", "leads.yml:3: enter.on: no column `customer_id`, the project's key, on the first line of audiences/names.csv; there are email, name"),
    ],
)  # fmt: skip
def test_a_journey_is_held_against_the_real_columns(leads, complaints, old: str, new: str, told: str):
    leads.write("audiences/names.csv", "name,email\nAda,ada@example.com\n")
    leads.change("journeys/leads.yml", old, new)

    found = complaints()

    assert told in "\n".join(found)
    assert {line.split(": ")[0] for line in found} == ({told.split(": ")[0].join(("journeys/", ""))} if told else set())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"new_leads": None}, "leads.yml:3: enter.on: the model `new_leads` was not built; is it disabled?"),
        ({"new_leads": without(LEAD, "customer_id")}, "leads.yml:3: enter.on: no column `customer_id` in new_leads, the project's key"),
        ({"new_leads": {**LEAD, "customer_id": "VARCHAR"}}, "leads.yml:3: enter.on: `customer_id` is VARCHAR in new_leads and BIGINT in people"),
        ({"events": None}, "leads.yml:7: exit.when: did() reads the model `events`, and there is none"),
        ({"events": without(EVENTS, "occurred_at")}, "leads.yml:7: exit.when: did(): no column `occurred_at` in events"),
        ({"people": without(HUMAN, "phone")}, "leads.yml:19: steps[2].else[0].then[0].by: no column `phone` in people, where the address for sms should be"),
        ({"people": None}, "tidegate.yml:3: people: the model `people` was not built; is it disabled?"),
    ],
)  # fmt: skip
def test_what_models_lack_is_told_of_the_journey(
    leads, complaints, changes: dict[str, dict[str, str] | None], told: str
):
    assert any(told in line for line in complaints(**changes)), complaints(**changes)


def test_a_journey_by_events_needs_them_with_an_id(leads, complaints):
    leads.change("journeys/leads.yml", ON, "on: event 'x'")

    assert complaints(events=without(EVENTS, "event_id"))[0].startswith(
        "journeys/leads.yml:3: enter.on: no column `event_id` in events"
    )
    assert complaints(events=None)[0].startswith("journeys/leads.yml:3: enter.on: there is no model `events`")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("nurture_2/email.mjml", mail("Hi {{ person.frist_name }}"), "messages/nurture_2/email.mjml:2: subject: no column `frist_name` in people; did you mean `first_name`?"),
        ("nurture_2/email.mjml", mail("Hi", "{{ entry.bugdet }}"), "messages/nurture_2/email.mjml:5: no column `bugdet` in new_leads; did you mean `budget`?"),
        ("check_your_inbox/sms.txt", "{{ entry.x }}\n", "messages/check_your_inbox/sms.txt:1: no column `x` in new_leads"),
        ("nurture_2/email.mjml", mail("Hi", "{{ step.score_lead.score }}"), "messages/nurture_2/email.mjml:5: no webhook step `score_lead` before this message"),
        ("score_lead/webhook.json", '{"a": "{{ entry.nothing }}"}', "messages/score_lead/webhook.json:1: no column `nothing` in new_leads"),
    ],
)  # fmt: skip
def test_variables_of_a_journeys_messages_are_columns_of_its_entry(leads, complaints, file: str, text: str, told: str):
    leads.change("journeys/leads.yml", END, "  - webhook: score_lead\n")
    leads.write(f"messages/{file}", text)

    (found,) = complaints()

    assert told in found


def test_an_answer_may_be_told_in_messages_that_come_after_the_webhook(leads, complaints):
    leads.write("messages/nurture_2/email.mjml", mail("Hi", "{{ step.score_lead.score }}"))
    leads.change("journeys/leads.yml", "  - wait: {for", "  - webhook: score_lead\n  - wait: {for")

    assert complaints() == []


def test_an_audience_has_no_answers_to_tell(leads, complaints):
    leads.write("messages/welcome/email.mjml", mail("Hi", "{{ step.score_lead.score }}"))

    (told,) = complaints()

    assert told.startswith("messages/welcome/email.mjml:5: `step` has no place here")


def test_a_list_needs_something_to_know_people_by(leads, complaints):
    leads.change("tidegate.yml", "project: shop", "unsubscribe_url: https://example.com\nproject: shop")
    nameless = without(HUMAN, "email", "phone", "first_name", "country", "birthday")
    told = [line for line in complaints(people=nameless) if "meta_ads" in line]

    assert len(told) == 1
    assert told[0].startswith(
        "journeys/leads.yml:20: steps[2].else[0].else[0].sync: nothing says by what meta_ads knows a person, and people has no "
    )


def test_one_wrong_journey_does_not_stop_the_others(leads):
    leads.change("journeys/leads.yml", "if: reachable('sms')", "if: budget > 3")
    leads.write("journeys/more.yml", "journey: more\nenter: {on: event 'x', if: entry.nothing > 3}\nsteps: [end]\n")

    project, problems = problems_by_audience(leads.load(), built())

    assert list(problems) == ["more"]
    assert project.journeys["more"] == leads.load().journeys["more"], "stays as it was"
    assert project.journeys["lead_nurturing"] != leads.load().journeys["lead_nurturing"]


def test_consent_concerns_journeys_that_use_the_channel(leads):
    leads.change("tidegate.yml", "project: shop", "consent: {sms: nonsense}\nproject: shop")

    _, problems = problems_by_audience(leads.load(), built())

    assert list(problems) == ["lead_nurturing"], "only the journey sends by SMS"


def test_a_journey_alone_can_be_held_against_the_columns(leads):
    project = leads.load()
    journey = project.journeys["lead_nurturing"]

    with duckdb.connect() as connection:
        as_it_is, problems = qualify(journey, project, built(events=None), Binder(connection))
        sound, none = qualify(journey, project, built(), Binder(connection))

    assert as_it_is is journey
    assert [problem.key for problem in problems] == ["exit.when", "goal.did"]
    assert none == []
    assert sound.name == journey.name


def test_a_journey_stands_on_the_models_it_asks(leads):
    leads.change("journeys/leads.yml", "if: reachable('sms')", "if: in_segment('vips')")

    assert models_of(leads.load().journeys["lead_nurturing"]) == {"new_leads", "events", "vips"}
