"""Where a sandbox listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`smtp`: host and port. `http_url`: without a slash at the end. `files`: where file destinations write."""

    smtp: tuple[str, int]
    http_url: str
    files: Path

    def as_json(self) -> dict[str, Any]:
        return {"smtp": list(self.smtp), "http_url": self.http_url, "files": str(self.files)}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        host, port = given["smtp"]
        return cls((str(host), int(port)), str(given["http_url"]), Path(given["files"]))
