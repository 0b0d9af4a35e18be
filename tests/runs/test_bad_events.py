"""Event files as they come in real life: a bad one stops the run with words to act on, and loses nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.runs.shop import Shop

HEADING = "event_id,customer_id,name,occurred_at,amount"
BOUGHT = "g1,grace,order,2024-03-01T09:30:00+00:00,150"
EVENT = (
    "select 'g1' as event_id, 'grace' as customer_id, 'order' as name, "
    "timestamptz '2024-03-01 09:30+00' as occurred_at, 150 as amount"
)
ENDINGS = ("csv", "parquet", "jsonl")


def arrives(shop: Shop, *lines: str, name: str = "events_0009.csv") -> Path:
    return shop.write(f"data/{name}", "\n".join(lines) + "\n")


def exported(shop: Shop, ending: str, sql: str = EVENT, name: str = "events_0009") -> Path:
    """A file of the given kind, as another program would write it."""
    if 'data/events_*.csv"' in (shop.root / "tidegate.yml").read_text():
        shop.edit("tidegate.yml", "data/events_*.csv", "data/events_*")
    path = shop.root / "data" / f"{name}.{ending}"
    form = {"csv": "format csv, header", "parquet": "format parquet", "jsonl": "format json"}[ending]
    with duckdb.connect() as connection:
        connection.execute(f"copy ({sql}) to '{path}' ({form})")
    return path


def events(shop: Shop) -> list[tuple[str, ...]]:
    return shop.rows("select event_id, customer_id, amount from raw.events order by all")


def lands(shop: Shop) -> None:
    """As a run does first."""
    said = shop.says("land")
    assert said.code == 0, said.err


def told(shop: Shop, command: str = "land") -> str:
    """What is said of the file that stops it."""
    (said,) = shop.tells(command, code=5)
    return said.removeprefix("data/")


def cut(path: Path, by: int) -> None:
    path.write_bytes(path.read_bytes()[:-by])


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("csv", "events_0009.csv: line 3 has fewer values than there are columns (5): was the file cut off?"),
        ("parquet", "events_0009.parquet: is not a whole Parquet file: was it cut off?"),
        ("jsonl", "events_0009.jsonl: line 2 is not JSON (unexpected end of data): was the file cut off?"),
    ],
)
def test_a_file_that_was_cut_off_stops_the_run_and_the_whole_one_is_loaded_later(
    shop: Shop, ending: str, said: str
) -> None:
    path = exported(shop, ending, f"{EVENT} union all {EVENT.replace('g1', 'g2')}")
    whole = path.read_bytes()
    cut(path, 30)
    before = shop.everything()

    assert told(shop, "run") == f"{said} Put a whole file in its place, or move it away"
    assert shop.everything() == before
    assert shop.received() == {}

    path.write_bytes(whole)
    shop.run()

    assert events(shop) == [("ada-1", "ada", 10), ("g1", "grace", 150), ("g2", "grace", 150)]
    assert ("Welcome, grace", "grace@example.com") in shop.received()


def test_a_quote_that_nothing_closes_is_told_with_its_line(shop: Shop) -> None:
    arrives(shop, HEADING, BOUGHT, 'g2,"grace')

    assert told(shop).startswith("events_0009.csv: line 3 opens a quote that nothing closes: was the file cut off?")


def test_a_line_with_too_many_values_is_not_left_out_without_a_word(shop: Shop) -> None:
    arrives(shop, HEADING, BOUGHT, f"{BOUGHT},by telephone")

    assert told(shop).startswith("events_0009.csv: line 3 has more values than there are columns (5).")


def test_one_bad_file_keeps_no_good_one_from_being_loaded(shop: Shop) -> None:
    arrives(shop, HEADING, "g2,gra", name="events_0005.csv")
    arrives(shop, HEADING, BOUGHT)

    assert told(shop).startswith("events_0005.csv: ")
    assert ("g1", "grace", 150) in events(shop)


def test_all_bad_files_are_told_at_once(shop: Shop) -> None:
    arrives(shop, HEADING, "g2,gra", name="events_0005.csv")
    arrives(shop, "customer_id,version,email", "ada", name="customers_0006.csv")

    said = shop.tells("land", code=5)

    assert [line.split(":")[0] for line in said] == ["data/customers_0006.csv", "data/events_0005.csv"]


def test_status_tells_in_the_morning_which_file_it_was(shop: Shop) -> None:
    arrives(shop, HEADING, "g2,gra")
    shop.says("run")

    said = shop.says("status")

    assert "failed: data/events_0009.csv: line 2 has fewer values" in said.out


@pytest.mark.parametrize("text", ["", "\n\n"])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_an_empty_file_is_one_that_somebody_is_about_to_write(shop: Shop, ending: str, text: str) -> None:
    path = exported(shop, ending)
    whole = path.read_bytes()
    path.write_text(text)

    lands(shop)
    path.write_bytes(whole)
    lands(shop)

    assert ("g1", "grace", 150) in events(shop)


def test_a_heading_without_rows_changes_no_table(shop: Shop) -> None:
    path = arrives(shop, f"{HEADING},sho")

    lands(shop)
    arrives(shop, f"{HEADING},shop", f"{BOUGHT},London", name=path.name)
    lands(shop)

    assert shop.rows("select shop from raw.events where event_id = 'g1'") == [("London",)]
    assert [name for name, *_ in shop.rows("describe raw.events")] == [*HEADING.split(","), "shop"]


def test_a_heading_that_came_first_settles_no_types(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "corner").found()
    shop.knows("ada")
    arrives(shop, HEADING, name="events_0001.csv")
    assert shop.says("run").code == 5  # the segment adds up amounts, which are text as yet
    arrives(shop, HEADING, BOUGHT)

    shop.run()

    assert events(shop) == [("g1", "grace", 150)]


def test_an_empty_list_in_json_is_no_event(shop: Shop) -> None:
    exported(shop, "jsonl")
    shop.write("data/events_0010.json", "[]")
    shop.write("data/events_0011.json", "[1, 2]")

    assert told(shop) == (
        "events_0011.json: has no column event_id, which `unique` names; it holds no objects with names and values"
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_new_column_is_added_and_is_null_for_what_came_before(shop: Shop, ending: str) -> None:
    exported(shop, ending, f"{EVENT}, 'London' as shop")

    lands(shop)

    assert shop.rows("select event_id, shop from raw.events order by 1") == [("ada-1", None), ("g1", "London")]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_changed_type_that_loses_a_value_is_refused_with_the_event(shop: Shop, ending: str) -> None:
    exported(shop, ending, EVENT.replace("150", "'a lot'"))

    assert told(shop) == (
        f"events_0009.{ending}: column amount is VARCHAR here and BIGINT in raw.events, and 1 value does not fit, "
        "such as that of event_id g1; send it with the old type, or land it into another table"
    )
    assert events(shop) == [("ada-1", "ada", 10)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_changed_type_that_loses_nothing_is_taken(shop: Shop, ending: str) -> None:
    exported(shop, ending, EVENT.replace("150", "150.0::double"))

    lands(shop)

    assert ("g1", "grace", 150) in events(shop)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_first_price_with_pence_widens_the_column(shop: Shop, ending: str) -> None:
    exported(shop, ending, EVENT.replace("150", "149.5::double"))

    lands(shop)

    assert events(shop) == [("ada-1", "ada", 10.0), ("g1", "grace", 149.5)]


def test_a_late_row_of_another_type_is_seen_too(shop: Shop) -> None:
    whole = [f"g{number},grace,visit,2024-03-01T09:30:00+00:00,1" for number in range(30_000)]
    arrives(shop, HEADING, *whole, "late,grace,visit,2024-03-01T09:30:00+00:00,1.5")

    lands(shop)

    assert shop.rows("select amount from raw.events where event_id = 'late'") == [(1.5,)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_event_twice_counts_once(shop: Shop, ending: str) -> None:
    exported(shop, ending, f"{EVENT} union all {EVENT}")
    exported(shop, ending, f"{EVENT} union all {EVENT.replace('g1', 'g2')}", name="events_0010")

    lands(shop)

    assert events(shop) == [("ada-1", "ada", 10), ("g1", "grace", 150), ("g2", "grace", 150)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_file_under_another_name_is_known(shop: Shop, ending: str) -> None:
    path = exported(shop, ending)
    lands(shop)
    before = events(shop)
    path.with_name(f"events_0010.{ending}").write_bytes(path.read_bytes())

    landed = json.loads(shop.says("land", "--json").out)

    assert [(one["source"], one["files"], one["known"]) for one in landed] == [
        ("raw.customers", 0, 1),
        ("raw.events", 0, 3),
    ]
    assert events(shop) == before


def test_nobody_is_thanked_twice_for_an_event_that_came_twice(shop: Shop) -> None:
    arrives(shop, HEADING, BOUGHT, BOUGHT)
    shop.run()
    arrives(shop, HEADING, BOUGHT.replace("09:30", "09:45"), name="events_0010.csv")

    shop.run()

    assert shop.received() == {
        ("Order g1", "grace@example.com"): 1,
        ("Welcome, grace", "grace@example.com"): 1,
    }


def test_a_file_that_grew_gives_its_new_events_only(shop: Shop) -> None:
    path = arrives(shop, HEADING, BOUGHT)
    lands(shop)
    path.write_text(path.read_text() + BOUGHT.replace("g1", "g2") + "\n")

    lands(shop)

    assert events(shop) == [("ada-1", "ada", 10), ("g1", "grace", 150), ("g2", "grace", 150)]


def test_events_that_nothing_names_are_refused_and_not_taken_for_one(shop: Shop) -> None:
    arrives(shop, HEADING, BOUGHT.removeprefix("g1"), BOUGHT.removeprefix("g1").replace("grace", "ada"))

    assert told(shop) == (
        "events_0009.csv: 2 rows have no event_id, which names an event; give them one, or leave them out"
    )


def test_a_file_without_a_heading_is_refused_without_quoting_its_data(shop: Shop) -> None:
    arrives(shop, BOUGHT.replace("grace", "grace@example.com"))

    assert told(shop) == (
        "events_0009.csv: has no column event_id, which `unique` names; does its first line name the columns?"
    )


def test_a_file_that_belongs_elsewhere_does_not_widen_the_table(shop: Shop) -> None:
    arrives(shop, "day,visits", "2024-03-01,7", name="customers_0009.csv")

    assert told(shop).startswith("customers_0009.csv: has none of the columns of raw.customers (customer_id, version,")


def test_text_in_another_encoding_is_told_with_its_line(shop: Shop) -> None:
    path = arrives(shop, HEADING, BOUGHT, BOUGHT.replace("order", "ordér"))
    path.write_bytes(path.read_text().encode("latin-1"))

    assert told(shop).startswith("events_0009.csv: line 3 is not UTF-8 text; save it as UTF-8.")


def test_semicolons_and_gzip_are_read_as_they_are(shop: Shop) -> None:
    arrives(shop, HEADING.replace(",", ";"), BOUGHT.replace(",", ";"))
    shop.edit("tidegate.yml", "data/events_*.csv", "data/events_*")
    (shop.root / "data/events_0010.CSV.gz").write_bytes(
        gzip.compress(f"{HEADING}\n{BOUGHT.replace('g1', 'g2')}\n".encode())
    )

    lands(shop)

    assert events(shop) == [("ada-1", "ada", 10), ("g1", "grace", 150), ("g2", "grace", 150)]


def _a_folder(path: Path) -> None:
    path.mkdir()


def _a_link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize("make", [_a_folder, _a_link_to_nowhere])
def test_what_is_no_file_is_passed_over(shop: Shop, make: Callable[[Path], None]) -> None:
    make(shop.root / "data/events_0009.csv")

    assert shop.says("land").code == 0
