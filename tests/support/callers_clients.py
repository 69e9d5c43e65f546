"""Calls that go out through a caller's httpx client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from credentials import async_zerohash_client, zerohash_client

if TYPE_CHECKING:
    from network_calls import Family, Flavour

    from tokenkit import Call, Reply

T = TypeVar("T")


def send_through(
    flavour: Flavour, family: Family, url: str, *calls: Call[T], **settings: Any
) -> list[Reply[T]]:
    """Send zerohash calls through a client that the caller made with some settings.

    The client must outlive tokenkit's.
    """
    http: Any = import_module(family)
    if flavour == "sync":
        with http.Client(**settings) as http_client:
            with zerohash_client(url, http_client=http_client) as client:
                replies = [client.send_raw(call) for call in calls]
            assert not http_client.is_closed
        return replies

    async def main() -> list[Reply[T]]:
        async with http.AsyncClient(**settings) as http_client:
            async with async_zerohash_client(url, http_client=http_client) as client:
                replies = [await client.send_raw(call) for call in calls]
            assert not http_client.is_closed
        return replies

    return anyio.run(main, backend=flavour)
