"""The gauntlet behind the fast transport: what holds there, and what docs/performance.md gives up.

The rows are named by their numbers; the others do not depend on the transport.
"""

from __future__ import annotations

import contextlib
import logging
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from driven_calls import outcomes
from fast_clients import fast_client
from leaks import check_no_secret
from lost_connections import (
    close_at_once,
    close_before_the_answer,
    close_in_a_chunk,
    close_in_the_body,
    close_in_the_headers,
)
from network_calls import (
    FAST_RETRIES,
    HARMLESS,
    NO_RETRIES,
    TOKEN,
    WITHDRAWAL,
    ZEROHASH_MINTED,
    at_most,
)
from raw_server import RawServer, answering, black_hole, http, json_answer, resetting, saying
from test_g04_gzip_bomb import bomb
from test_g07_deadline import drip_body, drip_headers
from test_g20_broken_http import BROKEN

from tokenkit import (
    AuthenticationError,
    ConnectError,
    DeadlineExceeded,
    RateLimitError,
    Reply,
    RequestTimeoutError,
    ResponseTooLarge,
    Timeouts,
    TokenKitError,
    TransportError,
    UnexpectedRedirect,
    zerohash,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour
    from raw_server import Peer, RawRequest

    from tokenkit import Call

DEADLINE = 0.3
# Lost: trio, whose event loop pyreqwest does not know.
each_flavour = pytest.mark.parametrize("flavour", ["sync", "asyncio"])
always_minted = answering(lambda _: ZEROHASH_MINTED)


def end_of(flavour: Flavour, url: str, call: Call[Any], **options: Any) -> Any:
    """Send one call, on a client of its own; return its reply or its error."""
    (end,) = outcomes(fast_client(flavour, url, **options), flavour, call)
    return end


@each_flavour
def test_the_body_goes_out_as_it_was_signed(flavour: Flavour) -> None:
    """The very bytes are sent, with their length, and the connection is used again."""
    with RawServer(always_minted) as server:
        client = fast_client(flavour, server.url)
        first, second = outcomes(client, flavour, HARMLESS, HARMLESS)
        one, other = server.requests
    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert first.value.token == TOKEN
    assert one.body == other.body == b'{"permissions":["fwc"],"participant_code":"CUST01"}'
    assert one.headers["content-length"] == str(len(one.body))
    assert "transfer-encoding" not in one.headers
    assert server.connections == 1


@each_flavour
def test_g04_a_gzip_bomb_is_stopped(flavour: Flavour) -> None:
    """300 MB in a few packed bytes are too large, and take little memory."""

    def serve(peer: Peer) -> None:
        peer.read_request()
        peer.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            for piece in bomb(1):
                peer.send(piece)

    bomb(1)
    with RawServer(serve) as server:
        tracemalloc.start()
        try:
            end = end_of(flavour, server.url, HARMLESS)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert isinstance(end, ResponseTooLarge)
    assert peak < 16_000_000


LOSSES = (
    close_at_once,
    close_before_the_answer,
    close_in_the_headers,
    close_in_the_body,
    close_in_a_chunk,
    resetting(),
)


@each_flavour
@pytest.mark.parametrize("loss", LOSSES)
def test_g06_a_lost_answer_is_repeated_where_the_contract_allows(
    flavour: Flavour, loss: Callable[[Peer], None]
) -> None:
    """However the answer is lost, a harmless mint is sent again, and a payment is not."""
    for call, attempts in ((HARMLESS, 2), (WITHDRAWAL, 1)):
        with RawServer(loss, always_minted) as server:
            end = end_of(flavour, server.url, call, retry=FAST_RETRIES)
            assert server.connections == attempts
        assert isinstance(end, Reply if attempts == 2 else TransportError)


@each_flavour
@pytest.mark.parametrize("loss", [resetting(ZEROHASH_MINTED), saying(ZEROHASH_MINTED)])
def test_g06_a_reused_connection_does_not_open_a_payment_twice(
    flavour: Flavour, loss: Callable[[Peer], None]
) -> None:
    """Where a reused connection dies, a payment-opening mint reaches the server once."""
    with RawServer(loss, always_minted) as server:
        client = fast_client(flavour, server.url, retry=FAST_RETRIES)
        outcomes(client, flavour, HARMLESS, WITHDRAWAL)
        assert len([one for one in server.requests if b"withdrawals" in one.body]) <= 1


@each_flavour
@pytest.mark.parametrize(
    ("status", "attempts"), [(500, 1), (502, 2), (503, 2), (504, 2), (429, 2)]
)
def test_g06_each_status_is_repeated_where_the_contract_allows(
    flavour: Flavour, status: int, attempts: int
) -> None:
    """A 500 is never repeated, 429 and 502 to 504 are, each attempt freshly made."""
    with RawServer(saying(http(status, b"", "Retry-After: 0"), ZEROHASH_MINTED)) as server:
        end = end_of(flavour, server.url, HARMLESS, retry=FAST_RETRIES)
        assert len(server.requests) == attempts
    assert isinstance(end, Reply) is (attempts == 2)


@each_flavour
@pytest.mark.parametrize(("call", "attempts"), [(HARMLESS, 3), (WITHDRAWAL, 1)])
def test_g06_a_refused_connection_may_have_been_sent(
    flavour: Flavour, call: Call[Any], attempts: int
) -> None:
    """Lost: pyreqwest calls a lost answer a failure to connect, so a payment is not repeated."""
    end = end_of(flavour, "http://127.0.0.1:1", call, retry=FAST_RETRIES)
    assert isinstance(end, ConnectError)
    assert end.attempts == attempts


@pytest.mark.parametrize("script", [black_hole, drip_headers, drip_body])
def test_g07_no_server_outlasts_an_async_deadline(script: Callable[[Peer], None]) -> None:
    """An async call is back at its deadline, whatever the server does."""
    with RawServer(script) as server, at_most(DEADLINE):
        end = end_of("asyncio", server.url, HARMLESS, deadline=DEADLINE)
        assert isinstance(end, DeadlineExceeded)


@pytest.mark.parametrize("script", [black_hole, drip_headers, drip_body])
def test_g07_a_sync_deadline_is_held_with_the_steps_timeouts(
    script: Callable[[Peer], None],
) -> None:
    """Lost: a sync call may take its deadline and the timeouts of its three steps together."""
    timeouts = Timeouts(connect=0.05, read=0.05, write=0.05)
    with RawServer(script) as server, at_most(DEADLINE + 0.15):
        end = end_of("sync", server.url, HARMLESS, deadline=DEADLINE, timeout=timeouts)
        assert isinstance(end, DeadlineExceeded | RequestTimeoutError)


@each_flavour
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_g09_no_redirect_is_followed(flavour: Flavour, status: int) -> None:
    """A redirected mint is an error, and the target hears nothing."""
    with RawServer(always_minted) as other:
        answer = http(status, b"", f"Location: {other.url}/elsewhere")
        with RawServer(answering(lambda _: answer)) as server:
            end = end_of(flavour, server.url, HARMLESS)
        assert isinstance(end, UnexpectedRedirect)
        assert other.connections == 0


def echo(request: RawRequest) -> bytes:
    body = {"error": str(request.headers), "sent": request.headers, "body": str(request.body)}
    return json_answer(body, 401)


@each_flavour
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (answering(echo), AuthenticationError),
        (close_in_the_body, TransportError),
        (resetting(), TransportError),
        (saying(BROKEN["bad header"]), TransportError),
    ],
)
def test_g10_no_secret_shows(
    flavour: Flavour,
    script: Callable[[Peer], None],
    expected: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No credential, signature or token is in the error, its frames or the whole debug log."""
    with caplog.at_level(logging.DEBUG), RawServer(script) as server:
        end = end_of(flavour, server.url, HARMLESS, retry=NO_RETRIES)
        signatures = [request.headers["x-scx-signed"] for request in server.requests]
    assert isinstance(end, expected)
    check_no_secret(end, caplog, *signatures)


def minted_for(request: RawRequest) -> bytes:
    return json_answer({"message": {"token": f"for {request.json()['participant_code']}"}})


def mint_for(number: int) -> zerohash.ClientAuthTokenRequest:
    return zerohash.ClientAuthTokenRequest(participant_code=f"{number:06}", permissions=["fwc"])


def test_g14_threads_share_a_client() -> None:
    """400 calls of 20 threads get their own answers."""
    with (
        RawServer(answering(minted_for)) as server,
        fast_client("sync", server.url) as client,
        ThreadPoolExecutor(20) as threads,
    ):
        tokens = [minted.token for minted in threads.map(client.send, map(mint_for, range(400)))]
    assert tokens == [f"for {number:06}" for number in range(400)]


def test_g14_tasks_share_a_client() -> None:
    """100 calls at the same time get their own answers."""
    tokens: dict[int, str] = {}

    async def main(url: str) -> None:
        async with fast_client("asyncio", url) as client, anyio.create_task_group() as tasks:

            async def call(number: int) -> None:
                tokens[number] = (await client.send(mint_for(number))).token

            for number in range(100):
                tasks.start_soon(call, number)

    with RawServer(answering(minted_for)) as server:
        anyio.run(main, server.url)
    assert tokens == {number: f"for {number:06}" for number in range(100)}


@pytest.mark.parametrize("script", [black_hole, drip_headers, drip_body])
def test_g16_a_cancelled_call_leaves_the_client_usable(script: Callable[[Peer], None]) -> None:
    """A cancelled call ends at once, and the next one works.

    Lost: the connection of the cancelled one is closed only when its timeouts have passed.
    """

    async def main(url: str) -> None:
        async with fast_client("asyncio", url, deadline=1) as client:
            for _ in range(3):
                with anyio.move_on_after(0.1) as scope:
                    await client.send(HARMLESS)
                assert scope.cancelled_caught
            assert (await client.send(HARMLESS)).token == TOKEN

    with RawServer(script, script, script, always_minted) as server:
        anyio.run(main, server.url)


# hyper's client takes what stands behind the status line of these for an answer, and is right.
READ = {"switching", "odd transfer encoding", "length and chunks", "only early hints"}


@each_flavour
@pytest.mark.parametrize("name", [name for name in BROKEN if name not in READ])
def test_g20_broken_http_is_a_typed_error(flavour: Flavour, name: str) -> None:
    """Whatever comes that is no HTTP, one of tokenkit's errors says so, and nothing hangs."""
    with RawServer(saying(BROKEN[name])) as server, at_most(1):
        end = end_of(flavour, server.url, HARMLESS, retry=NO_RETRIES)
    assert isinstance(end, TokenKitError)
    assert not isinstance(end, RateLimitError)
