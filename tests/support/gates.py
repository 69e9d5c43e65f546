"""Servers that hold their responses back, and calls that wait for them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
from all_clients import HEALTHY
from raw_server import RawRequest, RawServer, responding

from tokenkit import Timeouts, strigo

if TYPE_CHECKING:
    from collections.abc import Callable

    from raw_server import Peer

    from tokenkit import AsyncStrigoClient, StrigoClient

MOST = 100
ALL_IN_USE = "all connections were in use"
# A hundred connections at once may take long on a busy machine; another attempt opens one more.
PATIENT: dict[str, Any] = {"timeout": Timeouts(connect=60.0, read=60.0), "deadline": 120.0}

in_a_thread = anyio.to_thread.run_sync
healthy = responding(lambda _: HEALTHY)


def mint_for(name: str) -> strigo.UserTokenRequest:
    return strigo.UserTokenRequest(email=f"{name}@example.com")


class Gates:
    """Holds each response back until its connection's gate is open."""

    def __init__(self, respond: Callable[[RawRequest], bytes] = lambda _: HEALTHY) -> None:
        self._respond = respond
        self._open = [threading.Event() for _ in range(3 * MOST)]

    def script(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            self._open[peer.number].wait(60)
            peer.send(self._respond(request))

    def open(self, number: int) -> None:
        self._open[number].set()

    def open_all(self) -> None:
        for gate in self._open:
            gate.set()


def wait_for_requests(server: RawServer, count: int) -> None:
    server.wait_for(lambda: len(server.requests) >= count)
    assert len(server.requests) == count


def run_three_calls(client: StrigoClient, server: RawServer, gates: Gates, last: int) -> None:
    """Open three connections; the response on one of them comes last."""
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(client.check_health) for _ in range(3)]
        wait_for_requests(server, 3)
        for number in {1, 2, 3} - {last}:
            gates.open(number)
        while sum(call.done() for call in calls) < 2:
            time.sleep(0.001)
        gates.open(last)


async def run_three_async_calls(
    client: AsyncStrigoClient, server: RawServer, gates: Gates, last: int
) -> None:
    """Open three connections; the response on one of them comes last."""
    done: list[object] = []

    async def call() -> None:
        done.append(await client.check_health())

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(call)
        await in_a_thread(wait_for_requests, server, 3)
        for number in {1, 2, 3} - {last}:
            gates.open(number)
        while len(done) < 2:  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.001)
        gates.open(last)
