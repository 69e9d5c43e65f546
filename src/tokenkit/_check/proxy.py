"""The proxy that a client's own connections go through."""

from .._http.settings import ConnectionSettings

__all__ = ["proxy_for"]


def proxy_for(origin: str) -> str | None:
    """Return the proxy that the environment sets for an origin, without user and password."""
    settings = ConnectionSettings.parse({}, is_async=False)  # with the client's own variables
    proxy = settings.proxy_for(origin) if isinstance(settings, ConnectionSettings) else None
    return None if proxy is None else str(proxy)
