"""The proxy between a client and an origin: the caller's, the environment's or none."""

import ipaddress
from contextlib import suppress
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import attrs

from .._model.base_url import is_host_name
from .._model.messages import DEFAULT_PORTS
from .._secret import Secret
from ..errors import ConfigurationError
from .family import Family

__all__ = ["Proxy", "choose_proxy", "parse_proxy"]

PORTS = 65_535
PROXY_PORT = f"has a port outside 1 to {PORTS}"
LONGEST_SOCKS_TEXT = 255  # RFC 1929: each has one byte for its length
PROXY_FORMS = "must be like http://host:port, https://host:port or socks5://host:port"


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


def choose_proxy(
    family: Family, origin: str, callers: Proxy | None, *, trust_env: bool
) -> Proxy | None:
    """Choose the proxy to an origin; plain http never goes through one, which could read it.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    if origin.startswith("http:"):
        return None
    return _of_environment(family, origin) if callers is None and trust_env else callers


def _of_environment(family: Family, origin: str) -> Proxy | None:
    """Choose the proxy for an https origin by ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    proxies = getproxies()
    parts = urlsplit(origin)
    port = parts.port or DEFAULT_PORTS["https"]
    name = next((one for one in ("https", "all") if proxies.get(one)), None)
    if name is None:
        return None
    entries = [entry.strip() for entry in proxies.get("no", "").split(",")]
    host = parts.hostname or ""
    if "*" in entries or any(_excepts(family, one, name, host, port) for one in entries if one):
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
    except ValueError:
        scheme = "another scheme" if "://" in url else "no scheme"
        return f"{PROXY_FORMS}: it {f'has {scheme}' if url else 'is empty'}"
    except family.http.InvalidURL:
        return f"{PROXY_FORMS}: it has an invalid host or port"
    if problem := _url_problem(parsed.url):
        return problem
    is_socks = parsed.url.scheme.startswith("socks")
    if is_socks and find_spec("socksio") is None:
        return "needs the package socksio; run python -m pip install socksio"
    if is_socks and any(len(one.encode()) > LONGEST_SOCKS_TEXT for one in parsed.auth or ()):
        return f"has a user or password above SOCKS5's limit of {LONGEST_SOCKS_TEXT} bytes"
    auth = parsed.auth and (Secret(parsed.auth[0]), Secret(parsed.auth[1]))
    return Proxy(url=parsed.url, auth=auth)


def _url_problem(url: Any) -> str | None:
    host = url.raw_host.decode("ascii")
    # The library has checked addresses with colons; a dot at the end keeps a name as it is.
    if ":" not in host and not is_host_name(host.removesuffix(".")):
        return f"{PROXY_FORMS}: it has {'an invalid' if host else 'no'} host"
    if url.raw_path not in (b"", b"/") or url.fragment:
        return f"{PROXY_FORMS}, without a path, query or fragment"
    # httpx accepts any number, and the operating system takes it modulo 65536.
    return None if url.port is None or 0 < url.port <= PORTS else PROXY_PORT


def _excepts(family: Family, entry: str, variable: str, host: str, port: int) -> bool:
    """Return whether an entry of ``NO_PROXY`` names a host as httpx reads it, or its network."""
    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    if "://" not in entry:
        is_exact = entry.lower() == "localhost" or entry.startswith("[")
        entry = f"all://{entry}" if is_exact else f"all://*{entry.removeprefix('*')}"
    try:
        pattern = family.http.URL(entry)
    except family.http.InvalidURL:
        return False
    if pattern.scheme not in ("https", "all") or pattern.port not in (None, port):
        return False
    name = pattern.raw_host.decode("ascii")
    if name in ("", "*"):
        # What is for every host loses against the variable, unless it replaces or narrows it.
        narrows = pattern.port is not None or (pattern.scheme, variable) == ("https", "all")
        return narrows or (not name and pattern.scheme == variable)
    if name.startswith("*."):
        return host.endswith(name[1:])
    return f".{host}".endswith(f".{name[1:]}") if name.startswith("*") else host == name
