"""The shop that ships with Tidegate: what `tidegate init` copies, and where shipped connectors are found."""

from __future__ import annotations

import shutil
from pathlib import Path

_PACKAGE = Path(__file__).parent

#: What a new project is made of: the user's to edit. The wheel carries these, and `connectors` and `recipes`, which
#: stay there so that fixes reach users; `tidegate eject` and `tidegate recipe add` copy out on purpose.
CONTENTS = (
    ".gitignore",
    "audiences",
    "data",
    "dbt_project.yml",
    "flows",
    "journeys",
    "macros",
    "messages",
    "models",
    "prefect.yaml",
    "profiles.yml",
    "tidegate.yml",
)
SHIPPED = (*CONTENTS, "connectors", "recipes")

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


def folder() -> Path:
    """The starter's root: inside an installed wheel `tidegate/starter_files`, in a checkout the checkout itself."""
    packed = _PACKAGE / "starter_files"
    return packed if packed.is_dir() else _PACKAGE.parent.parent


def copy(into: Path) -> list[Path]:
    """Copy the starter into the empty or absent folder `into`; returns the files made, relative to it, sorted.

    Raises FileExistsError, with what is in the way as its arguments, where the folder is not empty.
    """
    in_the_way = sorted(entry.name for entry in into.iterdir()) if into.is_dir() else []
    if in_the_way:
        raise FileExistsError(*in_the_way)
    into.mkdir(parents=True, exist_ok=True)
    source = folder()
    for name in CONTENTS:
        if (source / name).is_dir():
            shutil.copytree(source / name, into / name, ignore=_LEFT_OUT)
        else:
            shutil.copy2(source / name, into / name)
    return sorted(path.relative_to(into) for path in into.rglob("*") if path.is_file())
