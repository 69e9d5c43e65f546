"""TLS within TLS on sync clients: through a proxy that is itself behind TLS."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trustme
from connect_proxy import proxy_to
from lost_connections import close_at_once
from network_calls import (
    FAST_RETRIES,
    HEALTH,
    HEALTHY,
    NO_RETRIES,
    WITHDRAWAL,
    at_most,
    send_strigo,
    send_zerohash,
)
from raw_server import RawServer, answering, black_hole, json_answer
from tls_servers import AUTHORITY, HOST, server_context, tls_server, trusting

from tokenkit import (
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    ProtocolError,
    strigo,
)
from tokenkit._http.progress import PROGRESS, Progress
from tokenkit._http.tls_in_tls import TLSInTLSSocket

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    from network_calls import Options
    from raw_server import Peer

URL = f"https://{HOST}"


@pytest.fixture(autouse=True)
def _trusted_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Let the proxy's certificate be trusted."""
    authority = tmp_path_factory.mktemp("tls") / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))


@contextmanager
def tunnel(server: RawServer) -> Generator[tuple[RawServer, Options]]:
    """Yield a proxy behind TLS that leads to a server, and the options to use it."""
    with proxy_to(server, server_context("127.0.0.1")) as proxy:
        yield proxy, {"proxy": proxy.url, "ssl_context": trusting(), "retry": NO_RETRIES}


def minted(token: str) -> bytes:
    return json_answer({"result": "success", "data": {"token": token}})


def test_large_bodies_pass_both_ways() -> None:
    """What takes many records arrives whole."""
    filler = "x" * 300_000
    call = strigo.UserTokenRequest(email="user1@example.com", extra={"filler": filler})

    echo = answering(lambda request: minted(request.json()["filler"]))
    with RawServer(echo, tls=server_context(HOST)) as server, tunnel(server) as (_, options):
        (reply,) = send_strigo("sync", URL, call, **options)
    assert reply.value.token == filler


def good_bye_in_the_body(peer: Peer) -> None:
    """End TLS as it should be, in the middle of an answer."""
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    sock: ssl.SSLSocket = peer.sock  # type: ignore[assignment]
    sock.unwrap()


def close_in_the_body(peer: Peer) -> None:
    """Close without a good-bye, in the middle of an answer."""
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


@pytest.mark.parametrize("end", [good_bye_in_the_body, close_in_the_body])
def test_the_end_of_the_stream(end: Callable[[Peer], None]) -> None:
    """However the inner TLS ends, an incomplete answer is a lost one."""
    with (
        RawServer(end, tls=server_context(HOST)) as server,
        tunnel(server) as (_, options),
        pytest.raises((ConnectionLostError, ProtocolError)),
        at_most(2),
    ):
        send_strigo("sync", URL, HEALTH, **options)


def test_a_body_that_ends_with_the_stream() -> None:
    """An answer without a length is complete once the server has said good-bye."""

    def answer(peer: Peer) -> None:
        peer.read_request()
        head, _, body = HEALTHY.partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
        peer.send(b"\r\n".join(kept) + b"\r\n\r\n" + body)
        sock: ssl.SSLSocket = peer.sock  # type: ignore[assignment]
        sock.unwrap()

    with RawServer(answer, tls=server_context(HOST)) as server, tunnel(server) as (_, options):
        (reply,) = send_strigo("sync", URL, HEALTH, **options)
    assert reply.value.status == "ok"


def test_a_silent_server_is_bounded() -> None:
    """The deadline holds behind two layers of TLS."""
    silent = RawServer(black_hole, tls=server_context(HOST))
    with silent as server, tunnel(server) as (proxy, options):
        options["deadline"] = 0.4
        with pytest.raises(DeadlineExceeded), at_most(0.4):
            send_strigo("sync", URL, HEALTH, **options)
        proxy.wait_all_closed()


def test_a_drip_does_not_outlast_the_deadline() -> None:
    """A handshake whose bytes come one by one, each in time, is ended all the same."""

    def drip(peer: Peer) -> None:
        peer.read_request()
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            onward.sendall(peer.sock.recv(65_536))
            peer.drip(onward.recv(65_536), interval=0.02)

    with tls_server(HOST) as server, RawServer(drip, tls=server_context("127.0.0.1")) as proxy:
        with pytest.raises(DeadlineExceeded), at_most(0.4):
            send_strigo("sync", URL, HEALTH, proxy=proxy.url, ssl_context=trusting(), deadline=0.4)
        proxy.wait_all_closed()


def test_an_untrusted_server_is_a_connect_error() -> None:
    """The inner certificate is checked; nothing was sent, and nothing stays open."""
    with tls_server(HOST) as server, tunnel(server) as (proxy, options):
        options["ssl_context"] = trusting(trustme.CA())
        options["retry"] = FAST_RETRIES
        with pytest.raises(ConnectError, match="certificate verify failed") as caught:
            send_zerohash("sync", URL, WITHDRAWAL, **options)
        proxy.wait_all_closed()
        assert server.requests == []
    assert caught.value.attempts == 3


def test_a_server_without_tls_is_a_connect_error() -> None:
    """Plain text where TLS should be is refused before the request is sent."""

    def plain(peer: Peer) -> None:
        peer.sock.recv(65_536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with RawServer(plain) as server, tunnel(server) as (proxy, options):
        with pytest.raises(ConnectError):
            send_strigo("sync", URL, HEALTH, **options)
        proxy.wait_all_closed()


def test_an_end_amid_the_handshake_is_a_connect_error() -> None:
    """A tunnel that ends at once has carried nothing."""
    with RawServer(close_at_once) as server, tunnel(server) as (proxy, options):
        with pytest.raises(ConnectError), at_most(2):
            send_strigo("sync", URL, HEALTH, **options)
        proxy.wait_all_closed()


def test_the_chosen_protocol_is_the_inner_one() -> None:
    """What the server behind the proxy chose counts, and the descriptor is the proxy's."""
    context = server_context(HOST)
    context.set_alpn_protocols(["http/1.1"])
    inside = trusting()
    inside.set_alpn_protocols(["http/1.1"])
    silent = RawServer(lambda peer: peer.wait_gone(), tls=context)
    with silent as server, proxy_to(server, server_context("127.0.0.1")) as proxy:
        plain = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        outer = trusting().wrap_socket(plain, server_hostname="127.0.0.1")
        outer.sendall(b"CONNECT x HTTP/1.1\r\n\r\n")
        assert outer.recv(1000).startswith(b"HTTP/1.1 200")
        previous = PROGRESS.set(Progress(10))
        sock = TLSInTLSSocket(outer, inside, HOST)
        PROGRESS.reset(previous)
        assert sock.selected_alpn_protocol() == "http/1.1"
        assert sock.fileno() == outer.fileno()
        sock.close()
        assert sock.fileno() == -1
