"""A server that can be as bad as a network: each connection follows a script."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

PATIENCE = 30.0


@attrs.frozen
class RawRequest:
    """A request as it came over the wire."""

    connection: int
    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}

    def json(self) -> Any:
        return json.loads(self.body)


class Peer:
    """The server's end of one connection."""

    def __init__(self, server: RawServer, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self._rest = b""

    def read_request(self) -> RawRequest | None:
        """Read one request; `None` once the client has gone."""
        while b"\r\n\r\n" not in self._rest:
            if not self._read_more():
                return None
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        request = RawRequest(self.number, head, b"")
        length = int(request.headers.get("content-length", "0"))
        while len(self._rest) < length:
            if not self._read_more():
                return None
        body, self._rest = self._rest[:length], self._rest[length:]
        request = attrs.evolve(request, body=body)
        self.server.note_request(request)
        return request

    def _read_more(self) -> bool:
        more = self.sock.recv(65_536)
        self._rest += more
        return bool(more)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, interval: float = 0.05) -> None:
        """Send byte after byte, slowly."""
        for byte in data:
            if self.server.stopped.wait(interval):
                return
            self.send(bytes([byte]))

    def wait_gone(self) -> None:
        """Wait until the client closes."""
        while self.sock.recv(65_536):
            pass

    def reset(self) -> None:
        """Close so that the client's system reports a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class RawServer:
    """Listens on loopback; connections follow the scripts in turn, later ones the last one."""

    def __init__(
        self,
        *scripts: Callable[[Peer], None],
        tls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self._scripts = scripts
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port: int = self._listener.getsockname()[1]
        self.stopped = threading.Event()
        self.requests: list[RawRequest] = []
        self.connections = 0
        self.ended = 0
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._socks: list[socket.socket] = []

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE)
        for sock in self._socks:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true of the counts."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), "it did not happen"

    def wait_all_closed(self) -> None:
        """Wait until no connection is left."""
        self.wait_for(lambda: self.ended == self.connections)

    def note_request(self, request: RawRequest) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _start(self, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self._socks.append(sock)
            with self._changed:
                self.connections += 1
                self._changed.notify_all()
            self._start(self._follow, script, sock, self.connections)

    def _follow(self, script: Callable[[Peer], None], sock: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            with sock, suppress(OSError):
                script(Peer(self, sock, number))
        except OSError:
            sock.close()
        with self._changed:
            self.ended += 1
            self._changed.notify_all()


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Write a response as it is sent."""
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def json_response(value: object, status: int = 200) -> bytes:
    return http(status, json.dumps(value).encode(), "Content-Type: application/json")


def responding(respond: Callable[[RawRequest], bytes]) -> Callable[[Peer], None]:
    """Respond to every request on a connection, until the client leaves."""

    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(respond(request))

    return script


def saying(*responses: bytes) -> Callable[[Peer], None]:
    """Send one request each of the responses, then close."""

    def script(peer: Peer) -> None:
        for response in responses:
            peer.read_request()
            peer.send(response)

    return script


def black_hole(peer: Peer) -> None:
    """Accept everything and never respond."""
    peer.read_request()
    peer.wait_gone()


def resetting(*responses: bytes) -> Callable[[Peer], None]:
    """Respond to some requests, then reset the connection at the next."""

    def script(peer: Peer) -> None:
        for response in responses:
            peer.read_request()
            peer.send(response)
        peer.read_request()
        peer.reset()

    return script
