"""Lost connections: told apart, and repeated exactly where that is allowed."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from network_calls import (
    FAST_RETRIES,
    HARMLESS,
    MINT,
    MINTED,
    NO_RETRIES,
    WITHDRAWAL,
    ZEROHASH_MINTED,
    async_zerohash_client,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import RawServer, answering, resetting, saying

from tokenkit import (
    ConnectError,
    ConnectionLostError,
    ProtocolError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
    TransportError,
    extension,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour
    from raw_server import Peer

always_minted = answering(lambda _: ZEROHASH_MINTED)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@each_flavour
def test_a_refused_connection_is_tried_again(flavour: Flavour) -> None:
    """A refused connection is a ConnectError after all retries, for every call."""
    url = f"http://127.0.0.1:{unused_port()}"
    with pytest.raises(ConnectError, match=url) as caught:
        send_zerohash(flavour, url, WITHDRAWAL, retry=FAST_RETRIES)
    assert caught.value.attempts == 3


def close_before_the_answer(peer: Peer) -> None:
    peer.read_request()


def close_at_once(peer: Peer) -> None:
    del peer


def close_in_the_headers(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Le")


def close_in_the_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def close_in_a_chunk(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{")


def reset_in_the_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    peer.reset()


def close_in_the_second_body(peer: Peer) -> None:
    saying(ZEROHASH_MINTED)(peer)
    close_in_the_body(peer)


LOSSES = [
    close_before_the_answer,
    close_at_once,
    close_in_the_headers,
    close_in_the_body,
    close_in_a_chunk,
    reset_in_the_body,
    resetting(),
]


@each_flavour
@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_answer_is_a_transport_error(
    flavour: Flavour, loss: Callable[[Peer], None]
) -> None:
    """Wherever a connection breaks, it is told as a lost connection, or as broken HTTP."""
    with RawServer(loss) as server:
        with pytest.raises((ConnectionLostError, ProtocolError)) as caught:
            send_strigo(flavour, server.url, MINT, retry=NO_RETRIES)
        assert caught.value.attempts == server.connections == 1
        server.wait_all_closed()


@each_flavour
@pytest.mark.parametrize("loss", LOSSES)
def test_a_harmless_mint_survives_a_lost_answer(
    flavour: Flavour, loss: Callable[[Peer], None]
) -> None:
    """Where a mint may be repeated, it is, on a new connection."""
    with RawServer(loss, answering(lambda _: MINTED)) as server:
        (reply,) = send_strigo(flavour, server.url, MINT, retry=FAST_RETRIES)
        assert (reply.attempts, server.connections) == (2, 2)


@each_flavour
@pytest.mark.parametrize("loss", [resetting(ZEROHASH_MINTED), close_in_the_second_body])
def test_a_payment_is_not_opened_twice(flavour: Flavour, loss: Callable[[Peer], None]) -> None:
    """A reused connection that dies after the write leaves a payment-opening mint unrepeated."""
    with RawServer(loss, always_minted) as server:
        with pytest.raises((ConnectionLostError, ProtocolError)):
            send_zerohash(flavour, server.url, HARMLESS, WITHDRAWAL, retry=FAST_RETRIES)
        assert [request.connection for request in server.requests] == [1, 1]


@each_flavour
def test_a_payment_is_repeated_when_the_caller_says_so(flavour: Flavour) -> None:
    """With repeat_payments, a payment-opening mint is sent again after a lost answer."""
    policy = RetryPolicy(first_wait=0.01, repeat_payments=True)
    with RawServer(resetting(), always_minted) as server:
        (reply,) = send_zerohash(flavour, server.url, WITHDRAWAL, retry=policy)
    assert reply.attempts == 2


@each_flavour
def test_a_repeated_request_is_the_same_signed_anew(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry has the same body and the same id as the first attempt, and its own signature."""
    now = iter(range(1_750_000_000, 1_760_000_000, 7))
    monkeypatch.setattr("tokenkit._clock.time.time", lambda: float(next(now)))
    with RawServer(resetting(ZEROHASH_MINTED), always_minted) as server:
        send_zerohash(flavour, server.url, HARMLESS, HARMLESS, retry=FAST_RETRIES)
        other, first, second = server.requests
    assert first.body == second.body
    assert first.headers["x-request-id"] == second.headers["x-request-id"]
    assert first.headers["x-request-id"] != other.headers["x-request-id"]
    assert first.headers["x-scx-timestamp"] != second.headers["x-scx-timestamp"]
    assert first.headers["x-scx-signed"] != second.headers["x-scx-signed"]


@each_flavour
def test_an_idle_connection_that_was_closed_is_replaced(flavour: Flavour) -> None:
    """A connection that the server closed between two calls costs no attempt."""
    with RawServer(saying(ZEROHASH_MINTED), always_minted) as server:
        replies = send_zerohash(
            flavour,
            server.url,
            HARMLESS,
            WITHDRAWAL,
            between=lambda: server.wait_for(lambda: server.ended >= 1),
        )
        assert [reply.attempts for reply in replies] == [1, 1]
        assert server.connections == 2


class DiesUnseen:
    """Resets the first connection after it was made and before its first request."""

    def __init__(self) -> None:
        self.connected = threading.Event()

    def __call__(self, peer: Peer) -> None:
        self.connected.wait(10)
        peer.reset()

    def let_it_die(self, server: RawServer) -> None:
        self.connected.set()
        server.wait_for(lambda: server.ended >= 1)


def test_a_first_write_that_fails_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payment-opening mint is repeated where the first write already failed."""
    script = DiesUnseen()
    with RawServer(script, always_minted) as server:
        connect = socket.socket.connect

        def connect_and_wait(sock: socket.socket, address: Any) -> None:
            connect(sock, address)
            script.let_it_die(server)

        monkeypatch.setattr(socket.socket, "connect", connect_and_wait)
        (reply,) = send_zerohash("sync", server.url, WITHDRAWAL, retry=FAST_RETRIES)
        assert (reply.attempts, len(server.requests)) == (2, 1)


@pytest.mark.anyio
async def test_a_first_async_write_that_fails_is_not_sent_twice(
    anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trio tells that the first write failed; asyncio doesn't, and nothing is risked there."""
    script = DiesUnseen()
    with RawServer(script, always_minted) as server:
        connect = anyio.connect_tcp

        async def connect_and_wait(*args: Any, **kwargs: Any) -> Any:
            stream: Any = await connect(*args, **kwargs)
            script.let_it_die(server)
            return stream

        monkeypatch.setattr(anyio, "connect_tcp", connect_and_wait)
        async with async_zerohash_client(server.url, retry=FAST_RETRIES) as client:
            if anyio_backend == "trio":
                assert (await client.send_raw(WITHDRAWAL)).attempts == 2
            else:
                with pytest.raises(ConnectionLostError):
                    await client.send(WITHDRAWAL)
        assert len(server.requests) == (1 if anyio_backend == "trio" else 0)


@each_flavour
def test_a_later_write_that_fails_may_have_been_sent(flavour: Flavour) -> None:
    """A request that broke off half-way is not repeated where that could open a payment."""

    def take_a_little(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.reset()

    big = extension.RawCall(verb="POST", target="/x", json={"filler": "x" * 900_000})
    with RawServer(take_a_little, receive_buffer=2048) as server:
        with pytest.raises(TransportError) as caught:
            send_zerohash(flavour, server.url, big, retry=FAST_RETRIES)
        assert caught.value.attempts == server.connections == 1


@each_flavour
def test_a_silent_step_is_a_timeout(flavour: Flavour) -> None:
    """A read that takes longer than its timeout is told as such, and is no deadline."""
    timeout = Timeouts(read=0.05)
    with (
        RawServer(lambda peer: peer.wait_gone()) as server,
        pytest.raises(RequestTimeoutError, match="ReadTimeout") as caught,
    ):
        send_strigo(flavour, server.url, MINT, timeout=timeout, retry=NO_RETRIES)
    assert type(caught.value) is RequestTimeoutError
