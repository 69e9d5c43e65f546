"""G26: a surplus response whose TLS record has arrived in part never reaches the next caller."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from network_calls import each_family, each_flavour, echo_token, send_strigo
from raw_server import Peer, RawServer, json_response
from tls_servers import server_context, trusting

from tokenkit import strigo

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from network_calls import Family, Flavour

T = TypeVar("T")

USERS = ("alice@example.com", "bob@example.com", "carol@example.com")
CALLS = [strigo.UserTokenRequest(email=user) for user in USERS]
SURPLUS = json_response({"result": "success", "data": {"token": "for somebody else"}})


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


@each_family
@each_flavour
@pytest.mark.parametrize("size", [3, 20])
def test_a_part_of_a_record_is_noticed(flavour: Flavour, family: Family, size: int) -> None:
    """Each caller gets a token of its own, though the rest of a record comes in between."""
    with RawServer(cut_at(size)) as server:
        replies = send_strigo(
            flavour,
            server.url.replace("http:", "https:"),
            *CALLS,
            between=lambda: time.sleep(0.1),
            ssl_context=trusting(),
            http_family=family,
        )
    assert [reply.value.token for reply in replies] == [f"for {user}" for user in USERS]
