"""TLS contexts, shared: building one costs more than a hundred calls."""

import os
import ssl
from functools import lru_cache

import httpx

__all__ = ["context_for"]


@lru_cache(maxsize=8)
def _default_context(cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    del cert_file, cert_dir  # httpx reads them itself; here they tell contexts apart
    return httpx.create_ssl_context()


def context_for(origin: str) -> ssl.SSLContext:
    """Return the TLS context for an origin; the CA variables of the environment count."""
    if origin.startswith("http:"):
        # No certificate would pass it, and none is asked for.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _default_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
