"""The deadline holds, whatever the server does."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from network_calls import (
    API_KEY,
    MINT,
    MINTED,
    NO_RETRIES,
    ORG_ID,
    TOKEN,
    at_most,
    each_flavour,
    send_strigo,
)
from raw_server import RawServer, answering, black_hole, http

from tokenkit import (
    AsyncStrigoClient,
    DeadlineExceeded,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    StrigoClient,
    Timeouts,
    strigo,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_calls import Flavour
    from raw_server import Peer

DEADLINE = 0.4


def drip_headers(peer: Peer) -> None:
    peer.read_request()
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"a" * 1000)


def drip_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    peer.drip(b" " * 1000)


def drip_error_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n")
    peer.drip(b" " * 1000)


def flood_of_informational_answers(peer: Peer) -> None:
    peer.read_request()
    # Faster than they are read, so that there is always something to read.
    while not peer.server.stopped.wait(0.001):
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


@each_flavour
@pytest.mark.parametrize(
    "script", [black_hole, drip_headers, drip_body, flood_of_informational_answers]
)
def test_no_server_outlasts_the_deadline(flavour: Flavour, script: Callable[[Peer], None]) -> None:
    """A silent, dripping or flooding server is left when the deadline passes."""
    with RawServer(script) as server:
        with pytest.raises(DeadlineExceeded) as caught, at_most(DEADLINE):
            send_strigo(flavour, server.url, MINT, deadline=DEADLINE)
        assert isinstance(caught.value, TimeoutError)
        assert len(server.requests) <= 1
        server.wait_all_closed()


@each_flavour
def test_an_error_answer_cut_off_by_the_deadline_keeps_its_status(flavour: Flavour) -> None:
    """A failure whose body drips is still reported as the failure that it is."""
    with RawServer(drip_error_body) as server:
        with pytest.raises(ServerError) as caught, at_most(DEADLINE):
            send_strigo(flavour, server.url, MINT, deadline=DEADLINE)
        assert caught.value.status == 500


@each_flavour
def test_endless_failures_end_before_the_deadline(flavour: Flavour) -> None:
    """Retries of an outage never go past the deadline; the last attempt's failure is reported."""
    policy = RetryPolicy(max_retries=1000, first_wait=0.05, longest_wait=0.1)
    with RawServer(answering(lambda _: http(503))) as server:
        with pytest.raises((ServerError, DeadlineExceeded)), at_most(DEADLINE):
            send_strigo(flavour, server.url, MINT, deadline=DEADLINE, retry=policy)
        # Two in a row are too few for waits of at most 0.1 s, a thousand would be no waits.
        assert 2 < len(server.requests) < 500


@each_flavour
@pytest.mark.parametrize("script", [drip_headers, drip_body, black_hole])
def test_a_call_has_a_deadline_of_its_own(
    flavour: Flavour, script: Callable[[Peer], None]
) -> None:
    """The read timeout ends a silence; a drip resets it, and only the deadline helps there."""
    with RawServer(script) as server:
        timeout = Timeouts(read=0.2)
        with pytest.raises(RequestTimeoutError) as caught, at_most(DEADLINE):
            send_strigo(
                flavour, server.url, MINT, deadline=DEADLINE, timeout=timeout, retry=NO_RETRIES
            )
        assert isinstance(caught.value, DeadlineExceeded) is (script is not black_hole)


def test_a_callers_client_is_bounded_between_chunks() -> None:
    """With a caller's sync client, the deadline ends a body that drips."""
    with RawServer(drip_body) as server, httpx.Client() as http_client:
        client = StrigoClient(
            org_id=ORG_ID, api_key=API_KEY, base_url=server.url, http_client=http_client
        )
        with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
            client.send(MINT, deadline=DEADLINE)


@pytest.mark.anyio
async def test_a_callers_async_client_is_bounded_everywhere() -> None:
    """With a caller's async client, the deadline ends even headers that drip."""
    with RawServer(drip_headers) as server:
        async with httpx.AsyncClient() as http_client:
            client = AsyncStrigoClient(
                org_id=ORG_ID, api_key=API_KEY, base_url=server.url, http_client=http_client
            )
            with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
                await client.send(MINT, deadline=DEADLINE)


@each_flavour
def test_a_call_without_a_deadline_is_no_trouble(flavour: Flavour) -> None:
    """A call with the longest limits of time is sent like every other."""
    longest = Timeouts(connect=1e6, read=1e6, write=1e6)
    with RawServer(answering(lambda _: MINTED)) as server:
        address = server.url.replace("127.0.0.1", "localhost")
        (reply,) = send_strigo(flavour, address, MINT, deadline=None, timeout=longest)
    assert reply.value.token == TOKEN


@each_flavour
def test_a_request_that_is_never_taken_is_bounded(flavour: Flavour) -> None:
    """A server that stops reading holds no call beyond its deadline."""
    big = strigo.UserTokenRequest(email="user1@example.com", extra={"filler": "x" * 1_000_000})
    gate = threading.Event()

    def read_nothing(peer: Peer) -> None:
        gate.wait(10)
        peer.wait_gone()

    with RawServer(read_nothing, receive_buffer=2048) as server:
        try:
            with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
                send_strigo(flavour, server.url, big, deadline=DEADLINE)
        finally:
            gate.set()
        server.wait_all_closed()


class Jumping(logging.Handler):
    """A clock that is past every deadline once an attempt was logged, as by a slow log."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self.ahead = 100.0

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def test_time_lost_before_sending_counts(caplog: pytest.LogCaptureFixture) -> None:
    """A deadline that passes while a log record is written is a deadline, and nothing is sent."""
    clock, logger = Jumping(), logging.getLogger("tokenkit")
    logger.addHandler(clock)
    try:
        with RawServer(black_hole) as server, caplog.at_level("DEBUG", "tokenkit"):
            client = StrigoClient(org_id=ORG_ID, api_key=API_KEY, base_url=server.url, clock=clock)
            with client, pytest.raises(DeadlineExceeded), at_most(0):
                client.send(MINT)
    finally:
        logger.removeHandler(clock)
    assert server.connections == 0
