"""Base URLs, checked and split."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

import attrs

from ..errors import ConfigurationError
from .json import type_of
from .messages import DEFAULT_PORTS
from .paths import ENCODED, MAX_URL, has_encoded_path

__all__ = [
    "BaseURL",
    "is_host_name",
    "is_private_name",
    "parse_base_url",
]

HIGHEST_PORT = 65_535
PORT = re.compile(r"[^/?#]*//[^/?#]*:([0-9]+)(?![^/?#])")
NAME = re.compile(r"(?=[A-Za-z0-9])[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(?<=[A-Za-z0-9])")
ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]+\]")
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

    @property
    def host(self) -> str:
        """The host's name or address, without a port and without brackets."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_exposed(self) -> bool:
        """Whether it is plain http to another machine."""
        return self.origin.startswith("http:") and not _is_loopback(self.host)


def parse_base_url(base_url: object, name: str = "base_url") -> BaseURL:
    """Check the form of a base URL and split it.

    Args:
        base_url: The URL.
        name: What the URL was passed as, for errors.

    Raises:
        ConfigurationError: It is not a plain http(s) URL.
    """
    if not isinstance(base_url, str):
        raise ConfigurationError(f"{name} must be a string, not {type_of(base_url)}")
    if problem := _text_problem(base_url):
        raise ConfigurationError(f"{name} {problem}")
    parts, port = _split(base_url)
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{name} must not contain credentials; pass them to the client")
    if parts.query or parts.fragment or "?" in base_url or "#" in base_url:
        raise ConfigurationError(f"{name} must not have a query or a fragment")
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    if problem := _form_problem(base_url, parts.scheme, host):
        raise ConfigurationError(
            f"{name} must be like https://host or http://localhost:8000: it {problem}"
        )
    if not base_url.isprintable() or not has_encoded_path(parts.path):
        raise ConfigurationError(f"the path of {name} {ENCODED}")
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return BaseURL(f"{parts.scheme}://{host.lower()}{shown}", parts.path.rstrip("/"))


def is_host_name(host: str) -> bool:
    """Return whether a host could have this name, or this IPv4 address."""
    return NAME.fullmatch(host) is not None


def _text_problem(url: str) -> str | None:
    if len(url) > MAX_URL:
        return f"must have at most {MAX_URL} characters"
    if url != url.strip():
        return "begins or ends with whitespace or a line break"
    written = PORT.match(url)
    port = None if written is None else float(written[1])
    if port == 0:
        return "has port 0, on which no server listens"
    return None if port is None or port <= HIGHEST_PORT else f"has a port above {HIGHEST_PORT}"


def _form_problem(url: str, scheme: str, host: str) -> str | None:
    """Return why a URL's scheme and host can't be used; both are empty if it can't be split."""
    if not url:
        return "is empty"
    if "://" not in url:
        return "lacks https:// before the host"
    if scheme in DEFAULT_PORTS:
        if is_host_name(host) or ADDRESS.fullmatch(host):
            return None
        return "has an invalid host" if host else "has no host"
    return "has a scheme other than https and http" if scheme else "has an invalid host or port"


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
