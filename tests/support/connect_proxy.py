"""Proxies that lead every connection to one server, and may send more than they should."""

from __future__ import annotations

import socket
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING

from raw_server import PATIENCE, RawServer

if TYPE_CHECKING:
    import ssl

    from raw_server import Peer

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
SOCKS_BOUND = b"\x05\x00\x00\x01" + bytes(6)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each side sends, until one has sent everything."""
    targets = {one: other, other: one}
    with suppress(OSError):
        while True:
            # One thread does both, as a TLS socket must not be read and written at once.
            ready, _, _ = select([*targets], [], [], PATIENCE)
            for source in ready:
                data = source.recv(65_536)
                if not data:
                    return
                targets[source].sendall(data)


def proxy_to(
    server: RawServer, tls: ssl.SSLContext | None = None, reply: bytes = ESTABLISHED
) -> RawServer:
    """Make a proxy for any host; with TLS, for a proxy's https URL."""

    def connect(peer: Peer) -> None:
        if peer.read_request() is None:
            return
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(reply)
            relay(peer.sock, onward)

    return RawServer(connect, tls=tls)


def socks_proxy_to(
    server: RawServer,
    reply: bytes = SOCKS_BOUND,
    method: bytes = b"\x05\x00",
    seen: list[bytes] | None = None,
) -> RawServer:
    """Make a SOCKS5 proxy; if its method is 2, it asks for a user and a password."""

    def connect(peer: Peer) -> None:
        peer.sock.recv(1024)
        peer.send(method)
        if method.endswith(b"\x02"):
            credentials = peer.sock.recv(1024)
            if seen is not None:
                seen.append(credentials)
            peer.send(b"\x01\x00")
        if not peer.sock.recv(1024):
            return
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(reply)
            if len(reply) >= len(SOCKS_BOUND):
                relay(peer.sock, onward)

    return RawServer(connect)


def socks_url(proxy: RawServer, credentials: str = "") -> str:
    """Return a SOCKS proxy's URL."""
    return f"socks5://{credentials}127.0.0.1:{proxy.port}"
