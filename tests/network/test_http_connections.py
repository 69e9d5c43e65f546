"""Connections: kept, shared within a client, closed in time."""

from __future__ import annotations

import gc
import socket
import weakref
from typing import TYPE_CHECKING, Any

import httpcore
import pytest
from network_calls import (
    HEALTH,
    HEALTHY,
    MINT,
    MINTED,
    NO_RETRIES,
    async_strigo_client,
    each_flavour,
    send_strigo,
    strigo_client,
)
from raw_server import RawServer, answering, http

from tokenkit import ClientClosedError, ServerError, strigo
from tokenkit._http.network import DeadlineStream

if TYPE_CHECKING:
    from network_calls import Flavour
    from raw_server import RawRequest

healthy = answering(lambda _: HEALTHY)

NETWORKS = {"asyncio": "asyncio_network", "trio": "aio_network"}


def mint_for(number: int) -> strigo.UserTokenRequest:
    return strigo.UserTokenRequest(email=f"user{number}@example.com")


@each_flavour
def test_calls_share_a_connection(flavour: Flavour) -> None:
    """One call after the other goes over the same connection, failures included."""

    def respond(request: RawRequest) -> bytes:
        return MINTED if request.body else HEALTHY

    with RawServer(answering(respond)) as server:
        send_strigo(flavour, server.url, HEALTH, HEALTH, HEALTH)
        assert (server.connections, len(server.requests)) == (1, 3)
        server.wait_all_closed()


@each_flavour
def test_a_failed_answer_keeps_the_connection(flavour: Flavour) -> None:
    """After a refused call, the next goes over the same connection."""
    answers = iter([http(503), http(503), HEALTHY])
    with RawServer(answering(lambda _: next(answers))) as server:
        (reply,) = send_strigo(flavour, server.url, HEALTH)
        assert (reply.attempts, server.connections) == (3, 1)


def test_closing_closes_the_connections() -> None:
    """close() closes idle connections, at once and for good."""
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
    """aclose() closes idle connections, at once and for good."""
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
    """A client that goes out of scope unclosed is freed at once; Python tells of its socket."""
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
    """The seam in httpx holds: connections really go through the backend with the deadline."""
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        client.check_health()
        connections: Any = vars(client)["_shared"].connections
        (lane,) = connections._opened.lanes._free
        stream = lane.transport._pool._connection._network_stream
        assert type(stream).__module__ == "tokenkit._http.network"


@pytest.mark.anyio
async def test_async_connections_use_the_network_of_this_package(anyio_backend_name: str) -> None:
    """The seam in httpx holds for async clients: what leaves is really counted."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url) as client:
            await client.check_health()
            connections: Any = vars(client)["_shared"].connections
            (lane,) = (await connections._open())._free
            stream = lane.transport._pool._connection._network_stream
            assert type(stream).__module__ == f"tokenkit._http.{NETWORKS[anyio_backend_name]}"


def test_a_closed_socket_counts_as_gone() -> None:
    """A connection whose socket was closed is never taken for an idle one."""
    ours, theirs = socket.socketpair()
    with theirs:
        stream = DeadlineStream(ours, httpcore, weakref.WeakSet())
        assert not stream.get_extra_info("is_readable")
        stream.close()
        assert stream.get_extra_info("is_readable")
        assert stream.get_extra_info("anything else") is None


@each_flavour
def test_a_client_outlives_failures(flavour: Flavour) -> None:
    """A call that fails for good leaves nothing open behind it."""
    with RawServer(answering(lambda _: http(500))) as server:
        for _ in range(3):
            with pytest.raises(ServerError):
                send_strigo(flavour, server.url, MINT)
        server.wait_all_closed()
