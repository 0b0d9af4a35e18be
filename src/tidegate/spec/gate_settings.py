"""What tidegate.yml says about the gate: consent, caps, quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from sqlglot import exp

from tidegate.channels import CHANNELS
from tidegate.connector import Channel
from tidegate.spec import expressions
from tidegate.spec.documents import Document, Path_, dotted
from tidegate.spec.findings import Findings
from tidegate.spec.nearest import hint
from tidegate.spec.objects import Cap, Window
from tidegate.spec.settings_file import ConsentKeys, SettingsFile

#: what a cap or a window may be for: the channels that messages go by, or all that tell a person something
_SENDING = ("any", *CHANNELS)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """`consent` and `since` are expressions over `person`, by channel; see `Project`."""

    consent: Mapping[str, exp.Expr] = field(default_factory=dict)
    since: Mapping[str, exp.Expr] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    quiet_hours: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    holdout: float | None = None


def read(settings: SettingsFile | None, document: Document, found: Findings) -> GateSettings:
    """Channels looked up and expressions parsed; what is wrong is left out, and told."""
    if settings is None:
        return GateSettings()
    consent, since = _consent(settings, document, found)
    caps = tuple(
        Cap(keys.channel, keys.most, keys.per)
        for at, keys in enumerate(settings.caps)
        if _is_known(keys.channel, ("caps", at, "channel"), document, found)
    )
    quiet = {
        channel: windows
        for channel, windows in settings.quiet_hours.items()
        if _is_known(channel, ("quiet_hours", channel), document, found)
    }
    return GateSettings(consent, since, caps, quiet, settings.holdout)


def _is_known(channel: str, path: Path_, document: Document, found: Findings) -> bool:
    if channel not in _SENDING:
        found.add(document, path, f"no channel `{channel}` that messages go by; {hint(channel, _SENDING)}")
    return channel in _SENDING


def _consent(
    settings: SettingsFile, document: Document, found: Findings
) -> tuple[dict[str, exp.Expr], dict[str, exp.Expr]]:
    trees: dict[str, exp.Expr] = {}
    since: dict[str, exp.Expr] = {}
    for channel, written in settings.consent.items():
        path: Path_ = ("consent", channel)
        if channel not in get_args(Channel):
            found.add(document, path, f"no channel `{channel}`; {hint(channel, get_args(Channel))}")
            continue

        def parse(sql: str, at: Path_) -> exp.Expr:
            return expressions.parse(sql, document.file, document.line(at), dotted(at))

        with found.gather():
            if isinstance(written, ConsentKeys):
                trees[channel] = parse(written.if_, (*path, "if"))
                since[channel] = parse(written.since, (*path, "since"))
            else:
                trees[channel] = parse(written, path)
    return trees, since
