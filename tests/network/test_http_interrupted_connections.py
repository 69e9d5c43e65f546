"""A connection whose exchange was interrupted, and what its client can do afterwards."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import HEALTH, HEALTHY
from credentials import strigo_client
from network_calls import NO_RETRIES, each_family, echo_token
from raw_server import RawServer, responding
from strikes import NthLine, Strike
from surplus import CALLS, SURPLUS

from tokenkit import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network_calls import Family
    from raw_server import Peer

    from tokenkit import StrigoClient, strigo


class TimeLimitError(BaseException):
    """What a signal handler raises in the midst of a call."""


def interrupt(client: StrigoClient, file: str, line: int) -> int:
    """Call, interrupted at the n-th line of a file; return how many of its lines were run."""
    nth = NthLine(line)
    with (
        suppress(TimeLimitError),
        Strike(TimeLimitError, lambda frame: frame.f_code.co_filename.endswith(file), nth),
    ):
        client.send(HEALTH)
    return nth.seen


def interrupted_clients(file: str, url: str, family: Family) -> Iterator[StrigoClient]:
    """Yield a client for each line of a file that a call runs through, interrupted there."""
    with strigo_client(url, http_family=family) as client:
        client.send(HEALTH)
        lines = interrupt(client, file, 0)
    assert lines
    for line in range(1, lines + 1):
        with strigo_client(url, http_family=family, retry=NO_RETRIES) as client:
            client.send(HEALTH)
            interrupt(client, file, line)
            yield client


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(responding(lambda _: HEALTHY)) as server:
        yield server


@each_family
def test_a_lock_that_an_interrupt_left_locked_holds_nobody_up(
    server: RawServer, family: Family
) -> None:
    """Wherever an exception strikes in httpcore's locks, the client's next call gets through."""
    for client in interrupted_clients("_synchronization.py", server.url, family):
        later = threading.Thread(target=client.send, args=[HEALTH], daemon=True)
        later.start()
        later.join(30)
        assert not later.is_alive()


@each_family
@pytest.mark.parametrize("file", ["/socket.py", "/_backends/sync.py"])
def test_a_connection_that_is_interrupted_while_it_opens_is_closed(
    server: RawServer, family: Family, file: str
) -> None:
    """Wherever an exception strikes while a socket connects, the socket isn't left to chance."""
    with strigo_client(server.url, http_family=family) as client:
        lines = interrupt(client, file, 0)
    assert lines
    for line in range(1, lines + 1):
        with strigo_client(server.url, http_family=family, retry=NO_RETRIES) as client:
            interrupt(client, file, line)
    server.wait_all_closed()


@each_family
def test_a_socket_that_could_not_connect_is_closed_at_once(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It doesn't stay open as long as somebody keeps the exception."""
    made: list[socket.socket] = []

    def connect(self: socket.socket, _: object) -> None:
        made.append(self)
        raise TimeLimitError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with (
        strigo_client("http://127.0.0.1:1", http_family=family) as client,
        pytest.raises(TimeLimitError) as kept,
    ):
        client.send(HEALTH)
    assert type(kept.value) is TimeLimitError
    assert [one.fileno() for one in made] == [-1]


def surplus_for_bob(peer: Peer) -> None:
    """Respond to each request; another response follows Bob's."""
    while (request := peer.read_request()) is not None:
        peer.send(echo_token(request) + (SURPLUS if b"bob" in request.body else b""))


# What an interrupt leaves of the caller's, the garbage collector closes.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@each_family
@pytest.mark.parametrize(
    ("file", "step"), [("/_sync/http11.py", 7), ("/progress.py", 3), ("/sync_pool.py", 1)]
)
def test_what_an_interrupt_leaves_on_a_callers_connection_is_nobodys(
    family: Family, file: str, step: int
) -> None:
    """Wherever an exception strikes, the next call gets its own token, or isn't sent."""
    http: Any = import_module(family)
    kind, make = ("http_client", http.Client)
    if family == "httpx2":
        kind, make = ("transport", http.HTTPTransport)
    alice, bob, carol = CALLS
    outcomes: set[str] = set()

    def mint(call: strigo.UserTokenRequest, strike_at: int = 0) -> tuple[str, bool]:
        nth = NthLine(strike_at)
        strike = Strike(TimeLimitError, lambda frame: frame.f_code.co_filename.endswith(file), nth)
        with suppress(TimeLimitError), strike:
            try:
                return client.send(call).token, nth.was_reached
            except TransportError as error:
                outcomes.add(error.outcome)
        return "", nth.was_reached

    line, was_struck = 0, True
    with RawServer(surplus_for_bob) as server:
        while was_struck:
            line += step
            options: Any = {kind: make(), "retry": NO_RETRIES}
            with options[kind], strigo_client(server.url, **options) as client:
                assert {mint(alice)[0], mint(alice)[0]} == {"for alice@example.com"}
                _, was_struck = mint(bob, line)
                assert mint(carol)[0] in ("", "for carol@example.com")
                assert mint(alice)[0] in ("", "for alice@example.com")
    assert line > 5
    assert outcomes <= {"not performed"}
