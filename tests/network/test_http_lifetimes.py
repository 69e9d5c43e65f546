"""Connections across event loops, forks and cancellations."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import pytest
import trio
from network_calls import HEALTHY, MINT, MINTED, NO_RETRIES, async_strigo_client, strigo_client
from raw_server import RawServer, answering, black_hole

from tokenkit import TransportError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from raw_server import Peer

    from tokenkit import AsyncStrigoClient

healthy = answering(lambda _: HEALTHY)


def run_in_a_loop(backend: str, main: Callable[[], Awaitable[None]]) -> None:
    """Run like a user does: asyncio.run and trio.run."""

    async def call() -> None:
        await main()

    if backend == "asyncio":
        asyncio.run(call())
    else:
        trio.run(call)


@pytest.mark.parametrize("backends", [("asyncio",) * 2, ("trio",) * 2, ("asyncio", "trio")])
def test_an_async_client_serves_several_loops(backends: tuple[str, ...]) -> None:
    """Each loop gets its own connection, closed with the loop, without a ResourceWarning."""
    with RawServer(healthy) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = async_strigo_client(server.url)

        async def twice() -> None:
            await client.check_health()
            await client.check_health()

        for backend in backends:
            run_in_a_loop(backend, twice)
            server.wait_all_closed()
        assert server.connections == 2
        gc.collect()
        assert caught == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_forgotten_async_client_leaves_no_connection(backend: str) -> None:
    """A client that goes out of scope within a loop is cleaned up by the loop's end."""
    with RawServer(healthy) as server, warnings.catch_warnings():
        # trio tells of it, as Python tells of a forgotten socket; asyncio does not.
        warnings.simplefilter("ignore", ResourceWarning)

        async def forget() -> None:
            await async_strigo_client(server.url).check_health()
            gc.collect()

        run_in_a_loop(backend, forget)
        server.wait_all_closed()


def test_a_client_can_be_closed_in_another_loop() -> None:
    """aclose() in a loop that never called closes nothing and fails in nothing."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url)

        async def call() -> None:
            await client.check_health()

        run_in_a_loop("asyncio", call)
        run_in_a_loop("trio", client.aclose)
        server.wait_all_closed()


FORK = """
import os, sys
from tokenkit import StrigoClient

client = StrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])
client.check_health()
for _ in range(2):
    child = os.fork()
    if child == 0:
        client.check_health()
        client.check_health()
        client.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
client.check_health()
client.close()
"""

CLOSE_IN_THE_CHILD = """
import os, sys
from tokenkit import StrigoClient

client = StrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])
client.check_health()
child = os.fork()
if child == 0:
    client.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.check_health()
client.close()
"""

# asyncio refuses to run on in a child that was forked in a running loop; trio does not.
ASYNC_FORK = """
import os, sys, trio
from tokenkit import AsyncStrigoClient

client = AsyncStrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        await client.check_health()
        await client.check_health()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    await client.check_health()
    await client.aclose()

trio.run(main)
"""

ASYNC_CLOSE_IN_THE_CHILD = """
import os, sys, trio
from tokenkit import AsyncStrigoClient

client = AsyncStrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        await client.aclose()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    await client.check_health()
    await client.aclose()

trio.run(main)
"""

# A web server forks its workers before they start their loops.
FORK_BETWEEN_LOOPS = """
import asyncio, os, sys
from tokenkit import AsyncStrigoClient

client = AsyncStrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])

async def main():
    await client.check_health()

asyncio.run(main())
child = os.fork()
if child == 0:
    asyncio.run(main())
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
@pytest.mark.parametrize(
    ("program", "connections"),
    [
        (FORK, [1, 2, 2, 3, 3, 1]),
        (CLOSE_IN_THE_CHILD, [1, 1]),
        (ASYNC_FORK, [1, 2, 2, 1]),
        (ASYNC_CLOSE_IN_THE_CHILD, [1, 1]),
        (FORK_BETWEEN_LOOPS, [1, 2, 3]),
    ],
)
def test_a_forked_child_opens_its_own_connections(program: str, connections: list[int]) -> None:
    """A child never uses its parent's connection, and the parent's works on afterwards."""
    with RawServer(healthy) as server:
        command = [sys.executable, "-W", "error", "-c", program, server.url]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (result.returncode, result.stderr) == (0, "")
        assert [request.connection for request in server.requests] == connections
        server.wait_all_closed()


def test_another_process_is_told_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of another process are closed unused, also when its lock was held."""
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        client.check_health()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        start = threading.Barrier(4)

        def call(_: int) -> str:
            start.wait()
            return client.check_health().status

        with ThreadPoolExecutor(4) as threads:
            assert [*threads.map(call, range(4))] == ["ok"] * 4
        assert 1 not in {request.connection for request in server.requests[1:]}
        client.close()
        server.wait_all_closed()


@pytest.mark.anyio
async def test_another_process_is_told_by_its_id_async(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of another process are neither used nor closed."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url)
        await client.check_health()
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            await client.aclose()
            assert server.ended == 0
            sibling = async_strigo_client(server.url)
            await sibling.check_health()
        await sibling.check_health()
        assert [request.connection for request in server.requests] == [1, 2, 3]
        await sibling.aclose()
        await client.aclose()
        server.wait_for(lambda: server.ended == 2)


def answer_half(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    peer.wait_gone()


def answer_with_half_a_chunk(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n")
    peer.wait_gone()


@pytest.mark.anyio
@pytest.mark.parametrize("script", [black_hole, answer_half, answer_with_half_a_chunk])
async def test_a_cancelled_call_leaves_the_client_usable(script: Callable[[Peer], None]) -> None:
    """A cancelled call gives its connection up, and the next call works."""
    with RawServer(script, answering(lambda _: MINTED)) as server:
        async with async_strigo_client(server.url) as client:
            with anyio.move_on_after(0.1) as scope:
                await client.send(MINT)
            assert scope.cancelled_caught
            server.wait_all_closed()
            await client.send(MINT)
            assert server.connections == 2
        server.wait_all_closed()
        gc.collect()


@pytest.mark.parametrize("script", [black_hole, answer_half])
def test_a_cancelled_asyncio_task_leaves_the_client_usable(
    script: Callable[[Peer], None],
) -> None:
    """Asyncio's own cancellation gives the connection up, and reaches the caller."""

    async def main(client: AsyncStrigoClient) -> None:
        task = asyncio.create_task(client.send(MINT))
        await asyncio.to_thread(server.wait_for, lambda: bool(server.requests))
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        server.wait_all_closed()
        await client.send(MINT)
        await client.aclose()

    with RawServer(script, answering(lambda _: MINTED)) as server:
        asyncio.run(main(async_strigo_client(server.url)))


@pytest.mark.anyio
async def test_many_cancellations_leave_every_slot_free() -> None:
    """More cancelled calls than the pool has slots don't use it up."""
    with RawServer(black_hole) as server:
        async with async_strigo_client(server.url, retry=NO_RETRIES) as client:

            async def call() -> None:
                with anyio.move_on_after(0.3):
                    await client.send(MINT)

            for _ in range(2):
                async with anyio.create_task_group() as tasks:
                    for _ in range(60):
                        tasks.start_soon(call)
            server.wait_all_closed()
            with pytest.raises(TransportError):
                await client.send(MINT, deadline=0.1)
            assert server.connections == 121
