"""The shop that ships with Tidegate: what `tidegate init` copies, and where shipped connectors are found."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder() -> Path:
    """The starter's root: inside an installed wheel `tidegate/starter_files`, in a checkout the checkout itself."""
    packed = _PACKAGE / "starter_files"
    return packed if packed.is_dir() else _PACKAGE.parent.parent
