"""Calls that go out through a caller's httpx client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from credentials import (
    async_strigo_client,
    async_zerohash_client,
    strigo_client,
    zerohash_client,
)
from network_calls import NO_RETRIES
from surplus import CALLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from network_calls import Family, Flavour

    from tokenkit import Call, Reply

T = TypeVar("T")

CALLED_TWICE = CALLS * 2


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


def minted(flavour: Flavour, options: Mapping[str, Any], url: str, *others: str) -> list[str]:
    """Mint six tokens; before each, make a call to another server, if there is one."""
    made: list[str] = []
    (owner,) = options.values()
    build: Any = strigo_client if flavour == "sync" else async_strigo_client
    client, *more = (build(one, **options, retry=NO_RETRIES) for one in (url, *others))
    if flavour == "sync":
        with owner:
            for call in CALLED_TWICE:
                for other in more:
                    other.send(call)
                made.append(client.send(call).token)
        return made

    async def main() -> None:
        async with owner:
            for call in CALLED_TWICE:
                for other in more:
                    await other.send(call)
                made.append((await client.send(call)).token)

    anyio.run(main, backend=flavour)
    return made
