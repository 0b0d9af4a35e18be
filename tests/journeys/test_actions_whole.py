"""Actions in a whole project: files, dbt, the sandbox's webhook, the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.runs.shop import Shop

SCORED = """
journey: scored
enter: {on: occur ref('ordered')}
steps:
  - webhook: score_lead
    by: customer_care
    up_to: 1 day
  - set: {score: "cast(answer('score_lead', '$.score') as integer)"}
    tag: buyer
  - event: was_scored
    with: {amount: entry.amount}
  - send: told
    by: email
  - approve: "Put them among the best?"
    id: best
  - sync: {to: ads, list: Best}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop").found()
    shop.edit(
        "tidegate.yml",
        "  dev: {destinations: sandbox}\n",
        "  dev:\n    destinations: sandbox\n"
        "    behave: {answers: {customer_care: {score: 87, words: {en: 'a <good> one'}}}}\n",
    )
    shop.edit(
        "tidegate.yml",
        "      exports:",
        '      customer_care: {connector: webhook, url: "https://care.example/", secret: "${HOOK}"}\n      exports:',
    )
    shop.write("journeys/scored.yml", SCORED)
    shop.write("messages/score_lead/webhook.json", '---\ntopic: transactional\n---\n{"email": "{{ person.email }}"}\n')
    shop.write(
        "messages/told/email.mjml",
        '---\nsubject: "You score {{ step.score_lead.score }}"\ntopic: transactional\n---\n'
        "<mjml><mj-body><mj-section><mj-column><mj-text>{{ step.score_lead.words.en }}, "
        "{{ step.score_lead.nothing | default('no more') }}</mj-text></mj-column></mj-section></mj-body></mjml>\n",
    )
    shop.edit(
        "models/sources.yml",
        "  - name: raw\n",
        "  - name: tidegate\n    schema: tidegate\n    tables: [{name: traits}, {name: emitted}]\n  - name: raw\n",
    )
    shop.write(
        "models/scores.sql",
        "select traits.person, cast(json_extract_string(traits.value, '$') as integer) as score, emitted.name\n"
        "from {{ source('tidegate', 'traits') }} as traits\n"
        "inner join {{ source('tidegate', 'emitted') }} as emitted on traits.person = emitted.person\n"
        "where traits.kind = 'trait' and traits.name = 'score' and emitted.occurred_at <= {{ as_of() }}\n",
    )
    shop.knows("ada", "grace")
    shop.buys("grace")
    return shop


def test_a_webhooks_answer_is_told_kept_as_a_trait_and_read_by_a_model(shop: Shop) -> None:
    shop.run()  # models read traits before anybody has any
    assert shop.rows("select * from corner.scores") == []
    shop.buys("ada", ago=timedelta(minutes=5))
    shop.run()
    shop.run()
    shop.run()

    assert shop.received()["You score 87", "ada@example.com"] == 1
    ((body,),) = shop.rows("select body from tidegate.answers")
    assert json.loads(body) == {"score": 87, "words": {"en": "a <good> one"}}
    assert shop.rows("select person, score, name from corner.scores") == [("ada", 87, "was_scored")]
    assert shop.rows("select name from tidegate.traits where kind = 'tag'") == [("buyer",)]


def test_people_are_approved_at_the_command_line_and_only_then_go_on(shop: Shop) -> None:
    shop.run()
    shop.buys("ada", ago=timedelta(minutes=5))
    shop.run()
    shop.run()

    status = shop.says("status")
    listed = shop.says("approve", "scored", "--step", "best", "--list")
    wrong = shop.says("approve", "scored", "--step", "best", "--person", "grace")
    said = shop.says("approve", "scored", "--step", "best", "--person", "ada", "--why", "she is")
    shop.run()

    assert "tidegate approve scored --step best" in status.out
    assert "ada" in listed.out
    assert (wrong.code, "grace does not stand at `best`" in wrong.err) == (3, True)
    assert (said.code, said.out.strip()) == (0, "scored: approved 1 person at `best`; the next run lets them go on")
    assert shop.rows("select person, why from tidegate.step_approvals") == [("ada", "she is")]
    assert shop.rows("select person from tidegate.delivered where list = 'Best'") == [("ada",)]


def test_an_answer_that_no_step_before_it_gets_is_an_error_in_the_message(shop: Shop) -> None:
    shop.edit("messages/told/email.mjml", "step.score_lead.score", "step.score_leed.score")
    shop.edit("messages/thanks/email.mjml", "Thank you!", "{{ step.score_lead.score }}")

    problems = "\n".join(shop.tells("check", code=2))

    assert "messages/told/email.mjml:2: subject: no webhook step `score_leed` before this message" in problems
    assert "messages/thanks/email.mjml:5: `step` has no place here: only a journey has webhook steps" in problems


def test_a_project_can_be_checked_before_anything_has_run(shop: Shop) -> None:
    said = shop.says("check")

    assert said.code == 0, said.out + said.err
