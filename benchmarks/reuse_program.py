"""The cost of a reused token, in its own process.

``python -m benchmarks.reuse_program ROUNDS [URL]`` prints JSON: microseconds of CPU by name, each
the least of many rounds in random order. URL is a Redis server's.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import httpx

from tokenkit import AsyncStrigoClient, StrigoClient, TokenCache, strigo
from tokenkit.stores import RedisStore, SqliteStore, Store

from .peers import AsyncHit, async_peers, peers

__all__ = ["main"]

SECONDS, AT_A_TIME = 0.01, 50
MANY, CROWD = 100_000, 2000
CALL = strigo.UserTokenRequest(email="a@example.com")
FAR = 4_102_444_800_000
KEY = "6lGvYpZ9pH0cqk7y0mH2mX1v2i8mJ0b1n3q5t7u9w0A="

Costs = dict[str, float]


def answer(_: httpx.Request) -> httpx.Response:
    """Answer like Strigo."""
    data = {"user_id": "u", "expiration": FAR, "token": "t" * 43}
    return httpx.Response(200, json={"result": "success", "data": data})


async def answer_late(request: httpx.Request) -> httpx.Response:
    """Answer like Strigo, after a while."""
    await asyncio.sleep(0.3)
    return answer(request)


def sync_client(cache: TokenCache | None = None) -> StrigoClient:
    """Return a client that answers itself."""
    transport = httpx.MockTransport(answer)
    return StrigoClient(
        org_id="o", api_key="k", transport=transport, token_cache=cache or TokenCache()
    )


def async_client() -> AsyncStrigoClient:
    """Return an async client that answers itself."""
    transport = httpx.MockTransport(answer_late)
    return AsyncStrigoClient(org_id="o", api_key="k", transport=transport)


def least(functions: dict[str, Callable[[], object]], rounds: int) -> Costs:
    """Return the microseconds of CPU that each takes."""
    found: Costs = {}
    for _ in range(rounds):
        names = list(functions)
        random.shuffle(names)
        for name in names:
            function, count = functions[name], 0
            begun = time.process_time()
            while time.process_time() - begun < SECONDS:
                for _ in range(AT_A_TIME):
                    function()
                count += AT_A_TIME
            spent = (time.process_time() - begun) / count * 1e6
            found[name] = min(spent, found.get(name, spent))
    return found


async def least_async(functions: dict[str, AsyncHit], rounds: int) -> Costs:
    """Return the microseconds of CPU that each takes to be awaited."""
    found: Costs = {}
    for function in functions.values():
        await function()
    for _ in range(rounds):
        names = list(functions)
        random.shuffle(names)
        for name in names:
            function, count = functions[name], 0
            begun = time.process_time()
            while time.process_time() - begun < SECONDS:
                for _ in range(AT_A_TIME):
                    await function()
                count += AT_A_TIME
            spent = (time.process_time() - begun) / count * 1e6
            found[name] = min(spent, found.get(name, spent))
    return found


def hits(rounds: int) -> Costs:
    """Measure hits in the process, beside others' and beside a call of httpx's."""
    client, full = sync_client(), sync_client(TokenCache(max_tokens=MANY))
    # Minted they would take minutes: all have the first one's token.
    full.get_token(CALL)
    table = full.token_cache.table
    ((place, kept),) = table.kept.items()
    who, model, values = place  # type: ignore[misc] # a place is opaque
    calls = [strigo.UserTokenRequest(email=f"u{number}@example.com") for number in range(MANY)]
    for call in calls:
        table.kept[who, model, (call.email, *values[1:])] = kept  # type: ignore[has-type] # as above
    some = iter([*calls[::97]] * 10_000)
    plain = httpx.Client(transport=httpx.MockTransport(answer))
    client.get_token(CALL)
    functions: dict[str, Callable[[], object]] = {
        "get_token": lambda: client.get_token(CALL),
        "get_token, a new equal call": lambda: client.get_token(
            strigo.UserTokenRequest(email="a@example.com")
        ),
        "get_token, 100,000 tokens": lambda: full.get_token(next(some)),
        "httpx.Client.post": lambda: plain.post("https://strigo.test/x", json={"e": 1}),
    }
    return least({**functions, **dict(peers())}, rounds)


async def awaited_hits(rounds: int) -> Costs:
    """Measure hits that are awaited."""
    client = async_client()
    functions: dict[str, AsyncHit] = {"get_token, awaited": lambda: client.get_token(CALL)}
    return await least_async({**functions, **dict(async_peers())}, rounds)


async def follower() -> float:
    """Return the microseconds of CPU of a caller that waits for another's mint."""
    client = async_client()
    begun = time.process_time()
    await asyncio.gather(*[client.get_token(CALL) for _ in range(CROWD)])
    return (time.process_time() - begun) / CROWD * 1e6


def stored_hits(url: str | None, rounds: int) -> Costs:
    """Measure hits in a store: of a process that has no copy of its own."""
    functions: dict[str, Callable[[], object]] = {}

    def hit_in(store: Store) -> Callable[[], object]:
        cache = TokenCache(store=store)
        client = sync_client(cache)
        client.get_token(CALL)
        (place,) = cache.table.kept

        def hit() -> object:
            cache.table.drop(place)
            return client.get_token(CALL)

        return hit

    with tempfile.TemporaryDirectory() as folder:
        sqlite = SqliteStore(f"{folder}/hits.db", allow_unencrypted=True)
        functions["SQLite, unsealed"] = hit_in(sqlite)
        if url is not None:
            plain: Any = import_module("redis").Redis.from_url(url)
            functions["one round trip of redis-py"] = lambda: plain.get("nothing")
            functions["Redis, sealed"] = hit_in(RedisStore.from_url(url, encryption_keys=[KEY]))
        found = least(functions, rounds)
        sqlite.close()
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reuse_program")
    parser.add_argument("rounds", type=int)
    parser.add_argument("url", nargs="?")
    options = parser.parse_args()
    costs = {
        **hits(options.rounds),
        **asyncio.run(awaited_hits(options.rounds)),
        "a caller that waits for a mint": min(asyncio.run(follower()) for _ in range(3)),
        **stored_hits(options.url, options.rounds),
    }
    sys.stdout.write(json.dumps(costs))


if __name__ == "__main__":
    main()
