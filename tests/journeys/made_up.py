"""Journeys and histories that hypothesis makes up. Everything happens at a multiple of ten minutes, so that much of it
happens on an edge: at the very moment at which a wait is over."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.journeys.reference import Occasion, Person
from tests.journeys.world import START
from tests.journeys.written import (
    And,
    Days,
    Did,
    Emit,
    End,
    Fate,
    Goal,
    If,
    In,
    Journey,
    Listen,
    Not,
    Or,
    Path,
    Predicate,
    Send,
    Split,
    Step,
    Tag,
    Tagged,
    Wait,
)

GRID = timedelta(minutes=10)
EVENTS = ("bought", "visited", "greeted")  # the last is what journeys emit; people do so too
TAGS = ("vip", "cold")
LENGTHS = tuple(GRID * ticks for ticks in (1, 3, 6, 12, 36, 90, 150))
lengths = st.sampled_from(LENGTHS)

dids = st.builds(
    lambda name, window, at_least: Did(name, at_least=at_least, **window),
    st.sampled_from(EVENTS),
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"within": lengths}),
        st.fixed_dictionaries({"since": st.sampled_from(("entry", "ever"))}),
    ),
    st.sampled_from((1, 1, 1, 2)),
)
states = st.builds(In, st.sampled_from(("DE", "FR"))) | st.builds(Tagged, st.sampled_from(TAGS))


def fates(sends: tuple[str, ...]) -> st.SearchStrategy[Predicate]:
    return st.builds(Fate, st.sampled_from(("opened", "clicked", "sent")), st.sampled_from(sends))


def happenings(sends: tuple[str, ...]) -> st.SearchStrategy[Predicate]:
    return dids | fates(sends) if sends else dids


def predicates(sends: tuple[str, ...] = ()) -> st.SearchStrategy[Predicate]:
    return st.recursive(
        happenings(sends) | states,
        lambda inner: st.builds(Not, inner) | st.builds(And, inner, inner) | st.builds(Or, inner, inner),
        max_leaves=3,
    )


def outcomes(sends: tuple[str, ...]) -> st.SearchStrategy[Predicate]:
    """Of which the moment is known, or which are true at the moment at which somebody asks."""
    happening = happenings(sends)
    lasting = happening.filter(lambda one: not isinstance(one, Did) or one.within is None)
    return (
        happening
        | happening
        | st.builds(Or, happening, happening)
        | st.builds(And, lasting, lasting)
        | st.builds(And, happening, states)
        | st.builds(Not, happening)
    )


@dataclass
class Numbers:
    """So that each step gets a name of its own. `keeps`: steps may leave behind what other walks of the person see;
    `asks`: what becomes of messages is asked about."""

    keeps: bool = True
    asks: bool = True
    used: int = 0

    def name(self, kind: str) -> str:
        self.used += 1
        return f"{kind}_{self.used}"


@st.composite
def paths(
    draw: st.DrawFn, numbers: Numbers, depth: int, length: tuple[int, int], before: tuple[str, ...]
) -> tuple[Path, tuple[str, ...], bool]:
    """The steps; the messages that may have been sent by their end; whether somebody comes out at it."""
    steps: list[Step] = []
    for _ in range(draw(st.integers(*length))):
        kinds = ["listen", "listen", "send", "send", "wait", "wait"] + ["tag", "emit"] * numbers.keeps
        kinds += ["if", "ways", "split"] * (depth > 0)
        kind = draw(st.sampled_from(kinds))
        comes_out = True
        match kind:
            case "send":
                steps.append(Send(numbers.name("mail"), draw(st.sampled_from((DAY, DAY, GRID * 12)))))
                before = (*before, steps[-1].id) if numbers.asks else before
            case "wait":
                if draw(st.integers(0, 3)):
                    steps.append(Wait(numbers.name("wait"), draw(lengths)))
                else:
                    steps.append(Days(numbers.name("days"), draw(st.integers(1, 2)), draw(st.integers(0, 23))))
            case "tag":
                steps.append(Tag(numbers.name("tag"), draw(st.sampled_from(TAGS)), draw(st.booleans())))
            case "emit":
                steps.append(Emit(numbers.name("event"), "greeted"))
            case _:
                step, before, comes_out = draw(forks(kind, numbers, depth, before))
                steps.append(step)
        if not comes_out:
            return tuple(steps), before, False
    if depth < 2 and not draw(st.integers(0, 5)):
        steps.append(End(numbers.name("end")))
        return tuple(steps), before, False
    return tuple(steps), before, True


DAY = timedelta(days=1)


@st.composite
def forks(
    draw: st.DrawFn, kind: str, numbers: Numbers, depth: int, before: tuple[str, ...]
) -> tuple[Step, tuple[str, ...], bool]:
    sent, comes_out = before, False

    def path(may_be_empty: bool = True) -> Path:
        nonlocal sent, comes_out
        if depth == 0 or (may_be_empty and not draw(st.integers(0, 2))):
            comes_out = True
            return ()
        steps, after, out = draw(paths(numbers, depth - 1, (1, 2), before))
        sent = tuple(dict.fromkeys((*sent, *after))) if out else sent
        comes_out = comes_out or out
        return steps

    step: Step
    if kind == "listen":
        name = numbers.name("wait")
        names = draw(st.sampled_from((("then",), ("then",), ("one", "two"), ("one", "two", "three"))))
        heard = {one: draw(outcomes(before)) for one in names}
        reset = draw(st.none() | dids.filter(lambda one: one.within is None and one.since is None))
        since = draw(st.sampled_from(("step", "step", "entry")))
        step = Listen(name, heard, draw(lengths), since, reset, {one: path() for one in (*names, "else")})
    elif kind == "split":
        shares = draw(st.sampled_from(({"a": 50, "b": 50}, {"a": 20, "b": 30, "c": 50})))
        step = Split(numbers.name("split"), shares, {arm: path() for arm in shares})
    else:
        name = numbers.name(kind)
        names = ("then",) if kind == "if" else ("way_1", "way_2")
        ways = {one: (draw(predicates(before)), path(may_be_empty=False)) for one in names}
        step = If(name, ways, path())
    return step, sent, comes_out


@st.composite
def journeys(draw: st.DrawFn, *, asks: bool = True, keeps: bool = True) -> Journey:
    again, every = draw(st.sampled_from((("never", None), ("every", GRID * 18), ("per", None))))
    # Who walks twice at the same time may see what the other walk does in the same run, or not yet.
    steps, sends, _ = draw(paths(Numbers(keeps and again != "per", asks), 2, (3, 6), ()))
    exits = draw(st.sampled_from((0, 0, 1, 2)))
    anywhere = predicates(sends)
    goal = draw(st.none() | st.builds(Goal, happenings(sends), st.none() | lengths, st.booleans()))
    return Journey(
        "made_up",
        steps,
        # Whatever is true of nearly everybody lets nearly nobody walk.
        exits=tuple(draw(happenings(sends) | st.builds(And, happenings(sends), anywhere)) for _ in range(exits)),
        goal=goal,
        condition=draw(st.none() | st.none() | predicates()),
        again=again,
        every=every,
        not_older_than=draw(st.sampled_from((DAY, GRID * 18))),
    )


def history(seed: int, people: int = 16, hours: int = 60) -> tuple[list[Person], list[Occasion], list[datetime]]:
    """People with what they do and what they enter by, some of it heard of late; and when runs come by."""
    chance = random.Random(seed)
    last = hours * 6

    def moment(least: int = -60) -> datetime:
        return START + GRID * chance.randint(least, last)

    def late(when: datetime) -> datetime:
        return when + GRID * chance.choice((0, 0, 0, 0, 5, 40))

    found = [
        Person(f"p{number:02}", chance.choice(("DE", "DE", "FR")), reachable=chance.random() > 0.1)
        for number in range(people)
    ]
    for person in found:
        for _ in range(chance.choice((0, 2, 6, 14))):
            when = moment()
            person.events.append((chance.choice(EVENTS), when, late(when)))
    occasions = []
    for number in range(people * 2):
        when = moment(-12) if chance.random() < 0.3 else START + GRID * chance.randint(1, last // 3)
        person = chance.choice(found)
        occasions.append(Occasion(f"o{number:03}", person, f"order-{chance.randint(1, 3)}", when, late(when)))
    clocks = [START]
    pace = chance.choice((1, 6, 36))
    while clocks[-1] < START + GRID * last and len(clocks) < 14:
        clocks.append(clocks[-1] + GRID * chance.choice((pace, 1, 2, 6, 12, 40, 100)))
    return found, occasions, clocks


def answers_to(message: str, seed: int) -> list[tuple[str, timedelta, timedelta]]:
    """What somebody does with a message, how long after it went, and how much later it is heard of."""
    chance = random.Random(f"{seed} {message}")
    found = []
    for kind in ("opened", "clicked"):
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            found.append((kind, GRID * chance.choice((0, 1, 3, 6, 12, 36, 90)), GRID * chance.choice((0, 0, 0, 7))))
    return found
