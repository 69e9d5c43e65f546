"""A connection whose exchange was interrupted, and what its client can do afterwards."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from all_clients import HEALTH, HEALTHY
from credentials import strigo_client
from network_calls import NO_RETRIES, each_family
from raw_server import RawServer, responding
from strikes import NthLine, Strike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network_calls import Family

    from tokenkit import StrigoClient


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
