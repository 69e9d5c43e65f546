"""The sync network below httpx's transports, where the deadline holds for every step.

httpx's timeouts are per read, so that a server which drips bytes would hold a call for ever;
and httpcore does not tell a failed write from a lost answer.
"""

import queue
import socket
import ssl
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from .addresses import (
    Lookup,
    look_up,
    lookup_took_too_long,
    timed_addresses,
)
from .family import Family
from .progress import PROGRESS, time_left
from .readable import is_readable
from .tls_in_tls import TLSInTLSSocket

__all__ = ["DeadlineBackend", "DeadlineStream"]

T = TypeVar("T")

AnySocket: TypeAlias = socket.socket | TLSInTLSSocket


def _guarded(step: Callable[[], T], timed_out: type[Exception], failed: type[Exception]) -> T:
    try:
        return step()
    except TimeoutError as error:
        raise timed_out(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error


class DeadlineStream:
    """A socket whose every step ends by the exchange's deadline.

    What is written leaves with the next read: httpcore writes head and body one after the
    other, and in one piece they cost a system call less.
    """

    def __init__(
        self, sock: AnySocket, core: Any, siblings: "weakref.WeakSet[DeadlineStream]"
    ) -> None:
        self._sock = sock
        self._core = core
        self._siblings = siblings
        self._unsent = b""
        self._write_timeout: float | None = None
        siblings.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes."""
        if self._unsent:
            self._send_all()
        try:
            self._sock.settimeout(time_left(timeout))
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise self._core.ReadTimeout(str(error)) from error
        except OSError as error:
            raise self._core.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes to be sent."""
        self._unsent += buffer
        self._write_timeout = timeout

    def _send_all(self) -> None:
        """Send all that was written, and note how far that came.

        A server may have refused the request before it was sent; what it answered can be read
        all the same.
        """
        progress, rest, self._unsent = PROGRESS.get(), memoryview(self._unsent), b""
        try:
            while rest:
                self._sock.settimeout(time_left(self._write_timeout))
                count = self._sock.send(rest)
                progress.wrote()
                rest = rest[count:]
        except TimeoutError as error:
            progress.failed_to_write()
            raise self._core.WriteTimeout(str(error)) from error
        except OSError:
            progress.failed_to_write()

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "DeadlineStream":
        """Upgrade to TLS."""

        def wrap() -> AnySocket:
            sock: Any = self._sock  # never wrapped twice
            sock.settimeout(time_left(timeout))
            if isinstance(sock, ssl.SSLSocket):
                return TLSInTLSSocket(sock, ssl_context, server_hostname)
            return ssl_context.wrap_socket(sock, server_hostname=server_hostname)

        try:
            secured = _guarded(wrap, self._core.ConnectTimeout, self._core.ConnectError)
        except Exception:
            self.close()
            raise
        return DeadlineStream(secured, self._core, self._siblings)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about a socket."""
        match info:
            case "is_readable":
                return is_readable(self._sock)
            case "ssl_object":
                plain = not isinstance(self._sock, (ssl.SSLSocket, TLSInTLSSocket))
                return None if plain else self._sock
            case _:
                return None


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    end = time.monotonic() + timeout
    problem = OSError(f"{host} has no address")
    answers: queue.SimpleQueue[Lookup] = queue.SimpleQueue()
    look_up(host, port, answers.put)
    try:
        found = answers.get(timeout=timeout)
    except queue.Empty:
        found = lookup_took_too_long(host)
    for share, address in timed_addresses(found, end):
        try:
            return _connected_to(address, share)
        except OSError as error:  # noqa: PERF203 - of a few addresses at most
            problem = error
    raise problem


def _connected_to(address: Any, seconds: float) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.connect(where)
    except BaseException:
        sock.close()
        raise
    return sock


class DeadlineBackend:
    """Opens connections within the exchange's deadline, the name lookup included."""

    def __init__(self, family: Family) -> None:
        self._core = family.core
        self._open: weakref.WeakSet[DeadlineStream] = weakref.WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - only a transport of ours asks, without
        socket_options: Iterable[Any] | None = None,
    ) -> "DeadlineStream":
        """Connect to the first address of a host that accepts."""
        sock = _guarded(
            lambda: _connect(host, port, time_left(timeout)),
            self._core.ConnectTimeout,
            self._core.ConnectError,
        )
        for option in (*(socket_options or ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)):
            sock.setsockopt(*option)
        return DeadlineStream(sock, self._core, self._open)

    def abandon(self) -> None:
        """Close a forked child's copies of the sockets; the parent's stay open."""
        for stream in list(self._open):
            stream.close()
