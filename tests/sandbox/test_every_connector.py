"""Any destination of any connector can be led to the sandbox: the example on each page is, and proves itself there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.sandbox import Sandbox, platforms, settings_for
from tidegate.spec.objects import DestinationSpec
from tidegate.testing import matrix

ROOT = Path(__file__).parents[2]


def examples() -> Iterator[DestinationSpec]:
    for page in matrix.pages(ROOT).values():
        yield from matrix.examples(page)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.mark.parametrize("spec", list(examples()), ids=lambda spec: f"{spec.connector}-{spec.name}")
async def test_the_example_on_its_page_proves_itself_in_the_sandbox(spec: DestinationSpec, sandbox: Sandbox) -> None:
    kind = registry.load(spec.connector, ROOT)
    settings = settings_for(spec, kind, sandbox.endpoints)
    connector = kind(kind.Settings.model_validate(settings))
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            assert await asyncio.wait_for(connector.prove(), 10)
        finally:
            await connector.close()
    assert [*_outside(settings, sandbox)] == []


@pytest.mark.parametrize("name", [name for name in platforms.names() if (ROOT / "connectors" / f"{name}.py").is_file()])
def test_the_defaults_of_settings_that_are_called_are_all_replaced(name: str, sandbox: Sandbox) -> None:
    kind = registry.load(name, ROOT)
    specs = [spec for spec in examples() if spec.connector == name]
    for spec in specs:
        settings = kind.Settings.model_validate(settings_for(spec, kind, sandbox.endpoints))
        assert [*_outside(settings.model_dump(mode="json"), sandbox)] == []


def test_whoever_is_played_has_a_connector() -> None:
    assert set(platforms.names()) <= set(registry.names(ROOT))


def _outside(settings: Any, sandbox: Sandbox) -> Iterator[str]:
    """Addresses in settings that lead away from the sandbox; what a person reads or clicks on may."""
    for key, value in settings.items():
        called = key == "url" or key.endswith(("_url", "_host"))
        if called and isinstance(value, str) and not value.startswith(sandbox.http_url) and "example.com" not in value:
            yield f"{key}: {value}"
