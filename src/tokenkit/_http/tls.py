"""TLS contexts, shared: building one costs more than a hundred calls."""

import os
import ssl
from functools import lru_cache

from .family import Family

__all__ = ["context_for"]


@lru_cache(maxsize=8)
def _default_context(family: Family, *environment: str | None) -> ssl.SSLContext:
    # The family reads the variables itself; here they tell contexts apart.
    context: ssl.SSLContext = family.http.create_ssl_context(trust_env=bool(environment))
    return context


def context_for(family: Family, origin: str, *, trust_env: bool) -> ssl.SSLContext:
    """Return the TLS context for an origin.

    Args:
        family: Whose certificates to trust: httpx brings its own, httpx2 takes the system's.
        origin: Scheme, host and port.
        trust_env: Whether the CA variables of the environment count.
    """
    if origin.startswith("http:"):
        # No certificate would pass it, and none is asked for.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not trust_env:
        return _default_context(family)
    variables = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return _default_context(family, *variables)
