import pytest

from tidegate.delivery.given_up import given_up


@pytest.mark.parametrize(
    ("before", "now", "gone"),
    [
        ({"email": "old", "phone": "1"}, {"email": "new", "phone": "1"}, {"email": "old"}),
        ({"email": "old", "phone": "1"}, {"email": "new", "phone": "2"}, {"email": "old", "phone": "1"}),
        ({"email": "old"}, {"phone": "1"}, {"email": "old"}),
        ({"phone": "1"}, {"email": "new", "phone": "1"}, {}),
    ],
)
def test_what_a_person_no_longer_has_is_taken_away(
    before: dict[str, str], now: dict[str, str], gone: dict[str, str]
) -> None:
    assert given_up(before, now) == gone


def test_a_new_telephone_number_takes_nobody_off_a_list_that_knows_them_by_e_mail() -> None:
    assert given_up({"email": "same", "phone": "1"}, {"email": "same", "phone": "2"}) == {}
