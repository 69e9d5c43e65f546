"""Where a client sends its requests: base URLs and paths, checked once."""

import ipaddress
import re
from urllib.parse import urlsplit

import attrs

from .._model.messages import DEFAULT_PORTS
from ..errors import ConfigurationError, FieldError, InvalidInputError

__all__ = ["BaseURL", "check_path", "parse_base_url"]

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
# What RFC 3986 lets stand in a path and a query, so that no library rewrites what was signed.
PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*")
QUERY = re.compile(r"([A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
# What common servers take; httpx takes not much more.
MAX_URL = 16_384


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
    """Check a base URL and take it apart.

    Raises:
        ConfigurationError: It is no plain http(s) URL, or plain http to a host that isn't
            loopback.
    """
    if not isinstance(base_url, str):
        raise ConfigurationError(f"base_url must be text, not {type(base_url).__name__}")
    if len(base_url) > MAX_URL:
        raise ConfigurationError(f"base_url must have at most {MAX_URL} characters")
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("base_url must not hold credentials; pass them to the client")
    if parts.query or parts.fragment or "?" in base_url or "#" in base_url:
        raise ConfigurationError("base_url must not have a query or a fragment")
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    if parts.scheme not in DEFAULT_PORTS or not HOST.fullmatch(host):
        raise ConfigurationError("base_url must be like https://host or http://localhost:8000")
    if not base_url.isprintable() or not PATH.fullmatch(parts.path) or _has_dots(parts.path):
        raise ConfigurationError("base_url's path must be plain and percent-encoded")
    if parts.scheme == "http" and not (allow_insecure_http or _is_loopback(parts.hostname or "")):
        raise ConfigurationError(
            f"base_url would send credentials to {host} over plain http; use https, or "
            "allow_insecure_http=True for a test server in a network of your own"
        )
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return BaseURL(f"{parts.scheme}://{host.lower()}{shown}", parts.path.rstrip("/"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_dots(path: str) -> bool:
    return any(segment in (".", "..") for segment in path.split("/"))


def check_path(path: object) -> None:
    """Check the path of a request that has no model.

    Raises:
        InvalidInputError: It is not a plain path with an optional query.
    """
    problem = None
    if not isinstance(path, str):
        problem = f"must be text, not {type(path).__name__}"
    elif len(path) > MAX_URL:
        problem = f"must have at most {MAX_URL} characters"
    elif not path.startswith("/") or path.startswith("//"):
        problem = "must start with one slash: only the client's own base URL is reached"
    else:
        route, mark, query = path.partition("?")
        if not PATH.fullmatch(route) or not QUERY.fullmatch(query) or _has_dots(route):
            problem = "must be percent-encoded, without '.' and '..' segments"
        elif mark and not query:
            problem = "must not end in a lone '?'"
    if problem is not None:
        raise InvalidInputError("request()", (FieldError(field="path", message=problem),))
