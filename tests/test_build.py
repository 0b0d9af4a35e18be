from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tidegate import build
from tidegate.build import invocation
from tidegate.errors import SpecError, WarehouseError
from tidegate.starter import folder as starter
from tidegate.warehouse import Warehouse

MONDAY = datetime(2011, 10, 3, tzinfo=UTC)
TUESDAY = datetime(2011, 10, 4, tzinfo=UTC)

PROFILES = """\
tiny:
  target: dev
  outputs:
    dev: {type: duckdb, path: "warehouse/house.duckdb", schema: tiny, threads: 1}
    prod: {type: duckdb, path: "{{ env_var('TINY_WAREHOUSE') }}", schema: tiny}
    lake: {type: spark, host: there}
"""
FILES = {
    "dbt_project.yml": "name: tiny\nprofile: tiny\nflags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": PROFILES,
    "tidegate.yml": "land:\n  - {files: 'events/*.csv', into: raw.orders}\n",
    "models/sources.yml": "sources: [{name: raw, schema: raw, tables: [{name: orders}]}]\n",
    "models/stg_orders.sql": (
        "select who, spent, at_time from {{ source('raw', 'orders') }} where at_time <= {{ as_of() }}\n"
    ),
    "models/people.sql": "select distinct who from {{ ref('stg_orders') }}\n",
    "models/big_spenders.sql": (
        "select who, sum(spent) as spent\nfrom {{ ref('stg_orders') }}\ngroup by who\nhaving sum(spent) > 100\n"
    ),
    "models/big_spenders.yml": (
        "models:\n  - name: big_spenders\n    config: {meta: {contract: [{not_null: who}, {unique: who}]}}\n"
    ),
}


class TinyProject:
    """Two people and a handful of orders, in a dbt project of three models."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)
        (root / "macros").mkdir()
        shutil.copy(starter() / "macros" / "as_of.sql", root / "macros")
        self.path = root / "warehouse" / "house.duckdb"

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def has_orders(self) -> None:
        with Warehouse(self.path).session() as connection:
            connection.execute("create schema if not exists raw")
            connection.execute(
                "create or replace table raw.orders as from (values"
                " ('ada', 90, timestamptz '2011-10-01 09:00:00+00'),"
                " ('ada', 90, timestamptz '2011-10-03 09:00:00+00'),"
                " ('grace', 20, timestamptz '2011-10-01 09:00:00+00')) as orders (who, spent, at_time)"
            )

    def build(self, as_of: datetime = TUESDAY, **options: object) -> build.Built:
        return build.build(self.root, "dev", as_of, **options)  # type: ignore[arg-type]

    def rows(self, relation: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(f"select * from {relation} order by 1").fetchall()  # noqa: S608


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[TinyProject]:
    project = TinyProject(tmp_path)
    project.has_orders()
    yield project
    assert os.environ.get("TIDEGATE_AS_OF") is None, "a build's clock must not outlive it"


def parses(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What dbt is asked to do from here on."""
    asked: list[list[str]] = []
    through = invocation._invoke

    def listen(arguments: list[str], manifest: object) -> object:
        asked.append(arguments[:1])
        return through(arguments, manifest)

    monkeypatch.setattr(invocation, "_invoke", listen)
    return asked


def test_a_run_as_of_monday_does_not_see_what_was_bought_later(tiny: TinyProject) -> None:
    tiny.build(MONDAY)
    assert tiny.rows("tiny.big_spenders") == []

    tiny.build(TUESDAY)
    assert tiny.rows("tiny.big_spenders") == [("ada", 180)]


def test_what_was_built_is_told_with_its_relation_columns_and_contracts(tiny: TinyProject) -> None:
    built = tiny.build()
    with Warehouse(tiny.path).session() as connection:
        built = build.describe(connection, built)

    assert built.failed == {}
    assert set(built.models) == {"stg_orders", "people", "big_spenders"}
    spenders = built.models["big_spenders"]
    assert spenders.relation == '"house"."tiny"."big_spenders"'
    assert spenders.columns == {"who": "VARCHAR", "spent": "HUGEINT"}
    assert "having sum(spent) > 100" in spenders.definition
    assert built.model_columns()["people"].columns == {"who": "VARCHAR"}
    assert built.contracts["big_spenders"].raw == [{"not_null": "who"}, {"unique": "who"}]
    assert built.contracts["big_spenders"].file == "models/big_spenders.yml"


def test_the_warehouse_is_free_after_a_build_also_after_one_that_failed(tiny: TinyProject) -> None:
    for sql in ("select 1 as one", "select nothing from nowhere"):
        tiny.write("models/people.sql", sql)
        tiny.build()
        reads = f"import duckdb; duckdb.connect({str(tiny.path)!r}).execute('select 1')"
        subprocess.run([sys.executable, "-c", reads], check=True)


def test_a_new_clock_parses_nothing_anew(tiny: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.build(MONDAY)
    asked = parses(monkeypatch)

    tiny.build(TUESDAY)

    assert asked == [["run"]]


def test_in_the_next_process_a_new_clock_parses_nothing_anew(tiny: TinyProject) -> None:
    """dbt writes down what it parsed when something in it changed."""
    tiny.build(MONDAY)
    written = next(tiny.root.rglob("partial_parse.msgpack")).stat().st_mtime_ns
    invocation._parsed.clear()

    tiny.build(TUESDAY)

    assert next(tiny.root.rglob("partial_parse.msgpack")).stat().st_mtime_ns == written


def test_an_edited_model_is_seen_by_the_next_build_of_the_same_process(tiny: TinyProject) -> None:
    tiny.build()
    tiny.edit("models/big_spenders.sql", "> 100", "> 10")
    tiny.build()
    assert tiny.rows("tiny.big_spenders") == [("ada", 180), ("grace", 20)]


def test_neither_the_clock_nor_a_plan_nor_a_comment_changes_what_a_model_means(tiny: TinyProject) -> None:
    before = tiny.build(MONDAY).models
    tiny.write(
        "models/big_spenders.sql",
        "-- those who spent much\nSELECT who, sum(spent) AS spent /* pounds */ FROM {{ ref('stg_orders') }}\n"
        "group   by who having sum(spent) > 100 -- not 100 itself\n",
    )

    as_of_tuesday = tiny.build(TUESDAY).models
    planned = tiny.build(TUESDAY, scratch="tidegate_plan").models

    for models in (as_of_tuesday, planned):
        assert {name: model.definition_hash for name, model in models.items()} == {
            name: model.definition_hash for name, model in before.items()
        }
    assert planned["people"].relation == '"house"."tidegate_plan"."people"'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("> 100", "> 101"),
        ("> 100", ">= 100"),
        ("sum(spent) as spent", "sum(spent) as Spend"),
        ("select who", "select 'who' as who"),
    ],
)
def test_an_edit_changes_what_a_model_means(tiny: TinyProject, old: str, new: str) -> None:
    before = tiny.build().models
    tiny.edit("models/big_spenders.sql", old, new)
    after = tiny.build().models
    assert after["big_spenders"].definition_hash != before["big_spenders"].definition_hash
    assert after["people"].definition_hash == before["people"].definition_hash


def test_an_edit_upstream_changes_what_all_that_stand_on_it_mean(tiny: TinyProject) -> None:
    before = tiny.build().models
    tiny.edit("models/stg_orders.sql", "where", "where spent > 0 and")
    after = tiny.build().models
    assert all(after[name].definition_hash != before[name].definition_hash for name in before)


def test_an_edit_of_a_seed_or_an_ephemeral_model_changes_what_stands_on_it(tiny: TinyProject) -> None:
    tiny.write("seeds/friends.csv", "who\nada\n")
    tiny.write("models/known.sql", "{{ config(materialized='ephemeral') }} select * from {{ ref('friends') }}")
    tiny.edit("models/people.sql", "{{ ref('stg_orders') }}", "{{ ref('known') }}")
    first = tiny.build()
    again = tiny.build(MONDAY)
    assert tiny.rows("tiny.people") == [("ada",)]
    assert again.models["people"].definition_hash == first.models["people"].definition_hash

    tiny.write("seeds/friends.csv", "who\ngrace\n")
    after = tiny.build()

    assert tiny.rows("tiny.people") == [("grace",)]
    assert after.models["people"].definition_hash != first.models["people"].definition_hash


def test_a_plan_leaves_the_models_of_the_last_run_alone_and_nothing_behind(tiny: TinyProject) -> None:
    tiny.build(TUESDAY)
    tiny.edit("models/big_spenders.sql", "> 100", "> 10")

    tiny.build(TUESDAY, scratch="tidegate_plan")

    assert tiny.rows("tiny.big_spenders") == [("ada", 180)]
    assert tiny.rows("tidegate_plan.big_spenders") == [("ada", 180), ("grace", 20)]
    with Warehouse(tiny.path).session() as connection:
        build.drop_scratch(connection, "tidegate_plan")
        build.drop_scratch(connection, "tidegate_plan")
        left = connection.execute("select count(*) from duckdb_tables() where schema_name = 'tidegate_plan'").fetchone()
    assert left == (0,)


def test_a_model_whose_sql_does_not_parse_is_told_with_its_line_and_the_others_are_built(tiny: TinyProject) -> None:
    tiny.edit("models/big_spenders.sql", "group by", "grope by")
    built = tiny.build()
    assert set(built.models) == {"stg_orders", "people"}
    assert list(built.failed) == ["big_spenders"]
    assert built.failed["big_spenders"] == 'models/big_spenders.sql:3: is not SQL: syntax error at or near "by"'


def test_a_column_that_does_not_exist_is_told_with_those_that_do(tiny: TinyProject) -> None:
    tiny.edit("models/big_spenders.sql", "having sum(spent)", "having sum(spnt)")
    built = tiny.build()
    assert built.failed["big_spenders"] == "models/big_spenders.sql:4: no column `spnt`; did you mean `spent`?"


def test_a_value_that_does_not_convert_is_told_without_the_value(tiny: TinyProject) -> None:
    sql = "{{ config(materialized='table') }} select cast(who || '@example.com' as integer) as who"
    tiny.write("models/big_spenders.sql", sql + " from {{ ref('stg_orders') }}")
    built = tiny.build()
    assert built.failed["big_spenders"].startswith("models/big_spenders.sql")
    assert "could not convert" in built.failed["big_spenders"].lower()
    assert "ada" not in built.failed["big_spenders"]


def test_what_stands_on_a_failed_model_is_told_which_one_it_is(tiny: TinyProject) -> None:
    tiny.edit("models/stg_orders.sql", "select who", "select whom")
    built = tiny.build()
    assert built.models == {}
    assert built.failed["people"] == "models/people.sql: not built, because `stg_orders` could not be"


def test_a_model_that_does_not_exist_is_named_with_file_line_and_a_guess(tiny: TinyProject) -> None:
    tiny.edit("models/big_spenders.sql", "stg_orders", "stg_ordres")
    with pytest.raises(SpecError) as caught:
        tiny.build()
    assert str(caught.value) == "models/big_spenders.sql:2: no model `stg_ordres`; did you mean `stg_orders`?"


def test_contracts_of_a_model_that_does_not_exist_are_told_again_and_again(tiny: TinyProject) -> None:
    tiny.build()
    tiny.edit("models/big_spenders.yml", "name: big_spenders", "name: big_spender")
    for _ in range(2):
        with pytest.raises(SpecError) as caught:
            tiny.build()
        # As another process would: what dbt keeps on disk must not make it forget.
        invocation._parsed.clear()
        words = "models/big_spenders.yml:2: name: no model `big_spender`; did you mean `big_spenders`?"
        assert str(caught.value) == words


def test_a_source_that_is_not_declared_is_named(tiny: TinyProject) -> None:
    tiny.edit("models/stg_orders.sql", "'orders'", "'oders'")
    with pytest.raises(SpecError, match=r"models/stg_orders.sql:1: no source `raw.oders`; declare it"):
        tiny.build()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("models/people.sql", "select 1\nfrom {{ ref('stg_orders') }\n", r"models/people.sql:2: unexpected '}'"),
        ("models/people.yml", "models:\n  - name: [\n", r"models/people.yml:\d: is not YAML"),
        ("models/people.yml", "models:\n  - nam: people\n", r"models/people.yml: .*does not have a name"),
        ("dbt_project.yml", "name: tiny\nprofile: tiny\ncolour: red\n", r"dbt_project.yml: .*'colour' was unexpected"),
    ],
)
def test_a_project_that_cannot_be_parsed_is_a_mistake_in_a_file(
    tiny: TinyProject, file: str, text: str, said: str
) -> None:
    tiny.write(file, text)
    with pytest.raises(SpecError, match=said):
        tiny.build()


def test_a_build_says_nothing_on_the_terminal(tiny: TinyProject, capfd: pytest.CaptureFixture[str]) -> None:
    tiny.edit("models/big_spenders.sql", "group by", "grope by")
    tiny.build()
    assert capfd.readouterr() == ("", "")


def test_a_build_puts_its_files_beside_the_warehouse_and_nowhere_else(tiny: TinyProject) -> None:
    before = {path.name for path in tiny.root.iterdir()}
    tiny.build()
    tiny.build(scratch="tidegate_plan")
    assert {path.name for path in tiny.root.iterdir()} == before
    assert {path.name for path in (tiny.root / "warehouse" / "house.tidegate" / "dbt").iterdir()} == {
        "run",
        "tidegate_plan",
    }


def test_what_the_profile_takes_from_the_environment_is_written_nowhere(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_ZONE", "Antarctica/Troll")
    tiny.edit("profiles.yml", "threads: 1", "settings: {TimeZone: \"{{ env_var('TINY_ZONE') }}\"}")
    tiny.write("models/zone.sql", "{{ config(materialized='table') }} select current_setting('TimeZone') as zone")
    tiny.build()
    assert tiny.rows("tiny.zone") == [("Antarctica/Troll",)]
    holding = [path.name for path in tiny.root.rglob("*") if path.is_file() and b"Troll" in path.read_bytes()]
    assert holding == ["house.duckdb"]


def test_selected_models_are_built_with_what_they_stand_on(tiny: TinyProject) -> None:
    built = tiny.build(select=["people"])
    assert set(built.models) == {"stg_orders", "people"}


def test_a_hook_that_fails_is_a_mistake_in_the_project(tiny: TinyProject) -> None:
    tiny.write("dbt_project.yml", FILES["dbt_project.yml"] + "on-run-start: ['select nothing']\n")
    with pytest.raises(SpecError, match="nothing"):
        tiny.build()


def test_who_holds_the_warehouse_is_waited_for(tiny: TinyProject) -> None:
    holds = f"import duckdb, time; held = duckdb.connect({str(tiny.path)!r}); print('held', flush=True); time.sleep(2)"
    with subprocess.Popen([sys.executable, "-c", holds], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        built = tiny.build()
    assert set(built.models) == {"stg_orders", "people", "big_spenders"}


def test_a_file_that_is_no_warehouse_is_said_to_be_none(tiny: TinyProject) -> None:
    tiny.path.write_bytes(b"a shopping list" * 1000)
    with pytest.raises(WarehouseError, match=r"house\.duckdb"):
        tiny.build()


class TestColumnsBeforeThereIsData:
    def test_they_come_from_the_files_that_will_be_landed(self, tiny: TinyProject) -> None:
        shutil.rmtree(tiny.path.parent)
        tiny.write("events/monday.csv", "who,spent,at_time\nada,90,2011-10-01 09:00:00+00\n")
        built = build.columns(tiny.root, "dev")
        assert built.failed == {}
        assert built.models["big_spenders"].columns == {"who": "VARCHAR", "spent": "HUGEINT"}
        assert built.models["big_spenders"].relation == '"house"."tiny"."big_spenders"'
        assert not tiny.path.exists()

    def test_they_come_from_the_warehouse_where_the_tables_are_there(self, tiny: TinyProject) -> None:
        built = build.columns(tiny.root, "dev")
        assert built.models["stg_orders"].columns == {
            "who": "VARCHAR",
            "spent": "INTEGER",
            "at_time": "TIMESTAMP WITH TIME ZONE",
        }

    def test_a_typo_is_found_without_a_row(self, tiny: TinyProject) -> None:
        tiny.edit("models/people.sql", "who", "wo")
        built = build.columns(tiny.root, "dev")
        assert built.failed["people"].startswith("models/people.sql:1: no column `wo`")

    def test_the_models_of_the_last_run_stay_as_they_are(self, tiny: TinyProject) -> None:
        tiny.build()
        build.columns(tiny.root, "dev")
        assert tiny.rows("tiny.big_spenders") == [("ada", 180)]


class TestProfiles:
    def test_the_warehouse_is_where_the_profile_says_seen_from_the_project(self, tiny: TinyProject) -> None:
        assert build.targets(tiny.root) == ["dev", "prod", "lake"]
        assert build.warehouse_path(tiny.root, "dev") == tiny.path

    def test_the_environment_is_asked_for_what_the_profile_leaves_to_it(
        self, tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TINY_WAREHOUSE", "/srv/shop.duckdb")
        assert build.warehouse_path(tiny.root, "prod") == Path("/srv/shop.duckdb")

    def test_a_variable_that_is_not_set_is_named(self, tiny: TinyProject) -> None:
        with pytest.raises(SpecError, match=r"profiles.yml:5: tiny.outputs.prod.path: the environment has no TINY_"):
            build.warehouse_path(tiny.root, "prod")

    def test_a_target_that_does_not_exist_gets_a_guess(self, tiny: TinyProject) -> None:
        with pytest.raises(SpecError, match=r"no output `prd`; did you mean `prod`\?"):
            build.warehouse_path(tiny.root, "prd")

    def test_another_kind_of_warehouse_is_refused_in_words(self, tiny: TinyProject) -> None:
        with pytest.raises(SpecError, match=r"profiles.yml:6: tiny.outputs.lake.type: `spark` is not supported"):
            build.warehouse_path(tiny.root, "lake")

    def test_a_warehouse_in_memory_would_forget_what_was_sent(self, tiny: TinyProject) -> None:
        tiny.edit("profiles.yml", "warehouse/house.duckdb", ":memory:")
        with pytest.raises(SpecError, match="must name a file"):
            build.warehouse_path(tiny.root, "dev")

    def test_without_a_profile_it_is_said_where_one_was_looked_for(self, tiny: TinyProject) -> None:
        (tiny.root / "profiles.yml").unlink()
        with pytest.raises(SpecError, match=rf"looked in {tiny.root}, .*\.dbt"):
            build.targets(tiny.root)
