"""The floor: a prepared request over a bare socket, or a bare asyncio protocol."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from ..wire import PATH, REQUEST_BODY, REQUEST_HEADERS
from . import AsyncCalls, Calls

TIMEOUT = 30.0
READ_SIZE = 65_536


def address_of(origin: str) -> tuple[str, int]:
    """Return host and port."""
    parts = urlsplit(origin)
    return parts.hostname or "", parts.port or 80


def prepared(host: str) -> bytes:
    """Write the whole request."""
    headers = {"host": host, **REQUEST_HEADERS, "content-length": str(len(REQUEST_BODY))}
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + REQUEST_BODY


def body_of(received: bytes) -> bytes | None:
    """Return the answer's body; ``None`` while it is incomplete."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    at = head.find(b"content-length: ")
    return body if len(body) == int(head[at + 16 :].partition(b"\r\n")[0]) else None


def token_of(body: bytes) -> object:
    """Parse the answer."""
    return json.loads(body)["message"]["token"]


@contextmanager
def floor_sync(origin: str) -> Calls:
    """Open a socket with a timeout."""
    address, request = address_of(origin), prepared(urlsplit(origin).netloc)
    with socket.create_connection(address, TIMEOUT) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def call() -> object:
            connection.sendall(request)
            received = connection.recv(READ_SIZE)
            while (body := body_of(received)) is None:
                received += connection.recv(READ_SIZE)
            return token_of(body)

        yield call


class OneAnswer(asyncio.Protocol):
    """A connection on which one answer at a time is awaited."""

    transport: asyncio.Transport
    answer: asyncio.Future[bytes]
    received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's own promise
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over an answer that is complete."""
        self.received += data
        body = body_of(self.received)
        if body is not None:
            self.received = b""
            self.answer.set_result(body)


@asynccontextmanager
async def floor_async(origin: str) -> AsyncCalls:
    """Open as many connections as there are calls at a time."""
    address, request = address_of(origin), prepared(urlsplit(origin).netloc)
    loop = asyncio.get_running_loop()
    idle: list[OneAnswer] = []
    opened: list[OneAnswer] = []

    async def connection() -> OneAnswer:
        if idle:
            return idle.pop()
        _, protocol = await loop.create_connection(OneAnswer, *address)
        opened.append(protocol)
        return protocol

    async def call() -> object:
        protocol = await connection()
        protocol.answer = loop.create_future()
        protocol.transport.write(request)
        body = await protocol.answer
        idle.append(protocol)
        return token_of(body)

    try:
        yield call
    finally:
        for protocol in opened:
            protocol.transport.close()
        await asyncio.sleep(0)
