"""Where a sandbox listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`smtp`: host and port. `http_url`: without a slash at the end. `files`: where file destinations write.
    `reports`: where it writes feedback."""

    smtp: tuple[str, int]
    http_url: str
    files: Path
    reports: Path | None = None

    def as_json(self) -> dict[str, Any]:
        told = {"smtp": list(self.smtp), "http_url": self.http_url, "files": str(self.files)}
        return told if self.reports is None else {**told, "reports": str(self.reports)}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        host, port = given["smtp"]
        reports = Path(given["reports"]) if given.get("reports") else None
        return cls((str(host), int(port)), str(given["http_url"]), Path(given["files"]), reports)
