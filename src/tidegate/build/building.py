"""A build: dbt's models in the warehouse, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from tidegate import disk
from tidegate.build import complaints, empty_tables, invocation, profiles
from tidegate.build.built import Built, BuiltModel, WrittenContract, describe
from tidegate.build.clock import literal
from tidegate.build.definition import Source, closure, definition_hashes
from tidegate.errors import Problem, SpecError, WarehouseError
from tidegate.warehouse import Warehouse

_ATTEMPTS = 3


def build(
    root: Path,
    target: str,
    as_of: datetime,
    *,
    scratch: str | None = None,
    select: Sequence[str] = (),
    empty: bool = False,
) -> Built:
    """Build the models as of a moment (with a zone), into the target's schema or into the schema `scratch`.

    `select` names models, built with all that they stand on; nothing named is everything. `empty` builds them
    without rows, for their columns. A model that fails is in `Built.failed`, with those that stand on it; nothing is
    raised for it. Raises SpecError for a project that cannot be parsed, and WarehouseError when the warehouse cannot
    be used. No connection to the warehouse may be open in this process meanwhile; afterwards dbt holds none.

    Keep the name of a scratch schema the same: dbt parses the project anew for each that it has not seen.
    """
    root = root.absolute()
    found = profiles.output(root, target)
    warehouse = Warehouse(found.path(root))
    folder = warehouse.home / "dbt" / (scratch or "run")
    return _build(root, found, folder, warehouse, scratch or found.schema, as_of, select, empty)


def columns(root: Path, target: str) -> Built:
    """The models' columns before there is data: all models built without rows, in a throw-away file.

    Tables that models read are taken, without their rows, from the warehouse if they are there, else from the files
    that `land` names. The definitions' hashes are not those of a run. Raises as `build` does.
    """
    root = root.absolute()
    found = profiles.output(root, target)
    path = found.path(root)
    home = Warehouse(path).home / "dbt" / "check"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "check.lock"):
        # Of the same name as the warehouse, so that relations are called what they are called in a run.
        throw_away = Warehouse(home / path.name)
        throw_away.path.unlink(missing_ok=True)
        try:
            empty_tables.copy(root, path, found.schema, throw_away)
            throw_away.release()
            built = _build(root, found, home, throw_away, found.schema, datetime.now(UTC), (), True)
            with throw_away.session() as connection:
                return describe(connection, built)
        finally:
            throw_away.release()
            throw_away.path.unlink(missing_ok=True)


def _build(
    root: Path,
    found: profiles.Output,
    folder: Path,
    warehouse: Warehouse,
    schema: str,
    as_of: datetime,
    select: Sequence[str],
    empty: bool,
) -> Built:
    folder.mkdir(parents=True, exist_ok=True)
    warehouse.path.parent.mkdir(parents=True, exist_ok=True)
    clock = literal(as_of)
    # Two processes may plan at once; dbt's files in the folder are for one.
    with FileLock(folder / "build.lock"):
        profiles.derive(found, folder, warehouse.path, schema)
        call = invocation.Invocation(root, found.target, folder)
        try:
            manifest = invocation.parse(call)
        except Exception as fault:
            _raise_full(fault)
            raise complaints.of_project(fault, root) from fault
        results = _run(call, manifest, clock, select, empty, warehouse)
    return _built(manifest, results, clock, root)


def _run(
    call: invocation.Invocation,
    manifest: Any,
    clock: str,
    select: Sequence[str],
    empty: bool,
    warehouse: Warehouse,
) -> list[Any]:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return invocation.run(call, manifest, clock, select=select, empty=empty)
        except Exception as fault:
            _raise_full(fault)
            words = str(fault)
            if "lock on file" not in words and "IO Error" not in words:
                raise complaints.of_project(fault, call.root) from fault
            # Waits for whoever holds the file, and says who it is when that takes too long.
            with warehouse.session():
                pass
            warehouse.release()
            if attempt == _ATTEMPTS:
                raise WarehouseError(f"{warehouse.path}: {' '.join(words.split())}") from fault
    raise AssertionError("unreachable")


def _raise_full(fault: Exception) -> None:
    """A full disk is nobody's mistake in a file."""
    if disk.is_full(fault):
        raise WarehouseError(disk.sentence()) from fault


def _built(manifest: Any, results: Sequence[Any], clock: str, root: Path) -> Built:
    done: dict[str, Any] = {}
    failed: dict[str, str] = {}
    stopped: set[str] = set()
    broken = {result.node.unique_id for result in results if str(result.status) in ("error", "fail", "runtime error")}
    for result in results:
        node, words = result.node, str(result.message or "")
        if disk.is_full(words):
            raise WarehouseError(disk.sentence())
        if node.resource_type == "operation":
            if node.unique_id in broken:
                raise SpecError(Problem(node.original_file_path, 0, node.name, " ".join(words.split())))
        elif node.unique_id in broken:
            failed[node.name] = complaints.of_model(words, node.original_file_path, root)
        elif str(result.status) == "skipped":
            cause = _cause(node.unique_id, manifest, broken)
            failed[node.name] = f"{node.original_file_path}: not built, because `{cause}` could not be"
            stopped.add(node.name)
        elif node.relation_name:
            done[node.unique_id] = node
    sources = _sources(manifest, done)
    hashes = definition_hashes(sources, clock)
    models = {
        node.name: BuiltModel(
            node.name,
            node.relation_name,
            sources[unique_id].text,
            hashes[unique_id],
            frozenset(sources[each].name for each in closure(unique_id, sources) if each != unique_id),
        )
        for unique_id, node in done.items()
    }
    return Built(models, failed, _contracts(manifest), frozenset(stopped))


def _sources(manifest: Any, done: Mapping[str, Any]) -> dict[str, Source]:
    found = {
        unique_id: Source(
            node.name,
            node.relation_name,
            getattr(node, "compiled_code", None) or node.checksum.checksum,
            _upstream(node),
        )
        for unique_id, node in done.items()
    }
    for unique_id, node in manifest.nodes.items():
        # An ephemeral model's SQL stands inside that of the others; what it stands on counts as well.
        if unique_id not in found and node.resource_type == "model" and node.config.materialized == "ephemeral":
            found[unique_id] = Source(node.name, "", "", _upstream(node))
    for unique_id, node in manifest.sources.items():
        found[unique_id] = Source(f"{node.schema}.{node.identifier}", node.relation_name, "", ())
    return found


def _upstream(node: Any) -> tuple[str, ...]:
    """The ids of what a node refers to; a seed refers to nothing."""
    return tuple(getattr(getattr(node, "depends_on", None), "nodes", ()))


def _cause(unique_id: str, manifest: Any, broken: set[str]) -> str:
    waiting, seen = [unique_id], set[str]()
    while waiting:
        each = waiting.pop(0)
        node = manifest.nodes.get(each)
        if node is None or each in seen:
            continue
        if each in broken:
            return str(node.name)
        seen.add(each)
        waiting.extend(_upstream(node))
    return "something it stands on"


def _contracts(manifest: Any) -> dict[str, WrittenContract]:
    return {
        node.name: WrittenContract(node.config.meta["contract"], (node.patch_path or "").partition("://")[2])
        for node in manifest.nodes.values()
        if node.resource_type in ("model", "seed", "snapshot") and "contract" in node.config.meta
    }
