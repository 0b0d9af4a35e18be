"""A list is asked for once, created once, and asked for again once it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tidegate.connecting.lists import FoundLists, NamedLists, oldest
from tidegate.errors import InDoubt

Lists = NamedLists | FoundLists


class Account:
    """A platform's lists, ids by name, and what it was asked."""

    def __init__(self, **lists: str) -> None:
        self.lists = lists
        self.asked: list[str] = []
        self.loses_replies = False

    async def every(self) -> dict[str, str]:
        self.asked.append("every")
        await asyncio.sleep(0)
        return dict(self.lists)

    async def find(self, name: str) -> str | None:
        self.asked.append(f"find {name}")
        await asyncio.sleep(0)
        return self.lists.get(name)

    async def create(self, name: str) -> str:
        self.asked.append(f"create {name}")
        await asyncio.sleep(0)
        self.lists[name] = str(len(self.lists) + 1)
        if self.loses_replies:
            raise InDoubt("cut_off")
        return self.lists[name]


def by_all(account: Account) -> Lists:
    return NamedLists(account.every, account.create)


def by_name(account: Account) -> Lists:
    return FoundLists(account.find, account.create)


both = pytest.mark.parametrize("lists_of", [by_all, by_name])


@both
async def test_callers_at_the_same_time_create_a_list_once(lists_of: Callable[[Account], Lists]) -> None:
    account = Account()
    lists = lists_of(account)
    assert set(await asyncio.gather(*(lists.id("vips", create=True) for _ in range(5)))) == {"1"}
    assert account.asked.count("create vips") == 1


@both
async def test_who_only_asks_creates_nothing(lists_of: Callable[[Account], Lists]) -> None:
    account = Account(vips="7")
    lists = lists_of(account)
    assert await lists.id("lapsed", create=False) is None
    assert await lists.id("vips", create=False) == "7"
    assert not [asked for asked in account.asked if asked.startswith("create")]


@both
async def test_a_list_whose_creation_was_not_answered_is_found_and_not_created_twice(
    lists_of: Callable[[Account], Lists],
) -> None:
    account = Account()
    account.loses_replies = True
    lists = lists_of(account)
    with pytest.raises(InDoubt):
        await lists.id("vips", create=True)
    assert await lists.id("vips", create=True) == "1"
    assert account.asked.count("create vips") == 1


@both
async def test_a_list_that_is_gone_is_asked_for_again(lists_of: Callable[[Account], Lists]) -> None:
    account = Account(vips="7")
    lists = lists_of(account)
    assert await lists.id("vips", create=True) == "7"
    account.lists = {}
    assert await lists.id("vips", create=True) == "7"
    fault = lists.gone("vips")
    assert (fault.reason, "`vips`" in fault.detail) == ("list_gone", True)
    assert await lists.id("vips", create=True) == "1"


async def test_names_that_the_platform_does_not_tell_apart_are_one_list() -> None:
    account = Account(vips="7")
    lists = NamedLists(account.every, account.create, fold=str.casefold)
    assert await lists.id("VIPs", create=True) == "7"
    await lists.id("New Ones", create=True)
    assert account.asked == ["every", "create New Ones"]


def test_of_several_lists_with_one_name_the_one_with_the_lowest_number_is_ours() -> None:
    assert oldest([("vips", "10"), ("vips", "9"), ("lapsed", "3")]) == {"vips": "9", "lapsed": "3"}
