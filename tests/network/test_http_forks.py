"""A forked child opens connections of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from network_calls import HEALTHY, async_strigo_client, strigo_client
from raw_server import RawServer, answering

healthy = answering(lambda _: HEALTHY)


FORK = """
import os, sys
from tokenkit import StrigoClient

client = StrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])
client.check_health()
for _ in range(2):
    child = os.fork()
    if child == 0:
        client.check_health()
        client.check_health()
        client.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
client.check_health()
client.close()
"""

CLOSE_IN_THE_CHILD = """
import os, sys
from tokenkit import StrigoClient

client = StrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])
client.check_health()
child = os.fork()
if child == 0:
    client.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.check_health()
client.close()
"""

# asyncio refuses to run on in a child that was forked in a running loop; trio does not.
ASYNC_FORK = """
import os, sys, trio
from tokenkit import AsyncStrigoClient

client = AsyncStrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        await client.check_health()
        await client.check_health()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    await client.check_health()
    await client.aclose()

trio.run(main)
"""

ASYNC_CLOSE_IN_THE_CHILD = """
import os, sys, trio
from tokenkit import AsyncStrigoClient

client = AsyncStrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        await client.aclose()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    await client.check_health()
    await client.aclose()

trio.run(main)
"""

# A web server forks its workers before they start their loops.
FORK_BETWEEN_LOOPS = """
import asyncio, os, sys
from tokenkit import AsyncStrigoClient

client = AsyncStrigoClient(org_id="org", api_key="key", base_url=sys.argv[1])

async def main():
    await client.check_health()

asyncio.run(main())
child = os.fork()
if child == 0:
    asyncio.run(main())
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
@pytest.mark.parametrize(
    ("program", "connections"),
    [
        (FORK, [1, 2, 2, 3, 3, 1]),
        (CLOSE_IN_THE_CHILD, [1, 1]),
        (ASYNC_FORK, [1, 2, 2, 1]),
        (ASYNC_CLOSE_IN_THE_CHILD, [1, 1]),
        (FORK_BETWEEN_LOOPS, [1, 2, 3]),
    ],
)
def test_a_forked_child_opens_its_own_connections(program: str, connections: list[int]) -> None:
    """A child never uses its parent's connection, and the parent's works on afterwards."""
    with RawServer(healthy) as server:
        command = [sys.executable, "-W", "error", "-c", program, server.url]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (result.returncode, result.stderr) == (0, "")
        assert [request.connection for request in server.requests] == connections
        server.wait_all_closed()


def test_another_process_is_told_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of another process are closed unused, also when its lock was held."""
    with RawServer(healthy) as server, strigo_client(server.url) as client:
        client.check_health()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        start = threading.Barrier(4)

        def call(_: int) -> str:
            start.wait()
            return client.check_health().status

        with ThreadPoolExecutor(4) as threads:
            assert [*threads.map(call, range(4))] == ["ok"] * 4
        assert 1 not in {request.connection for request in server.requests[1:]}
        client.close()
        server.wait_all_closed()


@pytest.mark.anyio
async def test_another_process_is_told_by_its_id_async(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of another process are neither used nor closed."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url)
        await client.check_health()
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            await client.aclose()
            assert server.ended == 0
            sibling = async_strigo_client(server.url)
            await sibling.check_health()
        await sibling.check_health()
        assert [request.connection for request in server.requests] == [1, 2, 3]
        await sibling.aclose()
        await client.aclose()
        server.wait_for(lambda: server.ended == 2)
