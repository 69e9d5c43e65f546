"""Where a client sends its requests: base URLs and paths, checked once."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

import attrs

from .._model.messages import DEFAULT_PORTS
from ..errors import ConfigurationError

__all__ = ["BaseURL", "is_private_name", "parse_base_url", "path_problem"]

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
# The characters that RFC 3986 allows in a path and a query, so that no library rewrites what
# was signed.
PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*")
QUERY = re.compile(r"([A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
# Common servers take no more, and httpx takes little more.
MAX_URL = 16_384
# Names that never resolve on the public internet.
PRIVATE_SUFFIXES = (".internal", ".local", ".localhost", ".test")


@attrs.frozen
class BaseURL:
    """A base URL's parts.

    Attributes:
        origin: Scheme, host and port.
        path: The path before each call's path, without a slash at its end.
    """

    origin: str
    path: str


def parse_base_url(base_url: object, *, allow_insecure_http: bool) -> BaseURL:
    """Check a base URL and split it.

    Raises:
        ConfigurationError: It is not a plain http(s) URL, or is plain http to a host that isn't
            loopback.
    """
    if not isinstance(base_url, str):
        raise ConfigurationError(f"base_url must be a string, not {type(base_url).__name__}")
    if len(base_url) > MAX_URL:
        raise ConfigurationError(f"base_url must have at most {MAX_URL} characters")
    if base_url != base_url.strip():
        raise ConfigurationError("base_url begins or ends with white space or a line break")
    parts, port = _split(base_url)
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("base_url must not contain credentials; pass them to the client")
    if parts.query or parts.fragment or "?" in base_url or "#" in base_url:
        raise ConfigurationError("base_url must not have a query or a fragment")
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    if port == 0:
        raise ConfigurationError("base_url has port 0, on which no server listens")
    if parts.scheme not in DEFAULT_PORTS or not HOST.fullmatch(host):
        raise ConfigurationError("base_url must be like https://host or http://localhost:8000")
    if not base_url.isprintable() or not PATH.fullmatch(parts.path) or _has_dots(parts.path):
        raise ConfigurationError(
            "the path of base_url must be percent-encoded, without '.' and '..' segments"
        )
    if parts.scheme == "http" and not (allow_insecure_http or _is_loopback(parts.hostname or "")):
        raise ConfigurationError(
            f"base_url would send credentials to {host} over plain http; use https, or pass "
            "allow_insecure_http=True for a test server in your own network"
        )
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return BaseURL(f"{parts.scheme}://{host.lower()}{shown}", parts.path.rstrip("/"))


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    return parts, port


def is_private_name(url: object) -> bool:
    """Return whether a URL's host can only be reached within a private network.

    That is a name without a dot, such as a container's, a name under a reserved suffix, or a
    private address.
    """
    host = _split(url)[0].hostname if isinstance(url, str) else None
    if not host:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_SUFFIXES)
    return address.is_private and not address.is_unspecified


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_dots(path: str) -> bool:
    # Percent-encoded ones count as well: servers and proxies decode them before they look.
    segments = path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split("/")
    return any(segment in (".", "..") for segment in segments)


def path_problem(path: object) -> str | None:
    """Return what is wrong with the path of a ``request()``, as a phrase, or ``None``."""
    if not isinstance(path, str):
        return f"must be a string, not {type(path).__name__}"
    if len(path) > MAX_URL:
        return f"must have at most {MAX_URL} characters"
    if not path.startswith("/") or path.startswith("//"):
        return "must start with one slash: requests go only to the client's own base URL"
    route, mark, query = path.partition("?")
    if not PATH.fullmatch(route) or not QUERY.fullmatch(query) or _has_dots(route):
        return "must be percent-encoded, without '.' and '..' segments"
    return "must not end in a lone '?'" if mark and not query else None
