"""What a platform holds: put, found, changed and dropped, each connector by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tidegate.sandbox import Store
from tidegate.sandbox.queries import statements
from tidegate.sandbox.shelf import Shelf
from tidegate.sandbox.store import in_memory


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with closing(in_memory()) as connection:
        yield Shelf(connection, "hubspot")


def test_an_object_is_found_by_any_short_value_it_has_now(shelf: Shelf) -> None:
    shelf.put("contacts", "1", {"email": "ada@example.com", "vip": True, "orders": 3, "tags": ["a"], "city": None})
    shelf.put("contacts", "2", {"email": "grace@example.com", "vip": True})
    shelf.put("contacts", "1", {"email": "ada@new.example.com", "vip": True, "orders": 4})

    assert shelf.find("contacts", email="ada@example.com") == []
    assert [id for id, _ in shelf.find("contacts", vip=True)] == ["1", "2"]
    assert [id for id, _ in shelf.find("contacts", vip=True, orders=4)] == ["1"]
    assert [id for id, _ in shelf.find("contacts", orders=4, email="grace@example.com")] == []
    assert shelf.get("contacts", "1") == {"email": "ada@new.example.com", "vip": True, "orders": 4}


def test_what_is_too_long_to_look_for_is_found_all_the_same(shelf: Shelf) -> None:
    shelf.put("notes", "1", {"text": "x" * 1000, "tags": ["a", "b"], "none": None})

    assert shelf.find("notes", text="x" * 1000) == [("1", shelf.all("notes")["1"])]
    assert len(shelf.find("notes", tags=["a", "b"])) == 1
    assert shelf.find("notes", tags=["a"]) == []
    assert len(shelf.find("notes", none=None)) == 1


def test_kinds_and_connectors_do_not_see_each_other(shelf: Shelf) -> None:
    other = Shelf(shelf._connection, "braze")
    shelf.put("contacts", "1", {"email": "ada@example.com"})
    shelf.new_list("7", "VIPs", owner="us")
    shelf.add("7", {"email": "ada@example.com"})
    shelf.keep("sms", "+447700900123", text="hello", key="k1")

    assert shelf.get("companies", "1") is None
    assert (other.all("contacts"), other.lists(), other.messages(), other.list_details("7")) == ({}, {}, [], None)
    other.new_list("7", "Theirs")
    assert (shelf.lists(), shelf.list_details("7")) == ({"7": "VIPs"}, {"owner": "us"})
    assert (shelf.number(), shelf.number(), other.number()) == (1, 2, 1)


def test_who_is_on_a_list_is_known_by_the_strongest_identifier(shelf: Shelf) -> None:
    shelf.new_list("7", "VIPs")

    assert shelf.add("7", {"email": "ada@example.com", "phone": "1"})
    assert not shelf.add("7", {"email": "ada@example.com", "phone": "2"})
    assert shelf.add("7", {"email": "grace@example.com", "phone": "2"})
    assert shelf.remove("7", {"email": "ada@example.com"})
    assert not shelf.remove("7", {"email": "ada@example.com"})
    assert shelf.members("7") == [{"email": "grace@example.com", "phone": "2"}]
    shelf.drop_list("7")
    assert shelf.lists() == {}


def test_a_message_is_told_by_its_key_with_what_it_said(shelf: Shelf) -> None:
    id = shelf.keep("email", "ada@example.com", sender="s@example.com", subject="Tea\r\nBcc: x", html="<p>Hi Ada</p>")
    shelf.keep("push", "token", text="is waiting", key="k2", id="P1", details={"url": "u"})

    mail, push = shelf.messages()
    assert (mail["id"], mail["to"], mail["text"].strip()) == (id, "ada@example.com", "Hi Ada")
    assert shelf.messages("k2") == [push]
    assert (push["id"], push["text"], push["details"]) == ("P1", "is waiting", {"url": "u"})


def test_dropping_who_is_not_there_says_so(shelf: Shelf) -> None:
    shelf.put("contacts", "1", {})

    assert shelf.drop("contacts", "1")
    assert not shelf.drop("contacts", "1")
    assert shelf.find("contacts") == []


def test_a_store_of_an_earlier_version_is_brought_up_to_date_and_keeps_what_it_has(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "sandbox.sqlite")) as old:
        for statement in statements("schema"):
            old.execute(statement)
        old.execute("insert into labels (identifier, person) values ('ada@example.com', '12347')")
        old.execute("pragma user_version = 1")
        old.commit()

    store = Store(tmp_path)
    try:
        assert [row["person"] for row in store.read("store", "people", prefix="123%", count=5)] == ["12347"]
        store.write(lambda at: Shelf(at, "hubspot").put("contacts", "1", {"email": "ada@example.com"})).result()
    finally:
        store.close()
    again = Store(tmp_path)
    try:
        assert len(again.read("records", "kinds")) == 1
    finally:
        again.close()
