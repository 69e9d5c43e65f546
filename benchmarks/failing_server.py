"""A server that answers as Strigo does, and fails some requests in every way a network can.

Run as a program, it prints its port and serves until its standard input ends.
"""

import asyncio
import json
import random
import socket
import struct
import sys
import threading

TOKEN = "HfT31jk4WLIJ4f4ebR2MGzBIK0jp1M3tlbdvP20TBGd"
GOOD = json.dumps(
    {
        "result": "success",
        "data": {"user_id": "X7TnEwMSg66pBi8GZ", "expiration": 4102444800000, "token": TOKEN},
    }
).encode()


def answer(status: str, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    """Write an answer."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


REFUSED = b'{"result": "failure", "error": {"type": "Broken", "message": "on purpose"}}'
# An answer, and what follows it: "keep" the connection, "close" it, "reset" it, or "wait".
FAILURES = (
    (answer("500 Internal Server Error", REFUSED), "keep"),
    (answer("502 Bad Gateway", b"<html>bad gateway</html>", kind="text/html"), "keep"),
    (answer("503 Service Unavailable", b""), "keep"),
    (answer("504 Gateway Timeout", b"", "connection: close"), "close"),
    (answer("429 Too Many Requests", b"Too many", "retry-after: 0", kind="text/html"), "keep"),
    (answer("401 Unauthorized", REFUSED), "keep"),
    (answer("422 Unprocessable Entity", b"\xff\xfe", kind="text/plain; charset=x"), "keep"),
    (answer("302 Found", b"", "location: http://127.0.0.1:9/"), "keep"),
    (answer("200 OK", b"<html>portal</html>", kind="text/html"), "keep"),
    (answer("200 OK", GOOD[:40]), "keep"),
    (answer("200 OK", b'{"result": "success", "data": {"token": 7}}'), "keep"),
    (answer("200 OK", REFUSED), "keep"),
    (answer("200 OK", GOOD)[:-20], "close"),
    (b"", "close"),
    (b"", "reset"),
    (b"HTTP/1.1 200", "reset"),
    (b"this is no HTTP\r\n\r\n", "close"),
    (b"", "wait"),
)


class FailingProtocol(asyncio.Protocol):
    """Answers each request of a connection."""

    share = 0.05

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's own promise
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete."""
        self.received += data
        while (rest := after_request(self.received)) is not None:
            self.received = rest
            self.respond()

    def respond(self) -> None:
        """Answer one request, well or badly."""
        if random.random() >= self.share:
            self.transport.write(answer("200 OK", GOOD))
            return
        content, then = random.choice(FAILURES)
        self.transport.write(content)
        if then == "close":
            self.transport.close()
        elif then == "reset":
            sock: socket.socket = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()


def after_request(received: bytes) -> bytes | None:
    """Return what follows the first request; ``None`` while it is incomplete."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    lengths = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    length = lengths[0] if lengths else 0
    return body[length:] if len(body) >= length else None


async def serve() -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FailingProtocol, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    ended = asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve())
