"""httpx2 in the place of httpx: the same answers, the same limits, the same secrets kept."""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING, Any

import pytest
from leaks import check_no_secret
from network_calls import (
    FAST_RETRIES,
    HARMLESS,
    HEALTH,
    HEALTHY,
    MINT,
    NO_RETRIES,
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
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLarge,
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
    bomb = http(200, gzip.compress(bytes(20_000_000), mtime=0), "Content-Encoding: gzip")
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
        connections: Any = vars(client)["_shared"].connections
        (lane,) = connections._opened.lanes._free
        stream = lane.transport._pool._connection._network_stream
        assert type(lane.transport).__module__.startswith("httpx2")
        assert type(stream).__module__ == "tokenkit._http.network"


@pytest.mark.anyio
async def test_the_async_seam_of_httpx2_holds() -> None:
    """httpx2's async pool really uses the network backend that counts."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url, http_family="httpx2") as client:
            await client.check_health()
            connections: Any = vars(client)["_shared"].connections
            (lane,) = (await connections._open())._free
            stream = lane.transport._pool._connection._network_stream
            assert type(lane.transport).__module__.startswith("httpx2")
            assert type(stream).__module__.startswith("tokenkit._http.")


def test_json_answers_are_the_same() -> None:
    """An answer's headers and value do not depend on the family."""
    answer = json_answer({"status": "ok", "message": "m"})
    with RawServer(answering(lambda _: answer)) as server:
        (one,) = send_strigo("sync", server.url, HEALTH, http_family="httpx")
        (other,) = send_strigo("sync", server.url, HEALTH, http_family="httpx2")
    assert (one.value, dict(one.headers)) == (other.value, dict(other.headers))
