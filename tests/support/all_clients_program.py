"""A program that uses all six clients as programs do, against the issuers in its environment.

python -W error -X dev all_clients_program.py httpx
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from typing import Literal

import trio
from credentials import WRONG_KEY, zdk_client

from tokenkit import (
    AsyncStrigoClient,
    AsyncZdkClient,
    AsyncZeroHashClient,
    AuthenticationError,
    ConnectError,
    RetryPolicy,
    StrigoClient,
    ZdkClient,
    ZeroHashClient,
    zdk,
)

FAMILY: Literal["httpx", "httpx2"] = "httpx2" if "httpx2" in sys.argv else "httpx"
IMPATIENT = RetryPolicy(max_retries=1, first_wait=0.01)


def run_sync() -> None:
    """Use the sync clients; one call of each vendor succeeds, one fails, one cannot connect."""
    with ZdkClient.from_env(http_family=FAMILY) as client:
        client.create_user_tokens(requests=[zdk.UserTokenRequest(id="u")] * 3)
    with ZeroHashClient.from_env(http_family=FAMILY) as client:
        token = client.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
        client.revoke_client_auth_token(token=token)
        client.get_time()
    with StrigoClient.from_env(http_family=FAMILY) as client:
        client.create_user_token(email="user1@example.com")
        sibling = client.with_options(timeout=5)
        sibling.check_health()
    with ZdkClient.from_env(http_family=FAMILY) as good:
        url = repr(good).split("'")[1]
    with zdk_client(url, api_key=WRONG_KEY, http_family=FAMILY) as bad:
        try:
            bad.create_user_token(id="u")
        except AuthenticationError:
            pass
        else:
            raise AssertionError
    with zdk_client("http://127.0.0.1:1", http_family=FAMILY, retry=IMPATIENT) as lost:
        try:
            lost.create_user_token(id="u")
        except ConnectError:
            pass
        else:
            raise AssertionError


def async_clients() -> tuple[AsyncZdkClient, AsyncZeroHashClient, AsyncStrigoClient]:
    """Make the async clients."""
    return (
        AsyncZdkClient.from_env(http_family=FAMILY),
        AsyncZeroHashClient.from_env(http_family=FAMILY),
        AsyncStrigoClient.from_env(http_family=FAMILY),
    )


async def call(one: AsyncZdkClient, two: AsyncZeroHashClient, three: AsyncStrigoClient) -> None:
    """Make calls on each client."""
    await one.create_user_token(id="u")
    token = await two.create_client_auth_token(participant_code="CUST01", permissions=["fwc"])
    await two.revoke_client_auth_token(token=token)
    await two.get_time()
    await three.create_user_token(email="user1@example.com")
    await three.check_health()


async def closed() -> None:
    """Use clients in their blocks."""
    async with AsyncExitStack() as stack:
        clients = async_clients()
        for client in clients:
            await stack.enter_async_context(client)
        await call(*clients)


async def all_at_once() -> None:
    """Use one client from many tasks; some are cancelled in the middle."""
    async with AsyncStrigoClient.from_env(http_family=FAMILY) as client:
        tasks = [
            asyncio.create_task(client.create_user_token(email="user1@example.com"))
            for _ in range(20)
        ]
        await tasks[0]
        for task in tasks[10:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Run everything."""
    # Debug mode warns of slow steps, which tell of the machine; what is left open is an error.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    run_sync()
    asyncio.run(closed())
    trio.run(closed)
    asyncio.run(all_at_once())
    # Nobody closes these: the end of each loop has to.
    shared = async_clients()
    for _ in range(2):
        asyncio.run(call(*shared))
        trio.run(call, *shared)


if __name__ == "__main__":
    main()
    sys.stdout.write("done\n")
