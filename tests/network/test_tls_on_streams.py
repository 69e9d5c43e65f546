"""TLS on this package's connections: its start and its end."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from all_clients import HEALTH, HEALTHY, WITHDRAWAL, ZEROHASH_MINTED
from asyncio_streams import receiver_of, route, serve, until
from lost_connections import close_at_once
from network_calls import (
    FAST_RETRIES,
    NO_RETRIES,
    at_most,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import PATIENCE, RawServer, responding
from tls_servers import server_context, trusting

from tokenkit import (
    ConnectError,
    RequestTimeoutError,
    Timeouts,
)
from tokenkit._http.async_stream import TLSStream
from tokenkit._http.asyncio_stream import AsyncioBackend, has_input
from tokenkit._http.network import DeadlineBackend
from tokenkit._http.progress import PROGRESS, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour
    from raw_server import Peer


def test_tls_is_ended_with_a_good_bye() -> None:
    """A client that closes says so in TLS's own way."""
    ends: list[str] = []

    def note_the_end(peer: Peer) -> None:
        sock: Any = peer.sock
        sock.suppress_ragged_eofs = False
        peer.read_request()
        peer.send(HEALTHY)
        try:
            assert sock.recv(100) == b""
        except ssl.SSLEOFError:
            ends.append("cut off")
        else:
            ends.append("good-bye")

    with serve(note_the_end, tls=True) as server:
        send_strigo("asyncio", server.url, HEALTH, ssl_context=trusting())
        server.wait_all_closed()
    assert ends == ["good-bye"]


def reset_at_once(peer: Peer) -> None:
    peer.reset()


@pytest.mark.parametrize("end", [close_at_once, reset_at_once])
@pytest.mark.parametrize("noticed", [False, True])
def test_a_connection_that_ends_before_tls_is_a_connect_error(
    end: Callable[[Peer], None], monkeypatch: pytest.MonkeyPatch, *, noticed: bool
) -> None:
    """Nothing was sent, so a payment is repeated, and no timeout is needed to see that."""
    connect: Any = BaseSelectorEventLoop.sock_connect

    async def connect_and_wait(loop: Any, sock: Any, address: Any) -> None:
        await connect(loop, sock, address)
        server.wait_for(lambda: server.ended == server.connections > 0)

    connect_tcp: Any = AsyncioBackend.connect_tcp

    async def connect_and_notice(*args: Any, **kwargs: Any) -> Any:
        stream = await connect_tcp(*args, **kwargs)
        await until(lambda: receiver_of(stream)._ended)
        return stream

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", connect_and_wait)
    if noticed:
        monkeypatch.setattr(AsyncioBackend, "connect_tcp", connect_and_notice)
    with RawServer(end) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(ConnectError) as caught, at_most(2):
            send_zerohash("asyncio", url, WITHDRAWAL, retry=FAST_RETRIES)
    assert caught.value.attempts == 3


@each_flavour
def test_a_handshake_that_takes_too_long_is_a_timeout(flavour: Flavour) -> None:
    """The connect timeout covers TLS, and a payment is repeated, because nothing was sent."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(RequestTimeoutError, match="ConnectTimeout") as caught, at_most(2):
            send_zerohash(
                flavour, url, WITHDRAWAL, timeout=Timeouts(connect=0.5), retry=FAST_RETRIES
            )
        server.wait_for(lambda: server.ended == 3)
    assert caught.value.attempts == 3


@each_flavour
def test_a_certificate_of_a_stranger_is_a_connect_error(flavour: Flavour) -> None:
    """The text says what is wrong with the certificate; nothing stays open."""
    with serve(responding(lambda _: HEALTHY), tls=True) as server:
        with pytest.raises(ConnectError, match="certificate verify failed"):
            send_strigo(
                flavour,
                server.url,
                HEALTH,
                ssl_context=trusting(trustme.CA()),
                retry=NO_RETRIES,
            )
        server.wait_all_closed()
        assert server.requests == []


def test_a_first_write_that_fails_within_tls_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that is reset unseen after the handshake has carried no payment."""
    go = threading.Event()

    def reset_unseen(peer: Peer) -> None:
        go.wait(10)
        peer.reset()

    handshake: Any = TLSStream.handshake

    async def handshake_and_wait(stream: TLSStream) -> None:
        await handshake(stream)
        go.set()
        server.wait_for(lambda: server.ended >= 1)

    monkeypatch.setattr(TLSStream, "handshake", handshake_and_wait)
    minting = responding(lambda _: ZEROHASH_MINTED)
    with RawServer(reset_unseen, minting, tls=server_context("127.0.0.1")) as server:
        (reply,) = send_zerohash(
            "asyncio", server.url, WITHDRAWAL, ssl_context=trusting(), retry=FAST_RETRIES
        )
        assert len(server.requests) == 1
    assert reply.attempts == 2


def test_what_tls_holds_can_be_read() -> None:
    """A part of a response that TLS has read from the socket counts as surplus."""

    def answer(peer: Peer) -> None:
        peer.sock.recv(1)
        peer.send(b"response")
        peer.wait_gone()

    with serve(answer, tls=True) as server:
        previous = PROGRESS.set(Progress(PATIENCE, "https://127.0.0.1"))
        backend = DeadlineBackend(route(tls=True))
        try:
            stream = backend.connect_tcp("127.0.0.1", server.port)
            stream.start_tls(trusting(), "127.0.0.1")
            stream.write(b"?")
            assert stream.read(3) == b"res"
            assert stream.get_extra_info("is_readable")
            assert stream.read(10) == b"ponse"
            assert not stream.get_extra_info("is_readable")
        finally:
            backend.close()
            PROGRESS.reset(previous)


def test_a_socket_can_be_looked_at_without_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system has no ``poll()``, like Windows, a socket with input is recognised too."""
    monkeypatch.delattr(select, "poll")
    one, other = socket.socketpair()
    with one, other:
        assert not has_input(one.fileno())
        other.send(b"x")
        assert has_input(one.fileno())
