"""Who may come again, who may not yet, and who is inside still."""

from __future__ import annotations

from datetime import timedelta

from tests.journeys.coming_in import entered, opens, reasons
from tests.journeys.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_ONCE = "- {send: hello, by: email}\n"


def test_never_is_never(world: World) -> None:
    opens(world, "event 'visited'", steps=AT_ONCE)
    world.run()
    for _ in range(3):
        world.does("ada", "visited", at=world.now + HOUR / 2)
        world.run(after=HOUR)

    assert reasons(world, "ada") == ["acted", "never", "never"]


def test_whoever_is_inside_does_not_enter_a_second_time(world: World) -> None:
    opens(world, "event 'visited'", again="every 1 hour")
    world.run()
    world.does("ada", "visited", at="10:10")
    world.run("11:00")
    world.does("ada", "visited", at="13:00")
    world.run("13:30")

    assert reasons(world, "ada") == ["acted", "inside"]
    assert world.stands("ada") == "wait"


def test_with_overlap_the_same_person_walks_twice_at_once(world: World) -> None:
    opens(world, "event 'visited'", again="every 1 hour", overlap=True)
    world.run()
    world.does("ada", "visited", at="10:10")
    world.run("11:00")
    world.does("ada", "visited", at="11:00")
    world.does("ada", "visited", at="13:00")
    world.run("13:30")

    assert reasons(world, "ada") == ["acted", "too_soon", "acted"]
    assert world.rows("select rotation, status from tidegate.instances order by rotation") == [
        (1, "active"),
        (2, "active"),
    ]
    assert len(set(world.rows("select message_key from tidegate.outbox"))) == 2


def test_of_two_in_one_run_the_earlier_enters(world: World) -> None:
    opens(world, "event 'visited'", again="every 1 minute")
    world.run()
    world.does("ada", "visited", at="10:50")
    world.does("ada", "visited", at="10:10")
    world.run("11:00")

    assert world.rows("select disposition from tidegate.occurrences order by occurred_at") == [("acted",), ("inside",)]
    ((entered_at,),) = world.rows("select entered_at from tidegate.instances")
    assert str(entered_at) == "2026-03-02 10:10:00+00:00"


def test_with_overlap_several_in_one_run_keep_their_distance(world: World) -> None:
    opens(world, "event 'visited'", again="every 1 hour", overlap=True, not_older_than="2 days")
    world.run()
    for at in ("10:10", "10:30", "11:10", "11:50", "12:30"):
        world.does("ada", "visited", at=at)
    world.does("grace", "visited", at="10:15")
    world.run("13:00")

    found = world.rows("select disposition from tidegate.occurrences where person = 'ada' order by occurred_at")
    assert [reason for (reason,) in found] == ["acted", "too_soon", "acted", "too_soon", "acted"]
    assert entered(world) == ["ada", "grace", "ada", "ada"]
    assert world.rows("select rotation from tidegate.instances where person = 'ada' order by entered_at") == [
        (1,),
        (2,),
        (3,),
    ]


def test_not_before_the_time_is_over_counted_from_the_last_entry(world: World) -> None:
    opens(world, "event 'visited'", again="every 30 days", steps=AT_ONCE)
    world.run()
    for day in (1, 15, 30, 31, 62):
        world.run(after=timedelta(days=day) - (world.now - world.moment("2026-03-02 10:00")))
        world.does("ada", "visited", at=world.now)
        world.run()

    assert reasons(world, "ada") == ["acted", "too_soon", "too_soon", "acted", "acted"]


def test_each_order_is_walked_with_once_and_side_by_side(world: World) -> None:
    world.trigger("ordered", order_id="VARCHAR")
    opens(world, "occur ref('ordered')", again="per order_id")
    world.run()
    world.occurs("ordered", "ada", at="10:10", order_id="a")
    world.occurs("ordered", "ada", at="10:20", order_id="b")
    world.occurs("ordered", "grace", at="10:20", order_id="a")
    world.occurs("ordered", "edith", at="10:20", order_id=None)
    world.run("11:00")
    world.occurs("ordered", "ada", at="11:30", order_id="a")
    world.run("12:00")
    world.run(after=2 * DAY)
    world.occurs("ordered", "ada", at=world.now, order_id="a")
    world.run()

    assert entered(world) == ["ada", "ada", "grace"]
    assert reasons(world, "ada") == ["acted", "acted", "inside", "never"]
    assert reasons(world, "edith") == ["no_key"]


def test_whoever_happened_to_be_inside_then_does_not_enter_although_the_walk_is_over_by_now(world: World) -> None:
    opens(world, "event 'visited'", again="every 1 minute", steps="- wait: 1 hour\n")
    world.run()
    world.does("ada", "visited", at="10:10")
    world.run("10:30")
    world.does("ada", "visited", at="11:00")
    world.does("ada", "visited", at="11:30")
    world.run("12:00")

    assert world.rows("select disposition from tidegate.occurrences order by occurred_at") == [
        ("acted",),
        ("inside",),
        ("acted",),
    ]


def test_whoever_does_not_meet_the_condition_may_later(world: World) -> None:
    opens(world, "event 'visited'", if_="did('ordered')")
    world.run()
    world.does("ada", "visited", at="10:10")
    world.does("ada", "ordered", at="10:20")
    world.run("11:00")
    assert reasons(world, "ada") == ["condition"], "at ten past ten they had not ordered anything"
    world.does("ada", "visited", at="11:10")
    world.run("12:00")

    assert reasons(world, "ada") == ["condition", "acted"]


def test_a_condition_is_asked_of_the_entry_and_of_the_person(world: World) -> None:
    world.trigger("ordered", value="INTEGER")
    world.person("ada", language="en")
    world.person("grace", language="de")
    opens(world, "occur ref('ordered')", if_="value > 5 and person.language = 'en'")
    world.run()
    for person, value in (("ada", 9), ("grace", 9)):
        world.occurs("ordered", person, value=value)
    world.occurs("ordered", "edith", value=9)
    world.run(after=HOUR)

    assert entered(world) == ["ada"]
    assert world.refused("welcome") == {"condition": {"grace", "edith"}}


def test_whoever_would_have_to_leave_at_once_does_not_enter(world: World) -> None:
    opens(world, "event 'cart_added'", again="every 1 minute", rest="exit: {when: did('ordered')}\n")
    world.run()
    world.does("ada", "cart_added", at="10:10")
    world.does("ada", "ordered", at="10:20")
    world.does("ada", "cart_added", at="10:30")
    world.run("11:00")

    found = world.rows("select disposition from tidegate.occurrences order by occurred_at")
    assert found == [("exit_rule",), ("acted",)]


def test_whoever_reached_the_goal_before_anybody_looked_does_not_enter(world: World) -> None:
    goal = "goal: {did: ordered, within: 30 minutes}\n"
    opens(world, "event 'cart_added'", rest=goal)
    opens(world, "event 'cart_added'", name="stays", rest=goal.replace("}", ", then: continue}"))
    world.run()
    for person, at in (("ada", "10:20"), ("grace", "10:50")):
        world.does(person, "cart_added", at="10:10")
        world.does(person, "ordered", at=at)
    world.run("11:00")

    assert world.refused("welcome") == {"goal": {"ada"}}
    assert entered(world) == ["grace"], "hers came too late to count"
    assert entered(world, "stays") == ["ada", "grace"]


def test_a_paused_entrance_lets_nobody_in_and_says_so(world: World) -> None:
    opens(world, "event 'visited'")
    world.run()
    opens(world, "event 'visited'", rest="status: entries_paused\n")
    world.does("ada", "visited", at="10:10")
    world.run("11:00")
    opens(world, "event 'visited'")
    world.run("11:30")

    assert reasons(world, "ada") == ["entries_paused"]


def test_whoever_stands_before_a_paused_entrance_comes_in_when_it_opens(world: World) -> None:
    world.segment("leads")
    opens(world, "in ref('leads')")
    world.run()
    opens(world, "in ref('leads')", rest="status: entries_paused\n")
    world.joins("leads", "ada")
    world.run(after=HOUR)
    world.run(after=HOUR)
    opens(world, "in ref('leads')")
    world.run(after=HOUR)

    assert reasons(world, "ada") == ["entries_paused", "acted"]


def test_a_draft_lets_nobody_in_and_remembers_nothing(world: World) -> None:
    world.joins("leads", "ada")
    opens(world, "enter ref('leads')", rest="status: draft\n")
    world.run()
    world.joins("leads", "grace")
    world.run(after=HOUR)
    assert world.of("welcome").verdict == "draft"
    opens(world, "enter ref('leads')")
    world.run(after=HOUR)
    world.joins("leads", "edith")
    world.run(after=HOUR)

    assert entered(world) == ["edith"]


def test_back_from_being_a_draft_it_begins_anew(world: World) -> None:
    world.segment("leads")
    opens(world, "enter ref('leads')")
    world.run()
    opens(world, "enter ref('leads')", rest="status: draft\n")
    world.joins("leads", "ada")
    world.run(after=HOUR)
    opens(world, "enter ref('leads')")
    world.run(after=HOUR)
    world.joins("leads", "grace")
    world.run(after=HOUR)

    assert entered(world) == ["grace"]


def test_a_run_twice_at_once_is_one(world: World) -> None:
    world.segment("leads")
    world.trigger("ordered")
    opens(world, "in ref('leads')", name="leads", again="every 1 minute")
    opens(world, "occur ref('ordered')", name="ordered", again="every 1 minute")
    world.run()
    world.joins("leads", "ada")
    world.occurs("ordered", "ada", at="10:30")
    world.run("11:00")
    before = world.state(), world.rows("select * exclude (run_id) from tidegate.occurrences order by all")
    world.run("11:00")

    assert (world.state(), world.rows("select * exclude (run_id) from tidegate.occurrences order by all")) == before
