"""``python -m benchmarks.reuse``: what a reused token costs, beside other caches, and stampedes.

Figures of a hit are microseconds of CPU, the least of many rounds in random order, in one process.
Stampedes run eight processes against a sandbox; those on Redis need redis-server.
"""

import argparse
import asyncio
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from tokenkit import AsyncStrigoClient, StrigoClient, TokenCache, strigo
from tokenkit.sandbox import Sandbox
from tokenkit.stores import RedisStore, SqliteStore, Store

ROOT = Path(__file__).parents[1]
WORKER = ROOT / "tests" / "support" / "reuse_worker.py"
ROUNDS, SECONDS = 9, 0.01
MANY = 100_000
CALL = strigo.UserTokenRequest(email="a@example.com")
FAR = 4_102_444_800_000
KEY = "6lGvYpZ9pH0cqk7y0mH2mX1v2i8mJ0b1n3q5t7u9w0A="


def answer(_: httpx.Request) -> httpx.Response:
    """Answer like Strigo."""
    data = {"user_id": "u", "expiration": FAR, "token": "t" * 43}
    return httpx.Response(200, json={"result": "success", "data": data})


async def answer_async(request: httpx.Request) -> httpx.Response:
    """Answer like Strigo."""
    return answer(request)


def installed(name: str) -> Any:
    """Return a module where it is installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return None


def peers() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what others' caches do on a hit, as far as they are installed."""

    def mint(_: str) -> str:
        return "token"

    floor = functools.lru_cache(mint)
    yield "functools.lru_cache, no expiry", lambda: floor("a")
    cachetools = installed("cachetools")
    if cachetools is not None:
        cache = cachetools.TTLCache(10_000, 3600)
        ttl = cachetools.cached(cache, lock=threading.RLock())(mint)
        yield "cachetools.TTLCache with a lock", lambda: ttl("a")
    dogpile = installed("dogpile.cache")
    if dogpile is not None:
        region = dogpile.make_region().configure("dogpile.cache.memory", expiration_time=3600)
        yield "dogpile.cache", lambda: region.get_or_create("k", lambda: "token")
    diskcache = installed("diskcache")
    if diskcache is not None:
        disk = diskcache.Cache(tempfile.mkdtemp())
        disk.set("k", "x" * 200, expire=3600)
        yield "diskcache", lambda: disk.get("k")
    yield from credentials()


def credentials() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what credential libraries do with the one token that they keep."""
    authlib = installed("authlib.oauth2.client")
    if authlib is not None:
        kept = {"access_token": "t", "expires_at": time.time() + 3600}
        oauth = authlib.OAuth2Client(session=None, token=kept)
        yield (
            "Authlib ensure_active_token, one token",
            lambda: oauth.ensure_active_token(oauth.token),
        )
    google = installed("google.oauth2.credentials")
    if google is not None:
        soon = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=1)
        one = google.Credentials("t", expiry=soon)
        yield (
            "google-auth before_request",
            lambda: one.before_request(None, "GET", "https://x", {}),
        )
    botocore = installed("botocore.credentials")
    if botocore is not None:
        later = datetime.now(timezone.utc) + timedelta(hours=1)
        renewed = botocore.RefreshableCredentials("a", "b", "c", later, dict, "method")
        yield "botocore get_frozen_credentials", renewed.get_frozen_credentials


def stored_hits(url: str | None, folder: str) -> dict[str, float]:
    """Measure hits in a store: of a process that has no copy of its own yet."""
    transport = httpx.MockTransport(answer)
    stores: dict[str, Store] = {
        "SQLite, unsealed": SqliteStore(f"{folder}/hits.db", allow_unencrypted=True)
    }
    functions: dict[str, Callable[[], object]] = {}
    if url is not None:
        stores["Redis, sealed"] = RedisStore.from_url(url, encryption_keys=[KEY])
        plain: Any = import_module("redis").Redis.from_url(url)
        functions["one round trip of redis-py"] = lambda: plain.get("nothing")

    def hit_in(store: Store) -> Callable[[], object]:
        cache = TokenCache(store=store)
        client = StrigoClient(org_id="o", api_key="k", transport=transport, token_cache=cache)
        client.get_token(CALL)
        (place,) = cache.table.kept

        def hit() -> object:
            cache.table.drop(place)
            return client.get_token(CALL)

        return hit

    functions |= {f"a hit in {name}": hit_in(store) for name, store in stores.items()}
    return least(functions)


def least(functions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the microseconds of CPU that each takes."""
    found: dict[str, float] = {}
    for _ in range(ROUNDS):
        names = list(functions)
        random.shuffle(names)
        for name in names:
            function, count = functions[name], 0
            begun = time.process_time()
            while time.process_time() - begun < SECONDS:
                for _ in range(50):
                    function()
                count += 50
            spent = (time.process_time() - begun) / count * 1e6
            found[name] = min(spent, found.get(name, spent))
    return found


async def least_async(client: AsyncStrigoClient) -> float:
    """Return the microseconds of CPU of a hit that is awaited."""
    found = float("inf")
    await client.get_token(CALL)
    for _ in range(ROUNDS):
        begun, count = time.process_time(), 0
        while time.process_time() - begun < SECONDS:
            for _ in range(50):
                await client.get_token(CALL)
            count += 50
        found = min(found, (time.process_time() - begun) / count * 1e6)
    return found


async def followers(number: int) -> float:
    """Return the microseconds of CPU of one that waits for another's mint."""

    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.3)
        return answer(request)

    transport = httpx.MockTransport(slow)
    best = float("inf")
    for _ in range(3):
        client = AsyncStrigoClient(org_id="o", api_key="k", transport=transport)
        begun = time.process_time()
        await asyncio.gather(*[client.get_token(CALL) for _ in range(number)])
        best = min(best, (time.process_time() - begun) / number * 1e6)
    return best


def measure_hits() -> dict[str, float]:
    """Measure hits, beside others' and beside a call of httpx's."""
    transport = httpx.MockTransport(answer)
    client = StrigoClient(org_id="o", api_key="k", transport=transport)
    full = StrigoClient(
        org_id="o", api_key="k", transport=transport, token_cache=TokenCache(max_tokens=MANY)
    )
    # Minted they would take minutes: all have the first one's token.
    full.get_token(CALL)
    table = full.token_cache.table
    ((who, model, values), kept) = next(iter(table.kept.items()))  # type: ignore[misc] # a place is opaque
    calls = [strigo.UserTokenRequest(email=f"u{number}@example.com") for number in range(MANY)]
    for call in calls:
        table.kept[who, model, (call.email, *values[1:])] = kept  # type: ignore[has-type] # likewise
    some = iter([*calls[::97]] * 10_000)
    plain = httpx.Client(transport=transport)
    functions: dict[str, Callable[[], object]] = {
        "tokenkit, the same call": lambda: client.get_token(CALL),
        "tokenkit, a new equal call": lambda: client.get_token(
            strigo.UserTokenRequest(email="a@example.com")
        ),
        "tokenkit, 100,000 tokens": lambda: full.get_token(next(some)),
        "httpx.Client.post, in memory": lambda: plain.post("https://strigo.test/x", json={"e": 1}),
        **dict(peers()),
    }
    client.get_token(CALL)
    found = least(functions)
    transport_async = httpx.MockTransport(answer_async)
    waiting = AsyncStrigoClient(org_id="o", api_key="k", transport=transport_async)
    found["tokenkit, awaited"] = asyncio.run(least_async(waiting))
    found["tokenkit, a follower of a mint"] = asyncio.run(followers(2000))
    return found


@contextmanager
def redis_server() -> Generator[str | None, None, None]:
    """Run a redis-server; yield its URL, or nothing where there is none."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        path = f"{folder}/s"
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:  # noqa: S603 - found by name
            while not Path(path).exists():
                time.sleep(0.02)
            yield f"unix://{path}"
            process.kill()


def stampede(store: str, views: int, users: int, kind: str, processes: int = 8) -> tuple[int, int]:
    """Let processes serve page views at once; return the mints and the store's failures."""
    with Sandbox() as sandbox:
        sandbox.fail_next(delay=0.2, times=10_000)
        command = [sys.executable, str(WORKER), store, str(views), str(users), kind, "10"]
        workers = [
            subprocess.Popen(  # noqa: S603 - our own program
                command,
                env={**os.environ, **sandbox.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        for worker in workers:
            if worker.stdout is not None:
                worker.stdout.readline()
        for worker in workers:
            if worker.stdin is not None:
                worker.stdin.write("go\n")
                worker.stdin.flush()
        failures = 0
        for worker in workers:
            out, _ = worker.communicate()
            failures += int(out.rpartition("failures ")[2] or 0)
        return len(sandbox.issued), failures


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reuse", description=__doc__)
    parser.add_argument("--hits", action="store_true", help="measure hits only")
    arguments = parser.parse_args()
    found = measure_hits()
    hit, post = found["tokenkit, the same call"], found["httpx.Client.post, in memory"]
    for name, spent in sorted(found.items(), key=lambda item: item[1]):
        say(f"{spent:9.2f} us {spent / hit:8.1f} x  {name}")
    many = found["tokenkit, 100,000 tokens"] / hit
    say(f"a hit / httpx.Client.post: 1/{post / hit:.0f} (goal: 1/100)")
    say(f"a hit with 100,000 tokens / with 1: {many:.1f} (goal: at most 3)")
    if arguments.hits:
        return
    with redis_server() as url, tempfile.TemporaryDirectory() as folder:
        for name, spent in stored_hits(url, folder).items():
            say(f"{spent:9.2f} us  {name}")
        for name, store in (("SQLite", f"{folder}/a.db"), ("Redis", url)):
            if store is None:
                say("Redis: no redis-server here")
                continue
            mints, failures = stampede(store, 200, 50, "threads")
            say(f"{name}: 8 processes x 200 views of 50 users: {mints} mints, {failures} failures")
        if url is not None:
            mints, failures = stampede(url, 2000, 1, "tasks")
            say(f"Redis: 8 processes x 2,000 tasks, one user: {mints} mints, {failures} failures")


if __name__ == "__main__":
    main()
