import math
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tokenkit.testing import AsyncFrozenClock, FrozenClock

if TYPE_CHECKING:
    from tokenkit.extension import AsyncClock, Clock

NOON = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)


def test_stands_still() -> None:
    """A frozen clock always shows the time that it was given."""
    clock: Clock = FrozenClock(NOON)
    assert clock.time() == clock.time() == NOON.timestamp()
    assert clock.monotonic() == clock.monotonic()


def test_starts_now() -> None:
    """Without a time, the clock stands at the machine's."""
    before = datetime.now(timezone.utc)
    clock = FrozenClock()
    assert before <= clock.now <= datetime.now(timezone.utc)


def test_advances() -> None:
    """Advancing moves both times, and isn't a sleep."""
    clock = FrozenClock(NOON)
    begun = clock.monotonic()
    clock.advance(90)
    clock.advance(0.5)
    assert clock.now == NOON + timedelta(seconds=90.5)
    assert clock.monotonic() - begun == 90.5
    assert clock.sleeps == ()


def test_sleeps() -> None:
    """A sleep moves the clock at once, and is recorded."""
    clock = FrozenClock(NOON)
    clock.sleep(3600)
    clock.sleep(0)
    assert clock.now == NOON + timedelta(hours=1)
    assert clock.sleeps == (3600, 0)


def test_another_time_zone() -> None:
    """The time may have any zone, and is shown in UTC."""
    clock = FrozenClock(NOON.astimezone(timezone(timedelta(hours=-5))))
    assert clock.now == NOON
    assert repr(clock) == "FrozenClock(now='2027-03-01T12:00:00+00:00', sleeps=())"


def test_refuses_a_time_without_a_zone() -> None:
    """A datetime without a time zone is refused with a message that says what to add."""
    with pytest.raises(
        ValueError, match=r"^FrozenClock: now must have a time zone, such as tzinfo"
    ):
        FrozenClock(datetime(2027, 3, 1, 12))  # noqa: DTZ001 - wrong on purpose


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_never_goes_back(seconds: float) -> None:
    """A clock neither goes back nor leaves the calendar."""
    clock = FrozenClock(NOON)
    for move in (clock.advance, clock.sleep):
        with pytest.raises(
            ValueError, match=r"^FrozenClock: seconds must be finite and not negative"
        ):
            move(seconds)
    assert (clock.now, clock.sleeps) == (NOON, ())


def test_values_of_other_types() -> None:
    """They are refused by the name of the class and the argument."""
    kind: Any = FrozenClock
    with pytest.raises(TypeError, match=r"^FrozenClock: now must be a datetime, not str$"):
        kind("2027-03-01T12:00:00Z")
    clock: Any = FrozenClock(NOON)
    for move in (clock.advance, clock.sleep):
        with pytest.raises(TypeError, match=r"^FrozenClock: seconds must be a number, not str$"):
            move("1")
    assert (clock.now, clock.sleeps) == (NOON, ())
    asynchronous: Any = AsyncFrozenClock
    problem = r"^AsyncFrozenClock: clock must be a FrozenClock, not datetime$"
    with pytest.raises(TypeError, match=problem):
        asynchronous(NOON)


@pytest.mark.anyio
async def test_the_async_clock_is_the_same_clock() -> None:
    """Moving one moves the other, and both record their waits together."""
    clock = FrozenClock(NOON)
    twin: AsyncClock = clock.as_async()
    clock.advance(1)
    await twin.sleep(2)
    assert clock.sleeps == (2,)
    assert twin.time() == clock.time() == NOON.timestamp() + 3
    assert twin.monotonic() == clock.monotonic()


@pytest.mark.anyio
async def test_an_async_sleep_lets_others_run() -> None:
    """Waiting by the async clock takes no time, but lets other tasks run."""
    clock = FrozenClock().as_async()
    steps: list[str] = []

    async def other() -> None:
        steps.append("other")

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        while not steps:
            await clock.sleep(60)


@pytest.mark.anyio
async def test_an_async_sleep_can_be_cancelled() -> None:
    """A cancelled task doesn't return from a sleep as if nothing had happened."""
    clock = FrozenClock().as_async()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await clock.sleep(60)
        pytest.fail("went on after being cancelled")
    assert scope.cancelled_caught


def test_threads_share_a_clock() -> None:
    """No wait is lost if several threads wait by one clock."""
    clock = FrozenClock()
    begun = clock.monotonic()

    def nap() -> None:
        for _ in range(500):
            clock.sleep(1)

    threads = [threading.Thread(target=nap) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clock.sleeps) == clock.monotonic() - begun == 2000
