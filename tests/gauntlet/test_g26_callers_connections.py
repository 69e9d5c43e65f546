"""G26 and the blame for a proxy, for the connections of a caller's client or transport."""

from __future__ import annotations

import gc
import socket
import threading
import time
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import anyio
import pytest
import trustme
from connect_proxy import proxy_to, socks_proxy_to, socks_url
from credentials import async_strigo_client, strigo_client
from h2_server import H2Server
from network_calls import NO_RETRIES, each_family, each_flavour
from raw_server import RawServer
from surplus import CALLS, RIGHT, one_too_many, polite
from tls_servers import HOST, context_with, server_context, trusting

from tokenkit import TransportError
from tokenkit._http import connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Family, Flavour

Kind = Literal["client", "transport"]
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

    anyio.run(main, backend=flavour)
    return minted


@each_family
@each_flavour
@each_kind
@pytest.mark.parametrize("way", ["plain", "tls", "http proxy", "socks proxy"])
@pytest.mark.parametrize("when", ["in the same piece", "in a record of its own", "later"])
def test_a_surplus_response_on_a_callers_connection_is_nobodys(
    flavour: Flavour, family: Family, kind: Kind, way: str, when: str
) -> None:
    """The next caller doesn't get it, however it arrives."""
    was_sent = threading.Semaphore(0)

    def wait() -> None:
        assert was_sent.acquire(timeout=PATIENCE)
        time.sleep(0.2 if "proxy" in way else 0.05)

    tls = None if way == "plain" else server_context(HOST, "localhost")
    with RawServer(one_too_many(when, was_sent), tls=tls) as server:
        if "proxy" not in way:
            scheme = "http" if tls is None else "https"
            url = f"{scheme}://localhost:{server.port}"
            assert tokens(flavour, family, kind, url, wait) == RIGHT
            return
        with socks_proxy_to(server) if way == "socks proxy" else proxy_to(server) as proxy:
            proxy_url = socks_url(proxy) if way == "socks proxy" else proxy.url
            found = tokens(flavour, family, kind, f"https://{HOST}", wait, proxy=proxy_url)
            assert found == RIGHT


@each_family
@each_flavour
@each_kind
@pytest.mark.parametrize("name", ["", *sorted({*connection.PATH_FROM_RESPONSE, "trailing_data"})])
def test_a_callers_connection_is_reused_only_if_it_is_seen_to_be_clean(
    flavour: Flavour, family: Family, kind: Kind, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a library has renamed what the check looks at, each connection serves one call."""
    if name == "trailing_data":
        monkeypatch.setattr("h11.Connection.trailing_data", [b"", False])
    elif name:
        path = [f"{one}_renamed" if one == name else one for one in connection.PATH_FROM_RESPONSE]
        monkeypatch.setattr(connection, "PATH_FROM_RESPONSE", tuple(path))
    with RawServer(polite, tls=server_context("localhost")) as server:
        found = tokens(flavour, family, kind, f"https://localhost:{server.port}")
        assert found == RIGHT
        assert server.connections == (len(RIGHT) if name else 1)


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
