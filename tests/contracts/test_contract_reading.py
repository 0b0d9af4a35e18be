"""Contracts as an analyst writes them, and what is said about a slip."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tidegate import contracts


def problems(*entries: object, columns: tuple[str, ...] | None = None) -> list[str]:
    _, found = contracts.parse("people", list(entries), "models/people.yml", columns=columns)
    return [str(problem) for problem in found]


def test_each_kind_is_read():
    read, found = contracts.parse(
        "people",
        [
            {"not_null": "customer_id"},
            {"unique": "customer_id", "mostly": "99.5%"},
            {"not_after_as_of": "joined_at"},
            {"well_formed": {"email": "email"}, "mostly": 0.9, "name": "addresses look right"},
            {"fresh": {"column": "joined_at", "within": "12 hours"}},
            {"rows_within": "50%"},
            {"no_rows": "select * from {model} where spend < 0"},
            {"expect_column_values_to_be_between": {"column": "spend", "min_value": 0}},
        ],
        "models/people.yml",
    )

    assert found == []
    assert [contract.name for contract in read] == [
        "not_null: customer_id",
        "unique: customer_id",
        "not_after_as_of: joined_at",
        "addresses look right",
        "fresh: column joined_at, within 12 hours",
        "rows_within: 50%",
        "no_rows: select * from {model} where spend < 0",
        "expect_column_values_to_be_between: spend",
    ]
    assert read[1].mostly == 0.995
    assert (read[3].form, read[3].column) == ("email", "email")
    assert read[4].within == timedelta(hours=12)
    assert read[5].share == 0.5
    assert read[7].kwargs == {"column": "spend", "min_value": 0}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("customer_id", "`customer_id` is not a contract; write for example `- not_null: customer_id`"),
        ({"mostly": 0.5}, "promises nothing"),
        ({"not_null": "a", "unique": "a"}, "promises 2 things (not_null, unique)"),
        ({"not_nul": "customer_id"}, "contract[0].not_nul: no such contract; did you mean `not_null`?"),
        ({"not_null": 3}, "`3` is not the name of a column"),
        ({"well_formed": {"emial": "email"}}, "contract[0].well_formed.emial: no such form; did you mean `email`?"),
        ({"well_formed": "email"}, "such as `well_formed: {email: email}`"),
        ({"fresh": {"column": "at", "within": "3 dayz"}}, "dayz"),
        ({"fresh": "at"}, "must have `column` and `within`"),
        ({"rows_within": "half"}, "`half` is not a share of the last run's rows"),
        ({"rows_within": "50%", "mostly": 0.9}, "`rows_within` is about the whole table"),
        ({"unique": "a", "mostly": "120%"}, "`120%` is not a share of the rows"),
        ({"unique": "a", "mostly": True}, "`True` is not a share of the rows"),
        ({"unique": "a", "name": ""}, "`` is not a name"),
        ({"no_rows": "select * form {model}"}, "contract[0].no_rows: "),
        ({"no_rows": "select * from people"}, "must read the model: `select ... from {model} where ...`"),
        ({"no_rows": "delete from {model}"}, "must be one select statement"),
        ({"no_rows": "select 1 from {model}; drop table people"}, "must be one select statement"),
        ({"expect_column_value_to_be_unique": {"column": "a"}}, "did you mean `expect_column_values_to_be_unique`?"),
        ({"expect_column_values_to_be_unique": "a"}, "must have its arguments"),
    ],
)
def test_a_slip_is_named_with_its_remedy(entry, said):
    (problem,) = problems(entry)

    assert problem.startswith("models/people.yml: contract[0]")
    assert said in problem


def test_a_column_that_the_model_does_not_have_is_found_before_anything_runs():
    (problem,) = problems({"not_null": "costumer_id"}, columns=("customer_id", "email"))

    assert problem == (
        "models/people.yml: contract[0].not_null: no column `costumer_id` in people; did you mean `customer_id`?"
    )


def test_two_contracts_cannot_go_by_one_name():
    (problem,) = problems({"unique": "a"}, {"unique": "a"})

    assert "two contracts called `unique: a`" in problem


def test_everything_wrong_is_told_at_once_and_the_rest_is_still_read():
    read, found = contracts.parse("people", [{"unqiue": "a"}, {"unique": "a"}, 3], "models/people.yml")

    assert [contract.name for contract in read] == ["unique: a"]
    assert len(found) == 2


def test_a_problem_names_the_line_of_the_entry(tmp_path: Path):
    (tmp_path / "people.yml").write_text(
        "version: 2\n"
        "models:\n"
        "  - name: others\n"
        "  - name: people\n"
        "    config:\n"
        "      meta:\n"
        "        contract:\n"
        "          - not_null: customer_id   # fine\n"
        "          # a comment\n"
        "          - unqiue: customer_id\n"
    )
    raw = [{"not_null": "customer_id"}, {"unqiue": "customer_id"}]

    read, (problem,) = contracts.parse("people", raw, "people.yml", root=tmp_path)

    assert str(problem) == "people.yml:10: contract[1].unqiue: no such contract; did you mean `unique`?"
    assert read[0].line == 8


def test_a_contract_that_is_not_a_list_is_refused():
    read, (problem,) = contracts.parse("people", {"unique": "a"}, "people.yml")

    assert read == []
    assert "must be a list" in str(problem)
