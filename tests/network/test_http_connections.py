"""Connections: kept, shared within a client, closed in time."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, HEALTHY, STRIGO_MINT, STRIGO_MINTED
from credentials import async_strigo_client, strigo_client
from network_calls import NO_RETRIES, each_flavour, send_strigo
from pooled import idle_of
from raw_server import RawServer, http, responding

from tokenkit import ClientClosedError, ServerError, strigo
from tokenkit._http.network import DeadlineStream

if TYPE_CHECKING:
    from network_calls import Flavour
from raw_server import RawRequest

healthy = responding(lambda _: HEALTHY)

STREAMS = {"asyncio": "AsyncioStream", "trio": "AsyncStream"}


def mint_for(number: int) -> strigo.UserTokenRequest:
    return strigo.UserTokenRequest(email=f"user{number}@example.com")


@each_flavour
def test_calls_share_a_connection(flavour: Flavour) -> None:
    """Consecutive calls use the same connection, even after failures."""

    def respond(request: RawRequest) -> bytes:
        return STRIGO_MINTED if request.body else HEALTHY

    with RawServer(responding(respond)) as server:
        send_strigo(flavour, server.url, HEALTH, HEALTH, HEALTH)
        assert (server.connections, len(server.requests)) == (1, 3)
        server.wait_all_closed()


@each_flavour
def test_a_failed_response_keeps_the_connection(flavour: Flavour) -> None:
    """After a refused call, the next one uses the same connection."""
    answers = iter([http(503), http(503), HEALTHY])
    with RawServer(responding(lambda _: next(answers))) as server:
        (reply,) = send_strigo(flavour, server.url, HEALTH)
        assert (reply.attempts, server.connections) == (3, 1)


def test_closing_closes_the_connections() -> None:
    """close() closes idle connections, at once and permanently."""
    with RawServer(healthy) as server:
        client = strigo_client(server.url)
        client.check_health()
        assert server.ended == 0
        client.close()
        server.wait_all_closed()
        with pytest.raises(ClientClosedError):
            client.check_health()
        client.close()
        assert server.connections == 1


@pytest.mark.anyio
async def test_closing_closes_the_connections_async() -> None:
    """aclose() closes idle connections, at once and permanently."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url)
        await client.check_health()
        assert server.ended == 0
        await client.aclose()
        server.wait_all_closed()
        with pytest.raises(ClientClosedError):
            await client.check_health()
        await client.aclose()
        assert server.connections == 1


def test_a_client_that_never_called_closes() -> None:
    """Closing an unused client opens nothing."""
    with RawServer(healthy) as server:
        strigo_client(server.url).close()
        assert server.connections == 0


@pytest.mark.anyio
async def test_an_async_client_that_never_called_closes() -> None:
    """Closing an unused async client opens nothing."""
    with RawServer(healthy) as server:
        await async_strigo_client(server.url).aclose()
        assert server.connections == 0


def test_a_sibling_shares_the_connections() -> None:
    """with_options uses the client's connections; closing the sibling closes none of them."""
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        client.check_health()
        with client.with_options(retry=NO_RETRIES) as sibling:
            sibling.check_health()
        client.check_health()
        assert server.connections == 1


@pytest.mark.anyio
async def test_an_async_sibling_shares_the_connections() -> None:
    """with_options does the same on an async client."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url) as client:
            await client.check_health()
            async with client.with_options(retry=NO_RETRIES) as sibling:
                await sibling.check_health()
            await client.check_health()
        assert server.connections == 1


def test_a_forgotten_client_leaves_no_connection() -> None:
    """A client that goes out of scope unclosed is freed at once; Python warns about its socket."""
    with RawServer(healthy) as server:
        client = strigo_client(server.url)
        client.check_health()
        gone = weakref.ref(client)
        gc.disable()
        try:
            with pytest.warns(ResourceWarning, match="unclosed"):
                del client
            assert gone() is None
            server.wait_all_closed()
        finally:
            gc.enable()


def test_connections_use_the_network_of_this_package() -> None:
    """Connections really go through the backend with the deadline."""
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        client.check_health()
        (kept,) = idle_of(client)
        assert kept.network._opened is kept._connection._connection._network_stream
        assert isinstance(kept.network._opened, DeadlineStream)


@pytest.mark.anyio
async def test_async_connections_use_the_network_of_this_package(anyio_backend_name: str) -> None:
    """Async connections go through this package's streams."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url) as client:
            await client.check_health()
            (kept,) = idle_of(client)
            assert kept.network._opened is kept._connection._connection._network_stream
            assert type(kept.network._opened).__name__ == STREAMS[anyio_backend_name]


@each_flavour
def test_a_client_outlives_failures(flavour: Flavour) -> None:
    """A call that fails for good leaves nothing open."""
    with RawServer(responding(lambda _: http(500))) as server:
        for _ in range(3):
            with pytest.raises(ServerError):
                send_strigo(flavour, server.url, STRIGO_MINT)
        server.wait_all_closed()
