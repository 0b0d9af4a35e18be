"""The audiences and messages that ship with the shop."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML

from tests.shop.conftest import AS_OF, Shop
from tidegate import build, registry
from tidegate.guards import Movement, occurrence_verdict, verdict
from tidegate.migrations import available
from tidegate.render import Renderer
from tidegate.spec.columns import check_columns
from tidegate.spec.objects import Project
from tidegate.spec.project import load
from tidegate.starter import folder as starter

NOON = datetime(2011, 10, 3, 11, 5, tzinfo=UTC)
SAMPLES: dict[str, Any] = {
    "VARCHAR": "SET OF 6 T-LIGHTS <CACTI>",
    "INTEGER": 12,
    "BIGINT": 7,
    "HUGEINT": 1024,
    "DATE": date(2011, 10, 9),
    "TIMESTAMP WITH TIME ZONE": NOON,
    "BOOLEAN": True,
}


@pytest.fixture(scope="module")
def project(shop: Shop) -> Project:
    for name in ("audiences", "messages", "connectors"):
        shutil.copytree(starter() / name, shop.root / name, dirs_exist_ok=True)
    return check_columns(load(shop.root, "dev"), columns(shop).model_columns())


def columns(shop: Shop) -> build.Built:
    built = shop.build(AS_OF)
    with duckdb.connect(str(shop.path)) as connection:
        return build.describe(connection, built)


def test_the_audiences_show_all_that_an_audience_can_do(project: Project) -> None:
    audiences = project.audiences.values()
    assert len(audiences) >= 6
    syncs = [(audience.name, sync) for audience in audiences for sync in audience.sync]
    assert any(sync.to == "meta_ads" and set(sync.match) == {"email", "phone"} for _, sync in syncs)
    assert any(sync.to == "exports" for _, sync in syncs)
    assert any("email" in send.by for audience in audiences for send in audience.on_enter)
    assert any("email" in send.by for audience in audiences for send in audience.on_exit)
    assert any("sms" in send.by for audience in audiences for send in audience.on_enter)
    assert any("push" in send.by for audience in audiences for send in (*audience.on_enter, *audience.sends))
    assert any(sync.to == "hubspot" and sync.mode == "object" and sync.set and sync.on_leave_set for _, sync in syncs)
    assert any(sync.to == "hubspot" and sync.mode == "list" for _, sync in syncs)
    assert any(audience.when for audience in audiences)
    assert any("customer_care" in send.by for audience in audiences for send in audience.on_enter)
    owners: dict[tuple[str, str], set[str]] = {}
    for name, sync in syncs:
        owners.setdefault((sync.to, sync.name), set()).add(name)
    assert owners["meta_ads", "Win back"] == {"lapsed_90_days", "high_spenders_about_to_lapse"}


def test_every_message_can_be_written_to_everybody(project: Project, shop: Shop) -> None:
    """With every column filled, and with every column that may be empty left empty."""
    models = columns(shop).model_columns()
    people = models[project.people].columns
    renderer = Renderer(project)
    written = 0
    for audience in project.audiences.values():
        entry = models[audience.model].columns
        for send in (*audience.on_enter, *audience.sends):
            for channel, language in project.messages[send.message].contents:
                full = {name: _sample(kind) for name, kind in people.items()}
                bare = {**dict.fromkeys(people, None), "customer_id": 12347}
                for person in (full, bare):
                    content = renderer.render(
                        send.message, channel, language, person, {name: _sample(kind) for name, kind in entry.items()}
                    )
                    text = str(content.get("text") or content["body"])
                    assert "None" not in text
                    assert "{{" not in text
                    if "html" in content:
                        assert "<CACTI>" not in content["html"].upper(), "a product's name is text, not markup"
                    written += 1
    assert written > 20


def test_every_message_that_is_not_about_an_order_says_how_to_get_no_more(project: Project) -> None:
    for message in project.messages.values():
        if message.transactional:
            continue
        for (channel, _), content in message.contents.items():
            if channel == "push":
                continue  # the telephone itself asks, and turns them off
            said = {"email": "{{ unsubscribe_url }}", "sms": "STOP"}[channel]
            assert said in content.body, content.file


def test_germans_are_written_to_in_german(project: Project) -> None:
    triggered = {send.message for audience in project.audiences.values() for send in audience.sends}
    for name in triggered:
        assert ("email", "de") in project.messages[name].contents


@pytest.mark.parametrize("day", [date(2011, 10, 6), date(2011, 11, 17), date(2011, 12, 4)])
def test_the_guards_let_the_busiest_days_of_a_normal_autumn_through(project: Project, shop: Shop, day: date) -> None:
    before = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        members = [_members(project, shop, before + timedelta(days=days)) for days in (0, 1)]
    finally:
        shop.build(AS_OF)
    for name, audience in project.audiences.items():
        was, now = members[0][name], members[1][name]
        entered, left = len(now - was), len(was - now)
        if audience.when:
            assert occurrence_verdict(audience.guard, Movement(entered=entered, messages=entered)) == "", name
        else:
            messages = entered * len(audience.on_enter) + left * len(audience.on_exit)
            moved = Movement(held=len(was), entered=entered, left=left, messages=messages)
            assert verdict(audience.guard, moved) == "", name


def test_an_audience_that_loses_half_of_its_members_overnight_is_blocked(project: Project) -> None:
    for name in ("vip_customers", "lapsed_90_days", "bought_once", "customers_in_germany"):
        half = Movement(held=800, entered=0, left=400, messages=0)
        assert verdict(project.audiences[name].guard, half) != "", name


def test_what_the_readme_shows_is_what_the_files_say() -> None:
    readme = (starter() / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```\w+\n(?:--|#) (\S+): .*\n([^`]+)```", readme)

    assert [name for name, _ in shown] == ["models/segments/vip_customers.sql", "audiences/vip_customers.yml"]
    for name, text in shown:
        lines = (starter() / name).read_text(encoding="utf-8").splitlines(keepends=True)
        assert text == "".join(line for line in lines if not line.startswith("#"))


def test_the_readme_counts_the_connectors_that_ship() -> None:
    readme = (starter() / "README.md").read_text(encoding="utf-8")

    assert f"[{len(registry.names(starter()))}](docs/connectors/README.md)" in readme


def test_every_table_of_tidegate_is_a_source_that_reports_can_read() -> None:
    said = YAML(typ="safe").load(Path(starter() / "models" / "reports" / "tidegate.yml").read_text())
    declared = {table["name"] for table in said["sources"][0]["tables"]}
    connection = duckdb.connect()
    connection.execute("create schema tidegate")
    for _, sql in available():
        connection.execute(sql)
    made = {
        name for (name,) in connection.execute("select table_name from duckdb_tables() where not internal").fetchall()
    }
    connection.close()
    assert declared == made - {"address_key"}, "the key of suppressed addresses is nobody's report"


def _members(project: Project, shop: Shop, as_of: datetime) -> dict[str, set[Any]]:
    shop.build(as_of)
    found = {}
    for name, audience in project.audiences.items():
        column = "occurrence_id" if audience.when else project.key
        rows = shop.read(f"select {column} as key from shop.{audience.model}")  # noqa: S608
        found[name] = set(rows["key"])
    return found


def _sample(kind: str) -> Any:
    return Decimal("1234.50") if kind.startswith("DECIMAL") else SAMPLES[kind]
