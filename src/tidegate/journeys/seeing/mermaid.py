"""A journey as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html.

Whatever comes from files is written as entity codes where a character could mean something to Mermaid, to HTML or to
Markdown, and nothing of it is ever a node's identifier (looked at with Mermaid 11, November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tidegate.journeys.seeing.seen import JourneySeen, StepSeen, TurnSeen

_LONGEST = 60
#: Letters of any script, digits, and what is plain punctuation within quotes.
_PLAIN = re.compile(r"\w| |[.,!?+%/=()':-]", re.UNICODE)
_SHAPES = {
    "send": ("[", "]"),
    "webhook": ("[", "]"),
    "wait": ("([", "])"),
    "approve": ("([", "])"),
    "if": ("{{", "}}"),
    "ways": ("{{", "}}"),
    "split": ("{{", "}}"),
    "end": ("((", "))"),
}
_CLASSES = {
    "told": (("send", "webhook"), "fill:#dbeafe,stroke:#1d4ed8,color:#0b1f4d"),
    "waits": (("wait", "approve"), "fill:#fef3c7,stroke:#b45309,color:#451a03"),
    "turns": (("if", "ways", "split"), "fill:#ede9fe,stroke:#6d28d9,color:#2e1065"),
    "does": (("sync", "set", "event"), "fill:#dcfce7,stroke:#15803d,color:#052e16"),
    "edge": (("entry", "end"), "fill:#f3f4f6,stroke:#4b5563,color:#111827"),
}


def mermaid(seen: JourneySeen) -> str:
    """The flowchart, with everybody in it. Ends with a line break."""
    names = {step.step: f"s{number}" for number, step in enumerate(seen.steps, 1)}
    kinds = {names[step.step]: step.kind for step in seen.steps} | {"entry": "entry"}
    lines = ["flowchart TD", _node("entry", ("([", "])"), [seen.entry, f"{seen.entered:,} entered"])]
    lines += [_node(names[step.step], _SHAPES.get(step.kind, ("[", "]")), _told(step)) for step in seen.steps]
    if any(not turn.target for turn in seen.turns):
        completed = f"{seen.ended.get('completed', 0):,} completed"
        lines.append(_node("done", ("([", "])"), ["end", completed]))
        kinds["done"] = "end"
    lines += [_arrow(turn, names) for turn in seen.turns]
    for name, (of, style) in _CLASSES.items():
        members = [node for node, kind in kinds.items() if kind in of]
        if members:
            lines += [f"classDef {name} {style}", f"class {','.join(members)} {name}"]
    return "\n".join([lines[0], *(f"    {line}" for line in lines[1:])]) + "\n"


def _told(step: StepSeen) -> list[str]:
    told = [step.step, step.says] if step.says != step.step else [step.step]
    counts = [f"{step.here:,} here"] if step.here else []
    counts.append(f"{step.passed:,} passed")
    if step.left:
        counts.append(f"{sum(step.left.values()):,} left")
    told.append(", ".join(counts))
    if step.send is not None:
        told.append(f"{step.send.sent:,} sent, {step.send.opened:,} opened, {step.send.clicked:,} clicked")
    return told


def _node(name: str, shape: tuple[str, str], told: Sequence[str]) -> str:
    opens, closes = shape
    return f'{name}{opens}"{"<br/>".join(escaped(line) for line in told)}"{closes}'


def _arrow(turn: TurnSeen, names: dict[str, str]) -> str:
    source = names.get(turn.source, "entry")
    target = names.get(turn.target, "done")
    told = " ".join([turn.turn.replace("_", " "), *([f"{turn.walks:,}"] if turn.walks else [])]).strip()
    return f'{source} -->|"{escaped(told)}"| {target}' if told else f"{source} --> {target}"


def escaped(text: str) -> str:
    """`text` so that Mermaid shows it as it is, however it looks; cut where it is too long for a box.

    >>> escaped('opened("a") & more')
    'opened(#34;a#34;) #38; more'
    """
    one_line = " ".join(text.split())
    one_line = re.sub(r"\$(?=\$)", "$ ", one_line)  # two in a row would begin a formula, also as entities
    if len(one_line) > _LONGEST:
        one_line = one_line[: _LONGEST - 3].rstrip() + "..."
    return "".join(char if _PLAIN.fullmatch(char) else f"#{ord(char)};" for char in one_line)
