"""Nothing personal and nothing secret is kept of what others say."""

from __future__ import annotations

import pytest

from tidegate.mask import mask, words


@pytest.mark.parametrize(
    "secret",
    [
        "ada.lovelace+shop@example.co.uk",
        "żółw@example.com",
        "+44 7700 900123",
        "07700 900123",
        "(650) 555-1212",
        "0x62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
        "EAABsbCS1iHgBO7ZAcm3ZBtoken",
        "access_token=hunter2",
        '"auth_token": "hunter2"',
        "Bearer abcdefghijk",
        "Basic QUM6dG9rZW4=",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)
def test_addresses_numbers_and_tokens_are_taken_out(secret: str) -> None:
    text = mask(f"refused: {secret} is not known here")
    value = secret.removeprefix("access_token=").removeprefix('"auth_token": ').split(" ", 1)[-1].strip('"')
    assert value not in text
    assert text.startswith("refused: ")
    assert text.endswith("is not known here")


@pytest.mark.parametrize(
    "harmless", ["error 21211", "2026-03-01 09:30", "HTTP 503", "550 5.1.1 mailbox unavailable", "code 100/1713230"]
)
def test_what_helps_a_person_stays(harmless: str) -> None:
    assert mask(harmless) == harmless


def test_a_secret_that_is_known_is_taken_out_whatever_it_looks_like() -> None:
    assert mask("you sent: tide pool!", ["tide pool"]) == "you sent: (secret)!"


def test_long_texts_are_cut_and_lines_are_joined() -> None:
    assert mask("a\nb\r\n\tc") == "a b c"
    assert len(mask("word " * 10_000)) == 200


def test_a_page_is_its_title_or_its_words() -> None:
    assert words("<title> 502 Bad Gateway </title><p>x</p>").strip() == "502 Bad Gateway"
    assert words("<script>steal()</script><p>So <b>sorry</b></p>").split() == ["So", "sorry"]
