"""The two ways to send a request: through httpx, or through httpcore below it."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeAlias

from .._model.messages import Headers, Request
from .._policy.timeouts import LONGEST, Timeouts
from ..errors import ConfigurationError
from .family import Family
from .progress import CLOSE, PROGRESS, CallersProgress, Progress
from .settings import ConnectionSettings

__all__ = [
    "POOL_OF_TRANSPORT",
    "HttpcoreAdapter",
    "HttpxAdapter",
    "callers_adapter",
    "httpcore_url",
]

# httpx has no public way to choose a transport's network.
POOL_OF_TRANSPORT = "_pool"

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
    |.*(access|assertion|auth|bearer|behalf|cert|challenge|consumer|cookie|cred|crumb|csrf|dpop|hmac
        |hasura|honeycomb|identity|impersonat|jwt|kerberos|key|licen[cs]e|login|macaroon|master
        |mnemonic|negotiate|nonce|ntlm|oidc|pass|phrase|principal|private|proof|pwd|saml|secret
        |seed|sess|sign|spnego|ssl|subscription|sudo|ticket|token|username|wsse|xsrf).*
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


class HttpxAdapter:
    """Passes requests to an httpx transport or client.

    Args:
        family: Whose classes to use.
        handle: The function that sends, sync or async.
        client: The caller's client, whose default headers are sent too.
        progress: Makes the progress of an exchange: that of a caller's connections follows them.
    """

    knows_what_was_sent = False

    def __init__(
        self,
        family: Family,
        handle: Callable[[Any], Any],
        *,
        client: Any = None,
        progress: Callable[[float, str], Progress] = Progress,
    ) -> None:
        self.family = family
        self.handle = handle
        self.progress = progress
        self.is_callers = progress is not Progress
        self._client = client

    def outgoing(self, request: Request, timeouts: Timeouts, left: float) -> Any:
        """Make the library's request.

        Raises:
            ConfigurationError: httpx would send another path than the one that was signed.
        """
        url, _, host = _target(self.family, request.origin, request.route)
        headers = [(b"host", host)]
        if self.is_callers:
            headers.append(CLOSE)
        if self._client is not None:
            ours = request.headers.keys()
            headers += [
                (name, value)
                for name, value in self._client.headers.raw
                if name.lower().decode("latin-1") not in ours and _may_go(name)
            ]
        outgoing = self.family.http.Request(
            request.method,
            url,
            headers=headers + _encoded(request.headers),
            stream=self.family.body_stream(request.body),
            extensions={"timeout": _timeout(timeouts, left)},
        )
        progress = PROGRESS.get()
        if isinstance(progress, CallersProgress):
            outgoing.extensions["trace"] = progress.follow
        outgoing.read()  # some transports use the content, and would stream a request without one
        return outgoing

    def open_response(self, response: Any) -> OpenResponse:
        """Take the response."""
        content = None
        if response.is_closed or response.is_stream_consumed:
            content = response.content
        return response.status_code, response.headers.raw, content


def callers_adapter(settings: ConnectionSettings, handle: str) -> HttpxAdapter:
    """Return the adapter of a caller's client or transport.

    Its method is looked up for each request, as a mock may replace it at any time.
    """
    client, transport = settings.http_client, settings.transport

    def send(outgoing: Any) -> Any:
        if client is None:
            return getattr(transport, handle)(outgoing)
        return client.send(outgoing, **AS_IT_STANDS)

    progress = partial(CallersProgress, is_async="async" in handle)
    return HttpxAdapter(settings.family, send, client=client, progress=progress)


class HttpcoreAdapter(HttpxAdapter):
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
