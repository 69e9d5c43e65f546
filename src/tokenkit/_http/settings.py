"""How to open connections: options and environment, checked when a client is built."""

import os
import re
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from typing_extensions import Self

from .._model.json import quoted, type_of
from .._policy.values import switch_problem
from ..errors import ConfigurationError
from .family import DEFAULT_FAMILY, Family, family_of, load_family
from .proxy import Proxy, choose_proxy, parse_proxy

__all__ = ["KEEPALIVE", "MAX_CONNECTIONS", "ConnectionSettings"]

MAX_CONNECTIONS = 100
# Load balancers commonly close connections that were idle for a minute.
KEEPALIVE = 55.0
# The names that OpenSSL requires of certificates in a directory.
HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+")
CERTIFI = "certifi"
FIX = "; reinstall it, or pass ssl_context"

KEPT = ("ssl_context", "http_client", "transport")


EnvironmentTLS: TypeAlias = tuple[str, str, str]
"""The variable that names authorities to trust, its value, and the file for a key log."""

NOTHING: EnvironmentTLS = ("", "", "")


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
        environment: What the environment says of TLS, if it is used.
    """

    family: Family
    ssl_context: ssl.SSLContext | None = None
    proxy: Proxy | None = None
    trust_env: bool = True
    http_client: Any = None
    transport: Any = None
    environment: EnvironmentTLS = NOTHING
    _contexts: dict[object, ssl.SSLContext] = attrs.field(factory=dict, init=False)

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
        # A proxy that can't be used keeps the environment's from being checked, too.
        is_settled = proxy is not None or url is None
        settings = cls(
            family=family,
            proxy=proxy,
            trust_env=is_settled and given.get("trust_env", True) is True,
            environment=_environment() if _uses_environment(given, proxy) else NOTHING,
            **{name: given[name] for name in KEPT if name in given},
        )
        if any(settings.environment):
            try:
                settings.default_tls()
            except ConfigurationError as error:
                problems += error.problems
        return settings, tuple(problems)

    @property
    def opens_connections(self) -> bool:
        """Whether the client opens connections itself."""
        return self.http_client is None and self.transport is None

    def tls(self, origin: str) -> ssl.SSLContext:
        """Return the TLS settings for an origin."""
        if origin.startswith("http:"):
            # It would accept no certificate, and needs none.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return self.ssl_context or self.default_tls()

    def default_tls(self) -> ssl.SSLContext:
        """Return the TLS settings if the caller gave none.

        Raises:
            ConfigurationError: The authorities can't be read, or the key log can't be written.
        """
        return self._kept(_current_context, *self.environment)

    def proxy_tls(self) -> ssl.SSLContext:
        """Return the TLS settings for an https proxy: never those for the origin.

        Raises:
            ConfigurationError: The environment names something unusable, or the default
                authorities can't be read.
        """
        if not self.trust_env:
            return self.default_tls()
        return self._kept(_proxy_context)

    def _kept(self, build: Callable[..., ssl.SSLContext], *given: str) -> ssl.SSLContext:
        key = build, ssl.SSLContext  # which gevent, eventlet and truststore replace
        if key not in self._contexts:
            self._contexts[key] = build(self.family, *given)
        return self._contexts[key]

    def proxy_for(self, origin: str) -> Proxy | None:
        """Return the proxy to an origin, if there is one.

        Raises:
            ConfigurationError: The environment's proxy cannot be used.
        """
        return choose_proxy(self.family, origin, self.proxy, trust_env=self.trust_env)


def _wrong_kinds(given: Mapping[str, Any]) -> Iterator[str]:
    if problem := switch_problem(given.get("trust_env", True)):
        yield f"trust_env {problem}"
    # truststore.inject_into_ssl() replaces the class; contexts made before still work.
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


def _environment() -> EnvironmentTLS:
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    variable = next((name for name in names if os.environ.get(name)), "")
    path = os.environ.get(variable, "")
    key_log = "" if sys.flags.ignore_environment else os.environ.get("SSLKEYLOGFILE", "")
    return variable, path, key_log


def _proxy_context(family: Family) -> ssl.SSLContext:
    # These name the files that httpcore would fail on.
    _current_context(family, *_environment())
    _current_context(family)
    context: ssl.SSLContext = family.core.default_ssl_context()
    return context


def _current_context(
    family: Family, variable: str = "", path: str = "", key_log: str = ""
) -> ssl.SSLContext:
    """Return a TLS context with the authorities as they are now.

    Raises:
        ConfigurationError: They, or the key log, can't be used.
    """
    if not path and family.name != "httpx2":
        variable, path = CERTIFI, _certifi_file()
    version = _version(variable, path)
    # Whether a key log can still be written shows only when it is opened.
    build = _context.__wrapped__ if version is None or key_log else _context
    try:
        return build(family, ssl.SSLContext, variable, path, version, key_log)
    except OSError as error:
        text = f"the system's CA bundle can't be read: {error}{FIX}"
        raise ConfigurationError(text) from None


def _certifi_file() -> str:
    try:
        path: str = import_module(CERTIFI).where()
    except OSError as error:
        text = f"{CERTIFI}: its file can't be read: {error.strerror}{FIX}"
        raise ConfigurationError(text) from None
    return path


def _version(variable: str, path: str) -> tuple[object, ...] | None:
    """Return what changes if authorities are replaced; ``None`` if they are in a directory.

    OpenSSL reads a directory's files when it verifies, and keeps them as long as the context.
    """
    if variable == "SSL_CERT_DIR":
        return None
    if path:
        return _stat(path)
    system = ssl.get_default_verify_paths()
    file = _stat(system.openssl_cafile)
    return (*file, *_stat(system.openssl_capath)) if file else None


def _stat(path: str) -> tuple[object, ...]:
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116 - a Path takes longer
        return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    return ()


@lru_cache(maxsize=8)
def _context(
    family: Family, kind: type, variable: str, path: str, version: object, key_log: str
) -> ssl.SSLContext:
    """Build a TLS context, which costs more than a hundred calls.

    ``ssl.create_default_context()`` would read ``SSLKEYLOGFILE`` whatever ``trust_env`` says.

    Raises:
        ConfigurationError: The environment names files that cannot be used.
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
        raise ConfigurationError(problems=problems)
    return context


def _load_authorities(context: ssl.SSLContext, variable: str, path: str) -> str | None:
    """Load the authorities to trust; return why a file or list of directories can't be used."""
    fix = FIX if variable == CERTIFI else ""
    try:
        if variable != "SSL_CERT_DIR":
            with open(path, "rb"):  # noqa: PTH123 - its error says more than OpenSSL's
                pass
            _load_file(context, path)
            return None
        folders = [Path(folder) for folder in filter(None, path.split(os.pathsep))]
        found = [one for folder in folders for one in folder.iterdir()]
        context.load_verify_locations(capath=path)
    except ssl.SSLError:
        return f"contains no PEM certificates{fix}"
    except OSError as error:
        of_a_list = "" if str(error.filename) == path else f"{error.filename}: "
        return f"can't be read: {of_a_list}{error.strerror}{fix}"
    if any(HASHED_NAME.fullmatch(one.name) and _is_certificate(one) for one in found):
        return None
    return "contains no certificates under hashed names; run openssl rehash on it"


def _load_file(context: ssl.SSLContext, path: str | Path) -> None:
    context.load_verify_locations(cafile=path)
    # OpenSSL is content with a revocation list; truststore can't tell, but trusts the system's.
    with suppress(NotImplementedError):
        if not context.cert_store_stats()["x509"]:
            raise ssl.SSLError


def _is_certificate(path: Path) -> bool:
    try:
        _load_file(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)
    except (ssl.SSLError, OSError):
        return False
    return True
