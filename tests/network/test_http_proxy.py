"""Proxies: used for https alone, and never told a credential of the vendor's."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme
from network_calls import (
    API_KEY,
    FAST_RETRIES,
    HEALTH,
    HEALTHY,
    NO_RETRIES,
    ORG_ID,
    WITHDRAWAL,
    at_most,
    each_flavour,
    send_strigo,
    send_zerohash,
    strigo_client,
)
from raw_server import RawServer, answering, black_hole, http, saying

from tokenkit import ConfigurationError, ConnectError, DeadlineExceeded, StrigoClient

if TYPE_CHECKING:
    from network_calls import Flavour
    from raw_server import Peer

AUTHORITY = trustme.CA()
HOST = "vendor.example"
healthy = answering(lambda _: HEALTHY)


def tls_server() -> RawServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with AUTHORITY.issue_cert(HOST).private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    return RawServer(healthy, tls=context)


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=AUTHORITY.cert_pem.bytes().decode())


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def proxy_to(server: RawServer) -> RawServer:
    """Make a proxy that leads every CONNECT to one server."""

    def connect(peer: Peer) -> None:
        peer.read_request()
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, peer.sock), daemon=True)
            back.start()
            pump(peer.sock, onward)
            back.join(10)

    return RawServer(connect)


@each_flavour
def test_a_proxy_sees_only_the_tunnel(flavour: Flavour) -> None:
    """Https goes through the proxy as a tunnel, kept between calls, without credentials."""
    with tls_server() as server, proxy_to(server) as proxy:
        send_strigo(
            flavour,
            f"https://{HOST}",
            HEALTH,
            HEALTH,
            proxy=proxy.url,
            ssl_context=trusting(),
        )
        assert len(server.requests) == 2
        (request,) = proxy.requests
    assert request.line == f"CONNECT {HOST}:443 HTTP/1.1"
    assert "authorization" not in request.headers


@each_flavour
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environments_proxy_is_used(
    flavour: Flavour, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's proxy counts when a connection is opened, also without a scheme."""
    with tls_server() as server, proxy_to(server) as proxy:
        monkeypatch.setenv(variable, f"127.0.0.1:{proxy.port}")
        send_strigo(flavour, f"https://{HOST}", HEALTH, ssl_context=trusting())
        assert (len(server.requests), len(proxy.requests)) == (1, 1)


@each_flavour
def test_plain_http_goes_through_no_proxy(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy never gets plain http, which it could read."""
    with RawServer(healthy) as server, RawServer(healthy) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        send_strigo(flavour, server.url, HEALTH, proxy=proxy.url)
        assert (server.connections, proxy.connections) == (1, 0)


@each_flavour
@pytest.mark.parametrize("way", ["trust_env", "no_proxy"])
def test_the_environments_proxy_can_be_avoided(
    flavour: Flavour, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """trust_env=False and NO_PROXY keep connections off the environment's proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with AUTHORITY.issue_cert("localhost").private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    with RawServer(healthy, tls=context) as server, RawServer(healthy) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "localhost" if way == "no_proxy" else "")
        send_strigo(
            flavour,
            f"https://localhost:{server.port}",
            HEALTH,
            ssl_context=trusting(),
            trust_env=way == "no_proxy",
        )
        assert (len(server.requests), proxy.connections) == (1, 0)


@each_flavour
def test_the_environments_authorities_can_be_ignored(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """trust_env=False ignores SSL_CERT_FILE as well."""
    with AUTHORITY.cert_pem.tempfile() as authority, tls_server() as server:
        monkeypatch.setenv("SSL_CERT_FILE", authority)
        with proxy_to(server) as proxy:
            send_strigo(flavour, f"https://{HOST}", HEALTH, proxy=proxy.url)
            with pytest.raises(ConnectError, match="certificate verify failed"):
                send_strigo(
                    flavour,
                    f"https://{HOST}",
                    HEALTH,
                    proxy=proxy.url,
                    trust_env=False,
                    retry=NO_RETRIES,
                )


@each_flavour
def test_a_proxy_that_refuses_is_a_connect_error(flavour: Flavour) -> None:
    """A proxy's refusal is a ConnectError, repeated also where a payment would be opened."""
    with RawServer(saying(http(407, b"", "Proxy-Authenticate: Basic"))) as proxy:
        with pytest.raises(ConnectError) as caught:
            send_zerohash(
                flavour,
                f"https://{HOST}",
                WITHDRAWAL,
                proxy=proxy.url.replace("//", "//user:pass-word-1@"),
                retry=FAST_RETRIES,
            )
        assert caught.value.attempts == len(proxy.requests) == 3
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
    assert "pass-word-1" not in str(caught.value)


@each_flavour
def test_a_silent_proxy_is_bounded(flavour: Flavour) -> None:
    """A proxy that never answers holds no call beyond its deadline."""
    with RawServer(black_hole) as proxy:
        with pytest.raises(DeadlineExceeded), at_most(0.3):
            send_strigo(flavour, f"https://{HOST}", HEALTH, proxy=proxy.url, deadline=0.3)
        proxy.wait_all_closed()


@pytest.mark.parametrize("proxy", ["not a url", "ftp://host:1", "http://me:word@host:port"])
def test_a_useless_proxy_is_a_configuration_error(proxy: str) -> None:
    """What is no proxy's URL is refused, by a message that does not repeat it."""
    client = strigo_client(f"https://{HOST}", proxy=proxy)
    with client, pytest.raises(ConfigurationError, match="proxy") as caught:
        client.check_health()
    assert proxy not in str(caught.value)


def test_a_proxy_beside_a_callers_transport_is_refused() -> None:
    """What a caller's client or transport would make useless cannot be given with it."""
    with pytest.raises(ConfigurationError, match="transport and proxy exclude each other"):
        StrigoClient(
            org_id=ORG_ID,
            api_key=API_KEY,
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
            proxy="http://proxy.example:3128",
        )
    with httpx.Client() as http_client, pytest.raises(ConfigurationError, match="ssl_context"):
        StrigoClient(
            org_id=ORG_ID, api_key=API_KEY, http_client=http_client, ssl_context=trusting()
        )
