"""Whose fault it is that a caller's client or transport can't connect: the error names it."""

from __future__ import annotations

import gc
import socket
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from callers_clients import each_kind, tokens
from credentials import strigo_client
from network_calls import NO_RETRIES, each_family, each_flavour
from raw_server import RawServer, http
from surplus import CALLS, polite
from tls_servers import HOST, context_with, server_context, trusting

from tokenkit import ConnectError, TransportError

if TYPE_CHECKING:
    from callers_clients import Kind
    from network_calls import Family, Flavour
    from raw_server import Peer


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


def refused_in_its_words(peer: Peer) -> None:
    request = peer.read_request()
    assert request is not None
    peer.send(http(407, b"I got " + request.headers["proxy-authorization"].encode()))


@each_family
@each_flavour
@each_kind
def test_a_callers_proxy_that_refuses_plain_http_is_named(
    flavour: Flavour, family: Family, kind: Kind
) -> None:
    """It may respond in the vendor's place, with its own password in the body."""
    with RawServer(refused_in_its_words) as server:
        proxy = server.url.replace("//", "//user:pass-word-1@")
        with pytest.raises(ConnectError) as caught:
            tokens(flavour, family, kind, "http://127.0.0.1:9", proxy=proxy)
    assert str(caught.value) == (
        "proxy: ProxyError: 407 Proxy Authentication Required (on the way to http://127.0.0.1:9)"
    )
    assert caught.value.outcome == "not performed"


@each_family
@each_flavour
def test_a_callers_client_is_told_where_to_name_an_authority(
    flavour: Flavour, family: Family
) -> None:
    """The hint at an untrusted certificate names the setting of the caller's own client."""
    stranger = context_with(trustme.CA().issue_cert("localhost"))
    with RawServer(polite, tls=stranger) as server, pytest.raises(TransportError) as caught:
        tokens(flavour, family, "client", f"https://localhost:{server.port}")
    assert str(caught.value).endswith("name that authority with your own verify=")


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
    assert str(caught.value).startswith(
        f"127.0.0.1:{server.port}: [SSL: CERTIFICATE_VERIFY_FAILED]"
    )
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
