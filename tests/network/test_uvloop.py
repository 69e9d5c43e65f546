"""Connections on uvloop."""

from __future__ import annotations

import asyncio
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED
from asyncio_streams import (
    BIG,
    CORE,
    SMALL_BUFFER,
    connected,
    each_layer,
    in_a_thread,
    read_nothing,
    receiver_of,
    serve,
    until,
)
from credentials import async_strigo_client
from lost_connections import close_at_once
from network_calls import NO_RETRIES, at_most
from raw_server import RawServer, black_hole, responding
from tls_servers import server_context, trusting

from tokenkit import (
    ConnectError,
    DeadlineExceeded,
    RequestTimeoutError,
    Timeouts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from raw_server import Peer

needs_uvloop = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")


def run_on_uvloop(main: Callable[[], Any]) -> None:
    anyio.run(main, backend="asyncio", backend_options={"use_uvloop": True})


needs_uvloop = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")


@needs_uvloop
@each_layer
def test_calls_on_uvloop(*, tls: bool) -> None:
    """Large and small calls, one after the other and many at once, share connections."""

    async def main() -> None:
        async with async_strigo_client(server.url, ssl_context=trusting()) as client:
            await client.send(BIG)
            await client.send(STRIGO_MINT)
            assert server.connections == 1
            async with anyio.create_task_group() as tasks:
                for _ in range(30):
                    tasks.start_soon(client.send, STRIGO_MINT)
            assert server.connections <= 30

    with serve(responding(lambda _: STRIGO_MINTED), tls=tls) as server:
        run_on_uvloop(main)
        assert len(server.requests) == 32
        server.wait_all_closed()


@needs_uvloop
@each_layer
def test_ends_on_uvloop(*, tls: bool) -> None:
    """A connection closed while idle is replaced; silent and cancelled ones are freed."""

    def answer_once(peer: Peer) -> None:
        peer.read_request()
        peer.send(STRIGO_MINTED)

    async def main() -> None:
        async with async_strigo_client(
            server.url, ssl_context=trusting(), retry=NO_RETRIES
        ) as client:
            await client.send(STRIGO_MINT)
            await in_a_thread(server.wait_for, lambda: server.ended == 1)
            await client.send(STRIGO_MINT)
            await in_a_thread(server.wait_for, lambda: server.ended == 2)
            with pytest.raises(DeadlineExceeded), at_most(1):
                await client.send(STRIGO_MINT, deadline=1)
            await in_a_thread(server.wait_for, lambda: server.ended == 3)
            with anyio.move_on_after(1) as scope:
                await client.send(STRIGO_MINT)
            assert scope.cancelled_caught
            await in_a_thread(server.wait_all_closed)
            assert server.connections == 4

    context = server_context("127.0.0.1") if tls else None
    with RawServer(answer_once, answer_once, black_hole, tls=context) as server:
        run_on_uvloop(main)


@needs_uvloop
@each_layer
def test_flow_control_on_uvloop(*, tls: bool) -> None:
    """Unread data stays with the server, and arrives in the end."""
    piece = b"x" * 1_000_000

    def flood(peer: Peer) -> None:
        for _ in range(20):
            peer.send(piece)
        peer.wait_gone()

    async def read_all() -> None:
        async with connected(server, tls=tls) as (stream, _):
            receiver = receiver_of(stream)
            await until(lambda: not receiver._reading)
            await asyncio.sleep(0.05)
            assert len(receiver._received) < 1_000_000
            size = 0
            while size < 20 * len(piece):
                size += len(await stream.read(65_536))
            assert size == 20 * len(piece)
            assert not stream.get_extra_info("is_readable")
            await stream.aclose()
            assert stream.get_extra_info("is_readable")

    with serve(flood, tls=tls) as server:
        run_on_uvloop(read_all)


@needs_uvloop
def test_a_request_that_is_not_taken_in_time_is_a_timeout_on_uvloop() -> None:
    """If a server stops reading, the write timeout ends the exchange."""

    async def write_in_vain() -> None:
        async with connected(server, options=[SMALL_BUFFER]) as (stream, _):
            await stream.write(b"x" * 900_000, 0.1)
            with pytest.raises(CORE.WriteTimeout), at_most(0.1):
                await stream.read(100)

    with RawServer(read_nothing, receive_buffer=2048) as server:
        run_on_uvloop(write_in_vain)


@needs_uvloop
def test_failures_to_connect_on_uvloop() -> None:
    """Refused, ended before TLS, or hanging in TLS: nothing was sent, and all is closed."""

    async def main() -> None:
        for url, timeout, error in (
            (nobody, Timeouts(), ConnectError),
            (ending.url.replace("http:", "https:"), Timeouts(), ConnectError),
            (silent.url.replace("http:", "https:"), Timeouts(connect=0.1), RequestTimeoutError),
        ):
            async with async_strigo_client(url, timeout=timeout, retry=NO_RETRIES) as client:
                with pytest.raises(error), at_most(2):
                    await client.send(STRIGO_MINT)

    with (
        socket.socket() as bound,
        RawServer(close_at_once) as ending,
        RawServer(lambda peer: peer.wait_gone()) as silent,
    ):
        bound.bind(("127.0.0.1", 0))  # as long as it is, no other server gets the port
        nobody = f"http://127.0.0.1:{bound.getsockname()[1]}"
        run_on_uvloop(main)
        silent.wait_all_closed()
