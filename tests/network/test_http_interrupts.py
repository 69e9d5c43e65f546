"""Interrupts and cancellations are raised unchanged, without a secret."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import TOKEN, ZEROHASH_MINT
from credentials import (
    async_zerohash_client,
    zerohash_client,
)
from http_library import FAMILY, httpx
from leaks import check_no_secret
from network_calls import CORES
from raw_server import RawServer, black_hole, saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from raw_server import Peer

# What the HTTP library of this run opens its connections with.
CORE = CORES[FAMILY]


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Log everything in the whole process."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def slow_mint(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    peer.send(json.dumps({"message": {"token": TOKEN}}).encode())
    peer.wait_gone()


def signatures(server: RawServer) -> list[str]:
    return [request.headers["x-scx-signed"] for request in server.requests]


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
    """Ctrl-C during a call is raised unchanged, without the frames that hold the headers."""
    client = zerohash_client(transport=Interrupted(error))
    with pytest.raises(type(error)) as caught:
        client.send(ZEROHASH_MINT)
    assert caught.value is error
    check_no_secret(caught.value, log)


@pytest.mark.anyio
async def test_an_interrupt_of_an_async_call_shows_no_secret(
    log: pytest.LogCaptureFixture,
) -> None:
    """An exception that isn't an Exception leaves an async call without the network's frames."""
    error = GeneratorExit()
    client = async_zerohash_client(transport=Interrupted(error))
    with pytest.raises(GeneratorExit) as caught:
        await client.send(ZEROHASH_MINT)
    check_no_secret(caught.value, log)


@pytest.mark.anyio
@pytest.mark.parametrize("script", [black_hole, slow_mint])
async def test_a_cancellation_shows_no_secret(
    script: Callable[[Peer], None], log: pytest.LogCaptureFixture
) -> None:
    """A cancelled call passes the cancellation on without the network's frames."""
    caught: list[BaseException] = []
    with RawServer(script) as server:
        async with async_zerohash_client(server.url) as client:
            with anyio.move_on_after(0.15):
                try:
                    await client.send(ZEROHASH_MINT)
                except BaseException as error:
                    caught.append(error)
                    raise
        check_no_secret(caught[0], log, *signatures(server))


def test_a_sync_interrupt_from_the_network_shows_no_secret(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a socket is read shows nothing that was sent on it."""

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with RawServer(saying(b"")) as server, zerohash_client(server.url) as client:
        monkeypatch.setattr(f"{CORE}.SyncBackend.connect_tcp", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.send(ZEROHASH_MINT)
    check_no_secret(caught.value, log)
