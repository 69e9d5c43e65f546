"""G16: cancellation at every await: the connection is freed and the next call works."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from contextlib import contextmanager, suppress
from importlib import import_module
from types import coroutine
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import anyio
import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED
from credentials import async_strigo_client
from network_calls import FAST_RETRIES, NO_RETRIES, each_family, nothing
from raw_server import RawServer, black_hole, http, responding
from tls_servers import server_context, trusting

from tokenkit import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from network_calls import Family
    from raw_server import Peer

    from tokenkit import AsyncStrigoClient

T = TypeVar("T")

in_a_thread = anyio.to_thread.run_sync

# How a call is cancelled: by asyncio's own means, by anyio's on asyncio, by trio's.
Way: TypeAlias = Literal["task", "asyncio", "trio"]

each_way = pytest.mark.parametrize("way", ["task", "asyncio", "trio"])

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)

END = b"0\r\n\r\n"


class CancelledHereError(Exception):
    """The call was cancelled, and its task goes on."""


@contextmanager
def cancellable(way: Way) -> Generator[Callable[[], None]]:
    """Yield what cancels the block; raise CancelledHereError if that ended it."""
    if way == "task":
        task = asyncio.current_task()
        assert task is not None

        def cancel() -> None:
            task.cancel()

        try:
            yield cancel
        except asyncio.CancelledError:
            # Python 3.11 counts cancellations.
            getattr(task, "uncancel", nothing)()
            raise CancelledHereError from None
        return
    with anyio.CancelScope() as scope:
        yield scope.cancel
    if scope.cancelled_caught:
        raise CancelledHereError


@coroutine
def stepping(
    steps: Coroutine[Any, Any, T], at_step: Callable[[int], None]
) -> Generator[Any, Any, T]:
    """Run a coroutine; report each point at which it gives control to the event loop."""
    number = 0
    result: Any = None
    thrown: BaseException | None = None
    while True:
        try:
            waiting = steps.send(result) if thrown is None else steps.throw(thrown)
        except StopIteration as stop:
            value: T = stop.value
            return value
        number += 1
        at_step(number)
        try:
            result, thrown = (yield waiting), None
        except BaseException as error:  # noqa: BLE001 - the coroutine gets all of them
            thrown = error


async def cancel_at(way: Way, step: int, steps: Coroutine[Any, Any, object]) -> bool:
    """Run a coroutine, cancel it at one of its awaits; return whether it had that many."""
    reached = False

    def at_step(number: int) -> None:
        nonlocal reached
        if number == step:
            reached = True
            cancel()

    # At its very end, a call or a close completes all the same.
    with suppress(CancelledHereError), cancellable(way) as cancel:
        await stepping(steps, at_step)
    return reached


def run(way: Way, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    anyio.run(main, backend="trio" if way == "trio" else "asyncio")


def in_pieces(peer: Peer) -> None:
    """Refuse every other request, mint for the rest; each response comes in several pieces."""
    body = STRIGO_MINTED.partition(b"\r\n\r\n")[2]
    middle = len(body) // 2
    halves = [b"%x\r\n%s\r\n" % (len(half), half) for half in (body[:middle], body[middle:])]
    refusal, answer = [http(503)[:9], http(503)[9:]], [CHUNKED[:9], CHUNKED[9:], *halves, END]
    peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while peer.read_request():
        for piece in refusal:
            peer.send(piece)
            peer.server.stopped.wait(0.001)
        if peer.read_request():
            for piece in answer:
                peer.send(piece)
                peer.server.stopped.wait(0.001)


def tls_server_in_pieces() -> RawServer:
    return RawServer(in_pieces, tls=server_context("127.0.0.1"))


async def check_next_call(client: AsyncStrigoClient, server: RawServer) -> None:
    """Check that the client works, and that the cancelled call holds no second connection."""
    assert (await client.send(STRIGO_MINT)).token in STRIGO_MINTED.decode()
    await in_a_thread(server.wait_for, lambda: server.connections - server.ended == 1)


@each_family
@each_way
@pytest.mark.parametrize("earlier_calls", [0, 1])
def test_a_call_is_cancelled_at_every_await_point(
    way: Way, family: Family, earlier_calls: int
) -> None:
    """On a new and on an idle connection: TLS, a retry's wait, each chunk; then undisturbed."""
    context = trusting()

    async def main() -> None:
        step, reached = 0, True
        while reached:
            step += 1
            async with async_strigo_client(
                server.url, http_family=family, ssl_context=context, retry=FAST_RETRIES
            ) as client:
                for _ in range(earlier_calls):
                    await client.send(STRIGO_MINT)
                reached = await cancel_at(way, step, client.send(STRIGO_MINT))
                await check_next_call(client, server)
            await in_a_thread(server.wait_all_closed)
        # It waits for each of two responses, and between them. On a busy machine the pieces of a
        # response may arrive together.
        assert step > 3

    with tls_server_in_pieces() as server:
        run(way, main)
        server.wait_all_closed()
        gc.collect()


@each_family
@each_way
def test_closing_is_cancelled_at_every_await_point(way: Way, family: Family) -> None:
    """A client whose aclose() is cancelled leaves no connection after its event loop."""
    context = trusting()
    step, reached = 0, True

    async def main() -> None:
        nonlocal reached
        client = async_strigo_client(server.url, http_family=family, ssl_context=context)
        await client.send(STRIGO_MINT)
        reached = await cancel_at(way, step, client.aclose())

    with tls_server_in_pieces() as server:
        while reached:
            step += 1
            run(way, main)
            server.wait_all_closed()
            gc.collect()
        assert step > 1


def answer_half(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    peer.wait_gone()


def answer_with_half_a_chunk(peer: Peer) -> None:
    peer.read_request()
    peer.send(CHUNKED + b"1\r\n{\r\n1\r\n")
    peer.wait_gone()


@each_family
@each_way
@pytest.mark.parametrize("script", [black_hole, answer_half, answer_with_half_a_chunk])
def test_a_cancelled_wait_leaves_the_client_usable(
    way: Way, family: Family, script: Callable[[Peer], None]
) -> None:
    """If a call that waits for a server is cancelled from outside, its connection is closed."""

    async def main() -> None:
        async with async_strigo_client(server.url, http_family=family) as client:
            with pytest.raises(CancelledHereError):
                await call_and_cancel(client)
            await in_a_thread(server.wait_all_closed)
            await check_next_call(client, server)
            assert server.connections == 2

    async def call_and_cancel(client: AsyncStrigoClient) -> None:
        with cancellable(way) as cancel:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(cancel_later, cancel)
                await client.send(STRIGO_MINT)

    async def cancel_later(cancel: Callable[[], None]) -> None:
        await in_a_thread(server.wait_for, lambda: bool(server.requests))
        cancel()

    with RawServer(script, responding(lambda _: STRIGO_MINTED)) as server:
        run(way, main)
        server.wait_all_closed()
        gc.collect()


def wait_for_requests(server: RawServer, count: int) -> None:
    server.wait_for(lambda: len(server.requests) == count)


@each_family
@pytest.mark.anyio
async def test_many_cancellations_leave_every_slot_free(family: Family) -> None:
    """More cancelled calls than the pool has slots do not use up the pool."""
    with RawServer(black_hole) as server:
        async with async_strigo_client(server.url, http_family=family, retry=NO_RETRIES) as client:
            for _ in range(2):
                before = len(server.requests)
                async with anyio.create_task_group() as tasks:
                    for _ in range(60):
                        tasks.start_soon(client.send, STRIGO_MINT)
                    await in_a_thread(wait_for_requests, server, before + 60)
                    tasks.cancel_scope.cancel()
            await in_a_thread(server.wait_all_closed)
            with pytest.raises(TransportError):
                await client.send(STRIGO_MINT, deadline=0.1)
            assert server.connections == 121


@each_family
@pytest.mark.parametrize("kind", ["own", "caller's"])
def test_a_cancellation_before_the_deadline_gets_out(family: Family, kind: str) -> None:
    """Even if the event loop was busy, and hears of both in the same round."""
    client_class: Any = import_module(family).AsyncClient

    async def call() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        options: Any = {"http_client": shared} if kind == "caller's" else {"http_family": family}
        async with async_strigo_client(server.url, retry=NO_RETRIES, **options) as client:
            loop.call_later(0.19, time.sleep, 0.05)
            loop.call_later(0.192, task.cancel)
            await client.send(STRIGO_MINT, deadline=0.2)

    async def main() -> None:
        task = asyncio.ensure_future(call())
        await asyncio.wait([task])
        await shared.aclose()
        assert task.cancelled()

    with RawServer(black_hole) as server:
        shared = client_class()
        asyncio.run(main())
