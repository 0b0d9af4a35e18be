"""Deliveries side by side leave the process as they found it."""

from __future__ import annotations

import gc
from importlib import import_module

# The package offers the function of the same name.
module = import_module("tidegate.delivery.deliver")


def test_whichever_ends_last_puts_the_thresholds_back() -> None:
    before = gc.get_threshold()
    first, second = module._collecting_seldom(), module._collecting_seldom()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() != before
    second.__exit__(None, None, None)

    assert gc.get_threshold() == before
