"""TLS: certificates are checked, and the caller's authorities count."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from network_calls import (
    FAST_RETRIES,
    HEALTH,
    HEALTHY,
    MINT,
    NO_RETRIES,
    WITHDRAWAL,
    ZEROHASH_MINTED,
    at_most,
    each_flavour,
    send_strigo,
    send_zerohash,
)
from raw_server import RawServer, answering, black_hole, resetting

from tokenkit import ConnectError, ConnectionLostError, DeadlineExceeded, ProtocolError

if TYPE_CHECKING:
    from pathlib import Path

    from network_calls import Flavour
    from raw_server import Peer

AUTHORITY = trustme.CA()
healthy = answering(lambda _: HEALTHY)


def server_context(*names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = AUTHORITY.issue_cert(*names)
    with certificate.private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=AUTHORITY.cert_pem.bytes().decode())
    return context


@each_flavour
def test_an_unknown_authority_is_refused(flavour: Flavour) -> None:
    """A certificate of nobody's is a ConnectError that says so; no request is sent."""
    with RawServer(healthy, tls=server_context("127.0.0.1")) as server:
        with pytest.raises(ConnectError, match="certificate verify failed"):
            send_strigo(flavour, server.url, HEALTH, retry=NO_RETRIES)
        server.wait_all_closed()
        assert server.requests == []


@each_flavour
def test_another_hosts_certificate_is_refused(flavour: Flavour) -> None:
    """A certificate for another name is a ConnectError that says so, after all retries."""
    with RawServer(healthy, tls=server_context("other.example")) as server:
        with pytest.raises(ConnectError, match="not valid for '127\\.0\\.0\\.1'"):
            send_strigo(flavour, server.url, HEALTH, ssl_context=trusting(), retry=FAST_RETRIES)
        server.wait_all_closed()
        assert (server.connections, server.requests) == (3, [])


@each_flavour
def test_the_callers_authority_is_trusted(flavour: Flavour) -> None:
    """With the right authority in ssl_context, calls work, over one connection."""
    with RawServer(healthy, tls=server_context("127.0.0.1")) as server:
        send_strigo(flavour, server.url, HEALTH, HEALTH, ssl_context=trusting())
        assert (server.connections, len(server.requests)) == (1, 2)
        server.wait_all_closed()


@each_flavour
def test_the_authority_of_the_environment_is_trusted(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE names the authorities that are trusted, when a connection is opened."""
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
    """A server that never answers the TLS greeting holds no call beyond its deadline."""
    with RawServer(lambda peer: peer.wait_gone()) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(DeadlineExceeded), at_most(0.4):
            send_strigo(flavour, url, MINT, deadline=0.4)
        server.wait_all_closed()


@each_flavour
def test_the_deadline_holds_within_tls(flavour: Flavour) -> None:
    """A silent server behind TLS holds no call beyond its deadline."""
    with (
        RawServer(black_hole, tls=server_context("127.0.0.1")) as server,
        pytest.raises(DeadlineExceeded),
        at_most(0.4),
    ):
        send_strigo(flavour, server.url, MINT, deadline=0.4, ssl_context=trusting())


@each_flavour
def test_a_payment_is_not_opened_twice_over_tls(flavour: Flavour) -> None:
    """A request that was written over TLS and lost its answer is not repeated."""
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
