"""Connections: the only place that knows httpx and httpx2."""

from .._pipeline.drivers import AsyncConnections, Connections
from .own import OwnSettings
from .quiet import hide_headers
from .settings import ConnectionSettings

__all__ = ["open_async_connections", "open_connections"]

hide_headers()


def open_connections(origin: str, settings: ConnectionSettings) -> Connections:
    """Choose what a sync client sends with; nothing is opened before the first call."""
    from .sync import CallersClient, CallersTransport  # noqa: PLC0415 - async clients do without it
    from .sync_lanes import OwnConnections  # noqa: PLC0415 - likewise

    if settings.http_client is not None:
        return CallersClient(settings.family, settings.http_client)
    if settings.transport is not None:
        return CallersTransport(settings.family, settings.transport)
    return OwnConnections(_own_settings(origin, settings))


def open_async_connections(origin: str, settings: ConnectionSettings) -> AsyncConnections:
    """Choose what an async client sends with; nothing is opened before the first call."""
    from .aio import AsyncCallersClient, AsyncCallersTransport  # noqa: PLC0415 - sync clients do without anyio
    from .aio_lanes import AsyncOwnConnections  # noqa: PLC0415 - likewise

    if settings.http_client is not None:
        return AsyncCallersClient(settings.family, settings.http_client)
    if settings.transport is not None:
        return AsyncCallersTransport(settings.family, settings.transport)
    return AsyncOwnConnections(_own_settings(origin, settings))


def _own_settings(origin: str, settings: ConnectionSettings) -> OwnSettings:
    return OwnSettings(
        origin=origin,
        family=settings.family,
        ssl_context=settings.ssl_context,
        proxy=settings.proxy,
        trust_env=settings.trust_env,
    )
