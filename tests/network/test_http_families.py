"""httpx or httpx2: chosen, recognised, and refused if they contradict the caller's objects."""

from __future__ import annotations

import gc
import ssl
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import anyio
import pytest
from all_clients import (
    HEALTH,
    HEALTHY,
    STRIGO_MINT,
    STRIGO_MINTED,
    TOKEN,
    ZEROHASH_MINT,
    ZEROHASH_MINTED,
)
from callers_clients import send_through
from credentials import STRIGO_API_KEY, STRIGO_ORG_ID, async_strigo_client, strigo_client
from h2_server import H2Server
from network_calls import FAMILIES, core_of, each_family, each_flavour, send_strigo
from raw_server import RawServer, responding
from tls_servers import trusting

from tokenkit import ConfigurationError
from tokenkit._http.family import load_family

if TYPE_CHECKING:
    from pathlib import Path

    from network_calls import Family, Flavour

healthy = responding(lambda _: HEALTHY)
needs_httpx2 = pytest.mark.skipif(not find_spec("httpx2"), reason="httpx2 needs Python 3.11")


def mock_transport(family: Family) -> Any:
    """Make a transport that mints, both sync and async."""
    http: Any = import_module(family)

    def minted(request: Any) -> Any:
        assert request.headers["authorization"] == f"Bearer {STRIGO_ORG_ID}:{STRIGO_API_KEY}"
        return http.Response(200, json={"result": "success", "data": {"token": TOKEN}})

    return http.MockTransport(minted)


def mint(flavour: Flavour, **options: Any) -> str:
    if flavour == "sync":
        with strigo_client(**options) as client:
            return client.send(STRIGO_MINT).token

    async def main() -> str:
        async with async_strigo_client(**options) as client:
            return (await client.send(STRIGO_MINT)).token

    return anyio.run(main, backend=flavour)


@each_family
@each_flavour
def test_a_family_is_used_where_it_is_asked_for(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls go out through the named family, and not through the other one."""
    for other in FAMILIES:
        if other != family:
            module: Any = import_module(other)
            monkeypatch.delattr(module, "HTTPTransport")
            monkeypatch.delattr(module, "AsyncHTTPTransport")
    with RawServer(healthy) as server:
        send_strigo(flavour, server.url, HEALTH, HEALTH, http_family=family)
        assert [request.connection for request in server.requests] == [1, 1]


@each_flavour
def test_an_unknown_family_is_refused(flavour: Flavour) -> None:
    """Only the two families can be named."""
    unknown: Any = "requests"
    make = strigo_client if flavour == "sync" else async_strigo_client
    with pytest.raises(ConfigurationError, match="'httpx' or 'httpx2', not 'requests'"):
        make("https://vendor.example", http_family=unknown)


@each_flavour
def test_a_family_that_is_not_installed_is_named(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If httpx2 is missing, the error says how to install it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    family = import_module("tokenkit._http.family")
    family._load.cache_clear()
    make = strigo_client if flavour == "sync" else async_strigo_client
    with pytest.raises(ConfigurationError, match=r"pip install 'tokenkit-sdk\[httpx2\]'"):
        make("https://vendor.example", http_family="httpx2")


@each_family
@each_flavour
def test_a_callers_transport_is_recognised(flavour: Flavour, family: Family) -> None:
    """A transport of either family is accepted, with or without the family's name."""
    assert mint(flavour, transport=mock_transport(family)) == TOKEN
    assert mint(flavour, transport=mock_transport(family), http_family=family) == TOKEN


@each_family
@each_flavour
def test_a_callers_client_is_recognised(flavour: Flavour, family: Family) -> None:
    """A client of either family is accepted, and stays open."""
    with RawServer(responding(lambda _: ZEROHASH_MINTED)) as server:
        (reply,) = send_through(flavour, family, server.url, ZEROHASH_MINT)
        assert reply.value.token == TOKEN


@needs_httpx2
@each_flavour
@pytest.mark.parametrize(("found", "named"), [("httpx", "httpx2"), ("httpx2", "httpx")])
def test_a_contradicting_family_is_refused(flavour: Flavour, found: Family, named: Family) -> None:
    """A caller's transport of one family with the name of the other is refused."""
    with pytest.raises(
        ConfigurationError, match=f"transport is for {found} but http_family='{named}'"
    ):
        mint(flavour, transport=mock_transport(found), http_family=named)


def http_client(flavour: Flavour, family: Family) -> Any:
    http: Any = import_module(family)
    transport = mock_transport(family)
    make = http.Client if flavour == "sync" else http.AsyncClient
    return make(transport=transport)


@each_family
@each_flavour
@pytest.mark.parametrize("other", ["transport", "ssl_context", "proxy"])
def test_a_callers_client_excludes_what_it_would_ignore(
    flavour: Flavour, family: Family, other: str
) -> None:
    """Options that only tokenkit's own connections use are refused with a caller's client."""
    values = {
        "transport": mock_transport(family),
        "ssl_context": ssl.create_default_context(),
        "proxy": "http://127.0.0.1:1",
    }
    options: dict[str, Any] = {"http_client": http_client(flavour, family), other: values[other]}
    with pytest.raises(ConfigurationError, match=f"http_client and {other} can't be combined"):
        mint(flavour, **options)


@each_family
@each_flavour
@pytest.mark.parametrize("other", ["ssl_context", "proxy"])
def test_a_callers_transport_excludes_what_it_would_ignore(
    flavour: Flavour, family: Family, other: str
) -> None:
    """Options that only tokenkit's own connections use are refused with a caller's transport."""
    values: dict[str, Any] = {
        "ssl_context": ssl.create_default_context(),
        "proxy": "http://127.0.0.1:1",
    }
    options: dict[str, Any] = {"transport": mock_transport(family), other: values[other]}
    with pytest.raises(ConfigurationError, match=f"transport and {other} can't be combined"):
        mint(flavour, **options)


@each_family
@each_flavour
def test_http2_comes_through_a_callers_client(flavour: Flavour, family: Family) -> None:
    """A caller's client with http2=True speaks HTTP/2, with the same headers and responses."""
    body = ZEROHASH_MINTED.partition(b"\r\n\r\n")[2]
    server = H2Server(body, "127.0.0.1")
    with server.raw:
        replies = send_through(
            flavour,
            family,
            server.raw.url,
            ZEROHASH_MINT,
            ZEROHASH_MINT,
            http2=True,
            verify=trusting(),
        )
    assert [reply.value.token for reply in replies] == [TOKEN, TOKEN]
    assert server.raw.connections == 1
    (request, _) = server.requests
    assert request[":method"] == "POST"
    assert request[":path"] == "/client_auth_token"
    assert request["x-scx-signed"]


@each_family
@each_flavour
def test_http2_comes_through_a_callers_transport(flavour: Flavour, family: Family) -> None:
    """A caller's transport with http2=True speaks HTTP/2, and is closed with the client."""
    http: Any = import_module(family)
    make = http.HTTPTransport if flavour == "sync" else http.AsyncHTTPTransport
    server = H2Server(STRIGO_MINTED.partition(b"\r\n\r\n")[2], "127.0.0.1")
    with server.raw:
        transport = make(http2=True, verify=trusting())
        assert mint(flavour, transport=transport, base_url=server.raw.url) == TOKEN
        server.raw.wait_all_closed()
    (request,) = server.requests
    assert (request[":method"], request[":path"]) == ("POST", "/academy/users/token")
    assert request["authorization"] == f"Bearer {STRIGO_ORG_ID}:{STRIGO_API_KEY}"


@each_family
def test_a_mock_that_was_there_first_responses(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mock that replaces a method before the first client is made gets the calls."""
    http: Any = import_module(family)
    mock = Mock(return_value=http.Response(200, json={"status": "ok", "message": "m"}))
    load = vars(import_module("tokenkit._http.family"))["_load"]
    monkeypatch.setattr(http.HTTPTransport, "handle_request", mock)
    load.cache_clear()
    try:
        with strigo_client("https://vendor.example", http_family=family) as client:
            assert client.check_health().message == "m"
    finally:
        load.cache_clear()
    mock.assert_called_once()


@each_family
@each_flavour
def test_who_observes_httpcores_connections_sees_each_call(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method replaced in httpcore's connection class gets every call, not only the first."""
    core: Any = core_of(family)
    prefix, name = (
        ("", "handle_request") if flavour == "sync" else ("Async", "handle_async_request")
    )
    kind = getattr(core, f"{prefix}HTTPConnection")
    original, seen = getattr(kind, name), list[Any]()
    load_family(family)  # otherwise the method would pass for one that was never the library's own

    def observed(self: Any, request: Any) -> Any:
        seen.append(request)
        return original(self, request)

    monkeypatch.setattr(kind, name, observed)
    with RawServer(healthy) as server:
        send_strigo(flavour, server.url, HEALTH, HEALTH, HEALTH, http_family=family)
        assert server.connections == 1
    assert len(seen) == 3


@each_family
@each_flavour
def test_a_tool_that_comes_later_leaves_no_socket_open(
    flavour: Flavour, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection from before a tool replaced httpx's methods is closed, not lost."""
    prefix, name = (
        ("", "handle_request") if flavour == "sync" else ("Async", "handle_async_request")
    )
    kind = getattr(import_module(family), f"{prefix}HTTPTransport")
    original = getattr(kind, name)

    def observed(self: Any, request: Any) -> Any:
        return original(self, request)

    def use(server: RawServer) -> None:
        with strigo_client(server.url, http_family=family) as client:
            client.send(HEALTH)
            monkeypatch.setattr(kind, name, observed)
            client.send(HEALTH)

    async def ause(server: RawServer) -> None:
        async with async_strigo_client(server.url, http_family=family) as client:
            await client.send(HEALTH)
            monkeypatch.setattr(kind, name, observed)
            await client.send(HEALTH)

    with RawServer(healthy) as server:
        if flavour == "sync":
            use(server)
        else:
            anyio.run(ause, server, backend=flavour)
        assert server.connections == 2
        server.wait_all_closed()
    gc.collect()  # a socket that nobody closed warns now, which fails the test


def test_a_method_that_is_restored_counts_as_the_librarys_own(tmp_path: Path) -> None:
    """A client that was first built beside a mock sends in its own way once the mock is gone."""
    program = tmp_path / "mocked.py"
    program.write_text(
        "import httpx\n"
        "from tokenkit._http.family import load_family\n"
        "original = httpx.HTTPTransport.handle_request\n"
        "for mock in (lambda *_: None, object()):\n"
        "    httpx.HTTPTransport.handle_request = mock\n"
        "    family = load_family('httpx')\n"
        "    assert not family.is_untouched('handle_request')\n"
        "httpx.HTTPTransport.handle_request = original\n"
        "assert family.is_untouched('handle_request')\n",
        "utf-8",
    )
    subprocess.run([sys.executable, str(program)], check=True, timeout=60)
