"""What every connector can do, in one table: written from the code, for people and for a test that keeps it true.

    python -m tidegate.testing.matrix

writes `connectors/MATRIX.csv` and the tables of `docs/connectors/README.md` of the project it is run in. How much a
connector takes may hang on its settings: those of the example on its page count, made whole as for the sandbox.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML

from tidegate import registry
from tidegate.channels import CHANNELS
from tidegate.connector import Connector
from tidegate.sandbox.endpoints import Endpoints
from tidegate.sandbox.settings import settings_for
from tidegate.spec.objects import DestinationSpec
from tidegate.spec.settings_file import DestinationKeys

COLUMNS = (
    "connector",
    "channel",
    "modes",
    "identifiers",
    "batch",
    "messages",
    "concurrency",
    "per_second",
    "per_day",
    "idempotent_for",
    "can_look_up",
    "can_validate",
    "writes",
    "removal",
    "settings",
)
# The channels of each group, in the order of the page.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "E-mail": ("email",),
    "Texts and messengers": ("sms", "whatsapp", "telegram"),
    "Push": ("push", "web_push"),
    "Ads": ("ads",),
    "CRM, marketing and shop": ("crm",),
    "Teams and services of your own": ("chat", "webhook"),
    "Files and tables": ("file",),
}
_BEGIN, _END = "<!-- from the code, by `make matrix` -->", "<!-- until here -->"
_HEAD = "| connector | does | matched by | a call takes | calls | and |\n|---|---|---|---|---|---|\n"
_WORDS = {"can_look_up": "can be asked", "can_validate": "dry run"}
_NOWHERE = Endpoints(("127.0.0.1", 9), "http://127.0.0.1:9", Path("files"))


def pages(root: Path) -> dict[str, str]:
    """The page of each connector, by name."""
    found = sorted((root / "docs" / "connectors").glob("*.md"))
    return {page.stem: page.read_text(encoding="utf-8") for page in found if page.stem != "README"}


def examples(page: str) -> Iterator[DestinationSpec]:
    """The destinations of the example that a page begins with."""
    [example] = re.findall(r"```yaml\n(destinations:.*?)```", page, re.DOTALL)
    for name, given in YAML(typ="safe").load(example)["destinations"].items():
        settings = {key: value for key, value in given.items() if key not in DestinationKeys.model_fields}
        yield DestinationSpec(name, given["connector"], settings)


def connector(spec: DestinationSpec, root: Path) -> Connector:
    """The connector as the example sets it up: what the sandbox would add beside stays out, since it may take less.

    Raises SpecError where the example has a setting that the connector does not take.
    """
    kind = registry.load(spec.connector, root)
    made = settings_for(spec, kind, _NOWHERE)
    try:
        settings = kind.Settings.model_validate({key: value for key, value in made.items() if key in spec.settings})
    except ValidationError:  # a made-up secret tells nothing of where the real one leads
        settings = kind.Settings.model_validate(made)
    return kind(settings)


def rows(root: Path) -> list[dict[str, str]]:
    """One row for each connector that has a page, in order of their names."""
    return [_row(name, connector(next(examples(page)), root)) for name, page in pages(root).items()]


def _row(name: str, made: Connector) -> dict[str, str]:
    kind, limits = type(made), made.limits
    holds = [mode for mode in ("list", "object") if mode in kind.modes]
    values = (
        name,
        kind.channel,
        [mode for mode in ("send", *holds) if mode in kind.modes],
        list(kind.identifiers),
        limits.batch if holds else None,
        (limits.messages or limits.batch) if "send" in kind.modes else None,
        limits.concurrency,
        limits.per_second,
        limits.per_day,
        kind.idempotent_for,
        kind.can_look_up,
        kind.can_validate,
        [write for write in ("upsert", "create", "update") if write in kind.writes] if "object" in holds else [],
        holds if kind.remove is not Connector.remove else [],
        sorted(field.alias or key for key, field in kind.Settings.model_fields.items()),
    )
    return dict(zip(COLUMNS, map(_text, values), strict=True))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return "ever" if value == timedelta.max else f"{value.days} day{'s' if value.days > 1 else ''}"
    if isinstance(value, float):
        return f"{round(value, 3):g}"
    return " ".join(value) if isinstance(value, list) else str(value)


def as_csv(table: Sequence[Mapping[str, str]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return written.getvalue()


def as_page(table: Sequence[Mapping[str, str]], titles: Mapping[str, str]) -> str:
    """A table for each group; `titles` say in a line what a connector is."""
    groups = []
    for group, channels in GROUPS.items():
        lines = [_line(row, titles[row["connector"]]) for row in table if row["channel"] in channels]
        groups.append(f"## {group}\n\n{_HEAD}{''.join(lines)}")
    return "\n".join(groups)


def _line(row: Mapping[str, str], title: str) -> str:
    name = row["connector"]
    does = ", ".join(f"`{mode}`" for mode in row["modes"].split())
    takes = [
        f"{int(row[key]):,} {what if row[key] != '1' else what[:-1]}"
        for key, what in (("batch", "rows"), ("messages", "messages"))
        if row[key]
    ]
    pace = [f"{row['concurrency']} at once"]
    pace += [_a_second(float(row["per_second"]))] if row["per_second"] else []
    pace += [f"{int(row['per_day']):,} a day"] if row["per_day"] else []
    more = ["removes"] if row["removal"] else []
    more += [f"repeats safely for {row['idempotent_for']}"] if row["idempotent_for"] else []
    more += [words for key, words in _WORDS.items() if row[key] == "yes"]
    more += [f"`write: {'`, `'.join(row['writes'].split()[1:])}`"] if " " in row["writes"] else []
    address = CHANNELS[row["channel"]].address if row["modes"] == "send" else ""
    matched = ", ".join(row["identifiers"].split()) or (address and f"`{address}` of people")
    cells = (f"[{name}]({name}.md): {title}", does, matched, ", ".join(takes), ", ".join(pace), "; ".join(more))
    return f"| {' | '.join(cells)} |\n"


def _a_second(calls: float) -> str:
    return f"{calls:,g} a second" if calls >= 1 else f"1 in {1 / calls:.0f} seconds"


def titles(root: Path) -> dict[str, str]:
    """What each page says of its connector in its first line."""
    return {name: page.split("\n", 1)[0].partition(": ")[2] for name, page in pages(root).items()}


def between(page: str) -> tuple[str, str, str]:
    """A page's text before, within and after what is made."""
    before, _, rest = page.partition(_BEGIN)
    within, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}", within, f"{_END}{after}"


def main(root: Path = Path()) -> None:
    table = rows(root)
    (root / "connectors" / "MATRIX.csv").write_text(as_csv(table), encoding="utf-8")
    index = root / "docs" / "connectors" / "README.md"
    before, _, after = between(index.read_text(encoding="utf-8"))
    index.write_text(f"{before}\n\n{as_page(table, titles(root))}\n{after}", encoding="utf-8")
    print(f"{len(table)} connectors")


if __name__ == "__main__":
    main()
