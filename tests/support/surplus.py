"""Servers that send more than was asked for, and what their clients must get."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, TypeVar

from network_calls import echo_token
from raw_server import Peer, json_response
from tls_servers import server_context

from tokenkit import strigo

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

T = TypeVar("T")

FULL_READ = 65_536
USERS = ("alice@example.com", "bob@example.com", "carol@example.com")
RIGHT = [f"for {user}" for user in USERS]
CALLS = [strigo.UserTokenRequest(email=user) for user in USERS]
SURPLUS = json_response({"result": "success", "data": {"token": "for somebody else"}})


def one_too_many(when: str, was_sent: threading.Semaphore) -> Any:
    """Respond to each request; another response follows a connection's first one.

    Args:
        when: How it comes.
        was_sent: Is released when a response, and what follows it, has been sent.
    """

    def script(peer: Peer) -> None:
        first = True
        while (request := peer.read_request()) is not None:
            right = echo_token(request)
            if not first:
                peer.send(right)
            elif when == "in the same piece":
                peer.send(right + SURPLUS)
            elif when == "in a record of its own":
                peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                peer.send(right)
                peer.send(SURPLUS)
                peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            else:
                peer.send(right)
                time.sleep(0.01)
                peer.send(SURPLUS)
            was_sent.release()
            first = False

    return script


def polite(peer: Peer) -> None:
    """Respond to each request once."""
    while (request := peer.read_request()) is not None:
        peer.send(echo_token(request))


def surplus_at_first(peer: Peer) -> None:
    """Respond to each request; another response follows a connection's first one."""
    behind = SURPLUS
    while (request := peer.read_request()) is not None:
        peer.send(echo_token(request) + behind)
        behind = b""


def behind_a_full_read(peer: Peer) -> None:
    """Respond with as many bytes as a client's library reads at once, and one response more."""
    number = 0
    while (request := peer.read_request()) is not None:
        right = echo_token(request)
        number += 1
        if number == 1:
            head, _, body = right.partition(b"\r\n\r\n")
            short = head.replace(str(len(body)).encode(), b"LENGTH")
            room = FULL_READ - len(short) - len(b"\r\n\r\n") + len(b"LENGTH") - 5
            head = short.replace(b"LENGTH", str(room).encode())
            right = head + b"\r\n\r\n" + body.ljust(room)
            assert len(right) == FULL_READ
            right += SURPLUS
        peer.send(right)


class RecordSocket:
    """A server's socket with TLS, whose records can be sent in parts."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received, self._sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = server_context("127.0.0.1")
        self._tls = context.wrap_bio(self._received, self._sent, server_side=True)
        self._perform(self._tls.do_handshake)

    def _perform(self, step: Callable[[], T]) -> T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:  # noqa: PERF203 - a few rounds
                self._sock.sendall(self._sent.read())
                data = self._sock.recv(65_536)
                self._received.write(data) if data else self._received.write_eof()
            else:
                self._sock.sendall(self._sent.read())
                return result

    def recv(self, size: int) -> bytes:
        try:
            return self._perform(lambda: self._tls.read(size))
        except ssl.SSLError:
            return b""

    def record(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self._sent.read()

    def send_raw(self, data: bytes) -> None:
        self._sock.sendall(data)


def cut_at(size: int) -> Callable[[Peer], None]:
    """Send a part of a surplus response's record, and the rest after the next request."""

    def script(peer: Peer) -> None:
        sock: Any = RecordSocket(peer.sock)
        client = Peer(peer.server, sock, peer.number)
        rest = b""
        while (request := client.read_request()) is not None:
            sock.send_raw(rest)
            right, surplus = sock.record(echo_token(request)), sock.record(SURPLUS)
            sock.send_raw(right + surplus[:size])
            rest = surplus[size:]

    return script
