"""TLS within TLS, as behind an https proxy: Python's sockets wrap no socket that is wrapped."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from .progress import time_left

__all__ = ["TLSInTLSSocket"]

T = TypeVar("T")

RECORD = 65_536


class TLSInTLSSocket:
    """What a sync stream needs of a socket, through another TLS connection.

    Args:
        outer: The connection to the proxy.
        context: The TLS settings for the server.
        server_hostname: The server's name.

    Raises:
        OSError: The handshake failed, or took too long.
    """

    def __init__(
        self, outer: ssl.SSLSocket, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self._outer = outer
        self._timeout = outer.gettimeout()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        self._perform(self._inner.do_handshake)

    def _perform(self, step: Callable[[], T]) -> T:
        while True:
            with suppress(ssl.SSLWantReadError):
                done = step()
                break
            self._pass_on()
            self._take_in()
        self._pass_on()
        return done

    def _pass_on(self) -> None:
        if self._outgoing.pending:
            self._outer.settimeout(time_left(self._timeout))
            self._outer.sendall(self._outgoing.read())

    def _take_in(self) -> None:
        # A step may take several reads, which together must meet the deadline.
        self._outer.settimeout(time_left(self._timeout))
        data = self._outer.recv(RECORD)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def settimeout(self, seconds: float) -> None:
        """Set how long each read or write may take."""
        self._timeout = seconds

    def recv(self, size: int) -> bytes:
        """Read some bytes; none at the end."""
        return self._perform(lambda: self._inner.read(size))

    def send(self, data: memoryview) -> int:
        """Write some bytes; return how many."""
        return self._perform(lambda: self._inner.write(data))

    def selected_alpn_protocol(self) -> str | None:
        """Return the protocol that the server chose."""
        return self._inner.selected_alpn_protocol()

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._outer.fileno()

    def close(self) -> None:
        """Close the connection to the proxy."""
        self._outer.close()
