"""No secret and no token is found in what a failing call leaves behind."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from network_calls import (
    API_KEY,
    HARMLESS,
    MINT,
    NO_RETRIES,
    TOKEN,
    ZEROHASH_KEY,
    ZEROHASH_PASSPHRASE,
    ZEROHASH_PRIVATE_KEY,
    async_zerohash_client,
    each_flavour,
    send_strigo,
    send_zerohash,
    zerohash_client,
)
from raw_server import RawServer, answering, black_hole, http, json_answer, saying

from tokenkit import (
    AsyncZeroHashClient,
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

JWT = "e30.eyJqdGkiOiAidGhlLWp0aS1vZi10aGUtdG9rZW4ifQ.c2lnbmF0dXJlLW9mLWl0"
REVOCATION = zerohash.RevokeAuthTokenRequest(token=JWT)
ZEROHASH_SECRETS = (ZEROHASH_KEY, ZEROHASH_PRIVATE_KEY, ZEROHASH_PASSPHRASE, TOKEN, JWT)
OURS = ("tokenkit", "httpx", "httpcore", "h11", "anyio", "trio", "asyncio")


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything of the whole process."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and whatever is behind it."""
    waiting, seen = [error], set[int]()
    while waiting:
        item = waiting.pop()
        if item is not None and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__]


def traces(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield everything that an error report could show, with the place that it is from."""
    for link in chain(error):
        name = type(link).__name__
        yield f"text of {name}", f"{link}\n{link!r}\n{link.args!r}\n{vars(link)!r}"
        yield f"report of {name}", "".join(traceback.format_exception(link))
        for frame, _ in traceback.walk_tb(link.__traceback__):
            module = str(frame.f_globals.get("__name__", ""))
            if module.partition(".")[0] in OURS:
                for variable, value in frame.f_locals.items():
                    where = f"{module}.{frame.f_code.co_name}: {variable}"
                    yield where, repr(value)
                    yield f"vars of {where}", repr(getattr(value, "__dict__", ""))


def check(error: BaseException, log: pytest.LogCaptureFixture, *more: str) -> None:
    """Check that no secret shows, in the error or in the log."""
    secrets = (*ZEROHASH_SECRETS, API_KEY, *more)
    shown = [*traces(error)]
    shown += [
        ("log", f"{record.getMessage()} {record.args!r} {record.exc_info!r}")
        for record in log.records
    ]
    if isinstance(error, Exception):
        shown.append(("pickle", pickle.dumps(error).decode("latin-1")))
    found = [(where, secret) for where, text in shown for secret in secrets if secret in text]
    assert found == []


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
        check(caught.value, log, *signatures(server))
        assert log.records


@each_flavour
def test_an_unreachable_server_shows_no_secret(
    flavour: Flavour, log: pytest.LogCaptureFixture
) -> None:
    """A refused connection shows no credential."""
    with pytest.raises(ConnectError) as caught:
        send_zerohash(flavour, "http://127.0.0.1:1", HARMLESS, retry=NO_RETRIES)
    check(caught.value, log)


@each_flavour
def test_a_bearer_pair_is_not_shown(flavour: Flavour, log: pytest.LogCaptureFixture) -> None:
    """Strigo's key shows no more than zerohash's."""
    with RawServer(answering(echo)) as server:
        with pytest.raises(AuthenticationError) as caught:
            send_strigo(flavour, server.url, MINT)
        check(caught.value, log)


class Interrupted(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport in which the user presses Ctrl-C."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        copy = dict(request.headers)
        raise self.error from ValueError(copy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), asyncio.CancelledError("x")]
)
def test_an_interrupt_shows_no_secret(error: BaseException, log: pytest.LogCaptureFixture) -> None:
    """Ctrl-C during a call leaves as it is, without the frames that hold the headers."""
    client = ZeroHashClient(
        api_key=ZEROHASH_KEY,
        private_key=ZEROHASH_PRIVATE_KEY,
        passphrase=ZEROHASH_PASSPHRASE,
        transport=Interrupted(error),
    )
    with pytest.raises(type(error)) as caught:
        client.send(HARMLESS)
    assert caught.value is error
    check(caught.value, log)


@pytest.mark.anyio
async def test_an_interrupt_of_an_async_call_shows_no_secret(
    log: pytest.LogCaptureFixture,
) -> None:
    """An exception that is no error leaves an async call without the frames of the network."""
    error = GeneratorExit()
    client = AsyncZeroHashClient(
        api_key=ZEROHASH_KEY,
        private_key=ZEROHASH_PRIVATE_KEY,
        passphrase=ZEROHASH_PASSPHRASE,
        transport=Interrupted(error),
    )
    with pytest.raises(GeneratorExit) as caught:
        await client.send(HARMLESS)
    check(caught.value, log)


@pytest.mark.anyio
@pytest.mark.parametrize("script", [black_hole, slow_mint])
async def test_a_cancellation_shows_no_secret(
    script: Callable[[Peer], None], log: pytest.LogCaptureFixture
) -> None:
    """A cancelled call passes the cancellation on without the frames of the network."""
    caught: list[BaseException] = []
    with RawServer(script) as server:
        async with async_zerohash_client(server.url) as client:
            with anyio.move_on_after(0.15):
                try:
                    await client.send(HARMLESS)
                except BaseException as error:
                    caught.append(error)
                    raise
        check(caught[0], log, *signatures(server))


def test_a_sync_interrupt_from_the_network_shows_no_secret(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a socket is read shows nothing of what was sent on it."""

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with RawServer(saying(b"")) as server, zerohash_client(server.url) as client:
        monkeypatch.setattr("tokenkit._http.network._guarded", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.send(HARMLESS)
    check(caught.value, log)


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
    check(caught.value, log)


def test_other_users_of_httpx_keep_their_log(log: pytest.LogCaptureFixture) -> None:
    """A plain httpx client beside ours logs what it always does."""
    with (
        RawServer(answering(lambda _: http(200, b"", "X-Plain: visible"))) as server,
        httpx.Client(trust_env=False) as plain,
    ):
        zerohash_client(server.url).close()
        plain.get(server.url)
    assert any("visible" in record.getMessage() for record in log.records)
