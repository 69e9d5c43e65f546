"""Processes are killed at random moments: no other page view is lost, no users mixed up."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reuse_worker import call_of, open_store

from tokenkit import StrigoClient, TokenCache
from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from redis_server import RedisServer

KILLS, USERS, LOCK_TIMEOUT = 4, 5, 3
PROGRAM = Path(__file__).parent.parent / "support" / "page_views.py"


def start(sandbox: Sandbox, store: str) -> subprocess.Popen[str]:
    """Start a process that serves page views."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), store, str(USERS), str(LOCK_TIMEOUT)],
        env={**os.environ, **sandbox.environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def kill(process: subprocess.Popen[str]) -> list[str]:
    """Kill a process; return the page views that it has served."""
    process.kill()
    out, _ = process.communicate()
    # The last line may have been cut off.
    return out.rpartition("\n")[0].splitlines()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_random_kills(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every page view of a live process gets its own user's token, whichever others are killed."""
    store = str(tmp_path / "tokens.db")
    if kind == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        store = server.url
    chance = random.Random(12)  # noqa: S311 - when to kill
    views: list[str] = []
    with Sandbox() as sandbox:
        processes = [start(sandbox, store) for _ in range(KILLS)]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            time.sleep(chance.uniform(0.05, 0.3))
            views += kill(process)
        # Whatever the killed ones held ends by itself.
        begun = time.monotonic()
        cache = TokenCache(store=open_store(store), lock_timeout=LOCK_TIMEOUT)
        with StrigoClient.from_env(environ=sandbox.environment, token_cache=cache) as client:
            for user in range(USERS):
                call = call_of(user, USERS)
                views.append(f"{call.email} {client.get_token(call).token}")
        assert time.monotonic() - begun < 30
        owners = {issued.token: issued.subject for issued in sandbox.issued}
    served = [view.split() for view in views if view != "ready"]
    assert len(served) > USERS
    assert [view for view in served if view[0] == "failed"] == []
    assert [view for view in served if owners[view[1]] != view[0]] == []
