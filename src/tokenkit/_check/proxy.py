"""The proxy that a client's own connections would go through."""

from .._http.family import DEFAULT_FAMILY, load_family
from .._http.settings import ConnectionSettings

__all__ = ["proxy_for"]


def proxy_for(origin: str) -> str | None:
    """Name the proxy that the environment sets for an origin, without user and password.

    Raises:
        ConfigurationError: What the environment names cannot be used.
    """
    proxy = ConnectionSettings(family=load_family(DEFAULT_FAMILY)).proxy_for(origin)
    return None if proxy is None else str(proxy)
