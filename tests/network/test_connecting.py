"""Connecting: addresses, lookups, cancellation."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import STRIGO_MINT, STRIGO_MINTED
from asyncio_streams import in_a_thread, only_asyncio
from credentials import async_strigo_client
from network_calls import NO_RETRIES, at_most, send_strigo
from raw_server import RawServer, responding

from tokenkit import (
    ConnectError,
    DeadlineExceeded,
    RequestTimeoutError,
    Timeouts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from network_calls import Flavour


@pytest.fixture
def full() -> Iterator[Any]:
    """Yield an address that swallows packets."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        yield listener.getsockname()


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: Any) -> None:
    """Let every name have these addresses."""
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "localhost":
            return real(host, *args, **kwargs)
        return [(family, socket.SOCK_STREAM, 6, "", where) for family, where in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_an_address_that_swallows_packets_leaves_time_for_the_next(
    flavour: Flavour, full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host's second address is tried within the connect timeout when the first is silent."""
    with RawServer(responding(lambda _: STRIGO_MINTED)) as server:
        resolve_to(
            monkeypatch, (socket.AF_INET, full), (socket.AF_INET, ("127.0.0.1", server.port))
        )
        url = f"http://localhost:{server.port}"
        with at_most(3):
            send_strigo(flavour, url, STRIGO_MINT, timeout=Timeouts(connect=9), retry=NO_RETRIES)


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_an_address_of_a_kind_that_the_system_lacks_is_passed_over(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there is no IPv6, a host's IPv4 address is used."""
    with RawServer(responding(lambda _: STRIGO_MINTED)) as server:
        resolve_to(monkeypatch, (9999, ("::1", 1)), (socket.AF_INET, ("127.0.0.1", server.port)))
        url = f"http://localhost:{server.port}"
        send_strigo(flavour, url, STRIGO_MINT, retry=NO_RETRIES)


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_all_addresses_that_swallow_packets_are_a_timeout(
    flavour: Flavour, full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no address responds, the connect timeout holds for all of them together."""
    resolve_to(monkeypatch, (socket.AF_INET, full), (socket.AF_INET, full))
    with pytest.raises(RequestTimeoutError, match="ConnectTimeout"), at_most(0.2):
        send_strigo(
            flavour,
            "http://localhost:1",
            STRIGO_MINT,
            timeout=Timeouts(connect=0.2),
            retry=NO_RETRIES,
        )


@pytest.mark.parametrize("flavour", ["sync", "asyncio"])
def test_a_host_without_an_address_is_a_connect_error(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty response from the resolver is reported as one."""
    resolve_to(monkeypatch)
    with pytest.raises(ConnectError, match="localhost has no address"):
        send_strigo(flavour, "http://localhost:1", STRIGO_MINT, retry=NO_RETRIES)


@only_asyncio
@pytest.mark.anyio
async def test_connecting_can_be_cancelled(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is cancelled while it connects leaves no socket open."""
    resolve_to(monkeypatch, (socket.AF_INET, full))
    async with async_strigo_client("http://localhost:1") as client:
        with anyio.move_on_after(0.05) as scope:
            await client.send(STRIGO_MINT)
        assert scope.cancelled_caught
    gc.collect()


class SlowResolver:
    """Looks names up only when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Any]) -> None:
        self.go = threading.Event()
        self._answer = answer
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, *args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        self.go.wait(10)
        return self._answer()

    def finish(self) -> None:
        """Let the running lookups end."""
        self.go.set()
        for thread in threading.enumerate():
            if thread.name == "tokenkit-name-lookup":
                thread.join(10)


@pytest.fixture
def slow_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowResolver]:
    resolver = SlowResolver(monkeypatch, list)
    yield resolver
    resolver.finish()


def test_a_lookup_may_outlast_its_event_loop(slow_resolver: SlowResolver) -> None:
    """A loop's end does not wait for the resolver, whose late response does no harm."""

    async def main() -> None:
        async with async_strigo_client("https://slow.example") as client:
            with pytest.raises(DeadlineExceeded):
                await client.send(STRIGO_MINT, deadline=0.05)

    with at_most(0.5):
        asyncio.run(main())
    slow_resolver.finish()


@only_asyncio
@pytest.mark.anyio
async def test_a_lookup_may_outlast_its_call(slow_resolver: SlowResolver) -> None:
    """A response from the resolver that comes too late is dropped."""
    async with async_strigo_client("https://slow.example") as client:
        with pytest.raises(RequestTimeoutError, match=r"looking up slow\.example took too long"):
            await client.send(STRIGO_MINT, timeout=Timeouts(connect=0.05), retry=NO_RETRIES)
        await in_a_thread(slow_resolver.finish)
        await asyncio.sleep(0)


def run_on_uvloop(main: Callable[[], Any]) -> None:
    anyio.run(main, backend="asyncio", backend_options={"use_uvloop": True})
