"""docs/identifiers.md, from the table and the rules: `python -m tidegate.identifiers.page > docs/identifiers.md`."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.identifiers.platforms import PLATFORMS, Platform
from tidegate.identifiers.rulebook import RULES

INTRODUCTION = """\
# Identifiers: what platforms match people by

An advertising platform recognises a person when what you send is, byte for byte, what it has made of the same
address itself. So each value is brought into the form that the platform asks for, and hashed where it asks for
that, before anything leaves the warehouse. `match:` in an audience says which column is which identifier.

For every platform:

- Spaces around a value go, and so do characters that nobody sees (byte order marks, zero-width spaces). Letters are
  compared in Unicode's composed form (NFC).
- Empty and invalid values are no identifiers: they are never hashed, and a row without any is rejected
  (`no_identifier`).
- A value that is a SHA-256 already is not hashed again: 64 hexadecimal digits of either case, or Base64. It is sent
  as lower-case hexadecimal digits. MD5, SHA-1 and SHA-512 are of no use to a platform that compares SHA-256, and
  count as invalid.
- A telephone number without a calling code is read as one of the country in the person's column `country` (a
  two-letter code or a name, in any language); where that is not known it is invalid, since a guess could be somebody
  else's number.
- A mobile advertising id of zeros only is what a telephone gives whose owner has opted out: it is left out.
"""


def page() -> str:
    return "\n".join([INTRODUCTION, *(line for one in PLATFORMS.values() for line in _section(one))]) + "\n"


def _section(platform: Platform) -> Iterator[str]:
    yield f"## {platform.name}\n"
    yield "| identifier | what becomes of it | sent as |"
    yield "|---|---|---|"
    for name, identifier in platform.identifiers.items():
        sent = "SHA-256" if identifier.hash else "it is"
        yield f"| `{name}` | {RULES[identifier.rule].words} | {sent} |"
    yield ""
    for choice in platform.choices:
        yield f"- {choice}"
    yield f"{chr(10) if platform.choices else ''}Written there: {'; '.join(platform.sources)}.\n"


if __name__ == "__main__":
    print(page(), end="")
