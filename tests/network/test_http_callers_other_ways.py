"""A caller's transport that tries several ways: what was sent, and who refused it."""

from __future__ import annotations

import socket
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import WITHDRAWAL
from callers_clients import each_kind, tokens
from credentials import async_zerohash_client, zerohash_client
from network_calls import FAST_RETRIES, each_family, each_flavour
from raw_server import RawServer, black_hole, http
from tls_servers import HOST, server_context, trusting

from tokenkit import (
    APIError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    RequestTimeoutError,
)

if TYPE_CHECKING:
    from callers_clients import Kind
    from network_calls import Family, Flavour
    from raw_server import Peer


def gone(peer: Peer) -> None:
    peer.read_request()


def again(http_: Any, request: Any, **changes: Any) -> Any:
    """Return a request that nobody follows, unless it gets the first one's extensions."""
    made = {"url": request.url, "headers": request.headers, "content": request.content}
    return http_.Request(request.method, **{**made, **changes})


@each_family
@pytest.mark.parametrize(
    ("script", "error"), [(gone, ConnectionLostError), (black_hole, RequestTimeoutError)]
)
def test_a_request_that_went_another_way_counts_as_sent(
    family: Family, script: Any, error: type[Exception]
) -> None:
    """What is known of a first address says nothing about a second one."""
    http_: Any = import_module(family)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]

    class FailsOver(http_.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            url = request.url.copy_with(port=dead)
            first = again(http_, request, url=url, extensions=request.extensions)
            try:
                return http_.HTTPTransport.handle_request(self, first)
            except http_.ConnectError:
                other = again(http_, request, extensions={"timeout": {"read": 0.2}})
                return http_.HTTPTransport.handle_request(self, other)

    with RawServer(script) as server:
        client = zerohash_client(server.url, transport=FailsOver(), retry=FAST_RETRIES)
        with client, pytest.raises(error) as caught:
            client.send(WITHDRAWAL)
        assert server.connections == 1
    assert getattr(caught.value, "outcome", None) == "unknown"
    assert str(dead) not in str(caught.value)


@each_family
def test_a_proxys_refusal_says_nothing_about_the_way_without_it(family: Family) -> None:
    """A transport that goes around a proxy which refuses has sent the request."""
    http_: Any = import_module(family)

    class GoesAround(http_.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            try:
                return http_.HTTPTransport.handle_request(self, request)
            except http_.ProxyError:
                with http_.HTTPTransport(verify=trusting()) as direct:
                    return direct.handle_request(again(http_, request))

    with (
        RawServer(gone, tls=server_context("localhost")) as server,
        RawServer(refused) as proxy,
        zerohash_client(
            f"https://localhost:{server.port}",
            transport=GoesAround(proxy=proxy.url),
            retry=FAST_RETRIES,
        ) as client,
    ):
        with pytest.raises(ConnectionLostError) as caught:
            client.send(WITHDRAWAL)
        assert len(server.requests) == 1
    assert caught.value.outcome == "unknown"


@each_family
@pytest.mark.parametrize("flavour", ["asyncio", "trio"])
def test_a_way_that_a_transport_gives_up_says_nothing_about_the_next(
    flavour: Flavour, family: Family
) -> None:
    """A time limit of the transport's own ends one way, and not the exchange."""
    http_: Any = import_module(family)

    class Impatient(http_.AsyncHTTPTransport):  # type: ignore[misc] # either family's
        async def handle_async_request(self, request: Any) -> Any:
            with anyio.move_on_after(0.2):
                return await http_.AsyncHTTPTransport.handle_async_request(self, request)
            async with http_.AsyncHTTPTransport(verify=trusting()) as direct:
                return await direct.handle_async_request(again(http_, request))

    async def main(url: str, proxy: str) -> None:
        made = Impatient(proxy=proxy)
        async with async_zerohash_client(url, transport=made, retry=FAST_RETRIES) as client:
            await client.send(WITHDRAWAL)

    with (
        RawServer(gone, tls=server_context("localhost")) as server,
        RawServer(black_hole) as proxy,
    ):
        url = f"https://localhost:{server.port}"
        with pytest.raises(ConnectionLostError) as caught:
            anyio.run(main, url, proxy.url, backend=flavour)
        assert len(server.requests) == 1
    assert caught.value.outcome == "unknown"


@each_family
def test_a_connect_error_of_a_transports_own_is_not_performed(family: Family) -> None:
    """Once all ways have failed, a transport may say so in its own words."""
    http_: Any = import_module(family)

    class Summing(http_.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            try:
                return http_.HTTPTransport.handle_request(self, request)
            except http_.ConnectError:
                raise http_.ConnectError("all ways failed") from None

    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    client = zerohash_client(f"http://127.0.0.1:{dead}", transport=Summing(), retry=FAST_RETRIES)
    with client, pytest.raises(ConnectError, match="all ways failed") as caught:
        client.send(WITHDRAWAL)
    assert caught.value.outcome == "not performed"


def refused(peer: Peer) -> None:
    while peer.read_request() is not None:
        peer.send(http(407, b'{"message":"No."}'))


@each_family
@each_flavour
@each_kind
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_vendors_own_407_is_the_vendors(
    flavour: Flavour, family: Family, kind: Kind, scheme: str
) -> None:
    """Only a proxy that got plain http can respond in the vendor's place."""
    tls = None if scheme == "http" else server_context("localhost")
    with RawServer(refused, tls=tls) as server, pytest.raises(APIError) as caught:
        tokens(flavour, family, kind, f"{scheme}://localhost:{server.port}")
    assert caught.value.status == 407


@each_family
def test_a_proxy_that_refuses_a_second_attempt_knows_nothing_of_the_first(family: Family) -> None:
    """The first one may have reached the vendor."""
    http_: Any = import_module(family)

    class Retrying(http_.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            try:
                return http_.HTTPTransport.handle_request(self, request)
            except http_.TransportError:
                return http_.HTTPTransport.handle_request(self, request)

    def script(peer: Peer) -> None:
        peer.read_request()
        if len(peer.server.requests) > 1:
            peer.send(http(407))

    with RawServer(script) as proxy:
        transport = Retrying(proxy=proxy.url)
        client = zerohash_client("http://127.0.0.1:9", transport=transport, retry=FAST_RETRIES)
        with client, pytest.raises(ConnectError, match=r"^proxy: ProxyError: 407") as caught:
            client.send(WITHDRAWAL)
        assert len(proxy.requests) == 2
    assert caught.value.outcome == "unknown"


@each_family
@pytest.mark.parametrize("flavour", ["asyncio", "trio"])
def test_a_deadline_before_a_callers_connection_stands_is_not_performed(
    flavour: Flavour, family: Family
) -> None:
    """Cancelling ends the exchange, so that no other way can have been taken."""
    http_: Any = import_module(family)

    async def main(proxy: str) -> None:
        async with http_.AsyncClient(proxy=proxy) as shared:
            client = async_zerohash_client(f"https://{HOST}", http_client=shared, deadline=0.3)
            await client.send(WITHDRAWAL)

    with RawServer(black_hole) as proxy, pytest.raises(DeadlineExceeded) as caught:
        anyio.run(main, proxy.url, backend=flavour)
    assert caught.value.outcome == "not performed"
    assert f"proxy 127.0.0.1:{proxy.port}: " in str(caught.value)
