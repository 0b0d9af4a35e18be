"""A file on disk kept equal to a list: CSV, JSON lines or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tidegate.connector import Connector, ConnectorSettings, Identifier


class Settings(ConnectorSettings):
    folder: Path
    format: Literal["csv", "jsonl", "parquet"] = "csv"
    guard_formulas: bool = True
    """CSV only: put an apostrophe before text that a spreadsheet would run as a formula."""


PLAIN = (
    "external_id",
    "first_name",
    "last_name",
    "city",
    "state",
    "postcode",
    "country",
    "date_of_birth",
    "gender",
    "mobile_advertiser_id",
)
IDENTIFIERS = {
    "email": Identifier("email"),
    "phone": Identifier("phone"),
    **{name: Identifier("plain") for name in PLAIN},
}


class File(Connector):
    channel = "file"
    modes = frozenset({"list", "object"})
    identifiers = IDENTIFIERS
    Settings = Settings
