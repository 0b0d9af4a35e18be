"""Imported before the contract, so that its failed asserts show their values as those of a test file do."""

import pytest

pytest.register_assert_rewrite("tidegate.testing.contract")
