"""Connections: the only place that knows httpx and httpx2."""

from .._pipeline.drivers import AsyncConnections, Connections
from .connection import Route
from .settings import ConnectionSettings

__all__ = ["ConnectionSettings", "open_async_connections", "open_connections"]


def open_connections(origin: str, settings: ConnectionSettings) -> Connections:
    """Choose what a sync client sends with; nothing is opened before the first call.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    from .sync_pool import CallersConnections, OwnConnections  # noqa: PLC0415 - async clients do without it

    if settings.opens_connections:
        return OwnConnections(Route.to(origin, settings))
    return CallersConnections(settings)


def open_async_connections(origin: str, settings: ConnectionSettings) -> AsyncConnections:
    """Choose what an async client sends with; nothing is opened before the first call.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    from .async_pool import AsyncCallersConnections, AsyncOwnConnections  # noqa: PLC0415 - sync clients do without anyio

    if settings.opens_connections:
        return AsyncOwnConnections(Route.to(origin, settings))
    return AsyncCallersConnections(settings)
