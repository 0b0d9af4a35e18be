"""Identifiers: what a platform matches people by must be made exactly as it makes its own."""

from __future__ import annotations

import base64
import csv
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tidegate import registry
from tidegate.connector import Identifier
from tidegate.identifiers import PLATFORMS, as_sent, rules
from tidegate.identifiers.page import page

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests/connectors/vectors"
META = PLATFORMS["meta"].identifiers
UNHASHED_CITY = {"city": Identifier("city")}


def vectors(name: str) -> list[dict[str, str]]:
    with (VECTORS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sent_of(platform: str, vector: dict[str, str]) -> str | None:
    frame = pl.DataFrame({vector["identifier"]: [vector["raw"]]})
    if vector["country"]:
        frame = frame.with_columns(country=pl.lit(vector["country"]))
    sent: str | None = as_sent(frame, PLATFORMS[platform].identifiers)[vector["identifier"]].item()
    return sent


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_gets_what_it_documents(platform: str) -> None:
    wrong = [
        (vector["identifier"], vector["raw"], vector["country"], found, vector["as_sent"])
        for vector in vectors(platform)
        if (found := sent_of(platform, vector)) != (vector["as_sent"] or None)
    ]
    assert wrong == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_identifier_of_a_platform_has_a_vector_and_every_vector_a_source(platform: str) -> None:
    assert {vector["identifier"] for vector in vectors(platform)} == set(PLATFORMS[platform].identifiers)
    assert all(vector["source"] and vector["date"] for vector in vectors(platform))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_the_vectors_call_hashed_is_the_hash_of_what_they_say(platform: str) -> None:
    for vector in vectors(platform):
        if vector["plain"] and PLATFORMS[platform].identifiers[vector["identifier"]].hash:
            assert hashlib.sha256(vector["plain"].encode()).hexdigest() == vector["as_sent"], vector


def test_the_page_says_what_the_table_says() -> None:
    assert (ROOT / "docs" / "identifiers.md").read_text(encoding="utf-8") == page()


def test_connectors_of_platforms_take_their_identifiers_from_the_table() -> None:
    connectors = {
        "meta": "meta_custom_audiences",
        "google": "google_customer_match",
        "tiktok": "tiktok_audiences",
        "linkedin": "linkedin_audiences",
        "pinterest": "pinterest_audiences",
        "microsoft": "microsoft_audiences",
    }
    for platform, connector in connectors.items():
        taken = registry.load(connector, ROOT).identifiers
        assert taken.items() <= PLATFORMS[platform].identifiers.items(), connector


def test_the_table_can_be_read_without_the_engines_that_count() -> None:
    code = "import sys, tidegate.identifiers; print({'polars', 'duckdb', 'phonenumbers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


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
    as_base64 = base64.b64encode(bytes.fromhex(hashed)).decode()
    frame = pl.DataFrame({"email": [plain, hashed, hashed.upper(), f" {hashed} ", as_base64]})
    assert as_sent(frame, {"email": Identifier("email", "sha256")})["email"].to_list() == [hashed] * 5


def test_a_hash_of_another_kind_is_no_name_to_be_hashed() -> None:
    name = b"lovelace"
    others = [hashlib.md5(name).hexdigest(), hashlib.sha1(name).hexdigest(), hashlib.sha512(name).hexdigest()]
    assert as_sent(pl.DataFrame({"last_name": others}), META)["last_name"].to_list() == [None] * 3


def test_a_hash_is_no_identifier_where_the_platform_wants_it_plain() -> None:
    assert as_sent(pl.DataFrame({"email": ["a" * 64]}), {"email": Identifier("email")})["email"].to_list() == [None]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_and_blanks_are_null_never_the_hash_of_nothing(platform: str) -> None:
    identifiers = PLATFORMS[platform].identifiers
    for name in identifiers:
        frame = pl.DataFrame({name: [None, "", "  ", "\t"]}, schema={name: pl.String})
        assert as_sent(frame, identifiers)[name].to_list() == [None] * 4, name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_values_that_are_no_identifiers_are_never_hashed(platform: str) -> None:
    identifiers = PLATFORMS[platform].identifiers
    nothing = {hashlib.sha256(value).hexdigest() for value in (b"", b"+", b"@", b"?", b"!?")}
    frame = pl.DataFrame({name: ["?", "!?", "@", "+"] for name, identifier in identifiers.items() if identifier.hash})
    sent = as_sent(frame, identifiers)
    assert not nothing & {value for column in sent for value in column if value}


def test_composed_and_decomposed_letters_are_the_same_person() -> None:
    sent = as_sent(pl.DataFrame({"first_name": ["Val\u00e9ry", "Vale\u0301ry"]}), META)["first_name"]
    assert sent[0] == sent[1] == "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"


def test_a_decomposed_letter_is_composed_wherever_it_stands_among_plain_ones() -> None:
    names = ["Ada", None, "Vale\u0301ry", "Grace", "\u212aim"]
    alone = [as_sent(pl.DataFrame({"city": [name]}, {"city": pl.String}), UNHASHED_CITY)["city"][0] for name in names]
    together = as_sent(pl.DataFrame({"city": names}), UNHASHED_CITY)["city"].to_list()
    assert together == alone == ["ada", None, "val\u00e9ry", "grace", "kim"]


def test_what_nobody_sees_around_a_value_is_not_hashed_and_makes_an_address_invalid_inside() -> None:
    around = ["\ufeffada@example.com", "ada@example.com\u200b", "\u00a0ada@example.com\u202c", "ada\u200b@example.com"]
    sent = as_sent(pl.DataFrame({"email": around}), META)["email"].to_list()
    assert sent == [hashlib.sha256(b"ada@example.com").hexdigest()] * 3 + [None]
    blank = pl.DataFrame({"external_id": ["\ufeff", "\u200b ", "\x00"]})
    assert as_sent(blank, META)["external_id"].to_list() == [None] * 3


def test_values_that_are_not_text_are_written_out() -> None:
    frame = pl.DataFrame({"external_id": [12347], "birth_day": [pl.date(1997, 2, 16)]}).with_columns(
        birth_day=pl.date(1997, 2, 16)
    )
    sent = as_sent(frame, {"external_id": Identifier("plain"), "birth_day": Identifier("birth_day")})
    assert sent.to_dicts() == [{"external_id": "12347", "birth_day": "16"}]


def test_no_rows_are_no_rows() -> None:
    frame = pl.DataFrame(schema=dict.fromkeys(META, pl.String))
    assert as_sent(frame, META).shape == (0, len(META))


def test_only_telephone_numbers_are_ever_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_by_one(*_: object, **__: object) -> None:
        raise AssertionError("a value was handed to Python")

    for name in ("map_elements", "to_list", "__iter__"):
        monkeypatch.setattr(pl.Series, name, one_by_one)
    monkeypatch.setattr(pl.Expr, "map_elements", one_by_one)
    names = [name for name in META if name not in ("phone", "country")]
    frame = pl.DataFrame({name: pl.Series(["1997-02-16", "Ada@Example.com"] * 1000) for name in names})
    assert as_sent(frame, META).shape == (2000, len(names))


def test_a_hundred_thousand_people_take_less_than_a_second_of_the_processor() -> None:
    frame = pl.DataFrame(
        {
            "email": [f" Person.{n}@Example.com" for n in range(100_000)],
            "phone": [f"07700 9{n:05d}" for n in range(100_000)],
            "country": ["United Kingdom"] * 100_000,
        }
    )
    wanted = {"email": META["email"], "phone": META["phone"]}
    as_sent(frame.head(1), wanted)
    began = time.process_time()
    sent = as_sent(frame, wanted)
    assert time.process_time() - began < 1
    assert sent["phone"][1] == hashlib.sha256(b"447700900001").hexdigest()
    assert sent.null_count().row(0) == (0, 0)
