"""Identifiers: what a platform matches people by must be made exactly as it makes its own."""

from __future__ import annotations

import csv
import hashlib
import time
from pathlib import Path

import polars as pl
import pytest

from tidegate import registry
from tidegate.connector import Identifier
from tidegate.identifiers import as_sent, rules

ROOT = Path(__file__).parents[2]
META = registry.load("meta_custom_audiences", ROOT).identifiers


def vectors() -> list[dict[str, str]]:
    with (ROOT / "tests/connectors/vectors/meta.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: f"{v['identifier']}-{v['raw'].strip()}-{v['country']}")
def test_meta_gets_what_meta_documents(vector: dict[str, str]) -> None:
    frame = pl.DataFrame({vector["identifier"]: [vector["raw"]]})
    if vector["country"]:
        frame = frame.with_columns(country=pl.lit(vector["country"]))
    sent = as_sent(frame, META)[vector["identifier"]].item()
    assert sent == (vector["as_sent"] or None)


def test_every_identifier_of_meta_has_a_vector() -> None:
    assert {vector["identifier"] for vector in vectors()} == set(META)


def test_every_rule_that_a_shipped_connector_names_exists() -> None:
    for name in registry.names(ROOT):
        named = {identifier.rule for identifier in registry.load(name, ROOT).identifiers.values()}
        assert named <= rules(), name


def test_only_columns_that_are_identifiers_come_back_in_their_order() -> None:
    frame = pl.DataFrame({"phone": ["+447700900123"], "country": ["GB"], "other": ["x"], "email": ["A@example.com"]})
    sent = as_sent(frame, {"email": Identifier("email"), "phone": Identifier("phone"), "city": Identifier("city")})
    assert sent.to_dicts() == [{"phone": "+447700900123", "email": "a@example.com"}]


def test_the_country_says_how_a_number_is_read_and_the_region_is_for_those_without() -> None:
    frame = pl.DataFrame(
        {"phone": ["020 7946 0018", "(202) 555-0100", "030 123456"], "country": ["United Kingdom", None, "de"]}
    )
    phones = {"phone": Identifier("phone")}
    assert as_sent(frame, phones, region="US")["phone"].to_list() == ["+442079460018", "+12025550100", "+4930123456"]
    assert as_sent(frame, phones)["phone"].to_list() == ["+442079460018", None, "+4930123456"]


def test_what_is_hashed_already_is_not_hashed_again() -> None:
    plain, hashed = "ada@example.com", hashlib.sha256(b"ada@example.com").hexdigest()
    frame = pl.DataFrame({"email": [plain, hashed, hashed.upper(), f" {hashed} "]})
    assert as_sent(frame, {"email": Identifier("email", "sha256")})["email"].to_list() == [hashed] * 4


def test_a_hash_is_no_identifier_where_the_platform_wants_it_plain() -> None:
    assert as_sent(pl.DataFrame({"email": ["a" * 64]}), {"email": Identifier("email")})["email"].to_list() == [None]


def test_nothing_and_blanks_are_null_never_the_hash_of_nothing() -> None:
    for name, identifier in META.items():
        values = as_sent(pl.DataFrame({name: [None, "", "  ", "\t"]}, schema={name: pl.String}), META)[name].to_list()
        assert values == [None] * 4, (name, identifier)


def test_composed_and_decomposed_letters_are_the_same_person() -> None:
    sent = as_sent(pl.DataFrame({"first_name": ["Val\u00e9ry", "Vale\u0301ry"]}), META)["first_name"]
    assert sent[0] == sent[1] == "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"


def test_values_that_are_not_text_are_written_out() -> None:
    frame = pl.DataFrame({"external_id": [12347], "birth_day": [pl.date(1997, 2, 16)]}).with_columns(
        birth_day=pl.date(1997, 2, 16)
    )
    sent = as_sent(frame, {"external_id": Identifier("plain"), "birth_day": Identifier("birth_day")})
    assert sent.to_dicts() == [{"external_id": "12347", "birth_day": "16"}]


def test_no_rows_are_no_rows() -> None:
    frame = pl.DataFrame(schema=dict.fromkeys(META, pl.String))
    assert as_sent(frame, META).shape == (0, len(META))


def test_a_hundred_thousand_people_take_less_than_a_second() -> None:
    frame = pl.DataFrame(
        {
            "email": [f" Person.{n}@Example.com" for n in range(100_000)],
            "phone": [f"07700 9{n:05d}" for n in range(100_000)],
            "country": ["United Kingdom"] * 100_000,
        }
    )
    wanted = {"email": META["email"], "phone": META["phone"]}
    as_sent(frame.head(1), wanted)
    began = time.perf_counter()
    sent = as_sent(frame, wanted)
    assert time.perf_counter() - began < 1
    assert sent["phone"][1] == hashlib.sha256(b"447700900001").hexdigest()
    assert sent.null_count().row(0) == (0, 0)
