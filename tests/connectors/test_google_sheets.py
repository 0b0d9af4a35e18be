"""A sheet that equals the segment: a line a person, whoever typed beside, and no formula out of a person's words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Row, Target
from tidegate.errors import Closed, Refused, Retryable, Unsupported
from tidegate.sandbox.credentials import SECRET, service_account
from tidegate.sandbox.emulation import TOKEN_PATH
from tidegate.sandbox.platforms.google_sheets import GoogleSheets as Platform
from tidegate.testing import Answer, Asked, EmulatedWire, HttpWire, NetworkContract

from .conftest import ROOT
from .opening import ids_told

Sheets = registry.load("google_sheets", ROOT)
SHEET = Target("object", "Ada's list")


def given(wire: Any) -> dict[str, Any]:
    key = service_account()
    return {"spreadsheet": "1x", "service_account_key": key, "base_url": wire.url, "token_url": wire.url + TOKEN_PATH}


class TestContract(NetworkContract):
    kind = Sheets
    secrets = (SECRET,)
    emulation = Platform
    target = SHEET

    @pytest.fixture
    async def wire(self, described: Any) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            # Somebody whom a removal finds: else there is no call that anything could befall.
            sheet(wire, ["person"], ["p0"])
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)

    async def lose(self, wire: EmulatedWire) -> bool:
        wire.shelf.drop("_grids", SHEET.name)
        return True


def sheet(wire: EmulatedWire, *cells: list[Any], rows: int = 1000, columns: int = 26) -> None:
    wire.shelf.put("_grids", SHEET.name, {"id": 7, "rows": rows, "columns": columns, "cells": list(cells)})


def cells(wire: EmulatedWire) -> list[list[Any]]:
    grid = wire.shelf.get("_grids", SHEET.name)
    assert grid is not None
    return [list(row) for row in grid["cells"]]


@asynccontextmanager
async def sheets(wire: Any = None, **settings: Any) -> AsyncIterator[tuple[Connector, Any]]:
    async with wire or EmulatedWire(Platform) as wire, aiohttp.ClientSession() as session:
        connector = Sheets(Sheets.Settings.model_validate({**given(wire), **settings}))
        await connector.open(session)
        yield connector, wire


async def test_the_sheet_is_made_with_a_heading_and_a_line_a_person() -> None:
    async with sheets() as (connector, wire):
        await connector.upsert(SHEET, [Row("ada", {"email": "ada@example.com"}, {"spend": 12.5, "vip": True})])
        await connector.upsert(SHEET, [Row("bob", {}, {"tier": "gold"}), Row("ada", {}, {"spend": None})])
        assert cells(wire) == [
            ["person", "email", "spend", "vip", "tier"],
            ["ada", "ada@example.com", "", True, ""],
            ["bob", "", "", "", "gold"],
        ]


async def test_a_telephone_number_that_somebody_gave_up_goes_from_its_cell() -> None:
    async with sheets() as (connector, wire):
        await connector.upsert(SHEET, [Row("ada", {"email": "ada@example.com", "phone": "+447700900123"})])
        await connector.upsert(SHEET, [Row("ada", {"email": "ada@example.com"}, {"phone": None})])
        assert cells(wire) == [["person", "email", "phone"], ["ada", "ada@example.com", ""]]


async def test_a_sheet_that_was_deleted_is_told_to_be_another() -> None:
    async with sheets() as (connector, wire):
        with ids_told() as told:
            for person in ("ada", "bob"):
                await connector.upsert(SHEET, [Row(person, {})])
            wire.shelf.drop("_grids", SHEET.name)
            await connector.upsert(SHEET, [Row("cleo", {})])
    first, second, anew = told
    assert first == second != anew
    assert {name for name, _ in told} == {SHEET.name}


async def test_a_texts_formula_stays_a_text() -> None:
    async with sheets() as (connector, wire):
        await connector.upsert(SHEET, [Row("=1+1", {}, {"note": "=IMPORTXML(1)", "tags": ["a", 1]})])
        [written] = [asked for asked in wire.asked if asked.path.endswith("/values:batchUpdate")]
    assert written.json()["valueInputOption"] == "RAW"
    assert written.json()["data"][1]["values"] == [["=1+1", "=IMPORTXML(1)", '["a", 1]']]


async def test_somebodys_own_columns_and_lines_are_left_alone() -> None:
    async with sheets() as (connector, wire):
        sheet(wire, ["notes", "person", "tier"], ["call her", "ada", "silver"], ["", "", ""], ["", 17, "none"], [])
        await connector.upsert(SHEET, [Row("17", {}, {"tier": "gold"}), Row("ada", {}, {"spend": 1}), Row("eve", {})])
        assert cells(wire) == [
            ["notes", "person", "tier", "spend"],
            ["call her", "ada", "silver", 1],
            ["", "", ""],
            ["", "17", "gold", ""],
            ["", "eve", "", ""],
        ]


async def test_removing_deletes_all_lines_of_a_person_and_no_other() -> None:
    async with sheets() as (connector, wire):
        sheet(wire, ["person"], ["ada"], ["bob"], ["ada"], ["ada"], ["eve"], ["kay"])
        outcomes = await connector.remove(SHEET, [Row("ada", {}), Row("kay", {}), Row("nobody", {})])
        assert cells(wire) == [["person"], ["bob"], ["eve"]]
    assert [outcome.verdict for outcome in outcomes] == ["accepted"] * 3
    assert len([asked for asked in wire.asked if asked.path.endswith(":batchUpdate")]) == 1


async def test_a_sheet_that_is_full_grows_before_it_is_written() -> None:
    async with sheets() as (connector, wire):
        sheet(wire, ["person"], ["ada"], rows=2, columns=1)
        await connector.upsert(SHEET, [Row("bob", {"email": "bob@example.com"}), Row("eve", {})])
        grid = wire.shelf.get("_grids", SHEET.name)
        assert (grid["rows"], grid["columns"], len(grid["cells"])) == (4, 2, 4)


async def test_columns_beyond_z_are_found() -> None:
    async with sheets() as (connector, wire):
        sheet(wire, [*(f"c{n}" for n in range(30)), "person"], [*[""] * 30, "ada"], columns=31)
        await connector.upsert(SHEET, [Row("ada", {}, {"c0": 1})])
        assert [row[0] for row in cells(wire)] == ["c0", 1]
    assert any("AE2" in asked.path for asked in wire.asked)


async def test_a_line_is_written_once_for_a_person_given_twice() -> None:
    async with sheets() as (connector, wire):
        outcomes = await connector.upsert(SHEET, [Row("ada", {}, {"n": 1}), Row("ada", {}, {"n": 2})])
        assert cells(wire) == [["person", "n"], ["ada", 2]]
    assert [outcome.verdict for outcome in outcomes] == ["accepted"] * 2


async def test_a_sheet_without_the_key_is_not_taken_for_ours() -> None:
    async with sheets() as (connector, wire):
        sheet(wire, ["name", "phone"], ["Ada", "1"])
        with pytest.raises(Retryable, match="no_column"):
            await connector.upsert(SHEET, [Row("ada", {})])
        with pytest.raises(Retryable, match="no_column"):
            await connector.remove(SHEET, [Row("ada", {})])
        assert cells(wire) == [["name", "phone"], ["Ada", "1"]]


async def test_a_cell_that_is_too_long_is_refused_by_itself() -> None:
    async with sheets() as (connector, wire):
        outcomes = await connector.upsert(SHEET, [Row("ada", {}, {"n": "x" * 50_001}), Row("bob", {}, {"n": "x"})])
        assert [row[0] for row in cells(wire)] == ["person", "bob"]
    assert [(outcome.verdict, outcome.reason) for outcome in outcomes] == [("rejected", "too_long"), ("accepted", "")]


async def test_a_trait_may_not_take_the_name_of_another_column() -> None:
    async with sheets() as (connector, _):
        with pytest.raises(Unsupported, match="email"):
            await connector.upsert(SHEET, [Row("ada", {"email": "a@example.com"}, {"email": "b"})])


async def test_a_token_that_was_withdrawn_is_asked_for_once_more() -> None:
    platform = EmulatedWire(Platform)
    answer, refused = platform.platform, []

    def first_refused(asked: Asked) -> Answer:
        if asked.path != TOKEN_PATH and not refused:
            refused.append(asked)
            return platform.emulation.unauthorized()
        return answer(asked)

    platform.platform = first_refused
    async with sheets(platform) as (connector, wire):
        await connector.prove()
    assert [asked.path == TOKEN_PATH for asked in wire.asked][-2:] == [True, False]


@pytest.mark.parametrize(
    ("status", "words", "kind", "reason", "after"),
    [
        (429, "Quota exceeded", Retryable, "throttled", 60.0),
        (403, "The caller does not have permission", Closed, "no_permission", None),
        (404, "Requested entity was not found.", Closed, "no_spreadsheet", None),
        (400, "This action would increase the number of cells above the limit of 10000000", Retryable, "full", None),
        (400, "Invalid value at 'data'", Refused, "refused", None),
        (503, "The service is currently unavailable.", Retryable, "unavailable", None),
    ],
)
async def test_every_error_means_one_thing(
    status: int, words: str, kind: type[Exception], reason: str, after: float | None
) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return Answer(200, {"access_token": SECRET, "expires_in": 3600})
        return Answer(status, {"error": {"code": status, "message": words, "status": "X"}})

    async with sheets(HttpWire(answer)) as (connector, _):
        with pytest.raises(kind, match=reason) as raised:
            await connector.upsert(SHEET, [Row("ada", {})])
    assert type(raised.value) is kind
    assert raised.value.after == after  # type: ignore[attr-defined]
