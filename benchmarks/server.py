"""The server of the benchmark: fixed answers from one thread, on a core of its own.

Run as ``python -m benchmarks.server``, it prints its port and serves until its standard input
ends. It needs no compiler and no package, and keeps well ahead of every client: each run prints
which share of the floor's time it was busy.
"""

import json
import os
import selectors
import socket
import ssl
import sys
import time

from .wire import ANSWERS, padded

USAGE = "/usage"
BACKLOG = 4096
READ_SIZE = 65_536
HEAD_END = b"\r\n\r\n"


def response(body: bytes) -> bytes:
    """Write an answer with its headers."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + HEAD_END + body


RESPONSES = {path.encode(): response(padded(answer)) for path, answer in ANSWERS.items()}
UNKNOWN = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def body_end(head: bytes, received: bytes) -> int | None:
    """Return where a request's body ends; ``None`` while it is incomplete."""
    start = len(head) + len(HEAD_END)
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(lowered[at + 17 :].partition(b"\r\n")[0])
        return start + length if len(received) >= start + length else None
    if b"\r\ntransfer-encoding: chunked" in lowered:
        end = received.find(b"0\r\n\r\n", start)
        return end + 5 if end >= 0 else None
    return start


def answer_to(head: bytes) -> bytes:
    """Choose the answer by the request's path."""
    path = head.partition(b"\r\n")[0].split(b" ")[1].partition(b"?")[0]
    if path == USAGE.encode():
        return response(json.dumps({"busy": Server.busy}).encode())
    return RESPONSES.get(path, UNKNOWN)


class Server:
    """Serves connections from one thread.

    With a core of its own, it polls instead of sleeping: a client that waits longer for an answer
    goes to sleep, and pays for its way back with cold caches, most of all on a virtual machine.

    Attributes:
        busy: The seconds that went by while it served, without those of waiting.
    """

    busy = 0.0

    def __init__(self, listener: socket.socket, *, polls: bool) -> None:
        self._listener = listener
        self._timeout = 0 if polls else None
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        self._waiting: dict[int, bytes] = {}
        self._connections: dict[int, socket.socket] = {}

    def serve(self) -> None:
        """Serve until the standard input ends."""
        while True:
            ready = [key.fd for key, _ in self._selector.select(self._timeout)]
            if not ready:
                continue
            if sys.stdin.fileno() in ready:
                return
            began = time.perf_counter()
            for descriptor in ready:
                self._serve(descriptor)
            Server.busy += time.perf_counter() - began

    def _serve(self, descriptor: int) -> None:
        connection = self._connections.get(descriptor)
        if connection is None:
            self._accept()
            return
        try:
            received = connection.recv(READ_SIZE)
        except OSError:
            received = b""
        if not received:
            self._selector.unregister(connection)
            del self._connections[descriptor]
            self._waiting.pop(descriptor, None)
            connection.close()
            return
        if self._waiting:
            received = self._waiting.pop(descriptor, b"") + received
        rest = respond(connection, received)
        if rest:
            self._waiting[descriptor] = rest

    def _accept(self) -> None:
        """Take all connections that wait."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(None)
            self._selector.register(connection, selectors.EVENT_READ)
            self._connections[connection.fileno()] = connection


def respond(connection: socket.socket, received: bytes) -> bytes:
    """Answer the requests that are complete; return what is left."""
    while received:
        head, end, _ = received.partition(HEAD_END)
        if not end:
            return received
        rest_at = body_end(head, received)
        if rest_at is None:
            return received
        try:
            connection.sendall(answer_to(head))
        except OSError:
            return b""
        received = received[rest_at:]
    return b""


def serve_tls(listener: socket.socket, certificate: str) -> None:
    """Serve one TLS connection after the other, for the measurements of the start."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    while True:
        raw, _ = listener.accept()
        try:
            with context.wrap_socket(raw, server_side=True) as connection:
                received = b""
                while more := connection.recv(READ_SIZE):
                    received = respond(connection, received + more)
        except OSError:
            continue


def use_last_core() -> bool:
    """Keep to the last core, where there are several: the clients keep to the others."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[-1:])
    return len(cores) > 1


def main(certificate: str | None = None) -> None:
    """Open a port, print it, serve."""
    has_core = use_last_core()
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        if certificate is not None:
            serve_tls(listener, certificate)
        listener.settimeout(0)
        Server(listener, polls=has_core).serve()


if __name__ == "__main__":
    main(*sys.argv[1:2])
