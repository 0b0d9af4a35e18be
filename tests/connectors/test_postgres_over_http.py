"""The same table over PostgREST, which is how a sandbox and Supabase are spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Row, Target
from tidegate.errors import Closed, Refused, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.platforms.postgres import Postgres as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract

from .conftest import ROOT

Postgres = registry.load("postgres", ROOT)
OBJECT = Target("object", "Best customers")


class TestContract(NetworkContract):
    kind = Postgres
    secrets = (SECRET,)
    emulation = Platform
    target = OBJECT

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"password": SECRET, "base_url": wire.url}


# What PostgREST says (docs.postgrest.org/en/v13/references/errors.html, read 2026-11).
@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (401, "PGRST301", Closed, "unauthorized"),
        (403, "42501", Closed, "unauthorized"),
        (404, "PGRST205", Retryable, "no_table"),
        (400, "PGRST204", Retryable, "no_column"),
        (400, "42P10", Retryable, "no_unique_key"),
        (409, "23505", Refused, "constraint"),
        (400, "22P02", Refused, "invalid_value"),
        (503, "53300", Retryable, "throttled"),
        (500, "57014", Retryable, "timeout"),
        (504, "PGRST003", Retryable, "refused"),
        (500, "XX000", Retryable, "refused"),
    ],
)
async def test_over_postgrest_a_code_means_the_same(status: int, code: str, kind: type[Exception], reason: str) -> None:
    answer = Answer(status, {"code": code, "message": 'invalid input: "Ada Lovelace"', "details": None, "hint": None})
    async with HttpWire(lambda asked: answer) as wire, aiohttp.ClientSession() as session:
        connector = Postgres(Postgres.Settings.model_validate({"password": SECRET, "base_url": wire.url}))
        await connector.open(session)
        with pytest.raises(kind, match=reason) as raised:
            await connector.upsert(OBJECT, [Row("ada", {}, {"name": "Ada Lovelace"})])
    assert type(raised.value) is kind
    assert status == 401 or "Lovelace" not in str(raised.value)


async def test_over_postgrest_rows_go_as_the_documentation_wants_them() -> None:
    async with HttpWire(lambda asked: Answer(201, [])) as wire, aiohttp.ClientSession() as session:
        given = {"password": SECRET, "base_url": wire.url, "schema": "crm"}
        connector = Postgres(Postgres.Settings.model_validate(given))
        await connector.open(session)
        await connector.upsert(OBJECT, [Row("a,b", {"email": "a@example.com"}, {"n": 1}), Row("c", {})])
        await connector.remove(OBJECT, [Row('say "a,b"\\', {}), *(Row(f"p{n}", {}) for n in range(150))])
    first, second, removed, rest = wire.asked
    assert first.path == "/Best%20customers"
    assert first.query == {"on_conflict": "person", "columns": '"email","n","person"', "select": "person"}
    assert first.json() == [{"person": "a,b", "email": "a@example.com", "n": 1}]
    assert second.json() == [{"person": "c"}]
    assert first.headers["prefer"] == "resolution=merge-duplicates,return=representation"
    assert first.headers["content-profile"] == "crm"
    assert first.headers["apikey"] == SECRET
    assert removed.method == rest.method == "DELETE"
    assert len(removed.query["person"].split(",")) + len(rest.query["person"].split(",")) == 152
    assert '"say \\"a,b\\"\\\\"' in f"{removed.query['person']}{rest.query['person']}"
