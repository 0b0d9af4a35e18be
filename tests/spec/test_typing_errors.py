"""Whatever somebody types, they get a sentence and never a traceback."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.spec.written_project import SETTINGS, VIPS, WELCOME, Written
from tidegate.errors import Problem, SpecError
from tidegate.spec import columns
from tidegate.spec.objects import ModelColumns

TRIGGER = """\
audience: order_cancelled
when: ref('order_cancelled')
if: entry.value > 50 and person.first_name is not null
send: welcome
by: [email]
not_older_than: 12 hours
guard: {max_enter: 500}
"""
RICH = WELCOME.replace(
    "Hello", "Hello {{ person.first_name | default('you') }}{% if entry.value > 3 %} <b>!</b>{% endif %}"
)
FILES = {
    "tidegate.yml": SETTINGS,
    "audiences/vips.yml": VIPS,
    "audiences/c.yml": TRIGGER,
    "messages/welcome/email.mjml": RICH,
}
PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "<",
    ">",
    "</",
    '"',
    "'",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "  ",
    "\t",
    "#",
    "&",
    "*",
    "|",
]
PIECES += [
    "!!",
    "null",
    "true",
    "1.5",
    "---\n",
    "é",
    "\x00",
    "\\",
    "mj-",
    "ref(",
    ")",
    "select ",
    "0x",
    "<<: ",
    "? ",
    ";",
    "$",
    "\u2028",
]


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, str]:
    """One of the files with a few slips of the hand in it."""
    file = draw(st.sampled_from(sorted(FILES)))
    text = FILES[file]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return file, text


@given(typed())
@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_slip_of_the_hand_is_told_as_a_sentence_with_its_file(tmp_path: Path, slip: tuple[str, str]):
    shop = Written(tmp_path)
    for name, text in FILES.items():
        shop.write(name, text)
    (tmp_path / slip[0]).write_bytes(slip[1].encode())
    models = {
        "people": {"customer_id": "BIGINT", "email": "VARCHAR", "first_name": "VARCHAR"},
        "vips": {"customer_id": "BIGINT", "value": "DOUBLE"},
        "order_cancelled": {
            "customer_id": "BIGINT", "occurrence_id": "VARCHAR", "occurred_at": "TIMESTAMP", "value": "DOUBLE",
        },
    }  # fmt: skip

    for problem in problems(shop, models):
        assert problem.file
        assert problem.text
        assert 0 <= problem.line <= slip[1].count("\n") + 40


def problems(shop: Written, models: dict[str, dict[str, str]]) -> tuple[Problem, ...]:
    try:
        project = shop.load()
        columns.check_columns(project, {name: ModelColumns(name, name, found) for name, found in models.items()})
    except SpecError as fault:
        return fault.problems
    return ()
