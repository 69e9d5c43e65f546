"""One contestant in its own process: ``python -m benchmarks.worker NAME``.

Reads orders as lines of JSON from its standard input, and answers each with a line: the CPU time
(user and system, of all threads) and the time on the clock that the calls took.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs

from .contestants import CONTESTANTS, AsyncCall, Call, Contestant
from .wire import TOKEN

FEWEST_CALLS = 30


class WrongAnswerError(Exception):
    """A contestant returned something else than the token."""


@attrs.frozen
class Order:
    """What to measure.

    Attributes:
        origin: Where the server listens.
        tasks: How many calls run at a time; 0 for sync calls.
        seconds: About how long to measure.
        calls: How many calls to make; 0 for as many as take those seconds.
    """

    origin: str
    tasks: int
    seconds: float
    calls: int = 0


@attrs.frozen
class Sample:
    """What a number of calls took, in seconds for one call."""

    cpu: float
    wall: float
    calls: int


def check(answer: object) -> None:
    """See to it that a contestant has parsed the answer."""
    if answer != TOKEN:
        raise WrongAnswerError(f"returned {answer!r}")


def count_for(order: Order, warm_up: Sample) -> int:
    """Choose how many calls to measure, by what the warm-up took."""
    fewest = max(order.tasks, FEWEST_CALLS)
    return order.calls or max(fewest, int(order.seconds / max(warm_up.wall, 1e-6)))


def warming_calls(order: Order, warm_up: Sample) -> int:
    """Choose how many calls more the interpreter needs to have its code paths warm."""
    return int(order.seconds / 2 / max(warm_up.wall, 1e-6))


class Stopwatch:
    """Measures this process's CPU time and the wall-clock time."""

    def __init__(self) -> None:
        gc.collect()
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def sample(self, calls: int) -> Sample:
        """Return what has passed, for one of so many calls."""
        cpu, wall = time.process_time() - self.cpu, time.perf_counter() - self.wall
        return Sample(cpu / calls, wall / calls, calls)


def measure_sync(contestant: Contestant, order: Order) -> Sample:
    """Make sync calls, one after the other."""
    with contestant.opener()(order.origin) as call:
        check(call())
        warm_up = spend(call, FEWEST_CALLS)
        if more := warming_calls(order, warm_up):
            warm_up = spend(call, more)
        return spend(call, count_for(order, warm_up))


def spend(call: Call, calls: int) -> Sample:
    """Make a number of calls."""
    watch = Stopwatch()
    for _ in range(calls):
        call()
    return watch.sample(calls)


async def measure_async(contestant: Contestant, order: Order) -> Sample:
    """Make async calls, so many at a time."""
    async with contestant.async_opener()(order.origin) as call:
        check(await call())
        # Opens the connections that so many calls at a time need.
        warm_up = await spend_async(call, max(order.tasks, FEWEST_CALLS), order.tasks)
        if more := warming_calls(order, warm_up):
            warm_up = await spend_async(call, more, order.tasks)
        return await spend_async(call, count_for(order, warm_up), order.tasks)


async def spend_async(call: AsyncCall, calls: int, tasks: int) -> Sample:
    """Make a number of calls from tasks that each make one after the other."""
    left = calls

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    watch = Stopwatch()
    await asyncio.gather(*(work() for _ in range(tasks)))
    return watch.sample(calls)


def obey(contestant: Contestant, order: Order) -> dict[str, Any]:
    """Measure; an error is an answer too."""
    try:
        if order.tasks:
            return attrs.asdict(asyncio.run(measure_async(contestant, order)))
        return attrs.asdict(measure_sync(contestant, order))
    except Exception as error:  # noqa: BLE001 - a contestant may raise anything
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def raise_file_limit() -> None:
    """Allow a socket for each of 1,000 calls at a time, where the system lets us."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - Windows has none

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(name: str, answer: Callable[[str], object]) -> None:
    """Obey orders until there are no more."""
    raise_file_limit()
    contestant = CONTESTANTS[name]
    for line in sys.stdin:
        answer(json.dumps(obey(contestant, Order(**json.loads(line)))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.stdout.write)
