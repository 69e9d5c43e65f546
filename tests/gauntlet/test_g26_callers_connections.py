"""G26 and the blame for a proxy, for the connections of a caller's client or transport."""

from __future__ import annotations

import gc
import socket
import threading
import time
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import anyio
import pytest
import trustme
from connect_proxy import proxy_to, socks_proxy_to, socks_url
from credentials import async_strigo_client, strigo_client
from h2_server import H2Server
from network_calls import NO_RETRIES, each_family, each_flavour, echo_token
from raw_server import RawServer
from surplus import (
    CALLS,
    RIGHT,
    USERS,
    behind_a_full_read,
    cut_at,
    one_too_many,
    polite,
    surplus_at_first,
)
from tls_servers import HOST, context_with, server_context, trusting

from tokenkit import TransportError
from tokenkit._http import progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family
    from raw_server import Peer

Flavour = Literal["sync", "asyncio", "trio", "uvloop"]
Kind = Literal["client", "transport"]
needs_uvloop = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")
each_loop = pytest.mark.parametrize(
    "flavour", ["sync", "asyncio", "trio", pytest.param("uvloop", marks=needs_uvloop)]
)
each_kind = pytest.mark.parametrize("kind", ["client", "transport"])
PATIENCE = 20


def nothing() -> None:
    pass


def tokens(
    flavour: Flavour,
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
    options: Any = {"http_client" if kind == "client" else kind: made, "retry": NO_RETRIES}
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


CASES: list[tuple[Kind, str, str]] = [
    ("client", "plain", "in the same piece"),
    ("client", "plain", "later"),
    ("client", "plain", "behind a full read"),
    ("client", "tls", "in a record of its own"),
    ("client", "tls", "in a part of a record"),
    ("client", "http proxy", "in the same piece"),
    ("client", "https proxy", "in a record of its own"),
    ("client", "socks proxy", "in the same piece"),
    ("transport", "plain", "in the same piece"),
    ("transport", "tls", "in a part of a record"),
]


@each_family
@each_loop
@pytest.mark.parametrize(("kind", "way", "when"), CASES)
def test_a_surplus_response_on_a_callers_connection_is_nobodys(
    flavour: Flavour, family: Family, kind: Kind, way: str, when: str
) -> None:
    """The next caller doesn't get it, however it arrives."""
    was_sent = threading.Semaphore(0)
    scripts = {"in a part of a record": cut_at(20), "behind a full read": behind_a_full_read}
    tls = None if way == "plain" or when in scripts else server_context(HOST, "localhost")

    def wait() -> None:
        assert when in scripts or was_sent.acquire(timeout=PATIENCE)
        time.sleep(0.2 if "proxy" in way else 0.05)

    with RawServer(scripts.get(when) or one_too_many(when, was_sent), tls=tls) as server:
        if "proxy" not in way:
            url = f"{'http' if way == 'plain' else 'https'}://127.0.0.1:{server.port}"
            if tls is not None:
                url = url.replace("127.0.0.1", "localhost")
            assert tokens(flavour, family, kind, url, wait) == RIGHT
            return
        shown = server_context("127.0.0.1") if way == "https proxy" else None
        with socks_proxy_to(server) if way == "socks proxy" else proxy_to(server, shown) as proxy:
            proxy_url: Any = socks_url(proxy) if way == "socks proxy" else proxy.url
            if shown is not None:
                proxy_url = import_module(family).Proxy(proxy_url, ssl_context=trusting())
            assert tokens(flavour, family, kind, f"https://{HOST}", wait, proxy=proxy_url) == RIGHT


RENAMED: list[tuple[str, Any]] = [("H11", "renamed"), ("NETWORK", "renamed"), ("CALLS_ABOVE", 0)]
RENAMED_BELOW: list[tuple[str, Any]] = [
    ("TRANSPORT", "renamed"),
    ("READ_BIOS", ()),
    ("READ_QUEUE", ("renamed", "read_queue")),
    ("READ_QUEUE", ("_protocol", "renamed")),
]


@each_family
@each_loop
@each_kind
def test_a_callers_clean_connection_is_kept(flavour: Flavour, family: Family, kind: Kind) -> None:
    """A connection with nothing behind its responses serves many calls."""
    with RawServer(polite, tls=server_context("localhost")) as server:
        url = f"https://localhost:{server.port}"
        assert tokens(flavour, family, kind, url) == RIGHT
        assert server.connections == 1


@each_family
@each_flavour
@pytest.mark.parametrize(("name", "value"), [*RENAMED, *RENAMED_BELOW])
def test_a_callers_connection_that_cannot_be_looked_at_serves_one_call(
    flavour: Flavour, family: Family, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is if a library has renamed what the check looks at."""
    monkeypatch.setattr(progress, name, value)
    needs_it = (
        (name, value) in RENAMED
        or flavour == "asyncio"
        or (flavour == "trio" and name != "READ_QUEUE")
    )
    with RawServer(polite, tls=server_context("localhost")) as server:
        assert tokens(flavour, family, "client", f"https://localhost:{server.port}") == RIGHT
        assert server.connections == (len(RIGHT) if needs_it else 1)


@each_family
@each_flavour
def test_a_callers_own_request_gets_its_own_response(flavour: Flavour, family: Family) -> None:
    """What is behind a token's response doesn't wait for another request of the caller's."""
    http: Any = import_module(family)

    async def main(url: str) -> Any:
        async with http.AsyncClient() as shared:
            await async_strigo_client(url, http_client=shared).send(CALLS[0])
            return await shared.post(url, json={"email": USERS[1]})

    with RawServer(surplus_at_first) as server:
        if flavour == "sync":
            with http.Client() as shared:
                strigo_client(server.url, http_client=shared).send(CALLS[0])
                response = shared.post(server.url, json={"email": USERS[1]})
        else:
            response = anyio.run(main, server.url, backend=flavour)
    assert response.json()["data"]["token"] == RIGHT[1]


@each_family
def test_a_connection_of_a_callers_own_request_is_looked_at(family: Family) -> None:
    """What is behind a response to the caller's own request is no token."""
    http: Any = import_module(family)
    with RawServer(surplus_at_first) as server, http.Client() as shared:
        shared.post(server.url, json={"email": USERS[0]})
        client = strigo_client(server.url, http_client=shared, retry=NO_RETRIES)
        assert client.send(CALLS[1]).token == RIGHT[1]


@each_family
def test_a_server_that_speaks_first_gets_the_request(family: Family) -> None:
    """What comes before a connection's first request doesn't have it sent for ever."""

    def speaking(peer: Peer) -> None:
        peer.send(b"HTTP")
        request = peer.read_request()
        if request is not None:
            peer.send(echo_token(request).removeprefix(b"HTTP"))
            peer.wait_gone()

    transport = import_module(family).HTTPTransport()
    with (
        RawServer(speaking) as server,
        strigo_client(server.url, transport=transport, retry=NO_RETRIES) as client,
    ):
        assert client.send(CALLS[0]).token == RIGHT[0]


@each_family
@each_flavour
@each_kind
def test_a_callers_http2_connection_is_kept(flavour: Flavour, family: Family, kind: Kind) -> None:
    """HTTP/2 says whose each response is: its connections are left alone."""
    body = b'{"result": "success", "data": {"token": "t"}}'
    server = H2Server(body, "localhost")
    with server.raw as raw:
        url = f"https://localhost:{raw.port}"
        assert tokens(flavour, family, kind, url, http2=True) == ["t"] * len(RIGHT)
        assert raw.connections == 1


def refused(peer: Any) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")


def closing(peer: Any) -> None:
    peer.read_request()


def refused_by_socks(peer: Any) -> None:
    peer.sock.recv(1024)
    peer.send(b"\x05\xff")
    peer.wait_gone()


@each_family
@each_flavour
@each_kind
@pytest.mark.parametrize(
    ("script", "scheme"),
    [
        (refused, "http"),
        (closing, "http"),
        (polite, "https"),
        (refused_by_socks, "socks5"),
        (None, "http"),
        (None, "socks5"),
    ],
)
def test_a_callers_proxy_that_fails_is_named(
    flavour: Flavour, family: Family, kind: Kind, script: Any, scheme: str
) -> None:
    """A proxy that refuses, isn't there or has a bad certificate is named, not the vendor."""
    tls = server_context("somewhere.example") if scheme == "https" else None
    with RawServer(script or closing, tls=tls) as proxy:
        port = proxy.port
        if script is None:
            with socket.create_server(("127.0.0.1", 0)) as closed:
                port = closed.getsockname()[1]
        credentials = "" if scheme == "socks5" else "user:s3cret@"
        url = f"{scheme}://{credentials}127.0.0.1:{port}"
        with warnings.catch_warnings():
            # httpcore leaves a SOCKS proxy's connection to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            with pytest.raises(TransportError) as caught:
                tokens(flavour, family, kind, "https://vendor.example", proxy=url)
            text, outcome = str(caught.value), caught.value.outcome
            del caught
            gc.collect()
    assert text.startswith(f"proxy 127.0.0.1:{port}: ")
    assert text.endswith("(on the way to https://vendor.example)")
    assert "s3cret" not in text
    assert outcome == "not performed"


@each_family
@each_flavour
def test_a_callers_client_is_told_where_to_name_an_authority(
    flavour: Flavour, family: Family
) -> None:
    """The hint at an untrusted certificate names the setting of the caller's own client."""
    stranger = context_with(trustme.CA().issue_cert("localhost"))
    with RawServer(polite, tls=stranger) as server, pytest.raises(TransportError) as caught:
        tokens(flavour, family, "client", f"https://localhost:{server.port}")
    assert str(caught.value).endswith("name that authority with verify= of your own")


@each_family
def test_an_address_of_a_callers_choice_is_not_called_a_proxy(family: Family) -> None:
    """It is named, with the origin; an untrusted certificate comes with the hint."""
    http: Any = import_module(family)
    stranger = context_with(trustme.CA().issue_cert(HOST))

    class Pinned(http.HTTPTransport):  # type: ignore[misc] # either family's
        def handle_request(self, request: Any) -> Any:
            request.extensions["sni_hostname"] = request.url.host
            request.url = request.url.copy_with(host="127.0.0.1", port=server.port)
            return http.HTTPTransport.handle_request(self, request)

    with RawServer(polite, tls=stranger) as server:
        pinned = Pinned(verify=trusting())
        client = strigo_client(f"https://{HOST}", transport=pinned, retry=NO_RETRIES)
        with client, pytest.raises(TransportError) as caught:
            client.send(CALLS[0])
    assert str(caught.value).startswith(f"127.0.0.1:{server.port}: ConnectError: ")
    assert f"(on the way to https://{HOST}); if" in str(caught.value)


@each_family
def test_a_proxy_below_a_callers_own_class_is_named(family: Family) -> None:
    """A refused tunnel tells a proxy from any other host."""
    http: Any = import_module(family)

    class Own(http.HTTPTransport):  # type: ignore[misc] # either family's
        pass

    with RawServer(refused) as proxy:
        client = strigo_client(f"https://{HOST}", transport=Own(proxy=proxy.url), retry=NO_RETRIES)
        with client, pytest.raises(TransportError) as caught:
            client.send(CALLS[0])
    assert str(caught.value).startswith(f"proxy 127.0.0.1:{proxy.port}: ")
