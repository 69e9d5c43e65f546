"""G13: fork after use, the child gets its own connections."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from network_calls import HEALTHY, async_strigo_client, each_family, strigo_client
from raw_server import RawServer, answering
from tls_servers import AUTHORITY, tls_server

if TYPE_CHECKING:
    from network_calls import Family

healthy = answering(lambda _: HEALTHY)
only_where_there_is_a_fork = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows cannot fork"
)

# What each program begins with.
START = """
import asyncio, os, sys, threading
from tokenkit import AsyncStrigoClient, StrigoClient

options = {"org_id": "org", "api_key": "key", "base_url": sys.argv[1], "http_family": sys.argv[2]}

def check(child):
    assert os.waitpid(child, 0)[1] == 0
"""

FORK = """
client = StrigoClient(**options)
client.check_health()
for _ in range(2):
    child = os.fork()
    if child == 0:
        client.check_health()
        client.check_health()
        client.close()
        os._exit(0)
    check(child)
client.check_health()
client.close()
"""

CLOSE_IN_THE_CHILD = """
client = StrigoClient(**options)
client.check_health()
child = os.fork()
if child == 0:
    client.close()
    os._exit(0)
check(child)
client.check_health()
client.close()
"""

# A worker of a web server ends like any program, with all that Python does then.
ORDINARY_END = """
client = StrigoClient(**options)
client.check_health()
child = os.fork()
if child == 0:
    client.check_health()
    client.close()
    sys.exit()
check(child)
client.check_health()
client.close()
"""

# asyncio refuses to run on in a child that was forked in a running loop; trio does not.
FORK_WITHIN_TRIO = """
import trio

client = AsyncStrigoClient(**options)

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        await client.check_health()
        await client.check_health()
        os._exit(0)
    check(child)
    await client.check_health()
    await client.aclose()

trio.run(main)
"""

CLOSE_IN_THE_CHILD_WITHIN_TRIO = """
import trio

client = AsyncStrigoClient(**options)

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        await client.aclose()
        os._exit(0)
    check(child)
    await client.check_health()
    await client.aclose()

trio.run(main)
"""

# A web server forks its workers before they start their loops.
FORK_BETWEEN_LOOPS = """
client = AsyncStrigoClient(**options)

async def main():
    await client.check_health()

asyncio.run(main())
child = os.fork()
if child == 0:
    asyncio.run(main())
    sys.exit()
check(child)
asyncio.run(main())
"""

# A child of a running asyncio loop starts a loop of its own.
FORK_WITHIN_ASYNCIO = """
client = AsyncStrigoClient(**options)

async def check_in_the_child():
    await client.check_health()

async def main():
    await client.check_health()
    child = os.fork()
    if child == 0:
        asyncio.run(check_in_the_child())
        os._exit(0)
    check(child)
    await client.check_health()
    await client.aclose()

asyncio.run(main())
"""

PROGRAMS = [
    pytest.param(FORK, [1, 2, 2, 3, 3, 1], id="sync"),
    pytest.param(CLOSE_IN_THE_CHILD, [1, 1], id="sync-close"),
    pytest.param(ORDINARY_END, [1, 2, 1], id="sync-exit"),
    pytest.param(FORK_WITHIN_TRIO, [1, 2, 2, 1], id="trio"),
    pytest.param(CLOSE_IN_THE_CHILD_WITHIN_TRIO, [1, 1], id="trio-close"),
    pytest.param(FORK_BETWEEN_LOOPS, [1, 2, 3], id="asyncio-between-loops"),
    pytest.param(FORK_WITHIN_ASYNCIO, [1, 2, 1], id="asyncio"),
]


def run_program(program: str, server: RawServer, family: Family, **more: str) -> None:
    command = [sys.executable, "-W", "error", "-c", START + program, server.url, family]
    environment = {**os.environ, **more}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=15, check=False, env=environment
    )
    assert (result.returncode, result.stderr) == (0, "")


@only_where_there_is_a_fork
@each_family
@pytest.mark.parametrize(("program", "connections"), PROGRAMS)
def test_a_forked_child_opens_its_own_connections(
    program: str, connections: list[int], family: Family
) -> None:
    """A child never uses its parent's connection, and leaves its TLS session in step."""
    with (
        AUTHORITY.cert_pem.tempfile() as authority,
        tls_server("127.0.0.1") as server,
    ):
        run_program(program, server, family, SSL_CERT_FILE=authority)
        assert [request.connection for request in server.requests] == connections
        server.wait_all_closed()


WORKERS = """
client = StrigoClient(**options)
stop = threading.Event()
used = threading.Barrier(5)

def keep_calling():
    client.check_health()
    used.wait()
    while not stop.is_set():
        client.check_health()

# Threads that hold whatever locks a call takes, at the moment of each fork.
threads = [threading.Thread(target=keep_calling) for _ in range(4)]
for thread in threads:
    thread.start()
used.wait()
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        client.check_health()
        client.close()
        os._exit(0)
    children.append(child)
for child in children:
    check(child)
stop.set()
for thread in threads:
    thread.join()
client.close()
"""


@only_where_there_is_a_fork
@each_family
def test_a_fork_amid_calls_of_other_threads(family: Family) -> None:
    """Workers forked while other threads call get on, whatever was locked just then."""
    with RawServer(healthy) as server:
        # Python 3.12 warns of such forks, rightly.
        quiet = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        run_program(quiet + WORKERS, server, family)
        server.wait_all_closed()


HELD_LOCKS = """
import gc

def held_by(thing, seen):
    for part in gc.get_referents(thing):
        if id(part) in seen:
            continue
        seen.add(id(part))
        kind = type(part)
        if kind is type(threading.Lock()):
            yield part
        elif kind in (dict, list, tuple) or kind.__module__.startswith(("tokenkit", "http")):
            yield from held_by(part, seen)

client = StrigoClient(**options)
client.check_health()
locks = [*held_by(client, set())]
assert locks
for lock in locks:
    assert lock.acquire(timeout=1)
child = os.fork()
if child == 0:
    client.check_health()
    client.close()
    os._exit(0)
check(child)
for lock in locks:
    lock.release()
client.check_health()
client.close()
"""


@only_where_there_is_a_fork
@each_family
def test_a_fork_while_every_lock_is_held(family: Family) -> None:
    """A child waits for none of the locks that a thread of its parent held at the fork."""
    with RawServer(healthy) as server:
        run_program(HELD_LOCKS, server, family)
        assert [request.connection for request in server.requests] == [1, 2, 1]
        server.wait_all_closed()


@each_family
def test_another_process_is_told_by_its_id(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of another process are closed unused, also when its lock was held."""
    with (
        RawServer(healthy) as server,
        strigo_client(server.url, http_family=family) as client,
    ):
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


@each_family
@pytest.mark.anyio
async def test_another_process_is_told_by_its_id_async(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of another process are neither used nor closed."""
    with RawServer(healthy) as server:
        client = async_strigo_client(server.url, http_family=family)
        await client.check_health()
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            await client.aclose()
            assert server.ended == 0
            sibling = async_strigo_client(server.url, http_family=family)
            await sibling.check_health()
        await sibling.check_health()
        assert [request.connection for request in server.requests] == [1, 2, 3]
        await sibling.aclose()
        await client.aclose()
        server.wait_for(lambda: server.ended == 2)
