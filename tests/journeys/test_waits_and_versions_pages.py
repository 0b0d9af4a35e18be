"""The examples of docs/waits.md and docs/versions.md are files that load."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.journeys.world import World

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = [
    pytest.param(example, id=f"{page}-{number}")
    for page in ("waits", "versions")
    for number, example in enumerate(
        re.findall(r"```yaml\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_loads_and_runs(world: World, example: str) -> None:
    world.segment("leads", departs_at="TIMESTAMPTZ")
    world.person("ada", birthday=date(1815, 12, 10))
    written = example if example.startswith("journey:") else f"journey: x\nenter: {{on: enter ref('leads')}}\n{example}"

    journey = world.journey(written)
    world.run()
    world.joins("leads", "ada")

    assert world.of(journey.name, world.run()).entered == 1
