"""The two ways to send a request: through httpx, or through httpcore below it."""

import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeAlias
from weakref import WeakSet

from .._model.messages import Headers, Request
from .._policy.timeouts import LONGEST, Timeouts
from ..errors import ConfigurationError
from .family import Family
from .progress import PROGRESS
from .settings import ConnectionSettings

__all__ = [
    "POOL_OF_TRANSPORT",
    "ThroughHttpcore",
    "ThroughHttpx",
    "at",
    "has_read_all",
    "httpcore_url",
    "mark_unclean",
    "through_callers",
]

# From a caller's client to its transport for a URL, and from there to httpcore's pool.
MOUNTS = "_mounts"
CHOOSE_TRANSPORT = "_transport_for_url"
POOL_OF_TRANSPORT = "_pool"
# From the response of a caller's transport to httpcore's stream of its connection; a client, and
# httpcore's networks, wrap one stream more. `ENDED` says that it has given its connection back.
PATH_FROM_RESPONSE = ("_httpcore_stream", "_stream")
PATH_FROM_STREAM = ("_connection", "_h11_state")
WRAPPED_STREAM, ENDED = "_stream", "_closed"
# What anyio's and trio's TLS, and anyio's sockets, have received but not passed on.
READ_BIOS = ("_read_bio", "_incoming")
READ_QUEUE = ("_protocol", "read_queue")

# The callers' transports whose connections have shown what is left behind a response.
SHOWING: WeakSet[Any] = WeakSet()

# Zero would make a socket non-blocking.
SHORTEST_STEP = 0.001
# How a caller's client must send: its auth, redirects and default parameters would change the
# signed request.
AS_IT_STANDS: dict[str, Any] = {"stream": True, "auth": None, "follow_redirects": False}
# A caller's client may be shared: its credentials are another service's, its framing is not that
# of our body, and what changes a request's meaning would change the call.
NOT_OURS = re.compile(
    r"""
    a-im|accept-charset|connection|early-data|expect|forwarded|host|keep-alive|max-forwards
    |prefer|range|te|trailer|upgrade|via
    |(content|if|proxy|transfer|upgrade|want|x-forwarded|x-original|x-rewrite)-.*
    |.*(digest|method|override).*
    |.*(access|assertion|auth|bearer|behalf|cert|challenge|consumer|cookie|cred|csrf|dpop|hmac
        |honeycomb|identity|impersonat|jwt|kerberos|key|licen[cs]e|login|macaroon|nonce|oidc|pass
        |principal|private|proof|pwd|saml|secret|sess|sign|ssl|ticket|token|username|xsrf).*
    |(.*[-_])?(2fa|act-as|api|basic|code|dsn|mac|mfa|otp|pat|pin|psk|pw|sas|sid|sso|tfa|totp
        |user)([-_].*)?
    """,
    re.VERBOSE,
)


# Status, headers and, if the response was read by a hook or a transport, its decoded body.
OpenResponse: TypeAlias = tuple[int, list[tuple[bytes, bytes]], bytes | None]


@lru_cache(maxsize=256)
def _target(family: Family, origin: str, route: str) -> tuple[Any, Any, bytes]:
    """Return a request's URL for httpx and for httpcore, and its host.

    This is cached, as parsing a URL takes longer than the rest of a request.

    Raises:
        ConfigurationError: httpx would send another path than the one that was signed.
    """
    with suppress(family.http.InvalidURL):
        url = family.http.URL(origin + route)
        if url.raw_path.decode("ascii") == route:
            return url, httpcore_url(family, url), url.netloc
    raise ConfigurationError(f"httpx would change the URL {origin + route!r}")


def httpcore_url(family: Family, url: Any) -> Any:
    """Convert httpx's URL to httpcore's."""
    return family.core.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _timeout(timeouts: Timeouts, left: float) -> dict[str, float]:
    longest = min(max(left, SHORTEST_STEP), LONGEST)
    return {
        "connect": min(timeouts.connect, longest),
        "read": min(timeouts.read, longest),
        "write": min(timeouts.write, longest),
        "pool": longest,
    }


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class ThroughHttpx:
    """Passes requests to an httpx transport or client.

    Args:
        family: Whose classes to use.
        handle: The function that sends, sync or async.
        client: The caller's client, whose default headers are sent too.
        follow: The method of ``Progress`` that follows a request through a caller's connections.

    Attributes:
        owner: The caller's client or transport.
    """

    knows_what_was_sent = False

    def __init__(
        self,
        family: Family,
        handle: Callable[[Any], Any],
        *,
        owner: Any = None,
        client: Any = None,
        follow: str | None = None,
    ) -> None:
        self.family = family
        self.handle = handle
        self.owner = owner
        self.follow = follow
        self._client = client

    def _follow_callers(self, url: Any) -> bool:
        """Record the caller's transport for a request; return whether its connection may be kept.

        A hook, a mock or a class of the caller's may read the response, and send another request
        before it is looked at.
        """
        progress, client, family = PROGRESS.get(), self._client, self.family
        transport = self.owner if client is None else self._chosen_transport(url)
        pool = _own(transport, POOL_OF_TRANSPORT)
        progress.has_proxy = type(pool).__name__.endswith("Proxy")
        is_direct = family.is_direct(transport if client is None else client, transport, pool)
        if is_direct and (client is None or not client.event_hooks["response"]):
            progress.transport = transport
        progress.closes = progress.transport not in SHOWING
        return not progress.closes

    def _chosen_transport(self, url: Any) -> Any:
        """Return the transport of the caller's client for a URL; ``None`` if it isn't known."""
        http = self.family.http
        kind = http.AsyncClient if self.follow == "follow_async" else http.Client
        choose: Any = getattr(kind, CHOOSE_TRANSPORT, None)
        is_complete = _own(self._client, MOUNTS) is not None
        return choose(self._client, url) if choose is not None and is_complete else None

    def outgoing(self, request: Request, timeouts: Timeouts, left: float) -> Any:
        """Make the library's request.

        Raises:
            ConfigurationError: httpx would send another path than the one that was signed.
        """
        url, _, host = _target(self.family, request.origin, request.route)
        headers = [(b"host", host)]
        if self.follow is not None and not self._follow_callers(url):
            headers.append((b"connection", b"close"))
        if self._client is not None:
            headers += [
                (name, value)
                for name, value in self._client.headers.raw
                if _may_go(name) and name.decode("latin-1") not in request.headers
            ]
        outgoing = self.family.http.Request(
            request.method,
            url,
            headers=headers + _encoded(request.headers),
            stream=self.family.body_stream(request.body),
            extensions={"timeout": _timeout(timeouts, left)},
        )
        if self.follow is not None:
            outgoing.extensions["trace"] = getattr(PROGRESS.get(), self.follow)
        outgoing.read()  # some transports use the content, and would stream a request without one
        return outgoing

    def open_response(self, response: Any) -> OpenResponse:
        """Take the response."""
        content = None
        if response.is_closed or response.is_stream_consumed:
            content = response.content
        return response.status_code, response.headers.raw, content


def through_callers(settings: ConnectionSettings, handle: str) -> ThroughHttpx:
    """Return how to send through a caller's client or transport."""
    client = settings.http_client
    follow = "follow_async" if "async" in handle else "follow"
    if client is None:
        owner = settings.transport
        return ThroughHttpx(settings.family, getattr(owner, handle), owner=owner, follow=follow)
    send = partial(client.send, **AS_IT_STANDS)
    return ThroughHttpx(settings.family, send, owner=client, client=client, follow=follow)


class ThroughHttpcore(ThroughHttpx):
    """Passes requests to an httpcore connection.

    httpx's requests and responses only wrap httpcore's; making them takes a sixth of an exchange.
    """

    knows_what_was_sent = True

    def outgoing(self, request: Request, timeouts: Timeouts, left: float) -> Any:
        """Make the library's request."""
        _, url, host = _target(self.family, request.origin, request.route)
        outgoing = self.family.core.Request(
            request.method,
            url,
            content=self.family.body_stream(request.body),
            extensions={"timeout": _timeout(timeouts, left)},
        )
        # The constructor would check once more that each name and value is bytes.
        outgoing.headers = [(b"host", host), *_encoded(request.headers)]
        return outgoing

    def open_response(self, response: Any) -> OpenResponse:
        """Take the response."""
        return response.status, response.headers, None


@lru_cache(maxsize=256)
def _may_go(name: bytes) -> bool:
    """Return whether a caller's default header may be sent; each call asks for the same few."""
    return NOT_OURS.fullmatch(name.decode("latin-1").lower()) is None


def mark_unclean(way: ThroughHttpx, response: Any) -> None:
    """Let httpcore close a caller's connection with its response if bytes may be left behind it.

    Only a connection of a transport that the request went to directly may be kept. One that was
    given back before may serve another call already: if it holds something, it takes no further
    request. HTTP/2 says whose each byte is.
    """
    if way.follow is None or response.extensions.get("http_version") == b"HTTP/2":
        return
    transport = PROGRESS.get().transport
    stream = at(getattr(response.stream, WRAPPED_STREAM, response.stream), PATH_FROM_RESPONSE)
    h11_connection = at(stream, PATH_FROM_STREAM)
    was_given_back = getattr(stream, ENDED, True)
    if transport is not None:
        is_shown = h11_connection is not None and not was_given_back
        (SHOWING.add if is_shown else SHOWING.discard)(transport)
    if h11_connection is None:
        return
    network = response.extensions.get("network_stream")
    is_clean = has_read_all(h11_connection) and _is_drained_below(network)
    if not is_clean or (transport is None and not was_given_back):
        h11_connection.send_failed()


def _is_drained_below(network: Any) -> bool:
    """Return whether the streams below h11 hold nothing; ``False`` if that can't be told.

    What TLS within TLS holds is unknown.
    """
    if not hasattr(network, "get_extra_info"):
        return False
    tls = network.get_extra_info("ssl_object")
    is_read = tls is None or not tls.pending()
    if not hasattr(network, "aclose"):
        # TLS on a socket leaves what it hasn't decrypted there, where the pool sees it.
        return is_read and not isinstance(tls, ssl.SSLObject)
    stream = getattr(network, WRAPPED_STREAM, None)
    if tls is not None:
        held = [getattr(stream, name) for name in READ_BIOS if hasattr(stream, name)]
        if not held or held[0].pending:
            return False
        stream = getattr(stream, "transport_stream", None)
    queue = at(stream, READ_QUEUE)
    if type(stream).__module__.startswith("trio"):
        queue = ()  # it has none
    return is_read and not hasattr(stream, "transport_stream") and queue is not None and not queue


def _own(value: Any, name: str) -> Any:
    """Return an attribute of an object's own, without calling a property or a mock."""
    return getattr(value, "__dict__", {}).get(name)


def at(start: Any, path: Sequence[str]) -> Any:
    """Follow attributes; return ``None`` if one is missing."""
    for name in path:
        start = getattr(start, name, None)
    return start


def has_read_all(h11_connection: Any) -> bool:
    """Return whether h11 holds no bytes."""
    return getattr(h11_connection, "trailing_data", None) == (b"", False)
