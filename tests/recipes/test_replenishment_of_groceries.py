"""The recipe in another shop: a grocer's households, whose key is called otherwise, and what they buy week by week."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import polars as pl
import pytest
from ruamel.yaml import YAML

from tidegate import recipes, replay, starter
from tidegate import run as stages
from tidegate.workspace import Workspace

DATA = Path(os.environ.get("TIDEGATE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "completejourney"
#: Noon in New York, in June 2017.
TICKS = tuple(datetime(2017, 6, day, 16, tzinfo=UTC) for day in (5, 6, 7, 15))
#: Whole households, one in forty.
ONE_IN = 40

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA.name} in TIDEGATE_DATA")

PEOPLE = """
select distinct
    household_id,
    household_id || '@example.com' as email,
    null::varchar as phone,
    null::varchar as push_token,
    'synthetic' as first_name,
    'America/New_York' as time_zone
from raw.purchases
where bought_at <= {{ as_of() }}
"""

EVENTS = """
select
    basket_id || ':' || product_type as event_id,
    household_id,
    'item_bought' as name,
    bought_at as occurred_at,
    json_object('stock_code', product_type, 'product_name', product_type) as properties
from raw.purchases
where bought_at <= {{ as_of() }}
"""


def bought() -> pl.DataFrame:
    """One row a basket and kind of thing."""
    lines = pl.read_parquet(DATA / "transactions.parquet").filter(pl.col("household_id") % ONE_IN == 0)
    kinds = pl.read_parquet(DATA / "products.parquet").select("product_id", "product_type")
    known = lines.join(kinds, on="product_id").filter(pl.col("product_type").is_not_null())
    return known.group_by("household_id", "basket_id", "product_type").agg(
        pl.col("transaction_timestamp").min().dt.replace_time_zone("UTC").alias("bought_at")
    )


@pytest.fixture(scope="module")
def purchases() -> pl.DataFrame:
    return bought()


@pytest.fixture(scope="module")
def grocer(tmp_path_factory: pytest.TempPathFactory, purchases: pl.DataFrame) -> duckdb.DuckDBPyConnection:
    """The warehouse after a few runs."""
    root, source = tmp_path_factory.mktemp("grocer"), starter.folder()
    shutil.copytree(source / "macros", root / "macros")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(source / name, root)
    (root / "models").mkdir()
    (root / "models" / "people.sql").write_text(PEOPLE)
    (root / "models" / "events.sql").write_text(EVENTS)
    settings = YAML().load((source / "tidegate.yml").read_text(encoding="utf-8"))
    del settings["consent"]
    settings |= {"key": "household_id", "land": [{"files": "purchases.parquet", "into": "raw.purchases"}]}
    settings["unsubscribe_url"] = "https://shop.example.com/unsubscribe/{{ person.household_id }}"
    with (root / "tidegate.yml").open("w", encoding="utf-8") as file:
        YAML().dump(settings, file)
    recipes.add(recipes.library()["replenishment"], root, "household_id")
    purchases.write_parquet(root / "purchases.parquet")
    with Workspace(root, "dev") as workspace:
        for clock in TICKS:
            replay.once(stages.begin_in(workspace, as_of=clock, kind="replay"))
    return duckdb.connect(str(root / ".tidegate" / "dev" / "warehouse.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def walks(grocer: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = grocer.execute(
        "select person::integer, context, entered_at, status, exit_reason from tidegate.instances order by all"
    ).fetchall()
    return [{"person": row[0], "entered_at": row[2], "reason": row[4], **json.loads(row[1])} for row in rows]


def days(purchases: pl.DataFrame, walk: dict[str, Any]) -> list[date]:
    own = purchases.filter((pl.col("household_id") == walk["person"]) & (pl.col("product_type") == walk["stock_code"]))
    return own["bought_at"].dt.date().unique().sort().to_list()


def test_households_are_reminded_at_their_own_interval(purchases: pl.DataFrame, walks: list[dict[str, Any]]) -> None:
    assert len(walks) > 20
    for walk in walks:
        last = date.fromisoformat(walk["last_bought_on"])
        gaps = [
            (later - earlier).days for earlier, later in pairwise(day for day in days(purchases, walk) if day <= last)
        ]
        if walk["is_own_interval"]:
            assert len(gaps) >= 2
            assert abs(walk["every_days"] - median(gaps)) <= 0.5
        assert date.fromisoformat(walk["due_on"]) == last + timedelta(days=walk["every_days"])


def test_whoever_has_bought_it_already_is_not_reminded(
    grocer: duckdb.DuckDBPyConnection, purchases: pl.DataFrame, walks: list[dict[str, Any]]
) -> None:
    for walk in walks:
        seen = next(tick for tick in TICKS if tick >= walk["entered_at"])
        last = date.fromisoformat(walk["last_bought_on"])
        assert not [day for day in days(purchases, walk) if last < day < seen.date()]
    again = grocer.execute(
        "select person::integer, context ->> '$.stock_code', planned_at from tidegate.outbox "
        "where step = 'replenishment_again'"
    ).fetchall()
    entered = {(walk["person"], walk["stock_code"]): walk for walk in walks}
    for person, code, planned_at in again:
        walk = entered[person, code]
        assert not [day for day in days(purchases, walk) if walk["entered_at"].date() < day < planned_at.date()]
    assert again
    assert "goal" in {walk["reason"] for walk in walks}, "some bought it again"


def test_the_mails_went_out(grocer: duckdb.DuckDBPyConnection) -> None:
    states = dict(grocer.execute("select state, count(*) from tidegate.outbox group by state").fetchall())
    assert states["accepted"] > 10
