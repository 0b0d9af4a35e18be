"""The arrows between the parts, the size of a module, and what is public."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "src" / "tidegate"
HEAVY = {"prefect", "dbt", "great_expectations", "aiosmtpd", "facebook_business", "twilio", "boto3", "requests"}
#: Each heavy package's one home; it is imported when used.
HOMES = {
    "prefect": {"credentials.py"},
    "dbt": {"build"},
    "great_expectations": {"contracts"},
    "aiosmtpd": {"sandbox"},
}
MODULES = sorted(ENGINE.rglob("*.py"))
LONGEST = 400
NAMELESS = {"utils", "util", "common", "base", "helpers", "helper", "manager", "misc"}


def imports(path: Path) -> Iterator[str]:
    """The names of all modules that `path` imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_the_engine_knows_nothing_of_flows_and_of_no_single_connector(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)}.isdisjoint({"flows", "connectors", "tests", "benchmarks"})


@pytest.mark.parametrize("path", sorted((ROOT / "connectors").glob("*.py")), ids=shown)
def test_a_connector_knows_its_contract_and_nothing_of_sql_state_or_retries(path: Path) -> None:
    engine = {name for name in imports(path) if name.split(".")[0] == "tidegate"}
    roots = {name.split(".")[0] for name in imports(path)}

    assert {name for name in engine if not name.startswith("tidegate.connecting.")} <= {
        "tidegate",
        "tidegate.connector",
        "tidegate.errors",
        "tidegate.identifiers",
        "tidegate.mask",
    }
    assert roots.isdisjoint({"duckdb", "sqlglot", "dbt", "prefect"})


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_heavy_package_has_one_home(path: Path) -> None:
    for package in {name.split(".")[0] for name in imports(path)} & set(HOMES):
        assert path.relative_to(ENGINE).parts[0] in HOMES[package], f"{package} is not to be imported here"


def test_importing_any_module_of_the_engine_loads_nothing_heavy() -> None:
    names = [
        ".".join(path.relative_to(ENGINE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if path.name != "__main__.py"
    ]
    # Below these, a module may be the one that imports it; the packages themselves load them when used.
    homes = ("contracts", "build", "sandbox", "testing")
    eager = [name for name in names if name.split(".")[1:2] not in [[home] for home in homes]]
    eager += [f"tidegate.{home}" for home in homes if (ENGINE / home / "__init__.py").is_file()]
    code = f"import importlib, sys\nfor name in {eager!r}: importlib.import_module(name)\nprint(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {name.split(".")[0] for name in done.stdout.split()}.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "path", [*MODULES, *sorted((ROOT / "connectors").glob("*.py")), *sorted((ROOT / "flows").glob("*.py"))], ids=shown
)
def test_a_module_is_short_and_has_a_name(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert path.stem not in NAMELESS


@pytest.mark.parametrize("path", sorted((ENGINE / "sql").rglob("*.sql")), ids=shown)
def test_a_query_says_what_it_answers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.startswith("-- ")
    if "$" in text:
        assert "\n-- params:" in text


def test_importing_the_engine_gives_its_version_and_nothing_else() -> None:
    code = (
        "import tidegate; print(*(name for name in vars(tidegate) if not name.startswith('__')), tidegate.__version__)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["0.1.0"]


@pytest.mark.parametrize(
    "path", sorted(path for path in ENGINE.rglob("__init__.py") if path.parent != ENGINE), ids=shown
)
def test_what_a_package_offers_is_what_it_lists(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    taken = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tidegate.")
        for alias in node.names
    }
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(name, ast.Name) and name.id == "__all__" for name in node.targets)
    ]

    assert not listed or {name for name in taken if name[0] != "_"} <= {*listed[0], "ContractError", "ContractResult"}
