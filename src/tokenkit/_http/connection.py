"""Pooled connections, and which of the idle ones comes next."""

import time
from collections import deque
from typing import Any

import attrs

from .httpx_adapter import ThroughHttpcore, ThroughHttpx, httpcore_url
from .progress import PROGRESS, time_left
from .proxy import Proxy
from .settings import KEEPALIVE, ConnectionSettings

__all__ = ["IdleConnections", "PooledConnection", "Route", "Stream", "open_connection"]

# All that this package uses of other libraries without being promised it. The names are looked
# up when a connection is opened; where one is missing, it serves a single call.
#
# httpcore hands the next caller what stands behind a response, and has no public way to see it:
# this leads from its connections, direct or tunnelled, to h11's, whose `trailing_data` is public.
PATH_TO_H11 = ("_connection", "_h11_state")
# httpx has no public way to choose the network of a transport. One is made only where somebody
# mocks or observes httpx's or httpcore's classes.
POOL_OF_TRANSPORT = "_pool"
# Texts, of which an unknown one says less, and shows nothing: h11's in `response.KNOWN_TEXTS`,
# and the names of events that httpcore logs in `log_filter.HARMLESS`.


@attrs.frozen(eq=False, repr=False)
class Route:
    """How a connection gets to its origin.

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
            ConfigurationError: The environment's proxy cannot be used.
        """
        proxy = settings.proxy_for(origin)
        layers = int(origin.startswith("https:"))
        if proxy is not None and proxy.url.scheme == "https":
            layers += 1
        return cls(settings, origin, proxy, settings.family.core, layers)

    def begin(self, timeout: float | None) -> float:
        """Note who is spoken to first; return the seconds that connecting may take."""
        if self.proxy is not None:
            PROGRESS.get().peer = str(self.proxy)
        return time_left(timeout, self.core.ConnectTimeout)


class Stream:
    """What the streams below httpcore have in common, whatever network is below them."""

    def __init__(self, inner: Any, route: Route) -> None:
        self._inner = inner
        self._route = route
        self._replies = _ProxyReplies(route.core, route.proxy) if route.proxy else None
        self._layers = 0

    def _received(self, data: bytes) -> bytes:
        """Return what httpcore gets of the data that was read."""
        if self._replies is not None:
            return self._replies.take(data)
        if not data:
            PROGRESS.get().ended = True
        return data

    def _note_written(self) -> None:
        """Note that bytes have left, if they are the request's and not for a proxy."""
        if self._layers == self._route.layers:
            PROGRESS.get().wrote()

    def _check_before_tls(self, *, readable: bool) -> None:
        """Note who is spoken to from now on; nothing may have arrived before TLS starts.

        Raises:
            ConnectError: Something has arrived, or the peer has closed.
        """
        if readable or (self._replies is not None and self._replies.held):
            raise self._route.core.ConnectError("the peer closed, or spoke, before TLS")
        if self._layers + 1 == self._route.layers:
            PROGRESS.get().peer = None

    def _has_tls(self) -> None:
        """Note another layer of TLS; the last one leads to the origin."""
        self._layers += 1
        if self._layers == self._route.layers:
            self._replies = None


class _ProxyReplies:
    """Hands on what a proxy replies before TLS starts, so that bytes behind its reply show.

    They would come from the proxy, or from whoever stands before it, and be taken for what the
    origin says.
    """

    def __init__(self, core: Any, proxy: Proxy) -> None:
        self._core = core
        self._is_socks = proxy.is_socks
        self._methods_left = 1 if proxy.auth is None else 2
        self.held = b""

    def limit(self, max_bytes: int) -> int:
        """Return how much may be read now."""
        return 2 if self._is_socks and self._methods_left else max_bytes

    def pop(self) -> bytes:
        """Return what was held back."""
        held, self.held = self.held, b""
        return held

    def take(self, data: bytes) -> bytes:
        """Take what was read; return what httpcore gets of it.

        The last byte is held back: httpcore asks for it only if the reply did not end before.

        Raises:
            ProxyError: A SOCKS proxy's reply is malformed.
        """
        if self._is_socks:
            return self._taken_from_socks(data)
        if len(data) > 1:
            data, self.held = data[:-1], data[-1:]
        return data

    def _taken_from_socks(self, data: bytes) -> bytes:
        if self._methods_left:
            self._methods_left -= 1
            if len(data) == 2 and data[0] in (1, 5) and data[1] in (0, 1, 2, 0xFF):  # noqa: PLR2004 - RFC 1928
                return data
        elif len(data) > 4 and data[0] == 5 and data[1] <= 8:  # noqa: PLR2004 - RFC 1928
            end = {1: 10, 3: 7 + data[4], 4: 22}.get(data[3], len(data) + 1)
            if len(data) >= end:
                self.held = data[end:]
                # The address that the proxy has bound is of no use to anybody.
                return data[:3] + b"\x01" + bytes(6)
        raise self._core.ProxyError("the SOCKS proxy's reply is malformed or cut short")


@attrs.define(eq=False, repr=False)
class PooledConnection:
    """A single connection of httpcore's; its pool would look at each of many on every request.

    Attributes:
        route: How it is opened, by its first request.
        prefix: ``Async`` for the async classes of httpx and httpcore.
        network: The network backend below it.
        pool: What makes the connection.
        connection: The connection.
        transport: What stands for it where somebody mocks or observes httpx's transports.
        serves_once: Whether it must not be used again: nobody can tell what is left in it.
        idle_since: When its last exchange ended, on the monotonic clock.
    """

    route: Route
    prefix: str
    network: Any
    pool: Any
    connection: Any
    transport: Any = None
    serves_once: bool = False
    idle_since: float = 0.0
    _h11: Any = None

    def way(self) -> ThroughHttpx:
        """Return how to send over the connection."""
        family = self.route.settings.family
        name = "handle_async_request" if self.prefix else "handle_request"
        if self.transport is None and family.is_untouched(name):
            return ThroughHttpcore(family, getattr(self.connection, name))
        return ThroughHttpx(family, getattr(self._observed(), name))

    def _observed(self) -> Any:
        """Return an instance of httpx's own class, for what mocks or observes that class."""
        if self.transport is None:
            http = self.route.settings.family.http
            self.transport = getattr(http, f"{self.prefix}HTTPTransport")(
                verify=self.route.settings.tls(self.route.origin),
                trust_env=False,
                proxy=_httpx_proxy(http, self.route.proxy),
            )
            if hasattr(self.transport, POOL_OF_TRANSPORT):
                setattr(self.transport, POOL_OF_TRANSPORT, self.pool)
            else:
                self.serves_once = True
        return self.transport

    def is_reusable(self) -> bool:
        """Return whether the last exchange came to its end, and nothing stands behind it."""
        if self.serves_once or self.network.serves_once:
            return False
        if self.transport is not None:
            kept = self.pool.connections
            return all(one.is_idle() and _has_read_all(_h11_of(one)) for one in kept)
        if self._h11 is None:
            self._h11 = _h11_of(self.connection)
        return _has_read_all(self._h11) and bool(self.connection.is_idle())

    def has_expired(self) -> bool:
        """Return whether the connection idled too long, was closed, or holds surplus bytes."""
        return self.transport is None and bool(self.connection.has_expired())

    def parts(self) -> list[Any]:
        """Return what has to be closed."""
        return [one for one in (self.connection, self.pool, self.transport) if one is not None]


def _httpx_proxy(http: Any, proxy: Proxy | None) -> Any:
    if proxy is None:
        return None
    auth = proxy.auth and tuple(secret.reveal() for secret in proxy.auth)
    return http.Proxy(proxy.url, auth=auth)


def _h11_of(connection: Any) -> Any:
    for name in PATH_TO_H11:
        connection = getattr(connection, name, None)
    return connection


def _has_read_all(h11_connection: Any) -> bool:
    return getattr(h11_connection, "trailing_data", None) == (b"", False)


def open_connection(route: Route, network: Any, prefix: str = "") -> PooledConnection:
    """Make a connection; it is opened by the first request.

    Raises:
        ConfigurationError: The environment has changed, and is of no use any more.
    """
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
    pool = getattr(route.core, f"{prefix}{kind}")(**options)
    url = httpcore_url(settings.family, settings.family.http.URL(route.origin))
    connection = pool.create_connection(url.origin)
    blank = getattr(route.core, f"{prefix}HTTP11Connection")(url.origin, None)
    shows_surplus = hasattr(connection, PATH_TO_H11[0]) and _has_read_all(
        getattr(blank, PATH_TO_H11[1], None)
    )
    return PooledConnection(
        route, prefix, network, pool, connection, serves_once=not shows_surplus
    )


class IdleConnections:
    """Idle connections; the one used last comes first, so that few stay open.

    Attributes:
        closed: Whether none is kept any more.
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
        """Keep a connection if it can be used again; return one that is to be closed."""
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
