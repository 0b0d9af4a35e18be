import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runs.shop import Shop


def let_go() -> None:
    """Warehouses stay open for a moment after a session, until a timer closes them."""
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer):
            timer.join(60)


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Path]:
    """A project with ada, grace and edith as customers, none of them a VIP; its baseline is taken. And a copy of it."""
    shop = Shop(tmp_path_factory.mktemp("opened") / "corner").found()
    shop.knows("ada", "grace", "edith")
    shop.buys("ada", amount=10)
    shop.run()
    assert shop.says("check").code == 0
    let_go()
    kept = shop.root.with_name("kept")
    shutil.copytree(shop.root, kept)
    return shop, kept


@pytest.fixture
def shop(opened: tuple[Shop, Path]) -> Iterator[Shop]:
    """That project, to do with as a test likes. Always in the same place, where dbt need not read it all anew."""
    shop, kept = opened
    shutil.rmtree(shop.root)
    shutil.copytree(kept, shop.root)
    yield replace(shop, environment={})
    let_go()  # the next shop's warehouse has the same name
