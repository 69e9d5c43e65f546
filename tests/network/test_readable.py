"""The two ways to ask whether a connection has something to read."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

import pytest

from tokenkit._http.readable import is_readable, readable_by_poll, readable_by_select

if TYPE_CHECKING:
    from collections.abc import Callable

ways = [pytest.param(readable_by_select, id="select")]
if hasattr(select, "poll"):
    ways.append(pytest.param(readable_by_poll, id="poll"))
each_way = pytest.mark.parametrize("ask", ways)


@each_way
def test_what_is_readable(ask: Callable[[int], bool]) -> None:
    """An idle connection is not; one with data is, once and until it was read; its end is."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not ask(ours.fileno())
        theirs.sendall(b"x")
        assert ask(ours.fileno())
        ours.recv(1)
        assert not ask(ours.fileno())
        theirs.close()
        assert ask(ours.fileno())


@each_way
def test_a_half_closed_connection_is_readable(ask: Callable[[int], bool]) -> None:
    """A server that only says that nothing more will come has ended the connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.shutdown(socket.SHUT_WR)
        assert ask(ours.fileno())


@each_way
def test_a_reset_connection_is_readable(ask: Callable[[int], bool]) -> None:
    """A reset is something to read, too."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as ours,
    ):
        theirs, _ = listener.accept()
        ours.sendall(b"x")
        select.select([theirs], [], [], 10)
        theirs.close()  # with something unread, that resets
        select.select([ours], [], [], 10)
        assert ask(ours.fileno())


def test_a_closed_socket_is_readable() -> None:
    """A socket closed at this end is never taken for an idle one."""
    ours, theirs = socket.socketpair()
    with theirs:
        assert not is_readable(ours)
        ours.close()
        assert is_readable(ours)
