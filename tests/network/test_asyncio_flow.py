"""Streams on asyncio: flow control, ends and timeouts."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINTED
from asyncio_streams import (
    BIG,
    CORE,
    SMALL_BUFFER,
    connected,
    each_layer,
    in_a_thread,
    only_asyncio,
    read_nothing,
    read_to_the_end,
    receiver_of,
    route,
    serve,
    until,
)
from lost_connections import close_at_once
from network_calls import NO_RETRIES, at_most, each_flavour, send_strigo
from raw_server import PATIENCE, RawServer
from tls_servers import server_context, trusting

from tokenkit._http.network import DeadlineBackend
from tokenkit._http.progress import PROGRESS, Progress

if TYPE_CHECKING:
    from network_calls import Flavour
    from raw_server import Peer


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_a_server_faster_than_its_reader_is_held_back(*, tls: bool) -> None:
    """Unread data stays with the server, except for some in memory; in the end all arrives."""
    piece, pieces = bytes(range(256)) * 4096, 24
    taken: list[int] = []

    def flood(peer: Peer) -> None:
        for _ in range(pieces):
            peer.send(piece)
            taken.append(len(piece))

    with serve(flood, tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            receiver = receiver_of(stream)
            await until(lambda: not receiver._reading)
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert len(receiver._received) < 1_000_000
            assert len(taken) < pieces
            digest, size = hashlib.sha256(), 0
            while data := await stream.read(65_536):
                digest.update(data)
                size += len(data)
                assert len(receiver._received) < 1_000_000
            assert size == len(piece) * pieces
            assert digest.digest() == hashlib.sha256(piece * pieces).digest()


@only_asyncio
@pytest.mark.anyio
async def test_a_request_that_is_not_taken_in_time_is_a_timeout() -> None:
    """If a server stops reading, the write timeout ends the exchange."""
    with RawServer(read_nothing, receive_buffer=2048) as server:
        async with connected(server, options=[SMALL_BUFFER]) as (stream, progress):
            await stream.write(b"x" * 900_000, 0.1)
            with pytest.raises(CORE.WriteTimeout), at_most(0.1):
                await stream.read(100)
            assert progress.sent


def test_a_sync_request_that_is_not_taken_in_time_is_a_timeout() -> None:
    """If a server stops reading, the write timeout ends the exchange."""
    progress = Progress(PATIENCE, "https://127.0.0.1")
    previous = PROGRESS.set(progress)
    with RawServer(read_nothing, receive_buffer=2048) as server:
        stream = DeadlineBackend(route()).connect_tcp("127.0.0.1", server.port)
        stream.get_extra_info("socket").setsockopt(*SMALL_BUFFER)
        stream.write(b"x" * 900_000, 0.1)
        with pytest.raises(CORE.WriteTimeout), at_most(0.1):
            stream.read(100)
        stream.close()
    PROGRESS.reset(previous)
    assert progress.sent


@each_flavour
@each_layer
def test_a_request_that_is_taken_slowly_arrives(flavour: Flavour, *, tls: bool) -> None:
    """A large body that the server takes piece by piece is sent completely."""

    def read_slowly(peer: Peer) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += peer.sock.recv(1000)
        length = int(received.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        count = len(received.partition(b"\r\n\r\n")[2])
        while count < length:
            count += len(peer.sock.recv(50_000))
            peer.server.stopped.wait(0.001)
        peer.send(STRIGO_MINTED)

    context = server_context("127.0.0.1") if tls else None
    with RawServer(read_slowly, tls=context, receive_buffer=8192) as server:
        (reply,) = send_strigo(flavour, server.url, BIG, ssl_context=trusting(), retry=NO_RETRIES)
    assert reply.attempts == 1


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_what_came_before_the_end_can_be_read(*, tls: bool) -> None:
    """An ended connection returns what it still holds, and then its end, each time."""
    with serve(lambda peer: peer.send(b"0123456789"), tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            await until(lambda: receiver_of(stream)._ended)
            assert stream.get_extra_info("is_readable")
            pieces = [await stream.read(4) for _ in range(5)]
            assert pieces == [b"0123", b"4567", b"89", b"", b""]
            assert stream.get_extra_info("is_readable")


@only_asyncio
@pytest.mark.anyio
async def test_what_came_before_a_reset_can_be_read() -> None:
    """A reset connection returns what it holds, and then reports the reset."""
    was_read = threading.Event()

    def send_and_reset(peer: Peer) -> None:
        peer.send(b"0123456789")
        was_read.wait(10)
        peer.reset()

    with RawServer(send_and_reset) as server:
        async with connected(server) as (stream, _):
            assert await stream.read(4) == b"0123"
            was_read.set()
            await until(lambda: receiver_of(stream)._ended)
            assert await stream.read(100) == b"456789"
            for _ in range(2):
                with pytest.raises(CORE.ReadError, match="reset"):
                    await stream.read(100)


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_a_connection_lost_while_its_reader_pauses_is_told(*, tls: bool) -> None:
    """Data that was held back is read, and then the loss is reported, however it was noticed."""
    go = threading.Event()

    def flood_and_reset(peer: Peer) -> None:
        peer.sock.settimeout(0.2)
        with suppress(OSError):
            peer.send(b"x" * 20_000_000)
        go.wait(10)
        peer.reset()

    with serve(flood_and_reset, tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            await until(lambda: not receiver_of(stream)._reading)
            go.set()
            await in_a_thread(server.wait_for, lambda: server.ended == 1)
            await stream.write(b"more", 1.0)
            with pytest.raises(CORE.ReadError):
                await read_to_the_end(stream)


@only_asyncio
@pytest.mark.anyio
async def test_a_write_that_leaves_while_a_read_waits_is_not_the_end() -> None:
    """When the system can send again, a waiting reader isn't woken without data."""
    go = threading.Event()

    def answer_later(peer: Peer) -> None:
        go.wait(10)
        peer.send(b"answer")

    with RawServer(answer_later) as server:
        async with connected(server) as (stream, _):
            reading = asyncio.create_task(stream.read(100))
            await asyncio.sleep(0)
            receiver = receiver_of(stream)
            receiver.pause_writing()
            receiver.resume_writing()
            for _ in range(5):
                await asyncio.sleep(0)
            assert not reading.done()
            go.set()
            assert await reading == b"answer"


@only_asyncio
@pytest.mark.anyio
async def test_a_timeout_in_the_moment_of_a_response_is_none() -> None:
    """If both happen in one round of the event loop, the response counts."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        async with connected(server) as (stream, _):
            reading = asyncio.create_task(stream.read(100))
            await asyncio.sleep(0)
            receiver = receiver_of(stream)
            receiver.data_received(b"some")
            receiver.data_received(b"thing")
            receiver._wake(CORE.ReadTimeout)
            assert await reading == b"something"


@only_asyncio
@pytest.mark.anyio
async def test_a_write_to_a_connection_that_ended_was_not_sent() -> None:
    """If the event loop saw the end first, nothing is sent, and that is known."""
    with RawServer(close_at_once) as server:
        async with connected(server) as (stream, progress):
            await until(lambda: receiver_of(stream)._ended)
            await stream.write(b"GET / HTTP/1.1\r\n\r\n", 1.0)
            assert await stream.read(100) == b""
            assert progress.sent is False


@only_asyncio
@pytest.mark.anyio
async def test_a_read_after_the_deadline_is_a_timeout() -> None:
    """This also holds if there is something to read: a server must not drip forever."""
    with RawServer(lambda peer: peer.send(b"something")) as server:
        async with connected(server, left=0.2) as (stream, progress):
            await until(lambda: receiver_of(stream).has_something())
            progress.until = time.monotonic()
            with pytest.raises(CORE.ReadTimeout, match="deadline"):
                await stream.read(100)


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_what_httpcore_asks_of_a_connection(*, tls: bool) -> None:
    """A stream knows its TLS object and whether it is readable, and nothing else."""
    with serve(lambda peer: peer.wait_gone(), tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            assert (stream.get_extra_info("ssl_object") is not None) is tls
            assert stream.get_extra_info("anything else") is None
            # A server with TLS may still send tickets.
            await until(lambda: not stream.get_extra_info("is_readable"))
            await stream.aclose()
            assert stream.get_extra_info("is_readable")
            await stream.aclose()
        await in_a_thread(server.wait_all_closed)


@each_layer
@only_asyncio
@pytest.mark.anyio
async def test_a_reset_is_seen_at_every_moment(*, tls: bool) -> None:
    """In each round of the event loop in which a reset arrives, the connection can be queried."""
    go = threading.Event()

    def reset_later(peer: Peer) -> None:
        go.wait(10)
        peer.reset()

    with serve(reset_later, tls=tls) as server:
        async with connected(server, tls=tls) as (stream, _):
            await until(lambda: not stream.get_extra_info("is_readable"))
            go.set()
            server.wait_for(lambda: server.ended == 1)
            for _ in range(10):
                assert stream.get_extra_info("is_readable")
                await asyncio.sleep(0)
