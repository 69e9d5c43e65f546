"""Credentials that no vendor issued."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FAKE_CREDENTIALS"]

FAKE_CREDENTIALS: Mapping[str, str] = MappingProxyType(
    {
        "ZDK_API_KEY": "fake-zdk-api-key",
        "ZEROHASH_API_KEY": "fake-zerohash-api-key",
        "ZEROHASH_PRIVATE_KEY": "ZmFrZS16ZXJvaGFzaC1wcml2YXRlLWtleS1vZi0zMmI=",
        "ZEROHASH_PASSPHRASE": "fake-zerohash-passphrase",
        "STRIGO_ORG_ID": "fake-strigo-org-id",
        "STRIGO_API_KEY": "fake-strigo-api-key",
    }
)
"""Well-formed credentials that work nowhere, by the names that ``from_env()`` reads.

For clients whose requests never leave the test: ``ZdkClient.from_env(environ=FAKE_CREDENTIALS,
transport=httpx.MockTransport(...))``. The base URLs are the vendors' own.
"""
