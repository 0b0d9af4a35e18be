"""Where the platforms' API descriptions are, and whether a test's requests keep to them.

They are looked for in the folder that TIDEGATE_SPECS names, else in `../shared/specs` beside the repository.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tidegate.sandbox.asked import Asked
from tidegate.sandbox.emulation import TOKEN_PATH
from tidegate.testing.example_bodies import Response
from tidegate.testing.graphql import GraphqlChecker
from tidegate.testing.openapi import Mismatch, RequestChecker


class Description:
    """Watches the requests of one test. Without a file it lets everything pass, and `needed` skips the test."""

    def __init__(
        self,
        name: str | None,
        path: Path | None = None,
        checker: RequestChecker | GraphqlChecker | None = None,
        lacks: tuple[str, ...] = (),
        errs: tuple[str, ...] = (),
        of: str = "the platform",
    ) -> None:
        self.name = name
        self.path = path
        self.checker = checker
        self.checked: list[str] = []
        self._lacks = (*lacks, TOKEN_PATH)
        self._errs = errs
        self._of = of

    @classmethod
    def of(cls, contract: Any, root: Path) -> Description:
        """The description that a contract names; `root` is the repository's."""
        name: str | None = contract.description
        path = None if name is None else folder(root) / name
        if path is None or not path.is_file():
            return cls(name, of=contract.kind.__name__)
        texts = tuple(sorted(contract.description_texts.items()))
        checker = _checker(path, texts, contract.description_base, contract.description_more)
        return cls(name, path, checker, contract.undescribed, tuple(contract.description_errs))

    def needed(self) -> None:
        """Skip the test where there is nothing to hold requests to."""
        if self.name is None:
            pytest.skip(f"nobody describes the API of {self._of}")
        if self.checker is None:
            pytest.skip(f"no API description {self.name}; name its folder in TIDEGATE_SPECS")

    def operation(self, asked: Asked) -> str:
        """The operation that a request is of; empty where it is not described."""
        return "" if self.checker is None or self._lacking(asked) else self.checker.operation(asked)

    def responses(self, asked: Asked) -> list[Response]:
        """What the platform may answer to a request; nothing where it is not described."""
        return [] if self.checker is None or self._lacking(asked) else self.checker.responses(asked)

    def wrong(self, asked: Asked) -> list[str]:
        """What the description has against a request."""
        found = [] if self.checker is None else list(self.checker.problems(asked))
        return [words for words in found if not any(known in words for known in self._errs)]

    def signs(self, asked: Asked) -> bool:
        """Whether the description asks for a signature with this request."""
        return isinstance(self.checker, RequestChecker) and self.checker.signs(asked)

    def _lacking(self, asked: Asked) -> bool:
        called = (asked.path, f"{asked.method} {asked.path}")
        return any(fnmatchcase(name, pattern) for name in called for pattern in self._lacks)

    def watch(self, asked: Asked) -> None:
        """Raises Mismatch."""
        if self.checker is None or self._lacking(asked):
            return
        self.checked.append(f"{asked.method} {asked.path}")
        wrong = self.wrong(asked)
        if wrong:
            raise Mismatch(f"{asked.method} {asked.path}: " + "; ".join(wrong))


def folder(root: Path) -> Path:
    return Path(os.environ.get("TIDEGATE_SPECS") or root.parent / "shared" / "specs")


@lru_cache(maxsize=4)
def _checker(path: Path, texts: tuple[tuple[str, str], ...], base: str, more: str) -> RequestChecker | GraphqlChecker:
    if path.suffix == ".graphql":
        return GraphqlChecker(path.read_text(encoding="utf-8"), more, path=base or "*")
    found: Mapping[str, str] = dict(texts)
    whole = _with(json.loads(path.read_text(encoding="utf-8")), json.loads(more or "{}"))
    return RequestChecker(whole, texts=found, base=base)


def _with(described: Any, more: Any) -> Any:
    """What is in both is of both: objects by their keys, lists one after the other."""
    if isinstance(described, dict) and isinstance(more, dict):
        return {**described, **{key: _with(described.get(key), value) for key, value in more.items()}}
    return [*described, *more] if isinstance(described, list) and isinstance(more, list) else more
