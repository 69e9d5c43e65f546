"""The proxy that a client's own connections would go through."""

from urllib.parse import urlsplit

from .._http.family import load_family
from .._http.own import OwnSettings

__all__ = ["proxy_for"]


def proxy_for(origin: str) -> str | None:
    """Name the proxy that the environment sets for an origin, without user and password."""
    url = OwnSettings(origin=origin, family=load_family("httpx")).proxy_url()
    if url is None:
        return None
    parts = urlsplit(url)
    return f"proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
