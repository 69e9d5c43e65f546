"""Proxies: used only for https, and never sent the vendor's credentials."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTH, HEALTHY, WITHDRAWAL
from connect_proxy import proxy_to
from credentials import strigo_client
from http_library import httpx
from network_calls import (
    FAST_RETRIES,
    NO_RETRIES,
    at_most,
    each_family,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import RawServer, black_hole, http, responding, saying
from tls_servers import AUTHORITY, HOST, server_context, tls_server, trusting

from tokenkit import (
    ConfigurationError,
    ConnectError,
    DeadlineExceeded,
)

if TYPE_CHECKING:
    from network_calls import Family, Flavour, Options
    from raw_server import Peer

healthy = responding(lambda _: HEALTHY)


@each_family
@each_flavour
def test_a_proxy_sees_only_the_tunnel(flavour: Flavour, family: Family) -> None:
    """Https goes through the proxy as a tunnel, kept between calls, without credentials."""
    with tls_server(HOST) as server, proxy_to(server) as proxy:
        send_strigo(
            flavour,
            f"https://{HOST}",
            HEALTH,
            HEALTH,
            proxy=proxy.url,
            http_family=family,
            ssl_context=trusting(),
        )
        assert len(server.requests) == 2
        (request,) = proxy.requests
    assert request.line == f"CONNECT {HOST}:443 HTTP/1.1"
    assert "authorization" not in request.headers


@each_family
@each_flavour
def test_a_proxy_behind_tls(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tunnel through an https proxy is TLS in TLS; its certificate is checked too."""
    shown = server_context("127.0.0.1")
    with tls_server(HOST) as server, proxy_to(server, shown) as proxy:
        options: Options = {
            "proxy": proxy.url,
            "http_family": family,
            "ssl_context": trusting(),
            "retry": NO_RETRIES,
        }
        with pytest.raises(ConnectError, match="certificate verify failed"):
            send_strigo(flavour, f"https://{HOST}", HEALTH, **options)
        assert (proxy.requests, server.connections) == ([], 0)
        with AUTHORITY.cert_pem.tempfile() as authority:
            monkeypatch.setenv("SSL_CERT_FILE", authority)
            send_strigo(flavour, f"https://{HOST}", HEALTH, HEALTH, **options)
        # What two layers of TLS hold nobody can tell: such a connection serves one call.
        assert len(server.requests) == len(proxy.requests) == 2
        proxy.wait_all_closed()
    assert proxy.url.startswith("https:")
    for request in proxy.requests:
        assert request.line == f"CONNECT {HOST}:443 HTTP/1.1"
        assert "authorization" not in request.headers


@each_family
@each_flavour
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environments_proxy_is_used(
    flavour: Flavour, family: Family, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's proxy is read when a client is built, even without a scheme."""
    with tls_server(HOST) as server, proxy_to(server) as proxy:
        monkeypatch.setenv(variable, f"127.0.0.1:{proxy.port}")
        send_strigo(flavour, f"https://{HOST}", HEALTH, ssl_context=trusting(), http_family=family)
        assert (len(server.requests), len(proxy.requests)) == (1, 1)


@each_family
@each_flavour
def test_plain_http_goes_through_no_proxy(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy never gets plain http, which it could read."""
    with RawServer(healthy) as server, RawServer(healthy) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        send_strigo(flavour, server.url, HEALTH, proxy=proxy.url, http_family=family)
        assert (server.connections, proxy.connections) == (1, 0)


@each_family
@each_flavour
@pytest.mark.parametrize("way", ["trust_env", "no_proxy"])
def test_the_environments_proxy_can_be_avoided(
    flavour: Flavour, family: Family, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """trust_env=False and NO_PROXY bypass the environment's proxy."""
    with tls_server("localhost") as server, RawServer(healthy) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "localhost" if way == "no_proxy" else "")
        send_strigo(
            flavour,
            f"https://localhost:{server.port}",
            HEALTH,
            ssl_context=trusting(),
            trust_env=way == "no_proxy",
            http_family=family,
        )
        assert (len(server.requests), proxy.connections) == (1, 0)


@each_family
@each_flavour
def test_the_environments_authorities_can_be_ignored(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """trust_env=False ignores SSL_CERT_FILE as well."""
    with AUTHORITY.cert_pem.tempfile() as authority, tls_server(HOST) as server:
        monkeypatch.setenv("SSL_CERT_FILE", authority)
        with proxy_to(server) as proxy:
            send_strigo(flavour, f"https://{HOST}", HEALTH, proxy=proxy.url, http_family=family)
            with pytest.raises(ConnectError, match="certificate verify failed"):
                send_strigo(
                    flavour,
                    f"https://{HOST}",
                    HEALTH,
                    proxy=proxy.url,
                    http_family=family,
                    trust_env=False,
                    retry=NO_RETRIES,
                )


@each_family
@each_flavour
def test_a_proxy_that_refuses_is_a_connect_error(flavour: Flavour, family: Family) -> None:
    """A proxy's refusal is a ConnectError, and repeated even if a payment would be opened."""
    with RawServer(saying(http(407, b"", "Proxy-Authenticate: Basic"))) as proxy:
        with pytest.raises(ConnectError) as caught:
            send_zerohash(
                flavour,
                f"https://{HOST}",
                WITHDRAWAL,
                proxy=proxy.url.replace("//", "//user:pass-word-1@"),
                http_family=family,
                retry=FAST_RETRIES,
            )
        assert caught.value.attempts == len(proxy.requests) == 3
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
    assert "pass-word-1" not in str(caught.value)


@each_family
@each_flavour
def test_a_silent_proxy_is_bounded(flavour: Flavour, family: Family) -> None:
    """A proxy that never responds can't hold a call beyond its deadline, and is named."""
    with RawServer(black_hole) as proxy:
        blamed = f"proxy {proxy.url}: the deadline passed on the way to https://{HOST}"
        with pytest.raises(DeadlineExceeded, match=blamed) as caught, at_most(0.3):
            send_strigo(
                flavour,
                f"https://{HOST}",
                HEALTH,
                proxy=proxy.url,
                deadline=0.3,
                http_family=family,
            )
        assert caught.value.outcome == "not performed"
        proxy.wait_all_closed()


@each_family
@each_flavour
@pytest.mark.parametrize(
    "proxy",
    [
        "not a url",
        "ftp://me:pass-word-1@host:1",
        "http://me:pass-word-1@host:port",
        "http://me:pass-word-1@:3128",
    ],
)
def test_a_useless_proxy_is_a_configuration_error(
    flavour: Flavour, family: Family, proxy: str
) -> None:
    """An invalid proxy URL is refused with a message that does not repeat it."""
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        send_strigo(flavour, f"https://{HOST}", HEALTH, proxy=proxy, http_family=family)
    assert proxy not in str(caught.value)
    assert "pass-word-1" not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


@each_family
@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999"])
def test_a_proxy_with_no_possible_port(port: str, family: Family) -> None:
    """An invalid proxy port is refused, and not taken modulo 65536."""
    proxy = f"http://user:leaked@127.0.0.1:{port}"
    with pytest.raises(ConfigurationError, match="proxy has a port outside 1 to 65535") as caught:
        strigo_client(proxy=proxy, http_family=family)
    assert "leaked" not in str(caught.value)


@each_family
@pytest.mark.parametrize("auth", [f"{'u' * 256}:p", f"u:{'ü' * 128}"])
def test_a_socks_proxy_with_impossible_credentials(
    family: Family, auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SOCKS5 has no room for is refused when the client is built, and not shown."""
    longest = f"socks5://{'u' * 255}:{'p' * 255}@127.0.0.1:1"
    strigo_client(proxy=longest, http_family=family).close()
    proxy = f"socks5://{auth}@127.0.0.1:1"
    with pytest.raises(ConfigurationError, match="proxy has a user or password above"):
        strigo_client(proxy=proxy, http_family=family)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY has a user or password") as caught:
        strigo_client("https://vendor.example", http_family=family)
    assert auth not in str(caught.value)


def test_a_proxy_beside_a_callers_transport_is_refused() -> None:
    """Options that a caller's client or transport would make useless are refused with it."""
    with pytest.raises(ConfigurationError, match="transport and proxy can't be combined"):
        strigo_client(
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
            proxy="http://proxy.example:3128",
        )
    with httpx.Client() as http_client, pytest.raises(ConfigurationError, match="ssl_context"):
        strigo_client(http_client=http_client, ssl_context=trusting())


@each_flavour
def test_a_socks_proxy_needs_a_package(flavour: Flavour, monkeypatch: pytest.MonkeyPatch) -> None:
    """If socksio is missing, the error says how to install it, before anything is sent."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    with RawServer(black_hole) as proxy:
        url = f"socks5://127.0.0.1:{proxy.port}"
        with pytest.raises(ConfigurationError, match="proxy needs the package socksio; run"):
            send_strigo(flavour, f"https://{HOST}", HEALTH, proxy=url)
        assert proxy.connections == 0


@each_family
@each_flavour
def test_an_https_proxy_is_judged_without_the_environment(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With trust_env=False, a proxy that only SSL_CERT_FILE trusts is sent nothing."""
    with (
        AUTHORITY.cert_pem.tempfile() as authority,
        tls_server(HOST) as server,
        proxy_to(server, server_context("127.0.0.1")) as proxy,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", authority)
        with pytest.raises(ConnectError, match="certificate verify failed"):
            send_strigo(
                flavour,
                f"https://{HOST}",
                HEALTH,
                proxy=proxy.url,
                http_family=family,
                ssl_context=trusting(),
                trust_env=False,
                retry=NO_RETRIES,
            )
        assert (proxy.requests, server.connections) == ([], 0)


@each_family
@each_flavour
def test_a_proxy_that_hangs_up_is_a_connect_error(flavour: Flavour, family: Family) -> None:
    """A proxy that closes instead of replying is named."""

    def hang_up(peer: Peer) -> None:
        peer.read_request()

    with RawServer(hang_up) as proxy:
        with pytest.raises(ConnectError, match=f"proxy {proxy.url}"):
            send_strigo(
                flavour,
                f"https://{HOST}",
                HEALTH,
                proxy=proxy.url,
                http_family=family,
                retry=NO_RETRIES,
            )
        assert len(proxy.requests) == 1


@each_family
@each_flavour
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_host_that_tls_cannot_name_is_a_connect_error(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch, *, tls: bool
) -> None:
    """Behind a proxy, a label too long for a certificate fails, without a lookup."""
    shown = server_context("127.0.0.1") if tls else None
    with (
        AUTHORITY.cert_pem.tempfile() as authority,
        tls_server(HOST) as server,
        proxy_to(server, shown) as proxy,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", authority)
        with pytest.raises(ConnectError):
            send_strigo(
                flavour,
                f"https://{'a' * 80}.example",
                HEALTH,
                proxy=proxy.url,
                http_family=family,
                ssl_context=trusting(),
                retry=NO_RETRIES,
            )
        assert len(proxy.requests) == 1
        proxy.wait_all_closed()
    assert server.requests == []


@each_family
@each_flavour
def test_who_observes_httpx_sees_the_proxy_used(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that a tool observes in httpx's transport go through the proxy, with its password."""
    http_module: Any = import_module(family)
    transport = http_module.HTTPTransport if flavour == "sync" else http_module.AsyncHTTPTransport
    method = "handle_request" if flavour == "sync" else "handle_async_request"
    original = getattr(transport, method)
    seen: list[str] = []

    def observed(self: object, request: Any) -> Any:
        seen.append(str(request.url))
        return original(self, request)

    monkeypatch.setattr(transport, method, observed)
    with tls_server(HOST) as server, proxy_to(server) as proxy:
        send_strigo(
            flavour,
            f"https://{HOST}",
            HEALTH,
            HEALTH,
            proxy=proxy.url.replace("//", "//user:pass-word-1@"),
            http_family=family,
            ssl_context=trusting(),
        )
        assert len(server.requests) == len(seen) == 2
        (request,) = proxy.requests
    assert request.headers["proxy-authorization"].startswith("Basic ")
