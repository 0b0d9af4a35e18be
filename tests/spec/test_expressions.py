from __future__ import annotations

import duckdb
import pytest

from tidegate.errors import SpecError
from tidegate.spec.binding import Binder
from tidegate.spec.expressions import parse, place, qualify

SCOPES = {
    "entry": {"value": "DOUBLE", "Product Name": "VARCHAR", "props": "STRUCT(colour VARCHAR)", "email": "VARCHAR"},
    "person": {
        "email": "VARCHAR",
        "first_name": "VARCHAR",
        "last_ordered_at": "TIMESTAMP WITH TIME ZONE",
        "last_seen_at": "TIMESTAMP WITH TIME ZONE",
    },
}
NAMES = {"entry": "order_cancelled", "person": "people"}


def read(sql: str) -> str:
    return qualify(parse(sql, "a.yml", 3, "if"), SCOPES, NAMES).sql("duckdb")


def complaint(sql: str) -> str:
    with pytest.raises(SpecError) as caught:
        read(sql)
    return str(caught.value)


def fault(sql: str, condition: bool = False) -> str | None:
    with duckdb.connect() as connection:
        return Binder(connection).fault(qualify(parse(sql, "a.yml", 3, "if"), SCOPES), SCOPES, condition=condition)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("entry.value > 50", 'entry."value" > 50'),
        ("value > 50", 'entry."value" > 50'),
        ("email", 'entry."email"'),
        ("person.email", 'person."email"'),
        ("first_name", 'person."first_name"'),
        ("FIRST_NAME", 'person."first_name"'),
        ('"product name"', 'entry."Product Name"'),
        ("entry.props.colour = 'red'", 'entry."props"."colour" = \'red\''),
        ("props.colour", 'entry."props"."colour"'),
        ("'vip'", "'vip'"),
        ("null", "NULL"),
        ("value > 3 -- because", 'entry."value" > 3'),
        ("list_filter([1, 2], x -> x > value)", 'LIST_FILTER([1, 2], LAMBDA x : x > entry."value")'),
    ],
)
def test_a_bare_column_is_the_entrys_first_and_then_the_persons(written: str, meant: str):
    assert read(written) == meant


def test_a_parsed_expression_remembers_where_it_was_written():
    tree = parse("value > 50", "audiences/a.yml", 7, "if")

    assert place(tree) == ("audiences/a.yml", 7, "if")
    assert place(qualify(tree, SCOPES)) == ("audiences/a.yml", 7, "if")
    assert tree.sql("duckdb") == "value > 50", "the parsed tree itself stays as it was"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "person.last_order > 1",
            "a.yml:3: if: no column `last_order` in people; there are last_ordered_at, last_seen_at",
        ),
        (
            "entry.colour",
            "a.yml:3: if: no column `colour` in order_cancelled; there are Product Name, email, props, value",
        ),
        ("zzz", "a.yml:3: if: no column `zzz` in order_cancelled or people;"),
        ("platinum", "; a text is written \"'platinum'\""),
        ("persn.email", "a.yml:3: if: no table `persn` here; did you mean `person`?"),
        ("entry", "a.yml:3: if: `entry` is a row; say which of its columns, such as entry.value"),
        ("value >", "a.yml:3: if: is not SQL: something is missing at `>`"),
        ("'abc", "a.yml:3: if: is not SQL: a quote or bracket is not closed"),
        ("  ", "a.yml:3: if: is empty"),
        ("jacard(email, 'x')", "a.yml:3: if: no function `jacard`; did you mean `jaccard`?"),
        ("getenv('HOME')", "a.yml:3: if: no function `getenv`"),
        ("ref('vips')", "a.yml:3: if: ref() belongs in `who` and `when`"),
        ("value in (select 1)", "a.yml:3: if: a subquery has no place here; put it in the model"),
        ("exists (select 1)", "a subquery has no place here"),
        ("select 1", "a subquery has no place here"),
        ("row_number() over ()", "a window function has no place here"),
        ("sum(value)", "SUM(value): sums up many rows"),
        ("count(*)", "sums up many rows"),
        ("histogram(value)", "sums up many rows"),
        ("*", "name the columns"),
        ("person.*", "name the columns"),
        ("value as x", "`as` has no place here"),
        ("$x", "parameters have no place here"),
        ("drop table people", "is a SQL statement; write an expression"),
        ("value; drop table people", "is not one SQL expression"),
        ("unnest([1, 2])", "makes several rows of one"),
        ("now()", "now(): its answer changes from run to run; put it in the model, relative to as_of()"),
        ("current_date", "its answer changes from run to run"),
        ("random() < 0.5", "its answer changes from run to run"),
        ("age(last_seen_at) > interval '7 days'", "its answer changes from run to run"),
    ],
)
def test_what_cannot_be_asked_of_one_row_is_refused_with_the_way_out(written: str, told: str):
    assert told in complaint(written)


def test_every_unknown_column_is_told_at_once():
    assert complaint("entry.a + entry.b").count("no column") == 2


def test_an_expression_without_end_is_refused_and_not_a_crash():
    assert "a.yml:3: if:" in complaint("(" * 5000 + "1" + ")" * 5000)
    assert "too long" in complaint("1 + " * 10_000 + "1")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("value + first_name", "No function matches"),
        ("upper(value)", "No function matches"),
        ("read_csv('/etc/passwd')", "table function"),
        ("person.email.domain", "Cannot extract field"),
    ],
)
def test_the_engine_itself_is_asked_whether_types_fit(written: str, told: str):
    assert told in (fault(written) or "")


def test_a_condition_is_true_or_false():
    assert fault("value", condition=True) == "is DOUBLE, not true or false; compare it with something"
    assert fault("value > 50 and first_name is not null", condition=True) is None
    assert fault("null", condition=True) is None
    assert fault("last_ordered_at > last_seen_at - interval 7 days", condition=True) is None
