"""Clients that send through the fast transport, as the documentation recommends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from all_clients import ZEROHASH

if TYPE_CHECKING:
    from network_calls import Flavour


def fast_transport(flavour: Flavour) -> Any:
    """Make the transport; skip the test where there is none, as on Python 3.10."""
    builders: Any = pytest.importorskip("pyreqwest.client")
    transports: Any = pytest.importorskip("pyreqwest.compatibility.httpx")
    if flavour == "sync":
        client = builders.SyncClientBuilder().follow_redirects(enable=False).build()
        return transports.SyncHttpxTransport(client)
    client = builders.ClientBuilder().follow_redirects(enable=False).build()
    return transports.HttpxTransport(client)


def fast_client(flavour: Flavour, url: str, **options: Any) -> Any:
    """Make a zerohash client that sends through the transport."""
    return ZEROHASH.open(flavour, base_url=url, transport=fast_transport(flavour), **options)
