# ruff: noqa: E501 -- a table of mistakes is read by the line

from __future__ import annotations

from datetime import time, timedelta

import pytest

from tests.spec.written_journeys import LEADS, furnish
from tests.spec.written_project import Written
from tidegate.errors import SpecError
from tidegate.spec.journey_objects import (
    Again,
    ApproveStep,
    BranchStep,
    EndStep,
    EventStep,
    Journey,
    SendStep,
    SetStep,
    SplitStep,
    SyncStep,
    Until,
    WaitStep,
    WebhookStep,
)
from tidegate.spec.journeys import reread
from tidegate.spec.objects import Limit, Window

ON = "on: enter ref('new_leads')"
WAIT = "wait: {for: opened('nurture_intro'), up_to: 2 days}"
GOAL = "goal: {did: order_completed, within: 30 days}"
NAME = "journey: lead_nurturing"
IF = "  - if: opened('nurture_intro')\n    then:"
THEN = "    then:\n      - send: nurture_2\n        by: email\n    else:"
END = "  - end\n"
WAY_IN = "journey: small\nenter: {on: enter ref('new_leads')}\nsteps:\n"


@pytest.fixture
def leads(shop: Written) -> Written:
    furnish(shop).write("journeys/leads.yml", LEADS)
    return shop


def read(shop: Written, steps: str) -> Journey:
    """A journey of these steps, which are written at the margin."""
    shop.write("journeys/small.yml", WAY_IN + steps)
    return shop.load().journeys["small"]


def entering(shop: Written, enter: str) -> Journey:
    shop.change("journeys/leads.yml", f"  {ON}\n  if: consented('email')\n  again: never\n", enter)
    return shop.load().journeys["lead_nurturing"]


# --- what is read -----------------------------------------------------------------------------------------------


def test_a_journey_is_read_as_a_graph_whose_branches_join_again(leads):
    journey = leads.load().journeys["lead_nurturing"]

    assert [(step.id, type(step).__name__, step.path) for step in journey.steps] == [
        ("nurture_intro", "SendStep", "steps[0]"),
        ("wait", "WaitStep", "steps[1]"),
        ("if", "BranchStep", "steps[2]"),
        ("nurture_2", "SendStep", "steps[2].then[0]"),
        ("if_2", "BranchStep", "steps[2].else[0]"),
        ("check_your_inbox", "SendStep", "steps[2].else[0].then[0]"),
        ("sync", "SyncStep", "steps[2].else[0].else[0]"),
        ("split", "SplitStep", "steps[3]"),
        ("nurture_3a", "SendStep", "steps[3].a[0]"),
        ("nurture_3b", "SendStep", "steps[3].b[0]"),
        ("end", "EndStep", "steps[4]"),
    ]
    joined = {journey.step(one).next for one in ("nurture_2", "check_your_inbox", "sync")}
    assert joined == {"split"}
    assert {journey.step(one).next for one in ("nurture_3a", "nurture_3b")} == {"end"}
    assert (journey.entry.kind, journey.entry.model, journey.entry.again) == ("enter", "new_leads", Again())
    assert journey.goal is not None
    assert (journey.goal.within, journey.goal.leaves) == (timedelta(days=30), True)
    assert (journey.file, journey.line, journey.source) == ("journeys/leads.yml", 3, LEADS)


def test_nobody_ever_goes_back(leads):
    journey = leads.load().journeys["lead_nurturing"]
    order = {step.id: at for at, step in enumerate(journey.steps)}

    for step in journey.steps:
        ways = [way.target for way in getattr(step, "ways", ())]
        assert all(order[target] > order[step.id] for target in (*ways, step.next) if target is not None)


def test_steps_are_called_by_their_id_their_message_or_their_kind_and_number(leads):
    journey = read(leads, "- wait: 1 day\n- {wait: 2 days, id: rest}\n- wait: 3 days\n- {tag: vip}\n- {untag: vip}\n")

    assert [step.id for step in journey.steps] == ["wait", "rest", "wait_3", "set", "set_2"]


def test_every_kind_of_step_is_read(leads):
    journey = read(
        leads,
        """\
- send: nurture_intro
  by: [email, email]
""".replace("[email, email]", "email")
        + """\
- webhook: score_lead
  up_to: 2 hours
  else: [end]
- approve: Shall they get the coupon?
  else:
    - event: coupon_refused
      with: {spend: 3}
- set: {score: "answer('score_lead', '$.score')"}
  tag: [scored, lead]
  untag: new
- sync: {to: meta_ads, list: Scored, remove: Unreached, match: {email: lower(email)}}
""",
    )
    send, webhook, end, approve, event, set_, sync = journey.steps

    assert isinstance(send, SendStep)
    assert (send.send.by, send.expires_after, send.next) == (("email",), timedelta(hours=24), "score_lead")
    assert isinstance(webhook, WebhookStep)
    assert (webhook.send.by, webhook.up_to) == (("customer_care",), timedelta(hours=2))
    assert (webhook.next, webhook.failed) == ("approve", "end")
    assert isinstance(end, EndStep)
    assert end.next is None
    assert isinstance(approve, ApproveStep)
    assert (approve.up_to, approve.next, approve.rejected) == (timedelta(days=3), "set", "event")
    assert isinstance(event, EventStep)
    assert (event.name, event.next, {k: v.sql() for k, v in event.properties.items()}) == ("coupon_refused", "set", {"spend": "3"})  # fmt: skip
    assert isinstance(set_, SetStep)
    assert (list(set_.traits), set_.tags, set_.untags) == (["score"], ("scored", "lead"), ("new",))
    assert isinstance(sync, SyncStep)
    (move,) = sync.moves
    assert (move.to, move.add, move.remove, list(move.match)) == ("meta_ads", "Scored", "Unreached", ["email"])
    assert sync.next is None


def test_the_rejected_end_and_the_unanswered_go_on_unless_told(leads):
    journey = read(leads, "- webhook: score_lead\n- approve: Really?\n- wait: 1 day\n")
    webhook, approve, _ = journey.steps

    assert isinstance(webhook, WebhookStep)
    assert (webhook.next, webhook.failed, webhook.up_to) == ("approve", "approve", timedelta(hours=1))
    assert isinstance(approve, ApproveStep)
    assert (approve.next, approve.rejected) == ("wait", None)


@pytest.mark.parametrize(
    ("wait", "until"),
    [
        ("24 hours", Until(duration=timedelta(hours=24))),
        ("{for: 1 day 6 hours}", Until(duration=timedelta(hours=30))),
        ('{for: 3 days, at: "09:00"}', Until(days=3, at=time(9))),
        ('{until: "09:00-20:00 on mon..fri"}', Until(slot=(Window(540, 1200, frozenset(range(1, 6))),))),
        ('{until: "08:00 on mon"}', Until(slot=(Window(480, 480, frozenset({1})),))),
        ('{until: ["09:00 on sat", "22:00-02:00"]}', Until(slot=(Window(540, 540, frozenset({6})), Window(1320, 1560)))),
        ("{until: best_time}", Until(best_time=True)),
    ],
)  # fmt: skip
def test_every_wait_for_a_time_is_read(leads, wait: str, until: Until):
    (step,) = read(leads, f"- wait: {wait}\n").steps

    assert isinstance(step, WaitStep)
    assert (step.until, step.outcomes, step.next) == (until, (), None)


def test_a_wait_for_a_date_is_moved_by_an_offset(leads):
    (step,) = read(leads, '- wait: {until: person.birthday - 7 days, at: "10:00", past: exit}\n').steps

    assert isinstance(step, WaitStep)
    assert step.until.moment is not None
    assert step.until.moment.sql() == "person.birthday"
    assert (step.until.offset, step.until.at, step.until.past) == (timedelta(days=-7), time(10), "exit")


def test_a_wait_for_several_outcomes_has_a_way_for_each(leads):
    journey = read(
        leads,
        """\
- send: nurture_intro
  by: email
- wait:
    for: {bought: did('order_completed'), clicked: clicked('nurture_intro')}
    up_to: 3 days
    since: entry
    reset: did('visited')
  bought: [end]
  else: [{tag: silent}]
- {tag: awake}
""",
    )
    wait = journey.step("wait")

    assert isinstance(wait, WaitStep)
    assert [(way.name, way.target) for way in wait.outcomes] == [("bought", "end"), ("clicked", "set_2")]
    assert (wait.next, wait.since, wait.until) == ("set", "entry", Until(duration=timedelta(days=3)))
    assert wait.reset is not None
    assert journey.step("set").next == "set_2"


def test_of_several_ways_the_last_is_for_everybody_else(leads):
    journey = read(
        leads,
        """\
- ways:
    - {if: person.country = 'DE', then: [{tag: german}]}
    - {if: "did('visited', within => interval '7 days', at_least => 2)"}
  else: [end]
- {tag: known}
""",
    )
    branch = journey.steps[0]

    assert isinstance(branch, BranchStep)
    assert [(way.name, way.target, way.when is None) for way in branch.ways] == [
        ("way_1", "set", False),
        ("way_2", "set_2", False),
        ("else", "end", True),
    ]
    assert branch.next is None


def test_an_arm_without_a_path_goes_on(leads):
    journey = read(leads, "- split: {a: 12.5%, b: 87.5%}\n  b: [{tag: b}]\n- wait: 1 day\n")
    split = journey.steps[0]

    assert isinstance(split, SplitStep)
    assert [(way.name, way.target, way.share) for way in split.ways] == [("a", "wait", 0.125), ("b", "set", 0.875)]


@pytest.mark.parametrize(
    ("enter", "fields"),
    [
        ("on: exit ref('new_leads')", {"kind": "exit", "model": "new_leads"}),
        ("on: in ref('new_leads')\n  again: after leaving", {"kind": "in", "again": Again("after_leaving")}),
        ("on: occur ref('order_cancelled')\n  again: per order_id\n  overlap: true", {"kind": "occur", "model": "order_cancelled", "again": Again("per", per="order_id"), "overlap": True}),
        ("on: event 'order_completed'\n  again: every 30 days", {"kind": "event", "name": "order_completed", "again": Again("every", every=timedelta(days=30))}),
        ("on: date ref('people').birthday\n  offset: -7 days\n  at: '09:00'\n  yearly: true", {"kind": "date", "model": "people", "column": "birthday", "offset": timedelta(days=-7), "at": time(9), "yearly": True}),
        ("on: schedule '0 9 * * mon'\n  for: ref('vips')", {"kind": "schedule", "model": "vips", "cron": "0 9 * * mon"}),
        ("on: list \"audiences/guests.csv\"", {"kind": "list", "file": "audiences/guests.csv", "model": None}),
        ("on: occur ref('order_cancelled')\n  not_older_than: 3 days\n  backfill: true", {"not_older_than": timedelta(days=3), "backfill": True}),
    ],
)  # fmt: skip
def test_every_way_in_is_read(leads, enter: str, fields: dict[str, object]):
    leads.write("audiences/guests.csv", "customer_id\n1\n")

    entry = entering(leads, f"  {enter}\n").entry

    assert {name: getattr(entry, name) for name in fields} == fields


def test_a_change_is_from_a_value_to_another_or_by_so_much(leads):
    journey = entering(leads, "  on: change ref('people').tier\n  from: null\n  to: \"'gold'\"\n")
    change = journey.entry.change

    assert change is not None
    assert change.before is not None
    assert change.after is not None
    assert (change.before.sql(), change.after.sql(), change.by) == ("NULL", "'gold'", None)
    leads.change("journeys/leads.yml", "  from: null\n  to: \"'gold'\"\n", "  by: -10\n")
    change = leads.load().journeys["lead_nurturing"].entry.change
    assert change is not None
    assert (change.before, change.after, change.by) == (None, None, -10)


def test_a_journey_may_begin_where_another_ends(leads):
    leads.write(
        "journeys/next.yml",
        "journey: next\nenter: {on: end 'lead_nurturing', reasons: [completed, goal]}\nsteps: [end]\n",
    )

    entry = leads.load().journeys["next"].entry

    assert (entry.kind, entry.name, entry.reasons) == ("end", "lead_nurturing", ("completed", "goal"))


def test_what_holds_for_the_whole_journey_is_read(leads):
    leads.change(
        "journeys/leads.yml",
        "exit:\n  when: did('order_completed')\n" + GOAL,
        "exit: [{when: did('order_completed')}, {when: not consented('email')}]\n"
        "goal: {did: order_completed, where: event.amount > 50, then: continue}\n"
        "status: sends_paused\nin_flight: migrate\nredirects: {old: wait}\non_segment_exit: exit\nholdout: 10%\n"
        "priority: 3\nexpires_after: 2 days\nguard: {max_enter: 500, max_messages: 2000}\n"
        "on_complete: [{sync: {to: meta_ads, list: Done}}]\ndescription: So that leads become customers.",
    )
    leads.change("journeys/leads.yml", "  - send: nurture_intro\n", "  - send: nurture_intro\n    priority: 5\n    expires_after: 1 hour\n")  # fmt: skip

    journey = leads.load().journeys["lead_nurturing"]

    assert [rule.when.sql(normalize_functions=False) for rule in journey.exits] == [
        "did('order_completed')",
        "NOT consented('email')",
    ]
    assert journey.goal is not None
    assert (journey.goal.leaves, journey.goal.within) == (False, None)
    assert (
        journey.goal.when.sql("duckdb", normalize_functions=False)
        == "did('order_completed', where => event.amount > 50)"
    )
    assert (journey.status, journey.in_flight, journey.redirects) == ("sends_paused", "migrate", {"old": "wait"})
    assert (journey.on_segment_exit, journey.holdout) == ("exit", 0.1)
    assert (journey.guard.max_enter, journey.guard.max_messages) == (Limit(count=500), 2000)
    assert [(move.to, move.add, move.remove) for move in journey.on_complete] == [("meta_ads", "Done", None)]
    sends = [step for step in journey.steps if isinstance(step, SendStep)]
    assert [(send.priority, send.expires_after) for send in sends[:2]] == [(5, timedelta(hours=1)), (3, timedelta(days=2))]  # fmt: skip


# --- what is wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # the whole file
        (NAME, "journey: lead nurturing", "leads.yml:1: journey: `lead nurturing` is not a name; use letters, digits and `_`"),
        (NAME, NAME + "\ncolour: 1", "leads.yml:2: colour: no such key; there are description, enter, exit"),
        (NAME, "jurney: x", "leads.yml:1: jurney: no such key; did you mean `journey`?"),
        (NAME, NAME + "\nstatus: paused", "leads.yml:2: status: `paused` is not known; there are active, draft, entries_paused"),
        (NAME, NAME + "\nholdout: 10", "leads.yml:2: holdout: write a share of people, such as `5%`"),
        (NAME, NAME + "\nguard: {min_members: 20}", "leads.yml:2: guard.min_members: does not go with a journey"),
        (NAME, NAME + "\nguard: {max_enter: 20%}", "leads.yml:2: guard.max_enter: a journey has no members to take a share of"),
        (NAME, NAME + "\nin_flight: keep", "leads.yml:2: in_flight: `keep` is not known; there are drain, exit, migrate, pin"),
        (NAME, NAME + "\nredirects: {gone: wat}", "leads.yml:2: redirects.gone: no step `wat`; did you mean `wait`?"),
        (NAME, NAME + "\non_complete: [{sync: {to: meta_ads}}]", "leads.yml:2: on_complete[0].sync.list: is missing; name the `list`"),
        (NAME, NAME + "\non_complete: [{sync: {to: email, list: x}}]", "leads.yml:2: on_complete[0].sync.list: `email` (smtp) has no lists"),
        (NAME, "journey: vips", "leads.yml:1: journey: `vips` is the audience in audiences/vips.yml; the two share their names"),
        # how people come in
        (ON, "on: enters ref('new_leads')", "leads.yml:3: enter.on: `enters` lets nobody in; did you mean `enter`?"),
        (ON, "on: enter new_leads", "leads.yml:3: enter.on: is not how `enter` is written; write enter ref('the_model')"),
        (ON, "on: enter ref('new_lead')", "leads.yml:3: enter.on: no model `new_lead`; did you mean `new_leads`?"),
        (ON, "on: change ref('new_leads')", "leads.yml:3: enter.on: is not how `change` is written; write change ref('the_model').column"),
        (ON, "on: date ref('new_leads').birthday\n  to: 3", "leads.yml:4: enter.to: does not go with `date`, but with change"),
        (ON, "on: schedule '0 9 * *'\n  for: ref('vips')", "leads.yml:3: enter.on: `0 9 * *` is no schedule; write minute, hour, day"),
        (ON, "on: schedule '0 25 * * mon'\n  for: ref('vips')", "leads.yml:3: enter.on: "),
        (ON, "on: schedule '0 9 30 2 *'\n  for: ref('vips')", "leads.yml:3: enter.on: `0 9 30 2 *` never comes"),
        (ON, "on: schedule '0 9 * * mon'", "leads.yml:2: enter.for: is missing; say who enters, such as for: ref('people')"),
        (ON, "on: schedule '0 9 * * mon'\n  for: ref('vip')", "leads.yml:4: enter.for: no model `vip`; did you mean `vips`?"),
        (ON, "on: list 'audiences/guests.csv'", "leads.yml:3: enter.on: no file `audiences/guests.csv`; put the list under audiences/"),
        (ON, "on: list '../secrets.csv'", "leads.yml:3: enter.on: `../secrets.csv` is outside of the project"),
        (ON, "on: end 'lead_nurturing'", "leads.yml:3: enter.on: a journey cannot begin by its own end"),
        (ON, "on: end 'other'", "leads.yml:3: enter.on: no journey `other`; there is none"),
        (ON, "on: event 'x'\n  where: event.sku >", "leads.yml:4: enter.where: is not SQL: something is missing at `>`"),
        (ON, "on: event 'x'\n  where: did('y')", "leads.yml:4: enter.where: no function `did`"),
        (ON, "on: change ref('vips').tier\n  from: silver", "leads.yml:4: enter.from: is not a value; text is in single quotes inside the YAML's: \"'silver'\""),
        (ON, "on: change ref('vips').tier\n  to: 1 + 1", "leads.yml:4: enter.to: is not a value, such as `10`"),
        (ON, "on: change ref('vips').tier\n  by: 0", "leads.yml:4: enter.by: is no change; write by how much"),
        (ON, "on: change ref('vips').tier\n  by: much", "leads.yml:4: enter.by: should be a number"),
        (ON, "on: date ref('vips').birthday\n  offset: 7", "leads.yml:4: enter.offset: write how long before or after, such as `-7 days`"),
        (ON, "on: date ref('vips').birthday\n  at: 9", "leads.yml:4: enter.at: write a time of the day in quotes"),
        (ON, ON + "\n  offset: -7 days", "leads.yml:4: enter.offset: does not go with `enter`, but with date"),
        (ON, ON + "\n  not_older_than: 1 day", "leads.yml:4: enter.not_older_than: does not go with `enter`, but with exit"),
        (ON, ON + "\n  reasons: [goal]", "leads.yml:4: enter.reasons: does not go with `enter`, but with end"),
        (f"{ON}\n", "backfill: false\n", "leads.yml:2: enter.on: is missing"),
        ("again: never", "again: sometimes", "leads.yml:5: enter.again: `sometimes` is not known; write `never`, `after leaving`"),
        ("again: never", "again: every month", "leads.yml:5: enter.again: a month has no fixed length; write days"),
        ("again: never", "again: every 30", "leads.yml:5: enter.again: `30` is not a duration"),
        (f"{ON}\n  if: consented('email')\n  again: never", "on: event 'x'\n  again: after leaving", "leads.yml:4: enter.again: nobody is in `event`, and so nobody leaves it"),
        ("if: consented('email')", "if: consented('emial')", "leads.yml:4: enter.if: consented('emial'): no channel `emial`; did you mean `email`?"),
        ("if: consented('email')", "if: opened('nurture_intro')", "leads.yml:4: enter.if: opened('nurture_intro'): nobody has taken a step here yet: `nurture_intro` comes later"),
        # how they leave
        ("when: did('order_completed')", "when: did(order_completed)", "leads.yml:7: exit.when: did(): an event is written in quotes"),
        ("when: did('order_completed')", "wenn: did('order_completed')", "leads.yml:7: exit.wenn: no such key; did you mean `when`?"),
        ("when: did('order_completed')", "when: opened('nurture_into')", "leads.yml:7: exit.when: opened('nurture_into'): no step `nurture_into`"),
        ("exit:\n  when: did('order_completed')", "exit:\n  - when: did('x')\n  - when: opened('wait')", "leads.yml:8: exit[1].when: opened('wait'): `wait` (wait) sends no message"),
        (GOAL, "goal: {within: 30 days}", "leads.yml:8: goal: says neither `did` (an event) nor `when`"),
        (GOAL, "goal: {did: x, when: did('x')}", "leads.yml:8: goal.when: `did` is there as well; choose one"),
        (GOAL, "goal: {when: did('x'), where: event.amount > 3}", "leads.yml:8: goal.where: goes with `did`; write it into the predicate"),
        (GOAL, "goal: {did: x, where: event.amount >}", "leads.yml:8: goal.where: is not SQL: something is missing at `>`"),
        (GOAL, "goal: {did: x, then: leave}", "leads.yml:8: goal.then: `leave` is not known; there are continue, exit"),
        (f"{ON}\n  if: consented('email')", "on: event 'x'\non_segment_exit: exit\nenter:\n  on: event 'x'", "here a second time"),
        # waits
        (WAIT, "wait: {for: opened('nurture_intro')}", "leads.yml:12: steps[1].wait.up_to: is missing: this may never happen; say how long to wait"),
        (WAIT, "wait: 2", "leads.yml:12: steps[1].wait: a duration needs its unit, such as `24 hours`"),
        (WAIT, "wait: 2 moons", "leads.yml:12: steps[1].wait: `moons` is not a unit of time"),
        (WAIT, "wait: {for: 2 moons}", "leads.yml:12: steps[1].wait.for: `moons` is not a unit of time"),
        (WAIT, "wait: {}", "leads.yml:12: steps[1].wait: says neither `for` nor `until`"),
        (WAIT, "wait: {for: 2 days, until: best_time}", "leads.yml:12: steps[1].wait.until: `for` is there as well; write two waits"),
        (WAIT, "wait: {for: 36 hours, at: '09:00'}", "leads.yml:12: steps[1].wait.for: goes with `at` in whole days only"),
        (WAIT, "wait: {for: 3 days, at: 9 am}", "leads.yml:12: steps[1].wait.at: write a time of the day in quotes"),
        (WAIT, "wait: {for: 3 days, up_to: 4 days}", "leads.yml:12: steps[1].wait.up_to: goes with a wait for something that may happen"),
        (WAIT, "wait: {for: 3 days, past: exit}", "leads.yml:12: steps[1].wait.past: goes with a wait for a date"),
        (WAIT, "wait: {until: '25:00'}", "leads.yml:12: steps[1].wait.until: `25:00` is not a time of the week; write `08:00 on mon`"),
        (WAIT, "wait: {until: '09:00-20:00 on mo'}", "leads.yml:12: steps[1].wait.until: `mo` is not a day; did you mean `mon`?"),
        (WAIT, "wait: {until: person.birthday - 7 dayz}", "leads.yml:12: steps[1].wait.until: `dayz` is not a unit of time"),
        (WAIT, "wait: {until: best_time, at: '09:00'}", "leads.yml:12: steps[1].wait.at: goes with a wait for whole days or a date"),
        (WAIT, "wait: {for: opened('nurture_2'), up_to: 1 day}", "leads.yml:12: steps[1].wait.for: opened('nurture_2'): no step `nurture_2` before this one: `nurture_2` comes later"),
        (WAIT, "wait: {for: opened('nurture_intr'), up_to: 1 day}", "leads.yml:12: steps[1].wait.for: opened('nurture_intr'): no step `nurture_intr` before this one; did you mean `nurture_intro`?"),
        (WAIT, "wait: {for: opened('nurture_intro'), up_too: 1 day}", "leads.yml:12: steps[1].wait.up_too: no such key; did you mean `up_to`?"),
        (WAIT, "wait: {for: opened('nurture_intro'), up_to: 1 day, at: '09:00'}", "leads.yml:12: steps[1].wait.at: goes with a wait for whole days or a date"),
        (WAIT, "wait: 1 day\n    then: [end]", "leads.yml:13: steps[1].then: nothing leads here: this wait is for a time, and then everybody goes on"),
        (WAIT, WAIT + "\n    opened: [end]", "leads.yml:13: steps[1].opened: nothing leads here: a wait for one thing has `then` and `else`"),
        (WAIT, "wait: {for: {bought: did('x'), clicked: clicked('nurture_intro')}, up_to: 1 day}\n    cliked: [end]", "leads.yml:13: steps[1].cliked: nothing leads here: no outcome `cliked`; did you mean `clicked`?"),
        (WAIT, "wait: {for: {else: did('x')}, up_to: 1 day}", "leads.yml:12: steps[1].wait.for.else: an outcome cannot be called `else`"),
        (WAIT, "wait: {for: {}, up_to: 1 day}", "leads.yml:12: steps[1].wait.for: is empty"),
        # branches and splits
        ("b: 50%", "b: 40%", "leads.yml:21: steps[3].split: adds up to 90%, not to 100%"),
        ("b: 50%", "b: 0.5", "leads.yml:21: steps[3].split.b: write a share of people, such as `5%`"),
        ("b: [{send", "c: [{send", "leads.yml:23: steps[3].c: nothing leads here: no arm `c`; there are a, b"),
        ("{a: 50%, b: 50%}", "{a: 50%, b: 50%}\n    by: email", "leads.yml:22: steps[3].by: no such key; there are id, split"),
        (END, "  - split: {id: 50%, b: 50%}\n", "leads.yml:24: steps[4].split.id: an arm cannot be called `id`"),
        (IF, "  - if: person.x >\n    then:", "leads.yml:13: steps[2].if: is not SQL: something is missing at `>`"),
        (IF, "  - if: opend('nurture_intro')\n    then:", "leads.yml:13: steps[2].if: no function `opend`; did you mean `opened`?"),
        (IF, "  - iff: opened('nurture_intro')\n    then:", "leads.yml:13: steps[2].iff: no such step; did you mean `if`?"),
        (THEN, "    then:\n      - end\n    els:", "leads.yml:16: steps[2].els: no such key; did you mean `else`?"),
        (THEN, "    then: []\n    else:", "leads.yml:14: steps[2].then: is empty; leave the key out"),
        (THEN, "    then:\n        send: nurture_2\n        by: email\n    else:", "leads.yml:14: steps[2].then: should be a list; start each item with `- `"),
        (END, "  - if: did('x')\n", "leads.yml:24: steps[4]: goes nowhere else either way; write `then`, `else` or both"),
        (END, "  - ways: []\n", "leads.yml:24: steps[4].ways: is empty"),
        (END, "  - ways: [{then: [end]}]\n", "leads.yml:24: steps[4].ways[0].if: is missing"),
        (END, "  - ways: [{if: did('x'), than: [end]}]\n", "leads.yml:24: steps[4].ways[0].than: no such key; did you mean `then`?"),
        # steps that nobody reaches, and steps that are none
        ("  - send: nurture_intro\n", "  - end\n  - send: nurture_intro\n", "leads.yml:11: steps[1]: nobody gets here: every way through the steps before it ends"),
        (END, "  - end\n  - wait: 1 day\n  - wait: 1 day\n", "leads.yml:25: steps[5]: nobody gets here"),
        (END, "  - if: did('x')\n    then: [end]\n    else: [end]\n  - wait: 1 day\n", "leads.yml:27: steps[5]: nobody gets here"),
        (END, "  - ned\n", "leads.yml:24: steps[4]: is no step; did you mean `end`?"),
        (END, "  - sned: nurture_2\n    by: email\n", "leads.yml:24: steps[4].sned: no such step; did you mean `send`?"),
        (END, "  - by: email\n", "leads.yml:24: steps[4]: is no step; there are approve, end, event"),
        (END, "  - send: nurture_2\n    wait: 1 day\n", "leads.yml:25: steps[4].wait: `send` and `wait` are two steps; begin each with `- `"),
        (END, "  - id: wait\n    wait: 1 day\n", "leads.yml:24: steps[4].id: `wait` is the step on line 12 already; choose another `id`"),
        (END, "  - id: if_2\n    wait: 1 day\n", "leads.yml:24: steps[4].id: `if_2` is the step on line 18 already"),
        (END, "  - send: nurture_2\n    by: email\n", "leads.yml:24: steps[4].send: `nurture_2` is the name of the step on line 15 already; give this one an `id` of its own"),
        # actions
        ("by: sms", "by: email", "leads.yml:19: steps[2].else[0].then[0].by: message `check_your_inbox` has no content for email, only for sms"),
        ("send: check_your_inbox, by: sms", "send: check_inbox, by: sms", "leads.yml:19: steps[2].else[0].then[0].send: no message `check_inbox`; did you mean `check_your_inbox`?"),
        ("by: sms", "by: text", "leads.yml:19: steps[2].else[0].then[0].by: no destination or channel `text`"),
        ("by: sms", "buy: sms", "leads.yml:19: steps[2].else[0].then[0].buy: no such key; did you mean `by`?"),
        ("list: Unreached leads", "lst: Unreached leads", "leads.yml:20: steps[2].else[0].else[0].sync.lst: no such key; did you mean `list`?"),
        ("to: meta_ads", "to: metads", "leads.yml:20: steps[2].else[0].else[0].sync.to: no destination `metads`; did you mean `meta_ads`?"),
        ("to: meta_ads", "to: email", "leads.yml:20: steps[2].else[0].else[0].sync.list: `email` (smtp) has no lists; it sends messages"),
        ("list: Unreached leads", "list: A, remove: A", "leads.yml:20: steps[2].else[0].else[0].sync.remove: `A` is put on and taken off at once"),
        ("list: Unreached leads", "list: A, match: {emial: email}", "leads.yml:20: steps[2].else[0].else[0].sync.match.emial: `meta_ads` (meta_custom_audiences) does not know people by `emial`; did you mean `email`?"),
        (END, "  - set: {}\n", "leads.yml:24: steps[4].set: is empty"),
        (END, "  - set: {offer: trait(x)}\n", "leads.yml:24: steps[4].set.offer: trait(): a trait is written in quotes"),
        (END, "  - {tag: vip, untag: [vip]}\n", "leads.yml:24: steps[4].untag: `vip` is put on and taken off at once"),
        (END, "  - event: ''\n", "leads.yml:24: steps[4].event: is empty"),
        (END, "  - event: x\n    with: {a: lowr(email)}\n", "leads.yml:25: steps[4].with.a: no function `lowr`; did you mean `lower`?"),
        (END, "  - webhook: scor_lead\n", "leads.yml:24: steps[4].webhook: no message `scor_lead`; did you mean `score_lead`?"),
        (END, "  - {webhook: nurture_2, id: hook}\n", "leads.yml:24: steps[4].by: message `nurture_2` has no content for webhook, only for email"),
        (END, "  - if: answer('nurture_2', '$.score') > '3'\n    then: [end]\n", "leads.yml:24: steps[4].if: answer('nurture_2'): `nurture_2` (send) is given no answer"),
        (END, "  - approve:\n", "leads.yml:24: steps[4].approve: is empty; it should be text"),
        (END, "  - approve: Really?\n    else: end\n", "leads.yml:25: steps[4].else: should be a list"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_journey_is_told_once_with_line_key_and_fix(leads, old: str, new: str, told: str):
    leads.change("journeys/leads.yml", old, new)

    complaints = leads.complaints()

    assert len(complaints) == 1, complaints
    assert told in complaints[0]


def test_a_webhooks_answer_comes_from_a_webhook(leads):
    leads.change("journeys/leads.yml", END, "  - webhook: score_lead\n    by: email\n")

    assert leads.complaints() == [
        "journeys/leads.yml:25: steps[4].by: `email` sends by email and is given no answer; write `send`, or name a webhook",
        "journeys/leads.yml:25: steps[4].by: message `score_lead` has no content for email, only for webhook",
    ]


def test_leaving_a_segment_ends_nothing_where_people_came_in_by_none(leads):
    leads.change("journeys/leads.yml", f"enter:\n  {ON}\n  if: consented('email')\n", "on_segment_exit: exit\nenter:\n  on: event 'x'\n")  # fmt: skip

    assert leads.complaints() == [
        "journeys/leads.yml:2: on_segment_exit: who came in by `event` is in no segment, and so leaves none; write "
        "continue, or an `exit` rule"
    ]


def test_a_message_of_a_parallel_path_is_not_one_that_was_sent(leads):
    leads.change("journeys/leads.yml", "if: reachable('sms')", "if: opened('nurture_2')")

    (told,) = leads.complaints()

    assert "steps[2].else[0].if: opened('nurture_2'): no step `nurture_2` before this one" in told


def test_everything_wrong_is_told_at_once(leads):
    leads.change("journeys/leads.yml", "b: 50%", "b: 40%")
    leads.change("journeys/leads.yml", "by: sms", "by: smss")
    leads.change("journeys/leads.yml", "again: never", "again: now")

    assert [line.split(": ")[:2] for line in leads.complaints()] == [
        ["journeys/leads.yml:5", "enter.again"],
        ["journeys/leads.yml:19", "steps[2].else[0].then[0].by"],
        ["journeys/leads.yml:21", "steps[3].split"],
    ]


def test_two_files_may_not_have_the_same_journey(leads):
    leads.write("journeys/more.yml", LEADS)

    assert leads.complaints() == [
        "journeys/more.yml:1: journey: `lead_nurturing` is in journeys/leads.yml already; choose another name"
    ]


def test_journeys_that_begin_by_each_others_end_would_never_begin(leads):
    for name, before in (("a", "b"), ("b", "a")):
        leads.write(f"journeys/{name}.yml", f"journey: {name}\nenter: {{on: end '{before}'}}\nsteps: [end]\n")

    assert leads.complaints() == [
        "journeys/a.yml:2: enter.on: `a` and `b` begin by each other's end: nobody would be the first",
        "journeys/b.yml:2: enter.on: `b` and `a` begin by each other's end: nobody would be the first",
    ]


def test_what_an_audience_keeps_as_objects_is_no_list_of_a_journey(leads):
    leads.write("audiences/o.yml", "audience: o\nwho: ref('vips')\nsync:\n  - {to: exports, object: x, match: {email: email}}\n")  # fmt: skip
    leads.change("journeys/leads.yml", "to: meta_ads, list: Unreached leads", "to: exports, list: x")

    assert leads.complaints() == [
        "journeys/leads.yml:20: steps[2].else[0].else[0].sync: `x` of `exports` is an object in audiences/o.yml"
    ]


def test_nobody_is_blamed_for_a_step_that_could_not_be_read(leads):
    leads.change("journeys/leads.yml", "  - send: nurture_intro\n    by: email\n", "  - send: nurture_intro\n")

    assert leads.complaints() == [
        "journeys/leads.yml:10: steps[0].by: is missing: A destination or channel, or several: the first that reaches "
        "the person"
    ]


def test_a_broken_journey_does_not_hide_the_others(leads):
    leads.write("journeys/more.yml", "journey: more\nenter: {on: end 'lead_nurturing'}\nsteps: [ned]\n")

    assert leads.complaints() == ["journeys/more.yml:3: steps[0]: is no step; did you mean `end`?"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "journey",
        "journey: a\nenter: 3\nsteps: 4",
        "journey: a\nenter: {on: ''}\nsteps: {}",
        "journey: a\nenter: {on: event 'x', again: 3}\nexit: []\ngoal: 3\nsteps: [end]",
        "journey: a\nenter: {on: event 'x'}\nexit: 3\nredirects: [a]\non_complete: [3]\nguard: 3\nsteps: [end]",
        "journey: a\nenter: {on: event 'x'}\nsteps: [null, 3, [], {}, {3: 4}, {send: null, by: null}, {wait: null}, {wait: []}]",
        "journey: a\nenter: {on: event 'x'}\nsteps: [{wait: {for: 3}}, {wait: {for: [a]}}, {wait: {until: 3}}, {wait: {until: ''}}]",
        "journey: a\nenter: {on: event 'x'}\nsteps: [{if: null, then: [end]}, {if: [], then: 3}, {split: 3}, {split: {a: 1}, a: 3}]",
        "journey: a\nenter: {on: event 'x'}\nsteps: [{ways: 3}, {ways: {}}, {ways: [3, null]}, {ways: [{if: x, then: 3}]}, {sync: [3]}]",
        "journey: a\nenter: {on: event 'x'}\nsteps: [{set: {a: []}}, {tag: 3}, {event: x, with: 3}, {approve: {}}, {end: 5}]",
        "journey: a\nenter: {on: event 'x'}\nsteps: [{wait: {for: {a: [], b: null}, up_to: 1 day}, a: 3}, {wait: 1 day, id: 3}]",
    ],
)  # fmt: skip
def test_whatever_is_written_is_answered_with_file_and_line(leads, text: str):
    leads.write("journeys/leads.yml", text)

    complaints = leads.complaints()

    assert complaints
    assert all(line.startswith("journeys/leads.yml:") for line in complaints)


def test_a_journey_that_is_nested_without_end_is_refused(leads):
    steps = "[end]"
    for _ in range(400):
        steps = f"[{{if: did('x'), then: {steps}}}]"
    leads.write("journeys/leads.yml", f"journey: a\nenter: {{on: event 'x'}}\nsteps: {steps}\n")

    assert leads.complaints() == ["journeys/leads.yml: is nested too deeply; let one journey begin where another ends"]


# --- what it means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NAME, "# a comment\njourney: lead_nurturing\ndescription: Why we do this."),
        ("exit:\n  when: did('order_completed')", "exit: [{when: DID( 'order_completed' )}]"),
        ("b: [{send: nurture_3b, by: email}]", "b:\n      - send: nurture_3b\n        by: [email]"),
        (NAME, NAME + "\nstatus: sends_paused\nin_flight: exit\nguard: {max_enter: 5}"),
        ("again: never", "again: never\n  overlap: false"),
    ],
)  # fmt: skip
def test_how_a_file_is_written_does_not_make_another_version(leads, old: str, new: str):
    before = leads.load().journeys["lead_nurturing"].hash

    leads.change("journeys/leads.yml", old, new)

    assert leads.load().journeys["lead_nurturing"].hash == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("up_to: 2 days", "up_to: 3 days"),
        ("{a: 50%, b: 50%}", "{a: 60%, b: 40%}"),
        ("if: reachable('sms')", "if: not reachable('sms')"),
        (END, "  - wait: 1 day\n"),
        ("by: sms", "by: sms, priority: 2"),
        ("within: 30 days", "within: 31 days"),
        (f"{WAIT}\n", f"{WAIT}\n    id: patience\n"),
    ],
)
def test_what_a_file_means_makes_another_version(leads, old: str, new: str):
    before = leads.load().journeys["lead_nurturing"].hash

    leads.change("journeys/leads.yml", old, new)

    assert leads.load().journeys["lead_nurturing"].hash != before


def test_an_old_version_is_read_against_the_project_of_today(leads):
    project = leads.load()

    old = reread(LEADS.replace("2 days", "4 days"), project)

    assert old.file == "journeys/leads.yml"
    assert old.step("wait").until == Until(duration=timedelta(days=4))
    assert reread(LEADS, project) == project.journeys["lead_nurturing"]


def test_an_old_version_that_does_not_fit_any_more_says_why(leads):
    project = leads.load()

    with pytest.raises(SpecError) as caught:
        reread(LEADS.replace("send: nurture_2", "send: nurture_22"), project)

    assert [str(problem) for problem in caught.value.problems] == [
        "journeys/leads.yml:15: steps[2].then[0].send: no message `nurture_22`; did you mean `nurture_2`?"
    ]
