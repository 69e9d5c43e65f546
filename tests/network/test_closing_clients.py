"""Clients that are closed during calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import HEALTHY
from credentials import async_strigo_client, strigo_client
from gates import (
    MOST,
    PATIENT,
    Gates,
    healthy,
    in_a_thread,
    run_three_async_calls,
    wait_for_requests,
)
from network_calls import FAST_RETRIES
from pooled import idle_of, pools_of
from raw_server import RawServer, http, responding

from tokenkit import ClientClosedError
from tokenkit._http import connection

if TYPE_CHECKING:
    from raw_server import Peer

    from tokenkit import StrigoClient


def test_calls_end_after_the_client_was_closed() -> None:
    """A running call, and one that waits for a connection, end well; nothing stays open."""
    gates = Gates()
    with RawServer(gates.script) as server, ThreadPoolExecutor(MOST + 1) as threads:
        client = strigo_client(server.url, **PATIENT)
        calls = [threads.submit(client.check_health) for _ in range(MOST)]
        wait_for_requests(server, MOST)
        calls.append(threads.submit(client.check_health))
        gates.open(1)
        wait_for_requests(server, MOST + 1)
        client.close()
        gates.open_all()
        assert {call.result(10).status for call in calls} == {"ok"}
        server.wait_all_closed()


@pytest.mark.anyio
async def test_async_calls_end_after_the_client_was_closed() -> None:
    """A running call, and one that waits for a connection, end well; nothing stays open."""
    gates = Gates()
    with RawServer(gates.script) as server:
        client = async_strigo_client(server.url, **PATIENT)
        async with anyio.create_task_group() as tasks:
            for _ in range(MOST + 1):
                tasks.start_soon(client.check_health)
            await in_a_thread(wait_for_requests, server, MOST)
            await client.aclose()
            gates.open_all()
        await in_a_thread(server.wait_all_closed)
        assert len(server.requests) == MOST + 1


class ClosesDuringAWait:
    """A clock that closes a client while a call waits to be sent again."""

    def __init__(self) -> None:
        self.client: Any = None

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SyncClock(ClosesDuringAWait):
    def sleep(self, seconds: float) -> None:
        del seconds
        self.client.close()


class AsyncClock(ClosesDuringAWait):
    async def sleep(self, seconds: float) -> None:
        del seconds
        await self.client.aclose()


def test_a_call_repeated_after_the_client_was_closed_leaves_nothing_open() -> None:
    """A client that is closed between two attempts keeps no connection from the second."""
    clock = SyncClock()
    answers = iter([http(503), HEALTHY])
    with RawServer(responding(lambda _: next(answers))) as server:
        client = strigo_client(server.url, clock=clock, retry=FAST_RETRIES)
        clock.client = client
        assert client.check_health().status == "ok"
        server.wait_all_closed()


@pytest.mark.anyio
async def test_an_async_call_repeated_after_the_client_was_closed_leaves_nothing_open() -> None:
    """An async client that is closed between two attempts keeps no connection from the second."""
    clock = AsyncClock()
    answers = iter([http(503), HEALTHY])
    with RawServer(responding(lambda _: next(answers))) as server:
        client = async_strigo_client(server.url, clock=clock, retry=FAST_RETRIES)
        clock.client = client
        assert (await client.check_health()).status == "ok"
        await in_a_thread(server.wait_all_closed)


def test_closing_that_is_cancelled_can_be_repeated() -> None:
    """A second aclose() closes the connections that the first, cancelled one left open."""
    gates = Gates()

    async def main() -> None:
        client = async_strigo_client(server.url)
        await run_three_async_calls(client, server, gates, 1)
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await client.aclose()
        await in_a_thread(server.wait_all_closed)

    with RawServer(gates.script) as server:
        asyncio.run(main())


def test_closing_that_is_cancelled_leaves_nothing_beyond_the_loop() -> None:
    """Connections that a cancelled aclose() left open are closed when the event loop ends."""
    gates = Gates()

    async def main() -> None:
        client = async_strigo_client(server.url)
        await run_three_async_calls(client, server, gates, 1)
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing

    with RawServer(gates.script) as server:
        asyncio.run(main())
        server.wait_all_closed()


def test_closing_in_the_moment_of_a_return(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is closed while a call returns its connection, neither before nor after."""
    answered = threading.Event()

    def answer(peer: Peer) -> None:
        peer.read_request()
        answered.set()
        peer.send(HEALTHY)
        peer.wait_gone()

    class ClosingClock:
        """Closes the client when the return of the connection asks for the time."""

        @staticmethod
        def monotonic() -> float:
            if answered.is_set():
                client.close()
            return time.monotonic()

    with RawServer(answer) as server:
        client = strigo_client(server.url)
        monkeypatch.setattr(connection, "time", ClosingClock)
        assert client.check_health().status == "ok"
        server.wait_all_closed()


def test_clients_closed_amid_calls_of_many_threads() -> None:
    """Whenever a client is closed, none of its connections stays open."""

    def call_until_closed(client: StrigoClient, start: threading.Barrier) -> None:
        client.check_health()
        start.wait(10)
        with suppress(ClientClosedError):
            while True:
                client.check_health()

    with RawServer(healthy) as server, ThreadPoolExecutor(4) as threads:
        for _ in range(20):
            client, start = strigo_client(server.url), threading.Barrier(5)
            calling = [threads.submit(call_until_closed, client, start) for _ in range(4)]
            start.wait(10)
            client.close()
            for one in calling:
                one.result(10)
            server.wait_all_closed()


class TakenByAnother(deque[Any]):
    """Idle connections, one of which another thread takes at each possible moment."""

    def __init__(self, idle: deque[Any]) -> None:
        super().__init__(idle)
        self.taken: list[Any] = []

    def pop(self, *_: Any) -> Any:
        self.taken += [super(TakenByAnother, self).pop() for _ in range(len(self))]
        return super().pop()

    def popleft(self) -> Any:
        self.taken += [super(TakenByAnother, self).pop() for _ in range(len(self))]
        return super().popleft()


def test_another_thread_may_be_faster() -> None:
    """If others take the idle connections between the check and the pop, a call opens its own."""
    with RawServer(healthy) as server:
        client = strigo_client(server.url)
        client.check_health()
        (pool,) = pools_of(client)
        rival = TakenByAnother(idle_of(client))
        vars(pool)["_idle"]._connections = rival
        client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]
        client.close()
        assert len(rival.taken) == 2
        for one in rival.taken:
            pool.give_back(one)
        server.wait_all_closed()


def test_connections_that_were_never_used_can_be_discarded_and_closed() -> None:
    """Before the first call there is nothing to close, and nothing is opened to do so."""
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        connections = vars(client)["_shared"].connections
        connections.discard()
        assert pools_of(client) == []
        client.check_health()
        connections.discard()
        server.wait_all_closed()


@pytest.mark.anyio
async def test_async_connections_that_were_never_used_can_be_discarded() -> None:
    """Before the first call there is nothing to close, and nothing is opened to do so."""
    with RawServer(healthy) as server:
        async with async_strigo_client(server.url) as client:
            connections = vars(client)["_shared"].connections
            await connections.discard()
            assert pools_of(client) == []
            await client.check_health()
            await connections.discard()
            await in_a_thread(server.wait_all_closed)
