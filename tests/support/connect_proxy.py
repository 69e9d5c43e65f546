"""A proxy that leads every CONNECT to one server."""

from __future__ import annotations

import socket
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING

from raw_server import PATIENCE, RawServer

if TYPE_CHECKING:
    import ssl

    from raw_server import Peer


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each side says, until one has said everything."""
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


def proxy_to(server: RawServer, tls: ssl.SSLContext | None = None) -> RawServer:
    """Make a proxy, whatever host it is asked for; with TLS, for a proxy's https URL."""

    def connect(peer: Peer) -> None:
        if peer.read_request() is None:
            return
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(peer.sock, onward)

    return RawServer(connect, tls=tls)
