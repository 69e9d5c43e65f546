"""Every store of the package does what every store must do, in each way to call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tokenkit.stores import Acquire, Acquired, RedisStore, SqliteStore
from tokenkit.testing import StoreConformance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis_server import RedisServer

    from tokenkit.stores import Store


class _OnSqlite(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = SqliteStore(tmp_path / "tokens.db", allow_unencrypted=True)
        yield store
        store.close()


class TestSqlite(_OnSqlite):
    backend = "sync"


class TestSqliteOnAsyncio(_OnSqlite):
    backend = "asyncio"


class TestSqliteOnTrio(_OnSqlite):
    backend = "trio"


class _OnRedis(StoreConformance):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> Store:
        return RedisStore.from_url(redis_server.url, allow_unencrypted=True)


class TestRedis(_OnRedis):
    backend = "sync"


class TestRedisOnAsyncio(_OnRedis):
    backend = "asyncio"


class TestRedisOnTrio(_OnRedis):
    backend = "trio"


class TestValkeyClient(StoreConformance):
    backend = "sync"

    @pytest.fixture
    def store(self, redis_server: RedisServer) -> Iterator[Store]:
        valkey: Any = pytest.importorskip("valkey", reason="valkey-py is not installed")
        with valkey.Valkey(unix_socket_path=redis_server.path, socket_timeout=1) as client:
            yield RedisStore(client, allow_unencrypted=True)


class _OnCoredis(StoreConformance):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> Store:
        coredis: Any = pytest.importorskip("coredis", reason="coredis is not installed")
        return _OpenedCoredis(coredis, redis_server.path)


class _OpenedCoredis:
    """A store on a coredis client that is opened for each event loop, as coredis requires."""

    def __init__(self, coredis: Any, path: str) -> None:
        self._coredis = coredis
        self._path = path
        self.sealing = RedisStore(
            coredis.Redis(unix_socket_path=path), allow_unencrypted=True
        ).sealing

    def ask(self, command: Any) -> Any:
        raise NotImplementedError

    async def ask_async(self, command: Any) -> Any:
        async with self._coredis.Redis(unix_socket_path=self._path) as client:
            return await RedisStore(client, allow_unencrypted=True).ask_async(command)


class TestCoredisOnAsyncio(_OnCoredis):
    backend = "asyncio"


class TestCoredisOnTrio(_OnCoredis):
    backend = "trio"


@pytest.mark.anyio
async def test_coredis_sends_scripts_again_where_they_are_unknown(
    redis_server: RedisServer,
) -> None:
    """After a restart or a flush, a script's text is sent again."""
    coredis: Any = pytest.importorskip("coredis", reason="coredis is not installed")
    redis_server.client.script_flush()
    async with coredis.Redis(unix_socket_path=redis_server.path) as client:
        store = RedisStore(client, allow_unencrypted=True)
        command = Acquire(key="k", owner="o", seconds=5, known="", caller="c")
        assert await store.ask_async(command) == Acquired()
