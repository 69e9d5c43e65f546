"""The deadline holds, whatever the server does."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from network_calls import (
    API_KEY,
    HEALTH,
    MINT,
    MINTED,
    NO_RETRIES,
    ORG_ID,
    at_most,
    each_flavour,
    send_strigo,
)
from raw_server import RawServer, answering, black_hole, http, json_answer

from tokenkit import (
    DeadlineExceeded,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    StrigoClient,
    Timeouts,
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
    while not peer.server.stopped.is_set():
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


@each_flavour
@pytest.mark.parametrize(
    "script", [black_hole, drip_headers, drip_body, flood_of_informational_answers]
)
def test_no_server_outlasts_the_deadline(
    flavour: Flavour, script: Callable[[Peer], None]
) -> None:
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
    """Retries of an outage never go past the deadline; the last failure is reported."""
    policy = RetryPolicy(max_retries=1000, first_wait=0.05, longest_wait=0.1)
    with RawServer(answering(lambda _: http(503))) as server:
        with pytest.raises(ServerError) as caught, at_most(DEADLINE):
            send_strigo(flavour, server.url, MINT, deadline=DEADLINE, retry=policy)
        assert caught.value.attempts == len(server.requests) > 1


@each_flavour
def test_a_wait_beyond_the_deadline_is_not_slept(flavour: Flavour) -> None:
    """A Retry-After longer than the time left fails at once."""
    limited = http(429, b"slow down", "Retry-After: 3600")
    with RawServer(answering(lambda _: limited)) as server:
        with pytest.raises(RateLimitError) as caught, at_most(0):
            send_strigo(flavour, server.url, MINT, deadline=5)
        assert caught.value.retry_after == 3600
        assert len(server.requests) == 1


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


@each_flavour
def test_a_slow_name_lookup_is_bounded(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that hangs holds no call beyond its deadline."""
    resolve, asked = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("slow.example", b"slow.example"):
            asked.set()
            resolve.wait(10)
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    timer = threading.Timer(DEADLINE + 0.05, resolve.set)
    timer.start()
    try:
        # asyncio waits for its resolver threads when a loop ends: the answer comes just late.
        with pytest.raises(DeadlineExceeded), at_most(DEADLINE + 0.05):
            send_strigo(flavour, "https://slow.example", HEALTH, deadline=DEADLINE)
    finally:
        resolve.set()
        timer.join()
    assert asked.is_set()


@each_flavour
def test_a_name_that_does_not_exist_is_a_connect_error(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed name lookup is told as such, with the address that was meant."""

    def unknown(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
