"""`tidegate approve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.warehouse import Warehouse


@click.command("approve")
@click.argument("name")
@click.option("--step", metavar="STEP", help="Decide on those who stand at this step of the journey NAME.")
@click.option("--person", "people", multiple=True, metavar="KEY", help="With --step: only on them; may be repeated.")
@click.option("--list", "list_", is_flag=True, help="With --step: only show who stands there.")
@click.option("--reject", is_flag=True, help="Refuse: what is blocked stays so; people at a step go its other way.")
@click.option("--why", default="", help="A reason, kept with the decision.")
@click.option("--who", default="", help="Who decides.  [default: the user who is logged in]")
@place.options
def command(
    place: Place,
    name: str,
    step: str | None,
    people: tuple[str, ...],
    list_: bool,
    reject: bool,
    why: str,
    who: str,
) -> int:
    """Let the blocked audience or journey NAME through, or refuse it; with --step, decide on people who wait there.

    An approval counts for one run, while it stays blocked under the same model, and for a movement of the size that
    was blocked: where many more would enter, leave, go from lists or be written to by then, it is blocked again. At a
    step, a decision is on those who stand there now; whoever comes later is asked about anew.

    \b
    Example:
      tidegate plan --audience vip_customers --rows
      tidegate approve vip_customers --why "the January import"
      tidegate approve vip_customers --reject --why "the model lost a filter"
      tidegate approve win_back --step give_coupon --list
      tidegate approve win_back --step give_coupon --person 12347 --why "a good customer"
    """
    if step is None and (people or list_):
        raise Mistake(f"--{'person' if people else 'list'} goes with --step")
    from tidegate import guards, workspace
    from tidegate.cli import terminal
    from tidegate.spec.nearest import hint

    opened = workspace.look(place.root, place.target)
    known = {*opened.project.journeys, *(opened.project.audiences if step is None else ())}
    if name not in known:
        raise Mistake(f"no {'audience or journey' if step is None else 'journey'} `{name}`; {hint(name, known)}")
    if step is not None and list_:
        return _show(opened.warehouse, name, step)
    decision: Literal["approve", "reject"] = "reject" if reject else "approve"
    by = {"why": why, "who": who or _login()}
    if step is None:
        said = guards.approve(opened.warehouse, name, decision=decision, **by)
    else:
        from tidegate.journeys import approving

        said = approving.approve(opened.warehouse, opened.project, name, step, people=people, decision=decision, **by)
    terminal.out().print(said)
    return 0


def _show(warehouse: Warehouse, journey: str, step: str) -> int:
    from tidegate.cli import terminal
    from tidegate.journeys import approving

    found = approving.waiting(warehouse, journey, step)
    if not found:
        terminal.out().print(f"Nobody stands at `{step}`.")
        return 0
    terminal.table(terminal.out(), ["person", "since", "until", "decided"], found)
    return 0


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except OSError:
        return "unknown"
