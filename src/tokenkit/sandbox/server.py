"""The sandbox's server: uvicorn in its own thread, on a port known before it starts."""

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from .connection import Connection

__all__ = ["Server", "listen"]

GRACE = 1  # seconds that requests in progress are given when the sandbox closes


class Server(uvicorn.Server):
    """A uvicorn server that reports when it is ready and stops without waiting for clients."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self.settled: threading.Event = threading.Event()
        self.failure: Exception | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and report it."""
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, and stop."""
        # Responses are written at once, so an open connection is idle or waits for its client.
        # Closing it ends its request as a client's disconnection does.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until ``should_exit``, as the target of a thread."""
        try:
            with listener:
                asyncio.run(self.serve([listener]))
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self.failure = error
        finally:
            self.settled.set()

    def check(self) -> None:
        """Raise, in the caller's thread, the exception from the server's."""
        if self.failure is not None:
            raise RuntimeError("the sandbox's server failed") from self.failure


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Raises:
        OSError: It cannot be listened on; the text names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        # create_server() adds the address, which this text has already.
        reason = (error.strerror or "").partition(" (while attempting")[0]
        text = f"the sandbox cannot listen on {host} port {port}: {reason}"
        raise OSError(error.errno, text) from error
    # asyncio sets this only on sockets made with proto=IPPROTO_TCP, which these are not. Without
    # it each response to a POST waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
