"""A shop over the morning of `tests/data/rees46`, with the recipe of abandoned carts.

What was put into carts and bought is real; addresses, time zones, stock, coupons, and what happens once the data ends
at 02:50, are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from tidegate import recipes, replay, starter
from tidegate import run as stages
from tidegate.workspace import Workspace

DATA = Path(__file__).parents[1] / "data" / "rees46" / "events.parquet"


def clock(hour: int, minute: int = 0) -> datetime:
    return datetime(2019, 10, 1, hour, minute, tzinfo=UTC)


#: Over the data, then over the hours in which carts have been left and visitors in Dubai (four) and New York (twelve)
#: may be reminded.
TICKS = (
    *(clock(0, 10), clock(1, 20), clock(2), clock(2, 30), clock(2, 50)),
    *(clock(3, 20), clock(3, 30), clock(3, 40), clock(3, 55), clock(4), clock(12)),
)
SELLS_OUT_AT = clock(3, 50)
COMES_BACK_AT = clock(3, 50)
ZONES = ("Asia/Dubai", "America/New_York", "Asia/Tokyo")
COUPON_ENDS = clock(6) + timedelta(days=1)

FILES = {
    "tidegate.yml": """
project: electronics
key: user_id
people: ref('people')
time_zone: UTC
unsubscribe_url: "https://shop.example.com/u/{{ person.user_id }}"
consent: {email: email_consent, push: "false"}
land:
  - {files: "data/*.parquet", into: raw.site}
targets:
  dev: {destinations: sandbox}
  prod:
    destinations:
      email: {connector: smtp, host: "${SMTP_HOST}", from: "Shop <hello@shop.example.com>"}
      push: {connector: fcm, service_account_key: "${FCM_SERVICE_ACCOUNT_KEY}"}
""",
    "dbt_project.yml": """
name: electronics
config-version: 2
profile: electronics
model-paths: [models]
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false}
models: {electronics: {+materialized: table}}
""",
    "profiles.yml": """
electronics:
  target: dev
  outputs:
    dev: {type: duckdb, path: warehouse.duckdb, schema: shop, threads: 1, settings: {TimeZone: UTC}}
    prod: {type: duckdb, path: prod.duckdb, schema: shop, threads: 1, settings: {TimeZone: UTC}}
""",
    "models/people.sql": """
-- all but user_id is synthetic
select distinct
    user_id,
    null::varchar as first_name,
    null::varchar as push_token,
    user_id || '@example.com' as email,
    user_id % 10 > 0 as email_consent,
    ['Asia/Dubai', 'America/New_York', 'Asia/Tokyo'][1 + user_id % 3] as time_zone
from raw.site
where event_time at time zone 'UTC' <= {{ as_of() }}
""",
    "models/events.sql": """
with

site as (

    select distinct
        user_id,
        event_type,
        product_id,
        coalesce(brand, 'no brand') || ' ' || coalesce(category_code, 'thing') as product_name,
        price,
        event_time at time zone 'UTC' as occurred_at
    from raw.site
    where event_time at time zone 'UTC' <= {{ as_of() }}

),

named as (

    select
        *,
        'cart_item_added' as name,
        json_object('product_id', product_id::varchar, 'product_name', product_name, 'price', price) as properties
    from site
    where event_type = 'cart'
    union all
    select *, 'item_bought', json_object('stock_code', product_id::varchar)
    from site
    where event_type = 'purchase'
    union all
    select *, 'order_completed', json_object('amount', price)
    from site
    where event_type = 'purchase'

)

select
    name || ':' || user_id || ':' || product_id || ':' || epoch_us(occurred_at) as event_id,
    user_id,
    name,
    occurred_at,
    properties
from named
""",
    "models/staging/abandoned_cart_stock.sql": """
select distinct product_id::varchar as product_id
from raw.site
where
    product_id % 10 > 0
    and (product_id % 10 <> 5 or {{ as_of() }} < timestamptz '2019-10-01 03:50:00+00')
""",
    "models/staging/abandoned_cart_coupons.sql": """
select
    user_id,
    'COUPON-' || user_id as coupon,
    timestamptz '2019-10-02 06:00:00+00' as valid_until
from {{ ref('people') }}
where user_id % 2 = 0
""",
}


@dataclass(frozen=True)
class Electronics:
    root: Path
    site: pl.DataFrame

    def read(self, sql: str) -> pl.DataFrame:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.sql(sql).pl()


def told(root: Path, comes_back: int) -> Electronics:
    """All runs of the morning. One visitor comes back after the data has ended, and buys something else."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.lstrip("\n"), encoding="utf-8")
    (root / "macros").mkdir()
    for macro in ("as_of.sql", "synthetic_number.sql"):
        (root / "macros" / macro).write_text((starter.folder() / "macros" / macro).read_text(encoding="utf-8"))
    recipe = recipes.library()["abandoned_cart"]
    kept = {name: (root / name).read_text() for name in FILES if (root / name) in map(root.joinpath, recipe.files)}
    for name in kept:
        (root / name).unlink()
    recipes.add(recipe, root, "user_id")
    for name, text in kept.items():  # as its README says: your own, with the same columns
        (root / name).write_text(text)

    real = pl.read_parquet(DATA).drop("user_session")
    later = real.head(1).with_columns(
        pl.lit(COMES_BACK_AT.replace(tzinfo=None)).dt.cast_time_unit("us").alias("event_time"),
        pl.lit("purchase").alias("event_type"),
        pl.lit(comes_back, dtype=pl.Int32).alias("user_id"),
    )
    site = pl.concat([real, later])
    (root / "data").mkdir()
    site.write_parquet(root / "data" / "site.parquet")
    with Workspace(root, "dev") as workspace:
        for tick in TICKS:
            replay.once(stages.begin_in(workspace, as_of=tick, kind="replay"))
    return Electronics(root, site.with_columns(pl.col("event_time").dt.replace_time_zone("UTC")))
