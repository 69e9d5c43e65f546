"""Connections: the only place that knows httpx."""

import ssl

import httpx

from .._drivers import AsyncConnections, Connections
from ..errors import ConfigurationError
from .quiet import hide_headers

__all__ = ["open_async_connections", "open_connections"]

hide_headers()


def open_connections(
    origin: str,
    *,
    http_client: object,
    transport: object,
    ssl_context: ssl.SSLContext | None,
) -> Connections:
    """Choose what a sync client sends with; nothing is opened before the first call.

    Raises:
        ConfigurationError: The caller's client or transport is not one for sync clients.
    """
    from .sync import CallersClient, CallersTransport, OwnConnections  # noqa: PLC0415 - async clients do without it

    if isinstance(http_client, httpx.Client):
        return CallersClient(http_client)
    if http_client is not None:
        raise _unfit("http_client", http_client, "an httpx.Client")
    if isinstance(transport, httpx.BaseTransport):
        return CallersTransport(transport)
    if transport is not None:
        raise _unfit("transport", transport, "an httpx.BaseTransport")
    return OwnConnections(origin, ssl_context)


def open_async_connections(
    origin: str,
    *,
    http_client: object,
    transport: object,
    ssl_context: ssl.SSLContext | None,
) -> AsyncConnections:
    """Choose what an async client sends with; nothing is opened before the first call.

    Raises:
        ConfigurationError: The caller's client or transport is not one for async clients.
    """
    from .aio import (  # noqa: PLC0415 - sync clients do without anyio
        AsyncCallersClient,
        AsyncCallersTransport,
        AsyncOwnConnections,
    )

    if isinstance(http_client, httpx.AsyncClient):
        return AsyncCallersClient(http_client)
    if http_client is not None:
        raise _unfit("http_client", http_client, "an httpx.AsyncClient")
    if isinstance(transport, httpx.AsyncBaseTransport):
        return AsyncCallersTransport(transport)
    if transport is not None:
        raise _unfit("transport", transport, "an httpx.AsyncBaseTransport")
    return AsyncOwnConnections(origin, ssl_context)


def _unfit(name: str, value: object, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"{name} must be {wanted}, not {type(value).__name__}")
