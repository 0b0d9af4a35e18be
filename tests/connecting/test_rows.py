"""Rows are told apart by what they have first, and no call names anybody twice."""

from __future__ import annotations

import pytest

from tidegate.connecting.rows import by_key, chunks, each, waves
from tidegate.connector import Outcome, Row
from tidegate.errors import Closed, Refused, Retryable


def row(person: str, **identifiers: str) -> Row:
    return Row(person, identifiers)


def test_the_first_identifier_with_a_value_decides_who_a_row_is() -> None:
    rows = [
        row("ada", email="a@example.com", phone="+1"),
        row("bob", phone="+2", email="b@example.com"),
        row("eve", email="", phone="+3"),
        row("joe", loyalty="7"),
        row("ann"),
    ]
    assert by_key(rows, {"email", "phone"}) == {"email": [0], "phone": [1, 2], None: [3, 4]}


def test_whoever_shares_a_value_comes_in_a_later_call_in_the_order_of_the_rows() -> None:
    values = ["a", "B", "A", "c", "b", "a"]
    rows = {place: row(str(place), email=value) for place, value in enumerate(values)}
    assert [list(wave) for wave in waves(rows, "email")] == [[0, 1, 3], [2, 4], [5]]


def test_there_are_as_few_calls_as_there_can_be() -> None:
    assert [list(some) for some in chunks([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert list(chunks([], 2)) == []


async def test_what_befalls_one_is_not_the_others_fate() -> None:
    async def do(one: Row) -> Outcome:
        if one.person == "bob":
            raise Refused("bad")
        if one.person == "eve":
            raise Retryable("later", after=5.0)
        return Outcome.accepted(one.person)

    found = await each([row("ada"), row("bob"), row("eve"), row("joe")], do)
    assert [(one.verdict, one.after) for one in found] == [
        ("accepted", None),
        ("rejected", None),
        ("retry", 5.0),
        ("accepted", None),
    ]
    with pytest.raises(Refused):
        await each([row("bob")], do)


async def test_after_the_door_is_closed_nobody_knocks_again() -> None:
    knocks: list[str] = []

    async def do(one: Row) -> Outcome:
        knocks.append(one.person)
        if one.person == "bob":
            raise Closed("unauthorized")
        return Outcome.accepted()

    found = await each([row("ada"), row("bob"), row("eve")], do)
    assert [one.verdict for one in found] == ["accepted", "retry", "retry"]
    assert knocks == ["ada", "bob"]
    with pytest.raises(Closed):
        await each([row("bob"), row("ada")], do)
