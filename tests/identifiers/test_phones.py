"""Telephone numbers: the quick way must never differ from the careful one."""

from __future__ import annotations

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS, ValidationResult

from tidegate.identifiers.phones import e164

REGIONS = sorted(SUPPORTED_REGIONS)
# Prefixes that change how the rest is read: trunk, international, toll, mobile tokens, carriers.
PREFIXES = ["", "0", "00", "011", "1", "8", "06", "15", "9", "90", "0015", "180020", "(0)", "02"]


def carefully(raw: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str]:
    region = draw(st.sampled_from(REGIONS))
    home = draw(st.sampled_from(REGIONS)) if draw(st.booleans()) else region
    example = phonenumbers.example_number_for_type(region, draw(st.sampled_from([0, 1])))
    digits = list(phonenumbers.national_significant_number(example)) if example else list("123456789")
    for _ in range(draw(st.integers(0, 3))):
        digits[draw(st.integers(0, len(digits) - 1))] = draw(st.sampled_from("0123456789"))
    national = draw(st.sampled_from(PREFIXES)) + "".join(digits)[: draw(st.integers(4, 15))]
    code = phonenumbers.country_code_for_region(region)
    number = draw(st.sampled_from([national, f"+{code}{national}", f"+{code} {national}", f"{code}{national}"]))
    middle = len(number) // 2
    return draw(
        st.sampled_from([number, f"{number[:middle]} {number[middle:]}", f"{number[:middle]}-{number[middle:]}"])
    ), home


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers(), min_size=1, max_size=60))
def test_the_quick_way_and_the_careful_way_agree(cases: list[tuple[str, str]]) -> None:
    found = e164(pl.Series([raw for raw, _ in cases]), pl.Series([region for _, region in cases]))
    assert found.to_list() == [carefully(raw, region) for raw, region in cases]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=20), st.sampled_from([None, "GB", "US", "ZZ", ""])), min_size=1, max_size=20)
)
def test_whatever_is_written_there_it_is_a_number_or_nothing(cases: list[tuple[str, str | None]]) -> None:
    found = e164(pl.Series([raw for raw, _ in cases]), pl.Series([region for _, region in cases], dtype=pl.String))
    assert len(found) == len(cases)
    assert all(value is None or value.startswith("+") for value in found)


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("+44 (0)20 7946 0018", None, "+442079460018"),
        ("0044 20 7946 0018", None, "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("020 7946 0018", None, None),
        ("447700900123", None, None),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06 6982", "IT", "+39066982"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("+1 202 555 0100 ext. 7", None, "+12025550100"),
        ("call me", "GB", None),
        ("", "GB", None),
        (None, "GB", None),
    ],
)
def test_numbers_as_people_write_them(raw: str | None, region: str | None, expected: str | None) -> None:
    found = e164(pl.Series([raw], dtype=pl.String), pl.Series([region], dtype=pl.String))
    assert found.to_list() == [expected]
