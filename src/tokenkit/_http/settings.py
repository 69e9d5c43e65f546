"""How a client's connections are to be opened, checked."""

import ssl
from collections.abc import Mapping
from typing import Any

import attrs

from ..errors import ConfigurationError
from .family import Family, family_of, load_family

__all__ = ["ConnectionSettings"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConnectionSettings:
    """The checked options of connections."""

    family: Family
    ssl_context: ssl.SSLContext | None = None
    proxy: str | None = None
    trust_env: bool = True
    http_client: Any = None
    transport: Any = None

    @classmethod
    def parse(
        cls, options: Mapping[str, Any], *, is_async: bool
    ) -> "ConnectionSettings | tuple[str, ...]":
        """Check the options of connections; return every problem where there is one."""
        context, proxy = options.get("ssl_context"), options.get("proxy")
        trust_env = options.get("trust_env", True)
        problems: list[str] = []
        if not isinstance(trust_env, bool):
            problems.append(f"trust_env must be True or False, not {type(trust_env).__name__}")
        if not (context is None or isinstance(context, ssl.SSLContext)):
            kind = type(context).__name__
            problems.append(f"ssl_context must be an ssl.SSLContext, not {kind}")
        if not (proxy is None or isinstance(proxy, str)):
            kind = type(proxy).__name__
            problems.append(f"proxy must be a string such as 'http://host:port', not {kind}")
        elif proxy is not None and not proxy.startswith(("http://", "https://", "socks5")):
            problems.append("proxy must be a string such as 'http://host:port'")
        prefix = "Async" if is_async else ""
        try:
            if options.get("http_client") is not None:
                family = _family(options, "http_client", f"{prefix}Client")
            elif options.get("transport") is not None:
                family = _family(
                    options, "transport", f"{prefix or 'Base'}{'Base' if prefix else ''}Transport"
                )
            else:
                family = load_family(options.get("http_family", "httpx"))
        except ConfigurationError as error:
            problems.append(error.message)
            return tuple(problems)
        if problems:
            return tuple(problems)
        return cls(
            family=family,
            ssl_context=context,
            proxy=proxy,
            trust_env=trust_env,
            http_client=options.get("http_client"),
            transport=options.get("transport"),
        )


def _family(options: Mapping[str, Any], name: str, class_name: str) -> Family:
    """Return the family of a caller's client or transport, and refuse what it makes useless."""
    for other in ("http_client", "transport", "ssl_context", "proxy"):
        if other != name and options.get(other) is not None:
            raise ConfigurationError(f"{name} and {other} can't be combined")
    value = options[name]
    family = family_of(value, class_name)
    if family is None:
        found = type(value).__name__
        raise ConfigurationError(f"{name} must be an httpx.{class_name}, not {found}")
    wanted = options.get("http_family", family.name)
    if wanted != family.name:
        raise ConfigurationError(f"{name} is for {family.name} but http_family={wanted!r}")
    return family
