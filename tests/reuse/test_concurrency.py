"""Real threads, event loops and processes that ask for one token at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
from all_clients import STRIGO_MINT
from unmeasured import unmeasured

from tokenkit import TokenCache, strigo
from tokenkit._reuse.flight import Flight
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 30


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """Run a sandbox whose mints take a while."""
    with Sandbox() as sandbox:
        sandbox.fail_next(delay=0.5, times=1000)
        yield sandbox


def in_threads(number: int, run: Callable[[], Any]) -> list[Any]:
    """Run a function in several threads at once; return the results."""
    results: list[Any] = []
    start = threading.Barrier(number)

    def one() -> None:
        start.wait()
        results.append(run())

    threads = [threading.Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results


def test_threads_share_one_mint(slow: Sandbox) -> None:
    """Twenty threads that ask at once get one token."""
    with slow.strigo_client() as client:
        tokens = in_threads(20, lambda: client.get_token(STRIGO_MINT))
    assert len(tokens) == 20
    assert len({token.token for token in tokens}) == 1
    assert len(slow.issued) == 1


@pytest.mark.anyio
async def test_tasks_share_one_mint(slow: Sandbox) -> None:
    """Many tasks that ask at once get one token."""
    tokens: list[strigo.UserToken] = []
    async with slow.async_strigo_client() as client, anyio.create_task_group() as group:

        async def ask() -> None:
            tokens.append(await client.get_token(STRIGO_MINT))

        for _ in range(300):
            group.start_soon(ask)
    assert len(tokens) == 300
    assert len({token.token for token in tokens}) == 1
    assert len(slow.issued) == 1


def test_threads_and_loops_of_every_kind_share_one_mint(slow: Sandbox) -> None:
    """Threads, two asyncio loops and trio in one process get one token from one cache."""
    cache = TokenCache()
    tokens: list[strigo.UserToken] = []

    async def many() -> None:
        async with slow.async_strigo_client(token_cache=cache) as client:

            async def ask() -> None:
                tokens.append(await client.get_token(STRIGO_MINT))

            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(ask)

    with slow.strigo_client(token_cache=cache) as client:
        kinds: Iterator[Callable[[], object]] = iter(
            [
                *[lambda: tokens.append(client.get_token(STRIGO_MINT))] * 10,
                lambda: asyncio.run(many()),
                lambda: asyncio.run(many()),
                lambda: trio.run(many),
            ]
        )
        in_threads(13, lambda: next(kinds)())  # noqa: PLW0108 - each calls another
    assert len(tokens) == 70
    assert len({token.token for token in tokens}) == 1
    assert len(slow.issued) == 1


@pytest.mark.anyio
async def test_cancelled_mint_is_handed_over(slow: Sandbox) -> None:
    """If the task that mints is cancelled, a waiting one takes over."""
    tokens: list[strigo.UserToken] = []
    async with slow.async_strigo_client() as client, anyio.create_task_group() as group:
        scope = anyio.CancelScope()

        async def lead() -> None:
            with scope:
                await client.get_token(STRIGO_MINT)

        async def follow() -> None:
            tokens.append(await client.get_token(STRIGO_MINT))

        group.start_soon(lead)
        while not client.token_cache.table.flights:  # noqa: ASYNC110 - nothing tells of it
            await anyio.sleep(0.01)
        for _ in range(50):
            group.start_soon(follow)
        while client.token_cache.statistics().waits < 50:  # noqa: ASYNC110 - as above
            await anyio.sleep(0.01)
        scope.cancel()
    assert len({token.token for token in tokens}) == 1
    assert len(tokens) == 50
    assert client.token_cache.table.flights == {}
    assert client.token_cache.statistics().mints == 1


def test_loop_that_ends_while_it_mints(slow: Sandbox) -> None:
    """If a minting event loop ends, no caller is left waiting, in other threads or later."""
    cache = TokenCache()

    async def doomed() -> None:
        client = slow.async_strigo_client(token_cache=cache)
        task = asyncio.create_task(client.get_token(STRIGO_MINT))
        while not cache.table.flights:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        del task

    asyncio.run(doomed())
    assert cache.table.flights == {}
    with slow.strigo_client(token_cache=cache) as client:
        assert client.get_token(STRIGO_MINT).token


def test_interrupted_thread_hands_over(slow: Sandbox) -> None:
    """A signal's exception in the minting thread is raised at once; another thread mints."""
    tokens: list[strigo.UserToken] = []

    class SoftLimitError(Exception):
        """The exception of Celery's soft time limit."""

    def handler(*_: object) -> None:
        raise SoftLimitError

    with slow.strigo_client() as client:
        client.check_health()
        follower = threading.Thread(target=lambda: tokens.append(client.get_token(STRIGO_MINT)))

        def interrupt() -> None:
            while not client.token_cache.table.flights:
                time.sleep(0.01)
            follower.start()
            while not client.token_cache.statistics().waits:
                time.sleep(0.01)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, handler)
        try:
            threading.Thread(target=interrupt).start()
            with pytest.raises(SoftLimitError):
                client.get_token(STRIGO_MINT)
        finally:
            signal.signal(signal.SIGUSR1, before)
        follower.join(PATIENCE)
    assert len(tokens) == 1


def test_lost_wake_up_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if waiting callers are not woken, they look again after a while."""
    monkeypatch.setattr("tokenkit._reuse.flight.LONGEST_WAIT", 0.05)
    flight = Flight()
    flight.wait(60)
    assert not flight.settled

    async def wait() -> None:
        await flight.wait_async(60)

    asyncio.run(wait())
    trio.run(wait)
    flight.settle()
    flight.wait(60)
    asyncio.run(wait())


def test_flight_of_a_loop_that_has_ended_settles() -> None:
    """A caller that waited in a loop that is now closed is not woken, and blocks no other."""
    flight = Flight()

    async def wait() -> None:
        with anyio.move_on_after(0.05):
            await flight.wait_async(60)

    asyncio.run(wait())
    trio.run(wait)
    flight.settle()
    flight.settle()
    assert flight.settled


FORKING = """
import os, sys, threading, time
from tokenkit import StrigoClient, strigo

CALL = strigo.UserTokenRequest(email="one@example.com")
client = StrigoClient.from_env()
# A child that is forked amid an import of its parent's waits for ever for that, in any program.
client.check_health()
client.get_token(strigo.UserTokenRequest(email="two@example.com"))
if sys.argv[1] == "idle":
    client.get_token(CALL)
else:
    threading.Thread(target=client.get_token, args=(CALL,), daemon=True).start()
    while not client.token_cache.table.flights:
        time.sleep(0.001)
    if sys.argv[1] == "locked":
        client.token_cache.table._lock.acquire()
child = os.fork()
token = None
if child == 0 or sys.argv[1] != "locked":
    token = client.get_token(CALL).token
if child == 0:
    client.invalidate_token(CALL)
    again = client.get_token(CALL).token
    os._exit(0 if again != token else 1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.stdout.write(str(code))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("state", ["idle", "minting", "locked"])
def test_fork(slow: Sandbox, state: str) -> None:
    """A forked child has the tokens, but none of its parent's locks and mints under way."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, state],
        env=unmeasured(**slow.environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0", "")


def test_flight_of_a_parent_process_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that continues in a forked child waits for no thread of its parent."""
    flight = Flight()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    flight.wait(60)
    assert flight.settled
