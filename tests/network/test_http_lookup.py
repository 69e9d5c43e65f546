"""Looking names up and connecting: within limits, and distinct from other trouble."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED
from credentials import async_strigo_client, strigo_client
from network_calls import FAST_RETRIES, NO_RETRIES, at_most, each_flavour, send_strigo
from raw_server import RawServer, responding

from tokenkit import ConnectError, DeadlineExceeded, Timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network_calls import Flavour

DEADLINE = 0.4


class PermissionWithdrawnError(Exception):
    """What a test suite without a network raises."""


@pytest.fixture
def slow_lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let lookups of slow.example hang until the event is set."""
    resolve = threading.Event()
    look_up = socket.getaddrinfo

    def slow(
        host: str | bytes,
        port: int,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        if host in ("slow.example", b"slow.example"):
            # trio asks first whether the host is an address, which takes no time.
            if not flags & socket.AI_NUMERICHOST:
                resolve.wait(10)
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return look_up(host, port, family, type, proto, flags)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield resolve
    resolve.set()


def test_a_slow_name_lookup_is_bounded(slow_lookup: threading.Event) -> None:
    """A resolver that hangs can't hold a sync call beyond its deadline."""
    client = strigo_client("https://slow.example", deadline=DEADLINE)
    with client, pytest.raises(DeadlineExceeded), at_most(DEADLINE):
        client.send(STRIGO_MINT)
    assert not slow_lookup.is_set()


@pytest.mark.anyio
async def test_a_slow_name_lookup_is_bounded_async(slow_lookup: threading.Event) -> None:
    """A resolver that hangs can't hold an async call beyond its deadline."""
    async with async_strigo_client("https://slow.example", deadline=DEADLINE) as client:
        with pytest.raises(DeadlineExceeded), at_most(DEADLINE):
            await client.send(STRIGO_MINT)
    # asyncio waits for its resolver threads when a loop ends.
    slow_lookup.set()


@each_flavour
def test_a_name_that_does_not_exist_is_a_connect_error(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed name lookup is reported as one, with the address; retries end."""

    def unknown(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectError, match=r"https://nowhere\.example: .*no such name") as caught:
        send_strigo(flavour, "https://nowhere.example", STRIGO_MINT, retry=FAST_RETRIES)
    assert caught.value.attempts == 3


@each_flavour
def test_a_name_that_cannot_be_looked_up_is_a_connect_error(flavour: Flavour) -> None:
    """A label too long for the name system fails like any other lookup."""
    with pytest.raises(ConnectError):
        send_strigo(flavour, f"https://{'a' * 80}.example", STRIGO_MINT, retry=NO_RETRIES)


def test_an_address_that_swallows_packets_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host's second address is tried within the connect timeout when the first is silent."""
    with (
        RawServer(responding(lambda _: STRIGO_MINTED)) as server,
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", full.getsockname()),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
        ]

        def look_up(*args: Any, **kwargs: Any) -> Any:
            del args, kwargs
            return addresses

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        options = Timeouts(connect=0.4)
        with at_most(0.4):
            send_strigo("sync", f"http://localhost:{server.port}", STRIGO_MINT, timeout=options)


@each_flavour
def test_what_a_guarded_resolver_raises_is_raised(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test suite that forbids lookups with an exception of its own gets it, and at once."""

    def forbidden(*_: Any, **__: Any) -> Any:
        raise PermissionWithdrawnError

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    with pytest.raises(PermissionWithdrawnError), at_most(DEADLINE):
        send_strigo(flavour, "https://vendor.example", STRIGO_MINT, retry=NO_RETRIES)
