"""`tidegate suppress`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.suppression import Reason


@click.command("suppress")
@click.argument("channel")
@click.argument("address", default="-")
@click.option(
    "--why",
    type=click.Choice(["bounced", "complained", "opted_out"]),
    default="opted_out",
    show_default=True,
    help="`bounced` stops transactional messages too.",
)
@click.option("--lift", is_flag=True, help="The address may be written to again.")
@place.options
def command(place: Place, channel: str, address: str, why: Reason, lift: bool) -> int:
    """Never write to an ADDRESS of a CHANNEL again.

    Nothing is kept of the address but a keyed hash, and nothing of it is printed. Where it is left out, or `-`,
    addresses are read from the standard input, one a line: that keeps them out of the shell's history.

    \b
    Example:
      tidegate suppress email ada@example.com --why complained
      tidegate suppress sms < numbers.txt
    """
    from datetime import UTC, datetime

    from tidegate import suppression, workspace
    from tidegate.channels import CHANNELS
    from tidegate.cli import terminal
    from tidegate.decision.permission import SHAPES
    from tidegate.spec.nearest import hint
    from tidegate.warehouse import transaction

    known = [name for name, spec in CHANNELS.items() if spec.address or name == "crm"]
    if channel not in known:
        raise Mistake(f"no channel `{channel}` with addresses; {hint(channel, known)}")
    given = [address] if address != "-" else [line.rstrip("\r\n") for line in click.get_text_stream("stdin")]
    addresses = [one for one in given if one.strip()]
    wrong = [number for number, one in enumerate(addresses, 1) if not suppression.looks_like(SHAPES.get(channel), one)]
    if wrong or not addresses:
        raise Mistake(_wrong(channel, wrong, of=len(addresses)))
    opened = workspace.look(place.root, place.target)
    now = datetime.now(UTC)
    with opened.warehouse.session() as connection, transaction(connection):
        if lift:
            count = sum(suppression.lift(connection, channel, one, at=now) for one in addresses)
        else:
            found = [suppression.Suppression(channel, one, why, now) for one in addresses]
            count = suppression.suppress(connection, found)
    done = terminal.count_of(count, "suppression")
    terminal.out().print(f"{done} {'lifted' if lift else 'added'}." if count else _nothing(lift))
    return 0


def _wrong(channel: str, wrong: list[int], *, of: int) -> str:
    """Without the addresses themselves."""
    if not of:
        return "no address is given"
    example = {"email": "ada@example.com", "sms": "+442079460000", "whatsapp": "+442079460000"}.get(channel)
    like = f"; write one such as {example}" if example else ""
    if of == 1:
        return f"this is no address for {channel}{like}"
    named = ", ".join(str(number) for number in wrong[:5]) + (" ..." if len(wrong) > 5 else "")
    return f"of {of} addresses, these are none for {channel}: number {named}{like}; nothing was suppressed"


def _nothing(lift: bool) -> str:
    return "It was not suppressed." if lift else "It is suppressed already."
