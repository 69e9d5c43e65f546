"""The sync network below httpx's transports, where the deadline holds for every step.

httpx's timeouts are per read, so that a server which drips bytes would hold a call for ever;
and httpcore does not tell a failed write from a lost answer.
"""

import ipaddress
import queue
import selectors
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .family import Family
from .progress import PROGRESS, time_left

__all__ = ["DeadlineBackend", "DeadlineStream", "use_network"]

T = TypeVar("T")

# select() cannot watch descriptors above 1023; only Windows has nothing better.
Selector: type[selectors.BaseSelector] = getattr(
    selectors, "PollSelector", selectors.SelectSelector
)


def _guarded(step: Callable[[], T], timed_out: type[Exception], failed: type[Exception]) -> T:
    try:
        return step()
    except TimeoutError as error:
        raise timed_out(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error


def use_network(transport: object, backend: object) -> None:
    """Let a transport's connections go through a network backend.

    httpx has no public way to say so. httpcore's pool has this attribute in every release of
    httpx 0.28; a test holds the seam.
    """
    pool = vars(transport)["_pool"]
    vars(pool)["_network_backend"] = backend


class DeadlineStream:
    """A socket whose every step ends by the exchange's deadline."""

    def __init__(
        self, sock: socket.socket, core: Any, siblings: "weakref.WeakSet[DeadlineStream]"
    ) -> None:
        self._sock = sock
        self._core = core
        self._siblings = siblings
        siblings.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes."""

        def receive() -> bytes:
            self._sock.settimeout(time_left(timeout))
            return self._sock.recv(max_bytes)

        return _guarded(receive, self._core.ReadTimeout, self._core.ReadError)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes, and note that some have left."""
        _guarded(
            lambda: self._send_all(buffer, timeout), self._core.WriteTimeout, self._core.WriteError
        )

    def _send_all(self, buffer: bytes, timeout: float | None) -> None:
        progress = PROGRESS.get()
        rest = memoryview(buffer)
        while rest:
            self._sock.settimeout(time_left(timeout))
            try:
                count = self._sock.send(rest)
            except OSError:
                progress.failed_to_write()
                raise
            progress.wrote()
            rest = rest[count:]

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

        def wrap() -> ssl.SSLSocket:
            self._sock.settimeout(time_left(timeout))
            return ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)

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
                return _is_readable(self._sock)
            case "ssl_object":
                return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
            case _:
                return None


def _is_readable(sock: socket.socket) -> bool:
    """Tell whether an idle connection has something to read: its end, as a rule."""
    if sock.fileno() < 0:
        return True
    with Selector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _addresses(host: str, port: int, timeout: float) -> list[Any]:
    """Look a name up, in a thread: the system's resolver takes no timeout."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))

    threading.Thread(target=look_up, name="tokenkit-name-lookup", daemon=True).start()
    try:
        found = answers.get(timeout=timeout)
    except queue.Empty:
        found = TimeoutError(f"looking up {host} took too long")
    if isinstance(found, OSError):
        raise found
    return found


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    end = time.monotonic() + timeout
    problem = OSError(f"{host} has no address")
    addresses = _addresses(host, port, timeout)
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        # An address that swallows packets must leave time for the next one.
        share = (end - time.monotonic()) / (len(addresses) - tried)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(share, 0.001))
            sock.connect(address)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem


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
