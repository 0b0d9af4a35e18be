"""Imported before the contracts, so that their failed asserts show their values as those of a test file do."""

import pytest

pytest.register_assert_rewrite(
    *(f"tidegate.testing.{name}" for name in ("contract", "claims", "converging", "described", "judging", "network"))
)
