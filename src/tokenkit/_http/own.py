"""How a client's own connections are to be opened."""

import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from .family import Family
from .tls import context_for

__all__ = ["MAX_CONNECTIONS", "OwnSettings"]

MAX_CONNECTIONS = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OwnSettings:
    """What a client's own connections depend on.

    Attributes:
        origin: Scheme, host and port that they go to.
        family: Whose transports to use.
        ssl_context: The caller's TLS settings.
        proxy: The caller's proxy.
        trust_env: Whether the environment's proxy and CA variables count.
    """

    origin: str
    family: Family
    ssl_context: ssl.SSLContext | None = None
    proxy: str | None = attrs.field(default=None, repr=False)
    trust_env: bool = True

    def tls(self) -> ssl.SSLContext:
        """Return the TLS settings; the environment is read now."""
        return self.ssl_context or context_for(self.family, self.origin, trust_env=self.trust_env)

    def proxy_url(self) -> str | None:
        """Choose the proxy; plain http never goes through one, as it would read along."""
        if self.origin.startswith("http:"):
            return None
        if self.proxy is not None or not self.trust_env:
            return self.proxy
        host = urlsplit(self.origin).hostname or ""
        proxies = getproxies()
        proxy = proxies.get("https") or proxies.get("all")
        if not proxy or proxy_bypass(host):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"
