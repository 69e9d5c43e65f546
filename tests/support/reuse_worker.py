"""A worker process of a backend: serves page views that each need their user's token.

    reuse_worker.py STORE VIEWS USERS KIND LOCK_TIMEOUT

STORE is a file for SQLite or a Redis URL, KIND is `threads` or `tasks`. It writes a line when it
is ready, waits for one on its standard input, and writes its users and tokens, one view a line.
"""

from __future__ import annotations

import asyncio
import sys
import threading

from credentials import STORE_KEY

from tokenkit import AsyncStrigoClient, StrigoClient, TokenCache, strigo
from tokenkit.stores import RedisStore, SqliteStore, Store


def open_store(name: str) -> Store:
    """Open the store that the processes share."""
    if "://" in name:
        return RedisStore.from_url(name, encryption_keys=[STORE_KEY])
    return SqliteStore(name, encryption_keys=[STORE_KEY])


def call_of(view: int, users: int) -> strigo.UserTokenRequest:
    """Return the mint for the user of a page view."""
    return strigo.UserTokenRequest(email=f"user{view % users}@example.com")


def serve_in_threads(cache: TokenCache, views: int, users: int) -> list[tuple[str, str]]:
    """Serve all views at once, each in a thread."""
    served: list[tuple[str, str]] = []
    with StrigoClient.from_env(token_cache=cache) as client:

        def view(number: int) -> None:
            call = call_of(number, users)
            served.append((call.email, client.get_token(call).token))

        threads = [threading.Thread(target=view, args=(number,)) for number in range(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return served


async def serve_in_tasks(cache: TokenCache, views: int, users: int) -> list[tuple[str, str]]:
    """Serve all views at once, each in a task."""
    async with AsyncStrigoClient.from_env(token_cache=cache) as client:

        async def view(number: int) -> tuple[str, str]:
            call = call_of(number, users)
            return call.email, (await client.get_token(call)).token

        return await asyncio.gather(*[view(number) for number in range(views)])


def main() -> None:
    """Serve."""
    name, views, users, kind, lock_timeout = sys.argv[1:]
    cache = TokenCache(store=open_store(name), lock_timeout=float(lock_timeout))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if kind == "threads":
        served = serve_in_threads(cache, int(views), int(users))
    else:
        served = asyncio.run(serve_in_tasks(cache, int(views), int(users)))
    for user, token in served:
        sys.stdout.write(f"{user} {token}\n")
    sys.stdout.write(f"failures {cache.statistics().store_failures}\n")


if __name__ == "__main__":
    main()
