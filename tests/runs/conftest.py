from pathlib import Path

import pytest

from tests.runs.shop import Shop


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A project with ada, grace and edith as customers, none of them a VIP; its baseline is taken."""
    shop = Shop(tmp_path_factory.mktemp("opened") / "corner").found()
    shop.knows("ada", "grace", "edith")
    shop.buys("ada", amount=10)
    shop.run()
    return shop


@pytest.fixture
def shop(opened: Shop, tmp_path: Path) -> Shop:
    """A copy of that project, to do with as a test likes."""
    return opened.copied(tmp_path / "corner")
