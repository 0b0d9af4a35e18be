"""Headers in which platforms announce how much they still take."""

from __future__ import annotations

import pytest

from tidegate.delivery.announced import Allowance, allowances

NOW = 1_795_305_600.0  # 2026-11-22 00:00 UTC


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "40", "x-ratelimit-reset": "30"},
            [Allowance(40, 30, 100)],
        ),
        (  # Braze, SendGrid: Unix time
            {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "40", "x-ratelimit-reset": f"{NOW + 20:.0f}"},
            [Allowance(40, 20, 100)],
        ),
        (  # in milliseconds
            {"x-ratelimit-remaining": "40", "x-ratelimit-reset": f"{(NOW + 20) * 1000:.0f}"},
            [Allowance(40, 20, None)],
        ),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-22T00:01:00Z"},
            [Allowance(0, 60, None)],
        ),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "Sun, 22 Nov 2026 00:01:00 GMT"},
            [Allowance(0, 60, None)],
        ),
        (  # Discord tells both
            {
                "x-ratelimit-limit": "5",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": f"{NOW + 2.5}",
                "x-ratelimit-reset-after": "2.478",
            },
            [Allowance(0, 2.478, 5)],
        ),
        (  # Klaviyo: several policies in one header, the first is the one that counts
            {
                "ratelimit-limit": "10, 10;window=1, 150;window=60",
                "ratelimit-remaining": "9",
                "ratelimit-reset": "1",
            },
            [Allowance(9, 1, 10)],
        ),
        ({"x-rate-limit-limit": "700", "x-rate-limit-remaining": "699"}, [Allowance(699, None, 700)]),
        (
            {
                "x-hubspot-ratelimit-max": "190",
                "x-hubspot-ratelimit-remaining": "3",
                "x-hubspot-ratelimit-interval-milliseconds": "10000",
                "x-hubspot-ratelimit-daily": "650000",
                "x-hubspot-ratelimit-daily-remaining": "649000",
            },
            [Allowance(3, 10, 190)],
        ),
        (
            {"x-hubspot-ratelimit-daily": "650000", "x-hubspot-ratelimit-daily-remaining": "0"},
            [Allowance(0, 3600, 650000)],
        ),
        ({"ratelimit": '"default";r=50;t=30'}, [Allowance(50, 30, None)]),
        ({"ratelimit": '"burst";r=1;t=1, "day";r=900;t=80000'}, [Allowance(1, 1, None), Allowance(900, 80000, None)]),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, [Allowance(50, 5, 100)]),
        (
            {
                "x-business-use-case-usage": '{"123":[{"type":"ads","call_count":28,"total_cputime":95,'
                '"total_time":10,"estimated_time_to_regain_access":0}]}'
            },
            [Allowance(5, None, 100)],
        ),
        (
            {"x-business-use-case-usage": '{"1":[{"call_count":100,"estimated_time_to_regain_access":3}]}'},
            [Allowance(0, 180, None)],
        ),
        ({"x-app-usage": '{"call_count":10,"total_time":20,"total_cputime":0}'}, [Allowance(80, None, 100)]),
        ({"retry-after": "5"}, []),
        ({}, []),
    ],
)
def test_what_is_left_is_understood(headers: dict[str, str], expected: list[Allowance]) -> None:
    assert allowances(headers, NOW) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-remaining": "plenty"},
        {"x-ratelimit-remaining": ""},
        {"ratelimit": ";;;r=;t="},
        {"x-app-usage": "{"},
        {"x-app-usage": '["call_count"]'},
        {"x-business-use-case-usage": '{"1": {"call_count": "many"}}'},
    ],
)
def test_nonsense_announces_nothing(headers: dict[str, str]) -> None:
    assert allowances(headers, NOW) == []


@pytest.mark.parametrize("reset", ["soon", "", "nan", "inf", "9999-99-99"])
def test_a_reset_that_cannot_be_read_is_not_known(reset: str) -> None:
    assert allowances({"x-ratelimit-remaining": "1", "x-ratelimit-reset": reset}, NOW) == [Allowance(1, None, None)]
