"""The proxy that a client's own connections go through."""

from .._http.settings import ConnectionSettings

__all__ = ["proxy_for"]


def proxy_for(origin: str) -> str | None:
    """Return the proxy that the environment sets for an origin, without user and password."""
    settings, _ = ConnectionSettings.parse({}, is_async=False)  # with the client's own variables
    proxy = None if settings is None else settings.proxy_for(origin)
    return None if proxy is None else str(proxy)
