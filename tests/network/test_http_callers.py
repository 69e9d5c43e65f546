"""Clients and transports that callers pass."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTHY, STRIGO_MINT, STRIGO_MINTED, TOKEN
from credentials import STRIGO, STRIGO_API_KEY, STRIGO_ORG_ID, async_strigo_client, strigo_client
from http_library import httpx
from network_calls import NO_RETRIES
from raw_server import RawServer, responding

from tokenkit import (
    AsyncStrigoClient,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    InvalidInputError,
    RequestTimeoutError,
    StrigoClient,
    Timeouts,
    TransportError,
)
from tokenkit._http.family import load_family
from tokenkit._http.httpx_adapter import HttpxAdapter
from tokenkit.extension import Headers, RawCall, Request

if TYPE_CHECKING:
    from pytest_httpx import HTTPXMock

healthy = responding(lambda _: HEALTHY)


def minted(request: httpx.Request) -> httpx.Response:
    assert request.headers["authorization"] == f"Bearer {STRIGO_ORG_ID}:{STRIGO_API_KEY}"
    return httpx.Response(200, json={"result": "success", "data": {"token": TOKEN}})


class Closing(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return minted(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return minted(request)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def test_a_transport_is_closed_with_the_client() -> None:
    """A caller's transport is used, and is closed with the client, but not with a sibling."""
    transport = Closing()
    with strigo_client(transport=transport) as client:
        assert client.send(STRIGO_MINT).token == TOKEN
        client.with_options(deadline=1).close()
        assert transport.closed == 0
    assert transport.closed == 1


@pytest.mark.anyio
async def test_an_async_transport_is_closed_with_the_client() -> None:
    """A caller's async transport is used, and is closed with the client."""
    transport = Closing()
    async with async_strigo_client(transport=transport) as client:
        assert (await client.send(STRIGO_MINT)).token == TOKEN
        await client.with_options(deadline=1).aclose()
        assert transport.closed == 0
    assert transport.closed == 1


def test_httpx_own_transport_works() -> None:
    """An httpx.HTTPTransport keeps its connections until the client is closed."""
    with RawServer(healthy) as server:
        transport = httpx.HTTPTransport()
        with strigo_client(server.url, transport=transport) as client:
            for _ in range(3):
                client.check_health()
        server.wait_all_closed()
        assert server.connections == 1


@pytest.mark.anyio
async def test_httpx_own_async_transport_works() -> None:
    """An httpx.AsyncHTTPTransport keeps its connections until the client is closed."""
    with RawServer(healthy) as server:
        transport = httpx.AsyncHTTPTransport()
        async with async_strigo_client(server.url, transport=transport) as client:
            for _ in range(3):
                await client.check_health()
        server.wait_all_closed()
        assert server.connections == 1


def test_a_mock_transport_works() -> None:
    """An httpx.MockTransport responds instead of the vendor."""
    transport = httpx.MockTransport(minted)
    with strigo_client(transport=transport) as client:
        assert client.create_user_token(email="user1@example.com").token == TOKEN


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Respond like Strigo, as an ASGI application."""
    message = await receive()
    assert (scope["path"], message["type"]) == ("/api/v1/academy/users/token", "http.request")
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    body = STRIGO_MINTED.partition(b"\r\n\r\n")[2]
    await send({"type": "http.response.body", "body": body})


@pytest.mark.anyio
async def test_an_asgi_transport_works() -> None:
    """An ASGI application responds instead of the vendor."""
    transport = httpx.ASGITransport(application)
    async with async_strigo_client(transport=transport) as client:
        assert (await client.send(STRIGO_MINT)).token == TOKEN


def test_a_callers_client_keeps_its_connections() -> None:
    """A caller's client sends on its own connections, and stays open."""
    with RawServer(healthy) as server, httpx.Client() as http_client:
        for _ in range(3):
            with strigo_client(server.url, http_client=http_client) as client:
                client.check_health()
        assert server.connections == 1
        assert server.ended == 0


@pytest.mark.anyio
async def test_a_callers_async_client_keeps_its_connections() -> None:
    """A caller's async client sends on its own connections, and stays open."""
    with RawServer(healthy) as server:
        async with httpx.AsyncClient() as http_client:
            for _ in range(3):
                async with async_strigo_client(server.url, http_client=http_client) as client:
                    await client.check_health()
            assert server.connections == 1
            assert server.ended == 0


def close(client: object) -> None:
    if isinstance(client, httpx.Client):
        client.close()
    if isinstance(client, httpx.AsyncClient):
        asyncio.run(client.aclose())


@pytest.mark.parametrize(
    ("kind", "option", "fit", "make"),
    [
        (StrigoClient, "http_client", "Client", httpx.AsyncClient),
        (StrigoClient, "http_client", "Client", dict),
        (AsyncStrigoClient, "http_client", "AsyncClient", httpx.Client),
        (AsyncStrigoClient, "http_client", "AsyncClient", dict),
        (StrigoClient, "transport", "BaseTransport", httpx.AsyncHTTPTransport),
        (StrigoClient, "transport", "BaseTransport", dict),
        (AsyncStrigoClient, "transport", "AsyncBaseTransport", httpx.HTTPTransport),
        (AsyncStrigoClient, "transport", "AsyncBaseTransport", dict),
    ],
)
def test_a_client_names_what_it_needs(kind: Any, option: str, fit: str, make: Any) -> None:
    """A client or transport of the wrong kind is refused, and the right class named."""
    unfit = make()
    message = f"{option} must be an httpx.{fit}, not {type(unfit).__name__}"
    with pytest.raises(ConfigurationError, match=message):
        kind(**STRIGO, **{option: unfit})
    close(unfit)


RAISED = [
    (OSError("odd"), TransportError),
    (httpx.InvalidURL("odd"), TransportError),
    (httpx.StreamConsumed(), TransportError),
    (httpx.ConnectError("odd"), ConnectError),
    (httpx.ProxyError("odd"), ConnectError),
    (httpx.ReadError("odd " * 9_999), ConnectionLostError),
    (httpx.PoolTimeout("odd"), RequestTimeoutError),
]


def parts_of_last_line(error: Exception) -> list[str]:
    """Return the parts of a traceback's last line: classes, the host and the library's text."""
    return [type(error).__name__, *str(error).split(": ")]


@pytest.mark.parametrize(("raised", "expected"), RAISED)
def test_whatever_a_transport_raises_is_typed(
    raised: Exception, expected: type[TransportError]
) -> None:
    """An exception from a caller's transport becomes a TransportError without a cause."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise raised

    transport = httpx.MockTransport(fail)
    client = strigo_client(transport=transport, retry=NO_RETRIES)
    with client, pytest.raises(TransportError) as caught:
        client.send(STRIGO_MINT)
    assert type(caught.value) is expected
    assert parts_of_last_line(caught.value).count(type(raised).__name__) == 1
    assert len(str(caught.value)) < 700
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.anyio
@pytest.mark.parametrize(("raised", "expected"), RAISED)
async def test_whatever_an_async_transport_raises_is_typed(
    raised: Exception, expected: type[TransportError]
) -> None:
    """An exception from a caller's async transport becomes a TransportError without a cause."""

    async def fail(_: httpx.Request) -> httpx.Response:
        raise raised

    transport = httpx.MockTransport(fail)
    async with async_strigo_client(transport=transport, retry=NO_RETRIES) as client:
        with pytest.raises(TransportError) as caught:
            await client.send(STRIGO_MINT)
    assert type(caught.value) is expected
    assert parts_of_last_line(caught.value).count(type(raised).__name__) == 1
    assert len(str(caught.value)) < 700
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_pytest_httpx_sees_the_clients_calls(httpx_mock: HTTPXMock) -> None:
    """pytest-httpx responds on a client's own connections, and sees its requests."""
    httpx_mock.add_response(json={"result": "success", "data": {"token": TOKEN}})
    with strigo_client("https://vendor.example", http_family="httpx") as client:
        assert client.send(STRIGO_MINT).token == TOKEN
    (request,) = httpx_mock.get_requests()
    assert request.url == "https://vendor.example/academy/users/token"


@pytest.mark.anyio
async def test_pytest_httpx_sees_the_async_clients_calls(httpx_mock: HTTPXMock) -> None:
    """pytest-httpx responds on an async client's own connections, and sees its requests."""
    httpx_mock.add_response(json={"result": "success", "data": {"token": TOKEN}})
    async with async_strigo_client("https://vendor.example", http_family="httpx") as client:
        assert (await client.send(STRIGO_MINT)).token == TOKEN
    assert len(httpx_mock.get_requests()) == 1


def test_pytest_httpx_can_raise(httpx_mock: HTTPXMock) -> None:
    """An exception that pytest-httpx raises is treated like the network's own."""
    httpx_mock.add_exception(import_module("httpx").ReadTimeout("too slow"))
    client = strigo_client("https://vendor.example", retry=NO_RETRIES, http_family="httpx")
    with client, pytest.raises(RequestTimeoutError):
        client.send(STRIGO_MINT)


@pytest.mark.parametrize("target", ["/a/../b", "/a b", "/ä", "/a\nb"])
def test_a_path_that_httpx_would_change_is_refused(target: str) -> None:
    """A route that httpx would send differently from how it was signed is never sent."""
    call = RawCall(verb="POST", target=target, json={})
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        with pytest.raises(InvalidInputError, match="path must be percent-encoded"):
            client.send(call)
        assert server.connections == 0
    request = Request(
        method="POST", origin=server.url, route=target, headers=Headers(), body=b"{}"
    )
    family: Any = load_family("httpx")
    adapter = HttpxAdapter(family, print)
    with pytest.raises(ConfigurationError, match=r"httpx would change the URL "):
        adapter.outgoing(request, Timeouts(), 1.0)
