"""G26: bytes behind a response never reach the next caller."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from asyncio_streams import route
from connect_proxy import proxy_to, socks_proxy_to, socks_url
from network_calls import (
    each_family,
    each_flavour,
    send_strigo,
)
from raw_server import RawServer
from surplus import CALLS, RIGHT, one_too_many, polite
from tls_servers import AUTHORITY, HOST, server_context, trusting

from tokenkit._http import connection
from tokenkit._http.family import load_family
from tokenkit._http.network import DeadlineBackend

if TYPE_CHECKING:
    from network_calls import Family, Flavour, Options

PATIENCE = 20
WAYS = ("plain", "tls", "http proxy", "https proxy", "socks proxy")


def tokens(
    flavour: Flavour, url: str, options: Options, was_sent: threading.Semaphore | None = None
) -> list[str]:
    def wait() -> None:
        if was_sent is not None:
            assert was_sent.acquire(timeout=PATIENCE)
        # A proxy takes a while to pass it on.
        time.sleep(0.2 if "proxy" in options else 0.05)

    replies = send_strigo(flavour, url, *CALLS, between=wait, **options)
    return [reply.value.token for reply in replies]


@each_family
@each_flavour
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["in the same piece", "in a record of its own", "later"])
def test_a_surplus_response_is_nobodys(
    flavour: Flavour, family: Family, way: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever way a second response to one request arrives, the next caller doesn't get it."""
    options: Options = {"http_family": family, "ssl_context": trusting()}
    tls = None if way == "plain" else server_context(HOST, "localhost")
    was_sent = threading.Semaphore(0)
    with RawServer(one_too_many(when, was_sent), tls=tls) as server:
        if way == "plain":
            assert tokens(flavour, server.url, options, was_sent) == RIGHT
            return
        if way == "tls":
            url = f"https://localhost:{server.port}"
            assert tokens(flavour, url, options, was_sent) == RIGHT
            return
        shown = server_context("127.0.0.1") if way == "https proxy" else None
        proxy = socks_proxy_to(server) if way == "socks proxy" else proxy_to(server, shown)
        with proxy, AUTHORITY.cert_pem.tempfile() as authority:
            monkeypatch.setenv("SSL_CERT_FILE", authority)
            options["proxy"] = socks_url(proxy) if way == "socks proxy" else proxy.url
            assert tokens(flavour, f"https://{HOST}", options, was_sent) == RIGHT


@each_family
@each_flavour
@pytest.mark.parametrize("name", connection.PATH_TO_H11)
def test_a_renamed_private_attribute_makes_connections_single_use(
    flavour: Flavour, family: Family, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a library has renamed what the check looks at, each connection serves one call."""
    with RawServer(polite) as server:
        assert tokens(flavour, server.url, {"http_family": family}) == RIGHT
        assert server.connections == 1
        renamed = [f"{one}_renamed" if one == name else one for one in connection.PATH_TO_H11]
        monkeypatch.setattr(connection, "PATH_TO_H11", tuple(renamed))
        assert tokens(flavour, server.url, {"http_family": family}) == RIGHT
        assert server.connections == 4


@pytest.mark.parametrize("name", connection.PATH_TO_H11)
@pytest.mark.parametrize("prefix", ["", "Async"])
def test_private_names_are_looked_up_when_a_connection_is_opened(
    name: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection knows before its first call that surplus bytes couldn't be seen."""
    network: Any = DeadlineBackend(route())
    assert not connection.PooledConnection(route(), network, prefix).serves_once
    renamed = [f"{one}_renamed" if one == name else one for one in connection.PATH_TO_H11]
    monkeypatch.setattr(connection, "PATH_TO_H11", tuple(renamed))
    assert connection.PooledConnection(route(), network, prefix).serves_once


@each_flavour
def test_h11_with_another_trailing_data_makes_connections_single_use(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If h11 reports what it holds in another form, each connection serves one call."""
    monkeypatch.setattr("h11.Connection.trailing_data", [b"", False])
    with RawServer(polite) as server:
        assert tokens(flavour, server.url, {"http_family": "httpx"}) == RIGHT
        assert server.connections == 3


@each_flavour
@pytest.mark.parametrize("renamed", [False, True])
def test_an_observed_transport_hands_on_no_surplus(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch, *, renamed: bool
) -> None:
    """The same holds if a tool observes httpx's transport, or its pool has another name."""
    http: Any = import_module("httpx")
    seen: list[Any] = []
    kind, name = (
        (http.HTTPTransport, "handle_request")
        if flavour == "sync"
        else (http.AsyncHTTPTransport, "handle_async_request")
    )
    original = getattr(kind, name)
    load_family("httpx")  # otherwise the method would pass for one that was never httpx's own

    def observed(self: Any, request: Any) -> Any:
        seen.append(request)
        return original(self, request)

    monkeypatch.setattr(kind, name, observed)
    if renamed:
        monkeypatch.setattr(connection, "POOL_OF_TRANSPORT", "_pool_renamed")
    with RawServer(one_too_many("in the same piece", threading.Semaphore(0))) as server:
        options: Options = {"http_family": "httpx"}
        assert tokens(flavour, server.url, options) == RIGHT
    assert len(seen) == 3
