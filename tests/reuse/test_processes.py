"""A backend with several processes, on one machine and on many: real ones, some killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from credentials import STORE_KEY
from redis_server import RedisServer
from reuse_worker import open_store

from tokenkit import TokenCache, strigo
from tokenkit.sandbox import Sandbox
from tokenkit.stores import RedisStore

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSES, VIEWS, USERS = 3, 40, 8
PATIENCE = 60
CALL = strigo.UserTokenRequest(email="user0@example.com")


class Workers:
    """Worker processes that share a store."""

    def __init__(
        self, sandbox: Sandbox, store: str, kind: str, number: int = PROCESSES, lock: float = 10
    ) -> None:
        program = Path(__file__).parent.parent / "support" / "reuse_worker.py"
        command = [sys.executable, str(program), store, str(VIEWS), str(USERS), kind, str(lock)]
        self.processes = [
            subprocess.Popen(
                command,
                env={**os.environ, **sandbox.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(number)
        ]
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def start(self) -> None:
        """Start the page views."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def served(self) -> list[dict[str, set[str]]]:
        """Return the tokens that each process has handed out, by user."""
        return [self.served_by(process) for process in self.processes]

    def served_by(self, process: subprocess.Popen[str]) -> dict[str, set[str]]:
        """Return the tokens that a process has handed out, by user."""
        out, _ = process.communicate(timeout=PATIENCE)
        tokens: dict[str, set[str]] = {}
        for line in out.splitlines():
            name, value = line.split()
            tokens.setdefault(name, set()).add(value)
        return tokens


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """Run a sandbox whose mints take a while."""
    with Sandbox() as sandbox:
        sandbox.fail_next(delay=0.3, times=1000)
        yield sandbox


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the name of an empty store."""
    if request.param == "sqlite":
        return str(tmp_path / "tokens.db")
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


def test_processes_mint_one_token_for_each_user(slow: Sandbox, store: str) -> None:
    """Page views of all processes at once mint each user's token once."""
    workers = Workers(slow, store, "tasks" if "://" in store else "threads")
    workers.start()
    served = workers.served()
    # Where the machine is so busy that a store seems to hang, tokens are minted without it.
    failures = sum(int(count) for tokens in served for count in tokens.pop("failures"))
    assert all(len(tokens) == USERS for tokens in served)
    assert len(slow.issued) <= USERS + failures
    issued = {record.token: record.subject for record in slow.issued}
    for tokens in served:
        assert all(issued[token] == user for user, found in tokens.items() for token in found)


def test_killed_process_holds_nobody_up_for_long(slow: Sandbox, store: str) -> None:
    """A process that is killed while it mints costs others the lock's time, but no page view."""
    (killed,) = Workers(slow, store, "threads", number=1, lock=3).processes
    cache = TokenCache(store=open_store(store), lock_timeout=20)
    assert killed.stdin is not None
    killed.stdin.write("go\n")
    killed.stdin.flush()
    time.sleep(0.2)
    killed.kill()
    killed.communicate()
    with slow.strigo_client(token_cache=cache) as client:
        for user in range(USERS):
            client.get_token(strigo.UserTokenRequest(email=f"user{user}@example.com"))


def test_paused_process_is_fenced(slow: Sandbox, store: str) -> None:
    """A process that is stopped while it mints, and continues later, replaces no other token."""
    (paused,) = Workers(slow, store, "threads", number=1, lock=2).processes
    assert paused.stdin is not None
    paused.stdin.write("go\n")
    paused.stdin.flush()
    while not slow.issued:
        time.sleep(0.01)
    os.kill(paused.pid, signal.SIGSTOP)
    cache = TokenCache(store=open_store(store), lock_timeout=20)
    with slow.strigo_client(token_cache=cache, deadline=30) as client:
        tokens = {
            user: client.get_token(strigo.UserTokenRequest(email=f"user{user}@example.com")).token
            for user in range(USERS)
        }
    os.kill(paused.pid, signal.SIGCONT)
    paused.communicate(timeout=PATIENCE)
    fresh = TokenCache(store=open_store(store))
    with slow.strigo_client(token_cache=fresh) as client:
        for user, token in tokens.items():
            call = strigo.UserTokenRequest(email=f"user{user}@example.com")
            assert client.get_token(call).token == token


def test_store_holds_no_secret(slow: Sandbox, store: str, request: pytest.FixtureRequest) -> None:
    """A store shows no token, no e-mail and no credential."""
    workers = Workers(slow, store, "threads", number=1)
    workers.start()
    workers.served()
    if "://" in store:
        server: RedisServer = request.getfixturevalue("redis_server")
        held = server.dump()
    else:
        files = [*Path(store).parent.glob("tokens.db*")]
        held = b"".join(path.read_bytes() for path in files)
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    secrets = [
        *[issued.token for issued in slow.issued],
        *[issued.subject for issued in slow.issued],
        *slow.environment.values(),
        "example.com",
        STORE_KEY,
    ]
    assert [secret for secret in secrets if secret.encode() in held] == []


def test_redis_that_goes_and_comes_back(slow: Sandbox) -> None:
    """Without its store a process mints and keeps tokens itself; afterwards it shares again."""
    with RedisServer() as server:
        store = RedisStore.from_url(server.url, encryption_keys=[STORE_KEY])
        cache = TokenCache(store=store)
        with slow.strigo_client(token_cache=cache) as client:
            first = client.get_token(CALL)
            server.kill()
            second_call = strigo.UserTokenRequest(email="user1@example.com")
            second = client.get_token(second_call)
            assert client.get_token(CALL) is first
            assert client.get_token(second_call) is second
            assert cache.statistics().store_failures >= 1
            server.start()
            third_call = strigo.UserTokenRequest(email="user2@example.com")
            until = time.monotonic() + PATIENCE
            while not server.client.keys("*:token"):
                assert time.monotonic() < until
                client.invalidate_token(third_call)
                client.get_token(third_call)
                time.sleep(0.05)
