"""How a client's own connections are to be opened."""

import ssl
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from ..errors import ConfigurationError
from .family import Family
from .tls import context_for

__all__ = ["OwnSettings"]

MAX_CONNECTIONS = 100
KEEPALIVE = 30.0


@attrs.frozen(kw_only=True)
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

    def transport(self, class_name: str) -> Any:
        """Make a transport; the environment is read now.

        Raises:
            ConfigurationError: The proxy cannot be used.
        """
        http = self.family.http
        arguments: dict[str, Any] = {
            "verify": self.ssl_context
            or context_for(self.family, self.origin, trust_env=self.trust_env),
            "trust_env": False,
            "limits": http.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE),
        }
        proxy = self._proxy()
        try:
            return getattr(http, class_name)(**arguments, proxy=proxy)
        except (ImportError, ValueError, http.InvalidURL):
            pass
        raise ConfigurationError(
            "the proxy cannot be used: it must be like http://host:port (socks5:// needs the "
            "package socksio)"
        )

    def _proxy(self) -> str | None:
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
