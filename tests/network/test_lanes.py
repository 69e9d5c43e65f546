"""A client's own connections: how many there are, who gets one, when they are closed."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from network_calls import (
    FAST_RETRIES,
    HARMLESS,
    HEALTH,
    HEALTHY,
    NO_RETRIES,
    WITHDRAWAL,
    ZEROHASH_MINTED,
    async_strigo_client,
    at_most,
    each_flavour,
    echo_token,
    send_zerohash,
    strigo_client,
)
from raw_server import RawRequest, RawServer, answering, http, saying
from tls_servers import server_context, trusting

from tokenkit import ClientClosedError, DeadlineExceeded, strigo
from tokenkit._http import sync_lanes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from network_calls import Flavour
    from raw_server import Peer

    from tokenkit import AsyncStrigoClient, StrigoClient

MOST = 100
ALL_IN_USE = "all connections were in use"

in_a_thread = anyio.to_thread.run_sync
healthy = answering(lambda _: HEALTHY)


def mint_for(name: str) -> strigo.UserTokenRequest:
    return strigo.UserTokenRequest(email=f"{name}@example.com")


class Gates:
    """Holds each answer back until its connection's gate is open."""

    def __init__(self, respond: Callable[[RawRequest], bytes] = lambda _: HEALTHY) -> None:
        self._respond = respond
        self._open = [threading.Event() for _ in range(3 * MOST)]

    def script(self, peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            self._open[peer.number].wait(10)
            peer.send(self._respond(request))

    def open(self, number: int) -> None:
        self._open[number].set()

    def open_all(self) -> None:
        for gate in self._open:
            gate.set()


def wait_for_requests(server: RawServer, count: int) -> None:
    server.wait_for(lambda: len(server.requests) >= count)
    assert len(server.requests) == count


def test_the_101st_call_waits_for_a_connection() -> None:
    """No more than 100 connections are open; one more call gets the first that is free."""
    gates = Gates()
    with (
        RawServer(gates.script) as server,
        strigo_client(server.url) as client,
        ThreadPoolExecutor(MOST + 1) as threads,
    ):
        first = [threads.submit(client.check_health) for _ in range(MOST)]
        wait_for_requests(server, MOST)
        late = threads.submit(client.check_health)
        gates.open(37)
        wait_for_requests(server, MOST + 1)
        assert (server.requests[-1].connection, server.connections) == (37, MOST)
        gates.open_all()
        assert {call.result(10).status for call in (*first, late)} == {"ok"}


@pytest.mark.anyio
async def test_the_101st_async_call_waits_for_a_connection() -> None:
    """No more than 100 connections are open in a loop; one more call gets the first free one."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client, anyio.create_task_group() as tasks:
            for _ in range(MOST):
                tasks.start_soon(client.check_health)
            await in_a_thread(wait_for_requests, server, MOST)
            tasks.start_soon(client.check_health)
            await anyio.wait_all_tasks_blocked()
            gates.open(37)
            await in_a_thread(wait_for_requests, server, MOST + 1)
            assert (server.requests[-1].connection, server.connections) == (37, MOST)
            gates.open_all()


def test_a_wait_for_a_connection_ends_by_the_deadline() -> None:
    """Where none gets free in time, nothing was sent, and all 100 remain of use."""
    gates = Gates()
    with (
        RawServer(gates.script) as server,
        strigo_client(server.url) as client,
        ThreadPoolExecutor(MOST) as threads,
    ):
        first = [threads.submit(client.check_health) for _ in range(MOST)]
        wait_for_requests(server, MOST)
        for _ in range(3):
            with pytest.raises(DeadlineExceeded, match=ALL_IN_USE), at_most(0.05):
                client.send(HEALTH, deadline=0.05)
        assert len(server.requests) == MOST
        gates.open_all()
        for call in (*first, *(threads.submit(client.check_health) for _ in range(MOST))):
            assert call.result(10).status == "ok"
        assert server.connections == MOST


@pytest.mark.anyio
async def test_an_async_wait_for_a_connection_ends_by_the_deadline() -> None:
    """Where none gets free in time, nothing was sent, and all 100 remain of use."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(MOST):
                    tasks.start_soon(client.check_health)
                await in_a_thread(wait_for_requests, server, MOST)
                for _ in range(3):
                    with pytest.raises(DeadlineExceeded, match=ALL_IN_USE), at_most(0.05):
                        await client.send(HEALTH, deadline=0.05)
                assert len(server.requests) == MOST
                gates.open_all()
            async with anyio.create_task_group() as tasks:
                for _ in range(MOST):
                    tasks.start_soon(client.check_health)
        assert server.connections == MOST


async def cancelled_by_scope(client: AsyncStrigoClient) -> None:
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.check_health)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()


async def cancelled_by_task(client: AsyncStrigoClient) -> None:
    task = asyncio.create_task(client.check_health())
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("backend", "cancelled"),
    [
        ("trio", cancelled_by_scope),
        ("asyncio", cancelled_by_scope),
        ("asyncio", cancelled_by_task),
    ],
)
def test_cancelled_waits_lose_no_place(
    backend: str, cancelled: Callable[[AsyncStrigoClient], Awaitable[None]]
) -> None:
    """After 200 calls that were cancelled while they waited, those behind them come in order."""
    gates = Gates(echo_token)

    async def main() -> None:
        async with async_strigo_client(server.url) as client, anyio.create_task_group() as tasks:
            for number in range(MOST):
                tasks.start_soon(client.send, mint_for(f"user{number}"))
            await in_a_thread(wait_for_requests, server, MOST)
            tasks.start_soon(client.send, mint_for("first"))
            await anyio.wait_all_tasks_blocked()
            for _ in range(200):
                await cancelled(client)
            tasks.start_soon(client.send, mint_for("second"))
            await anyio.wait_all_tasks_blocked()
            gates.open(1)
            await in_a_thread(wait_for_requests, server, MOST + 2)
            gates.open_all()
        late = [request.json()["email"] for request in server.requests[MOST:]]
        assert late == ["first@example.com", "second@example.com"]

    with RawServer(gates.script) as server:
        anyio.run(main, backend=backend)
        assert server.connections == MOST


@pytest.mark.anyio
async def test_a_place_given_to_a_call_that_is_cancelled_goes_to_the_next() -> None:
    """A call that is cancelled in the moment in which a place gets free keeps it from nobody."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client, anyio.create_task_group() as tasks:
            finished = anyio.Event()

            async def call_and_cancel_the_next() -> None:
                await client.check_health()
                scope.cancel()
                finished.set()

            tasks.start_soon(call_and_cancel_the_next)
            for _ in range(MOST - 1):
                tasks.start_soon(client.check_health)
            await in_a_thread(wait_for_requests, server, MOST)
            with anyio.CancelScope() as scope:
                tasks.start_soon(in_a_thread, gates.open_all)
                await client.check_health()
            await finished.wait()
        async with async_strigo_client(server.url) as client:
            await client.check_health()


def run_three_calls(client: StrigoClient, server: RawServer, gates: Gates, last: int) -> None:
    """Open three connections; the answer on one of them comes last."""
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(client.check_health) for _ in range(3)]
        wait_for_requests(server, 3)
        for number in {1, 2, 3} - {last}:
            gates.open(number)
        while sum(call.done() for call in calls) < 2:
            time.sleep(0.001)
        gates.open(last)


@pytest.mark.parametrize("last", [1, 2, 3])
def test_the_connection_used_last_is_used_next(last: int) -> None:
    """Calls one after the other use one connection, however many are idle."""
    gates = Gates()
    with RawServer(gates.script) as server, strigo_client(server.url) as client:
        run_three_calls(client, server, gates, last)
        for _ in range(5):
            client.check_health()
        assert {request.connection for request in server.requests[3:]} == {last}


async def run_three_async_calls(
    client: AsyncStrigoClient, server: RawServer, gates: Gates, last: int
) -> None:
    """Open three connections; the answer on one of them comes last."""
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


@pytest.mark.anyio
@pytest.mark.parametrize("last", [1, 2, 3])
async def test_the_async_connection_used_last_is_used_next(last: int) -> None:
    """Calls one after the other use one connection, however many are idle."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            await run_three_async_calls(client, server, gates, last)
            for _ in range(5):
                await client.check_health()
        assert {request.connection for request in server.requests[3:]} == {last}


class Hours:
    """The monotonic clock, which can be put forward."""

    def __init__(self) -> None:
        self._real = time.monotonic
        self._ahead = 0.0

    def put_forward(self, seconds: float) -> None:
        self._ahead += seconds

    def monotonic(self) -> float:
        return self._real() + self._ahead


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hours]:
    """Let everything read a clock that can be put forward."""
    clock = Hours()
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", clock.monotonic)
        yield clock


def test_idle_connections_are_closed_in_time(hours: Hours) -> None:
    """Those that a peak has left are closed within minutes, while the one in use is kept."""
    gates = Gates()
    with RawServer(gates.script) as server, strigo_client(server.url) as client:
        run_three_calls(client, server, gates, 2)
        for _ in range(4):
            hours.put_forward(30)
            client.check_health()
        server.wait_for(lambda: server.ended == 2)
        assert {request.connection for request in server.requests[3:]} == {2}


@pytest.mark.anyio
async def test_idle_async_connections_are_closed_in_time(hours: Hours) -> None:
    """Those that a peak has left are closed within minutes, while the one in use is kept."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            await run_three_async_calls(client, server, gates, 2)
            for _ in range(4):
                hours.put_forward(30)
                await client.check_health()
            await in_a_thread(server.wait_for, lambda: server.ended == 2)
        assert {request.connection for request in server.requests[3:]} == {2}


def test_connections_that_idled_for_long_are_not_used(hours: Hours) -> None:
    """After an hour all are replaced, as a balancer on the way may have dropped them."""
    gates = Gates()
    with RawServer(gates.script, healthy) as server, strigo_client(server.url) as client:
        gates.open_all()
        client.check_health()
        hours.put_forward(3600)
        client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]
        server.wait_for(lambda: server.ended == 1)


@pytest.mark.anyio
async def test_async_connections_that_idled_for_long_are_not_used(hours: Hours) -> None:
    """After an hour all are replaced, as a balancer on the way may have dropped them."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            await run_three_async_calls(client, server, gates, 1)
            gates.open_all()
            hours.put_forward(3600)
            await client.check_health()
            assert server.requests[-1].connection == 4
            await in_a_thread(server.wait_for, lambda: server.ended == 3)


def close(peer: Peer) -> None:
    del peer


def reset(peer: Peer) -> None:
    peer.reset()


def part(peer: Peer) -> None:
    """Say good-bye as TLS does it, and leave the connection below open."""
    sock: Any = peer.sock
    sock.settimeout(0)
    with suppress(ssl.SSLWantReadError):
        sock.unwrap()
    tell_and_wait(peer)


def garble(peer: Peer) -> None:
    """Write beside TLS, and leave the connection open."""
    os.write(peer.sock.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
    tell_and_wait(peer)


def tell_and_wait(peer: Peer) -> None:
    """Keep the connection below TLS open, whose end would tell the client as well."""
    peer.server.note_request(RawRequest(peer.number, b"good-bye", b""))
    peer.server.stopped.wait(10)


@each_flavour
@pytest.mark.parametrize(
    ("end", "how"),
    [(close, "later"), (reset, "later"), (part, "later"), (part, "at once"), (garble, "later")],
)
def test_a_connection_closed_while_idle_is_not_used(
    flavour: Flavour, end: Callable[[Peer], None], how: str
) -> None:
    """Also where the event loop had no chance to notice, a payment is opened at once."""
    was_read = threading.Event()

    def answer_and_end(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        saying(ZEROHASH_MINTED)(peer)
        if how == "later":
            was_read.wait(10)
        end(peer)

    def wait_for_the_end() -> None:
        was_read.set()
        server.wait_for(lambda: server.ended > 0 or len(server.requests) > 1)

    minting = answering(lambda _: ZEROHASH_MINTED)
    with RawServer(answer_and_end, minting, tls=server_context("127.0.0.1")) as server:
        replies = send_zerohash(
            flavour,
            server.url,
            HARMLESS,
            WITHDRAWAL,
            between=wait_for_the_end,
            ssl_context=trusting(),
            retry=NO_RETRIES,
        )
        assert [reply.attempts for reply in replies] == [1, 1]
        assert server.connections == 2


@pytest.mark.anyio
async def test_a_connection_that_the_loop_saw_end_is_not_used() -> None:
    """Where the event loop has noticed the end, the next call opens another connection."""
    with RawServer(saying(HEALTHY), healthy) as server:
        async with async_strigo_client(server.url, retry=NO_RETRIES) as client:
            await client.check_health()
            await in_a_thread(server.wait_for, lambda: server.ended == 1)
            await client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]


def test_calls_end_after_the_client_was_closed() -> None:
    """A call that runs, and one that waits for a connection, end well; nothing stays open."""
    gates = Gates()
    with RawServer(gates.script) as server, ThreadPoolExecutor(MOST + 1) as threads:
        client = strigo_client(server.url)
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
    """A call that runs, and one that waits for a connection, end well; nothing stays open."""
    gates = Gates()
    with RawServer(gates.script) as server:
        client = async_strigo_client(server.url)
        async with anyio.create_task_group() as tasks:
            for _ in range(MOST + 1):
                tasks.start_soon(client.check_health)
            await in_a_thread(wait_for_requests, server, MOST)
            await client.aclose()
            gates.open_all()
        await in_a_thread(server.wait_all_closed)
        assert len(server.requests) == MOST + 1


class ClosesDuringAWait:
    """Time in which a client is closed while a call waits before it is sent again."""

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
    """A client that is closed between two attempts keeps no connection of the second."""
    clock = SyncClock()
    answers = iter([http(503), HEALTHY])
    with RawServer(answering(lambda _: next(answers))) as server:
        client = strigo.StrigoClient(
            org_id="org", api_key="key", base_url=server.url, clock=clock, retry=FAST_RETRIES
        )
        clock.client = client
        assert client.check_health().status == "ok"
        server.wait_all_closed()


@pytest.mark.anyio
async def test_an_async_call_repeated_after_the_client_was_closed_leaves_nothing_open() -> None:
    """An async client that is closed between two attempts keeps no connection of the second."""
    clock = AsyncClock()
    answers = iter([http(503), HEALTHY])
    with RawServer(answering(lambda _: next(answers))) as server:
        client = strigo.AsyncStrigoClient(
            org_id="org", api_key="key", base_url=server.url, clock=clock, retry=FAST_RETRIES
        )
        clock.client = client
        assert (await client.check_health()).status == "ok"
        await in_a_thread(server.wait_all_closed)


def test_closing_that_is_cancelled_can_be_repeated() -> None:
    """A second aclose() closes the connections that the first, which was cancelled, left."""
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
    """What an aclose() that was cancelled has left is closed at the event loop's end."""
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
    """A client closed while a call gives its connection back, neither before nor after."""
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
        monkeypatch.setattr(sync_lanes, "time", ClosingClock)
        assert client.check_health().status == "ok"
        server.wait_all_closed()


def test_clients_closed_amid_calls_of_many_threads() -> None:
    """Whenever a client is closed, nothing of it stays open."""

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
    """Idle connections of which another thread takes one whenever it could be too late."""

    def __init__(self, lanes: deque[Any]) -> None:
        super().__init__(lanes)
        self.taken: list[Any] = []

    def __bool__(self) -> bool:
        some = len(self) > 0
        self.taken += [super(TakenByAnother, self).pop() for _ in range(len(self))]
        return some

    def popleft(self) -> Any:
        self.taken += [super(TakenByAnother, self).pop() for _ in range(len(self))]
        return super().popleft()


def test_another_thread_may_be_faster() -> None:
    """Where others take the idle connections between a look and a grasp, a call opens its own."""
    with RawServer(healthy) as server:
        client = strigo_client(server.url)
        client.check_health()
        connections: Any = vars(client)["_shared"].connections
        lanes = connections._opened.lanes
        rival = lanes._free = TakenByAnother(lanes._free)
        client.check_health()
        assert [request.connection for request in server.requests] == [1, 2]
        rival.append(rival.taken.pop())
        client.close()
        (lane, other) = rival.taken
        for one in (lane, other):
            lanes.give_back(one)
        server.wait_all_closed()
