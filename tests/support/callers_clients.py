"""Calls that go out through a caller's httpx client."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
import pytest
from credentials import (
    async_strigo_client,
    async_zerohash_client,
    strigo_client,
    zerohash_client,
)
from network_calls import NO_RETRIES
from surplus import CALLS
from tls_servers import trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from network_calls import Family, Flavour

    from tokenkit import Call, Reply

T = TypeVar("T")

CALLED_TWICE = CALLS * 2
Loop = Literal["sync", "asyncio", "trio", "uvloop"]
Kind = Literal["client", "transport"]
needs_uvloop = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")
each_loop = pytest.mark.parametrize(
    "flavour", ["sync", "asyncio", "trio", pytest.param("uvloop", marks=needs_uvloop)]
)
each_kind = pytest.mark.parametrize("kind", ["client", "transport"])


def nothing() -> None:
    pass


def transport_over(flavour: Flavour, family: Family, backend: object, **options: object) -> Any:
    """Return a transport of httpx's that connects by a backend."""
    prefix = "" if flavour == "sync" else "Async"
    transport = getattr(import_module(family), f"{prefix}HTTPTransport")(**options)
    transport._pool._network_backend = backend
    return transport


def minted_through(
    flavour: Loop,
    url: str,
    made: Any,
    between: Callable[[], None] = nothing,
    option: str = "transport",
) -> list[str]:
    """Mint tokens through a caller's object."""
    options: Any = {option: made, "retry": NO_RETRIES}
    minted: list[str] = []
    if flavour == "sync":
        with made, strigo_client(url, **options) as client:
            for call in CALLS:
                minted.append(client.send(call).token)
                between()
        return minted

    async def main() -> None:
        async with made, async_strigo_client(url, **options) as client:
            for call in CALLS:
                minted.append((await client.send(call)).token)
                between()

    if flavour == "uvloop":
        anyio.run(main, backend="asyncio", backend_options={"use_uvloop": True})
    else:
        anyio.run(main, backend=flavour)
    return minted


def tokens(
    flavour: Loop,
    family: Family,
    kind: Kind,
    url: str,
    between: Callable[[], None] = nothing,
    **settings: Any,
) -> list[str]:
    """Mint tokens through a caller's client or transport that has some settings."""
    http: Any = import_module(family)
    prefix = "" if flavour == "sync" else "Async"
    name = f"{prefix}Client" if kind == "client" else f"{prefix}HTTPTransport"
    made = getattr(http, name)(verify=trusting(), **settings)
    option = "http_client" if kind == "client" else kind
    return minted_through(flavour, url, made, between, option)


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
