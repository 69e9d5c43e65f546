"""TLS: certificates are checked, and the caller's authorities count."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, HEALTHY, STRIGO_MINT, WITHDRAWAL, ZEROHASH_MINTED
from network_calls import (
    FAST_RETRIES,
    NO_RETRIES,
    at_most,
    each_family,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import RawServer, black_hole, resetting, responding
from tls_servers import AUTHORITY, server_context, trusting

from tokenkit import (
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    ProtocolError,
    TransportError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from network_calls import Family, Flavour
    from raw_server import Peer

healthy = responding(lambda _: HEALTHY)


@each_flavour
def test_the_authority_of_the_environment_is_trusted(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE sets the trusted authorities when a connection is opened."""
    authority = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(authority))
    with RawServer(healthy, tls=server_context("127.0.0.1")) as server:
        with pytest.raises(ConnectError):
            send_strigo(flavour, server.url, HEALTH, retry=NO_RETRIES)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        send_strigo(flavour, server.url, HEALTH)
        assert len(server.requests) == 1


@each_flavour
def test_a_server_that_speaks_no_tls_is_a_connect_error(flavour: Flavour) -> None:
    """Plain http behind an https URL is a ConnectError, and no byte of the request is read."""

    def plain(peer: Peer) -> None:
        peer.sock.recv(10_000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with RawServer(plain) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(ConnectError):
            send_zerohash(flavour, url, WITHDRAWAL, retry=FAST_RETRIES)
        assert server.connections == 3


@each_flavour
def test_a_handshake_that_hangs_is_bounded(flavour: Flavour) -> None:
    """A server that never responds to the TLS greeting can't hold a call beyond its deadline."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(DeadlineExceeded), at_most(0.4):
            send_strigo(flavour, url, STRIGO_MINT, deadline=0.4)
        server.wait_all_closed()


@each_flavour
def test_the_deadline_holds_within_tls(flavour: Flavour) -> None:
    """A silent server behind TLS can't hold a call beyond its deadline."""
    with (
        RawServer(black_hole, tls=server_context("127.0.0.1")) as server,
        pytest.raises(DeadlineExceeded),
        at_most(0.4),
    ):
        send_strigo(flavour, server.url, STRIGO_MINT, deadline=0.4, ssl_context=trusting())


@each_flavour
def test_a_payment_is_not_opened_twice_over_tls(flavour: Flavour) -> None:
    """A request that was written over TLS and lost its response is not repeated."""
    context = server_context("127.0.0.1")
    with RawServer(resetting(ZEROHASH_MINTED), tls=context) as server:
        with pytest.raises((ConnectionLostError, ProtocolError)):
            send_zerohash(
                flavour,
                server.url,
                WITHDRAWAL,
                WITHDRAWAL,
                retry=FAST_RETRIES,
                ssl_context=trusting(),
            )
        assert len(server.requests) == 2


@each_family
@each_flavour
def test_a_client_certificate_is_shown(flavour: Flavour, family: Family) -> None:
    """A server that asks for a certificate gets the one in ssl_context, or refuses."""
    demanding = server_context("127.0.0.1")
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(cadata=AUTHORITY.cert_pem.bytes().decode())
    context = trusting()
    with AUTHORITY.issue_cert("client.example").private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    with RawServer(healthy, tls=demanding) as server:
        with pytest.raises(TransportError):
            send_strigo(
                flavour,
                server.url,
                HEALTH,
                ssl_context=trusting(),
                retry=NO_RETRIES,
                http_family=family,
            )
        assert server.requests == []
        send_strigo(flavour, server.url, HEALTH, ssl_context=context, http_family=family)
        assert len(server.requests) == 1
