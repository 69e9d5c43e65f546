"""Connections: the only place that knows httpx and httpx2."""

from collections.abc import Mapping
from typing import Any

from .._pipeline.drivers import AsyncConnections, Connections
from ..errors import ConfigurationError
from .family import Family, family_of, load_family
from .own import OwnSettings
from .quiet import hide_headers

__all__ = ["open_async_connections", "open_connections"]

hide_headers()


def open_connections(origin: str, options: Mapping[str, Any]) -> Connections:
    """Choose what a sync client sends with; nothing is opened before the first call.

    Args:
        origin: Scheme, host and port.
        options: The client's options.

    Raises:
        ConfigurationError: The options contradict each other, or the caller's client or
            transport is not one for sync clients.
    """
    from .sync import CallersClient, CallersTransport  # noqa: PLC0415 - async clients do without it
    from .sync_lanes import OwnConnections  # noqa: PLC0415 - likewise

    client, transport = options.get("http_client"), options.get("transport")
    if client is not None:
        return CallersClient(_family(options, "http_client", "Client"), client)
    if transport is not None:
        return CallersTransport(_family(options, "transport", "BaseTransport"), transport)
    return OwnConnections(_own_settings(origin, options))


def open_async_connections(origin: str, options: Mapping[str, Any]) -> AsyncConnections:
    """Choose what an async client sends with; nothing is opened before the first call.

    Args:
        origin: Scheme, host and port.
        options: The client's options.

    Raises:
        ConfigurationError: The options contradict each other, or the caller's client or
            transport is not one for async clients.
    """
    from .aio import AsyncCallersClient, AsyncCallersTransport  # noqa: PLC0415 - sync clients do without anyio
    from .aio_lanes import AsyncOwnConnections  # noqa: PLC0415 - likewise

    client, transport = options.get("http_client"), options.get("transport")
    if client is not None:
        return AsyncCallersClient(_family(options, "http_client", "AsyncClient"), client)
    if transport is not None:
        family = _family(options, "transport", "AsyncBaseTransport")
        return AsyncCallersTransport(family, transport)
    return AsyncOwnConnections(_own_settings(origin, options))


def _family(options: Mapping[str, Any], name: str, class_name: str) -> Family:
    """Return the family of a caller's client or transport, and refuse what it makes useless."""
    for other in ("http_client", "transport", "ssl_context", "proxy"):
        if other != name and options.get(other) is not None:
            raise ConfigurationError(f"{name} and {other} exclude each other")
    value = options[name]
    family = family_of(value, class_name)
    if family is None:
        found = type(value).__name__
        raise ConfigurationError(f"{name} must be an httpx.{class_name}, not {found}")
    wanted = options.get("http_family", family.name)
    if wanted != family.name:
        raise ConfigurationError(f"{name} is of {family.name}, http_family={wanted!r} is not")
    return family


def _own_settings(origin: str, options: Mapping[str, Any]) -> OwnSettings:
    return OwnSettings(
        origin=origin,
        family=load_family(options.get("http_family", "httpx")),
        ssl_context=options.get("ssl_context"),
        proxy=options.get("proxy"),
        trust_env=options.get("trust_env", True),
    )
