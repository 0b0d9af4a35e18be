"""`tidegate journey`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.journeys.seeing.seen import JourneySeen
    from tidegate.workspace import Opened


@click.command("journey")
@click.argument("name", required=False)
@click.option("--step", metavar="STEP", help="List the people of one step: whom it sent to, or who stands there.")
@click.option("--by", metavar="NAME", help="With --step: only what went by this channel or destination.")
@click.option("--pii", is_flag=True, help="With --step: show addresses too.")
@click.option("--last", default=50, show_default=True, type=click.IntRange(1), help="With --step: how many people.")
@click.option("--version", "version", type=click.IntRange(1), metavar="N", help="Only this version of it.")
@click.option("--by-day", is_flag=True, help="Also count day by day.")
@click.option("--mermaid", is_flag=True, help="Print the graph as a Mermaid flowchart.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(
    place: Place,
    name: str | None,
    step: str | None,
    by: str | None,
    pii: bool,
    last: int,
    version: int | None,
    by_day: bool,
    mermaid: bool,
    json_: bool,
) -> int:
    """Show a journey with everybody in it; without a NAME, list all journeys.

    For each step how many people stand there, passed it and left there; what it sent, and how many opened,
    clicked, and did afterwards what the journey is for.

    \b
    Example:
      tidegate journey
      tidegate journey lead_nurturing
      tidegate journey lead_nurturing --step nurture_intro --by email
      tidegate journey lead_nurturing --mermaid > lead_nurturing.mmd
    """
    _refuse(name, step, by, pii, mermaid, version, by_day)
    from tidegate import workspace
    from tidegate.cli import as_json, journey_tables, terminal

    opened = workspace.look(place.root, place.target)
    if name is None:
        from tidegate.journeys.seeing.overview import overview

        every = overview(opened.warehouse, opened.project)
        as_json.show(every) if json_ else journey_tables.overview(terminal.out(), every)
        return 0
    seen = _look(opened, name, version, by_day)
    if step is not None:
        _people(opened, seen, step, by, pii, last, json_)
    elif mermaid:
        from tidegate.journeys.seeing.mermaid import mermaid as flowchart

        click.echo(flowchart(seen), nl=False)
    elif json_:
        as_json.show(seen)
    else:
        journey_tables.journey(terminal.out(), seen)
    return 0


def _refuse(
    name: str | None, step: str | None, by: str | None, pii: bool, mermaid: bool, version: int | None, by_day: bool
) -> None:
    if name is None and (step or by or pii or mermaid or version or by_day):
        raise Mistake("name the journey; without a name all of them are listed")
    if step is None and by is not None:
        raise Mistake("--by chooses among the recipients of a step; name it with --step")
    if step is None and pii:
        raise Mistake("--pii shows the addresses of a step's recipients; name it with --step")
    if mermaid and (step or by_day):
        raise Mistake("--mermaid draws the whole journey; leave --step and --by-day out")


def _look(opened: Opened, name: str, version: int | None, by_day: bool) -> JourneySeen:
    from tidegate.journeys.seeing.looking import look
    from tidegate.journeys.seeing.overview import overview
    from tidegate.spec.nearest import hint

    try:
        return look(opened.warehouse, opened.project, name, version=version, days=by_day)
    except KeyError:
        known = {one.journey for one in overview(opened.warehouse, opened.project)}
        raise Mistake(f"no journey `{name}`; {hint(name, known)}") from None
    except LookupError:
        published = look(opened.warehouse, opened.project, name).versions
        there = f"1 to {published[-1].version}" if len(published) > 1 else "only 1" if published else "none yet"
        raise Mistake(f"{name} has no version {version}; there is {there}") from None


def _people(opened: Opened, seen: JourneySeen, step: str, by: str | None, pii: bool, last: int, json_: bool) -> None:
    from tidegate.channels import CHANNELS
    from tidegate.cli import as_json, journey_tables, terminal
    from tidegate.cli.person import address_book
    from tidegate.journeys.seeing.recipients import recipients, standing
    from tidegate.spec.nearest import hint

    steps = {one.step: one for one in (*seen.steps, *seen.gone)}
    if step not in steps:
        raise Mistake(f"no step `{step}` in {seen.journey}; {hint(step, steps)}")
    there = steps[step]
    if there.send is None:
        if by is not None or pii:
            raise Mistake(f"`{step}` sends nothing ({there.says or 'a step of an earlier version'}); leave --by out")
        stand = standing(opened.warehouse, seen.journey, step, version=seen.only, most=last)
        if json_:
            as_json.show(stand)
        else:
            journey_tables.standing(terminal.out(), there, stand)
        return
    ways = {*opened.project.destinations, *CHANNELS}
    if by is not None and by not in ways:
        raise Mistake(f"no channel or destination `{by}`; {hint(by, opened.project.destinations)}")
    found = recipients(
        opened.warehouse,
        seen.journey,
        step,
        by=by,
        version=seen.only,
        most=last,
        people=address_book(opened.project) if pii else None,
        key=opened.project.key,
    )
    if json_:
        as_json.show(found)
    else:
        journey_tables.recipients(terminal.out(), there, found, addressed=pii)
