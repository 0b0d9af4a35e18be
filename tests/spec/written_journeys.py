"""A project that a journey can be written into: models, messages and destinations are there."""

from __future__ import annotations

from tests.spec.written_project import WELCOME, Written

LEADS = """\
journey: lead_nurturing
enter:
  on: enter ref('new_leads')
  if: consented('email')
  again: never
exit:
  when: did('order_completed')
goal: {did: order_completed, within: 30 days}
steps:
  - send: nurture_intro
    by: email
  - wait: {for: opened('nurture_intro'), up_to: 2 days}
  - if: opened('nurture_intro')
    then:
      - send: nurture_2
        by: email
    else:
      - if: reachable('sms')
        then: [{send: check_your_inbox, by: sms}]
        else: [{sync: {to: meta_ads, list: Unreached leads}}]
  - split: {a: 50%, b: 50%}
    a: [{send: nurture_3a, by: email}]
    b: [{send: nurture_3b, by: email}]
  - end
"""
_EMAILS = ("nurture_intro", "nurture_2", "nurture_3a", "nurture_3b")
_CALL = '{"customer": "{{ person.customer_id }}"}\n'


def furnish(shop: Written) -> Written:
    """The same project with what journeys need in it."""
    shop.change(
        "tidegate.yml",
        "      exports:",
        '      customer_care: {connector: webhook, url: "https://example.com/x", secret: "${SECRET}"}\n      exports:',
    )
    shop.model("new_leads", "events")
    for name in _EMAILS:
        shop.write(f"messages/{name}/email.mjml", WELCOME)
    shop.write("messages/check_your_inbox/sms.txt", "Have you seen our mail?\n")
    shop.write("messages/score_lead/webhook.json", _CALL)
    return shop
