"""`tidegate approve`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place


@click.command("approve")
@click.argument("audience")
@click.option("--reject", is_flag=True, help="Refuse: the audience stays as it is.")
@click.option("--why", default="", help="A reason, kept with the decision.")
@click.option("--who", default="", help="Who decides.  [default: the user who is logged in]")
@place.options
def command(place: Place, audience: str, reject: bool, why: str, who: str) -> int:
    """Let the blocked AUDIENCE through, or refuse it.

    An approval counts for one run, while the audience stays blocked under the same model, and for a movement of
    the size that was blocked: where many more would enter, leave, go from lists or be written to by then, the
    audience is blocked again.

    \b
    Example:
      tidegate plan --audience vip_customers --rows
      tidegate approve vip_customers --why "the January import"
      tidegate approve vip_customers --reject --why "the model lost a filter"
    """
    from tidegate import guards, workspace
    from tidegate.cli import terminal
    from tidegate.spec.nearest import hint

    opened = workspace.look(place.root, place.target)
    if audience not in opened.project.audiences:
        known = sorted(opened.project.audiences)
        raise Mistake(f"no audience `{audience}`; {hint(audience, known)}")
    said = guards.approve(
        opened.warehouse, audience, decision="reject" if reject else "approve", why=why, who=who or _login()
    )
    terminal.out().print(said)
    return 0


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except OSError:
        return "unknown"
