"""docs/entries.md: its examples are files that load and let somebody in, and no reason is left out."""

from __future__ import annotations

import re
import textwrap
from datetime import date
from pathlib import Path

import pytest

from tests.journeys.world import World
from tidegate.journeys import versions

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "entries.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
STEPS = "steps:\n  - {send: hello, by: email}\n"


@pytest.mark.parametrize("example", [pytest.param(one, id=one.split("\n")[1].strip()) for one in EXAMPLES])
def test_an_example_loads_and_runs(world: World, example: str) -> None:
    world.person("12347", tier="silver", points=500, birthday=date(1815, 12, 10))
    for segment in ("new_leads", "subscribers", "lapsed_90_days", "newsletter_readers", "near_the_shop"):
        world.segment(segment)
    world.segment("appointments", starts_at="TIMESTAMPTZ", appointment_id="VARCHAR")
    world.trigger("order_completed", invoice_no="VARCHAR")
    (world.root / "audiences").mkdir()
    (listed,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (world.root / "audiences" / "spring_fair.csv").write_text(listed)
    world.journey(f"journey: onboarding\nenter: {{on: enter ref('new_leads')}}\n{STEPS}")

    world.journey(f"journey: x\n{example}{STEPS}")
    world.run()
    world.run()

    assert (world.of("x").verdict, world.of("x").reason) == ("applied", "")
    assert world.of("x").cause == "data"


def test_every_reason_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE.split("## Why")[1], re.MULTILINE))))
    sources = [*(ROOT / "src/tidegate/journeys/entries").glob("*.py"), ROOT / "src/tidegate/journeys/entering.py"]
    sources += (ROOT / "src/tidegate/sql/journeys/entries").glob("*.sql")
    given = {
        reason
        for source in sources
        for reason in re.findall(r"""(?:then|disposition =|reason=|"reason":) ?['"](\w+)['"]""", source.read_text())
    }
    on_hold = set(versions.OnHold.__args__) - {"", "draft"}

    assert {"baseline", "inside", "too_soon", "condition", "exit_rule", "erased"} <= given
    assert told == given | on_hold | {"acted"}


def test_the_place_of_the_page_is_one_that_the_macro_knows() -> None:
    macro = (ROOT / "macros" / "within_km.sql").read_text()
    arguments = re.search(r"macro within_km\((.*?)\)", macro)

    assert arguments is not None
    assert f"within_km({arguments[1].replace('=none', '')})" in textwrap.dedent(PAGE)
