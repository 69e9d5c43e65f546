"""Call a server that fails 5 % of the requests in every way; account for every call.

    python benchmarks/soak.py --calls 200000
    python benchmarks/soak.py --seconds 60 --family httpx httpx2

Prints calls, values, errors by type, unaccounted calls, memory at start and end, open sockets,
threads and tasks. The exit code is 1 where something was left over or leaked.
"""

import argparse
import asyncio
import collections
import gc
import pathlib
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Literal

import attrs

from tokenkit import (
    AsyncStrigoClient,
    RetryPolicy,
    StrigoClient,
    TokenKitError,
    strigo,
)

THREADS = 8
TASKS = 64
MEGABYTE = 1_048_576
LEAK = 1 * MEGABYTE
WARM_UP = 500
Family = Literal["httpx", "httpx2"]


@attrs.define
class Tally:
    """What became of the calls."""

    calls: int = 0
    values: int = 0
    errors: collections.Counter[str] = attrs.field(factory=collections.Counter[str])
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def unaccounted(self) -> int:
        """Calls that ended in neither a value nor a typed error."""
        return self.calls - self.values - self.errors.total()

    def begin(self) -> None:
        """Count a call."""
        with self.lock:
            self.calls += 1

    def end(self, error: TokenKitError | None) -> None:
        """Count its end."""
        with self.lock:
            if error is None:
                self.values += 1
            else:
                self.errors[type(error).__name__] += 1


@attrs.define
class Work:
    """How much is to be done: a number of calls, or a time."""

    calls: int
    until: float
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def take(self) -> bool:
        """Take one call, where there is one left."""
        with self.lock:
            self.calls -= 1
            return self.calls >= 0 and time.monotonic() < self.until


@contextmanager
def failing_server() -> Generator[str, None, None]:
    """Run the server in another process; yield its address."""
    program = pathlib.Path(__file__).with_name("failing_server.py")
    with subprocess.Popen(  # noqa: S603 - this interpreter, the program beside this one
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/api/v1"
        process.communicate("")


REQUEST = strigo.UserTokenRequest(email="user1@example.com")
POLICY = RetryPolicy(max_retries=1, first_wait=0.01, longest_wait=0.01)


def run_threads(url: str, family: Family, work: Work, tally: Tally) -> None:
    """Spend the work on threads that share one sync client."""
    with StrigoClient(
        org_id="org",
        api_key="soak-api-key",
        base_url=url,
        http_family=family,
        retry=POLICY,
        deadline=2.0,
    ) as client:

        def call() -> None:
            while work.take():
                tally.begin()
                try:
                    client.send(REQUEST)
                except TokenKitError as error:
                    tally.end(error)
                else:
                    tally.end(None)

        threads = [threading.Thread(target=call) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


async def run_tasks(url: str, family: Family, work: Work, tally: Tally) -> int:
    """Spend the work on tasks that share one async client; return the tasks left over."""
    async with AsyncStrigoClient(
        org_id="org",
        api_key="soak-api-key",
        base_url=url,
        http_family=family,
        retry=POLICY,
        deadline=2.0,
    ) as client:

        async def call() -> None:
            while work.take():
                tally.begin()
                try:
                    await client.send(REQUEST)
                except TokenKitError as error:
                    tally.end(error)
                else:
                    tally.end(None)

        await asyncio.gather(*(call() for _ in range(TASKS)))
    await asyncio.sleep(0)
    return len(asyncio.all_tasks()) - 1


def open_sockets() -> int:
    """Count this process's open sockets."""
    gc.collect()
    return sum(
        isinstance(thing, socket.socket) and thing.fileno() >= 0 for thing in gc.get_objects()
    )


def memory() -> int:
    """Return the bytes that Python's objects take."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def spend(url: str, family: Family, calls: int, until: float, tally: Tally) -> int:
    """Make the calls, half of them sync, half async; return the tasks left over."""
    half = calls // 2
    middle = time.monotonic() + (until - time.monotonic()) / 2
    run_threads(url, family, Work(half, middle), tally)
    return asyncio.run(run_tasks(url, family, Work(calls - half, until), tally))


def soak(calls: int, seconds: float, family: Family, warm_up: int) -> int:
    """Run the soak and print its figures; return the exit code."""
    tally = Tally()
    with failing_server() as url:
        tracemalloc.start()
        spend(url, family, warm_up, time.monotonic() + 60, Tally())
        threads, sockets, before = threading.active_count(), open_sockets(), memory()
        tasks = spend(url, family, calls, time.monotonic() + seconds, tally)
        after = memory()
        tracemalloc.stop()
        sockets, threads = open_sockets() - sockets, threading.active_count() - threads
    figures: dict[str, object] = {
        "calls": tally.calls,
        "values": tally.values,
        **{f"errors of {name}": count for name, count in sorted(tally.errors.items())},
        "unaccounted": tally.unaccounted,
        "memory at start (bytes)": before,
        "memory at end (bytes)": after,
        "sockets left": sockets,
        "threads left": threads,
        "tasks left": tasks,
    }
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in figures.items())
    clean = not (tally.unaccounted or sockets or threads or tasks) and after - before < LEAK
    return 0 if clean else 1


def soak_each(families: list[Family], arguments: list[str]) -> int:
    """Run a soak of its own for each family, all at the same time; return the exit code."""
    command = [sys.executable, __file__, *arguments, "--family"]
    with ExitStack() as stack:
        running = {
            family: stack.enter_context(
                subprocess.Popen([*command, family], stdout=subprocess.PIPE, text=True)  # noqa: S603 - this program
            )
            for family in families
        }
        for family, process in running.items():
            figures, _ = process.communicate()
            sys.stdout.write(f"{family}\n{figures}")
    return int(any(process.returncode for process in running.values()))


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10**9)
    parser.add_argument("--seconds", type=float, default=10**6)
    parser.add_argument("--family", choices=("httpx", "httpx2"), default=["httpx"], nargs="+")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="calls before the figures")
    options = parser.parse_args()
    if len(options.family) > 1:
        amounts = {name: value for name, value in vars(options).items() if name != "family"}
        pairs = ([f"--{name.replace('_', '-')}", str(value)] for name, value in amounts.items())
        return soak_each(options.family, [word for pair in pairs for word in pair])
    return soak(options.calls, options.seconds, options.family[0], options.warm_up)


if __name__ == "__main__":
    sys.exit(main())
