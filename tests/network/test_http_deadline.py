"""The deadline holds, whatever the server does."""

from __future__ import annotations

import gc
import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED, TOKEN
from credentials import async_strigo_client, strigo_client
from network_calls import NO_RETRIES, at_most, each_flavour, send_strigo
from raw_server import RawServer, black_hole, responding

from tokenkit import (
    DeadlineExceeded,
    RequestTimeoutError,
    ServerError,
    Timeouts,
    strigo,
)
from tokenkit._http.response import ResponseReader

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
def test_a_flood_does_not_outlast_the_deadline(flavour: Flavour) -> None:
    """A call ends if a server floods the client with responses that aren't any."""
    with RawServer(flood_of_informational_answers) as server:
        with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
            send_strigo(flavour, server.url, STRIGO_MINT, deadline=DEADLINE)
        server.wait_all_closed()


@each_flavour
def test_an_error_response_cut_off_by_the_deadline_keeps_its_status(flavour: Flavour) -> None:
    """An error response whose body drips is still reported as that error."""
    with RawServer(drip_error_body) as server:
        with pytest.raises(ServerError) as caught, at_most(DEADLINE):
            send_strigo(flavour, server.url, STRIGO_MINT, deadline=DEADLINE)
        assert caught.value.status == 500


@each_flavour
@pytest.mark.parametrize("script", [drip_headers, drip_body, black_hole])
def test_a_call_has_a_deadline_of_its_own(
    flavour: Flavour, script: Callable[[Peer], None]
) -> None:
    """The read timeout ends a silence; a drip resets it, and only the deadline helps there."""
    deadline = 30.0 if script is black_hole else DEADLINE
    with RawServer(script) as server:
        timeout = Timeouts(read=0.2)
        with pytest.raises(RequestTimeoutError) as caught, at_most(DEADLINE):
            send_strigo(
                flavour,
                server.url,
                STRIGO_MINT,
                deadline=deadline,
                timeout=timeout,
                retry=NO_RETRIES,
            )
        assert isinstance(caught.value, DeadlineExceeded) is (script is not black_hole)


@each_flavour
def test_a_call_without_a_deadline_is_no_trouble(flavour: Flavour) -> None:
    """A call with the longest allowed time limits is sent like any other."""
    longest = Timeouts(connect=1e6, read=1e6, write=1e6)
    with RawServer(responding(lambda _: STRIGO_MINTED)) as server:
        address = server.url.replace("127.0.0.1", "localhost")
        (reply,) = send_strigo(flavour, address, STRIGO_MINT, deadline=None, timeout=longest)
    assert reply.value.token == TOKEN


@each_flavour
def test_a_request_that_is_never_taken_is_bounded(flavour: Flavour) -> None:
    """A server that stops reading can't hold a call beyond its deadline."""
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
    """A log handler whose clock is past every deadline once an attempt was logged."""

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
    """If the deadline passes while a log record is written, nothing is sent."""
    clock, logger = Jumping(), logging.getLogger("tokenkit")
    logger.addHandler(clock)
    try:
        with RawServer(black_hole) as server, caplog.at_level("DEBUG", "tokenkit"):
            client = strigo_client(server.url, clock=clock)
            with client, pytest.raises(DeadlineExceeded), at_most(0):
                client.send(STRIGO_MINT)
    finally:
        logger.removeHandler(clock)
    assert server.connections == 0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_a_deadline_between_two_chunks_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If the deadline passes while a chunk is read, the response's iterator ends as well."""
    feed = ResponseReader.feed

    def slow_feed(self: ResponseReader, chunk: bytes) -> bool:
        time.sleep(DEADLINE)
        return feed(self, chunk)

    monkeypatch.setattr(ResponseReader, "feed", slow_feed)
    with RawServer(drip_body) as server:
        async with async_strigo_client(server.url) as client:
            with pytest.raises(DeadlineExceeded):
                await client.send(STRIGO_MINT, deadline=DEADLINE)
    gc.collect()  # an iterator that was left would warn now
