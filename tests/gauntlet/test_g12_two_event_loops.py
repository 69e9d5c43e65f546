"""G12: one async client works in two successive asyncio.run calls."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest
import trio
from all_clients import HEALTHY
from credentials import async_strigo_client
from network_calls import each_family
from raw_server import RawServer, responding
from tls_servers import tls_server, trusting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from network_calls import Family

Backend: TypeAlias = Literal["asyncio", "trio"]

healthy = responding(lambda _: HEALTHY)
each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])
each_pair = pytest.mark.parametrize(
    "backends",
    [("asyncio", "asyncio"), ("trio", "trio"), ("asyncio", "trio"), ("trio", "asyncio")],
)


def run_in_a_loop(backend: Backend, main: Callable[[], Awaitable[object]]) -> None:
    """Run as a user does: with asyncio.run and trio.run."""

    async def call() -> None:
        await main()

    if backend == "asyncio":
        asyncio.run(call())
    else:
        trio.run(call)


@each_family
@each_pair
def test_an_async_client_serves_several_loops(
    backends: tuple[Backend, ...], family: Family
) -> None:
    """Each loop gets its own connection, closed with the loop, without a ResourceWarning."""
    with RawServer(healthy) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = async_strigo_client(server.url, http_family=family)

        async def twice() -> None:
            await client.check_health()
            await client.check_health()

        for backend in backends:
            run_in_a_loop(backend, twice)
            server.wait_all_closed()
        assert [request.connection for request in server.requests] == [1, 1, 2, 2]
        gc.collect()
        assert caught == []


@each_family
@each_pair
def test_connections_with_tls_end_with_their_loop(
    backends: tuple[Backend, ...], family: Family
) -> None:
    """It is the same with TLS, whose end is a conversation of its own."""
    with tls_server("127.0.0.1") as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = async_strigo_client(server.url, http_family=family, ssl_context=trusting())
        for backend in backends:
            run_in_a_loop(backend, client.check_health)
            server.wait_all_closed()
        assert [request.connection for request in server.requests] == [1, 2]
        gc.collect()
        assert caught == []


@each_family
@each_pair
def test_a_loop_that_fails_takes_nothing_along(
    backends: tuple[Backend, ...], family: Family
) -> None:
    """After an exception ended a loop, the client works in the next one."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url, http_family=family)

        async def fail() -> None:
            await client.check_health()
            raise LookupError

        first, second = backends
        with pytest.raises(LookupError):
            run_in_a_loop(first, fail)
        server.wait_all_closed()
        run_in_a_loop(second, client.check_health)
        server.wait_all_closed()
        assert server.connections == 2


@each_family
@each_pair
def test_two_loops_at_the_same_time(backends: tuple[Backend, ...], family: Family) -> None:
    """Loops in two threads share a client, but no connection."""
    ready = threading.Barrier(2)
    with RawServer(healthy) as server, ThreadPoolExecutor(2) as threads:
        client = async_strigo_client(server.url, http_family=family)

        async def in_turns() -> None:
            for _ in range(10):
                ready.wait(10)  # both loops are in the middle of it
                await client.check_health()
            ready.wait(10)  # a client that one loop closes is closed for the other as well
            await client.aclose()

        running = [threads.submit(run_in_a_loop, backend, in_turns) for backend in backends]
        for loop in running:
            loop.result(20)
        server.wait_all_closed()
        assert (server.connections, len(server.requests)) == (2, 20)


@each_family
@each_backend
def test_a_forgotten_async_client_leaves_no_connection(backend: Backend, family: Family) -> None:
    """A client that goes out of scope within a loop is cleaned up when the loop ends."""
    with RawServer(healthy) as server, warnings.catch_warnings():
        # trio tells of it, as Python tells of a forgotten socket; asyncio does not.
        warnings.simplefilter("ignore", ResourceWarning)

        async def forget() -> None:
            await async_strigo_client(server.url, http_family=family).check_health()
            gc.collect()

        run_in_a_loop(backend, forget)
        server.wait_all_closed()


@each_family
@each_pair
def test_a_client_can_be_closed_in_another_loop(
    backends: tuple[Backend, ...], family: Family
) -> None:
    """aclose() in a loop that made no call closes nothing and doesn't fail."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url, http_family=family)
        first, second = backends
        run_in_a_loop(first, client.check_health)
        run_in_a_loop(second, client.aclose)
        server.wait_all_closed()
