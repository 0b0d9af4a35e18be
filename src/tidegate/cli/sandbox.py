"""`tidegate sandbox`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.place import Place

PORT = 8025


@click.command("sandbox")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 is any free port.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="0.0.0.0 opens the page to the whole network, for a look on a telephone.",
)
@place.options
def command(place: Place, port: int, host: str) -> int:
    """Serve the page of what the sandbox received, until Ctrl-C.

    Every message as the customer would see it, every list with its members, search by person. The page only
    shows: runs go on meanwhile, and it follows.

    \b
    Example:
      tidegate sandbox
      tidegate sandbox --port 9000
    """
    from tidegate import workspace
    from tidegate.cli import terminal
    from tidegate.cli.mistakes import Mistake
    from tidegate.sandbox import serve

    opened = workspace.look(place.root, place.target)
    if not opened.project.sandbox:
        raise Mistake(f"the target `{opened.project.target}` does not deliver to the sandbox; there is nothing to show")

    def ready(url: str) -> None:
        terminal.out().print(url)
        terminal.err().print("Press Ctrl-C to stop.")

    serve(opened.warehouse.home / "sandbox", port, host=host, ready=ready)
    return 0
