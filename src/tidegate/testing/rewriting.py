"""Imported before the contracts, so that their failed asserts show their values as those of a test file do."""

import pytest

pytest.register_assert_rewrite("tidegate.testing.contract", "tidegate.testing.network", "tidegate.testing.judging")
