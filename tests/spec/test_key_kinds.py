import pytest

from tidegate.spec.fit import key_kind


@pytest.mark.parametrize(
    ("type_", "kind"),
    [("BIGINT", "number"), ("UINTEGER", "number"), ("INTEGER", "number"), ("VARCHAR", "text"), ("UUID", "text"),
     ("DOUBLE", "other"), ("DECIMAL(10,0)", "other")],
)  # fmt: skip
def test_a_key_is_a_whole_number_or_a_text(type_: str, kind: str) -> None:
    assert key_kind(type_) == kind
