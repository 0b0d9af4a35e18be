"""A mail server that puts everybody off: the run says that a destination failed, soon, and nothing is lost."""

from __future__ import annotations

import time

import pytest

from tests.runs.shop import Shop, emails
from tidegate.delivery import pacing


def test_mail_that_is_deferred_throughout_fails_its_destination_and_goes_out_later(shop: Shop) -> None:
    shop.misbehaves(kind="error", code=451, at="rcpt", connector="smtp")
    shop.buys("ada")

    report = shop.run()

    (email,) = [one for one in report.deliveries if one.destination == "email"]
    assert report.status == "failed"
    assert email.problem.startswith("email: smtp_451 (451")
    assert "stay owed" in email.problem
    assert (email.accepted, email.owed) == (0, 2)  # a welcome, and thanks for the order
    shop.behaves()
    assert shop.run().status == "finished"
    assert {to for _, to in shop.received()} == emails(["ada"])


def test_mail_that_is_throttled_throughout_is_given_up_soon(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_FIRST_HOLD", 0.02)
    shop.misbehaves(kind="throttle", connector="smtp")
    shop.buys("ada", "grace", "edith")
    began = time.monotonic()

    report = shop.run()

    (email,) = [one for one in report.deliveries if one.destination == "email"]
    assert time.monotonic() - began < 30
    assert "email: throttled (" in email.problem
    assert "5 times in a row" in email.problem
    assert email.owed == 6
