"""G30: a client keeps nothing of event loops that have ended."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
import time
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import trio
from all_clients import HEALTH, HEALTHY
from credentials import async_strigo_client
from network_calls import NO_RETRIES
from raw_server import Peer, RawServer, responding
from tls_servers import trusting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenkit import AsyncStrigoClient

MANY = 100
ALL_CONNECTIONS = 100


def by_run(call: Callable[[], Any], loops: list[weakref.ref[object]]) -> None:
    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await call()

    asyncio.run(main())


def by_hand(call: Callable[[], Any], loops: list[weakref.ref[object]]) -> None:
    loop = asyncio.new_event_loop()
    loops.append(weakref.ref(loop))
    loop.run_until_complete(call())
    loop.close()


def by_trio(call: Callable[[], Any], loops: list[weakref.ref[object]]) -> None:
    async def main() -> None:
        loops.append(weakref.ref(trio.lowlevel.current_trio_token()))
        await call()

    trio.run(main)


def kept(loops: list[weakref.ref[object]]) -> list[object]:
    """Return the loops that the garbage collector leaves.

    While it is at work in another thread, as in the server's, ``gc.collect()`` does nothing.
    """
    for _ in range(100):
        gc.collect()
        if not any(one() is not None for one in loops):
            break
        time.sleep(0.05)
    return [one for one in loops if one() is not None]


@pytest.mark.parametrize("end", [by_run, by_hand, by_trio])
def test_nothing_of_an_ended_loop_is_kept(end: Callable[..., None]) -> None:
    """A hundred loops on one client leave no loop and no socket behind, however they end."""
    loops: list[weakref.ref[object]] = []
    with RawServer(responding(lambda _: HEALTHY)) as server:
        client: AsyncStrigoClient = async_strigo_client(server.url)

        async def call() -> None:
            await client.send(HEALTH)

        with warnings.catch_warnings():
            # asyncio warns of every transport that a loop closed by hand leaves open.
            warnings.simplefilter("ignore", ResourceWarning)
            for _ in range(MANY):
                end(call, loops)
            assert len(loops) == MANY
            assert kept(loops) == []
        assert server.connections == MANY
        server.wait_all_closed()


def test_a_forgotten_client_lets_go_of_its_loops_connections() -> None:
    """If an async client is never closed, the running loop closes its connections."""

    async def main(url: str, server: RawServer) -> None:
        client = async_strigo_client(url)
        await client.send(HEALTH)
        del client
        gc.collect()
        while server.ended < server.connections:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)

    with RawServer(responding(lambda _: HEALTHY)) as server:
        asyncio.run(asyncio.wait_for(main(server.url, server), 10))


# Up to Python 3.10, asyncio has no time limit for a block, and anyio's keeps a task.
since_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout() is missing")


def close_in_flight(
    client: AsyncStrigoClient,
    is_under_way: Callable[[], bool],
    *,
    calls: int = 1,
    afterwards: Callable[[], object] = lambda: None,
) -> None:
    """Close a loop by hand while calls are under way; check that it is let go."""
    loops: list[weakref.ref[object]] = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        tasks = [asyncio.ensure_future(client.send(HEALTH)) for _ in range(calls)]
        while not is_under_way():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
        for _ in range(20):  # whatever can go on without waiting
            await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)

    with warnings.catch_warnings():
        # asyncio warns of every transport that a loop closed by hand leaves open.
        warnings.simplefilter("ignore", ResourceWarning)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
        del loop
        afterwards()
        assert loops
        assert kept(loops) == []


@since_311
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("calls", [1, ALL_CONNECTIONS + 1])
def test_a_loop_closed_by_hand_amid_a_call_is_let_go(scheme: str, calls: int) -> None:
    """Calls that wait for TLS, for a response or for one of all connections keep nothing."""
    heard: list[bytes] = []

    def listen(peer: Peer) -> None:
        heard.append(peer.sock.recv(1))
        peer.wait_gone()

    with RawServer(listen) as server:
        client = async_strigo_client(
            f"{scheme}://127.0.0.1:{server.port}", retry=NO_RETRIES, ssl_context=trusting()
        )
        expected = min(calls, ALL_CONNECTIONS)
        close_in_flight(client, lambda: len(heard) == expected, calls=calls)
        server.wait_all_closed()


@since_311
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_closed_by_hand_amid_connecting_is_let_go() -> None:
    """A call whose connection no one accepts keeps no loop."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        host, port = full.getsockname()
        client = async_strigo_client(f"http://{host}:{port}", retry=NO_RETRIES)
        close_in_flight(client, lambda: True)


@since_311
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_closed_by_hand_amid_a_lookup_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose host is looked up keeps no loop once the lookup is over."""
    asked, answer = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def look_up(*_: Any, **__: Any) -> Any:
        threads.append(threading.current_thread())
        asked.set()
        answer.wait()
        raise OSError

    def finish() -> None:
        answer.set()
        threads[0].join()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    client = async_strigo_client("http://localhost:1", retry=NO_RETRIES)
    close_in_flight(client, asked.is_set, afterwards=finish)
