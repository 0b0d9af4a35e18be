"""What a model means, as a hash: the same as long as nobody changed what it selects.

It is made of the tokens of the model's compiled SQL and of all models it stands on. White space and comments are
no tokens; the run's clock is replaced by a marker, and relations by their names, so that neither a new clock nor a
plan's scratch schema nor another file for the warehouse is a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import TokenType
from sqlglot.errors import SqlglotError

from tidegate.queries import DIALECT

_AS_WRITTEN = {TokenType.STRING, TokenType.IDENTIFIER}


@dataclass(frozen=True, slots=True)
class Source:
    """A node of dbt's graph: its text (SQL, or the checksum of a file) and the ids of the nodes it stands on.

    `relation` is how other nodes' SQL refers to it; `name` what stands for that here.
    """

    name: str
    relation: str
    text: str
    upstream: tuple[str, ...]


def definition_hashes(sources: Mapping[str, Source], clock: str) -> dict[str, str]:
    """The hash of each node of `sources` and all that it stands on. `clock` is the literal that `as_of()` rendered."""
    names = {source.relation: f'"{source.name}"' for source in sources.values() if source.relation}
    own = {node: _own(source, names, clock) for node, source in sources.items()}
    hashes = {}
    for node in sources:
        parts = sorted((sources[each].name, own[each]) for each in closure(node, sources))
        hashes[node] = hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    return hashes


def _own(source: Source, names: Mapping[str, str], clock: str) -> str:
    text = source.text
    for relation, name in names.items():
        text = text.replace(relation, name)
    return hashlib.sha256("\x00".join(_tokens(text, clock)).encode()).hexdigest()


def closure(node: str, sources: Mapping[str, Source]) -> list[str]:
    """The ids of a node and of all that it stands on."""
    seen: dict[str, None] = {}
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each in seen or each not in sources:
            continue
        seen[each] = None
        waiting.extend(sources[each].upstream)
    return list(seen)


def _tokens(text: str, clock: str) -> Iterator[str]:
    try:
        tokens = sqlglot.tokenize(text, dialect=DIALECT)
    except SqlglotError:
        # Python models and the like: every character counts.
        yield text.replace(clock, "as_of")
        return
    for token in tokens:
        if token.token_type is TokenType.STRING and token.text == clock:
            yield "as_of"
        elif token.token_type is not TokenType.SEMICOLON:
            written = token.text if token.token_type in _AS_WRITTEN else token.text.upper()
            yield f"{token.token_type.name} {written}"
