"""Near a place: the customers of the shop, each where the capital of their country is, through dbt."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tidegate import build
from tidegate.starter import folder as starter

#: Where capitals are, by GeoNames, and how far from London on the globe, in kilometres.
CAPITALS = {
    "United Kingdom": (51.50853, -0.12574, 0),
    "Belgium": (50.85045, 4.34878, 320),
    "France": (48.85341, 2.3488, 344),
    "Netherlands": (52.37403, 4.88969, 357),
    "EIRE": (53.33306, -6.24889, 463),
    "Germany": (52.52437, 13.41053, 931),
    "Spain": (40.4165, -3.70256, 1264),
    "Australia": (-35.28346, 149.12807, 16990),
    "USA": (38.89511, -77.03637, 5898),
}

PROFILES = """\
near:
  target: dev
  outputs:
    dev: {type: duckdb, path: house.duckdb, schema: near, threads: 1, settings: {TimeZone: UTC}}
"""
SEEN_AT = """\
select distinct customers.customerid as customer_id, capitals.latitude, capitals.longitude, customers.country
from raw.invoice_lines as customers
inner join {{ ref('capitals') }} as capitals on customers.country = capitals.country
where customers.customerid is not null
"""
MODELS = {
    "near_london": "{{ within_km('latitude', 'longitude', 'london') }}",
    "nearer_london": "{{ within_km('latitude', 'longitude', 'london', km=330) }}",
    "near_two_numbers": "{{ within_km('latitude', 'longitude', [51.50853, -0.12574], km=330) }}",
    "near_nowhere": "{{ within_km('latitude', 'longitude', 'atlantis') }}",
    "near_sydney": "{{ within_km('latitude', 'longitude', \"st mary's\") }}",
}
AS_OF = datetime(2011, 11, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("near")
    for folder in ("models", "seeds", "macros"):
        (root / folder).mkdir()
    shutil.copy(starter() / "macros" / "within_km.sql", root / "macros")
    (root / "dbt_project.yml").write_text("name: near\nprofile: near\nflags: {send_anonymous_usage_stats: false}\n")
    (root / "profiles.yml").write_text(PROFILES)
    capitals = [f"{country},{lat},{lon}" for country, (lat, lon, _) in CAPITALS.items()]
    (root / "seeds" / "capitals.csv").write_text("\n".join(["country,latitude,longitude", *capitals]) + "\n")
    places = ["place,latitude,longitude,km", "london,51.50853,-0.12574,350", "st mary's,-33.8712,151.2133,300"]
    (root / "seeds" / "places.csv").write_text("\n".join(places) + "\n")
    (root / "models" / "seen_at.sql").write_text(SEEN_AT)
    for name, condition in MODELS.items():
        (root / "models" / f"{name}.sql").write_text(
            f"select customer_id, country from {{{{ ref('seen_at') }}}} where {condition}\n"  # noqa: S608
        )
    with duckdb.connect(str(root / "house.duckdb")) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.invoice_lines as from read_parquet($files)",
            {"files": str(starter() / "data" / "online_retail" / "*.parquet")},
        )
    assert build.build(root, "dev", AS_OF).failed == {}
    return root


def countries(near: Path, model: str) -> dict[object, object]:
    """How many customers are near, by country."""
    with duckdb.connect(str(near / "house.duckdb")) as connection:
        found = connection.execute(
            f"select country, count(*) from near.{model} group by country"  # noqa: S608
        ).fetchall()
    return dict(found)


def customers(near: Path, *names: str) -> dict[object, object]:
    """How many customers these countries have, by the invoices themselves."""
    with duckdb.connect(str(near / "house.duckdb")) as connection:
        found = connection.execute(
            "select country, count(distinct customerid) from raw.invoice_lines where list_contains($names, country) "
            "group by country",
            {"names": list(names)},
        ).fetchall()
    return dict(found)


def test_customers_within_a_places_own_distance_are_near_it(near: Path) -> None:
    found = countries(near, "near_london")
    assert set(found) == {"United Kingdom", "Belgium", "France"}
    assert found == customers(near, "United Kingdom", "Belgium", "France")


def test_the_distance_may_be_another_one(near: Path) -> None:
    assert set(countries(near, "nearer_london")) == {"United Kingdom", "Belgium"}


def test_a_place_may_be_two_numbers(near: Path) -> None:
    assert countries(near, "near_two_numbers") == countries(near, "nearer_london")


def test_a_place_in_the_south_whose_name_has_a_quote(near: Path) -> None:
    assert set(countries(near, "near_sydney")) == {"Australia"}


def test_nobody_is_near_a_place_that_there_is_not(near: Path) -> None:
    assert countries(near, "near_nowhere") == {}


@pytest.mark.parametrize("country", CAPITALS)
def test_the_distance_is_that_on_the_globe(near: Path, country: str) -> None:
    """Half a per cent more reaches each capital, half a per cent less does not."""
    from jinja2 import Environment

    macro = (starter() / "macros" / "within_km.sql").read_text() + "{{ within_km('lat', 'lon', place, km=km) }}"
    latitude, longitude, distance = CAPITALS[country]

    def reaches(km: float) -> object:
        condition = Environment().from_string(macro).render(place=[51.50853, -0.12574], km=km)
        query = f"select {condition} from (values ({latitude}, {longitude})) as seen_at (lat, lon)"  # noqa: S608
        return duckdb.sql(query).fetchall()[0][0]

    assert reaches(distance * 1.005 + 0.5)
    assert distance == 0 or not reaches(distance * 0.995 - 0.5)


def test_two_numbers_without_a_distance_are_refused(near: Path, tmp_path: Path) -> None:
    root = tmp_path / "near"
    shutil.copytree(near, root)
    (root / "models" / "near_how.sql").write_text(
        "select 1 as one from {{ ref('seen_at') }} where {{ within_km('latitude', 'longitude', [51.5, -0.1]) }}\n"
    )
    with pytest.raises(Exception, match="how near"):
        build.build(root, "dev", AS_OF)
