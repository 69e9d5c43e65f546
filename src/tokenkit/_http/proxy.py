"""The proxy between a client and an origin: the caller's, the environment's or none."""

import ipaddress
import re
from contextlib import suppress
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import attrs

from .._model.messages import DEFAULT_PORTS
from .._secret import Secret
from ..errors import ConfigurationError
from .family import Family

__all__ = ["Proxy", "parse_proxy", "proxy_of_environment"]

PORTS = 65_535
PROXY_PORT = f"has a port outside 1 to {PORTS}"
PROXY_FORMS = "must be like http://host:port, https://host:port or socks5://host:port"

# Scheme, host and port; an IPv6 address in brackets, or without a port.
NO_PROXY_ENTRY = re.compile(r"(?:(.*)://)?(\[.*\]|[^:]*|.*:.*:.*)(?::([0-9]+))?")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Proxy:
    """A proxy.

    Attributes:
        url: Its URL, without user and password.
        auth: User and password.
    """

    url: Any
    auth: tuple[Secret, Secret] | None

    def __str__(self) -> str:
        return f"proxy {self.url.scheme}://{self.url.netloc.decode('ascii')}"

    @property
    def is_socks(self) -> bool:
        return str(self.url.scheme).startswith("socks")


def proxy_of_environment(family: Family, origin: str) -> Proxy | None:
    """Choose the proxy for an https origin by ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    proxies = getproxies()
    parts = urlsplit(origin)
    port = parts.port or DEFAULT_PORTS["https"]
    for name in ("https", "all"):
        if proxies.get(name):
            break
    else:
        return None
    if _is_excepted(proxies.get("no", ""), parts.hostname or "", port):
        return None
    url = proxies.pop(name)
    proxy = parse_proxy(family, url if "://" in url else f"http://{url}")
    del url, proxies  # they may contain passwords, and error reports show this frame
    if isinstance(proxy, str):
        raise ConfigurationError(f"{name.upper()}_PROXY {proxy}")
    return proxy


def parse_proxy(family: Family, url: str) -> Proxy | str:
    """Parse a proxy's URL, or return what is wrong with it, without any password in it."""
    try:
        parsed = family.http.Proxy(url)
    except (ValueError, family.http.InvalidURL):
        return PROXY_FORMS
    if not parsed.url.host:
        return PROXY_FORMS
    # httpx accepts any number, and the operating system takes it modulo 65536.
    if parsed.url.port is not None and not 0 < parsed.url.port <= PORTS:
        return PROXY_PORT
    if parsed.url.scheme.startswith("socks") and find_spec("socksio") is None:
        return "needs the package socksio; run python -m pip install socksio"
    auth = None
    if parsed.auth is not None:
        user, password = parsed.auth
        auth = (Secret(user), Secret(password))
    return Proxy(url=parsed.url, auth=auth)


def _is_excepted(exceptions: str, host: str, port: int) -> bool:
    """Return whether ``NO_PROXY`` names a host, in the forms that httpx knows, or its network."""
    entries = (entry.strip().lower() for entry in exceptions.split(","))
    return any(entry and _names(entry, host, port) for entry in entries)


def _names(entry: str, host: str, port: int) -> bool:
    found = NO_PROXY_ENTRY.fullmatch(entry)
    scheme, name, wanted = found.groups() if found else ("", "", "")
    if scheme not in (None, "https", "all") or wanted not in (None, str(port)):
        return False
    name = name.strip("[]")
    if name == "*":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    if name.startswith(("*", ".")):
        return host.endswith(name.removeprefix("*"))
    exact = scheme is not None or name == "localhost"
    return host == name or (not exact and host.endswith(f".{name}"))
