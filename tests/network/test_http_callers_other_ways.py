"""A caller's transport that tries several ways: what was sent, and who refused it."""

from __future__ import annotations

import socket
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import WITHDRAWAL
from callers_clients import each_kind, tokens, transport_over
from credentials import async_zerohash_client, zerohash_client
from network_calls import FAST_RETRIES, NO_RETRIES, core_of, each_family, each_flavour
from raw_server import RawServer, black_hole, http
from tls_servers import HOST, server_context, trusting

from tokenkit import (
    APIError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    RequestTimeoutError,
    TransportError,
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
@pytest.mark.parametrize(
    "said",
    [
        *("second from first", "first from second", "in a circle"),
        *("ReadError from first", "ConnectError from second", "ConnectError"),
    ],
)
def test_whatever_a_transport_raises_in_the_end_a_way_may_have_been_sent(
    family: Family, said: str
) -> None:
    """Only httpcore's own error says that nothing was sent, and no other one about it."""
    http_: Any = import_module(family)

    def error_from(first: Exception, second: Exception) -> Exception:
        name, _, cause = said.partition(" from ")
        made = {"first": first, "second": second, "in a circle": second}.get(name)
        made = made or getattr(http_, name)("all ways failed")
        made.__cause__ = {"first": first, "second": second}.get(cause)
        if said == "in a circle":
            first.__cause__, second.__cause__ = second, first
        return made

    class Summing(http_.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            try:
                return http_.HTTPTransport.handle_request(self, request)
            except http_.ConnectError as error:
                first = error
            try:
                with http_.HTTPTransport() as direct:
                    return direct.handle_request(again(http_, request))
            except http_.TransportError as second:
                raised = error_from(first, second)
                raise raised from raised.__cause__

    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with RawServer(gone) as server:
        transport = Summing(proxy=dead)
        client = zerohash_client(server.url, transport=transport, retry=FAST_RETRIES)
        with client, pytest.raises(TransportError) as caught:
            client.send(WITHDRAWAL)
        assert len(server.requests) == 1
    assert caught.value.outcome == "unknown"


@each_family
@pytest.mark.parametrize("flavour", ["asyncio", "trio"])
def test_a_deadline_on_the_way_around_a_proxy_leaves_open_what_was_sent(
    flavour: Flavour, family: Family
) -> None:
    """The proxy's refusal has ended the first way."""
    http_: Any = import_module(family)

    class GoesAround(http_.AsyncHTTPTransport):  # type: ignore[misc] # either family's
        async def handle_async_request(self, request: Any) -> Any:
            try:
                return await http_.AsyncHTTPTransport.handle_async_request(self, request)
            except http_.ProxyError:
                async with http_.AsyncHTTPTransport(verify=trusting()) as direct:
                    return await direct.handle_async_request(again(http_, request))

    async def main(url: str, proxy: str) -> None:
        made = GoesAround(proxy=proxy)
        client = async_zerohash_client(url, transport=made, retry=FAST_RETRIES, deadline=3)
        async with client:
            await client.send(WITHDRAWAL)

    with (
        RawServer(black_hole, tls=server_context("localhost")) as server,
        RawServer(refused) as proxy,
    ):
        with pytest.raises(DeadlineExceeded) as caught:
            anyio.run(main, f"https://localhost:{server.port}", proxy.url, backend=flavour)
        assert len(server.requests) == 1
    assert caught.value.outcome == "unknown"


@each_family
@each_flavour
def test_a_proxy_that_resets_before_it_is_asked_is_to_blame(
    flavour: Flavour, family: Family
) -> None:
    """The write that fails then isn't the request's."""
    core: Any = core_of(family)

    class Slow(core.SyncBackend):  # type: ignore[misc] # either family's
        def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
            made = core.SyncBackend.connect_tcp(self, *args, **kwargs)
            proxy.wait_for(lambda: resets == 1)
            return made

    class AsyncSlow(core.AnyIOBackend):  # type: ignore[misc] # either family's
        async def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
            made = await core.AnyIOBackend.connect_tcp(self, *args, **kwargs)
            proxy.wait_for(lambda: resets == 1)
            return made

    resets = 0

    def reset(peer: Peer) -> None:
        nonlocal resets
        peer.reset()
        resets += 1

    def send() -> None:
        transport = transport_over("sync", family, Slow(), proxy=proxy.url)
        with zerohash_client(f"https://{HOST}", transport=transport, retry=NO_RETRIES) as client:
            client.send(WITHDRAWAL)

    async def send_async() -> None:
        transport = transport_over(flavour, family, AsyncSlow(), proxy=proxy.url)
        made = async_zerohash_client(f"https://{HOST}", transport=transport, retry=NO_RETRIES)
        async with made as client:
            await client.send(WITHDRAWAL)

    run = send if flavour == "sync" else partial(anyio.run, send_async, backend=flavour)
    with RawServer(reset) as proxy, pytest.raises(ConnectError) as caught:
        run()
    assert f"proxy 127.0.0.1:{proxy.port}: " in str(caught.value)
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
def test_a_proxy_may_refuse_before_it_has_read_the_request(family: Family) -> None:
    """The write that fails then says nothing about who responded."""
    core: Any = core_of(family)

    class Slow(core.SyncBackend):  # type: ignore[misc] # either family's
        def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
            made = core.SyncBackend.connect_tcp(self, *args, **kwargs)
            write = made.write

            def write_late(*args: Any, **kwargs: Any) -> None:
                proxy.wait_for(lambda: proxy.ended == 1)
                write(*args, **kwargs)

            made.write = write_late
            return made

    with RawServer(lambda peer: peer.send(http(407))) as proxy:
        transport = transport_over("sync", family, Slow(), proxy=proxy.url)
        client = zerohash_client("http://127.0.0.1:9", transport=transport, retry=NO_RETRIES)
        with client, pytest.raises(ConnectError, match=r"^proxy: ProxyError: 407") as caught:
            client.send(WITHDRAWAL)
    assert caught.value.outcome == "not performed"


@each_family
@pytest.mark.parametrize("way", ["the same proxy", "none"])
def test_a_407_on_a_way_that_nobody_follows_is_no_proxys(family: Family, way: str) -> None:
    """The way before it was sent through a proxy, and its response was lost."""
    http_: Any = import_module(family)

    class GoesOn(http_.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            try:
                return http_.HTTPTransport.handle_request(self, request)
            except http_.TransportError:
                if way == "the same proxy":
                    return http_.HTTPTransport.handle_request(self, again(http_, request))
                with http_.HTTPTransport() as direct:
                    return direct.handle_request(again(http_, request))

    with RawServer(gone, refused) as proxy, RawServer(refused) as server:
        transport = GoesOn(proxy=proxy.url)
        client = zerohash_client(server.url, transport=transport, retry=FAST_RETRIES)
        with client, pytest.raises(APIError) as caught:
            client.send(WITHDRAWAL)
        assert len(proxy.requests) + len(server.requests) == 2
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
