"""The sync network below httpcore's connections, which enforces the exchange's deadline.

httpcore's own has a timeout per read, so a server that drips bytes could hold a call forever, and
it can't tell a failed write from a lost response.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from traceback import walk_tb
from typing import Any, TypeAlias

from .._policy.timeouts import LONGEST
from .connection import Route, Stream, time_left
from .progress import PROGRESS

__all__ = [
    "Attempts",
    "DeadlineBackend",
    "DeadlineStream",
    "Found",
    "look_up",
    "numeric",
]

# An address that swallows packets must not hold up the next one for longer (RFC 8305).
FIRST_SHARE = 0.25
# A zero would make a socket non-blocking.
SHORTEST = 0.001
# One TLS record. More would be sent in several steps, each of which could take all the time left.
PIECE = 16_384

# The packages that hold a socket which nobody else knows yet.
MAKERS = frozenset({"httpcore", "httpcore2", "socket", "ssl"})

Found: TypeAlias = list[Any] | BaseException
"""The result of a lookup: that of ``socket.getaddrinfo()``, or why there is none."""


def look_up(host: str, port: int, deliver: Callable[[Found], object]) -> threading.Thread | None:
    """Look up a name; ``deliver`` gets the result.

    This happens in a thread that is never waited for: the system's resolver has no timeout, and a
    pool's thread would keep the process from ending. If no thread can be started, for example
    because the process is ending, it happens at once. So it does if gevent or eventlet has
    replaced the resolver but not threads: each thread would get an event loop that stays open.
    """

    def run() -> None:
        try:
            found: Found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found = OSError(str(error))
        except BaseException as error:  # noqa: BLE001 - a mock's own; Attempts raises it
            found = error
        deliver(found)

    replaced = _is_green(socket.getaddrinfo) and not _is_green(threading.get_ident)
    if not replaced and not _is_address(host):
        thread = threading.Thread(target=run, name="tokenkit-name-lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            pass
        else:
            return thread
    run()
    return None


def _is_green(function: object) -> bool:
    return str(getattr(function, "__module__", "")).startswith(("gevent.", "eventlet."))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def numeric(address: Any) -> tuple[str, int]:
    """Return an address's host, with its network interface if there is one, and port."""
    host, port, *rest = address[4]
    scope = rest[1] if len(rest) > 1 and "%" not in host else 0
    return (f"{host}%{scope}" if scope else host), port


class Attempts:
    """A host's addresses in the order to try them, each with its seconds.

    Families take turns. No address holds up the next one for long. Those that took too long
    share the rest of the time, the last one first: it is less likely that the first one is just
    slow than that it is dead.

    Args:
        core: httpcore or httpcore2, whose exceptions to raise.
        host: The host's name.
        answers: What its lookup found; none if it took too long.
        until: When the connection must be open, on the monotonic clock.

    Raises:
        ConnectError: The lookup failed.
        ConnectTimeout: It took too long.
    """

    def __init__(self, core: Any, host: str, answers: list[Found], until: float) -> None:
        if not answers:
            raise core.ConnectTimeout(f"looking up {host} took too long")
        found = answers[0]
        if isinstance(found, OSError):
            raise core.ConnectError(str(found)) from found
        if isinstance(found, BaseException):
            raise found
        turns = {address[0]: count() for address in found}
        self._left = sorted(found, key=lambda address: next(turns[address[0]]))
        self._core = core
        self._until = until
        self._too_late = core.ConnectTimeout(f"connecting to {host} took too long")
        self.problem: Exception = core.ConnectError(f"{host} has no address")

    def __iter__(self) -> Iterator[tuple[Any, float]]:
        for share, order in ((FIRST_SHARE, 1), (LONGEST, -1)):
            turn = self._left[::order]
            for position, address in enumerate(turn):
                left = self._until - time.monotonic()
                if left <= 0:
                    self.problem = self._too_late
                    return
                if len(self._left) > 1:
                    # Where none connects in the first share, the way may just be long.
                    longest = share * 2 ** max(position - 1, 0)
                    left = min(left / (len(turn) - position), longest)
                yield address, max(left, SHORTEST)

    def failed(self, address: Any, problem: Exception) -> None:
        """Record why an address failed; one that refused is not tried again."""
        self.problem = problem
        if isinstance(problem, self._core.ConnectError):
            self._left.remove(address)


class DeadlineStream(Stream):
    """A connection whose every step ends by the exchange's deadline."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes."""
        if self._unsent:
            self._send_all()
        if not self._hears_proxy:
            return self._received(self._step(max_bytes, timeout))
        data = b""
        while (wanted := self._missing(data)) and (piece := self._step(wanted, timeout)):
            data += piece
        self._replies += 1
        return data

    def _step(self, max_bytes: int, timeout: float | None) -> bytes:
        left = time_left(timeout, self._route.core.ReadTimeout)
        data: bytes = self._inner.read(max_bytes, left)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes to be sent."""
        self._unsent += buffer
        self._write_timeout = timeout

    def _send_all(self) -> None:
        """Send everything that was written, and record how far that got.

        A server may have refused the request before all of it was sent; its response can still be
        read.
        """
        core, data, self._unsent = self._route.core, self._unsent, b""
        self._check_unread()
        try:
            for start in range(0, len(data), PIECE):
                left = time_left(self._write_timeout, core.WriteTimeout)
                self._inner.write(data[start : start + PIECE], left)
                self._note_written()
        except core.WriteTimeout:  # a part of it may have been sent
            self._note_written()
            raise
        except core.WriteError:
            PROGRESS.get().failed_to_write()

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "DeadlineStream":
        """Upgrade to TLS; nothing may have arrived before."""
        try:
            self._begin_tls(server_hostname)
            if self._layers:
                sock = self._inner.get_extra_info("socket")
                sock.recv = partial(_recv_in_time, sock, sock.recv)
            left = time_left(timeout, self._route.core.ConnectTimeout)
            self._inner = self._inner.start_tls(ssl_context, server_hostname, left)
        except BaseException as error:
            self.close()
            close_sockets(error)
            raise
        self._has_tls()
        return self

    def _has_input(self) -> bool:
        if self._layers:
            tls = self._inner.get_extra_info("ssl_object")
            if tls is None or tls.pending():  # none once gevent has replaced its class
                return True
        return bool(self._inner.get_extra_info("is_readable"))


def _recv_in_time(sock: Any, recv: Callable[..., bytes], *args: int) -> bytes:
    """Read from a proxy's connection by the deadline.

    A step of TLS within TLS makes several reads, each of which would get the whole step's time.
    """
    sock.settimeout(time_left(sock.gettimeout()))
    return recv(*args)


def close_sockets(error: BaseException) -> None:
    """Close what an interrupt left open where a socket was made.

    The standard library closes a socket that it couldn't connect only after an ``OSError``.
    """
    for frame, _ in walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).partition(".")[0] in MAKERS:
            for value in frame.f_locals.values():
                if isinstance(value, socket.socket):
                    # One that was interrupted while it was made lacks what its own close() needs;
                    # gevent's has no other.
                    getattr(super(socket.socket, value), "close", value.close)()


class DeadlineBackend:
    """Opens a connection within the exchange's deadline, the name lookup included."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._opened: DeadlineStream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        **_: object,  # httpcore's options, which this package doesn't use
    ) -> DeadlineStream:
        """Connect to the first address of a host that accepts."""
        core = self._route.core
        left = self._route.begin(timeout)
        until = time.monotonic() + left
        answers: list[Found] = []
        if (thread := look_up(host, port, answers.append)) is not None:
            thread.join(left)
        attempts = Attempts(core, host, answers, until)
        for address, seconds in attempts:
            try:
                stream = core.SyncBackend().connect_tcp(*numeric(address), seconds)
            except (core.ConnectTimeout, core.ConnectError) as error:  # noqa: PERF203 - a few addresses
                attempts.failed(address, error)
            except BaseException as error:
                close_sockets(error)
                raise
            else:
                self._opened = DeadlineStream(stream, self._route)
                return self._opened
        raise attempts.problem

    def close(self) -> None:
        """Close what was opened, even if httpcore was stopped before it took it over."""
        if self._opened is not None:
            self._opened.close()
