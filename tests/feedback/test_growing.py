"""A file that grows while it is read."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.feedback.growing import LONGEST, Growing, Line

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)


def reading(path: Path, before: Growing | None = None) -> tuple[Growing, list[Line]]:
    growing = Growing(path)
    if before is not None and before.sha256:
        assert growing.resume(before.read, before.lines, before.sha256)
    return growing, [line for block in growing.blocks() for line in block]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(TEXT, TEXT, max_size=3), max_size=8), st.data())
def test_each_line_is_read_once_wherever_writing_was_interrupted(
    events: list[dict[str, str]], data: st.DataObject
) -> None:
    whole = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    with TemporaryDirectory() as folder:
        path, found, before, start = Path(folder) / "a.jsonl", [], None, 0
        for end in [*cuts, len(whole)]:
            with path.open("ab") as stream:
                stream.write(whole[start:end])
            before, lines = reading(path, before)
            found, start = [*found, *lines], end

    assert [json.loads(line.text or "") for line in found] == events
    assert [line.number for line in found] == list(range(1, len(events) + 1))
    assert before is not None
    assert (before.read, before.lines) in ((len(whole), len(events)), (len(whole) - 1, len(events) - 1))


def test_a_last_line_without_an_end_counts_if_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"b": 2}')
    growing, lines = reading(path)
    assert [line.number for line in lines] == [1, 2]
    assert not growing.unfinished

    with path.open("a") as stream:
        stream.write('\n{"c": 3}\n')
    _, lines = reading(path, growing)
    assert [(line.number, line.text) for line in lines] == [(3, '{"c": 3}')]


def test_a_line_that_is_not_whole_waits(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"b": ')
    growing, lines = reading(path)
    assert [line.number for line in lines] == [1]
    assert growing.unfinished


def test_another_file_under_the_same_name_is_told_from_one_that_grew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n')
    growing, _ = reading(path)
    for text in ('{"a": 2}\n{"b": 1}\n', "", '{"a"'):
        path.write_text(text)
        assert not Growing(path).resume(growing.read, growing.lines, growing.sha256)


def test_what_no_text_can_hold_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'"' + b"x" * LONGEST + b'"',
        b'{"a": "\\ud83d\\ude00"}',
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    _, found = reading(path)
    assert [line.problem for line in found] == [
        "is not UTF-8 text",
        "holds half a character",
        "holds a character of value zero",
        "is longer than 1 MiB",
        "",
    ]
    assert found[-1].text == '{"a": "😀"}'
