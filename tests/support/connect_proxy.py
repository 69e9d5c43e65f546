"""A proxy that leads every CONNECT to one server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from raw_server import PATIENCE, RawServer

if TYPE_CHECKING:
    from raw_server import Peer


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what one side says, until it has said everything."""
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def proxy_to(server: RawServer) -> RawServer:
    """Make a proxy, whatever host it is asked for."""

    def connect(peer: Peer) -> None:
        if peer.read_request() is None:
            return
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, peer.sock), daemon=True)
            back.start()
            pump(peer.sock, onward)
            back.join(PATIENCE)

    return RawServer(connect)
