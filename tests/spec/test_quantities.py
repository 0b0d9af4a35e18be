from __future__ import annotations

from datetime import timedelta

import pytest

from tidegate.spec import quantities
from tidegate.spec.objects import Limit


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 day", timedelta(days=1)),
        ("24 hours", timedelta(days=1)),
        ("7 days", timedelta(days=7)),
        ("90m", timedelta(minutes=90)),
        ("1.5 hours", timedelta(minutes=90)),
        ("1 day 6 hours", timedelta(hours=30)),
        ("2 Weeks", timedelta(days=14)),
        ("30 s", timedelta(seconds=30)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(written: str, meant: timedelta):
    assert quantities.duration(written) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (7, "needs its unit"),
        ("7", "is not a duration"),
        ("", "a number and a unit"),
        ("soon", "is not a duration"),
        ("2 fortnights", "`fortnights` is not a unit of time"),
        ("1 month", "a month has no fixed length"),
        ("1 mo", "a month has no fixed length"),
        ("1 y", "a year has no fixed length"),
        ("0 days", "is no time at all"),
        ("-1 day", "is not a duration"),
        ("1 day later", "is not a duration"),
        ("1e9 days", "is not a unit"),
        ("99999999 weeks", "longer than a hundred years"),
        ("9" * 400 + " weeks", "longer than a hundred years"),
    ],
)
def test_what_is_no_duration_is_told_so(written: object, told: str):
    with pytest.raises(ValueError, match=told):
        quantities.duration(written)


def test_a_limit_is_a_share_a_number_or_none():
    assert quantities.limit("20%") == Limit(share=0.2)
    assert quantities.limit("12.5 %") == Limit(share=0.125)
    assert quantities.limit(500) == Limit(count=500)
    assert quantities.limit("500") == Limit(count=500)
    assert quantities.limit("none") is None


@pytest.mark.parametrize("written", [0.2, True, -1, "-5", "many", None, "20 percent", []])
def test_what_is_no_limit_is_told_so(written: object):
    with pytest.raises(ValueError, match="write a share"):
        quantities.limit(written)


def test_more_than_everyone_cannot_leave_but_an_audience_may_triple():
    assert quantities.share_of_members("100%") == Limit(share=1.0)
    with pytest.raises(ValueError, match="120% is more than everyone"):
        quantities.share_of_members("120%")
    assert quantities.limit("200%") == Limit(share=2.0)


def test_a_model_is_named_as_in_dbt():
    assert quantities.model_name("ref('people')") == "people"
    assert quantities.model_name(' ref( "people" ) ') == "people"
    with pytest.raises(ValueError, match=r"write ref\('people'\)"):
        quantities.model_name("people")
    with pytest.raises(ValueError, match="name a model as in dbt"):
        quantities.model_name("{{ ref('people') }}")
