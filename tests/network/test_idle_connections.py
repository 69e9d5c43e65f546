"""Idle connections: what is kept, and for how long."""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import HEALTHY, WITHDRAWAL, ZEROHASH_MINT, ZEROHASH_MINTED
from credentials import async_strigo_client, strigo_client
from gates import (
    Gates,
    healthy,
    in_a_thread,
    run_three_async_calls,
    run_three_calls,
)
from network_calls import NO_RETRIES, each_flavour, send_zerohash
from raw_server import RawRequest, RawServer, responding, saying
from tls_servers import server_context, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from network_calls import Flavour
    from raw_server import Peer


class Hours:
    """The monotonic clock, which can be moved forward."""

    def __init__(self) -> None:
        self._real = time.monotonic
        self._ahead = 0.0

    def put_forward(self, seconds: float) -> None:
        self._ahead += seconds

    def monotonic(self) -> float:
        return self._real() + self._ahead


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hours]:
    """Let pooled connections read a clock that can be moved forward.

    Nothing else: an event loop in another thread would set its next timer by it, hours ahead.
    """
    clock = Hours()
    with monkeypatch.context() as patch:
        for core in ("httpcore", "httpcore2"):
            for kind in ("_sync", "_async"):
                if (module := sys.modules.get(f"{core}.{kind}.http11")) is not None:
                    patch.setattr(module, "time", clock)
        patch.setattr("tokenkit._http.connection.time", clock)
        yield clock


def test_idle_connections_are_closed_in_time(hours: Hours) -> None:
    """Connections left from a peak are closed within minutes; the one in use is kept."""
    gates = Gates()
    with RawServer(gates.script) as server, strigo_client(server.url) as client:
        run_three_calls(client, server, gates, 2)
        for _ in range(4):
            hours.put_forward(30)
            client.check_health()
        server.wait_for(lambda: server.ended == 2)
        assert {request.connection for request in server.requests[3:]} == {2}


@pytest.mark.anyio
async def test_idle_async_connections_are_closed_in_time(hours: Hours) -> None:
    """Connections left from a peak are closed within minutes; the one in use is kept."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            await run_three_async_calls(client, server, gates, 2)
            for _ in range(4):
                hours.put_forward(30)
                await client.check_health()
            await in_a_thread(server.wait_for, lambda: server.ended == 2)
        assert {request.connection for request in server.requests[3:]} == {2}


def test_connections_that_idled_for_long_are_not_used(hours: Hours) -> None:
    """After an hour all are replaced, because a load balancer may have dropped them."""
    gates = Gates()
    with RawServer(gates.script, healthy) as server, strigo_client(server.url) as client:
        gates.open_all()
        client.check_health()
        hours.put_forward(3600)
        client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]
        server.wait_for(lambda: server.ended == 1)


@pytest.mark.anyio
async def test_async_connections_that_idled_for_long_are_not_used(hours: Hours) -> None:
    """After an hour all are replaced, because a load balancer may have dropped them."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            await run_three_async_calls(client, server, gates, 1)
            gates.open_all()
            hours.put_forward(3600)
            await client.check_health()
            assert server.requests[-1].connection == 4
            await in_a_thread(server.wait_for, lambda: server.ended == 3)


def close(peer: Peer) -> None:
    del peer


def reset(peer: Peer) -> None:
    peer.reset()


def part(peer: Peer) -> None:
    """Say goodbye as TLS does, and leave the connection below open."""
    sock: Any = peer.sock
    sock.settimeout(0)
    with suppress(ssl.SSLWantReadError):
        sock.unwrap()
    tell_and_wait(peer)


def garble(peer: Peer) -> None:
    """Write past TLS, and leave the connection open."""
    os.write(peer.sock.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
    tell_and_wait(peer)


def tell_and_wait(peer: Peer) -> None:
    """Keep the connection below TLS open; its end would also tell the client."""
    peer.server.note_request(RawRequest(peer.number, b"good-bye", b""))
    peer.server.stopped.wait(10)


@each_flavour
@pytest.mark.parametrize(
    ("end", "how"),
    [(close, "later"), (reset, "later"), (part, "later"), (part, "at once"), (garble, "later")],
)
def test_a_connection_closed_while_idle_is_not_used(
    flavour: Flavour, end: Callable[[Peer], None], how: str
) -> None:
    """Even if the event loop had no chance to notice, a payment is opened at once."""
    was_read = threading.Event()

    def answer_and_end(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        saying(ZEROHASH_MINTED)(peer)
        if how == "later":
            was_read.wait(10)
        end(peer)

    def wait_for_the_end() -> None:
        was_read.set()
        server.wait_for(lambda: server.ended > 0 or len(server.requests) > 1)

    minting = responding(lambda _: ZEROHASH_MINTED)
    with RawServer(answer_and_end, minting, tls=server_context("127.0.0.1")) as server:
        replies = send_zerohash(
            flavour,
            server.url,
            ZEROHASH_MINT,
            WITHDRAWAL,
            between=wait_for_the_end,
            ssl_context=trusting(),
            retry=NO_RETRIES,
        )
        assert [reply.attempts for reply in replies] == [1, 1]
        assert server.connections == 2


@pytest.mark.anyio
async def test_a_connection_that_the_loop_saw_end_is_not_used() -> None:
    """If the event loop has noticed the end, the next call opens another connection."""
    with RawServer(saying(HEALTHY), healthy) as server:
        async with async_strigo_client(server.url, retry=NO_RETRIES) as client:
            await client.check_health()
            await in_a_thread(server.wait_for, lambda: server.ended == 1)
            await client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]


def served_together(peer: Peer, all_here: threading.Barrier) -> None:
    peer.read_request()
    all_here.wait(10)
    peer.send(HEALTHY)


def test_all_connections_that_the_server_has_closed_are_passed_over() -> None:
    """The next call needs no retry, however many of them are idle."""
    once = partial(served_together, all_here=threading.Barrier(3))
    with (
        RawServer(once, once, once, healthy) as server,
        strigo_client(server.url, retry=NO_RETRIES) as client,
    ):
        with ThreadPoolExecutor(3) as threads:
            for call in [threads.submit(client.check_health) for _ in range(3)]:
                call.result()
        server.wait_for(lambda: server.ended == 3)
        for _ in range(2):
            client.check_health()
        assert [request.connection for request in server.requests[3:]] == [4, 4]


@pytest.mark.anyio
async def test_all_async_connections_that_the_server_has_closed_are_passed_over() -> None:
    """The next call needs no retry, however many of them are idle."""
    once = partial(served_together, all_here=threading.Barrier(3))
    with RawServer(once, once, once, healthy) as server:
        async with async_strigo_client(server.url, retry=NO_RETRIES) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(client.check_health)
            await in_a_thread(server.wait_for, lambda: server.ended == 3)
            for _ in range(2):
                await client.check_health()
        assert [request.connection for request in server.requests[3:]] == [4, 4]
