"""G30: a client keeps nothing of event loops that have ended."""

from __future__ import annotations

import asyncio
import gc
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import trio
from all_clients import HEALTH, HEALTHY
from credentials import async_strigo_client
from raw_server import RawServer, responding

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenkit import AsyncStrigoClient

MANY = 100


def by_run(call: Callable[[], Any], loops: list[weakref.ref[object]]) -> None:
    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await call()

    asyncio.run(main())


def by_hand(call: Callable[[], Any], loops: list[weakref.ref[object]]) -> None:
    loop = asyncio.new_event_loop()
    loops.append(weakref.ref(loop))
    loop.run_until_complete(call())
    loop.close()


def by_trio(call: Callable[[], Any], loops: list[weakref.ref[object]]) -> None:
    async def main() -> None:
        loops.append(weakref.ref(trio.lowlevel.current_trio_token()))
        await call()

    trio.run(main)


@pytest.mark.parametrize("end", [by_run, by_hand, by_trio])
def test_nothing_of_an_ended_loop_is_kept(end: Callable[..., None]) -> None:
    """A hundred loops on one client leave no loop and no socket behind, however they end."""
    loops: list[weakref.ref[object]] = []
    with RawServer(responding(lambda _: HEALTHY)) as server:
        client: AsyncStrigoClient = async_strigo_client(server.url)

        async def call() -> None:
            await client.send(HEALTH)

        with warnings.catch_warnings():
            # asyncio warns of every transport that a loop closed by hand leaves open.
            warnings.simplefilter("ignore", ResourceWarning)
            for _ in range(MANY):
                end(call, loops)
            gc.collect()
        assert len(loops) == MANY
        assert [one for one in loops if one() is not None] == []
        assert server.connections == MANY
        server.wait_all_closed()


def test_a_forgotten_client_lets_go_of_its_loops_connections() -> None:
    """If an async client is never closed, the running loop closes its connections."""

    async def main(url: str, server: RawServer) -> None:
        client = async_strigo_client(url)
        await client.send(HEALTH)
        del client
        gc.collect()
        while server.ended < server.connections:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)

    with RawServer(responding(lambda _: HEALTHY)) as server:
        asyncio.run(asyncio.wait_for(main(server.url, server), 10))
