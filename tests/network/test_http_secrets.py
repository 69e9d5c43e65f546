"""No secret and no token is found in what a failing call leaves behind."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import httpx
import pytest
from leaks import REVOCATION, check_no_secret
from network_calls import (
    HARMLESS,
    MINT,
    NO_RETRIES,
    TOKEN,
    ZEROHASH_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    each_flavour,
    send_strigo,
    send_zerohash,
    zerohash_client,
)
from raw_server import RawServer, answering, black_hole, http, json_answer

from tokenkit import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    DecodeError,
    ProtocolError,
    ResponseTooLarge,
    TransportError,
    UnexpectedRedirect,
    ZeroHashClient,
    zerohash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from network_calls import Flavour
    from raw_server import Peer, RawRequest


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything of the whole process."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def signatures(server: RawServer) -> list[str]:
    return [request.headers["x-scx-signed"] for request in server.requests]


def echo(request: RawRequest) -> bytes:
    """Refuse a request, with all of its headers and its body in the answer."""
    body = {"error": str(request.headers), "sent": request.headers, "body": str(request.body)}
    return json_answer(body, 401)


def echo_in_a_header(request: RawRequest) -> bytes:
    key = request.headers["x-scx-api-key"]
    return http(401, b"{}", f"X-Request-Id: {key}", f"X-Echo: {key}")


def echo_as_html(request: RawRequest) -> bytes:
    return http(200, b"<p>" + request.head + b"</p>", "Content-Type: text/html")


def echo_as_a_redirect(request: RawRequest) -> bytes:
    return http(307, b"", f"Location: http://other.example/{request.headers['x-scx-api-key']}")


def truncated_mint(peer: Peer) -> None:
    peer.read_request()
    body = json.dumps({"message": {"token": TOKEN}})[:-3].encode()
    peer.send(http(200, body, "Content-Type: application/json"))


def cut_off_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    peer.send(json.dumps({"message": {"token": TOKEN}}).encode())


def oversized_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(http(200, json.dumps({"message": {"token": TOKEN, "x": "y" * 9_000_000}}).encode()))


def slow_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    peer.send(json.dumps({"message": {"token": TOKEN}}).encode())
    peer.wait_gone()


def token_as_a_number(peer: Peer) -> None:
    peer.read_request()
    peer.send(json_answer({"message": {"token": [TOKEN], "other": TOKEN}}))


def broken_headers(peer: Peer) -> None:
    request = peer.read_request()
    assert request is not None
    peer.send(b"HTTP/1.1 200 OK\r\n" + request.head.replace(b":", b" ") + b"\r\n\r\n")


@each_flavour
@pytest.mark.parametrize("call", [HARMLESS, REVOCATION])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (answering(echo), AuthenticationError),
        (answering(echo_in_a_header), AuthenticationError),
        (answering(echo_as_html), DecodeError),
        (answering(echo_as_a_redirect), UnexpectedRedirect),
        (truncated_mint, DecodeError),
        (token_as_a_number, DecodeError),
        (cut_off_mint, (ConnectionLostError, ProtocolError)),
        (oversized_mint, ResponseTooLarge),
        (slow_mint, DeadlineExceeded),
        (black_hole, DeadlineExceeded),
        (broken_headers, TransportError),
    ],
)
def test_a_failed_call_shows_no_secret(
    flavour: Flavour,
    call: zerohash.ClientAuthTokenRequest | zerohash.RevokeAuthTokenRequest,
    script: Callable[[Peer], None],
    expected: type[Exception],
    log: pytest.LogCaptureFixture,
) -> None:
    """Whatever the server answers, no credential, signature or token shows anywhere."""
    with RawServer(script) as server:
        with pytest.raises(expected) as caught:
            send_zerohash(flavour, server.url, call, deadline=0.2, retry=NO_RETRIES)
        check_no_secret(caught.value, log, *signatures(server))
        assert log.records


@each_flavour
def test_an_unreachable_server_shows_no_secret(
    flavour: Flavour, log: pytest.LogCaptureFixture
) -> None:
    """A refused connection shows no credential."""
    with pytest.raises(ConnectError) as caught:
        send_zerohash(flavour, "http://127.0.0.1:1", HARMLESS, retry=NO_RETRIES)
    check_no_secret(caught.value, log)


@each_flavour
def test_a_bearer_pair_is_not_shown(flavour: Flavour, log: pytest.LogCaptureFixture) -> None:
    """Strigo's key shows no more than zerohash's."""
    with RawServer(answering(echo)) as server:
        with pytest.raises(AuthenticationError) as caught:
            send_strigo(flavour, server.url, MINT)
        check_no_secret(caught.value, log)


class Chatty(httpx.BaseTransport):
    """A transport that logs headers like HTTP/2's header compression does."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        logging.getLogger("hpack.hpack").debug(
            "Adding %r to the header table", request.headers.raw
        )
        return httpx.Response(401)


def test_a_callers_http2_transport_logs_no_secret(log: pytest.LogCaptureFixture) -> None:
    """What HTTP/2 would log of the request's headers stays out of the log."""
    client = ZeroHashClient(
        api_key=ZEROHASH_KEY,
        private_key=ZEROHASH_PRIVATE_KEY,
        passphrase=ZEROHASH_PASSPHRASE,
        transport=Chatty(),
    )
    with pytest.raises(AuthenticationError) as caught:
        client.send(HARMLESS)
    check_no_secret(caught.value, log)


def test_other_users_of_httpx_keep_their_log(log: pytest.LogCaptureFixture) -> None:
    """A plain httpx client beside ours logs what it always does."""
    with (
        RawServer(answering(lambda _: http(200, b"", "X-Plain: visible"))) as server,
        httpx.Client(trust_env=False) as plain,
    ):
        zerohash_client(server.url).close()
        plain.get(server.url)
    assert any("visible" in record.getMessage() for record in log.records)
