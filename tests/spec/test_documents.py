from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import SpecError
from tidegate.spec.documents import parse_yaml, read_front_matter, read_yaml


def complaint(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, "a.yml")
    return str(caught.value)


def test_every_key_and_list_item_knows_its_line():
    document = parse_yaml("a: 1\n# a comment\nb:\n  - x: 1\n    y: 2\n  - {z: 3,\n     w: 4}\n", "a.yml")

    lines = {path: document.line(path) for path in document.lines}

    assert lines[("a",)] == 1
    assert lines[("b",)] == 3
    assert lines[("b", 0, "y")] == 5
    assert lines[("b", 1)] == 6
    assert lines[("b", 1, "w")] == 7
    assert document.line(("b", 1, "w", "not", "there")) == 7


def test_values_are_plain_python_as_yaml_1_2_reads_them():
    document = parse_yaml("a: no\nb: 0x10\nc: 1.5\nd: |\n  text\ne: [true, null]\nf: 2011-10-01\n", "a.yml")

    assert document.value == {"a": "no", "b": 16, "c": 1.5, "d": "text\n", "e": [True, None], "f": "2011-10-01"}
    assert {type(value) for value in document.value.values()} == {str, int, float, list}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yml:3: `a` is here a second time; keep one of the two"),
        ("a: [1\nb: 2\n", "a.yml:2: is not YAML: while parsing a flow sequence expected ',' or ']'"),
        ("a:\n\t- x\n", "a.yml:2: is not YAML: while scanning for the next token found character '\\t'"),
        ("a: 'x\n\nb: 1\n", "(it starts on line 1)"),
        ("a:\n\t- x\n", "; indent with spaces in place of the tab"),
        ("a: b: c\n", "; put a text with a colon in it in quotes"),
        ('a: "say "x" twice"\n', "; within quotes use quotes of the other kind"),
        ("a: !!python/object:os.system x\n", "a.yml:1: a: the tag"),
        ("--- &x\na:\n  b: *x\n", "a.yml:3: a.b: this alias refers to what it is in"),
        ("subject: {{ person.name }}\n", "must be in quotes"),
        ("a: 1\n---\nb: 2\n", "a.yml:2: is not YAML"),
        ("a: *nothing\n", "a.yml:1: is not YAML: found undefined alias"),
        ("a: \x00\n", "a.yml: is not YAML"),
        ("a: 2011-02-31\n", "a.yml: is not YAML: day"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(text: str, told: str):
    assert told in complaint(text)


def test_aliases_of_aliases_do_not_fill_the_memory():
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
    )

    assert "holds too many values" in complaint(bomb)


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path):
    (tmp_path / "a.yml").write_bytes(b"a: 1\nb: caf\xe9\n")

    with pytest.raises(SpecError, match=r"a\.yml:2: is not UTF-8"):
        read_yaml(tmp_path / "a.yml", tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path):
    (tmp_path / "a.mjml").write_bytes(b"\xef\xbb\xbf---\r\nsubject: Hi\r\n---\r\nbody\r\n")

    read = read_front_matter(tmp_path / "a.mjml", tmp_path)

    assert (read.front.value, read.body, read.body_line) == ({"subject": "Hi"}, "body\n", 4)
    assert read.front.line(("subject",)) == 2


def test_front_matter_may_be_left_out_but_not_left_open(tmp_path: Path):
    (tmp_path / "a.txt").write_text("Hello\n")
    (tmp_path / "b.txt").write_text("---\ntopic: x\nHello\n")

    assert read_front_matter(tmp_path / "a.txt", tmp_path).front.value == {}
    with pytest.raises(SpecError, match=r"b\.txt:1: the front matter has no end"):
        read_front_matter(tmp_path / "b.txt", tmp_path)
