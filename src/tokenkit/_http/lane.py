"""A single connection, as a transport of httpx's."""

from typing import Any, cast

import attrs

from ..errors import ConfigurationError
from .family import Family
from .own import OwnSettings
from .ways import ThroughHttpcore, ThroughHttpx, Way

__all__ = ["KEEPALIVE", "Lane", "open_lane"]

# Balancers commonly close what has idled for a minute.
KEEPALIVE = 55.0
DEFAULT_PORTS = {b"https": 443, b"http": 80}


@attrs.define(eq=False, repr=False)
class Lane:
    """A transport with a single connection.

    The pool in httpx's transports looks at each of its connections on every request.

    Attributes:
        transport: The transport, an instance of httpx's own class, so that what mocks or
            observes that class keeps working.
        network: The network backend below it.
        connection: Its connection; ``None`` behind a proxy.
        pool: The pool of one that keeps its connection behind a proxy.
        idle_since: When its last exchange ended, on the monotonic clock.
    """

    transport: Any
    network: Any
    connection: Any = None
    pool: Any = None
    idle_since: float = 0.0

    def way(self, family: Family) -> Way:
        """Return how to send over the lane."""
        name, _ = family.methods[type(self.transport)]
        if self.connection is not None and family.is_untouched(self.transport):
            return ThroughHttpcore(family, getattr(self.connection, name))
        return ThroughHttpx(family, getattr(self.transport, name))

    def is_clean(self) -> bool:
        """Tell whether the last exchange came to its end."""
        if self.pool is None:
            return bool(self.connection.is_idle())
        return all(connection.is_idle() for connection in self.pool.connections)

    def has_expired(self) -> bool:
        """Tell whether the connection idled too long, or was closed by the server."""
        return self.pool is None and bool(self.connection.has_expired())


def open_lane(settings: OwnSettings, network: Any, prefix: str = "") -> Lane:
    """Make a lane; its connection is opened by the first request.

    Args:
        settings: How to open it.
        network: The network backend to use.
        prefix: ``Async`` for the async classes of httpx and httpcore.

    Raises:
        ConfigurationError: The proxy cannot be used.
    """
    proxy, context = settings.proxy_url(), settings.tls()
    transport = _transport(settings.family, f"{prefix}HTTPTransport", context, proxy)
    # httpx has no public way to choose a transport's connections or network. Its transports
    # have had this attribute in every release since 0.28, httpx2's as well; a test holds it.
    attributes = cast("dict[str, Any]", vars(transport))
    if proxy is not None:
        vars(attributes["_pool"])["_network_backend"] = network
        return Lane(transport, network, pool=attributes["_pool"])
    url, core = settings.family.http.URL(settings.origin), settings.family.core
    connection = getattr(core, f"{prefix}HTTPConnection")(
        core.Origin(url.raw_scheme, url.raw_host, url.port or DEFAULT_PORTS[url.raw_scheme]),
        ssl_context=context,
        keepalive_expiry=KEEPALIVE,
        network_backend=network,
    )
    attributes["_pool"] = connection
    return Lane(transport, network, connection)


def _transport(family: Family, class_name: str, context: object, proxy: str | None) -> Any:
    http = family.http
    limits = http.Limits(max_connections=1, keepalive_expiry=KEEPALIVE)
    try:
        return getattr(http, class_name)(
            verify=context, trust_env=False, limits=limits, proxy=proxy
        )
    except (ImportError, ValueError, http.InvalidURL):
        pass
    raise ConfigurationError(
        "the proxy cannot be used: it must be like http://host:port or https://host:port "
        "(socks5:// needs the package socksio)"
    )
