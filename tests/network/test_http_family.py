"""httpx2 in the place of httpx: the same answers, the same limits, the same secrets kept."""

from __future__ import annotations

import gzip
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from leaks import check_no_secret
from network_calls import (
    API_KEY,
    FAST_RETRIES,
    HARMLESS,
    HEALTH,
    HEALTHY,
    MINT,
    NO_RETRIES,
    ORG_ID,
    TOKEN,
    WITHDRAWAL,
    ZEROHASH_MINTED,
    async_strigo_client,
    at_most,
    each_flavour,
    send_strigo,
    send_zerohash,
    strigo_client,
)
from raw_server import RawServer, answering, black_hole, http, json_answer, resetting, saying

from tokenkit import (
    AsyncStrigoClient,
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLarge,
    StrigoClient,
    Timeouts,
)

httpx2: Any = pytest.importorskip("httpx2")

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour
    from raw_server import Peer, RawRequest

healthy = answering(lambda _: HEALTHY)


def drip(peer: Peer) -> None:
    peer.read_request()
    peer.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)


def echo(request: RawRequest) -> bytes:
    key = request.headers["x-scx-api-key"]
    return http(401, str(request.headers).encode(), f"X-Request-Id: {key}")


@each_flavour
def test_calls_share_a_connection_of_httpx2(flavour: Flavour) -> None:
    """Calls go out through httpx2, one after the other over the same connection."""
    with RawServer(healthy) as server:
        send_strigo(flavour, server.url, HEALTH, HEALTH, http_family="httpx2")
        assert (server.connections, len(server.requests)) == (1, 2)
        server.wait_all_closed()


@each_flavour
@pytest.mark.parametrize("script", [black_hole, drip])
def test_the_deadline_holds_with_httpx2(flavour: Flavour, script: Callable[[Peer], None]) -> None:
    """A silent or dripping server is left when the deadline passes."""
    with RawServer(script) as server:
        with pytest.raises(DeadlineExceeded), at_most(0.3):
            send_strigo(flavour, server.url, MINT, deadline=0.3, http_family="httpx2")
        server.wait_all_closed()


@each_flavour
def test_the_size_limit_holds_with_httpx2(flavour: Flavour) -> None:
    """A packed answer beyond the limit raises ResponseTooLarge."""
    bomb = http(200, gzip.compress(bytes(20_000_000)), "Content-Encoding: gzip")
    with RawServer(saying(bomb)) as server, pytest.raises(ResponseTooLarge):
        send_strigo(flavour, server.url, MINT, http_family="httpx2")


@each_flavour
def test_httpx2s_errors_are_told_apart(flavour: Flavour) -> None:
    """A refused connection, a silence and broken HTTP are told apart as with httpx."""
    with pytest.raises(ConnectError):
        send_strigo(flavour, "http://127.0.0.1:1", MINT, http_family="httpx2", retry=NO_RETRIES)
    with RawServer(black_hole) as server, pytest.raises(RequestTimeoutError, match="ReadTimeout"):
        send_strigo(
            flavour,
            server.url,
            MINT,
            http_family="httpx2",
            timeout=Timeouts(read=0.05),
            retry=NO_RETRIES,
        )
    with RawServer(saying(b"SSH-2.0\r\n")) as server, pytest.raises(ProtocolError):
        send_strigo(flavour, server.url, MINT, http_family="httpx2", retry=NO_RETRIES)


@each_flavour
def test_a_payment_is_not_opened_twice_with_httpx2(flavour: Flavour) -> None:
    """httpx2's connections tell what was written as httpx's do."""
    with RawServer(resetting(ZEROHASH_MINTED)) as server:
        with pytest.raises(ConnectionLostError):
            send_zerohash(
                flavour,
                server.url,
                HARMLESS,
                WITHDRAWAL,
                http_family="httpx2",
                retry=FAST_RETRIES,
            )
        assert len(server.requests) == 2


@each_flavour
def test_no_secret_shows_with_httpx2(flavour: Flavour, caplog: pytest.LogCaptureFixture) -> None:
    """No credential shows in the error or in the debug log of httpx2 and of what is below it."""
    with RawServer(answering(echo)) as server, caplog.at_level(logging.DEBUG):
        with pytest.raises(AuthenticationError) as caught:
            send_zerohash(flavour, server.url, HARMLESS, http_family="httpx2")
        check_no_secret(caught.value, caplog)
    assert any(record.name.startswith("httpcore2") for record in caplog.records)


def test_the_seam_of_httpx2_holds() -> None:
    """httpx2's pool really uses the network backend with the deadline."""
    with (
        RawServer(healthy) as server,
        strigo_client(server.url, http_family="httpx2") as client,
    ):
        client.check_health()
        opened: Any = vars(client)["_shared"].connections
        pool = opened._opened.transport._pool
        (connection,) = pool.connections
        stream = connection._connection._network_stream
        assert type(opened._opened.transport).__module__.startswith("httpx2")
        assert type(stream).__module__ == "tokenkit._http.network"


@pytest.mark.anyio
async def test_the_async_seam_of_httpx2_holds() -> None:
    """httpx2's async pool really uses the network backend that counts."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url, http_family="httpx2") as client:
            await client.check_health()
            opened: Any = vars(client)["_shared"].connections
            pool = (await opened._open())._pool
            (connection,) = pool.connections
            stream = connection._connection._network_stream
            assert type(stream).__module__ == "tokenkit._http.aio_network"


def minted(request: Any) -> Any:
    assert request.headers["authorization"] == f"Bearer {ORG_ID}:{API_KEY}"
    body = {"result": "success", "data": {"token": TOKEN}}
    return httpx2.Response(200, json=body)


def test_a_callers_httpx2_things_work() -> None:
    """A caller's httpx2 client and transport are taken as httpx's are."""
    with (
        httpx2.Client(transport=httpx2.MockTransport(minted)) as http_client,
        StrigoClient(org_id=ORG_ID, api_key=API_KEY, http_client=http_client) as client,
    ):
        assert client.send(MINT).token == TOKEN
    transport = httpx2.MockTransport(minted)
    with StrigoClient(org_id=ORG_ID, api_key=API_KEY, transport=transport) as client:
        assert client.send(MINT).token == TOKEN


@pytest.mark.anyio
async def test_a_callers_async_httpx2_things_work() -> None:
    """A caller's async httpx2 client and transport are taken as httpx's are."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(minted)) as http_client:
        client = AsyncStrigoClient(org_id=ORG_ID, api_key=API_KEY, http_client=http_client)
        assert (await client.send(MINT)).token == TOKEN
    transport = httpx2.MockTransport(minted)
    async with AsyncStrigoClient(org_id=ORG_ID, api_key=API_KEY, transport=transport) as client:
        assert (await client.send(MINT)).token == TOKEN


def test_a_contradicting_family_is_refused() -> None:
    """A caller's transport of one family beside the name of the other is refused."""
    transport = httpx2.MockTransport(minted)
    with pytest.raises(ConfigurationError, match="transport is of httpx2"):
        StrigoClient(org_id=ORG_ID, api_key=API_KEY, transport=transport, http_family="httpx")


def test_a_family_that_is_not_installed_is_named() -> None:
    """Where httpx2 is missing, the error says how to install it."""
    program = """
import sys
sys.modules["httpx2"] = None
from tokenkit import ConfigurationError, StrigoClient
try:
    StrigoClient(org_id="org", api_key="key", http_family="httpx2")
except ConfigurationError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"is not installed: python -m pip install 'tokenkit-sdk[httpx2]'" in result.stdout


def test_a_library_of_another_name_is_refused() -> None:
    """Only the two families can be named."""
    unknown: Any = "requests"
    with pytest.raises(ConfigurationError, match="'requests'"):
        strigo_client("https://vendor.example", http_family=unknown)


def test_json_answers_are_the_same() -> None:
    """An answer's headers and value do not depend on the family."""
    answer = json_answer({"status": "ok", "message": "m"})
    with RawServer(answering(lambda _: answer)) as server:
        (one,) = send_strigo("sync", server.url, HEALTH, http_family="httpx")
        (other,) = send_strigo("sync", server.url, HEALTH, http_family="httpx2")
    assert (one.value, dict(one.headers)) == (other.value, dict(other.headers))
