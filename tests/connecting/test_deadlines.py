"""A block that takes too long is ended, and nobody else's block with it."""

from __future__ import annotations

import asyncio

import pytest

from tidegate.connecting import deadlines
from tidegate.connecting.deadlines import Deadline


async def within(seconds: float | None, *, takes: float) -> str:
    with Deadline(seconds):
        await asyncio.sleep(takes)
    return "done"


async def test_whoever_takes_too_long_is_ended_and_the_others_are_not() -> None:
    calls = [within(0.05, takes=60), within(0.05, takes=0), within(60, takes=0.1), within(None, takes=0.1)]
    slow, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(slow, TimeoutError)
    assert others == ["done"] * 3


async def test_who_begins_later_has_as_much_time() -> None:
    loop, ends = asyncio.get_running_loop(), []

    async def later(pause: float) -> None:
        await asyncio.sleep(pause)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await within(0.2, takes=60)
        ends.append(loop.time() - began)

    await asyncio.gather(later(0.0), later(0.1), later(0.15))
    assert all(took >= 0.2 for took in ends)


async def test_after_a_time_out_the_task_goes_on() -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await within(0.01, takes=60)
    assert await within(60, takes=0.01) == "done"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_whoever_is_cancelled_by_others_did_not_time_out() -> None:
    task = asyncio.create_task(within(60, takes=60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_shorter_of_two_comes_first() -> None:
    with pytest.raises(TimeoutError), Deadline(60):
        await within(0.01, takes=60)
    with pytest.raises(TimeoutError), Deadline(0.01):
        await within(60, takes=60)


async def test_what_goes_wrong_in_time_is_told_as_it_is() -> None:
    with pytest.raises(KeyError, match="this"), Deadline(60):
        raise KeyError("this")


async def test_nothing_is_left_once_nobody_waits() -> None:
    await asyncio.gather(*[within(60, takes=0.01) for _ in range(5)])
    with pytest.raises(TimeoutError):
        await within(0.01, takes=60)
    assert deadlines._known == {}
