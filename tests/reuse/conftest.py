from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis_server import RedisServer

from tokenkit.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisServer]:
    """Run one redis-server for all tests that don't harm it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_server(redis_process: RedisServer) -> RedisServer:
    """Return a running, empty redis-server."""
    with redis_process.client as client:
        client.flushall()
    return redis_process


@pytest.fixture(autouse=True)
def _no_caches_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let revocations find only this test's caches; another's store may be gone."""
    monkeypatch.setattr("tokenkit._reuse.cache._caches", {})


@pytest.fixture(autouse=True)
def _machine_that_is_not_busy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a silent store be given up at once, however busy the test machine is."""
    monkeypatch.setattr("tokenkit._reuse.asking.PRESSURE", str(tmp_path / "no-pressure"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox in this process."""
    with Sandbox() as running:
        yield running
