"""Lists of people that somebody wrote: a file of the project."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.coming_in import context, entered, opens, reasons
from tests.journeys.world import World
from tidegate.errors import SpecError

HOUR = timedelta(hours=1)


def write(world: World, *lines: str) -> None:
    (world.root / "audiences").mkdir(exist_ok=True)
    (world.root / "audiences" / "guests.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_whoever_is_on_the_list_enters_also_at_the_first_run(world: World) -> None:
    world.person("ada", "grace", "edith")
    write(world, "customer_id,table", "ada,7", "grace,")
    opens(world, "list 'audiences/guests.csv'")
    world.run()
    assert entered(world) == ["ada", "grace"]
    assert (context(world, "ada", "table"), context(world, "grace", "table")) == ("7", None)
    write(world, "customer_id,table", "ada,8", "grace,", "edith,9")
    world.run(after=HOUR)

    assert entered(world) == ["ada", "grace", "edith"]
    assert context(world, "ada", "table") == "7"


def test_the_same_list_twice_lets_nobody_in_twice(world: World) -> None:
    world.person("ada")
    write(world, "customer_id", "ada")
    opens(world, "list 'audiences/guests.csv'", again="every 1 minute", steps="- {send: hello, by: email}\n")
    for _ in range(3):
        world.run(after=HOUR)

    assert reasons(world, "ada") == ["acted"]


def test_whoever_is_taken_off_and_put_on_again_comes_again(world: World) -> None:
    world.person("ada", "grace")
    write(world, "customer_id", "ada", "grace")
    opens(world, "list 'audiences/guests.csv'", again="every 1 minute", steps="- {send: hello, by: email}\n")
    world.run()
    write(world, "customer_id", "grace")
    world.run(after=HOUR)
    write(world, "customer_id", "grace", "ada")
    world.run(after=HOUR)

    assert reasons(world, "ada") == ["acted", "acted"]
    assert reasons(world, "grace") == ["acted"]


def test_somebody_whom_nobody_knows_does_not_enter(world: World) -> None:
    world.person("ada")
    write(world, "customer_id", "ada", "adda")
    opens(world, "list 'audiences/guests.csv'")
    world.run()

    assert entered(world) == ["ada"]
    assert world.refused("welcome") == {"no_person": {"adda"}}


def test_a_list_may_be_separated_by_semicolons_and_have_blanks_in_quotes(world: World) -> None:
    world.person("ada")
    write(world, "\ufeffcustomer_id;note", 'ada;"comes late; and leaves early"')
    opens(world, "list 'audiences/guests.csv'")
    world.run()

    assert context(world, "ada", "note") == "comes late; and leaves early"


def test_the_same_person_on_two_lines_is_a_mistake_that_is_told(world: World) -> None:
    world.person("ada")
    write(world, "customer_id", "ada", "ada")
    opens(world, "list 'audiences/guests.csv'")
    world.run()

    assert "customer_id is not unique: ada (2 times); a list has one row for each person" in world.of("welcome").reason
    assert entered(world) == []


def test_a_list_that_is_gone_lets_nobody_in_and_takes_nobody_off(world: World) -> None:
    world.person("ada")
    write(world, "customer_id", "ada")
    opens(world, "list 'audiences/guests.csv'", again="every 1 minute", steps="- {send: hello, by: email}\n")
    world.run()
    (world.root / "audiences" / "guests.csv").unlink()
    with pytest.raises(SpecError, match=r"first line of audiences/guests\.csv"):
        world.run(after=HOUR)
    write(world, "customer_id", "ada")
    world.run(after=HOUR)

    assert reasons(world, "ada") == ["acted"]
