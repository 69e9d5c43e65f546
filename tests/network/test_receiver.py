"""The receiving end of a connection on asyncio while much waits to be sent or read."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from asyncio_streams import CORE
from raw_server import PATIENCE, RawServer

from tokenkit._http.asyncio_stream import Receiver
from tokenkit._http.progress import PROGRESS, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from raw_server import Peer

MUCH = b"x" * 8_000_000

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@asynccontextmanager
async def receiving(script: Callable[[Peer], None]) -> AsyncGenerator[Receiver]:
    """Yield the receiver of a connection on which more is written than is sent at once."""
    previous = PROGRESS.set(Progress(PATIENCE, "https://127.0.0.1"))
    with RawServer(script, receive_buffer=2048) as server:
        transport, receiver = await asyncio.get_running_loop().create_connection(
            lambda: Receiver(CORE), "127.0.0.1", server.port
        )
        try:
            transport.write(MUCH)
            yield receiver
        finally:
            transport.abort()
            await asyncio.sleep(0)
            PROGRESS.reset(previous)


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something is true."""
    with anyio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)


def take_all(peer: Peer) -> None:
    count = 0
    while count < len(MUCH):
        count += len(peer.sock.recv(1_000_000))
    peer.server.stopped.wait(PATIENCE)


@only_asyncio
@pytest.mark.anyio
async def test_a_server_is_held_back_again_and_again() -> None:
    """Each time much has arrived and isn't read, the rest is left in the socket."""

    def flood(peer: Peer) -> None:
        peer.send(MUCH)
        peer.server.stopped.wait(PATIENCE)

    async with receiving(flood) as receiver:
        for _ in range(4):
            assert receiver.transport.is_reading()
            await until(lambda: not receiver.transport.is_reading())
            held = 0
            while receiver.has_something():
                held += len(await receiver.read(65_536, 5.0))
            assert held < 1_000_000


@only_asyncio
@pytest.mark.anyio
async def test_an_early_response_does_not_end_writing() -> None:
    """Incoming data is not mistaken for outgoing data."""
    early, late = threading.Event(), threading.Event()

    def answer_and_take_all(peer: Peer) -> None:
        early.wait(PATIENCE)
        peer.send(b"early")
        late.wait(PATIENCE)
        take_all(peer)

    async with receiving(answer_and_take_all) as receiver:
        writing = asyncio.create_task(receiver.write(b"", 5.0))
        await asyncio.sleep(0)
        early.set()
        await until(receiver.has_something)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not writing.done()
        late.set()
        await writing


@only_asyncio
@pytest.mark.anyio
async def test_writing_ends_when_all_has_left() -> None:
    """A server that takes everything and says nothing doesn't block a writer."""
    async with receiving(take_all) as receiver:
        await receiver.write(b"", 5.0)
        assert not receiver.has_something()


@only_asyncio
@pytest.mark.anyio
async def test_writing_ends_when_the_connection_is_lost() -> None:
    """A waiting writer learns of a reset from the next read, and not from a timeout."""
    go = threading.Event()

    def reset(peer: Peer) -> None:
        go.wait(PATIENCE)
        peer.reset()

    async with receiving(reset) as receiver:
        writing = asyncio.create_task(receiver.write(b"", 5.0))
        await asyncio.sleep(0)
        assert not writing.done()
        go.set()
        await writing
        with pytest.raises(CORE.ReadError, match="reset"):
            await receiver.read(100, 5.0)


@only_asyncio
@pytest.mark.anyio
async def test_an_end_is_seen_before_all_has_left() -> None:
    """A server that responds, ends and takes no more is read to its end at once."""
    go = threading.Event()

    def answer_and_end(peer: Peer) -> None:
        peer.send(b"answer")
        go.wait(PATIENCE)
        peer.sock.shutdown(socket.SHUT_WR)
        peer.server.stopped.wait(PATIENCE)

    async with receiving(answer_and_end) as receiver:
        assert await receiver.read(100, 5.0) == b"answer"
        reading = asyncio.create_task(receiver.read(100, 5.0))
        await asyncio.sleep(0)
        assert not reading.done()
        go.set()
        assert await reading == b""
