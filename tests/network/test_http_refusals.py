"""A proxy's refusal is told without the proxy's own words."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, ZEROHASH_MINT
from callers_clients import send_through
from connect_proxy import socks_url
from network_calls import NO_RETRIES, each_family, each_flavour, send_strigo
from raw_server import RawServer
from tls_servers import HOST

from tokenkit import ConnectError

if TYPE_CHECKING:
    from network_calls import Family, Flavour
    from raw_server import Peer

USER = "usr:pass-word-1"
PACKED = base64.b64encode(USER.encode()).decode()
AUTHENTICATE = "407 Proxy Authentication Required"
REFUSALS = {
    "plain": (f"407 no {USER}", AUTHENTICATE),
    "packed": (f"407 no {PACKED}", AUTHENTICATE),
    "like SOCKS": (f"407 Proxy Server could not connect: {PACKED}", AUTHENTICATE),
    "another": (f"502 no {USER}", "502 Bad Gateway"),
    "unknown": (f"599 {USER}", "599"),
    "long": (f"503 {'x' * 20_000}", "503 Service Unavailable"),
    "coloured": ("403 \x1b[31mred", "403 Forbidden"),
    "silent": ("403", "403 Forbidden"),
}


def refusing(status_line: str) -> RawServer:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        peer.send(f"HTTP/1.1 {status_line}\r\nContent-Length: 0\r\n\r\n".encode())

    return RawServer(refuse)


@each_family
@each_flavour
@pytest.mark.parametrize(("status_line", "told"), REFUSALS.values(), ids=REFUSALS)
def test_a_proxys_words_are_not_repeated(
    flavour: Flavour, family: Family, status_line: str, told: str
) -> None:
    """The error has the status and its standard phrase: a proxy may echo its password."""
    with refusing(status_line) as proxy, pytest.raises(ConnectError) as caught:
        send_strigo(
            flavour,
            f"https://{HOST}",
            HEALTH,
            proxy=proxy.url.replace("//", f"//{USER}@"),
            http_family=family,
            retry=NO_RETRIES,
        )
    assert str(caught.value) == (
        f"proxy {proxy.url}: ProxyError: {told} (on the way to https://{HOST})"
    )
    assert caught.value.__cause__ is caught.value.__context__ is None


@each_family
@each_flavour
def test_the_words_of_a_callers_proxy_are_not_repeated(flavour: Flavour, family: Family) -> None:
    """The proxy of a caller's client is not quoted either."""
    with refusing(f"407 no {USER}") as proxy:
        url = proxy.url.replace("//", f"//{USER}@")
        with pytest.raises(ConnectError) as caught:
            send_through(flavour, family, f"https://{HOST}", ZEROHASH_MINT, proxy=url)
    told, _, _ = str(caught.value).partition(" (request_id=")
    blamed = f"proxy 127.0.0.1:{proxy.port}"
    assert told == f"{blamed}: ProxyError: {AUTHENTICATE} (on the way to https://{HOST})"


@each_family
@each_flavour
@pytest.mark.parametrize(
    ("replies", "told"),
    [
        ((b"\x05\xff",), "Requested USERNAME/PASSWORD from proxy server, but got NO ACCEPTABLE"),
        ((b"\x05\x02", b"\x01\x01"), "Invalid username/password"),
        (
            (b"\x05\x02", b"\x01\x00", b"\x05\x05\x00\x01" + bytes(6)),
            "Proxy Server could not connect: Connection refused.",
        ),
    ],
)
def test_what_a_socks_proxy_refuses_is_said(
    flavour: Flavour, family: Family, replies: tuple[bytes, ...], told: str
) -> None:
    """SOCKS has numbers for its refusals, which the library puts in words."""

    def refuse(peer: Peer) -> None:
        for reply in replies:
            peer.sock.recv(1024)
            peer.send(reply)

    with RawServer(refuse) as proxy, pytest.raises(ConnectError) as caught:
        send_strigo(
            flavour,
            f"https://{HOST}",
            HEALTH,
            proxy=socks_url(proxy, f"{USER}@"),
            http_family=family,
            retry=NO_RETRIES,
        )
    assert f"ProxyError: {told}" in str(caught.value)
    assert "pass-word-1" not in str(caught.value)
