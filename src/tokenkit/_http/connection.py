"""Pooled connections, and which of the idle ones comes next."""

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

import attrs

from .._policy.timeouts import LONGEST
from .httpx_adapter import POOL_OF_TRANSPORT, HttpcoreAdapter, HttpxAdapter, httpcore_url
from .progress import PROGRESS, has_read_all
from .proxy import Proxy
from .settings import KEEPALIVE, ConnectionSettings

__all__ = ["IdleConnections", "PooledConnection", "Route", "Stream", "time_left"]

# Everything private that this package uses of other libraries. The names are looked up when a
# connection is opened; if one is missing, it serves a single call.
#
# httpcore gives the next caller any bytes behind a response, and has no public way to see them:
# this path leads from its connections, direct or tunnelled, to h11's, with its public
# `trailing_data`.
# Once a connection is open, requests go to the first step of that path.
PATH_TO_H11 = ("_connection", "_h11_state")
# httpx has no public way to choose a transport's network: `httpx_adapter.POOL_OF_TRANSPORT`. A
# transport is made only if httpx's or httpcore's classes are mocked or observed.
# For TLS within TLS, httpcore reads by the outer socket's `recv()`, which `network` replaces; if
# it read in another way, each read would end by the deadline, but not each step.
# `progress.H11`, and the names below it there, show what a caller's connection holds; if one is
# missing, or Python doesn't tell which methods are being called, each serves a single call.
# Texts; an unknown one is just not shown: h11's in `errors.KNOWN_TEXTS` and `errors.CLOSED`, and
# the names of events that httpcore logs in `family.HARMLESS`. Loggers are found by their package;
# those of a module that is loaded during an exchange, by `family.LOGGERS`.


def time_left(timeout: float | None, too_late: type[Exception] = TimeoutError) -> float:
    """Return the smaller of a step's timeout and the time until the exchange's deadline.

    Args:
        timeout: The step's timeout.
        too_late: What to raise once the deadline has passed. A socket that always has something
            to read would otherwise never time out.
    """
    left = PROGRESS.get().left()
    if left <= 0:
        raise too_late("the deadline has passed")
    return min(left, LONGEST if timeout is None else timeout)


@attrs.frozen(eq=False, repr=False)
class Route:
    """How a connection reaches its origin.

    Attributes:
        settings: How to connect.
        origin: Scheme, host and port.
        proxy: The proxy on the way.
        core: httpcore or httpcore2.
        layers: How many layers of TLS lie between the socket and the request.
    """

    settings: ConnectionSettings
    origin: str
    proxy: Proxy | None
    core: Any
    layers: int

    @classmethod
    def to(cls, origin: str, settings: ConnectionSettings) -> "Route":
        """Return the route to an origin.

        Raises:
            ConfigurationError: The environment's proxy or the authorities to trust can't be used.
        """
        proxy, layers = settings.proxy_for(origin), 0
        # What can't be read is named now, not at the first call.
        if origin.startswith("https:"):
            settings.tls(origin)
            layers = 1
        if proxy is not None and proxy.url.scheme == "https":
            settings.proxy_tls()
            layers += 1
        return cls(settings, origin, proxy, settings.family.core, layers)

    def begin(self, timeout: float | None) -> float:
        """Record which peer comes first; return the seconds that connecting may take."""
        if self.proxy is not None:
            PROGRESS.get().peer = str(self.proxy)
        return time_left(timeout, self.core.ConnectTimeout)


class Stream(ABC):
    """What the streams below httpcore share, whatever the network."""

    def __init__(self, inner: Any, route: Route) -> None:
        self._inner = inner
        self._route = route
        self._layers = 0
        self._replies = 0
        self._hears_proxy = route.proxy is not None
        self._has_served = False
        # Written data is sent with the next read: httpcore writes head and body separately, and
        # two pieces take longer than one.
        self._unsent = b""
        self._write_timeout: float | None = None

    def _missing(self, data: bytes) -> int:
        """Return how many bytes of a proxy's response are missing; no more may be read.

        Bytes behind its response are noticed when TLS starts. They would come from the proxy, or
        from someone in front of it, and be taken for the origin's.
        """
        proxy = self._route.proxy
        if proxy is None or not proxy.is_socks:
            return 1 - len(data)  # h11 knows where an HTTP response ends, and reads until then
        if self._replies <= bool(proxy.auth):  # of RFC 1928 and RFC 1929
            return 2 - len(data)
        head = 5
        if len(data) < head:
            return head - len(data)
        return {1: 10, 3: 7 + data[4], 4: 22}.get(data[3], head) - len(data)

    def _received(self, data: bytes) -> bytes:
        """Record an end of the data that was read, and return the data."""
        self._has_served = True
        if not data:
            PROGRESS.get().ended = True
        return data

    def _check_unread(self) -> None:
        """Check that nothing has arrived behind the last response, right before a request.

        Any earlier look would miss what arrives while an event loop, or a thread, is busy.

        Raises:
            ReadError: Something has, or the peer has closed; another connection is to be taken.
        """
        progress = PROGRESS.get()
        if self._has_served and progress.sent is None and self._has_input():
            progress.sent, progress.is_stale = False, True
            raise self._route.core.ReadError

    def _note_written(self) -> None:
        """Record that bytes were sent, if they are the request's and not for a proxy."""
        if self._layers == self._route.layers:
            PROGRESS.get().sent = True

    def _begin_tls(self, server_hostname: str | None) -> None:
        """Record the peer from now on; nothing may have arrived before TLS starts.

        Raises:
            ConnectError: Something has arrived, the peer has closed, or the host name is invalid.
        """
        core = self._route.core
        if self._has_input():
            raise core.ConnectError("the peer closed, or spoke, before TLS")
        try:
            # Some of the libraries that would check it would leak the socket.
            (server_hostname or "").encode("idna")
        except UnicodeError as error:
            raise core.ConnectError(str(error)) from error
        if self._layers + 1 == self._route.layers:
            PROGRESS.get().peer = None

    def _has_tls(self) -> None:
        """Record another layer of TLS; the last one leads to the origin."""
        self._layers += 1
        if self._layers == self._route.layers:
            self._hears_proxy = False

    @abstractmethod
    def _has_input(self) -> bool:
        """Return whether anything can be read, including the end."""
        ...

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about a connection."""
        if info == "is_readable":
            # What two layers of TLS hold is unknown.
            return self._layers > 1 or self._has_input()
        return self._inner.get_extra_info(info)


class PooledConnection:
    """A single httpcore connection; httpcore's pool would look at all of them on each request.

    It is opened by its first request.

    Args:
        route: How it is opened.
        network: The network backend below it.
        prefix: ``Async`` for the async classes of httpx and httpcore.

    Attributes:
        network: As given.
        serves_once: Whether it must not be used again, because what is left in it is unknown.
        idle_since: When its last exchange ended, on the monotonic clock.
        interrupted: Whether an exchange is under way, or was broken off by an exception such as a
            signal handler's, which may have left a lock of httpcore's locked.
    """

    interrupted = False

    def __init__(self, route: Route, network: Any, prefix: str = "") -> None:
        settings, proxy, kind = route.settings, route.proxy, "ConnectionPool"
        options: dict[str, Any] = {
            "ssl_context": settings.tls(route.origin),
            "max_connections": 1,
            "keepalive_expiry": KEEPALIVE,
            "network_backend": network,
        }
        if proxy is not None:
            kind = "SOCKSProxy" if proxy.is_socks else "HTTPProxy"
            options["proxy_url"] = httpcore_url(settings.family, proxy.url)
            if proxy.auth is not None:
                options["proxy_auth"] = tuple(secret.reveal().encode() for secret in proxy.auth)
            if proxy.url.scheme == "https":
                options["proxy_ssl_context"] = settings.proxy_tls()
        self.network = network
        self.idle_since = 0.0
        self._route = route
        self._prefix = prefix
        self._method = "handle_async_request" if prefix else "handle_request"
        self._pool = getattr(route.core, f"{prefix}{kind}")(**options)
        origin = httpcore_url(settings.family, settings.family.http.URL(route.origin)).origin
        self._connection = self._pool.create_connection(origin)
        self._adapter = HttpcoreAdapter(settings.family, getattr(self._connection, self._method))
        self._is_open = False
        self._transport: Any = None
        blank = getattr(route.core, f"{prefix}HTTP11Connection")(origin, None)
        shows_surplus = hasattr(self._connection, PATH_TO_H11[0]) and has_read_all(
            getattr(blank, PATH_TO_H11[1], None)
        )
        self.serves_once = route.layers > 1 or not shows_surplus

    def adapter(self) -> HttpxAdapter:
        """Return the adapter that sends over the connection."""
        family = self._route.settings.family
        if self._transport is None:
            # Once it is open, `has_expired()` has looked.
            if self._is_open or family.is_untouched(self._method):
                return self._adapter
            self._transport = self._observed()
        return HttpxAdapter(family, getattr(self._transport, self._method))

    def _observed(self) -> Any:
        """Return an instance of httpx's own class, for tools that mock or observe that class."""
        settings, proxy = self._route.settings, self._route.proxy
        http = settings.family.http
        if proxy is not None:
            auth = proxy.auth and tuple(secret.reveal() for secret in proxy.auth)
            proxy = http.Proxy(proxy.url, auth=auth)
        transport = getattr(http, f"{self._prefix}HTTPTransport")(
            verify=settings.tls(self._route.origin), trust_env=False, proxy=proxy
        )
        if hasattr(transport, POOL_OF_TRANSPORT):
            setattr(transport, POOL_OF_TRANSPORT, self._pool)
        else:
            self.serves_once = True
        return transport

    def is_reusable(self) -> bool:
        """Return whether the last exchange is complete, with no bytes behind it."""
        if self.serves_once or self.interrupted:
            return False
        if self._transport is not None:
            return all(_is_clean(one) for one in self._pool.connections)
        if not _is_clean(self._connection):
            return False
        if not self._is_open:
            # The opener is no longer needed, and its lock costs a round of the event loop.
            self._is_open = True
            opened = getattr(self._connection, PATH_TO_H11[0])
            self._adapter = HttpcoreAdapter(self._adapter.family, getattr(opened, self._method))
        return True

    def has_expired(self) -> bool:
        """Return whether the connection idled too long, or was opened before a tool came.

        It can't be handed to the tool's methods.
        """
        if self._transport is not None:
            return False
        is_untouched = self._route.settings.family.is_untouched(self._method)
        return not is_untouched or self.idle_since < time.monotonic() - KEEPALIVE

    def parts(self) -> list[Any]:
        """Return what has to be closed: httpcore opens nothing outside the network."""
        # Once interrupted, a transport of httpx's might wait for httpcore's locks for ever.
        if self._transport is None or self.interrupted:
            return [self.network]
        return [self.network, self._transport]


def _is_clean(connection: Any) -> bool:
    opened = connection
    for name in PATH_TO_H11:
        opened = getattr(opened, name, None)
    return has_read_all(opened) and bool(connection.is_idle())


class IdleConnections:
    """The pooled connections; the one used last comes first, so that few stay open.

    Attributes:
        closed: Whether no more are kept.
    """

    def __init__(self, *, closed: bool = False) -> None:
        self._connections: deque[PooledConnection] = deque()
        self.closed = closed

    def pop(self) -> PooledConnection | None:
        """Take the connection used last."""
        try:
            return self._connections.pop()
        except IndexError:
            return None

    def push(self, connection: PooledConnection) -> PooledConnection | None:
        """Keep a connection if it can be used again; return one to close."""
        if self.closed or not connection.is_reusable():
            return connection
        connection.idle_since = time.monotonic()
        self._connections.append(connection)
        try:
            oldest = self._connections.popleft()
        except IndexError:  # another thread was faster
            return None
        if oldest.idle_since < connection.idle_since - KEEPALIVE:
            return oldest
        self._connections.appendleft(oldest)
        return None
