"""How to open connections: options and environment, checked when a client is built."""

import os
import re
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import Any

import attrs
from typing_extensions import Self

from .._model.json import type_of
from .._policy.values import quoted, switch_problem
from ..errors import ConfigurationError
from .family import DEFAULT_FAMILY, Family, family_of, load_family
from .proxy import Proxy, parse_proxy, proxy_of_environment

__all__ = ["KEEPALIVE", "MAX_CONNECTIONS", "ConnectionSettings"]

MAX_CONNECTIONS = 100
# Load balancers commonly close connections that were idle for a minute.
KEEPALIVE = 55.0
# The names that OpenSSL requires of certificates in a directory.
HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")

KEPT = ("ssl_context", "http_client", "transport")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConnectionSettings:
    """The settings of a client's connections.

    Attributes:
        family: The library to send with.
        ssl_context: The caller's TLS settings.
        proxy: The caller's proxy.
        trust_env: Whether to use the environment's proxy, CA and key log variables.
        http_client: The caller's client.
        transport: The caller's transport.
        environment_tls: The TLS settings from the environment, if it is used.
    """

    family: Family
    ssl_context: ssl.SSLContext | None = None
    proxy: Proxy | None = None
    trust_env: bool = True
    http_client: Any = None
    transport: Any = None
    environment_tls: ssl.SSLContext | None = None

    @classmethod
    def parse(
        cls, options: Mapping[str, Any], *, is_async: bool
    ) -> "tuple[Self | None, tuple[str, ...]]":
        """Check a client's options; return the settings and all problems, each with its option.

        Args:
            options: The client's options; others are ignored.
            is_async: Whether the client is async.
        """
        given = {name: value for name, value in options.items() if value is not None}
        family, problems = _family(given, is_async=is_async)
        problems = [*_wrong_kinds(given), *_conflicts(given), *problems]
        if family is None:
            return None, tuple(problems)
        url = given.get("proxy")
        proxy = parse_proxy(family, url) if isinstance(url, str) else None
        if isinstance(proxy, str):
            problems.append(f"proxy {proxy}")
            proxy = None
        environment_tls = _environment_tls(family) if _uses_environment(given, proxy) else None
        if isinstance(environment_tls, str):
            problems.append(environment_tls)
            environment_tls = None
        # A proxy that can't be used keeps the environment's from being checked, too.
        is_settled = proxy is not None or url is None
        settings = cls(
            family=family,
            proxy=proxy,
            trust_env=is_settled and given.get("trust_env", True) is True,
            environment_tls=environment_tls,
            **{name: given[name] for name in KEPT if name in given},
        )
        return settings, tuple(problems)

    def tls(self, origin: str) -> ssl.SSLContext:
        """Return the TLS settings for an origin."""
        if origin.startswith("http:"):
            # It would accept no certificate, and needs none.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return self.ssl_context or self.default_tls()

    def default_tls(self) -> ssl.SSLContext:
        """Return the TLS settings if the caller gave none."""
        # gevent and truststore replace the class.
        return self.environment_tls or _context(self.family, ssl.SSLContext, "", "", None, "")

    def proxy_tls(self) -> ssl.SSLContext:
        """Return the TLS settings for an https proxy: never those for the origin.

        Raises:
            ConfigurationError: The environment names something unusable.
        """
        if not self.trust_env:
            return self.default_tls()
        if isinstance(problem := _environment_tls(self.family), str):
            raise ConfigurationError(problem)
        context: ssl.SSLContext = self.family.core.default_ssl_context()
        return context

    def proxy_for(self, origin: str) -> Proxy | None:
        """Choose the proxy; plain http never goes through one, which could read it.

        Raises:
            ConfigurationError: The environment's proxy cannot be used.
        """
        if origin.startswith("http:"):
            return None
        if self.proxy is not None or not self.trust_env:
            return self.proxy
        return proxy_of_environment(self.family, origin)

    def check_proxy(self, origin: str) -> None:
        """Check that the client's own connections, if it makes any, can choose their proxy.

        Raises:
            ConfigurationError: The environment's proxy, or its TLS settings, cannot be used.
        """
        if self.http_client is None and self.transport is None:
            proxy = self.proxy_for(origin)
            if proxy is not None and proxy.url.scheme == "https":
                self.proxy_tls()


def _wrong_kinds(given: Mapping[str, Any]) -> Iterator[str]:
    if problem := switch_problem(given.get("trust_env", True)):
        yield f"trust_env {problem}"
    # truststore.inject_into_ssl() and gevent replace the class; contexts made before still work.
    classes = tuple(kind for kind in ssl.SSLContext.__mro__ if kind is not object)
    if "ssl_context" in given and not isinstance(given["ssl_context"], classes):
        yield f"ssl_context must be an ssl.SSLContext, not {type_of(given['ssl_context'])}"
    if not isinstance(given.get("proxy", ""), str):
        yield f"proxy must be a string such as 'http://host:port', not {type_of(given['proxy'])}"


def _conflicts(given: Mapping[str, Any]) -> Iterator[str]:
    names = ("http_client", "transport", "ssl_context", "proxy")
    for position, name in enumerate(names[:2]):
        for other in names[position + 1 :]:
            if name in given and other in given:
                yield f"{name} and {other} can't be combined"


def _family(given: Mapping[str, Any], *, is_async: bool) -> tuple[Family | None, list[str]]:
    """Return the family, or the default one to check the rest with; and the problems."""
    prefix = "Async" if is_async else ""
    family: Family | str | None = None
    problems: list[str] = []
    for name, class_name in (("http_client", "Client"), ("transport", "BaseTransport")):
        if name not in given:
            continue
        wanted = f"{prefix}{class_name}"
        found = family_of(given[name], wanted)
        if found is None:
            problems.append(f"{name} must be an httpx.{wanted}, not {type_of(given[name])}")
        elif (named := given.get("http_family", found.name)) != found.name:
            problems.append(f"{name} is for {found.name} but http_family={quoted(named)}")
        family = family or found
    if family is None:
        family = load_family(given.get("http_family", DEFAULT_FAMILY))
    if isinstance(family, str):
        problems.append(family)
        family = load_family(DEFAULT_FAMILY)
    return None if isinstance(family, str) else family, problems


def _uses_environment(given: Mapping[str, Any], proxy: Proxy | None) -> bool:
    """Return whether the environment's CA and key log variables count."""
    own = "http_client" not in given and "transport" not in given
    to_proxy = proxy is not None and proxy.url.scheme == "https"
    trusted = given.get("trust_env", True) is True
    return own and trusted and ("ssl_context" not in given or to_proxy)


def _environment_tls(family: Family) -> ssl.SSLContext | str | None:
    """Return the TLS settings from the environment, if any, or what is wrong with them.

    A replaced CA file counts.
    """
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    variable = next((name for name in names if os.environ.get(name)), "")
    path = os.environ.get(variable, "")
    key_log = "" if sys.flags.ignore_environment else os.environ.get("SSLKEYLOGFILE", "")
    if not path and not key_log:
        return None
    version = None
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116 - may be a list of directories
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
    try:
        return _context(family, ssl.SSLContext, variable, path, version, key_log)
    except ValueError as error:
        return str(error)


@lru_cache(maxsize=8)
def _context(
    family: Family, kind: type, variable: str, path: str, version: object, key_log: str
) -> ssl.SSLContext:
    """Build a TLS context, which costs more than a hundred calls.

    ``ssl.create_default_context()`` would read ``SSLKEYLOGFILE`` whatever ``trust_env`` says.

    Raises:
        ValueError: The environment names files that cannot be used.
    """
    del kind, version  # they tell contexts apart
    problems: list[str] = []
    if not variable and family.name == "httpx2":
        # It trusts the system's authorities, which works differently between systems.
        context: ssl.SSLContext = family.http.create_ssl_context(trust_env=False)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if sys.version_info >= (3, 13):
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
        if problem := _load_authorities(context, variable, path):
            problems.append(f"{variable}: {path} {problem}")
    if key_log:
        try:
            context.keylog_filename = key_log
        except OSError as error:
            problems.append(f"SSLKEYLOGFILE: {key_log} can't be written: {error.strerror}")
    if problems:
        raise ValueError("; ".join(problems))
    return context


def _load_authorities(context: ssl.SSLContext, variable: str, path: str) -> str | None:
    """Load the authorities to trust; return why a file or list of directories can't be used."""
    try:
        if variable != "SSL_CERT_DIR":
            path = path or import_module("certifi").where()
            with open(path, "rb"):  # noqa: PTH123 - its error says more than OpenSSL's
                pass
            context.load_verify_locations(cafile=path)
            return None
        names = [name for one in path.split(os.pathsep) for name in os.listdir(one)]  # noqa: PTH208 - one pass
        context.load_verify_locations(capath=path)
    except ssl.SSLError:
        return "contains no PEM certificates"
    except OSError as error:
        return f"can't be read: {error.strerror}"
    if any(HASHED_NAME.fullmatch(name) for name in names):
        return None
    return "contains no certificates under hashed names; run openssl rehash on it"
