"""A client's own connections: how many there are, who gets one, when they are closed."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from all_clients import HEALTH, HEALTHY
from credentials import async_strigo_client, strigo_client
from gates import (
    ALL_IN_USE,
    MOST,
    PATIENT,
    Gates,
    in_a_thread,
    mint_for,
    run_three_async_calls,
    run_three_calls,
    wait_for_requests,
)
from network_calls import at_most, each_flavour, echo_token
from raw_server import RawServer, responding

from tokenkit import DeadlineExceeded
from tokenkit._http.connection import PooledConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from network_calls import Flavour

    from tokenkit import AsyncStrigoClient


def test_the_101st_call_waits_for_a_connection() -> None:
    """At most 100 connections are open; one more call gets the first that becomes free."""
    gates = Gates()
    with (
        RawServer(gates.script) as server,
        strigo_client(server.url, **PATIENT) as client,
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
    """At most 100 connections are open in a loop; one more call gets the first free one."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with (
            async_strigo_client(server.url, **PATIENT) as client,
            anyio.create_task_group() as tasks,
        ):
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
    """If none becomes free in time, nothing was sent, and all 100 remain usable."""
    gates = Gates()
    with (
        RawServer(gates.script) as server,
        strigo_client(server.url, **PATIENT) as client,
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
    """If none becomes free in time, nothing was sent, and all 100 remain usable."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url, **PATIENT) as client:
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
    """After 200 calls were cancelled while they waited, those behind them come in order."""
    gates = Gates(echo_token)

    async def main() -> None:
        async with (
            async_strigo_client(server.url, **PATIENT) as client,
            anyio.create_task_group() as tasks,
        ):
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
    """A call that is cancelled just when a slot becomes free doesn't keep it from others."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with (
            async_strigo_client(server.url, **PATIENT) as client,
            anyio.create_task_group() as tasks,
        ):
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


@pytest.mark.parametrize("last", [1, 2, 3])
def test_the_connection_used_last_is_used_next(last: int) -> None:
    """Consecutive calls use one connection, however many are idle."""
    gates = Gates()
    with RawServer(gates.script) as server, strigo_client(server.url) as client:
        run_three_calls(client, server, gates, last)
        for _ in range(5):
            client.check_health()
        assert {request.connection for request in server.requests[3:]} == {last}


@pytest.mark.anyio
@pytest.mark.parametrize("last", [1, 2, 3])
async def test_the_async_connection_used_last_is_used_next(last: int) -> None:
    """Consecutive calls use one connection, however many are idle."""
    gates = Gates()
    with RawServer(gates.script) as server:
        async with async_strigo_client(server.url) as client:
            await run_three_async_calls(client, server, gates, last)
            for _ in range(5):
                await client.check_health()
        assert {request.connection for request in server.requests[3:]} == {last}


@each_flavour
def test_opening_that_is_interrupted_keeps_no_place(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After more calls than slots, all stopped while they opened, the next one works."""
    stopped: list[object] = []

    class Stopping(PooledConnection):
        def __init__(self, *args: Any) -> None:
            if len(stopped) <= MOST:
                stopped.append(args)
                raise KeyboardInterrupt
            super().__init__(*args)

    async def main(client: AsyncStrigoClient) -> None:
        async with client:
            for _ in range(MOST + 1):
                with pytest.raises(KeyboardInterrupt):
                    await client.check_health()
            await client.check_health()

    for module in ("sync_pool", "async_pool"):
        monkeypatch.setattr(f"tokenkit._http.{module}.PooledConnection", Stopping)
    with RawServer(responding(lambda _: HEALTHY)) as server:
        if flavour != "sync":
            anyio.run(main, async_strigo_client(server.url), backend=flavour)
            return
        with strigo_client(server.url) as client:
            for _ in range(MOST + 1):
                with pytest.raises(KeyboardInterrupt):
                    client.check_health()
            client.check_health()
