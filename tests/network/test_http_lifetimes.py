"""Connections across event loops and cancellations."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING

import anyio
import pytest
import trio
from network_calls import HEALTHY, MINT, MINTED, NO_RETRIES, async_strigo_client
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
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
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
