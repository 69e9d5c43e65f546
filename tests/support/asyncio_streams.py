"""Connections on asyncio, without a client above them."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from http_library import FAMILY
from raw_server import PATIENCE, RawServer
from tls_servers import server_context, trusting

from tokenkit import (
    strigo,
)
from tokenkit._http.asyncio_stream import AsyncioBackend
from tokenkit._http.connection import Route
from tokenkit._http.family import load_family
from tokenkit._http.progress import PROGRESS, Progress
from tokenkit._http.settings import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from raw_server import Peer

    from tokenkit._http.async_stream import AsyncStream

in_a_thread = anyio.to_thread.run_sync
only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
each_layer = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])

FAMILY_OF_THIS_RUN = load_family(FAMILY)
assert not isinstance(FAMILY_OF_THIS_RUN, str)
CORE: Any = FAMILY_OF_THIS_RUN.core
BIG = strigo.UserTokenRequest(email="user1@example.com", extra={"filler": "x" * 1_000_000})


def route(*, tls: bool = False) -> Route:
    """Return the direct route of a connection."""
    assert not isinstance(FAMILY_OF_THIS_RUN, str)
    origin = f"{'https' if tls else 'http'}://127.0.0.1"
    return Route.to(origin, ConnectionSettings(family=FAMILY_OF_THIS_RUN, trust_env=False))


def serve(script: Callable[[Peer], None], *, tls: bool) -> RawServer:
    return RawServer(script, tls=server_context("127.0.0.1") if tls else None)


@asynccontextmanager
async def connected(
    server: RawServer, *, tls: bool = False, left: float = PATIENCE, options: Any = ()
) -> AsyncGenerator[tuple[AsyncStream, Progress]]:
    """Yield a connection within its own exchange."""
    progress = Progress(left, "https://127.0.0.1")
    previous = PROGRESS.set(progress)
    backend = AsyncioBackend(route(tls=tls))
    try:
        stream = await backend.connect_tcp("127.0.0.1", server.port)
        for option in options:
            receiver_of(stream).transport.get_extra_info("socket").setsockopt(*option)
        if tls:
            stream = await stream.start_tls(trusting(), "127.0.0.1")
        yield stream, progress
    finally:
        await backend.aclose()
        PROGRESS.reset(previous)


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something is true."""
    with anyio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)


async def read_to_the_end(stream: AsyncStream) -> None:
    while await stream.read(65_536):
        pass


def receiver_of(stream: AsyncStream) -> Any:
    return vars(stream)["_inner"]


def read_nothing(peer: Peer) -> None:
    peer.server.stopped.wait(PATIENCE)


SMALL_BUFFER = (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
