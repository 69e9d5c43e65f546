"""Redis that hangs, evicts, is full, is read-only, or fails over to a replica that lags."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
import redis.asyncio
import trio
from all_clients import REUSABLE, STRIGO_MINT
from credentials import STORE_KEY
from listed_problems import listed_problems
from redis_server import RedisServer

from tokenkit import Hooks, TokenCache, strigo
from tokenkit.errors import ConfigurationError, StoreError
from tokenkit.stores import IsLive, RedisStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenkit.extension import StoreFailed
    from tokenkit.sandbox import Sandbox

# A store may cost a quarter of a second; a lock, ten. What lies between is bounded generously.
SOON = 15.0


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """Run a redis-server that a test may break."""
    with RedisServer() as server:
        yield server


def command(server: RedisServer, *words: str) -> None:
    """Send a command to a server."""
    client: Any = server.client
    client.execute_command(*words)


def cache_on(server: RedisServer, **settings: Any) -> TokenCache:
    """Make the cache of a process that shares a server."""
    store = RedisStore.from_url(server.url, encryption_keys=[STORE_KEY])
    return TokenCache(store=store, **settings)


def test_hanging_redis_costs_little(own_server: RedisServer, sandbox: Sandbox) -> None:
    """A server that hangs is given up after a quarter of a second, and then left alone."""
    cache = cache_on(own_server)
    with sandbox.strigo_client(token_cache=cache) as client:
        client.get_token(STRIGO_MINT)
        own_server.pause()
        begun = time.monotonic()
        for number in range(5):
            client.get_token(strigo.UserTokenRequest(email=f"{number}@example.com"))
        assert time.monotonic() - begun < SOON
        assert client.get_token(STRIGO_MINT).token
        own_server.resume()
    assert 1 <= cache.statistics().store_failures <= 4


@pytest.mark.anyio
async def test_hanging_redis_costs_little_async(own_server: RedisServer, sandbox: Sandbox) -> None:
    """It is the same on asyncio and trio."""
    cache = cache_on(own_server)
    async with sandbox.async_strigo_client(token_cache=cache) as client:
        own_server.pause()
        begun = time.monotonic()
        for number in range(5):
            await client.get_token(strigo.UserTokenRequest(email=f"{number}@example.com"))
        assert time.monotonic() - begun < SOON
        own_server.resume()
    assert 1 <= cache.statistics().store_failures <= 4


@pytest.mark.anyio
async def test_server_that_never_responds(sandbox: Sandbox) -> None:
    """An address that accepts connections and sends nothing is a store that is down."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}"
        cache = TokenCache(store=RedisStore.from_url(url, encryption_keys=[STORE_KEY]))
        async with sandbox.async_strigo_client(token_cache=cache) as client:
            assert (await client.get_token(STRIGO_MINT)).token
    assert cache.statistics().store_failures >= 1


def test_revocation_survives_eviction(redis_server: RedisServer, sandbox: Sandbox) -> None:
    """A server that evicts entries loses tokens, but revives none."""
    cache = cache_on(redis_server)
    with sandbox.zerohash_client(token_cache=cache) as client:
        first = client.get_token(REUSABLE)
        assert client.get_token(REUSABLE) == first
        for key in redis_server.client.keys("tokenkit:live:*"):
            redis_server.client.delete(key)
        second = client.get_token(REUSABLE)
        assert second != first
        client.revoke_client_auth_token(token=second)
        assert client.get_token(REUSABLE) != second


def test_full_redis_is_done_without(sandbox: Sandbox) -> None:
    """A server that is out of memory refuses to write: that counts as a failure."""
    with RedisServer("--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        cache = cache_on(server)
        with sandbox.strigo_client(token_cache=cache) as client:
            first = client.get_token(STRIGO_MINT)
            assert client.get_token(STRIGO_MINT) is first
    assert cache.statistics().store_failures >= 1


def test_hook_and_log_tell_of_a_store_that_fails(
    own_server: RedisServer, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """`on_store_failure` and a warning say what went wrong with the store of a token."""
    told: list[StoreFailed] = []
    hooks = Hooks(on_store_failure=told.append)
    with sandbox.strigo_client(token_cache=cache_on(own_server), hooks=hooks) as client:
        own_server.pause()
        token = client.get_token(STRIGO_MINT)
        own_server.resume()
    record = told[0]
    assert (record.vendor, record.operation) == ("strigo", "create_user_token")
    assert 0 < record.seconds < SOON
    (warning, *_) = [item for item in caplog.records if item.levelname == "WARNING"]
    assert "strigo create_user_token: token store failed after" in warning.getMessage()
    assert record.error in warning.getMessage()
    assert token.token not in caplog.text


def test_replica_is_done_without(own_server: RedisServer, sandbox: Sandbox) -> None:
    """A read-only replica refuses to write: that counts as a failure."""
    command(own_server, "REPLICAOF", "127.0.0.1", "1")
    cache = cache_on(own_server)
    with sandbox.zerohash_client(token_cache=cache) as client:
        first = client.get_token(REUSABLE)
        assert client.get_token(REUSABLE) != first
    assert cache.statistics().tokens == 0


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_failover(sandbox: Sandbox) -> None:
    """After a failover to its replica, the tokens are there, and revoked ones are not."""
    port = free_port()
    with RedisServer(port=port) as primary, RedisServer() as replica:
        command(replica, "REPLICAOF", "127.0.0.1", str(port))
        with sandbox.zerohash_client(token_cache=cache_on(primary)) as client:
            revoked = client.get_token(REUSABLE)
            client.revoke_client_auth_token(token=revoked)
            kept = client.get_token(REUSABLE)
        until = time.monotonic() + 20
        while len(replica.client.keys("*:live:*")) != 1 or not replica.client.keys("*:token"):
            assert time.monotonic() < until, "the replica doesn't follow"
            time.sleep(0.05)
        primary.kill()
        command(replica, "REPLICAOF", "NO", "ONE")
        with sandbox.zerohash_client(token_cache=cache_on(replica)) as client:
            assert client.get_token(REUSABLE) == kept


def test_restarted_redis_knows_no_script(own_server: RedisServer, sandbox: Sandbox) -> None:
    """A server that has lost the scripts gets them again."""
    cache = cache_on(own_server)
    with sandbox.strigo_client(token_cache=cache) as client:
        client.get_token(STRIGO_MINT)
        own_server.client.script_flush()
        client.get_token(strigo.UserTokenRequest(email="two@example.com"))
    assert cache.statistics().store_failures == 0
    assert len(own_server.client.keys("*:token")) == 2


def test_client_of_one_s_own(redis_server: RedisServer) -> None:
    """Any usable client is accepted, decoding ones too; others are refused at once."""
    own = redis.Redis(unix_socket_path=redis_server.path, socket_timeout=1, decode_responses=True)
    store = RedisStore(own, encryption_keys=[STORE_KEY], prefix="acme")
    assert store.ask(IsLive(mark="m")) is False
    assert repr(store) == "RedisStore(prefix='acme')"
    with pytest.raises(ConfigurationError, match="socket_timeout"):
        RedisStore(redis.Redis(socket_timeout=None), encryption_keys=[STORE_KEY])
    with pytest.raises(ConfigurationError) as caught:
        RedisStore(object(), encryption_keys=[STORE_KEY], prefix="")
    assert listed_problems(caught.value, "RedisStore") == [
        "prefix must be a non-empty string",
        "client must be a client of redis, valkey, coredis, not object",
    ]
    with pytest.raises(ConfigurationError, match="prefix must be"):
        RedisStore(own, encryption_keys=[STORE_KEY], prefix="")
    with pytest.raises(ConfigurationError, match="pass encryption_keys"):
        RedisStore(own)
    with pytest.raises(ConfigurationError) as caught:
        RedisStore(redis.Redis(socket_timeout=None), prefix="")
    keys, prefix, timeout = listed_problems(caught.value, "RedisStore")
    assert keys.startswith("pass encryption_keys")
    assert prefix.startswith("prefix must be ")
    assert timeout.startswith("the client has no so")
    for_loops = RedisStore(redis.asyncio.Redis(), encryption_keys=[STORE_KEY])
    with pytest.raises(ConfigurationError, match="with an async Redis client"):
        for_loops.ask(IsLive(mark="m"))
    own.close()


def test_decoding_client_keeps_tokens(redis_server: RedisServer, sandbox: Sandbox) -> None:
    """A client with `decode_responses=True` works as well."""
    with redis.Redis(
        unix_socket_path=redis_server.path, socket_timeout=1, decode_responses=True
    ) as own:
        caches = [TokenCache(store=RedisStore(own, encryption_keys=[STORE_KEY])) for _ in range(2)]
        tokens: set[str] = set()
        for cache in caches:
            with sandbox.strigo_client(token_cache=cache) as client:
                tokens.add(client.get_token(STRIGO_MINT).token)
    assert len(tokens) == 1


def test_asyncio_client_of_one_s_own(redis_server: RedisServer, sandbox: Sandbox) -> None:
    """An asyncio client works for async clients."""

    async def main() -> None:
        async with redis.asyncio.Redis(unix_socket_path=redis_server.path) as own:
            store = RedisStore(own, encryption_keys=[STORE_KEY])
            async with sandbox.async_strigo_client(token_cache=TokenCache(store=store)) as client:
                await client.get_token(STRIGO_MINT)
            await store.aclose()

    asyncio.run(main())
    assert len(redis_server.client.keys("*:token")) == 1


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", 5])
def test_url_is_checked(url: Any) -> None:
    """An unusable URL is refused when the store is created, and not shown."""
    with pytest.raises(ConfigurationError, match="RedisStore: url must be") as caught:
        RedisStore.from_url(url, encryption_keys=[STORE_KEY])
    assert str(caught.value).endswith(", not int") == (url == 5)
    with pytest.raises(ConfigurationError) as caught:
        RedisStore.from_url(url, prefix="")
    found = [problem.split()[0] for problem in listed_problems(caught.value, "RedisStore")]
    assert found == ["url", "pass", "prefix"]


def test_store_can_be_closed_and_used_again(redis_server: RedisServer) -> None:
    """Each event loop has its own connections, closed with it or by hand."""
    store = RedisStore.from_url(redis_server.url, encryption_keys=[STORE_KEY])

    async def ask() -> object:
        answers = [await store.ask_async(IsLive(mark="m")) for _ in range(2)]
        await store.aclose()
        await store.aclose()
        return [*answers, await store.ask_async(IsLive(mark="m"))]

    assert asyncio.run(ask()) == [False] * 3
    assert asyncio.run(ask()) == [False] * 3
    assert trio.run(ask) == [False] * 3


def test_connections_of_another_process_are_left_alone(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event loop that continues in a forked child doesn't touch its parent's connections."""
    store = RedisStore.from_url(redis_server.url, encryption_keys=[STORE_KEY])
    with redis_server.client as watching, monkeypatch.context() as child:

        def connected() -> set[str]:
            return {client["id"] for client in watching.client_list()}

        async def opened() -> set[str]:
            earlier = connected()
            await store.ask_async(IsLive(mark="m"))
            await asyncio.sleep(0.05)
            return connected() - earlier

        async def main() -> tuple[set[str], ...]:
            parents = await opened()
            child.setattr(os, "getpid", lambda: -1)
            childs = await opened()
            child.setattr(os, "getpid", lambda: -2)
            await store.aclose()
            return parents, childs, await opened(), connected()

        parents, childs, grandchilds, left = asyncio.run(main())
        assert [len(one) for one in (parents, childs, grandchilds)] == [1, 1, 1]
        assert parents | childs | grandchilds <= left
        # The child's own is closed at the end of its loop, whatever becomes of the others then.
        # The server may hear of it later than of the next command.
        until = time.monotonic() + 30
        while grandchilds & connected() and time.monotonic() < until:
            time.sleep(0.01)
        assert not grandchilds & connected()


def test_many_loops_leave_nothing_behind(redis_server: RedisServer) -> None:
    """Ended event loops leave no connection to the server open."""
    store = RedisStore.from_url(redis_server.url, encryption_keys=[STORE_KEY])

    async def ask() -> None:
        await store.ask_async(IsLive(mark="m"))

    for _ in range(20):
        asyncio.run(ask())
    assert redis_server.client.info("clients")["connected_clients"] < 15


def test_store_is_not_pickled(redis_server: RedisServer) -> None:
    """One process's store doesn't work in another."""
    store = RedisStore.from_url(redis_server.url, allow_unencrypted=True)
    with pytest.raises(TypeError, match="create one in each process"):
        pickle.dumps(store)


def test_error_shows_no_password(redis_server: RedisServer) -> None:
    """A store's error has the class of the cause, and no URL."""
    store = RedisStore.from_url("redis://:hunter2@127.0.0.1:1/0", encryption_keys=[STORE_KEY])
    with pytest.raises(StoreError) as caught:
        store.ask(IsLive(mark="m"))
    assert str(caught.value) == "RedisStore: ConnectionError"
    with pytest.raises(StoreError) as caught:
        asyncio.run(store.ask_async(IsLive(mark="m")))
    assert str(caught.value) == "RedisStore: ConnectionError"
    assert "hunter2" not in repr(vars(store))
    with pytest.raises(TypeError, match="can't be pickled"):
        store.__reduce__()
    del redis_server
