"""G13: after a fork, the child gets its own connections."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import forked_programs
import pytest
from all_clients import HEALTHY
from credentials import async_strigo_client, strigo_client
from forked_programs import (
    close_in_the_child,
    close_in_the_child_within_trio,
    end_ordinarily,
    fork_amid_calls,
    fork_between_loops,
    fork_twice,
    fork_with_every_lock_held,
    fork_within_asyncio,
    fork_within_trio,
)
from network_calls import FAMILIES, each_family
from raw_server import RawServer, responding
from tls_servers import AUTHORITY, tls_server
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from forked_programs import Options
    from network_calls import Family

healthy = responding(lambda _: HEALTHY)
only_where_there_is_a_fork = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows cannot fork"
)


class RunProgram(Protocol):
    """Runs a program against a server, and checks that it ends well and silently."""

    def __call__(
        self, program: Callable[[Options], None], server: RawServer, family: Family
    ) -> None: ...


@pytest.fixture(scope="module")
def run_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunProgram]:
    """Start the process that runs the programs; it has imported everything, the slowest part."""
    folder: Path = tmp_path_factory.mktemp("programs")
    stderr, authority = folder / "stderr", folder / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(authority))
    command = [sys.executable, "-W", "error", forked_programs.__file__, *FAMILIES]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=unmeasured()
    ) as launcher:

        def run(program: Callable[[Options], None], server: RawServer, family: Family) -> None:
            assert launcher.stdin is not None
            assert launcher.stdout is not None
            stderr.write_text("")
            asked = (program.__name__, server.url, family, str(stderr), str(authority))
            launcher.stdin.write("\t".join(asked) + "\n")
            launcher.stdin.flush()
            status = launcher.stdout.readline()
            assert (stderr.read_text(), status) == ("", "0\n")

        yield run


@only_where_there_is_a_fork
@each_family
@pytest.mark.parametrize(
    ("program", "connections"),
    [
        (fork_twice, [1, 2, 2, 3, 3, 1]),
        (close_in_the_child, [1, 1]),
        (end_ordinarily, [1, 2, 1]),
        (fork_within_trio, [1, 2, 2, 1]),
        (close_in_the_child_within_trio, [1, 1]),
        (fork_between_loops, [1, 2, 3]),
        (fork_within_asyncio, [1, 2, 1]),
    ],
)
def test_a_forked_child_opens_its_own_connections(
    program: Callable[[Options], None],
    connections: list[int],
    family: Family,
    run_program: RunProgram,
) -> None:
    """A child never uses its parent's connection, and leaves its TLS session intact."""
    with tls_server("127.0.0.1") as server:
        run_program(program, server, family)
        assert [request.connection for request in server.requests] == connections
        server.wait_all_closed()


@only_where_there_is_a_fork
@each_family
def test_a_fork_amid_calls_of_other_threads(family: Family, run_program: RunProgram) -> None:
    """Workers that were forked while other threads call still work, whatever was locked."""
    with RawServer(healthy) as server:
        run_program(fork_amid_calls, server, family)
        server.wait_all_closed()


@only_where_there_is_a_fork
@each_family
def test_a_fork_while_every_lock_is_held(family: Family, run_program: RunProgram) -> None:
    """A child waits for none of the locks that a thread of its parent held at the fork."""
    with RawServer(healthy) as server:
        run_program(fork_with_every_lock_held, server, family)
        assert [request.connection for request in server.requests] == [1, 2, 1]
        server.wait_all_closed()


@each_family
def test_another_process_is_told_by_its_id(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of another process are closed unused, even if its lock was held."""
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
