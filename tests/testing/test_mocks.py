"""Mocks of httpx, with clients of each kind."""

import socket
import sys
from importlib import import_module
from typing import Any

import httpx
import pytest
import respx
from all_clients import VENDORS, Vendor
from pytest_httpx import HTTPXMock

from tokenkit import (
    AsyncStrigoClient,
    ConnectError,
    RequestTimeoutError,
    RetryPolicy,
    StrigoClient,
)
from tokenkit.testing import FAKE_CREDENTIALS, FrozenClock

STRIGO_URL = "https://app.strigo.io/api/v1/academy/users/token"
STRIGO_MINTED = {"result": "success", "data": {"token": "t", "expiration": 1648100582468}}
BUSY = httpx.Response(503, headers={"retry-after": "7"})
each_vendor = pytest.mark.parametrize(
    ("vendor", "url", "answer"),
    [
        pytest.param(
            VENDORS["zdk"],
            "https://user.dev.zu.casa/user.tokens.private.v1.Service/Create",
            {"tokens": ["t"]},
            id="zdk",
        ),
        pytest.param(
            VENDORS["zerohash"],
            "https://api.cert.zerohash.com/client_auth_token",
            {"message": {"token": "t"}},
            id="zerohash",
        ),
        pytest.param(
            VENDORS["strigo"],
            STRIGO_URL,
            STRIGO_MINTED,
            id="strigo",
        ),
    ],
)


@each_vendor
def test_pytest_httpx(
    vendor: Vendor,
    url: str,
    answer: object,
    httpx_mock: HTTPXMock,
) -> None:
    """pytest-httpx responds to a client's calls."""
    httpx_mock.add_response(method="POST", url=url, json=answer)
    with vendor.client.from_env(environ=FAKE_CREDENTIALS) as client:
        assert client.send(vendor.mint).token == "t"


@each_vendor
@pytest.mark.anyio
async def test_pytest_httpx_async(
    vendor: Vendor,
    url: str,
    answer: object,
    httpx_mock: HTTPXMock,
) -> None:
    """pytest-httpx responds to an async client's calls."""
    httpx_mock.add_response(method="POST", url=url, json=answer)
    async with vendor.async_client.from_env(environ=FAKE_CREDENTIALS) as client:
        assert (await client.send(vendor.mint)).token == "t"


@each_vendor
def test_respx(
    vendor: Vendor,
    url: str,
    answer: object,
    respx_mock: respx.MockRouter,
) -> None:
    """A client's calls get their responses from respx."""
    route = respx_mock.post(url).respond(json=answer)
    with vendor.client.from_env(environ=FAKE_CREDENTIALS) as client:
        assert client.send(vendor.mint).token == "t"
    assert route.call_count == 1


@each_vendor
@pytest.mark.anyio
async def test_respx_async(
    vendor: Vendor,
    url: str,
    answer: object,
    respx_mock: respx.MockRouter,
) -> None:
    """An async client's calls get their responses from respx."""
    route = respx_mock.post(url).respond(json=answer)
    async with vendor.async_client.from_env(environ=FAKE_CREDENTIALS) as client:
        assert (await client.send(vendor.mint)).token == "t"
    assert route.call_count == 1


def test_respx_and_retries(respx_mock: respx.MockRouter) -> None:
    """An exception from respx is treated like the network's, and retried on the frozen clock."""
    clock = FrozenClock()
    route = respx_mock.post(STRIGO_URL)
    route.side_effect = [httpx.ConnectTimeout, BUSY, httpx.ReadTimeout]
    client = StrigoClient.from_env(environ=FAKE_CREDENTIALS, clock=clock)
    with client, pytest.raises(RequestTimeoutError):
        client.create_user_token(email="a@b.io")
    assert route.call_count == 3
    assert clock.sleeps[1:] == (7,)


@pytest.mark.anyio
async def test_respx_and_async_retries(respx_mock: respx.MockRouter) -> None:
    """It is the same with an async client."""
    clock = FrozenClock()
    minted = httpx.Response(200, json=STRIGO_MINTED)
    respx_mock.post(STRIGO_URL).side_effect = [httpx.ConnectError, BUSY, minted]
    async with AsyncStrigoClient.from_env(
        environ=FAKE_CREDENTIALS, clock=clock.as_async()
    ) as client:
        assert (await client.create_user_token(email="a@b.io")).token == "t"
    assert clock.sleeps[1:] == (7,)


def test_respx_sees_a_callers_client(respx_mock: respx.MockRouter) -> None:
    """Calls through a caller's httpx client get their responses from respx too."""
    respx_mock.post(STRIGO_URL).respond(json=STRIGO_MINTED)
    with httpx.Client() as shared:
        client = StrigoClient.from_env(environ=FAKE_CREDENTIALS, http_client=shared)
        assert client.create_user_token(email="a@b.io").token == "t"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="httpx2 needs Python 3.11")
@pytest.mark.respx(assert_all_called=False)
def test_respx_does_not_see_httpx2(respx_mock: respx.MockRouter) -> None:
    """A client on httpx2 bypasses respx, as the documentation says."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    route = respx_mock.route().respond(json=STRIGO_MINTED)
    client = StrigoClient.from_env(
        environ=FAKE_CREDENTIALS,
        base_url=url,
        http_family="httpx2",
        retry=RetryPolicy(max_retries=0),
    )
    with client, pytest.raises(ConnectError):
        client.create_user_token(email="a@b.io")
    assert not route.called


@pytest.mark.parametrize(
    "family",
    [
        "httpx",
        pytest.param(
            "httpx2",
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11"),
        ),
    ],
)
@pytest.mark.anyio
async def test_mock_transport(family: str) -> None:
    """Either family's mock transport works for sync and async clients."""
    http: Any = import_module(family)
    routes: list[str] = []

    def answer(request: Any) -> object:
        routes.append(request.url.path)
        return http.Response(200, json=STRIGO_MINTED)

    transport = http.MockTransport(answer)
    with StrigoClient.from_env(environ=FAKE_CREDENTIALS, transport=transport) as client:
        assert client.create_user_token(email="a@b.io").token == "t"
    async with AsyncStrigoClient.from_env(
        environ=FAKE_CREDENTIALS, transport=transport
    ) as async_client:
        assert (await async_client.create_user_token(email="a@b.io")).token == "t"
    assert routes == 2 * ["/api/v1/academy/users/token"]
