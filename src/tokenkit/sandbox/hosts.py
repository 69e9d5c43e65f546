"""The host names that the sandbox serves.

If a site's name resolves to this machine, a browser lets that site's pages call the sandbox. Their
requests have the site's name as ``Host``, and are refused.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

import attrs
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import ConfigurationError

__all__ = ["LOOPBACK_ORIGIN", "HostGuard", "host_of", "is_loopback", "origin"]

LOOPBACK_ORIGIN = r"https?://(([\w-]+\.)*localhost|127(\.\d+){3}|\[::1\])(:\d+)?"
"""The origins of pages from this machine, under any loopback name and on any port."""


@attrs.frozen
class HostGuard:
    """Refuse requests for other hosts.

    Args:
        app: Handles the rest.
        names: Names of this host in addition to loopback ones and the connection's address.
    """

    app: ASGIApp
    names: Collection[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it with a 421."""
        app: ASGIApp = self.app
        if not self._is_here(_host(HttpRequest(scope).headers.get("host", "")), scope):
            text = "The sandbox serves loopback names only; add another with --advertise http://NAME:PORT."
            app = PlainTextResponse(text, 421)
        await app(scope, receive, send)

    def _is_here(self, host: str, scope: Scope) -> bool:
        return is_loopback(host) or host in self.names or host == scope["server"][0]


def origin(url: object) -> str:
    """Check an advertised origin, and return it without a trailing slash.

    Raises:
        ConfigurationError: It is not an origin.
    """
    text = url if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        plain = parts.port != 0 and parts.path in {"", "/"} and not (parts.query or parts.fragment)
    except ValueError:
        parts, plain = urlsplit(""), False
    if not plain or parts.scheme not in {"http", "https"} or not parts.hostname or "@" in text:
        raise ConfigurationError(
            "advertise must be like http://sandbox:8700, without a user, path or query"
        )
    return text.rstrip("/")


def host_of(url: str) -> str:
    """Return the host of a URL, in lower case and without brackets."""
    return urlsplit(url).hostname or ""


def is_loopback(host: str) -> bool:
    """Return whether a host, in lower case and without brackets, is a loopback name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(header: str) -> str:
    try:
        return host_of(f"//{header}")
    except ValueError:
        return ""
